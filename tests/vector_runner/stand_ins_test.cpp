#include "vector_runner/stand_ins.h"

#include <doctest/doctest.h>

namespace azf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

HttpRequest get(const std::string& url) { return {Method::kGet, url, {}, ""}; }

ScriptedReply reply(const std::string& body, const std::string& when = "") {
  ScriptedReply result;
  result.body = body;
  result.when = when;
  return result;
}

std::string body_of(StandInTransport& transport, const std::string& url) {
  const auto result = transport.send(get(url), {});
  return result ? result->body : "error";
}

}  // namespace

TEST_SUITE("vector runner") {
  TEST_CASE("replies come in order, the last one again, and each only for its URLs") {
    const Environment environment;
    FakeClock clock;
    StandInTransport transport({reply("a"), reply("only-x", "/x"), reply("b")}, "", environment, clock);
    CHECK(body_of(transport, "https://h.example/") == "a");
    CHECK(body_of(transport, "https://h.example/x") == "only-x");
    CHECK(body_of(transport, "https://h.example/") == "b");
    CHECK(body_of(transport, "https://h.example/x") == "b");
    CHECK(transport.sent().size() == 4);

    StandInTransport narrow({reply("x", "/x")}, "", environment, clock);
    CHECK(body_of(narrow, "https://h.example/") == "error");
    CHECK(narrow.sent().size() == 1);
  }

  TEST_CASE("a delay passes on the clock, and no try outlasts its limit") {
    const Environment environment;
    FakeClock clock;
    ScriptedReply slow = reply("late");
    slow.delay = seconds(8);
    StandInTransport transport({slow}, "", environment, clock);
    const SteadyTime began = clock.steady_now();
    CHECK(transport.send(get("https://h.example/"), {}));
    CHECK(clock.steady_now() - began == seconds(8));

    SendOptions options;
    options.try_timeout = seconds(1);
    const auto result = transport.send(get("https://h.example/"), options);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::kTimeout);
    CHECK(clock.steady_now() - began == seconds(9));
  }

  TEST_CASE("plain http, URLs that are none and too long replies end as with the real transport") {
    const Environment environment;
    FakeClock clock;
    StandInTransport transport({reply("12345")}, "", environment, clock);
    const auto kind = [&](const std::string& url, const SendOptions& options) {
      const auto result = transport.send(get(url), options);
      return result ? ErrorKind::kInternal : result.error().kind;
    };
    CHECK(kind("http://h.example/", {}) == ErrorKind::kInvalidArgument);
    CHECK(kind("not a url", {}) == ErrorKind::kInvalidArgument);
    CHECK(transport.sent().empty());
    SendOptions small;
    small.response_limit_bytes = 4;
    CHECK(kind("https://h.example/", small) == ErrorKind::kUnexpectedResponse);
  }

  TEST_CASE("on a socket only its own port answers, and a proxy there is noticed") {
    Environment environment;
    environment.set("http_proxy", "http://127.0.0.1:41999");
    FakeClock clock;
    StandInTransport transport({reply("seen")}, "41999", environment, clock);
    SendOptions direct;
    direct.allow_plain_http = true;
    direct.use_proxy = false;
    CHECK(transport.send(get("http://127.0.0.1:41999/"), direct));
    CHECK_FALSE(transport.send(get("http://localhost:1/"), direct));
    CHECK(transport.sent().size() == 1);
    SendOptions proxied = direct;
    proxied.use_proxy = true;
    CHECK(transport.send(get("http://localhost:1/"), proxied));
    CHECK(transport.sent().size() == 2);
  }

  TEST_CASE("tools answer from their script") {
    FakeClock clock;
    ScriptedTool az;
    az.standard_output = "out";
    az.exit_code = 3;
    ScriptedTool slow;
    slow.duration = seconds(20);
    ScriptedTool file;
    file.no_execute = true;
    ScriptedTool pwsh;
    pwsh.exit_code = 1;
    pwsh.exit_first_ok = true;
    ScriptedTools tools({{"az", az}, {"azd", slow}, {"file", file}, {"pwsh", pwsh}}, clock);
    const auto kind = [&](const std::string& program) {
      const auto result = tools.run({program, {}}, Deadline::never());
      return result ? ErrorKind::kInternal : result.error().kind;
    };
    const auto output = tools.run({"/usr/bin/az", {"account"}}, Deadline::never());
    REQUIRE(output);
    CHECK(output->exit_code == 3);
    CHECK(output->standard_output.expose() == "out");
    CHECK(tools.run({"pwsh", {"/?"}}, Deadline::never())->exit_code == 0);
    CHECK(tools.run({"pwsh", {"-Command"}}, Deadline::never())->exit_code == 1);

    const SteadyTime began = clock.steady_now();
    CHECK(kind("azd") == ErrorKind::kTimeout);
    CHECK(clock.steady_now() - began == milliseconds(13'000));
    CHECK(kind("file") == ErrorKind::kNotFound);
    CHECK(kind("nothing") == ErrorKind::kNotFound);
    const std::vector<std::vector<std::string>> lines = {
        {"az", "account"}, {"pwsh", "/?"}, {"pwsh", "-Command"}, {"azd"}};
    CHECK(tools.command_lines() == lines);
  }
}

}  // namespace azf::test
