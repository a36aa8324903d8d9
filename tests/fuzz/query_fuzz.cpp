#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "http/url.h"

#include <algorithm>
#include <string>
#include <vector>

namespace azf::test {
namespace {

using Fields = std::vector<NameValue>;

std::string with_encoded_blanks(std::string_view form) {
  std::string text;
  for (const char c : form) {
    if (c == '+') {
      text.append("%20");
    } else {
      text.push_back(c);
    }
  }
  return text;
}

std::optional<std::string> first_of(const Fields& fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &NameValue::first);
  return found == fields.end() ? std::nullopt : std::optional(found->second);
}

void check_percent(std::string_view text) {
  const std::string encoded = percent_encode(text);
  require(percent_decode(encoded) == text, "percent-encoding is undone");
  require(encoded.find_first_of("&=+?/# ") == std::string::npos, "what is encoded separates nothing");
  require(percent_decode(text).size() <= text.size(), "percent-decoding does not grow");
  if (!contains(text, "%")) require(percent_decode(text) == text, "only a percent sign is decoded");
}

void check_form(std::string_view text) {
  const Fields fields = form_decode(text);
  require(form_decode(form_encode(fields)) == fields, "a form is read back");
  require(form_decode(with_encoded_blanks(text)) == fields, "a plus sign is a blank");
  Fields twice = fields;
  twice.insert(twice.end(), fields.begin(), fields.end());
  require(form_decode(std::string(text) + "&" + std::string(text)) == twice, "each part is read for itself");
  for (const auto& [name, value] : fields) {
    require(query_parameter("/?" + std::string(text), name) == first_of(fields, name), "a field of a query is found");
  }
}

}  // namespace

// A name, and a target with a query.
void fuzz_query(std::string_view input) {
  const auto [name, target] = split_at_line_break(input);
  check_percent(input);
  check_form(input);
  const Target parts = split_target(target);
  require(parts.path.size() + parts.query.size() + 1 >= target.size() && !contains(parts.path, "?"),
          "a target is split at its first mark");
  require(query_parameter(target, name) == first_of(form_decode(parts.query), name), "the first value is found");
  const auto more = with_query(target, {{std::string(name), std::string(input)}});
  if (!query_parameter(target, name)) {
    require(query_parameter(more, name) == input, "an added field is found");
  }
}

}  // namespace azf::test
