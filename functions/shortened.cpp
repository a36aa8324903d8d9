#include "functions/shortened.h"

namespace azf::functions {

std::string shortened(const std::string& text, std::size_t limit_bytes) {
  if (text.size() <= limit_bytes) return text;
  const auto continues_character = [&](std::size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80;
  };
  std::size_t end = limit_bytes;
  while (end > 0 && continues_character(end)) --end;
  return text.substr(0, end) + "\n[cut off: the first " + std::to_string(end) + " of " + std::to_string(text.size()) +
         " bytes]";
}

}  // namespace azf::functions
