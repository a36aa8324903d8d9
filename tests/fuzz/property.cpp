#include "fuzz/property.h"

#include "core/json.h"

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace azf::test {

void require(bool holds, std::string_view promise) {
  if (holds) return;
  std::fprintf(stderr, "\nbroken promise: %.*s\n", static_cast<int>(promise.size()), promise.data());
  std::abort();
}

SystemTime fuzz_now() { return SystemTime(std::chrono::seconds(1767323045)); }

void require_printable(std::string_view text, std::string_view promise) {
  require(is_utf8(text), promise);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    require(byte >= 0x20 && byte != 0x7f, promise);
    const bool second_set = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    require(!second_set, promise);
  }
}

// The writer of JSON replaces what is ill-formed.
bool is_utf8(std::string_view text) {
  const auto written = parse_json(to_text(Json(text)));
  return written && written->get_ref<const std::string&>() == text;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

TwoParts split_at_line_break(std::string_view input) {
  const auto end = input.find('\n');
  if (end == std::string_view::npos) return {input, {}};
  return {input.substr(0, end), input.substr(end + 1)};
}

}  // namespace azf::test
