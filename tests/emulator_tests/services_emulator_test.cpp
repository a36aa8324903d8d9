#include "emulator/services/services_emulator.h"

#include "emulator/state_file.h"
#include "emulator/wire/message_io.h"

#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace azf::emulator {
namespace {

struct Fixture {
  Fixture() {
    std::signal(SIGPIPE, SIG_IGN);
    auto created = TemporaryFolder::create();
    REQUIRE(created);
    folder.emplace(std::move(*created));
    auto identity_started = IdentityEmulator::start({.state_folder = folder->path()}, clock);
    REQUIRE(identity_started);
    identity = std::move(*identity_started);
    auto started = ServicesEmulator::start({.stream_pace = {}, .state_folder = folder->path()}, *identity, clock);
    REQUIRE(started);
    services = std::move(*started);
    record = services->describe();
  }

  std::string url(const std::string& name) { return record[name + "_url"].get<std::string>(); }

  // Sends a request to a URL with a token for that audience, over TLS with the emulator's authority.
  Result<Reply> send(const std::string& method, const std::string& target_url, const std::string& audience,
                     const std::string& body = "") {
    const auto begin = target_url.find("//") + 2;
    const auto slash = target_url.find('/', begin);
    const std::string host = target_url.substr(begin, slash - begin);
    const std::string token =
        identity->issuer().issue({"client", "object", ""}, audience, ClientProof::kAssertion, std::chrono::hours(1));
    const Request request{method,
                          target_url.substr(slash),
                          {{"Host", host},
                           {"Authorization", "Bearer " + token},
                           {"Content-Type", "application/json"},
                           {"Content-Length", std::to_string(body.size())}},
                          body};
    const auto socket = connect();
    REQUIRE(socket);
    std::ifstream file(record["ca_file"].get<std::string>());
    const auto context = TlsContext::client(std::string(std::istreambuf_iterator<char>(file), {}));
    REQUIRE(context);
    const auto stream = context->connect(socket->get(), deadline(), clock);
    REQUIRE(stream);
    MessageReader reader(**stream);
    REQUIRE((*stream)->write(to_wire(request), deadline()));
    return reader.read_reply(method, deadline());
  }

  // All services have one port.
  Result<FileDescriptor> connect() {
    const std::string origin = url("key_vault");
    return connect_loopback(std::stoi(origin.substr(origin.rfind(':') + 1)), deadline(), clock);
  }

  Result<Reply> chat(bool stream) {
    const Json body{{"messages", Json::array({{{"role", "user"}, {"content", "Hello"}}})}, {"stream", stream}};
    return send("POST", url("openai") + "/openai/deployments/demo/chat/completions?api-version=2024-10-21",
                "https://cognitiveservices.azure.com", to_text(body));
  }
  void order(const std::string& endpoint, const std::string& steps) {
    CHECK(identity->control({"POST", "/emulator/replies/" + endpoint, {}, steps})->status == 204);
  }
  Json journal() { return (*parse_json(identity->control({"GET", "/emulator/journal", {}, ""})->body))["requests"]; }
  Deadline deadline() { return Deadline::after(clock, std::chrono::minutes(1)); }

  const SystemClock clock;
  std::optional<TemporaryFolder> folder;
  std::unique_ptr<IdentityEmulator> identity;
  std::unique_ptr<ServicesEmulator> services;
  Json record;
};

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "serves every service where it says") {
  CHECK(chat(false)->status == 200);
  CHECK(send("GET", url("session_pool") + "/files?api-version=2025-02-02-preview&identifier=abcd",
             "https://dynamicsessions.io")
            ->status == 200);
  CHECK(send("GET", url("key_vault") + "/secrets/demo-greeting?api-version=2025-07-01", "https://vault.localhost")
            ->status == 200);
  CHECK(send("GET", url("graph") + "/v1.0/users", "https://graph.microsoft.com")->status == 200);
  CHECK(send("GET", url("blob") + "/files/a", "https://storage.azure.com")->status == 403);
  CHECK(send("GET", url("blob") + "s/files/a", "https://storage.azure.com")->status == 404);
}

TEST_CASE_FIXTURE(Fixture, "tells a handler all that it needs") {
  const Variables variables = services->variables();
  CHECK(variables.at("AZF_DEMO_AZURE_OPENAI_ENDPOINT") == url("openai"));
  CHECK(variables.at("AZF_DEMO_AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT") == url("session_pool"));
  CHECK(variables.at("AZF_DEMO_AZURE_KEY_VAULT_ENDPOINT") == url("key_vault"));
  CHECK(variables.at("AZF_DEMO_AZURE_STORAGE_BLOB_ENDPOINT") == url("blob"));
  CHECK(variables.at("AZF_DEMO_MICROSOFT_GRAPH_ENDPOINT") == url("graph"));
  CHECK(variables.at("SSL_CERT_FILE") == record["ca_file"]);
  CHECK(variables.at("CURL_CA_BUNDLE") == record["ca_file"]);
}

TEST_CASE_FIXTURE(Fixture, "streams in chunks") {
  const auto reply = chat(true);
  REQUIRE(reply);
  CHECK(*find_header(reply->headers, "Transfer-Encoding") == "chunked");
  CHECK(reply->body.ends_with("data: [DONE]\n\n"));
}

TEST_CASE_FIXTURE(Fixture, "fails in the words of the service when a test wants it") {
  order("openai", R"([{"status":429,"headers":{"Retry-After":7}},{"status":403},{"status":400,"body":"{"}])");
  const auto throttled = chat(false);
  CHECK(throttled->status == 429);
  CHECK(*find_header(throttled->headers, "Retry-After") == "7");
  CHECK((*parse_json(throttled->body))["error"]["code"] == "429");
  CHECK(chat(false)->body.find("PermissionDenied") != std::string::npos);
  CHECK(chat(false)->body == "{");
  CHECK(chat(false)->status == 200);
}

TEST_CASE_FIXTURE(Fixture, "breaks off replies when a test wants it") {
  order("openai", R"([{"cut_after":200},{"cut_after":0},{"cut_after":100},{"drop":true},{"cut_after":1000000}])");
  for (const bool stream : {true, true, false, false}) {
    const auto reply = chat(stream);
    REQUIRE_FALSE(reply);
  }
  CHECK(chat(true));
}

TEST_CASE_FIXTURE(Fixture, "goes away in the middle of a request when a test wants it, and is back at the same port") {
  const auto run = [this](const std::string& code) {
    const Json body{{"codeInputType", "Inline"}, {"executionType", "Synchronous"}, {"code", code}};
    return send("POST", url("session_pool") + "/executions?api-version=2025-02-02-preview&identifier=abcd",
                "https://dynamicsessions.io", to_text(body));
  };
  CHECK(run("x = 1")->body.find("Succeeded") != std::string::npos);
  const auto idle = connect();
  order("openai", R"({"restart":true,"away_ms":300})");

  CHECK_FALSE(chat(false));
  char byte = 0;
  CHECK(SocketStream(idle->get(), clock).read({&byte, 1}, deadline()).error().message ==
        "receive: Connection reset by peer");
  CHECK(connect().error().kind == ErrorKind::kNotFound);
  while (!connect()) clock.sleep_for(std::chrono::milliseconds(5));

  CHECK(chat(false)->status == 200);
  CHECK(run("x")->body.find("NameError") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "goes away within a reply, and takes what else is under way with it") {
  order("openai", R"([{"pace_ms":3600000},{"restart":true,"away_ms":0,"cut_after":100}])");
  std::thread caller([this] { CHECK_FALSE(chat(true)); });
  while (journal().empty()) clock.sleep_for(std::chrono::milliseconds(5));
  CHECK_FALSE(chat(true));
  caller.join();
  CHECK(journal()[1]["status"] == 200);

  order("openai", R"({"restart":true,"away_ms":0,"cut_after":10})");
  while (!connect()) clock.sleep_for(std::chrono::milliseconds(5));
  CHECK_FALSE(chat(false));
  while (!connect()) clock.sleep_for(std::chrono::milliseconds(5));
  CHECK(chat(true)->status == 200);
}

TEST_CASE_FIXTURE(Fixture, "does not hold up the end while it is away") {
  order("openai", R"({"restart":true,"away_ms":3600000})");
  CHECK_FALSE(chat(false));
  CHECK_FALSE(connect());
  services.reset();
}

TEST_CASE_FIXTURE(Fixture, "does not hold up the end with a stream that stands still") {
  order("openai", R"({"pace_ms":3600000})");
  std::thread caller([this] { CHECK_FALSE(chat(true)); });
  while (journal().empty()) clock.sleep_for(std::chrono::milliseconds(5));
  services.reset();
  caller.join();
}

TEST_CASE_FIXTURE(Fixture, "keeps one journal, with bodies and without secrets") {
  (void)chat(false);
  (void)send("GET", url("session_pool") + "/files?api-version=2025-02-02-preview&identifier=MARKER",
             "https://dynamicsessions.io");
  const Json entries = journal();
  REQUIRE(entries.size() == 2);
  CHECK(entries[0]["endpoint"] == "openai");
  CHECK(entries[0]["json"]["messages"][0]["content"] == "Hello");
  CHECK(entries[0]["headers"]["Authorization"] == "(hidden)");
  CHECK(entries[0]["assertions"]["authorization"]["claims"]["aud"] == "https://cognitiveservices.azure.com");
  CHECK(entries[1]["endpoint"] == "session-pool");
  CHECK(entries[1]["json"].is_null());
  CHECK(to_text(entries).find("MARKER") == std::string::npos);
}

TEST_SUITE_END();

}  // namespace azf::emulator
