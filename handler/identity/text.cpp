#include "identity/text.h"

#include "http/message.h"

#include <algorithm>
#include <cstdio>

namespace azf::identity {
namespace {

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

void append_escape(std::string& to, unsigned code) {
  char escape[8];
  std::snprintf(escape, sizeof escape, "\\u%04x", code & 0xffff);
  to.append(escape);
}

}  // namespace

std::string printable(std::string_view text, std::size_t limit_bytes) {
  std::string result;
  result.reserve(std::min(text.size(), limit_bytes));
  std::size_t whole = 0;  // up to where the result has whole characters
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!continues_character(text[i])) whole = result.size();
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
    if (byte == '\r' || byte == '\n' || byte == '\t') {
      if (!result.empty() && result.back() != ' ') result.push_back(' ');
    } else if (byte < 0x20 || byte == 0x7f) {
      append_escape(result, byte);
    } else if (byte == 0xc2 && next >= 0x80 && next < 0xa0) {  // C1 controls, U+0080 to U+009F
      append_escape(result, next);
      ++i;
    } else {
      result.push_back(text[i]);
    }
    if (result.size() > limit_bytes) {
      result.resize(whole);
      return result.append("...");
    }
  }
  return result;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

bool is_on(std::string_view value) { return value == "1" || equal_ignoring_case(value, "true"); }

}  // namespace azf::identity
