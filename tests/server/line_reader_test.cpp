#include "server/line_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using azf::LineReader;

namespace {

constexpr std::size_t kLimit = 8;

// What a reader makes of the pieces: the lines, `<too long>` where it gives up, `<kept>` for a line without end.
std::vector<std::string> lines_of(const std::vector<std::string_view>& pieces, std::size_t limit = kLimit) {
  std::vector<std::string> lines;
  LineReader reader;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const auto line = reader.take(piece, limit);
      if (line) lines.emplace_back(*line);
      if (reader.over_limit()) {
        lines.emplace_back("<too long>");
        return lines;
      }
      if (!line) CHECK(piece.empty());
    }
  }
  if (!reader.empty()) lines.emplace_back("<kept>");
  return lines;
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("lines are the same in whatever pieces they come") {
    struct Row {
      std::string_view input;
      std::vector<std::string> expected;
    };
    const std::vector<Row> rows = {
        {"", {}},
        {"a\r\n", {"a"}},
        {"\r\n\r\n", {"", ""}},
        {"one\r\ntwo\r\n\r\nthree", {"one", "two", "", "<kept>"}},
        {"one\r", {"<kept>"}},
        // Only CRLF ends a line; another line feed stays at its end, for the caller to refuse.
        {"one\ntwo\r\n", {"one\n", "two"}},
        {"\n", {"\n"}},
        {"a\rb\r\n", {"a\rb"}},
        {"a\r\r\n", {"a\r"}},
        {"a\n\r\n", {"a\n", ""}},
        {{"a\0b\r\n", 5}, {std::string("a\0b", 3)}},
        // Bytes are counted without the line end.
        {"12345678\r\n", {"12345678"}},
        {"123456789\r\n", {"<too long>"}},
        {"1234567\n", {"1234567\n"}},
        {"12345678\n", {"<too long>"}},
        {"12345678\r", {"<kept>"}},
        {"123456789a", {"<kept>"}},
        {"123456789ab", {"<too long>"}},
        {"1\r\n123456789\r\n", {"1", "<too long>"}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.input);
      CHECK(lines_of({row.input}) == row.expected);
      std::vector<std::string_view> bytes;
      for (std::size_t i = 0; i < row.input.size(); ++i) bytes.push_back(row.input.substr(i, 1));
      CHECK(lines_of(bytes) == row.expected);
      for (std::size_t i = 1; i < row.input.size(); ++i) {
        CAPTURE(i);
        CHECK(lines_of({row.input.substr(0, i), row.input.substr(i)}) == row.expected);
      }
    }
  }

  TEST_CASE("a line that lies whole in the input is not copied") {
    LineReader reader;
    const std::string_view input = "whole\r\nbroken";
    std::string_view rest = input;
    const auto line = reader.take(rest, kLimit);
    REQUIRE(line);
    CHECK(line->data() == input.data());
    CHECK(rest == "broken");
    CHECK(reader.empty());
  }

  TEST_CASE("a line that came in pieces is valid until the next call, and is then forgotten") {
    LineReader reader;
    std::string_view first = "bro";
    CHECK_FALSE(reader.take(first, kLimit));
    CHECK_FALSE(reader.empty());
    std::string_view second = "ken\r\nnext\r\n";
    CHECK(reader.take(second, kLimit) == "broken");
    CHECK(reader.empty());
    CHECK(reader.take(second, kLimit) == "next");
    CHECK(second.empty());
  }

  TEST_CASE("a reset forgets a part of a line, and that it was too long") {
    LineReader reader;
    std::string_view input = "123456789abc";
    CHECK_FALSE(reader.take(input, kLimit));
    CHECK(reader.over_limit());
    reader.reset();
    CHECK_FALSE(reader.over_limit());
    CHECK(reader.empty());
    input = "new\r\n";
    CHECK(reader.take(input, kLimit) == "new");
  }
}
