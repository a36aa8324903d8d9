#pragma once

#include <cstddef>
#include <string>

namespace azf::functions {

/// A UTF-8 text of at most `limit_bytes` as it is; of a longer one so many bytes, whole characters, and behind them a
/// note of what is not there.
std::string shortened(const std::string& text, std::size_t limit_bytes);

}  // namespace azf::functions
