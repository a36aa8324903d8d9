#include "fuzz/fuzz_target.h"
#include "fuzz/pieces.h"
#include "fuzz/property.h"
#include "server/chunked_decoder.h"

#include <cstdio>
#include <string>

namespace azf::test {
namespace {

using Progress = ChunkedDecoder::Progress;

struct Decoded {
  Progress progress = Progress::kNeedsMore;
  std::string body{};
  std::size_t consumed = 0;  // of a body that is complete

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode(const Pieces& pieces, const ChunkedLimits& limits) {
  Decoded decoded;
  ChunkedDecoder decoder;
  std::size_t consumed = 0;
  for (std::string_view piece : pieces) {
    const std::size_t size = piece.size();
    decoded.progress = decoder.decode(piece, decoded.body, limits);
    consumed += size - piece.size();
    if (decoded.progress != Progress::kNeedsMore) break;
    require(piece.empty(), "all input of a part is consumed");
  }
  if (decoded.progress == Progress::kComplete) decoded.consumed = consumed;
  return decoded;
}

std::string encoded(const Pieces& chunks) {
  std::string text;
  for (const std::string_view chunk : chunks) {
    char size[24];
    std::snprintf(size, sizeof size, "%zX\r\n", chunk.size());
    text.append(size).append(chunk).append("\r\n");
  }
  return text + "0\r\n\r\n";
}

void check(std::string_view input, const ChunkedLimits& limits) {
  const auto cuts = all_cuts(input);
  const Decoded decoded = decode(cuts.front(), limits);
  for (const Pieces& pieces : cuts) {
    require(decode(pieces, limits) == decoded, "it does not matter in which pieces the input comes");
  }
  require(decoded.body.size() <= limits.body_bytes, "the body is never larger than its limit");
  require(decoded.body.size() <= input.size(), "decoding does not grow");
  if (decoded.progress != Progress::kComplete) return;
  require(decoded.body.size() + 5 <= decoded.consumed, "each byte of the body, and the end, has been read");
  for (const Pieces& chunks : all_cuts(decoded.body)) {
    const std::string text = encoded(chunks);
    require(decode({text}, limits) == Decoded{Progress::kComplete, decoded.body, text.size()},
            "an encoded body is decoded to the same");
  }
}

}  // namespace

void fuzz_chunked_decoder(std::string_view input) {
  check(input, {.body_bytes = std::size_t{1} << 20, .trailer_bytes = std::size_t{8} << 10, .trailer_count = 32});
  // Small enough for a fuzzer to reach them.
  check(input, {.body_bytes = 24, .trailer_bytes = 24, .trailer_count = 2});
}

}  // namespace azf::test
