#pragma once

#include "server/line_reader.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace azf {

/// What the decoder may keep. Value.
struct ChunkedLimits {
  std::size_t body_bytes;
  std::size_t trailer_bytes;
  std::size_t trailer_count;
};

/// Removes the chunked transfer coding (RFC 9112 section 7.1) from bytes that come in pieces. Chunk extensions and
/// trailer fields must be well-formed, and are thrown away. Used by one thread at a time.
class ChunkedDecoder {
 public:
  enum class Progress {
    kNeedsMore,         ///< all input is consumed
    kComplete,          ///< the rest of the input lies behind the body
    kMalformed,         ///< the coding is broken
    kBodyTooLarge,      ///< the chunks are more than `body_bytes`
    kTrailersTooLarge,  ///< the trailer fields are more than the limits for them
  };

  /// Reads from the front of `input`, removes what it has read, and appends the data to `body`.
  Progress decode(std::string_view& input, std::string& body, const ChunkedLimits& limits);
  void reset();

 private:
  enum class Part { kSize, kData, kDataEnd, kTrailers };

  bool take_size(std::string_view line);
  Progress take_trailer(std::string_view line, const ChunkedLimits& limits);

  LineReader line_;
  Part part_ = Part::kSize;
  std::uint64_t chunk_left_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::size_t trailer_count_ = 0;
};

}  // namespace azf
