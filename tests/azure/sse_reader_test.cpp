#include "azure/sse_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using azf::ErrorKind;
using azf::Result;
using azf::azure::SseEvent;
using azf::azure::SseReader;

using Events = std::vector<SseEvent>;

// The events of a stream that comes in pieces of `size` bytes; the last one is `overflow` where the reader gave up.
Events read(std::string_view stream, std::size_t size, std::size_t limit = SseReader::kDefaultLimitBytes) {
  Events events;
  SseReader reader(limit);
  const auto take = [&] {
    while (true) {
      auto event = reader.next();
      if (!event) {
        CHECK(event.error().kind == ErrorKind::kUnexpectedResponse);
        events.push_back({"overflow"});
        return false;
      }
      if (!*event) return true;
      events.push_back(**event);
    }
  };
  for (; !stream.empty(); stream.remove_prefix(std::min(size, stream.size()))) {
    reader.append(stream.substr(0, size));
    if (!take()) return events;
  }
  reader.end();
  take();
  return events;
}

TEST_SUITE("azure/sse_reader") {
  TEST_CASE("S-3: the same events come of any pieces: line ends, comments, characters of several bytes") {
    const struct {
      std::string_view stream;
      Events expected;
    } cases[] = {
        {"data: a\n\ndata: b\n\n", {{"", "a"}, {"", "b"}}},
        {"data: a\r\n\r\ndata: b\r\n\r\n", {{"", "a"}, {"", "b"}}},
        {"data: a\r\rdata: b\r\r", {{"", "a"}, {"", "b"}}},
        {"data: a\r\n\ndata: b\n\r\n", {{"", "a"}, {"", "b"}}},
        {"data: a\r\ndata: b\n\n", {{"", "a\nb"}}},
        {"data: a\ndata\ndata: b\n\n", {{"", "a\n\nb"}}},
        {": comment\n\n:\ndata: a\n: comment\n\n", {{"", "a"}}},
        {"data: \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n\n", {{"", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"}}},
        {"\xef\xbb\xbf"
         "data: a\n\n\xef\xbb\xbf"
         "data: b\n\n",
         {{"", "a"}}},
        {"event: error\ndata: {}\n\ndata: b\n\n", {{"error", "{}"}, {"", "b"}}},
        {"event: lonely\n\ndata: a\n\n", {{"", "a"}}},
        {"id: 7\nretry: 1\nunknown: x\nno colon\ndata:a\n\n", {{"", "a"}}},
        {"data:  two blanks \n\n", {{"", " two blanks "}}},
        {"data:\n\n", {{"", ""}}},
        {"data: [DONE]", {{"", "[DONE]"}}},
        {"data: [DONE]\r", {{"", "[DONE]"}}},
        {"data: [DONE]\n", {{"", "[DONE]"}}},
        {"\n\r\n\r\n\n", {}},
        {"", {}},
    };
    for (const auto& [stream, expected] : cases) {
      CAPTURE(stream);
      for (const std::size_t size : {1U, 2U, 3U, 7U, 1000U}) CHECK(read(stream, size) == expected);
    }
  }

  TEST_CASE("an event may have so many bytes and no more, however they come") {
    const struct {
      std::string_view stream;
      Events expected;
    } cases[] = {
        {"data: 1234\n\ndata: 1234\n\n", {{"", "1234"}, {"", "1234"}}},
        {"data: a\n\ndata: 12345\n\ndata: b\n\n", {{"", "a"}, {"overflow"}}},
        {"data\ndata: \n\ndata\ndata: 1\n\n", {{"", "\n"}, {"overflow"}}},
        {"\xef\xbb\xbf"
         "data: 12\n\n",
         {{"overflow"}}},
        {":comment that is long", {{"overflow"}}},
    };
    for (const auto& [stream, expected] : cases) {
      CAPTURE(stream);
      for (const std::size_t size : {1U, 2U, 3U, 1000U}) CHECK(read(stream, size, 10) == expected);
    }
  }

  TEST_CASE("a reader that has given up stays so") {
    SseReader reader(10);
    reader.append("data: 123456");
    CHECK_FALSE(reader.next());
    reader.append("\n\ndata: a\n\n");
    CHECK_FALSE(reader.next());
    CHECK_FALSE(reader.next());
  }
}

}  // namespace
