#include "vector_runner/field_reader.h"

#include <utility>

namespace azf::test {

FieldReader::FieldReader(const Json* object, std::string path, std::vector<std::string>& problems)
    : object_(object), path_(std::move(path)), problems_(problems) {
  if (object_ == nullptr || object_->is_object()) return;
  problems_.push_back(path_ + " is not an object");
  object_ = nullptr;
}

const Json* FieldReader::any(const std::string& name) {
  known_.insert(name);
  return object_ == nullptr ? nullptr : find_member(*object_, name);
}

std::optional<std::string> FieldReader::optional_text(const std::string& name) {
  const Json* member = any(name);
  if (member == nullptr) return std::nullopt;
  if (!member->is_string()) complain(name, "is not a text");
  return member->is_string() ? member->get<std::string>() : "";
}

std::string FieldReader::text(const std::string& name, std::string fallback) {
  return optional_text(name).value_or(std::move(fallback));
}

std::vector<std::string> FieldReader::texts(const std::string& name) {
  std::vector<std::string> texts;
  for (const Json& each : list(name)) {
    if (!each.is_string()) {
      complain(name, "holds something that is not a text");
      continue;
    }
    texts.push_back(each.get<std::string>());
  }
  return texts;
}

bool FieldReader::flag(const std::string& name) {
  const Json* member = any(name);
  if (member == nullptr) return false;
  if (!member->is_boolean()) complain(name, "is neither true nor false");
  return member->is_boolean() && member->get<bool>();
}

std::optional<std::int64_t> FieldReader::number(const std::string& name) {
  const Json* member = any(name);
  if (member == nullptr) return std::nullopt;
  if (!member->is_number_integer()) {
    complain(name, "is not a whole number");
    return std::nullopt;
  }
  return member->get<std::int64_t>();
}

const Json* FieldReader::object(const std::string& name) {
  const Json* member = any(name);
  if (member == nullptr || member->is_object()) return member;
  complain(name, "is not an object");
  return nullptr;
}

std::vector<Json> FieldReader::list(const std::string& name) {
  const Json* member = any(name);
  if (member == nullptr) return {};
  if (!member->is_array()) {
    complain(name, "is not a list");
    return {};
  }
  return {member->begin(), member->end()};
}

void FieldReader::finish() {
  for (const auto& [name, value] : members_of(object_)) {
    if (!known_.contains(name)) problems_.push_back("unknown field " + path_ + "." + name);
  }
}

void FieldReader::complain(const std::string& name, std::string_view what) {
  problems_.push_back(path_ + "." + name + " " + std::string(what));
}

std::vector<std::pair<std::string, Json>> members_of(const Json* object) {
  std::vector<std::pair<std::string, Json>> members;
  if (object == nullptr || !object->is_object()) return members;
  for (const auto& [name, value] : object->items()) members.emplace_back(name, value);
  return members;
}

}  // namespace azf::test
