#pragma once

#include <string_view>
#include <vector>

namespace azf::test {

/// An input cut up, as a socket might give it: no piece is empty, and all together are the input.
using Pieces = std::vector<std::string_view>;

/// One byte each.
Pieces single_bytes(std::string_view input);

/// Of sizes that follow from the input, so that the same input is always cut the same way; most are short.
Pieces derived_pieces(std::string_view input);

/// The input as it is, as single bytes, and in pieces of derived sizes.
std::vector<Pieces> all_cuts(std::string_view input);

}  // namespace azf::test
