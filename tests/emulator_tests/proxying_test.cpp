#include "emulator/host/proxying.h"

#include "emulator_tests/app_folder.h"
#include "emulator_tests/running_host.h"
#include "support/raw_connection.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

using std::chrono::milliseconds;

AppFolder proxying_app() {
  AppFolder folder;
  folder.patch_host_json({{"customHandler", {{"enableProxyingHttpRequest", true}}}});
  folder.add_function("seen", http_bindings("seen"));
  folder.add_function("work", http_bindings("work"));
  return folder;
}

// What comes until `text` stands in it.
std::string read_until(test::RawConnection& connection, std::string_view text) {
  std::string received;
  while (received.find(text) == std::string::npos && connection.ending() == test::RawConnection::Ending::kNone) {
    received += connection.read_some(milliseconds(20));
  }
  return received;
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("keeps the query of a proxied request as it is, and re-escapes its path") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"/api/orders/7", "/api/orders/7"},
      {"/api/%41", "/api/A"},
      {"/api/a%20b", "/api/a%20b"},
      {"/api/\xc3\xa4", "/api/%C3%A4"},
      {"/api/a%2Fb", "/api/a%2Fb"},
      {"/api/a%3Fb%23", "/api/a%3Fb%23"},
      {"/api/a@b'(c)", "/api/a@b'(c)"},
      {"/api?a=1&b=x&a=2", "/api?a=1&b=x&a=2"},
      {"/api?q=a+b%26c&f", "/api?q=a+b%26c&f"},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    CHECK(proxied_request({"GET", row.first, {}, ""}, "id", 1).target == row.second);
  }
}

TEST_CASE("copies the headers of a proxied request but those of its connection, and writes its own") {
  const Request request{"PUT",
                        "/api/x",
                        {{"Host", "app.example"},
                         {"Connection", "keep-alive"},
                         {"Content-Encoding", "gzip"},
                         {"User-Agent", "curl/8"},
                         {"X-Forwarded-For", "1.2.3.4"},
                         {"X-Azure-Functions-InvocationId", "theirs"},
                         {"Transfer-Encoding", "chunked"}},
                        "hi"};
  CHECK(proxied_request(request, "0f3d", 4711).headers == Headers{{"Content-Encoding", "gzip"},
                                                                  {"User-Agent", "curl/8"},
                                                                  {"Host", "127.0.0.1:4711"},
                                                                  {"X-Forwarded-For", "127.0.0.1"},
                                                                  {"X-Forwarded-Host", "app.example"},
                                                                  {"X-Forwarded-Proto", "http"},
                                                                  {"X-Azure-Functions-HostVersion", "4.1037.0.0"},
                                                                  {"X-Azure-Functions-InvocationId", "0f3d"},
                                                                  {"x-ms-invocation-id", "0f3d"},
                                                                  {"Transfer-Encoding", "chunked"}});
  CHECK(proxied_headers({{"Connection", "close"}, {"Keep-Alive", "timeout=5"}, {"X-A", "1"}}) == Headers{{"X-A", "1"}});
}

TEST_CASE("proxies a chunked upload, which forwarding refuses") {
  const AppFolder folder = proxying_app();
  RunningHost host(folder.load());
  CHECK(host.send({"POST", "/api/work", {{"Host", "h"}, {"Transfer-Encoding", "chunked"}}, "some body"}).status == 200);
  CHECK(host.seen(1)[0]["body"] == "some body");
}

TEST_CASE("passes a reply on while it comes, and closes its connection when the caller goes") {
  AppFolder folder = proxying_app();
  folder.reply("/api/work", {{"pieces", {"data: 1\n\n", "data: 2\n\n"}}, {"endless", true}});
  RunningHost host(folder.load());
  host.wait_until_ready();
  {
    test::RawConnection connection(static_cast<std::uint16_t>(host.port()));
    connection.send("GET /api/work HTTP/1.1\r\nHost: h\r\n\r\n");
    const std::string received = read_until(connection, "data: 2");
    CHECK(received.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nDate: "));
    CHECK(received.find("Transfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n") != std::string::npos);
  }
  CHECK(host.seen(2)[1] == Json{{"abandoned", "/api/work"}});
}

TEST_CASE("a streamed reply ends, and its connection serves the next request") {
  AppFolder folder = proxying_app();
  folder.reply("/api/work", {{"pieces", {"a", "b"}}});
  RunningHost host(folder.load());
  for (int i = 0; i < 2; ++i) {
    const Reply reply = host.get("/api/work");
    CHECK(reply.status == 200);
    CHECK(reply.body == "ab");
  }
}

TEST_CASE("forwarding holds a streamed reply back until it is whole") {
  AppFolder folder = proxying_app();
  folder.patch_host_json({{"customHandler", {{"enableProxyingHttpRequest", false}}}});
  folder.reply("/api/work", {{"pieces", {"a", "b"}}});
  RunningHost host(folder.load());
  const Reply reply = host.get("/api/work");
  CHECK(reply.body == "ab");
  CHECK(header_values(reply.headers, "Content-Length") == std::vector<std::string>{"2"});
}

TEST_CASE("answers 502 where the proxied handler drops a request with a body, and asks ten times without one") {
  AppFolder folder = proxying_app();
  folder.reply("/api/work", {{"drop", true}});
  RunningHost host(folder.load());
  CHECK(host.post("/api/work", "some body").status == 502);
  CHECK(host.seen(1).size() == 1);
  CHECK(host.get("/api/work").status == 502);
  CHECK(host.seen(11).size() >= 11);  // one more where a connection that was open already is lost
}

}  // namespace azf::emulator
