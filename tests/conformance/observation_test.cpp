#include "conformance/observation.h"

#include <doctest/doctest.h>

#include <string>

using azf::test::parse_reply;

TEST_SUITE("conformance") {
  TEST_CASE("one reply is read, however its body is framed") {
    struct Row {
      std::string why;
      std::string bytes;
      bool ended;
      bool bodiless;
      int status;
      std::string body;
      std::string rest;
    };
    const Row rows[] = {
        {"length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhimore", false, false, 200, "hi", "more"},
        {"name in lower case", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", false, false, 200, "hi", ""},
        {"chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nmore", false, false, 200,
         "hi", "more"},
        {"chunks and trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: v\r\n\r\nmore", false,
         false, 200, "", "more"},
        {"to the end", "HTTP/1.1 400 Bad Request\r\n\r\nhi", true, false, 400, "hi", ""},
        {"no body", "HTTP/1.1 204 No Content\r\n\r\nmore", false, false, 204, "", "more"},
        {"not modified", "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nmore", false, false, 304, "", "more"},
        {"interim", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false, false, 100, "",
         "HTTP/1.1 200 OK\r\n\r\n"},
        {"to HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nmore", false, true, 200, "", "more"},
        {"no reason", "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false, false, 200, "", ""},
        {"no reply", "hello", false, false, -1, "hello", ""},
        {"wrong length", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", false, false, -1,
         "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", ""},
    };
    for (const Row& row : rows) {
      CAPTURE(row.why);
      const auto parsed = parse_reply(row.bytes, row.ended, row.bodiless);
      REQUIRE(parsed);
      CHECK(parsed->first.status == row.status);
      CHECK(parsed->first.body == row.body);
      CHECK(row.bytes.substr(parsed->second) == row.rest);
    }
  }

  TEST_CASE("a reply that is not whole is waited for") {
    for (const std::string bytes :
         {"HT", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\nhi", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"}) {
      CAPTURE(bytes);
      CHECK_FALSE(parse_reply(bytes, false, false));
    }
  }

  TEST_CASE("field names get their usual letter case, values stay") {
    const auto parsed = parse_reply("HTTP/1.1 204 x\r\nCONTENT-type:  a/B \r\nx: y:z\r\n\r\n", false, false);
    REQUIRE(parsed);
    CHECK(parsed->first.head == std::vector<std::string>{"HTTP/1.1 204 x", "Content-Type: a/B", "X: y:z"});
  }
}
