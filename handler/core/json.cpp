#include "core/json.h"

#include "core/number_text.h"

#include <cmath>

namespace azf {
namespace {

// Whether the text nests deeper than allowed. Brackets inside strings do not count; the text need not be valid.
bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

Error wrong_type(std::string_view name, std::string_view expected, const Json& found) {
  return {ErrorKind::kInvalidArgument,
          "member \"" + std::string(name) + "\" must be " + std::string(expected) + ", got " + found.type_name()};
}

Error not_json_at(std::size_t offset) {
  return {ErrorKind::kInvalidArgument, "not valid JSON at byte " + std::to_string(offset)};
}

// Builds the value through nlohmann's own DOM builder, and remembers where the text stopped being JSON.
class OffsetRecorder : public nlohmann::detail::json_sax_dom_parser<Json> {
 public:
  explicit OffsetRecorder(Json& value) : json_sax_dom_parser(value, /*allow_exceptions_=*/false) {}
  template <typename Exception>
  bool parse_error(std::size_t position, const std::string& /*token*/, const Exception& /*error*/) {
    offset = position;
    return false;
  }
  std::size_t offset = 0;
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (too_deep(text)) {
    return Error{ErrorKind::kInvalidArgument, "JSON nests deeper than " + std::to_string(kMaxJsonDepth) + " levels"};
  }
  // nlohmann takes a NUL for the end of its input, and would accept anything behind it.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) return not_json_at(nul);
  Json root;
  OffsetRecorder recorder(root);
  if (!Json::sax_parse(text, &recorder)) return not_json_at(recorder.offset);
  return root;
}

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

const Json* find_member(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

Result<std::optional<std::string>> optional_string(const Json& object, std::string_view name) {
  const Json* member = find_member(object, name);
  if (member == nullptr) return std::optional<std::string>();
  if (!member->is_string()) return wrong_type(name, "a string", *member);
  return std::optional(member->get_ref<const std::string&>());
}

Result<std::string> required_string(const Json& object, std::string_view name) {
  auto found = optional_string(object, name);
  if (!found) return std::move(found).error();
  if (!*found || (*found)->empty()) {
    return Error{ErrorKind::kInvalidArgument, "member \"" + std::string(name) + "\" is missing or empty"};
  }
  return std::move(**found);
}

Result<std::optional<std::int64_t>> optional_integer(const Json& object, std::string_view name) {
  const Json* member = find_member(object, name);
  if (member == nullptr) return std::optional<std::int64_t>();
  if (member->is_number_unsigned()) {
    const auto number = member->get<std::uint64_t>();
    if (number > INT64_MAX) return wrong_type(name, "an integer of at most 63 bits", *member);
    return std::optional(static_cast<std::int64_t>(number));
  }
  if (member->is_number_integer()) return std::optional(member->get<std::int64_t>());
  if (member->is_number_float()) {
    const double number = member->get<double>();
    if (std::trunc(number) == number && std::abs(number) < 9e15) {
      return std::optional(static_cast<std::int64_t>(number));
    }
    return wrong_type(name, "an integer", *member);
  }
  if (member->is_string()) {
    const auto number = parse_number<std::int64_t>(member->get_ref<const std::string&>());
    if (number) return number;
  }
  return wrong_type(name, "an integer or its decimal text", *member);
}

}  // namespace azf
