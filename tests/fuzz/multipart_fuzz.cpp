#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "http/message.h"
#include "http/multipart.h"

#include <algorithm>
#include <string>
#include <vector>

namespace azf::test {
namespace {

constexpr std::string_view kBoundary = "ten-words-that-no-input-of-the-corpus-has";

bool can_be_written(const FormPart& part) {
  return !contains(part.name, "\"") && !contains(part.filename.value_or(""), "\"") &&
         !contains(part.content, kBoundary);
}

}  // namespace

void fuzz_multipart(std::string_view input) {
  const auto [content_type, body] = split_at_line_break(input);
  const auto parts = parse_form_data(content_type, body);
  if (!parts) {
    require(parts.error().kind == ErrorKind::kInvalidArgument, "what is no form is an invalid argument");
    require(!contains(parts.error().message, kPlantedToken), "the message does not repeat the form");
    require_printable(parts.error().message, "messages are text");
    return;
  }
  require(has_form_data(content_type), "a form has the type of one");
  require(parts->size() <= kMostFormParts, "the number of parts is limited");
  const char* behind = body.data();
  for (const FormPart& part : *parts) {
    require(part.content.data() >= behind, "contents are views into the body, in order");
    behind = part.content.data() + part.content.size();
    require(behind <= body.data() + body.size(), "contents end before the body does");
    require(!part.name.empty() && is_field_value(part.name), "a part has a name");
    require(is_field_value(part.filename.value_or("")) && is_field_value(part.content_type),
            "names and types have no control characters");
  }
  if (!std::ranges::all_of(*parts, can_be_written)) return;
  const std::string written = to_form_data(*parts, kBoundary);
  const auto again = parse_form_data("multipart/form-data; boundary=" + std::string(kBoundary), written);
  require(again && *again == *parts, "a written form is read back");
}

}  // namespace azf::test
