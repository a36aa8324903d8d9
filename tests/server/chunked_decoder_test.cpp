#include "server/chunked_decoder.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using azf::ChunkedDecoder;
using azf::ChunkedLimits;

namespace {

using Progress = ChunkedDecoder::Progress;

constexpr ChunkedLimits kLimits{.body_bytes = 16, .trailer_bytes = 12, .trailer_count = 2};

struct Decoded {
  Progress progress = Progress::kNeedsMore;
  std::string body{};
  std::string rest{};  // of the piece at which it ended

  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode(const std::vector<std::string_view>& pieces, const ChunkedLimits& limits = kLimits) {
  Decoded decoded;
  ChunkedDecoder decoder;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    std::string_view piece = pieces[i];
    decoded.progress = decoder.decode(piece, decoded.body, limits);
    if (decoded.progress == Progress::kNeedsMore) {
      CHECK(piece.empty());
      continue;
    }
    if (decoded.progress == Progress::kComplete) {
      decoded.rest = piece;
      while (++i < pieces.size()) decoded.rest += pieces[i];
    }
    break;
  }
  return decoded;
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("a chunked body is decoded to the same in whatever pieces it comes") {
    struct Row {
      std::string input;
      Decoded expected;
    };
    const auto complete = [](std::string body, std::string rest = {}) {
      return Decoded{Progress::kComplete, std::move(body), std::move(rest)};
    };
    const auto more = [](std::string body) { return Decoded{Progress::kNeedsMore, std::move(body)}; };
    const auto malformed = [](std::string body = {}) { return Decoded{Progress::kMalformed, std::move(body)}; };
    const std::vector<Row> rows = {
        {"0\r\n\r\n", complete("")},
        {"0\r\n\r\nGET / ", complete("", "GET / ")},
        {"5\r\nhello\r\n0\r\n\r\n", complete("hello")},
        {"3\r\nabc\r\n2\r\nde\r\n000\r\n\r\nx", complete("abcde", "x")},
        {"A\r\n0123456789\r\n4\r\n", more("0123456789")},
        {"a\r\n0123456789\r\n0\r\n\r\n", complete("0123456789")},
        {"000000000000005\r\nhello\r\n0\r\n\r\n", complete("hello")},
        {"4\r\n\r\n\r\n\r\n0\r\n\r\n", complete("\r\n\r\n")},
        {"5\r\n0\r\n\r\n\r\n0\r\n\r\n", complete("0\r\n\r\n")},
        {"5 ;a=b\t; c = \"d;\"\r\nhello\r\n0\r\n\r\n", complete("hello")},
        // incomplete
        {"", more("")},
        {"5", more("")},
        {"5\r\nhel", more("hel")},
        {"5\r\nhello\r", more("hello")},
        {"5\r\nhello\r\n0\r\n", more("hello")},
        {"0\r\nA: b\r\n", more("")},
        // sizes that other parsers take for one
        {"\r\n", malformed()},
        {"x\r\n", malformed()},
        {"-1\r\n", malformed()},
        {"+5\r\nhello\r\n", malformed()},
        {"0x5\r\nhello\r\n", malformed()},
        {" 5\r\nhello\r\n", malformed()},
        {"5 \r\nhello\r\n", malformed()},
        {"5\t\r\nhello\r\n", malformed()},
        {"5,\r\nhello\r\n", malformed()},
        {"5\nhello\n", malformed()},
        {"5\rhello\r\n", malformed()},
        {"0000000000000005\r\nhello\r\n", malformed()},
        {"fffffffffffffffff\r\n", malformed()},
        {std::string("5\0\r\nhello\r\n", 11), malformed()},
        // what stands behind the data
        {"5\r\nhello0\r\n\r\n", malformed("hello")},
        {"5\r\nhello!\r\n0\r\n\r\n", malformed("hello")},
        {"5\r\nhello\n0\r\n\r\n", malformed("hello")},
        {"5\r\nhello\r\n\r\n0\r\n\r\n", malformed("hello")},
        // extensions
        {"5;a\r\nhello\r\n0;b=c\r\n\r\n", complete("hello")},
        {"5;a=b;c=\"x;\\\"y\"\r\nhello\r\n0\r\n\r\n", complete("hello")},
        {"5;\r\nhello\r\n", malformed()},
        {"5;a=\r\nhello\r\n", malformed()},
        {"5;=b\r\nhello\r\n", malformed()},
        {"5;a=b c\r\nhello\r\n", malformed()},
        {"5;a=\"b\r\nhello\r\n", malformed()},
        {"5;a=\"b\"c\r\nhello\r\n", malformed()},
        {"5;a=\"\n\"\r\nhello\r\n", malformed()},
        {"5;" + std::string(254, 'a') + "\r\nhello\r\n0\r\n\r\n", complete("hello")},
        {"5;" + std::string(255, 'a') + "\r\nhello\r\n0\r\n\r\n", malformed()},
        // trailers
        {"0\r\nA: b\r\n\r\nx", complete("", "x")},
        {"0\r\nA: b\r\nC:\r\n\r\n", complete("")},
        {"0\r\nA b\r\n\r\n", malformed()},
        {"0\r\nA : b\r\n\r\n", malformed()},
        {"0\r\n A: b\r\n\r\n", malformed()},
        {"0\r\nA: b\n\r\n", malformed()},
        // limits
        {"10\r\n0123456789abcdef\r\n0\r\n\r\n", complete("0123456789abcdef")},
        {"11\r\n0", {Progress::kBodyTooLarge}},
        {"8\r\n01234567\r\n8\r\n89abcdef\r\n0\r\n\r\n", complete("0123456789abcdef")},
        {"8\r\n01234567\r\n9\r\n8", {Progress::kBodyTooLarge, "01234567"}},
        {"fffffffffffffff\r\n", {Progress::kBodyTooLarge}},
        {"0\r\nA: 3456789\r\nB:\r\n\r\n", complete("")},
        {"0\r\nA: 3456789a\r\nB:\r\n\r\n", {Progress::kTrailersTooLarge}},
        {"0\r\nA: 3456789ab\r\n\r\n", complete("")},
        {"0\r\nA: 3456789abc\r\n\r\n", {Progress::kTrailersTooLarge}},
        {"0\r\nA:\r\nB:\r\nC:\r\n\r\n", {Progress::kTrailersTooLarge}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.input);
      const std::string_view input = row.input;
      CHECK(decode({input}) == row.expected);
      std::vector<std::string_view> bytes;
      for (std::size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
      CHECK(decode(bytes) == row.expected);
      for (std::size_t i = 1; i < input.size(); ++i) {
        CAPTURE(i);
        CHECK(decode({input.substr(0, i), input.substr(i)}) == row.expected);
      }
    }
  }

  TEST_CASE("data is appended, and what was there counts for the limit") {
    ChunkedDecoder decoder;
    std::string body(14, 'x');
    std::string_view input = "2\r\nab\r\n0\r\n\r\n";
    CHECK(decoder.decode(input, body, kLimits) == Progress::kComplete);
    CHECK(body == std::string(14, 'x') + "ab");
    decoder.reset();
    input = "1\r\na";
    CHECK(decoder.decode(input, body, kLimits) == Progress::kBodyTooLarge);
  }

  TEST_CASE("a reset forgets what was begun") {
    for (const std::string_view begun : {"5", "5\r\nhel", "5\r\nhello\r", "0\r\nA: b\r\nB: c", "x\r\n"}) {
      CAPTURE(begun);
      ChunkedDecoder decoder;
      std::string body;
      std::string_view input = begun;
      decoder.decode(input, body, kLimits);
      decoder.reset();
      body.clear();
      input = "3\r\nabc\r\n0\r\nA: b\r\nB: c\r\n\r\n";
      CHECK(decoder.decode(input, body, kLimits) == Progress::kComplete);
      CHECK(body == "abc");
    }
  }
}
