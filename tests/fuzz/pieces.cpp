#include "fuzz/pieces.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace azf::test {

Pieces single_bytes(std::string_view input) {
  Pieces pieces;
  for (std::size_t i = 0; i < input.size(); ++i) pieces.push_back(input.substr(i, 1));
  return pieces;
}

Pieces derived_pieces(std::string_view input) {
  // FNV-1a for the start, then the generator of Knuth's MMIX.
  std::uint64_t state = 0xcbf29ce484222325;
  for (const char c : input) state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  Pieces pieces;
  while (!input.empty()) {
    state = state * 6364136223846793005 + 1442695040888963407;
    const std::size_t longest = state >> 63U != 0 ? 8 : 256;
    const auto size = std::min<std::size_t>(1 + (state >> 40U) % longest, input.size());
    pieces.push_back(input.substr(0, size));
    input.remove_prefix(size);
  }
  return pieces;
}

std::vector<Pieces> all_cuts(std::string_view input) {
  Pieces whole;
  if (!input.empty()) whole.push_back(input);
  return {whole, single_bytes(input), derived_pieces(input)};
}

}  // namespace azf::test
