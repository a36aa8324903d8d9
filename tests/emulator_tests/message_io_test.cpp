#include "emulator/wire/message_io.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

namespace azf::emulator {
namespace {

// Hands out prepared bytes, a few at a time, and keeps what is written.
class MemoryStream final : public Stream {
 public:
  MemoryStream(std::string bytes, std::size_t step) : bytes_(std::move(bytes)), step_(step) {}

  Result<std::size_t> read(std::span<char> buffer, Deadline /*deadline*/) override {
    const std::size_t count = std::min({buffer.size(), step_, bytes_.size()});
    std::copy_n(bytes_.begin(), count, buffer.begin());
    bytes_.erase(0, count);
    return count;
  }
  Result<Success> write(std::string_view bytes, Deadline /*deadline*/) override {
    written.append(bytes);
    return Success{};
  }

  std::string written;

 private:
  std::string bytes_;
  std::size_t step_;
};

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("reads requests however the bytes are cut") {
  const std::string wire =
      "POST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 5\r\n\r\nhello"
      "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
  for (const std::size_t step : {1u, 7u, 1000u}) {
    CAPTURE(step);
    MemoryStream stream(wire, step);
    MessageReader reader(stream);
    const auto first = reader.read_request(Deadline::never());
    REQUIRE((first && *first));
    CHECK((*first)->method == "POST");
    CHECK((*first)->path() == "/a%20b");
    CHECK((*first)->query() == "x=1");
    CHECK((*first)->headers == Headers{{"Host", "h"}, {"X-A", "1"}, {"x-a", "2"}, {"Content-Length", "5"}});
    CHECK((*first)->body == "hello");
    const auto second = reader.read_request(Deadline::never());
    REQUIRE((second && *second));
    CHECK((*second)->body == "abcde");
    const auto end = reader.read_request(Deadline::never());
    REQUIRE(end);
    CHECK_FALSE(*end);
  }
}

TEST_CASE("refuses requests with the status that fits") {
  const std::vector<std::tuple<const char*, std::string, int>> rows = {
      {"no request line", "hello\r\n\r\n", 400},
      {"two framings", "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"length is no number", "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
      {"header without name", "GET / HTTP/1.1\r\n: x\r\n\r\n", 400},
      {"chunk without size", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"body over the limit", "POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", 413},
      {"chunks over the limit", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", 413},
      {"head over the limit", "GET / HTTP/1.1\r\nX: " + std::string(300, 'x') + "\r\n\r\n", 431},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    const auto& [name, wire, status] = row;
    MemoryStream stream(wire, 1000);
    MessageReader reader(stream, {.head_bytes = 200, .body_bytes = 100});
    const auto request = reader.read_request(Deadline::never());
    REQUIRE_FALSE(request);
    CHECK(request.error().status == status);
  }
}

TEST_CASE("sends 100 Continue to a client that waits for it") {
  MemoryStream stream("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok", 1000);
  MessageReader reader(stream);
  CHECK(reader.read_request(Deadline::never()));
  CHECK(stream.written == "HTTP/1.1 100 Continue\r\n\r\n");
}

TEST_CASE("reads replies by each kind of framing") {
  const std::vector<std::tuple<const char*, const char*, std::string, int, std::string, bool>> rows = {
      {"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", true},
      {"chunks", "GET", "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", 404, "no",
       true},
      {"to the end", "GET", "HTTP/1.1 200 OK\r\n\r\nall of it", 200, "all of it", false},
      {"no content", "GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true},
      {"to HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", 200, "", true},
      {"after interim", "GET", "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200,
       "", true},
      {"announced close", "GET", "HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n", 200, "", false},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    const auto& [name, method, wire, status, body, reusable] = row;
    MemoryStream stream(wire, 3);
    MessageReader reader(stream);
    const auto reply = reader.read_reply(method, Deadline::never());
    REQUIRE(reply);
    CHECK(reply->status == status);
    CHECK(reply->body == body);
    CHECK(reader.reusable() == reusable);
  }
}

TEST_CASE("finds fault with replies that break HTTP") {
  for (const std::string wire :
       {"", "hello\r\n", "HTTP/1.1 xyz\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"}) {
    CAPTURE(wire);
    MemoryStream stream(wire, 1000);
    MessageReader reader(stream);
    const auto reply = reader.read_reply("GET", Deadline::never());
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kUnexpectedResponse);
  }
}

TEST_CASE("writes a chunked request in several chunks") {
  const std::string body(5000, 'x');
  MemoryStream stream(to_wire(Request{"POST", "/f", {{"Transfer-Encoding", "chunked"}}, body}), 1000);
  MessageReader reader(stream);
  const auto request = reader.read_request(Deadline::never());
  REQUIRE((request && *request));
  CHECK((*request)->body == body);
}

TEST_CASE("writes replies with a computed length and keeps repeated headers") {
  const Reply reply{201, "", {{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}, {"Content-Length", "99"}}, "hi"};
  CHECK(to_wire(reply, "GET") ==
        "HTTP/1.1 201 Created\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nhi");
  CHECK(to_wire(reply, "HEAD") ==
        "HTTP/1.1 201 Created\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 99\r\n\r\n");
}

TEST_SUITE_END();

}  // namespace azf::emulator
