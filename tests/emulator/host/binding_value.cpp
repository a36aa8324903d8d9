#include "emulator/host/binding_value.h"

#include "core/time_text.h"
#include "emulator/wire/coding.h"

#include <algorithm>

namespace azf::emulator {
namespace {

struct Encoder {
  Json operator()(const BinaryValue& value) const { return to_base64(value.bytes); }
  // `2023-10-12T20:13:49`, the zone cut off.
  Json operator()(const DateTimeValue& value) const {
    std::string text = to_rfc3339(value.time);
    text.pop_back();
    return text;
  }
  Json operator()(const DateTimeOffsetValue& value) const {
    std::string text = to_rfc3339(value.time);
    text.replace(text.size() - 1, 1, "+00:00");
    return text;
  }
  Json operator()(const Json& value) const { return value.is_object() ? value : Json(to_text(value)); }
};

}  // namespace

Json encode_value(const BindingValue& value) { return std::visit(Encoder{}, value); }

void BindingData::set(std::string_view name, BindingValue value) {
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [&](const auto& entry) { return equal_ignoring_case(entry.first, name); });
  if (found == values_.end()) {
    values_.emplace_back(name, std::move(value));
  } else {
    found->second = std::move(value);
  }
}

void BindingData::merge(const Json& object) {
  if (!object.is_object()) return;
  for (const auto& [name, value] : object.items()) {
    if (!value.is_array()) set(name, value);
  }
}

Json BindingData::encoded() const {
  Json metadata = Json::object();
  for (const auto& [name, value] : values_) {
    const auto* json = std::get_if<Json>(&value);
    if (to_lower(name).ends_with("trigger") || (json != nullptr && json->is_null())) continue;
    metadata.emplace(name, encode_value(value));
  }
  return metadata;
}

}  // namespace azf::emulator
