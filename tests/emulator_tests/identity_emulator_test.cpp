#include "emulator/identity/identity_emulator.h"

#include "emulator/state_file.h"
#include "emulator/wire/http_client.h"
#include "emulator/wire/message_io.h"

#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>

namespace azf::emulator {
namespace {

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

int port_of(const std::string& url) { return std::stoi(url.substr(url.rfind(':') + 1)); }

struct Fixture {
  Fixture() {
    std::signal(SIGPIPE, SIG_IGN);
    auto created = TemporaryFolder::create();
    REQUIRE(created);
    folder.emplace(std::move(*created));
    auto started = IdentityEmulator::start({.state_folder = folder->path()}, clock);
    REQUIRE(started);
    emulator = std::move(*started);
  }

  Reply plain(const Request& request) {
    LoopbackClient client(port_of(emulator->http_url()), clock);
    auto reply = client.send(request, deadline());
    REQUIRE(reply);
    return std::move(*reply);
  }

  Result<Reply> encrypted(const std::string& authority, const Request& request) {
    const auto socket = connect_loopback(port_of(emulator->https_url()), deadline(), clock);
    REQUIRE(socket);
    const auto context = TlsContext::client(authority);
    REQUIRE(context);
    const auto stream = context->connect(socket->get(), deadline(), clock);
    if (!stream) return stream.error();
    MessageReader reader(**stream);
    REQUIRE((*stream)->write(to_wire(request), deadline()));
    return reader.read_reply(request.method, deadline());
  }

  Deadline deadline() { return Deadline::after(clock, std::chrono::minutes(1)); }

  const SystemClock clock;
  std::optional<TemporaryFolder> folder;
  std::unique_ptr<IdentityEmulator> emulator;
};

Request token_request(const Variables& variables, const std::string& proof) {
  const std::string body = "grant_type=client_credentials&client_id=" + variables.at("AZURE_CLIENT_ID") +
                           "&scope=https%3A%2F%2Fvault.azure.net%2F.default&" + proof;
  return {"POST",
          "/" + variables.at("AZURE_TENANT_ID") + "/oauth2/v2.0/token",
          {{"Host", "127.0.0.1"},
           {"Content-Type", "application/x-www-form-urlencoded"},
           {"Content-Length", std::to_string(body.size())}},
          body};
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "serves managed identity by the variables it gives") {
  const Variables variables = emulator->variables(IdentityKind::kAppService);
  CHECK(variables.at("IDENTITY_ENDPOINT") == emulator->http_url() + "/msi/token");
  const std::string query = "?api-version=2019-08-01&resource=https://vault.azure.net";
  const Headers headers = {{"X-IDENTITY-HEADER", variables.at("IDENTITY_HEADER")}};
  CHECK(plain({"GET", "/msi/token" + query, headers, ""}).status == 200);
  CHECK(plain({"GET", "/MSI/Token/" + query, headers, ""}).status == 200);
  CHECK(plain({"GET", "/msi/token" + query, {}, ""}).status == 401);

  CHECK(emulator->variables(IdentityKind::kImds) ==
        Variables{{"AZURE_POD_IDENTITY_AUTHORITY_HOST", emulator->http_url()}});
  CHECK(plain({"GET", "/metadata/identity/oauth2/token", {}, ""}).status == 400);
  CHECK(plain({"GET", "/other", {}, ""}).status == 404);
  CHECK(emulator->variables(IdentityKind::kNone).empty());
}

TEST_CASE_FIXTURE(Fixture, "serves Entra over TLS with the authority in the file") {
  const Variables variables = emulator->variables(IdentityKind::kEntra);
  CHECK(variables.at("AZURE_AUTHORITY_HOST") == emulator->https_url() + "/");
  const std::string authority = text_of(variables.at("SSL_CERT_FILE"));
  const auto reply =
      encrypted(authority, token_request(variables, "client_secret=" + variables.at("AZURE_CLIENT_SECRET")));
  REQUIRE(reply);
  CHECK(reply->status == 200);
}

TEST_CASE_FIXTURE(Fixture, "is not trusted by whoever knows another authority") {
  auto other_folder = TemporaryFolder::create();
  REQUIRE(other_folder);
  const auto other = IdentityEmulator::start({.state_folder = other_folder->path()}, clock);
  REQUIRE(other);
  CHECK_FALSE(encrypted(text_of(other_folder->path() / "ca.pem"), {}));
}

TEST_CASE_FIXTURE(Fixture, "accepts the federated token in the file and renews it on request") {
  const Variables variables = emulator->variables(IdentityKind::kWorkload);
  CHECK_FALSE(variables.contains("AZURE_CLIENT_SECRET"));
  const std::string file = variables.at("AZURE_FEDERATED_TOKEN_FILE");
  const std::string first = text_of(file);
  CHECK(plain({"POST", "/emulator/federated-token", {{"Content-Length", "0"}}, ""}).status == 204);
  const std::string second = text_of(file);
  CHECK(first != second);
  for (const auto& token : {first, second}) {
    const auto reply = encrypted(
        text_of(variables.at("SSL_CERT_FILE")),
        token_request(
            variables,
            "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=" + token));
    REQUIRE(reply);
    CHECK(reply->status == 200);
  }
}

TEST_CASE_FIXTURE(Fixture, "plays failures and keeps a journal through its control interface") {
  const std::string order = R"({"status":503,"headers":{"Retry-After":"7"}})";
  CHECK(plain({"POST", "/emulator/replies/imds", {{"Content-Length", std::to_string(order.size())}}, order}).status ==
        204);
  const std::string target = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=x";
  CHECK(plain({"GET", target, {{"Metadata", "true"}}, ""}).status == 503);
  CHECK(plain({"GET", target, {{"Metadata", "true"}}, ""}).status == 200);
  const auto journal = parse_json(plain({"GET", "/emulator/journal", {}, ""}).body);
  REQUIRE(journal);
  CHECK((*journal)["requests"].size() == 2);
  CHECK(plain({"GET", "/emulator/unknown", {}, ""}).status == 404);
}

TEST_CASE_FIXTURE(Fixture, "describes itself without secrets") {
  const std::string description = to_text(emulator->describe());
  for (const auto kind : {IdentityKind::kAppService, IdentityKind::kEntra, IdentityKind::kWorkload}) {
    const Variables variables = emulator->variables(kind);
    for (const char* name : {"IDENTITY_HEADER", "AZURE_CLIENT_SECRET"}) {
      if (variables.contains(name)) CHECK(description.find(variables.at(name)) == std::string::npos);
    }
    CHECK_FALSE(emulator->explain(kind).empty());
  }
}

TEST_SUITE_END();

}  // namespace azf::emulator
