#include "runtime/dispatcher.h"

#include "core/json.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"

#include <doctest/doctest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using azf::Deadline;
using azf::Error;
using azf::ErrorKind;
using azf::Function;
using azf::Headers;
using azf::HttpOutput;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::HttpTrigger;
using azf::Invocation;
using azf::InvocationContext;
using azf::InvocationResult;
using azf::Json;
using azf::Method;
using azf::Result;
using azf::TextOutput;
using azf::to_text;

namespace {

// A dispatcher over functions of the test's own.
class Fixture {
 public:
  explicit Fixture(std::vector<Function> functions, std::string prefix = "api")
      : environment_(std::map<std::string, std::string, std::less<>>{
            {"AzureFunctionsJobHost__extensions__http__routePrefix", prefix.empty() ? "/" : prefix},
            {"AzureFunctionsJobHost__functionTimeout", "00:05:00"}}),
        router_(azf::Router::create(std::move(functions)).value()) {}

  HttpResponse send(const HttpRequest& request) const {
    azf::BufferedExchange exchange(request);
    auto response = handle(request, exchange.streams());
    return std::move(exchange).response(std::move(response));
  }
  [[nodiscard]] bool streams_body(const std::string& target) const { return dispatcher_.streams_body({.url = target}); }
  HttpResponse handle(const HttpRequest& request, const azf::Exchange& exchange) const {
    return dispatcher_.handle(request, exchange);
  }
  HttpResponse get(std::string target) const { return send({.url = std::move(target)}); }
  HttpResponse post_json(std::string target, std::string body, Headers headers = {}) const {
    headers.add("Content-Type", "application/json; charset=utf-8");
    return send(
        {.method = Method::kPost, .url = std::move(target), .headers = std::move(headers), .body = std::move(body)});
  }

  azf::test::FakeClock clock;
  azf::test::MemoryLogSink sink;

 private:
  const azf::Logger log_{sink, clock, azf::LogLevel::kDebug, azf::LogFormat::kJson};
  const azf::Environment environment_;
  const azf::HostConfiguration configuration_{environment_, log_};
  const azf::Router router_;
  const azf::Dispatcher dispatcher_{router_, configuration_, clock, log_, [] { return std::string("made-up"); }};
};

Function echo(std::string name, std::string route, std::vector<Method> methods = {}) {
  return azf::http_function(
      std::move(name), {.route = std::move(route), .methods = std::move(methods)},
      [](const HttpRequest& request, const InvocationContext& context) -> Result<HttpResponse> {
        std::string text(context.function_name);
        for (const auto& [key, value] : context.route_values) text += " " + key + "=" + value;
        return HttpResponse{.headers = {{"Content-Type", "text/plain"}}, .body = text + " " + request.body};
      });
}

// Sends the beginning of a response, then does what it is told to.
Function streaming(std::string name, Result<HttpResponse> end) {
  return azf::http_function(
      std::move(name), {.streams_body = true},
      [end = std::move(end)](const HttpRequest&, const InvocationContext& context) -> Result<HttpResponse> {
        std::array<char, 16> body{};
        const auto count = context.exchange.body.read(body);
        (void)context.exchange.response.begin({.status = 202, .headers = {{"Content-Type", "text/plain"}}});
        (void)context.exchange.response.write("got ");
        (void)context.exchange.response.write({body.data(), *count});
        return end;
      });
}

Function failing_http(std::string name, Error error) {
  return azf::http_function(
      std::move(name), {},
      [error = std::move(error)](const HttpRequest&, const InvocationContext&) -> Result<HttpResponse> {
        return error;
      });
}

Function throwing_http(std::string name) {
  return azf::http_function(std::move(name), {},
                            [](const HttpRequest&, const InvocationContext&) -> Result<HttpResponse> {
                              throw std::runtime_error("secret place in the code");
                            });
}

// Gives its queue message back in capitals of the test's making.
Function queue(std::string name, azf::TriggerHandler handler) {
  return azf::triggered_function(
      {.name = std::move(name),
       .bindings = {azf::QueueTrigger{.queue_name = "in"}, azf::QueueOutput{.queue_name = "out"}}},
      std::move(handler));
}

Function queue_echo(std::string name) {
  return queue(std::move(name), [](const Invocation& invocation, const InvocationContext&) -> Result<InvocationResult> {
    return InvocationResult{.outputs = {{"output", TextOutput{invocation.input("message")->text + "!"}}}};
  });
}

const std::string kMessage = R"({"Data":{"message":"\"hi\""},"Metadata":{}})";

std::string http_envelope(const std::string& url) {
  return to_text({{"Data", {{"req", {{"Url", url}, {"Method", "GET"}, {"Params", {{"id", "7"}}}, {"Body", "b"}}}}},
                  {"Metadata", Json::object()}});
}

Json body(const HttpResponse& response) { return azf::parse_json(response.body).value(); }

}  // namespace

TEST_SUITE("runtime") {
  TEST_CASE("H-05: the host's probe is answered 200, empty, without a line in the log") {
    const Fixture app({echo("all", "{*path}")}, "");
    CHECK(app.get("/") == HttpResponse{});
    CHECK(app.sink.lines().empty());
  }

  TEST_CASE("H-06: GET / with an invocation id goes to the function that owns it") {
    const Fixture app({echo("all", "{*path}")}, "");
    CHECK(app.send({.url = "/", .headers = {{"X-Azure-Functions-InvocationId", "i1"}}}).body == "all ");
    const Fixture other({echo("all", "{*path}")});
    CHECK(other.send({.url = "/", .headers = {{"X-Azure-Functions-InvocationId", "i1"}}}).status == 404);
  }

  TEST_CASE("H-31: forwarded requests are routed by prefix and template") {
    const Fixture with_prefix({echo("orders", "orders/{id}")});
    CHECK(with_prefix.get("/api/orders/7?x=1").body == "orders id=7 ");
    CHECK(with_prefix.get("/orders/7").status == 404);
    const Fixture without({echo("orders", "orders/{id}")}, "");
    CHECK(without.get("/orders/7").body == "orders id=7 ");
    CHECK(without.get("/api/orders/7").status == 404);
  }

  TEST_CASE("H-30, H-32: envelopes and forwarded requests are served side by side") {
    const Fixture app({echo("orders", "orders/{id}"), queue_echo("relay")});
    const auto reply = app.post_json("/relay", kMessage, {{"X-Azure-Functions-InvocationId", "i1"}});
    const HttpResponse expected{.headers = {{"Content-Type", "application/json; charset=utf-8"}},
                                .body = R"({"Outputs":{"output":"hi!"}})"};
    CHECK(reply == expected);
    CHECK(app.get("/api/orders/7").body == "orders id=7 ");
  }

  TEST_CASE("H-30: an HTTP function is served by envelope, too") {
    const Fixture app({echo("orders", "orders/{id}")});
    CHECK(body(app.post_json("/orders", http_envelope("http://h/api/orders/7"))) ==
          Json{{"Outputs",
                {{"res",
                  {{"statusCode", 200}, {"headers", {{"Content-Type", "text/plain"}}}, {"body", "orders id=7 b"}}}}}});
    const auto without_request = app.post_json("/orders", R"({"Data":{},"Metadata":{}})");
    CHECK(without_request.status == 400);
  }

  TEST_CASE("a function with an HTTP trigger and further outputs gets the request and answers it") {
    const Fixture app({azf::triggered_function(
        {.name = "order", .bindings = {HttpTrigger{}, HttpOutput{}, azf::QueueOutput{.queue_name = "out"}}},
        [](const Invocation& invocation, const InvocationContext& context) -> Result<InvocationResult> {
          return InvocationResult{.outputs = {{"res", HttpResponse{.status = 202, .body = invocation.request->url}},
                                              {"output", TextOutput{std::string(*context.route_values.get("id"))}}}};
        })});
    const auto outputs = body(app.post_json("/order", http_envelope("http://h/x?y"))).at("Outputs");
    CHECK(outputs.at("output") == "7");
    CHECK(outputs.at("res").at("statusCode") == 202);
    CHECK(outputs.at("res").at("body") == "/x?y");
    CHECK(app.sink.text().find(R"("status":"202")") != std::string::npos);
  }

  TEST_CASE("with an empty prefix a stranger's request in the shape of an envelope stays a request") {
    const Fixture app({echo("all", "{*path}"), queue_echo("relay")}, "");
    const std::string forwarded = "all path=relay " + kMessage;
    CHECK(app.post_json("/relay", kMessage, {{"Host", "app.example"}}).body == forwarded);
    CHECK(app.post_json("/relay", kMessage).body == forwarded);
    CHECK(app.post_json("/relay", kMessage, {{"Host", "127.0.0.1:5000"}, {"X-Forwarded-For", "9.9.9.9:1"}}).body ==
          forwarded);
    CHECK(app.post_json("/relay", kMessage, {{"Host", "127.0.0.1:5000"}, {"X-Forwarded-Host", "app.example"}}).body ==
          forwarded);
    CHECK(app.post_json("/relay", kMessage, {{"Host", "127.0.0.1.evil.example"}}).body == forwarded);
    CHECK(app.post_json("/relay", kMessage, {{"Host", "127.0.0.1:5000"}}).body == R"({"Outputs":{"output":"hi!"}})");
    CHECK(app.post_json("/relay", R"({"any":"JSON"})", {{"Host", "127.0.0.1:5000"}}).body ==
          R"(all path=relay {"any":"JSON"})");
  }

  TEST_CASE("a POST to a function's name that is no envelope says so") {
    const Fixture app({queue_echo("relay")});
    const auto response = app.post_json("/relay", R"({"Data":{}})");
    CHECK(response.status == 400);
    CHECK(body(response).at("detail") ==
          "not an invocation of the Functions host: member \"Metadata\" must be an object");
    CHECK(app.send({.method = Method::kPost,
                    .url = "/relay",
                    .headers = {{"Content-Type", "text/plain"}},
                    .body = kMessage})
              .status == 404);
    CHECK(app.post_json("/relay?x", kMessage).status == 404);
    CHECK(app.post_json("/Relay", kMessage).status == 404);
    CHECK(app.get("/relay").status == 404);
  }

  TEST_CASE("H-33: the host's invocation id reaches the function, the log and the problem") {
    std::string seen;
    const Fixture app({azf::http_function(
        "f", {}, [&seen](const HttpRequest&, const InvocationContext& context) -> Result<HttpResponse> {
          seen = context.invocation_id;
          context.log.info("inside");
          return Error{ErrorKind::kNotFound, "no such thing"};
        })});
    const auto response = app.send({.url = "/api/f", .headers = {{"X-Azure-Functions-InvocationId", "evil, 0f3d"}}});
    CHECK(seen == "0f3d");
    CHECK(body(response) ==
          Json{{"status", 404}, {"title", "Not Found"}, {"detail", "no such thing"}, {"invocationId", "0f3d"}});
    for (const auto& [level, line] : app.sink.lines())
      CHECK(line.find(R"("invocation_id":"0f3d")") != std::string::npos);
    CHECK(app.sink.lines().size() == 3);

    (void)app.get("/api/f");
    CHECK(seen == "made-up");
  }

  TEST_CASE("H-39: unknown routes are 404, unknown methods 405 with those that are known") {
    const Fixture app({echo("read", "orders", {Method::kGet}), echo("write", "orders", {Method::kPost})});
    for (const auto* target : {"/api/nothing", "/nothing", "/api", "/api/orders/7", "*", "http://h/api/orders", ""}) {
      CAPTURE(target);
      const auto response = app.get(target);
      CHECK(response.status == 404);
      CHECK(response.headers.get("Content-Type") == "application/problem+json");
    }
    const auto response = app.send({.method = Method::kDelete, .url = "/api/orders"});
    CHECK(response.status == 405);
    CHECK(response.headers.get("Allow") == "GET, POST");
  }

  TEST_CASE("H-29: an exception is a bare 500, and its text is in the log alone") {
    const Fixture app({throwing_http("f")});
    const auto response = app.get("/api/f");
    CHECK(response.status == 500);
    CHECK(body(response) == Json{{"status", 500}, {"title", "Internal Server Error"}, {"invocationId", "made-up"}});
    REQUIRE(app.sink.lines().size() == 2);
    CHECK(app.sink.lines()[0].first == azf::LogLevel::kError);
    CHECK(app.sink.lines()[0].second.find("secret place in the code") != std::string::npos);
    CHECK(app.get("/api/f").status == 500);
  }

  TEST_CASE("errors of a function are answered by the status table, in full only in the log") {
    const Fixture app({failing_http("down", {ErrorKind::kTransport, "db-7 refused"}),
                       failing_http("wrong", {ErrorKind::kInvalidArgument, "id is odd"})});
    const auto down = app.get("/api/down");
    CHECK(down.status == 502);
    CHECK(down.body.find("db-7") == std::string::npos);
    CHECK(app.sink.text().find("db-7 refused") != std::string::npos);
    const auto wrong = app.get("/api/wrong");
    CHECK(wrong.status == 400);
    CHECK(body(wrong).at("detail") == "id is odd");
  }

  TEST_CASE("H-47: a failed envelope is 500 for the trigger's retry, but a response for an HTTP caller") {
    const auto fails = [](const Invocation&, const InvocationContext&) -> Result<InvocationResult> {
      return Error{ErrorKind::kInvalidArgument, "poison"};
    };
    const auto throws = [](const Invocation&, const InvocationContext&) -> Result<InvocationResult> { throw 7; };
    const Fixture app(
        {queue("fails", fails), queue("throws", throws), throwing_http("http"),
         azf::triggered_function(
             {.name = "both", .bindings = {HttpTrigger{}, HttpOutput{}, azf::QueueOutput{.queue_name = "q"}}}, fails)});
    CHECK(app.post_json("/fails", kMessage).status == 500);
    CHECK(app.post_json("/throws", kMessage).status == 500);
    CHECK(app.sink.text().find("poison") != std::string::npos);
    CHECK(app.sink.text().find("uncaught exception of an unknown type") != std::string::npos);

    const auto http = app.post_json("/http", http_envelope("http://h/"));
    CHECK(http.status == 200);
    CHECK(body(http).at("Outputs").at("res").at("statusCode") == 500);
    const auto both = app.post_json("/both", http_envelope("http://h/"));
    CHECK(both.status == 200);
    CHECK(body(both).at("Outputs").at("res").at("statusCode") == 400);
  }

  TEST_CASE("an output that cannot be sent fails the invocation, and the log says why") {
    const Fixture app(
        {queue("bad",
               [](const Invocation&, const InvocationContext&) -> Result<InvocationResult> {
                 return InvocationResult{.outputs = {{"Output", TextOutput{"x"}}}};
               }),
         azf::http_function("image", {}, [](const HttpRequest&, const InvocationContext&) -> Result<HttpResponse> {
           return HttpResponse{.body = "\x89PNG"};
         })});
    CHECK(app.post_json("/bad", kMessage).status == 500);
    CHECK(app.sink.text().find("is not declared as an output") != std::string::npos);
    const auto image = app.post_json("/image", http_envelope("http://h/"));
    CHECK(body(image).at("Outputs").at("res").at("statusCode") == 500);
    CHECK(app.sink.text().find("enableForwardingHttpRequest") != std::string::npos);
    CHECK(app.get("/api/image").body == "\x89PNG");
  }

  TEST_CASE("H-45: a function that returns nothing is answered by an empty object") {
    const Fixture app({queue("quiet", [](const Invocation&, const InvocationContext&) -> Result<InvocationResult> {
      return InvocationResult{};
    })});
    CHECK(app.post_json("/quiet", kMessage).body == "{}");
  }

  TEST_CASE("H-11: each invocation has one line with function, status and duration, never a query") {
    Fixture* clock_owner = nullptr;
    Fixture app({azf::http_function(
        "slow", {}, [&clock_owner](const HttpRequest&, const InvocationContext&) -> Result<HttpResponse> {
          clock_owner->clock.advance(std::chrono::microseconds(1500));
          return HttpResponse{.status = 204};
        })});
    clock_owner = &app;
    (void)app.get("/api/slow?code=hunter2");
    (void)app.get("/api/other?code=hunter2");
    REQUIRE(app.sink.lines().size() == 2);
    const auto first = azf::parse_json(app.sink.lines()[0].second).value();
    CHECK(first.at("message") == "invocation");
    CHECK(first.at("function") == "slow");
    CHECK(first.at("method") == "GET");
    CHECK(first.at("status") == "204");
    CHECK(first.at("duration_us") == "1500");
    const auto second = azf::parse_json(app.sink.lines()[1].second).value();
    CHECK(second.at("message") == "no function");
    CHECK(second.at("path") == "/api/other");
    CHECK(app.sink.text().find("hunter2") == std::string::npos);
  }

  TEST_CASE("the deadline is the app's time-out, and all functions are known to each") {
    Deadline seen = Deadline::never();
    std::size_t count = 0;
    const Fixture app(
        {azf::http_function("f", {},
                            [&](const HttpRequest&, const InvocationContext& context) -> Result<HttpResponse> {
                              seen = context.deadline;
                              count = context.functions.size();
                              return HttpResponse{};
                            }),
         echo("g", "g")});
    (void)app.get("/api/f");
    CHECK(seen.remaining(app.clock) == std::chrono::minutes(5));
    CHECK(count == 2);
  }

  TEST_CASE("a function may read its body and send its response piece by piece") {
    const Fixture app({streaming("stream", HttpResponse{}), echo("echo", "echo")});
    const auto response = app.send({.method = Method::kPost, .url = "/api/stream", .body = "abc"});
    CHECK(response.status == 202);
    CHECK(response.headers.get("Content-Type") == "text/plain");
    CHECK(response.body == "got abc");
    CHECK(app.sink.text().find("\"status\":\"202\"") != std::string::npos);
    CHECK(app.streams_body("/api/stream"));
    CHECK_FALSE(app.streams_body("/api/echo"));
    CHECK_FALSE(app.streams_body("/elsewhere"));
  }

  TEST_CASE("an error behind the beginning of a response breaks it off, and is in the log") {
    const Fixture app({streaming("stream", Error{ErrorKind::kTransport, "the service is gone"})});
    const HttpRequest request{.url = "/api/stream"};
    azf::BufferedExchange exchange(request);
    (void)app.handle(request, exchange.streams());
    CHECK(exchange.broken_off());
    CHECK(app.sink.text().find("the service is gone") != std::string::npos);
  }

  TEST_CASE("in an envelope a response that is sent piece by piece is put together, and one broken off is a problem") {
    for (const bool whole : {true, false}) {
      const auto end = whole ? Result<HttpResponse>(HttpResponse{}) : Error{ErrorKind::kTransport, "gone"};
      const Fixture app({streaming("stream", end)});
      const auto reply = azf::parse_json(app.post_json("/stream", http_envelope("http://h/api/stream")).body).value();
      const auto& output = reply["Outputs"]["res"];
      CHECK(output["statusCode"] == (whole ? 202 : 502));
      if (whole) CHECK(output["body"] == "got b");
    }
  }
}
