#include "server/request_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using azf::Headers;
using azf::HttpRequest;
using azf::Method;
using azf::RequestLimits;
using azf::RequestReader;

namespace {

using Progress = RequestReader::Progress;

const RequestLimits kLimits;

// Whether the connection stays open after a request, and of which version it is.
enum class Connection { kStaysOpen, kCloses, kStaysOpen10, kCloses10 };

struct Understood {
  HttpRequest request;
  Connection connection = Connection::kStaysOpen;

  friend bool operator==(const Understood&, const Understood&) = default;
};

Connection connection_of(const RequestReader& reader) {
  if (reader.is_http_1_0()) return reader.keeps_alive() ? Connection::kStaysOpen10 : Connection::kCloses10;
  return reader.keeps_alive() ? Connection::kStaysOpen : Connection::kCloses;
}

// What came over one connection: requests, then the status of a refusal, or 0.
struct Reading {
  std::vector<Understood> requests{};
  int refusal = 0;
  bool untouched = true;  // of what is behind the requests

  friend bool operator==(const Reading&, const Reading&) = default;
};

Reading read_all(const std::vector<std::string_view>& pieces, const RequestLimits& limits = kLimits) {
  Reading reading;
  RequestReader reader(limits);
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const Progress progress = reader.read(piece);
      if (progress == Progress::kRefused) {
        reading.refusal = reader.refusal().status;
        CHECK_FALSE(reader.refusal().detail.empty());
        return reading;
      }
      if (progress == Progress::kComplete) {
        reading.requests.push_back({reader.request(), connection_of(reader)});
        reader.reset();
      } else {
        CHECK(piece.empty());
      }
    }
  }
  reading.untouched = reader.untouched();
  return reading;
}

std::vector<std::string_view> single_bytes(std::string_view input) {
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < input.size(); ++i) bytes.push_back(input.substr(i, 1));
  return bytes;
}

// In one piece, byte by byte, and cut at every place.
void check(std::string_view input, const Reading& expected) {
  CAPTURE(input);
  CHECK(read_all({input}) == expected);
  CHECK(read_all(single_bytes(input)) == expected);
  for (std::size_t i = 1; i < input.size(); ++i) {
    CAPTURE(i);
    CHECK(read_all({input.substr(0, i), input.substr(i)}) == expected);
  }
}

// The status of the refusal, or 0 if the input is one whole request.
int status_of(std::string_view input, const RequestLimits& limits = kLimits) {
  const Reading whole = read_all({input}, limits);
  CHECK(read_all(single_bytes(input), limits) == whole);
  if (whole.refusal == 0) {
    CHECK(whole.requests.size() == 1);
    CHECK(whole.untouched);
  }
  return whole.refusal;
}

// A request with these header fields behind Host, and what follows them.
std::string post(std::string_view fields, std::string_view body = {}) {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("a request is understood the same in whatever pieces it comes") {
    struct Row {
      std::string_view input;
      std::vector<Understood> expected;
    };
    const std::vector<Row> rows = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", {{{.url = "/", .headers = {{"Host", "h"}}}}}},
        {"POST /api/a%2Fb?x=%20&x=2 HTTP/1.1\r\nhost: localhost:7071\r\nX-One:  a%20b \r\nx-two:1\r\nX-Two:\r\n"
         "Content-Length: 4\r\n\r\na\r\nb",
         {{{.method = Method::kPost,
            .url = "/api/a%2Fb?x=%20&x=2",
            .headers = {{"host", "localhost:7071"},
                        {"X-One", "a%20b"},
                        {"x-two", "1"},
                        {"X-Two", ""},
                        {"Content-Length", "4"}},
            .body = "a\r\nb"}}}},
        {"PUT /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n2;a=b\r\nab\r\n1\r\nc\r\n0\r\nHost: "
         "t\r\n\r\n",
         {{{.method = Method::kPut,
            .url = "/x",
            .headers = {{"Host", "h"}, {"Transfer-Encoding", "Chunked"}},
            .body = "abc"}}}},
        // one after the other, with and without an empty line between them
        {"HEAD /1 HTTP/1.1\r\nHost: h\r\n\r\n"
         "DELETE /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
         "\r\nPATCH /3 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ny\r\n0\r\n\r\n"
         "\r\nGET /4 HTTP/1.1\r\nHost: h\r\n\r\n",
         {{{.method = Method::kHead, .url = "/1", .headers = {{"Host", "h"}}}},
          {{.method = Method::kDelete, .url = "/2", .headers = {{"Host", "h"}, {"Content-Length", "1"}}, .body = "x"}},
          {{.method = Method::kPatch,
            .url = "/3",
            .headers = {{"Host", "h"}, {"Transfer-Encoding", "chunked"}},
            .body = "y"}},
          {{.url = "/4", .headers = {{"Host", "h"}}}}}},
        // targets that are no path
        {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
         {{{.method = Method::kOptions, .url = "*", .headers = {{"Host", "h"}}}}}},
        {"GET http://Target:80/p?q HTTP/1.1\r\nA: b\r\nHost: field\r\n\r\n",
         {{{.url = "/p?q", .headers = {{"Host", "Target:80"}, {"A", "b"}}}}}},
        {"GET HTTPS://[::1]?q HTTP/1.1\r\nHost: h\r\n\r\n", {{{.url = "/?q", .headers = {{"Host", "[::1]"}}}}}},
        {"GET http://h HTTP/1.0\r\n\r\n", {{{.url = "/", .headers = {{"Host", "h"}}}, Connection::kCloses10}}},
        // the connection
        {"GET / HTTP/1.0\r\n\r\n", {{{.url = "/"}, Connection::kCloses10}}},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
         {{{.url = "/", .headers = {{"Connection", "Keep-Alive"}}}, Connection::kStaysOpen10}}},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n",
         {{{.url = "/", .headers = {{"Connection", "keep-alive, close"}}}, Connection::kCloses10}}},
        {"GET / HTTP/1.1\r\nHost:\r\nConnection: x,Close\r\n\r\n",
         {{{.url = "/", .headers = {{"Host", ""}, {"Connection", "x,Close"}}}, Connection::kCloses}}},
        {"GET / HTTP/1.1\r\nHost:\r\nConnection: keep-alive\r\nConnection: close\r\n\r\n",
         {{{.url = "/", .headers = {{"Host", ""}, {"Connection", "keep-alive"}, {"Connection", "close"}}},
           Connection::kCloses}}},
        {"GET / HTTP/1.1\r\nHost:\r\nConnection: closed\r\n\r\n",
         {{{.url = "/", .headers = {{"Host", ""}, {"Connection", "closed"}}}}}},
    };
    for (const Row& row : rows) check(row.input, {.requests = row.expected});
  }

  TEST_CASE("what follows a refusal is not read, what came before it is") {
    check("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
          {.requests = {{{.url = "/", .headers = {{"Host", "h"}}}}}, .refusal = 400});
    check("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", {.refusal = 400});
    check("GET / HTTP/1.1\r\nHost: h\r\nA\r\n\r\n", {.refusal = 400});
    check("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\n0\r\n\r\n", {.refusal = 400});
  }

  TEST_CASE("request lines") {
    struct Row {
      std::string_view line;
      int expected;  // 0 is accepted
    };
    const Row rows[] = {
        {"GET / HTTP/1.1", 0},
        {"OPTIONS / HTTP/1.1", 0},
        {"GET /%zz HTTP/1.1", 400},
        {"GET /a:b@c!$&'()*+,;=-._~[]? HTTP/1.1", 0},
        {"GET  / HTTP/1.1", 400},
        {"GET / HTTP/1.1 ", 400},
        {" GET / HTTP/1.1", 400},
        {"GET\t/ HTTP/1.1", 400},
        {"GET /a b HTTP/1.1", 400},
        {"GET /", 400},
        {"GET", 400},
        {"GET HTTP/1.1", 400},
        {"GET  HTTP/1.1", 400},
        {"GET a HTTP/1.1", 400},
        {"GET * HTTP/1.1", 400},
        {"GET ftp://h/ HTTP/1.1", 400},
        {"GET http:/h HTTP/1.1", 400},
        {"GET http:// HTTP/1.1", 400},
        {"GET http:///x HTTP/1.1", 400},
        {"GET http://user@h/ HTTP/1.1", 400},
        {"GET http://h:80:80/ HTTP/1.1", 400},
        {"GET /a#b HTTP/1.1", 400},
        {"GET /\" HTTP/1.1", 400},
        {"GET /\\ HTTP/1.1", 400},
        {"GET /\xc3\xa9 HTTP/1.1", 400},
        {{"GET /\0 HTTP/1.1", 15}, 400},
        {"GET / HTTP/1.1\r", 400},
        {"GET / http/1.1", 400},
        {"GET / HTTP/1.10", 400},
        {"GET / HTTPS/1.1", 400},
        {"GET / HTTP/1", 400},
        {"GET / HTTP/1.2", 505},
        {"GET / HTTP/0.9", 505},
        {"PRI * HTTP/2.0", 505},
        {"get / HTTP/1.1", 501},
        {"BREW / HTTP/1.1", 501},
        {"TRACE / HTTP/1.1", 501},
        {"CONNECT h:443 HTTP/1.1", 501},
        {"G@T / HTTP/1.1", 400},
    };
    for (const Row& row : rows) {
      CAPTURE(row.line);
      CHECK(status_of(std::string(row.line) + "\r\nHost: h\r\n\r\n") == row.expected);
    }
  }

  TEST_CASE("the host") {
    struct Row {
      std::string_view fields;
      int expected;
    };
    const Row rows[] = {
        {"Host: h\r\n", 0},
        {"Host: 127.0.0.1:7071\r\n", 0},
        {"Host: [fe80::1]:80\r\n", 0},
        {"Host: [::1]\r\n", 0},
        {"Host: h:\r\n", 0},
        {"Host:\r\n", 0},
        {"HOST: a%41._~b\r\n", 0},
        {"", 400},
        {"Host: h\r\nhost: h\r\n", 400},
        {"Host: h, h\r\n", 400},
        {"Host: h h\r\n", 400},
        {"Host: user@h\r\n", 400},
        {"Host: h/p\r\n", 400},
        {"Host: http://h\r\n", 400},
        {"Host: h:80a\r\n", 400},
        {"Host: h:80:80\r\n", 400},
        {"Host: [::1\r\n", 400},
        {"Host: [::1]a\r\n", 400},
        {"Host: [a[b]\r\n", 400},
    };
    for (const Row& row : rows) {
      CAPTURE(row.fields);
      CHECK(status_of("GET / HTTP/1.1\r\n" + std::string(row.fields) + "\r\n") == row.expected);
      const bool missing = row.fields.empty();
      CHECK(status_of("GET / HTTP/1.0\r\n" + std::string(row.fields) + "\r\n") == (missing ? 0 : row.expected));
    }
    CHECK(status_of("GET http://h/ HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == 400);
  }

  TEST_CASE("the framing of the body") {
    struct Row {
      std::string_view fields;
      std::string_view body;
      int expected;
    };
    const Row rows[] = {
        {"", "", 0},
        {"Content-Length: 0\r\n", "", 0},
        {"Content-Length: 5\r\n", "hello", 0},
        {"Content-Length: 0005\r\n", "hello", 0},
        {"Content-Length: 00000000000000000000000000005\r\n", "hello", 0},
        {"Content-Length:\r\n", "", 400},
        {"Content-Length: +5\r\n", "hello", 400},
        {"Content-Length: -5\r\n", "hello", 400},
        {"Content-Length: 5 5\r\n", "hello", 400},
        {"Content-Length: 5,5\r\n", "hello", 400},
        {"Content-Length: 0x5\r\n", "hello", 400},
        {"Content-Length: %35\r\n", "hello", 400},
        {"Content-Length: 5.0\r\n", "hello", 400},
        {"Content-Length: 5\r\nContent-Length: 5\r\n", "hello", 400},
        {"Content-Length: 18446744073709551616\r\n", "", 400},
        {"Content-Length: 18446744073709551615\r\n", "", 413},
        {"Content-Length : 5\r\n", "hello", 400},
        {"Transfer-Encoding: chunked\r\n", "0\r\n\r\n", 0},
        {"transfer-encoding:CHUNKED\r\n", "0\r\n\r\n", 0},
        {"Transfer-Encoding:\r\n", "0\r\n\r\n", 400},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400},
        {"Transfer-Encoding: chunked, chunked\r\n", "0\r\n\r\n", 400},
        {"Transfer-Encoding: chunked, gzip\r\n", "0\r\n\r\n", 400},
        {"Transfer-Encoding: ,\r\n", "0\r\n\r\n", 400},
        {"Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n", 501},
        {"Transfer-Encoding: identity\r\n", "", 501},
        {"Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n", 501},
        {"Transfer-Encoding: xchunked\r\n", "0\r\n\r\n", 501},
        {"Transfer-Encoding:\vchunked\r\n", "0\r\n\r\n", 400},
        {"Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n", 400},
        {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n", 400},
        {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n", 400},
    };
    for (const Row& row : rows) {
      CAPTURE(row.fields);
      CHECK(status_of(post(row.fields, row.body)) == row.expected);
    }
    CHECK(status_of("POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi") == 0);
    CHECK(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
  }

  TEST_CASE("each limit: what is as large is accepted, a byte or a field more is refused") {
    const auto line = [](std::size_t bytes) {
      const std::string_view rest = "GET / HTTP/1.1";
      return "GET /" + std::string(bytes - rest.size(), 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n";
    };
    // `Host: h` is a field of seven bytes.
    const auto fields = [](std::size_t count, std::size_t last) {
      std::string text;
      for (std::size_t i = 1; i < count; ++i) text += "A:\r\n";
      return post(text + "B:" + std::string(last - 2, 'b') + "\r\n");
    };
    const auto sized = [](std::size_t bytes) {
      return post("Content-Length: " + std::to_string(bytes) + "\r\n", std::string(bytes, 'x'));
    };
    const auto chunked = [](std::string_view first, std::string_view rest) {
      std::string body = first.empty() ? "" : "4\r\n" + std::string(first) + "\r\n";
      return post("Transfer-Encoding: chunked\r\n", body + std::string(rest));
    };
    struct Row {
      std::string_view what;
      RequestLimits limits;
      std::string at_limit;
      std::string above;
      int expected;
    };
    const Row rows[] = {
        {"request line", {.request_line_bytes = 32}, line(32), line(33), 414},
        {"request line by default", {}, line(std::size_t{16} << 10), line((std::size_t{16} << 10) + 1), 414},
        {"field", {.field_bytes = 20}, fields(1, 20), fields(1, 21), 431},
        {"field by default", {}, fields(1, std::size_t{32} << 10), fields(1, (std::size_t{32} << 10) + 1), 431},
        {"fields", {.fields_bytes = 31}, fields(3, 20), fields(3, 21), 431},
        {"count", {.field_count = 4}, fields(3, 20), fields(4, 20), 431},
        {"count by default", {}, fields(255, 20), fields(256, 20), 431},
        {"sized body", {.body_bytes = 5}, sized(5), sized(6), 413},
        {"chunk",
         {.body_bytes = 4},
         chunked("", "4\r\nabcd\r\n0\r\n\r\n"),
         chunked("", "5\r\nabcde\r\n0\r\n\r\n"),
         413},
        {"chunks",
         {.body_bytes = 6},
         chunked("abcd", "2\r\nef\r\n0\r\n\r\n"),
         chunked("abcd", "3\r\nefg\r\n0\r\n\r\n"),
         413},
        {"trailers",
         {.trailer_bytes = 8},
         chunked("", "0\r\nA: b\r\nC: d\r\n\r\n"),
         chunked("", "0\r\nA: b\r\nC: de\r\n\r\n"),
         431},
        {"trailer count",
         {.trailer_count = 2},
         chunked("", "0\r\nA:\r\nA:\r\n\r\n"),
         chunked("", "0\r\nA:\r\nA:\r\nA:\r\n\r\n"),
         431},
    };
    for (const Row& row : rows) {
      CAPTURE(row.what);
      CHECK(status_of(row.at_limit, row.limits) == 0);
      CHECK(status_of(row.above, row.limits) == row.expected);
    }
  }

  TEST_CASE("a line without end is refused when it is too long, and a body before it has come") {
    struct Row {
      std::string input;
      int expected;
    };
    const RequestLimits limits{.request_line_bytes = 32, .field_bytes = 32, .body_bytes = 4};
    for (const Row& row :
         {Row{"GET /" + std::string(40, 'a'), 414}, Row{post("A: " + std::string(40, 'a')), 431},
          Row{post("Content-Length: 5\r\n"), 413}, Row{post("Transfer-Encoding: chunked\r\n", "5\r\n"), 413}}) {
      CAPTURE(row.input);
      CHECK(status_of(row.input, limits) == row.expected);
    }
  }

  TEST_CASE("it says at each stage where it is") {
    struct Stage {
      std::string_view bytes;
      Progress progress;
      bool untouched;
      bool in_body;
      bool expects_continue;
    };
    constexpr auto kMore = Progress::kNeedsMore;
    constexpr auto kComplete = Progress::kComplete;
    const std::vector<std::vector<Stage>> conversations = {
        {{"", kMore, true, false, false},
         {"\r\n", kMore, false, false, false},
         {"G", kMore, false, false, false},
         {"ET / HTTP/1.1\r\n", kMore, false, false, false},
         {"Host: h\r\nExpect: 100-continue\r\n", kMore, false, false, false},
         {"\r\n", kComplete, false, false, false}},
        {{"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n", kMore, false, false, false},
         {"\r\n", kMore, false, true, true},
         {"", kMore, false, true, true},
         {"a", kMore, false, true, false},
         {"b", kComplete, false, false, false}},
        {{"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n", kMore, false, true,
          true},
         {"1", kMore, false, true, false},
         {"\r\na\r\n0\r\n", kMore, false, true, false},
         {"\r\n", kComplete, false, false, false}},
        // the body comes with the head, or nobody waits for anything
        {{"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\na", kMore, false, true,
          false}},
        {{"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n", kMore, false, true, false}},
        {{"PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n", kMore, false, true, false}},
    };
    for (const auto& conversation : conversations) {
      RequestReader reader(kLimits);
      for (const Stage& stage : conversation) {
        CAPTURE(stage.bytes);
        std::string_view bytes = stage.bytes;
        CHECK(reader.read(bytes) == stage.progress);
        CHECK(bytes.empty());
        CHECK(reader.untouched() == stage.untouched);
        CHECK(reader.in_body() == stage.in_body);
        CHECK(reader.expects_continue() == stage.expects_continue);
      }
      reader.reset();
      CHECK(reader.untouched());
    }
    CHECK(status_of(post("Expect: 200-ok\r\n")) == 417);
    CHECK(status_of(post("Expect:\r\n")) == 417);
  }

  TEST_CASE("after a reset it reads as if it were new, whatever it was in the middle of") {
    const std::string_view next = "GET /next HTTP/1.1\r\nHost: n\r\n\r\n";
    const std::string large = "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x');
    for (const std::string_view begun :
         {std::string_view("GE"), std::string_view("\r\n"),
          std::string_view("GET http://h/ HTTP/1.0\r\nConnection: keep-a"),
          std::string_view("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"),
          std::string_view("PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nab"),
          std::string_view("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
          std::string_view("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), std::string_view("GET / HTTP/3.0\r\n"),
          std::string_view(large)}) {
      CAPTURE(begun);
      RequestReader reader(kLimits);
      std::string_view input = begun;
      reader.read(input);
      reader.reset();
      CHECK(reader.untouched());
      CHECK_FALSE(reader.in_body());
      input = next;
      CHECK(reader.read(input) == Progress::kComplete);
      CHECK(reader.request() == HttpRequest{.url = "/next", .headers = {{"Host", "n"}}});
      CHECK(connection_of(reader) == Connection::kStaysOpen);
      CHECK_FALSE(reader.asks_server());
    }
  }

  TEST_CASE("OPTIONS * asks the server, OPTIONS of a path does not") {
    for (const bool star : {true, false}) {
      RequestReader reader(kLimits);
      std::string_view input =
          star ? "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n" : "OPTIONS /* HTTP/1.1\r\nHost: h\r\n\r\n";
      CHECK(reader.read(input) == Progress::kComplete);
      CHECK(reader.asks_server() == star);
    }
  }

  TEST_CASE("a body that is only promised takes no memory") {
    RequestReader reader(kLimits);
    const std::string promise = post("Content-Length: 100000000\r\n", "x");
    std::string_view input = promise;
    CHECK(reader.read(input) == Progress::kNeedsMore);
    CHECK(reader.request().body.capacity() <= std::size_t{128} << 10);
  }
}
