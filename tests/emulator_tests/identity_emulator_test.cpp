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
std::string path_of(const std::string& url) { return url.substr(url.find('/', url.find("//") + 2)); }

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
    return encrypted_to(port_of(emulator->https_url()), authority, request);
  }

  Result<Reply> encrypted_to(int port, const std::string& authority, const Request& request) {
    const auto socket = connect_loopback(port, deadline(), clock);
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

TEST_CASE_FIXTURE(Fixture, "serves each kind of managed identity by the variables it gives") {
  Variables variables = emulator->variables(IdentityKind::kAppService2017);
  const std::string query = "&resource=https://vault.azure.net";
  CHECK(plain({"GET",
               path_of(variables.at("MSI_ENDPOINT")) + "?api-version=2017-09-01" + query,
               {{"secret", variables.at("MSI_SECRET")}},
               ""})
            .status == 200);
  variables = emulator->variables(IdentityKind::kAzureMl);
  CHECK(plain({"GET",
               path_of(variables.at("MSI_ENDPOINT")) + "?api-version=2017-09-01" + query +
                   "&clientid=" + variables.at("DEFAULT_IDENTITY_CLIENT_ID"),
               {{"secret", variables.at("MSI_SECRET")}},
               ""})
            .status == 200);
  variables = emulator->variables(IdentityKind::kCloudShell);
  CHECK_FALSE(variables.contains("MSI_SECRET"));
  CHECK(plain({"POST",
               path_of(variables.at("MSI_ENDPOINT")),
               {{"Metadata", "true"}, {"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Length", "10"}},
               "resource=x"})
            .status == 200);
  CHECK(plain({"GET", "/elsewhere", {}, ""}).status == 404);
}

TEST_CASE_FIXTURE(Fixture, "gives a token of Azure Arc for the key in the file, once") {
  const Variables variables = emulator->variables(IdentityKind::kArc);
  const std::string target = path_of(variables.at("IDENTITY_ENDPOINT")) + "?api-version=2020-06-01&resource=x";
  const auto ask = [&](Headers headers) { return plain({"GET", target, std::move(headers), ""}); };
  const Reply challenge = ask({{"Metadata", "true"}});
  REQUIRE(challenge.status == 401);
  const std::string realm = *find_header(challenge.headers, "WWW-Authenticate");
  REQUIRE(realm.starts_with("Basic realm="));
  const std::filesystem::path file = realm.substr(12);
  CHECK(file.extension() == ".key");
  CHECK(file.parent_path() == emulator->describe()["arc_key_folder"].get<std::string>());
  const std::string key = text_of(file);
  CHECK(ask({{"Metadata", "true"}, {"Authorization", "Basic wrong"}}).status == 401);
  CHECK(ask({{"Authorization", "Basic " + key}}).status == 400);
  CHECK(ask({{"Metadata", "true"}, {"Authorization", "Basic " + key}}).status == 200);
  CHECK_FALSE(std::filesystem::exists(file));
  CHECK(ask({{"Metadata", "true"}, {"Authorization", "Basic " + key}}).status == 401);
  CHECK(plain({"GET", target + "&client_id=x", {{"Metadata", "true"}}, ""}).status == 400);
}

TEST_CASE_FIXTURE(Fixture, "serves Service Fabric with a certificate of its own") {
  const Variables variables = emulator->variables(IdentityKind::kServiceFabric);
  const std::string thumbprint = variables.at("IDENTITY_SERVER_THUMBPRINT");
  CHECK(thumbprint.size() == 40);
  CHECK(thumbprint.find_first_not_of("0123456789ABCDEF") == std::string::npos);
  const std::string url = variables.at("IDENTITY_ENDPOINT");
  const int port = std::stoi(url.substr(url.rfind(':') + 1));
  const Request request{"GET",
                        path_of(url) + "?api-version=2019-07-01-preview&resource=x",
                        {{"Secret", variables.at("IDENTITY_HEADER")}},
                        ""};
  const Json description = emulator->describe();
  const auto reply =
      encrypted_to(port, text_of(description["service_fabric_certificate_file"].get<std::string>()), request);
  REQUIRE(reply);
  CHECK(reply->status == 200);
  CHECK_FALSE(encrypted_to(port, text_of(description["ca_file"].get<std::string>()), request));
}

TEST_CASE_FIXTURE(Fixture, "gives Azure Pipelines a token that the application accepts") {
  const Variables variables = emulator->variables(IdentityKind::kPipelines);
  const std::string authority = text_of(variables.at("SSL_CERT_FILE"));
  const std::string path = path_of(variables.at("SYSTEM_OIDCREQUESTURI"));
  const std::string query =
      "?api-version=7.1&serviceConnectionId=" + variables.at("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID");
  const Headers headers = {{"Authorization", "Bearer " + variables.at("SYSTEM_ACCESSTOKEN")},
                           {"Content-Type", "application/json"},
                           {"Content-Length", "0"},
                           {"X-TFS-FedAuthRedirect", "Suppress"}};
  const auto status = [&](const Request& request) { return encrypted(authority, request)->status; };
  const auto reply = encrypted(authority, {"POST", path + query, headers, ""});
  REQUIRE(reply);
  REQUIRE(reply->status == 200);
  const std::string token = (*parse_json(reply->body))["oidcToken"];
  CHECK(
      encrypted(authority, token_request(variables,
                                         "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&"
                                         "client_assertion=" +
                                             token))
          ->status == 200);
  CHECK(status({"POST", path + query, {{"Content-Length", "0"}}, ""}) == 302);
  CHECK(status({"POST", path + query, {{"Content-Length", "0"}, {"X-TFS-FedAuthRedirect", "Suppress"}}, ""}) == 401);
  CHECK(status({"GET", path + query, headers, ""}) == 405);
  CHECK(status({"POST", path + query, {headers[0], headers[1]}, ""}) == 411);
  CHECK(status({"POST", path + query, {headers[0], headers[2]}, ""}) == 415);
  CHECK(status({"POST", path + "?api-version=7.1&serviceConnectionId=other", headers, ""}) == 404);
  CHECK(status({"POST", path, headers, ""}) == 400);
}

TEST_CASE_FIXTURE(Fixture, "keeps the application's certificate in files") {
  const Variables variables = emulator->variables(IdentityKind::kCertificate);
  const std::string file = text_of(variables.at("AZURE_CLIENT_CERTIFICATE_PATH"));
  CHECK(file.starts_with("-----BEGIN PRIVATE KEY-----"));
  const std::string chain = text_of(emulator->describe()["certificate_chain_file"].get<std::string>());
  CHECK(chain.starts_with(file));
  CHECK(chain.size() > file.size());
}

TEST_CASE_FIXTURE(Fixture, "keeps the variables of every kind in a file for its owner") {
  const std::filesystem::path file = folder->path() / "variables.json";
  const Json all = *parse_json(text_of(file));
  CHECK(all["arc"] == Json(emulator->variables(IdentityKind::kArc)));
  CHECK(all["entra"] == Json(emulator->variables(IdentityKind::kEntra)));
  CHECK(all["none"] == Json::object());
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
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
  const std::string other = R"({"subject":"system:serviceaccount:default:other"})";
  CHECK(
      plain({"POST", "/emulator/federated-token", {{"Content-Length", std::to_string(other.size())}}, other}).status ==
      204);
  const auto refused = encrypted(
      text_of(variables.at("SSL_CERT_FILE")),
      token_request(variables,
                    "client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=" +
                        text_of(file)));
  REQUIRE(refused);
  CHECK(refused->body.find("AADSTS700213") != std::string::npos);
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
  for (const auto kind :
       {IdentityKind::kAppService, IdentityKind::kAppService2017, IdentityKind::kArc, IdentityKind::kAzureMl,
        IdentityKind::kCertificate, IdentityKind::kCloudShell, IdentityKind::kEntra, IdentityKind::kImds,
        IdentityKind::kPipelines, IdentityKind::kServiceFabric, IdentityKind::kWorkload}) {
    const Variables variables = emulator->variables(kind);
    for (const char* name : {"IDENTITY_HEADER", "AZURE_CLIENT_SECRET", "MSI_SECRET", "SYSTEM_ACCESSTOKEN"}) {
      if (variables.contains(name)) CHECK(description.find(variables.at(name)) == std::string::npos);
    }
    CHECK_FALSE(emulator->explain(kind).empty());
  }
}

TEST_SUITE_END();

}  // namespace azf::emulator
