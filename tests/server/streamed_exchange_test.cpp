#include "server/streamed_exchange.h"

#include "server/running_server.h"
#include "support/raw_connection.h"

#include <doctest/doctest.h>

#include <array>
#include <future>
#include <latch>
#include <string>
#include <thread>

using azf::ErrorKind;
using azf::Exchange;
using azf::HttpApplication;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::HttpServerOptions;
using azf::Result;
using azf::Success;
using azf::test::RawConnection;
using azf::test::RunningServer;
using namespace std::chrono_literals;

namespace {

using Handler = std::function<HttpResponse(const HttpRequest&, const Exchange&)>;

HttpApplication streaming(Handler handler) {
  return {.handler = std::move(handler), .is_probe = {}, .streams_body = [](const HttpRequest&) { return true; }};
}

std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }
bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// The body as the handler reads it, or the error in its place.
Result<std::string> read_all(const Exchange& exchange, std::size_t piece = 7) {
  std::string body;
  std::string buffer(piece, '\0');
  while (true) {
    const auto count = exchange.body.read(buffer);
    if (!count) return count.error();
    if (*count == 0) return body;
    body.append(buffer, 0, *count);
  }
}

HttpResponse echo(const HttpRequest& request, const Exchange& exchange) {
  const auto body = read_all(exchange);
  if (!body) return {.status = 400, .headers = {}, .body = std::string(to_string(body.error().kind))};
  return {.status = 200, .headers = {}, .body = request.url + " " + *body};
}

// Writes these pieces, then ends as it is told to.
Handler writer(std::vector<std::string> pieces, std::optional<std::uint64_t> length = std::nullopt) {
  return [pieces = std::move(pieces), length](const HttpRequest&, const Exchange& exchange) {
    CHECK(exchange.response.begin({.status = 201, .headers = {{"X-Kind", "stream"}}}, length));
    for (const auto& piece : pieces) (void)exchange.response.write(piece);
    return HttpResponse{};
  };
}

}  // namespace

TEST_SUITE("server/streamed_exchange") {
  TEST_CASE("a body is read while it comes, and the connection goes on behind it") {
    const RunningServer server(streaming(echo));
    RawConnection connection(server.port());
    connection.send("POST /sized HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n0123456789");
    connection.send("abcdefghij");
    CHECK(body_of(connection.read_response()) == "/sized 0123456789abcdefghij");
    connection.send("POST /chunked HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    connection.send("2\r\nde\r\n0\r\n\r\nPOST /next HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nh");
    CHECK(body_of(connection.read_response()) == "/chunked abcde");
    connection.send("i");
    CHECK(body_of(connection.read_response()) == "/next hi");
  }

  TEST_CASE("a handler runs before the body is there") {
    std::latch called(1);
    const RunningServer server(streaming([&](const HttpRequest& request, const Exchange& exchange) {
      called.count_down();
      return echo(request, exchange);
    }));
    RawConnection connection(server.port());
    connection.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
    called.wait();
    connection.send("abc");
    CHECK(body_of(connection.read_response()) == "/ abc");
  }

  TEST_CASE("a body that came with its head is read from memory") {
    const RunningServer server(HttpApplication{
        .handler =
            [](const HttpRequest& request, const Exchange& exchange) {
              return HttpResponse{.status = 200, .headers = {}, .body = request.body + "=" + *read_all(exchange)};
            },
        .is_probe = {}});
    RawConnection connection(server.port());
    connection.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc");
    CHECK(body_of(connection.read_response()) == "abc=abc");
  }

  TEST_CASE("the interim response is sent when the handler first wants the body") {
    const RunningServer server(streaming(echo));
    RawConnection connection(server.port());
    connection.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(contains(connection.read_response(true), "HTTP/1.1 100 Continue"));
    connection.send("hi");
    CHECK(body_of(connection.read_response()) == "/ hi");
  }

  TEST_CASE("a response before the end of the body closes the connection") {
    const RunningServer server(streaming(
        [](const HttpRequest&, const Exchange&) { return HttpResponse{.status = 403, .headers = {}, .body = "no"}; }));
    RawConnection connection(server.port());
    connection.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc");
    const auto response = connection.read_to_end();
    CHECK(contains(response, "403 Forbidden"));
    CHECK(contains(response, "Connection: close"));
  }

  TEST_CASE("a body that breaks off, or is none, is an error for the handler") {
    const struct {
      std::string_view name, bytes, expected;
    } cases[] = {
        {"broken off", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc", "transport"},
        {"malformed", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "invalid_argument"},
    };
    for (const auto& [name, bytes, expected] : cases) {
      CAPTURE(name);
      std::latch called(1);
      std::promise<std::string> seen;
      const RunningServer server(streaming([&](const HttpRequest&, const Exchange& exchange) {
        called.count_down();
        const auto body = read_all(exchange);
        seen.set_value(body ? "whole" : std::string(to_string(body.error().kind)));
        return HttpResponse{};
      }));
      RawConnection connection(server.port());
      connection.send(bytes.substr(0, bytes.find("\r\n\r\n") + 4));
      called.wait();
      connection.send(bytes.substr(bytes.find("\r\n\r\n") + 4));
      connection.shutdown_writing();
      CHECK(seen.get_future().get() == expected);
    }
  }

  TEST_CASE("a body that is refused on its way has the server's answer, whatever the handler makes of it") {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    const struct {
      std::string_view name, body, expected;
    } cases[] = {
        {"as long as it may be", "a\r\n0123456789\r\n0\r\n\r\n", "HTTP/1.1 200 OK"},
        {"too large by its last chunk", "a\r\n0123456789\r\n1\r\nx\r\n0\r\n\r\n", "HTTP/1.1 413 Content Too Large"},
        {"too large by one chunk", "b\r\n0123", "HTTP/1.1 413 Content Too Large"},
        {"malformed", "1\r\nx\r\nzz\r\n", "HTTP/1.1 400 Bad Request"},
    };
    HttpServerOptions options;
    options.limits.body_bytes = 10;
    for (const auto& row : cases) {
      const auto& [name, body, expected] = row;
      CAPTURE(row.name);
      std::latch called(1);
      const RunningServer server(streaming([&](const HttpRequest&, const Exchange& exchange) {
                                   called.count_down();
                                   (void)read_all(exchange);
                                   return HttpResponse{};
                                 }),
                                 options);
      RawConnection connection(server.port());
      connection.send(head);
      called.wait();
      connection.send(body);
      connection.shutdown_writing();
      const auto response = connection.read_to_end();
      CHECK(response.starts_with(expected));
      CHECK(contains(response, "Connection: close") == !response.starts_with("HTTP/1.1 200"));
    }
  }

  TEST_CASE("a peer that sends too slowly costs its worker no more than the grace time") {
    const RunningServer server(streaming(echo), {.transfer_grace = 50ms});
    RawConnection connection(server.port());
    connection.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
    CHECK(contains(connection.read_to_end(), "\r\n\r\ntimeout"));
  }

  TEST_CASE("a response is sent while it is made: chunked, with its length, and to the end of the connection") {
    const RunningServer server(streaming(writer({"ab", "", "cde"})));
    RawConnection connection(server.port());
    connection.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    const auto chunked = connection.read_to_end();
    CHECK(contains(chunked, "HTTP/1.1 201 Created\r\n"));
    CHECK(contains(chunked, "X-Kind: stream\r\nTransfer-Encoding: chunked\r\n"));
    CHECK(body_of(chunked) == "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n");

    RawConnection old(server.port());
    old.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    const auto to_the_end = old.read_to_end();
    CHECK_FALSE(contains(to_the_end, "Transfer-Encoding"));
    CHECK(body_of(to_the_end) == "abcde");

    const RunningServer sized(streaming(writer({"ab", "cde"}, 5)));
    RawConnection kept(sized.port());
    for (int i = 0; i < 2; ++i) {
      kept.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      CHECK(body_of(kept.read_response()) == "abcde");
    }
  }

  TEST_CASE("the response to HEAD has the length that was said, and no body") {
    const RunningServer server(streaming(writer({"abcde"}, 5)));
    RawConnection connection(server.port());
    connection.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(contains(connection.read_response(true), "Content-Length: 5\r\n"));
    connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(body_of(connection.read_response()) == "abcde");
  }

  TEST_CASE("a response that is not whole does not look so") {
    const struct {
      std::string_view name;
      Handler handler;
    } cases[] = {
        {"broken off",
         [](const HttpRequest&, const Exchange& exchange) {
           (void)exchange.response.begin({});
           (void)exchange.response.write("ab");
           exchange.response.break_off();
           return HttpResponse{};
         }},
        {"shorter than was said", writer({"ab"}, 5)},
        {"longer than was said", writer({"ab", "cdef"}, 5)},
    };
    for (const auto& [name, handler] : cases) {
      CAPTURE(name);
      const RunningServer server(streaming(handler));
      RawConnection connection(server.port());
      connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      const auto body = body_of(connection.read_to_end());
      CHECK(contains(body, "ab"));
      CHECK_FALSE(contains(body, "0\r\n\r\n"));
      CHECK_FALSE(contains(body, "cdef"));
    }
  }

  TEST_CASE("a handler learns that its peer has gone, by asking and by writing") {
    std::promise<ErrorKind> written;
    const RunningServer server(streaming([&](const HttpRequest&, const Exchange& exchange) {
      CHECK(exchange.response.begin({}));
      while (!exchange.response.abandoned()) std::this_thread::sleep_for(1ms);
      while (true) {
        const auto outcome = exchange.response.write("more");
        if (outcome) continue;
        written.set_value(outcome.error().kind);
        return HttpResponse{};
      }
    }));
    {
      RawConnection connection(server.port());
      connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      (void)connection.read_some(20s);
    }
    CHECK(written.get_future().get() == ErrorKind::kCancelled);
  }

  TEST_CASE("a peer that takes a response too slowly costs its worker no more than the grace time") {
    std::promise<ErrorKind> written;
    const RunningServer server(streaming([&](const HttpRequest&, const Exchange& exchange) {
                                 CHECK(exchange.response.begin({}));
                                 const std::string piece(std::size_t{1} << 16, 'x');
                                 while (true) {
                                   const auto outcome = exchange.response.write(piece);
                                   if (outcome) continue;
                                   written.set_value(outcome.error().kind);
                                   return HttpResponse{};
                                 }
                               }),
                               {.transfer_grace = 50ms, .stream_rate = std::size_t{1} << 40});
    RawConnection connection(server.port());
    connection.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(written.get_future().get() == ErrorKind::kCancelled);
  }
}
