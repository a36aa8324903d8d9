#include "azure/sse_reader.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/pieces.h"
#include "fuzz/property.h"

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace azf::test {
namespace {

using azure::SseEvent;
using azure::SseReader;

struct Stream {
  std::vector<SseEvent> events{};
  bool too_long = false;

  friend bool operator==(const Stream&, const Stream&) = default;
};

Stream read(const Pieces& pieces, std::size_t limit) {
  Stream stream;
  SseReader reader(limit);
  const auto take = [&] {
    auto event = reader.next();
    while (event && *event) {
      stream.events.push_back(*std::move(*event));
      event = reader.next();
    }
    stream.too_long = !event;
  };
  for (const auto piece : pieces) {
    reader.append(piece);
    take();
  }
  reader.end();
  take();
  return stream;
}

std::string written(const std::vector<SseEvent>& events) {
  std::string text;
  for (const auto& [type, data] : events) {
    text.append("event: ").append(type).append("\ndata: ");
    for (const char c : data) {
      text += c;
      if (c == '\n') text += "data: ";
    }
    text += "\n\n";
  }
  return text;
}

void check(std::string_view input, std::size_t limit) {
  const auto cuts = all_cuts(input);
  const Stream stream = read(cuts.front(), limit);
  std::size_t size = 0;
  for (const auto& [type, data] : stream.events) {
    require(type.size() + data.size() <= limit, "no event is larger than the limit");
    require(type.find_first_of("\r\n") == std::string::npos && data.find('\r') == std::string::npos,
            "no line end is left in an event but those between its data fields");
    size += type.size() + data.size();
  }
  require(size <= input.size(), "reading does not grow");
  for (const Pieces& pieces : cuts) {
    require(read(pieces, limit) == stream, "it does not matter in which pieces the input comes");
  }
  require(read({written(stream.events)}, 8 * SseReader::kDefaultLimitBytes) == Stream{stream.events},
          "events that are written again are read the same");
}

}  // namespace

void fuzz_sse_reader(std::string_view input) {
  check(input, SseReader::kDefaultLimitBytes);
  // Small enough for a fuzzer to reach it.
  check(input, 24);
}

}  // namespace azf::test
