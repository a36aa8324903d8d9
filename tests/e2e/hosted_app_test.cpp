#include "e2e/hosted_app.h"

#include "e2e/handler_app.h"

#include <doctest/doctest.h>

#include <signal.h>
#include <string>

using azf::Json;
using azf::test::ChildProcess;
using azf::test::handler_program;
using azf::test::HostedApp;
using azf::test::json_body;
using azf::test::quiet_environment;

namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// The outcome of each credential that was asked, in order: `EnvironmentCredential unavailable`, ...
std::vector<std::string> attempts(const Json& status) {
  std::vector<std::string> list;
  for (const Json& attempt : status.value("attempts", Json::array())) {
    list.push_back(attempt.value("name", "") + " " + attempt.value("outcome", ""));
  }
  return list;
}

}  // namespace

TEST_SUITE("e2e") {
  TEST_CASE("the host serves greet by path, query and body, and passes its errors on") {
    const HostedApp app;
    CHECK(json_body(app.get("/api/greet/Ada")) == Json{{"message", "Hello, Ada!"}});
    CHECK(json_body(app.post("/api/greet", R"({"name":"Grace"})")) == Json{{"message", "Hello, Grace!"}});
    const auto refused = app.post("/api/greet", R"({"name":7})");
    CHECK(refused.starts_with("HTTP/1.1 400 "));
    CHECK(contains(refused, R"({"field":"name","message":"must be a string"})"));
    CHECK(app.get("/api/nothing").starts_with("HTTP/1.1 404 "));
  }

  TEST_CASE("one process serves the same functions by envelopes, where the host does not forward") {
    const HostedApp app({"--mode", "azure"},
                        {{"AzureFunctionsJobHost__customHandler__enableForwardingHttpRequest", "false"},
                         {"AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest", "false"}});
    CHECK(json_body(app.get("/api/greet/Ada")) == Json{{"message", "Hello, Ada!"}});
    const auto refused = app.post("/api/greet", R"({"name":""})");
    CHECK(refused.starts_with("HTTP/1.1 400 "));
    CHECK(contains(refused, R"("field":"name")"));
    CHECK(json_body(app.get("/api/token-status")).value("credential", "") == "ManagedIdentityCredential");
  }

  TEST_CASE("token-status gets a token from the App Service endpoint, and shows everything but the token") {
    const HostedApp app;
    const auto response = app.get("/api/token-status?scope=https://vault.azure.net/.default");
    REQUIRE(response.starts_with("HTTP/1.1 200 "));
    const Json status = json_body(response);
    const Json identity = app.ready_file().value("identity", Json::object());
    CHECK(status.value("credential", "") == "ManagedIdentityCredential");
    CHECK(status.value("audience", "") == "https://vault.azure.net");
    CHECK(status.value("tenant_id", "") == identity.value("tenant_id", "?"));
    CHECK(attempts(status) == std::vector<std::string>{"EnvironmentCredential unavailable",
                                                       "WorkloadIdentityCredential unavailable",
                                                       "ManagedIdentityCredential succeeded"});
    CHECK_FALSE(contains(response + app.log(), "eyJ"));  // how every JWT begins

    const Json again = json_body(app.get("/api/token-status?scope=https://vault.azure.net/.default"));
    CHECK(again.value("expires_on", "") == status.value("expires_on", "?"));
    std::size_t asked = 0;
    for (const Json& entry : json_body(app.get("/emulator/journal")).value("requests", Json::array())) {
      asked += entry.dump().find("vault.azure.net") != std::string::npos ? 1 : 0;
    }
    CHECK(asked == 1);
  }

  TEST_CASE("every kind of identity wins in its own way") {
    struct Row {
      const char* kind;
      std::string credential;
    };
    for (const Row& row : {Row{"imds", "ManagedIdentityCredential"}, Row{"entra", "EnvironmentCredential"},
                           Row{"workload", "WorkloadIdentityCredential"}}) {
      CAPTURE(row.kind);
      const HostedApp app({"--identity", row.kind});
      const auto response = app.get("/api/token-status");
      CAPTURE(response);
      REQUIRE(response.starts_with("HTTP/1.1 200 "));
      CHECK(json_body(response).value("credential", "") == row.credential);
      CHECK(json_body(app.get("/api/health/ready")).value("ready", false));
    }
  }

  TEST_CASE("I-15, I-54: a refused secret stops the chain and is explained") {
    const HostedApp app({"--identity", "entra"});
    Json refusal = {
        {"times", 9},
        {"status", 401},
        {"headers", {{"Content-Type", "application/json"}}},
        {"body",
         R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Trace ID: 66666666-6666-4666-8666-666666666666","error_codes":[7000215]})"}};
    REQUIRE(contains(app.post("/emulator/replies/entra", refusal.dump()), "HTTP/1.1 20"));
    const auto response = app.get("/api/token-status");
    CHECK(response.starts_with("HTTP/1.1 502 "));
    CHECK(attempts(json_body(response)) == std::vector<std::string>{"EnvironmentCredential failed"});
    CHECK(contains(response, "7000215"));
    const auto ready = app.get("/api/health/ready");
    CHECK(ready.starts_with("HTTP/1.1 503 "));
    CHECK(contains(ready, "the credential was refused"));
    CHECK(app.get("/api/health/live").starts_with("HTTP/1.1 200 "));
  }

  TEST_CASE("the host asks for the key of a function that needs one") {
    const HostedApp app({"--require-keys"});
    CHECK(app.get("/api/token-status").starts_with("HTTP/1.1 401 "));
    CHECK(app.get("/api/token-status", "x-functions-key: wrong\r\n").starts_with("HTTP/1.1 401 "));
    const auto key = app.ready_file().value("keys", Json::object()).value("function", "");
    CHECK(app.get("/api/token-status", "x-functions-key: " + key + "\r\n").starts_with("HTTP/1.1 200 "));
    CHECK(app.get("/api/greet").starts_with("HTTP/1.1 200 "));
    CHECK_FALSE(contains(app.log(), "x-functions-key: " + key));
  }

  TEST_CASE("the timer fires, logs, and refreshes the tokens that modules need") {
    const HostedApp app;
    CHECK(app.post("/admin/functions/heartbeat", "{}").starts_with("HTTP/1.1 202 "));
    (void)app.get_until("/emulator/journal", "management.azure.com");
    const Json status = json_body(app.get("/api/token-status"));
    CHECK(status.value("credential", "") == "ManagedIdentityCredential");
    CHECK(contains(app.log(), "\"message\":\"heartbeat\""));
  }

  TEST_CASE("a queue message goes through relay, whatever its text is") {
    const HostedApp app;
    for (const std::string text : {"hello", "test", R"({"a":[1]})", "2024-05-01T10:00:00Z", "\xc3\xbc \"q\""}) {
      CAPTURE(text);
      CHECK(app.post("/emulator/queues/relay-in", text).starts_with("HTTP/1.1 201 "));
      const Json queue = json_body(app.get_until("/emulator/queues/relay-out", "relayed_at"));
      const Json& messages = queue.value("messages", Json::array());
      REQUIRE(messages.size() == 1);
      const auto relayed = azf::parse_json(messages.front().value("text", ""));
      REQUIRE(relayed);
      CHECK(relayed->value("text", "") == text);
      CHECK(app.remove("/emulator/queues/relay-out").starts_with("HTTP/1.1 20"));
    }
  }

  TEST_CASE("a crash of the handler is survived") {
    const HostedApp app;
    const auto first = app.ready_file().value("handler_pid", 0);
    REQUIRE(first > 0);
    REQUIRE(::kill(first, SIGSEGV) == 0);
    const Json handler = json_body(app.get_until("/emulator/handler", "\"starts\":2"));
    CHECK(handler.value("pid", first) != first);
    CHECK(json_body(app.get("/api/greet/Ada")) == Json{{"message", "Hello, Ada!"}});
  }

  TEST_CASE("the host ends by a signal, and leaves no handler behind") {
    HostedApp app;
    const auto handler = app.ready_file().value("handler_pid", 0);
    app.emulator().signal(SIGINT);
    CHECK(app.emulator().wait() == 0);
    CHECK(::kill(handler, 0) != 0);
  }

  TEST_CASE("staged function.json files and the program's list agree") {
    const HostedApp app;
    auto environment = quiet_environment();
    ChildProcess list(handler_program(), {.arguments = {"functions", "--format", "json"},
                                          .environment = environment,
                                          .directory = azf::test::app_directory()});
    REQUIRE(list.wait() == 0);
    const auto declared = azf::parse_json(list.standard_output());
    REQUIRE(declared);
    const Json loaded = app.ready_file().value("functions", Json::array());
    REQUIRE(declared->size() == loaded.size());
    for (std::size_t i = 0; i < loaded.size(); ++i) {
      CHECK((*declared)[i].value("name", "") == loaded[i].value("name", "?"));
      if ((*declared)[i].contains("path")) {
        CHECK(loaded[i].value("url", "").ends_with((*declared)[i].value("path", "?")));
      }
    }
  }

  TEST_CASE("handler token explains itself, in three formats and by its exit code") {
    const HostedApp app({"--identity", "entra"});
    const Json identity = app.ready_file().value("identity", Json::object());
    auto environment = quiet_environment();
    environment["AZURE_AUTHORITY_HOST"] = identity.value("authority", "");
    environment["SSL_CERT_FILE"] = identity.value("ca_file", "");
    environment["IDENTITY_ENDPOINT"] = "";
    const auto run = [&](std::vector<std::string> arguments) {
      arguments.insert(arguments.begin(), {"token", "--scope", "https://vault.azure.net/.default"});
      return std::make_unique<ChildProcess>(
          handler_program(),
          azf::test::ChildOptions{.arguments = arguments, .environment = environment, .directory = {}});
    };
    const auto without = run({"--output", "json"});
    CHECK(without->wait() == 1);
    CHECK(attempts(*azf::parse_json(without->standard_output())).size() == 6);
    CHECK(contains(without->standard_error(), "AZURE_TENANT_ID"));

    const Json application = identity.value("application", Json::object());
    environment["AZURE_TENANT_ID"] = identity.value("tenant_id", "");
    environment["AZURE_CLIENT_ID"] = application.value("client_id", "");
    environment["AZURE_CLIENT_SECRET"] = "not-the-secret";
    const auto refused = run({});
    CHECK(refused->wait() == 1);
    CHECK(contains(refused->standard_error(), "AADSTS7000215"));
    CHECK_FALSE(contains(refused->standard_error(), "not-the-secret"));

    const auto unknown = run({"--credential", "nope"});
    CHECK(unknown->wait() == 2);
  }
}
