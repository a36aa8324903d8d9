#include "server/http_server.h"

#include "server/running_server.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/raw_connection.h"

#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <functional>
#include <latch>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using azf::Headers;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::HttpServer;
using azf::HttpServerOptions;
using azf::Listener;
using azf::Method;
using azf::test::RawConnection;
using azf::test::RunningServer;

namespace {

// Answers with what it was asked, one fact a line.
HttpResponse echo(const HttpRequest& request) {
  HttpResponse response{.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = {}};
  response.body.append(to_string(request.method)).append(" ").append(request.url).append("\n");
  for (const auto& [name, value] : request.headers) response.body.append(name).append("=").append(value).append("\n");
  response.body.append("body=" + request.body);
  return response;
}

std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }
std::string status_line(const std::string& response) { return response.substr(0, response.find("\r\n")); }
bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string exchange(std::uint16_t port, std::string_view request) {
  RawConnection connection(port);
  connection.send(request);
  return connection.read_response();
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("a request reaches the handler as it was sent: target, header values and body undecoded") {
    const RunningServer server(echo);
    RawConnection connection(server.port());
    const std::string body("a\0b", 3);
    connection.send(
        "POST /api/a%2Fb?x=%20&x=2 HTTP/1.1\r\nHost: localhost\r\nX-One:  a%20b \r\nX-two: 1\r\nX-Two: 2\r\n"
        "Content-Length: 3\r\n\r\n" +
        body);
    CHECK(body_of(connection.read_response()) ==
          "POST /api/a%2Fb?x=%20&x=2\nHost=localhost\nX-One=a%20b\nX-two=1\nX-Two=2\nContent-Length=3\nbody=" + body);
  }

  TEST_CASE("every method with and without a body, on one connection") {
    const RunningServer server(echo);
    RawConnection connection(server.port());
    for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
      CAPTURE(method);
      connection.send(method + " /x HTTP/1.1\r\nHost: h\r\n\r\n");
      CHECK(body_of(connection.read_response()) == method + " /x\nHost=h\nbody=");
      connection.send(method + " /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi");
      CHECK(body_of(connection.read_response()) == method + " /x\nHost=h\nContent-Length=2\nbody=hi");
    }
    connection.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(contains(connection.read_response(true), "\r\nContent-Length: 20\r\n"));
    connection.send("GET /last HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(contains(connection.read_response(), "GET /last"));
  }

  TEST_CASE("bodies are bytes: chunked, multipart and compressed ones are handed on as they are") {
    const RunningServer server(
        [](const HttpRequest& request) { return HttpResponse{.status = 200, .headers = {}, .body = request.body}; });
    const std::string multipart = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--b--\r\n";
    RawConnection connection(server.port());
    connection.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: " +
                    std::to_string(multipart.size()) + "\r\n\r\n" + multipart);
    CHECK(body_of(connection.read_response()) == multipart);
    connection.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b!");
    CHECK(body_of(connection.read_response()) == "\x1f\x8b!");
    connection.send(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n");
    CHECK(body_of(connection.read_response()) == "abcde");
  }

  TEST_CASE("pipelined requests are answered in order") {
    const RunningServer server(echo);
    RawConnection connection(server.port());
    connection.send(
        "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nPOST /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx"
        "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(contains(connection.read_response(), "GET /1"));
    CHECK(contains(connection.read_response(), "POST /2"));
    CHECK(contains(connection.read_response(), "GET /3"));
  }

  TEST_CASE("an interim response is sent before the body is read") {
    const RunningServer server(echo);
    RawConnection connection(server.port());
    connection.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    CHECK(connection.read_response() == "HTTP/1.1 100 Continue\r\n\r\n");
    connection.send("hi");
    CHECK(contains(connection.read_response(), "body=hi"));
  }

  TEST_CASE("what is not well-formed is refused with a problem document, and the connection ends") {
    const RunningServer server(echo);
    struct Row {
      std::string why;
      std::string request;
      std::string status;
    };
    const std::vector<Row> rows = {
        {"no HTTP", "hello\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"unknown method", "BREW / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 501 Not Implemented"},
        {"HTTP/2 version", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "HTTP/1.1 505 HTTP Version Not Supported"},
        {"no Host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"blank before colon", "GET / HTTP/1.1\r\nHost: h\r\nX : 1\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"folded line", "GET / HTTP/1.1\r\nHost: h\r\nX: 1\r\n 2\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"bare LF", "GET / HTTP/1.1\r\nHost: h\r\nX: 1\nY: 2\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"control character", "GET / HTTP/1.1\r\nHost: h\r\nX: a\x01\r\n\r\n", "HTTP/1.1 400 Bad Request"},
        {"two lengths", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
         "HTTP/1.1 400 Bad Request"},
        {"length and chunked",
         "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "HTTP/1.1 400 Bad Request"},
        {"TRACE", "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 501 Not Implemented"},
        {"endless head",
         "GET / HTTP/1.1\r\nHost: h\r\n" + std::string(50'000, 'a') + ": b\r\n" + std::string(60'000, 'c') +
             ": d\r\n\r\n",
         "HTTP/1.1 431 Request Header Fields Too Large"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.why);
      RawConnection connection(server.port());
      connection.send(row.request);
      const std::string response = connection.read_to_end();
      CHECK(status_line(response) == row.status);
      CHECK(contains(response, "Content-Type: application/problem+json\r\n"));
      CHECK(contains(response, "Connection: close\r\n"));
      CHECK_FALSE(contains(response, "GET /"));
    }
  }

  TEST_CASE("a body above the limit is answered 413") {
    const RunningServer server(echo, {.limits = {.body_bytes = 10}});
    for (const std::string request :
         {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n01234567890",
          "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n0\r\n\r\n"}) {
      RawConnection connection(server.port());
      connection.send(request);
      CHECK(contains(status_line(connection.read_to_end()), " 413 "));
    }
  }

  TEST_CASE("a response is framed by its body; line breaks do not get into its headers") {
    std::function<HttpResponse()> next;
    const RunningServer server([&](const HttpRequest&) { return next(); });
    RawConnection connection(server.port());
    const std::string get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

    next = [] { return HttpResponse{.status = 204, .headers = {}, .body = {}}; };
    connection.send(get);
    CHECK_FALSE(contains(connection.read_response(), "Content-Length"));

    next = [] {
      return HttpResponse{.status = 200,
                          .headers = {{"Content-Length", "99"},
                                      {"Set-Cookie", "a=1"},
                                      {"Set-Cookie", "b=2"},
                                      {"X-Bad", "1\r\nX-Injected: 2"},
                                      {"Connection", "close"}},
                          .body = "hello"};
    };
    connection.send(get);
    const auto response = connection.read_response();
    CHECK(contains(response, "\r\nContent-Length: 5\r\n"));
    CHECK(contains(response, "Set-Cookie: a=1\r\nSet-Cookie: b=2\r\n"));
    CHECK_FALSE(contains(response, "X-Injected"));
    CHECK_FALSE(contains(response, "Connection:"));
    CHECK(body_of(response) == "hello");

    next = [] { return HttpResponse{.status = 404, .headers = {{"Content-Type", "text/html"}}, .body = "no"}; };
    connection.send("GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\n\r\n");
    const auto missing = connection.read_response();
    CHECK(status_line(missing) == "HTTP/1.1 404 Not Found");
    CHECK(contains(missing, "Content-Type: text/html"));
    CHECK(body_of(missing) == "no");
  }

  TEST_CASE("a busy connection does not hold up another one") {
    std::latch arrived(3);
    std::latch release(1);
    const RunningServer server([&](const HttpRequest& request) {
      if (request.url == "/slow") {
        arrived.count_down();
        release.wait();
      }
      return HttpResponse{.status = 200, .headers = {}, .body = request.url};
    });
    std::vector<std::thread> clients;
    for (int i = 0; i < 3; ++i) {
      clients.emplace_back(
          [&] { CHECK(body_of(exchange(server.port(), "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")) == "/slow"); });
    }
    arrived.wait();
    CHECK(body_of(exchange(server.port(), "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n")) == "/fast");
    release.count_down();
    for (auto& client : clients) client.join();
  }

  TEST_CASE("H-05: a probe is answered while every worker is busy, whatever comes before or after it") {
    std::latch arrived(2);
    std::latch release(1);
    const RunningServer server(
        [&](const HttpRequest&) {
          arrived.count_down();
          release.wait();
          return HttpResponse{.status = 200, .headers = {}, .body = "handled"};
        },
        {.worker_limit = 2});
    const std::string probe = "GET / HTTP/1.1\r\nHost: h\r\nX-Probe: 1\r\n\r\n";
    RawConnection first(server.port());
    RawConnection second(server.port());
    first.send(probe + "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    CHECK(body_of(first.read_response()).empty());
    second.send("GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    arrived.wait();

    RawConnection prober(server.port());
    for (int i = 0; i < 3; ++i) {
      prober.send(probe);
      CHECK(contains(prober.read_response(), "200 OK"));
    }
    RawConnection waiting(server.port());
    waiting.send("GET /3 HTTP/1.1\r\nHost: h\r\n\r\n");
    prober.send(probe);
    CHECK(contains(prober.read_response(), "200 OK"));
    release.count_down();
    CHECK(body_of(first.read_response()) == "handled");
    CHECK(body_of(second.read_response()) == "handled");
  }

  TEST_CASE("a probe may come in pieces; with a body it is a request like any other") {
    const RunningServer server(
        [](const HttpRequest&) { return HttpResponse{.status = 200, .headers = {}, .body = "handled"}; });
    RawConnection pieces(server.port());
    pieces.send("GET / HTTP/1.1\r\nHost: h\r\nX-Pro");
    pieces.send("be: 1\r\n\r\n");
    CHECK(contains(pieces.read_response(), "200 OK"));
    RawConnection framed(server.port());
    framed.send("GET / HTTP/1.1\r\nHost: h\r\nX-Probe: 1\r\nContent-Length: 2\r\n\r\nhi");
    CHECK(body_of(framed.read_response()) == "handled");
  }

  TEST_CASE("it pauses when its interrupt is readable, and goes on") {
    azf::test::MemoryLogSink sink;
    const azf::test::FakeClock clock;
    const azf::SystemClock system_clock;
    const azf::ClientPolicy clients;
    const azf::Logger log(sink, clock, azf::LogLevel::kInfo, azf::LogFormat::kJson);
    auto listener = Listener::create(0);
    REQUIRE(listener);
    const auto port = listener->port();
    HttpServer server(*std::move(listener),
                      {.handler = [](const HttpRequest& request, const azf::Exchange&) { return echo(request); },
                       .is_probe = [](const HttpRequest&) { return false; }},
                      clients, system_clock, log);
    std::array<int, 2> pipe{};
    REQUIRE(::pipe(pipe.data()) == 0);
    REQUIRE(::write(pipe[1], "x", 1) == 1);
    server.run(pipe[0]);  // returns
    REQUIRE(::close(pipe[1]) == 0);
    REQUIRE(::close(pipe[0]) == 0);
    std::thread running([&server] { server.run(); });
    CHECK(contains(exchange(port, "GET /on HTTP/1.1\r\nHost: h\r\n\r\n"), "GET /on"));
    CHECK(server.stop(std::chrono::seconds(20)));
    running.join();
  }

  TEST_CASE("H-28: a peer that goes away in the middle leaves the others alone") {
    const RunningServer server(echo);
    for (const char* part :
         {"", "GET", "GET / HTTP/1.1\r\nHo", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx"}) {
      RawConnection connection(server.port());
      connection.send(part);
    }
    CHECK(contains(exchange(server.port(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n"), "200 OK"));
  }

  TEST_CASE("H-08: at a stop requests in flight are answered, idle connections end, new ones are refused") {
    std::latch arrived(1);
    std::latch release(1);
    RunningServer server([&](const HttpRequest& request) {
      if (request.url == "/slow") {
        arrived.count_down();
        release.wait();
      }
      return HttpResponse{.status = 200, .headers = {}, .body = "done"};
    });
    RawConnection idle(server.port());
    idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    idle.read_response();
    RawConnection busy(server.port());
    busy.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    arrived.wait();

    CHECK_FALSE((*server).stop(std::chrono::milliseconds(1)));  // one is still at work
    CHECK(idle.read_to_end().empty());
    release.count_down();
    CHECK(body_of(busy.read_response()) == "done");
    CHECK(busy.read_to_end().empty());
    CHECK((*server).stop(std::chrono::seconds(20)));
    CHECK_THROWS(RawConnection(server.port()));
  }

  TEST_CASE("H-24: many connections at once are all answered") {
    std::latch all(64);
    const RunningServer server([&](const HttpRequest&) {
      all.arrive_and_wait();  // opens only when all requests are in their handlers
      return HttpResponse{.status = 200, .headers = {}, .body = "ok"};
    });
    std::vector<std::thread> clients;
    std::atomic<int> answered = 0;
    for (int i = 0; i < 64; ++i) {
      clients.emplace_back([&] {
        if (body_of(exchange(server.port(), "GET / HTTP/1.1\r\nHost: h\r\n\r\n")) == "ok") ++answered;
      });
    }
    for (auto& client : clients) client.join();
    CHECK(answered == 64);
  }
}
