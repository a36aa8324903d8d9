#include "emulator/wire/redirects.h"

#include "emulator/wire/http_server.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace azf::emulator {
namespace {

// Redirects `/<status>/...` by that status to `/end`, and tells there how it was asked.
std::optional<Reply> redirecting(const Request& request) {
  if (request.path() == "/end") return text_reply(200, request.method + " " + request.body);
  if (request.path() == "/away") return Reply{302, "", {{"Location", "http://elsewhere.example/"}}, ""};
  if (request.path() == "/loop") return Reply{302, "", {{"Location", "/loop"}}, ""};
  return Reply{std::stoi(request.target.substr(1, 3)), "", {{"Location", "/end"}}, ""};
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("follows redirects as .NET does") {
  const SystemClock clock;
  auto listener = listen_loopback(0);
  REQUIRE(listener);
  LoopbackClient client(local_port(*listener), clock);
  const HttpServer server(std::move(*listener), redirecting, clock);
  const auto send = [&](std::string method, std::string target) {
    return send_following_redirects(client, {std::move(method), std::move(target), {{"Content-Length", "4"}}, "body"},
                                    Deadline::after(clock, std::chrono::minutes(1)));
  };
  const std::vector<std::tuple<const char*, const char*, const char*>> rows = {
      {"POST", "/301", "GET "},      {"POST", "/302", "GET "},      {"POST", "/303", "GET "},
      {"POST", "/307", "POST body"}, {"POST", "/308", "POST body"}, {"PUT", "/302", "PUT body"},
      {"PUT", "/303", "GET "},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    CAPTURE(std::get<1>(row));
    const auto& [method, target, expected] = row;
    const auto reply = send(method, target);
    REQUIRE(reply);
    CHECK(reply->body == expected);
  }
  CHECK(send("GET", "/loop")->status == 302);
  CHECK(send("GET", "/away").error().kind == ErrorKind::kTransport);
}

TEST_SUITE_END();

}  // namespace azf::emulator
