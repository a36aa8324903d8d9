#include "identity/managed_identity_credential.h"

#include "http/curl_transport.h"
#include "identity/credential_fixture.h"
#include "identity/token_endpoint.h"
#include "support/loopback_server.h"
#include "support/temporary_directory.h"
#include "support/test_certificates.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::CredentialFixture;
using test::FakeTransport;

const std::string kResourceId =
    "/subscriptions/44444444-4444-4444-8444-444444444444/resourceGroups/r g/providers/"
    "Microsoft.ManagedIdentity/userAssignedIdentities/id&1";

const Error kNoRoute{ErrorKind::kTransport, "no route to host"};

// Not what happens to be installed on the machine that runs the tests.
ManagedIdentityOptions no_arc_agent() {
  ManagedIdentityOptions options;
  options.arc_agent_path = "/no/such/himds";
  return options;
}

std::unique_ptr<TokenCredential> create(CredentialFixture& f, ManagedIdentityOptions options = no_arc_agent()) {
  auto created = create_managed_identity_credential(std::move(options), f.services());
  REQUIRE(created);
  return std::move(*created);
}

TokenResult get(TokenCredential& credential, Deadline deadline = Deadline::never()) {
  return credential.get_token({{test::kVaultScope}, "some-tenant", ""}, deadline);
}

void be_app_service(Environment& environment) {
  environment.set("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token");
  environment.set("IDENTITY_HEADER", "header-marker");
}

// As App Service has it: the expiry as text, no life time.
HttpResponse app_service_token(const CredentialFixture& f, std::chrono::seconds life = 1h) {
  return test::json_reply(200, R"({"access_token":"token-1","expires_on":")" + f.epoch_in(life) +
                                   R"(","resource":"https://vault.azure.net","token_type":"Bearer"})");
}

HttpResponse imds_token(const CredentialFixture& f) {
  return test::json_reply(200, R"({"access_token":"token-1","expires_in":"86400","ext_expires_in":"86400",)"
                               R"("expires_on":")" +
                                   f.epoch_in(24h) + R"(","token_type":"Bearer"})");
}

ManagedIdentityOptions user_assigned() {
  ManagedIdentityOptions options = no_arc_agent();
  options.client_id = test::kClient;
  return options;
}

ManagedIdentityOptions probing() {
  ManagedIdentityOptions options = no_arc_agent();
  options.probe_imds = true;
  return options;
}

const Attempt& only_attempt(const TokenResult& result) {
  const auto& attempts = result ? (*result)->attempts : result.error().attempts;
  REQUIRE(attempts.size() == 1);
  return attempts.front();
}

// Nothing for a token.
std::optional<ErrorKind> kind_of(const TokenResult& result) {
  return result ? std::nullopt : std::optional(result.error().kind);
}

constexpr auto kUnavailable = ErrorKind::kCredentialUnavailable;
constexpr auto kFailed = ErrorKind::kAuthenticationFailed;

void be_service_fabric(Environment& environment) {
  environment.set("IDENTITY_ENDPOINT", "https://localhost:2377/metadata/identity/oauth2/token");
  environment.set("IDENTITY_HEADER", "header-marker");
  environment.set("IDENTITY_SERVER_THUMBPRINT", "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:ab:cd:ef:01:23:45:67");
}

void be_azure_ml(Environment& environment) {
  environment.set("MSI_ENDPOINT", "http://127.0.0.1:46808/MSI/auth");
  environment.set("MSI_SECRET", "header-marker");
}

// A machine of Azure Arc whose agent keeps its keys in a folder of the test.
struct ArcFixture : CredentialFixture {
  ArcFixture() : CredentialFixture([this](const HttpRequest& request) { return answer(request); }) {
    environment.set("IDENTITY_ENDPOINT", "http://127.0.0.1:40342/metadata/identity/oauth2/token");
    environment.set("IMDS_ENDPOINT", "http://127.0.0.1:40342");
  }

  [[nodiscard]] ManagedIdentityOptions options() const {
    ManagedIdentityOptions options = no_arc_agent();
    options.arc_key_directory = folder.path() + "/tokens";
    return options;
  }
  [[nodiscard]] std::string path_of(const std::string& name) const { return folder.path() + "/tokens/" + name; }
  TokenResult get_token() { return get(*create(*this, options())); }

  FakeTransport::Reply answer(const HttpRequest& request) {
    if (request.headers.get("Authorization") == "Basic " + key) return imds_token(*this);
    HttpResponse reply = test::json_reply(401, R"({"error":"unauthorized_client"})");
    if (!challenge.empty()) reply.headers.add("WWW-Authenticate", challenge);
    return reply;
  }

  test::TemporaryDirectory folder;
  std::string key = "key-marker";
  std::string challenge;
};

// A credential over the network instead of a fake transport.
struct NetworkFixture : CredentialFixture {
  NetworkFixture() : CredentialFixture(std::vector<FakeTransport::Reply>{}) {}

  TokenResult get_token() { return get_token(no_arc_agent(), clock); }  // its waits pass on the fake clock
  TokenResult get_token(ManagedIdentityOptions options, const Clock& clock_of_credential) {
    CurlTransport curl(machine_clock, environment);
    RetryingTransport transport(curl, clock_of_credential, [] { return 0.0; });
    auto services_of_test = services();
    const auto created = create_managed_identity_credential(
        std::move(options),
        {environment, transport, clock_of_credential, log, processes, executor, services_of_test.new_guid});
    REQUIRE(created);
    return get(**created);
  }

  SystemClock machine_clock;
};

test::RawReply raw(const HttpResponse& response) {
  return {"HTTP/1.1 " + std::to_string(response.status) +
          " X\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n\r\n" + response.body};
}

// Tells whether a file was opened or read.
class FileWatch {
 public:
  explicit FileWatch(const std::string& path) : descriptor_(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
    REQUIRE(inotify_add_watch(descriptor_, path.c_str(), IN_OPEN | IN_ACCESS) >= 0);
  }
  ~FileWatch() { (void)close(descriptor_); }
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  [[nodiscard]] bool touched() const {
    char events[4096];
    return read(descriptor_, events, sizeof events) > 0;
  }

 private:
  const int descriptor_;
};

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-27: App Service is asked at its endpoint with its header") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    be_app_service(f.environment);
    f.http.add_reply(app_service_token(f));
    const auto result = get(*create(f));
    REQUIRE(result);
    CHECK((*result)->token.expose() == "token-1");
    CHECK((*result)->expires_on == f.clock.system_now() + 1h);
    const Attempt& attempt = only_attempt(result);
    CHECK(attempt.credential == "ManagedIdentityCredential");
    CHECK(attempt.outcome == AttemptOutcome::kSucceeded);
    CHECK(attempt.source == "App Service managed identity, system-assigned");
    CHECK(attempt.code.empty());
    CHECK(attempt.next_step.empty());
    const HttpRequest request = f.http.requests().front();
    CHECK(request.method == Method::kGet);
    CHECK(request.url.starts_with("http://127.0.0.1:41741/msi/token?"));
    CHECK(test::query_of(request) ==
          std::map<std::string, std::string>{{"api-version", "2019-08-01"}, {"resource", "https://vault.azure.net"}});
    CHECK(request.headers.get("X-IDENTITY-HEADER") == "header-marker");
    CHECK(request.body.empty());
  }

  TEST_CASE("I-28: endpoint and header are read anew for each request") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    be_app_service(f.environment);
    f.http.add_reply(app_service_token(f));
    f.http.add_reply(app_service_token(f));
    const auto credential = create(f);
    REQUIRE(get(*credential));
    f.environment.set("IDENTITY_HEADER", "renewed");
    f.environment.set("IDENTITY_ENDPOINT", "http://localhost:42356/msi/token?part=1");
    REQUIRE(get(*credential));
    CHECK(f.http.requests().at(1).headers.get("X-IDENTITY-HEADER") == "renewed");
    CHECK(f.http.requests().at(1).url.starts_with("http://localhost:42356/msi/token?part=1&"));
  }

  TEST_CASE("I-28: a header that has just been renewed is tried once more") {
    CredentialFixture f([&f](const HttpRequest& request) -> FakeTransport::Reply {
      if (request.headers.get("X-IDENTITY-HEADER") == "renewed") return app_service_token(f);
      f.environment.set("IDENTITY_HEADER", "renewed");
      return test::json_reply(401, "{}");
    });
    be_app_service(f.environment);
    CHECK(get(*create(f)));
    CHECK(f.http.requests().size() == 2);

    CredentialFixture refusing([](const HttpRequest&) { return test::json_reply(401, "{}"); });
    be_app_service(refusing.environment);
    CHECK(!get(*create(refusing)));
    CHECK(refusing.http.requests().size() == 2);
  }

  TEST_CASE("I-29: each kind of id has its parameter, and arrives as it is") {
    struct Row {
      bool app_service;
      ManagedIdentityOptions options;
      std::string parameter;
      std::string id;
      std::string reason;
    };
    ManagedIdentityOptions by_object = no_arc_agent();
    by_object.object_id = "object 3";
    ManagedIdentityOptions by_resource = no_arc_agent();
    by_resource.resource_id = kResourceId;
    const Row rows[] = {
        {true, user_assigned(), "client_id", test::kClient, "user-assigned with client id " + test::kClient},
        {true, by_object, "object_id", "object 3", "user-assigned with object id object 3"},
        {true, by_resource, "mi_res_id", kResourceId, "user-assigned with resource id " + kResourceId},
        {false, user_assigned(), "client_id", test::kClient, "user-assigned with client id " + test::kClient},
        {false, by_object, "object_id", "object 3", "user-assigned with object id object 3"},
        {false, by_resource, "msi_res_id", kResourceId, "user-assigned with resource id " + kResourceId},
    };
    for (const Row& row : rows) {
      CAPTURE(row.app_service);
      CAPTURE(row.parameter);
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      if (row.app_service) be_app_service(f.environment);
      f.http.add_reply(app_service_token(f));
      const auto result = get(*create(f, row.options));
      REQUIRE(result);
      const auto query = test::query_of(f.http.requests().front());
      CHECK(query.size() == 3);
      CHECK(query.at(row.parameter) == row.id);
      CHECK(f.http.requests().front().url.find(' ') == std::string::npos);
      CHECK(only_attempt(result).source ==
            std::string(row.app_service ? "App Service" : "IMDS") + " managed identity, " + row.reason);
    }
  }

  TEST_CASE("I-30: two ids are refused") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    ManagedIdentityOptions options = user_assigned();
    options.resource_id = kResourceId;
    const auto created = create_managed_identity_credential(options, f.services());
    REQUIRE(!created);
    CHECK(created.error().kind == ErrorKind::kInvalidArgument);
  }

  TEST_CASE("I-5: no scope and two scopes are refused before anything is sent") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    be_app_service(f.environment);
    const auto credential = create(f);
    for (const auto& scopes : {std::vector<std::string>{}, std::vector<std::string>{"a", "b"}}) {
      const auto result = credential->get_token({scopes, "", ""}, Deadline::never());
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kInvalidArgument);
    }
  }

  TEST_CASE("I-31: the platform is told by the variables, in this order, for all combinations") {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kVariables = {{
        {"IDENTITY_ENDPOINT", "https://127.0.0.1:41741/identity"},
        {"IDENTITY_HEADER", "identity-marker"},
        {"IDENTITY_SERVER_THUMBPRINT", "0123456789ABCDEF0123456789ABCDEF01234567"},
        {"MSI_ENDPOINT", "https://127.0.0.1:41741/msi"},
        {"MSI_SECRET", "msi-marker"},
        {"IMDS_ENDPOINT", "https://127.0.0.1:41741"},
    }};
    const test::TemporaryDirectory directory;
    for (unsigned set = 0; set < 128; ++set) {
      CAPTURE(set);
      CredentialFixture f([&f](const HttpRequest&) { return app_service_token(f); });
      for (std::size_t i = 0; i < kVariables.size(); ++i) {
        const auto& [name, value] = kVariables.at(i);
        if ((set & (1U << i)) != 0) f.environment.set(std::string(name), std::string(value));
      }
      const bool agent = (set & 64U) != 0;
      const auto all_of = [&](unsigned wanted) { return (set & wanted) == wanted; };
      const std::string identity = "https://127.0.0.1:41741/identity?";
      std::string expected = "IMDS";
      std::string endpoint = "http://169.254.169.254/metadata/identity/oauth2/token?";
      std::string secret;
      if (all_of(0b000111)) {
        expected = "Service Fabric";
        endpoint = identity;
        secret = "identity-marker";
      } else if (all_of(0b000011)) {
        expected = "App Service";
        endpoint = identity;
        secret = "identity-marker";
      } else if (all_of(0b011000)) {
        expected = "Azure Machine Learning";
        endpoint = "https://127.0.0.1:41741/msi?";
        secret = "msi-marker";
      } else if (all_of(0b001000)) {
        expected = "Cloud Shell";
        endpoint = "https://127.0.0.1:41741/msi";
      } else if (agent || all_of(0b100001)) {
        expected = "Azure Arc";
        endpoint = all_of(0b000001) ? identity : "http://127.0.0.1:40342/metadata/identity/oauth2/token?";
      }
      auto options = no_arc_agent();
      if (agent) options.arc_agent_path = directory.write("himds", "");
      const auto result = get(*create(f, options));
      CHECK(only_attempt(result).source == expected + " managed identity, system-assigned");
      REQUIRE(f.http.requests().size() == 1);
      const HttpRequest request = f.http.requests().front();
      CHECK(request.url.starts_with(endpoint));
      CHECK((request.method == Method::kPost) == (expected == "Cloud Shell"));
      // The secret of one platform is never sent in another one's request.
      for (const auto& [name, value] : request.headers) {
        if (value.find("marker") != std::string::npos) CHECK(value == secret);
      }
      CHECK(f.http.options().front().pinned_certificate_sha1.empty() == (expected != "Service Fabric"));
    }
  }

  TEST_CASE("I-10: identity endpoints are asked directly") {
    for (const bool app_service : {true, false}) {
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      if (app_service) be_app_service(f.environment);
      f.environment.set("http_proxy", "http://proxy.example:3128");
      f.http.add_reply(app_service_token(f));
      REQUIRE(get(*create(f)));
      CHECK(!f.http.options().front().use_proxy);
      CHECK(f.http.options().front().allow_plain_http);
    }
  }

  TEST_CASE("I-63: the identity header goes by plain http to this machine only") {
    struct Row {
      std::string endpoint;
      bool allowed;
    };
    const Row rows[] = {
        {"http://127.0.0.1:41741/msi/token", true},
        {"http://127.8.9.10/msi/token", true},
        {"http://localhost:42356/msi/token", true},
        {"http://[::1]:80/msi/token", true},
        {"http://169.254.130.2:8081/msi/token", true},
        {"http://[fe80::1]/msi/token", true},
        {"https://identity.example/token", true},
        {"http://identity.example/token", false},
        {"http://10.0.0.1/token", false},
        {"http://127.evil.example/token", false},
        {"http://127.0.0.1.evil.example/token", false},
        {"http://localhost.evil.example/token", false},
        {"http://[2001:db8::1]/token", false},
        {"http://user@127.0.0.1/token", false},
        {"ftp://127.0.0.1/token", false},
        {"not a url", false},
    };
    for (const Row& row : rows) {
      CAPTURE(row.endpoint);
      CredentialFixture f([&f](const HttpRequest&) { return app_service_token(f); });
      be_app_service(f.environment);
      f.environment.set("IDENTITY_ENDPOINT", row.endpoint);
      const auto result = get(*create(f));
      CHECK(result.has_value() == row.allowed);
      if (!result) {
        CHECK(result.error().kind == ErrorKind::kInvalidArgument);
        CHECK(result.error().message.find("IDENTITY_ENDPOINT") != std::string::npos);
        CHECK(f.http.requests().empty());
      }
    }
  }

  TEST_CASE("what a failure of App Service means") {
    struct Row {
      FakeTransport::Reply reply;
      std::size_t requests;
      ErrorKind kind;
      std::string code;
      std::string part;
    };
    const Row rows[] = {
        {test::json_reply(400, R"({"statusCode":400,"message":"No User Assigned Identity found"})"), 1, kUnavailable,
         "identity_not_found", "No User Assigned Identity found"},
        {test::json_reply(400, R"({"statusCode":400,"message":"bad resource"})"), 1, kUnavailable,
         "identity_endpoint_refused", "bad resource"},
        {test::json_reply(400, R"({"message":"got header-marker"})"), 1, kUnavailable, "identity_endpoint_refused",
         "got [secret]"},
        {test::json_reply(401, "{}"), 2, kFailed, "identity_endpoint_refused", "answered 401"},
        {test::json_reply(403, "{}"), 1, kFailed, "identity_endpoint_refused", "answered 403"},
        {test::json_reply(404, R"({"message":"not here"})"), 1, kFailed, "identity_endpoint_refused", "not here"},
        {test::json_reply(429, "{}"), 4, kUnavailable, "throttled", "answered 429"},
        {test::json_reply(500, R"({"statusCode":500,"message":"An unexpected error"})"), 4, kUnavailable,
         "identity_endpoint_unreachable", "An unexpected error"},
        {HttpResponse{302, {{"Location", "http://127.0.0.1:41742/elsewhere"}}, ""}, 1, kFailed,
         "identity_endpoint_refused", "answered 302"},
        {HttpResponse{200, {}, "header-marker is not json"}, 1, kFailed, "unexpected_reply", "without a usable token"},
        {Error{ErrorKind::kUnexpectedResponse, "the reply is not valid HTTP"}, 1, kFailed, "unexpected_reply",
         "not valid HTTP"},
        {kNoRoute, 4, kUnavailable, "identity_endpoint_unreachable", "no route to host"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.part);
      CredentialFixture f([&](const HttpRequest&) { return row.reply; });
      be_app_service(f.environment);
      const auto result = get(*create(f, user_assigned()));
      REQUIRE(!result);
      CHECK(result.error().kind == row.kind);
      const Attempt& attempt = only_attempt(result);
      CHECK(attempt.outcome == (row.kind == kFailed ? AttemptOutcome::kFailed : AttemptOutcome::kUnavailable));
      CHECK(attempt.code == row.code);
      CHECK(attempt.source == "App Service managed identity, user-assigned with client id " + test::kClient);
      CHECK(attempt.reason.find(row.part) != std::string::npos);
      CHECK(attempt.next_step == next_step_for(row.code));
      CHECK_FALSE(attempt.next_step.empty());
      CHECK(result.error().message.find("header-marker") == std::string::npos);
      CHECK(f.http.requests().size() == row.requests);
    }
  }

  TEST_CASE("I-42: a token of 24 h ends in 24 h, and is due for refresh in 12 h") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    f.http.add_reply(imds_token(f));
    const auto result = get(*create(f));
    REQUIRE(result);
    CHECK((*result)->expires_on == f.clock.system_now() + 24h);
    CHECK((*result)->refresh_on == f.clock.system_now() + 12h);
  }

  TEST_CASE("IMDS is asked at its address, or at the one that stands in for it") {
    for (const std::string host : {"", "http://127.0.0.1:8080", "http://127.0.0.1:8080/"}) {
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      f.environment.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", host);
      f.environment.set("AZURE_CLIENT_ID", test::kClient);  // is for other credentials
      f.http.add_reply(imds_token(f));
      REQUIRE(get(*create(f)));
      const HttpRequest request = f.http.requests().front();
      CHECK(request.url.starts_with(std::string(host.empty() ? "http://169.254.169.254" : "http://127.0.0.1:8080") +
                                    "/metadata/identity/oauth2/token?"));
      CHECK(request.headers.get("Metadata") == "true");
      CHECK(test::query_of(request) ==
            std::map<std::string, std::string>{{"api-version", "2018-02-01"}, {"resource", "https://vault.azure.net"}});
    }
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    f.environment.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://imds.example");
    CHECK(get(*create(f)).error().kind == ErrorKind::kInvalidArgument);
    CHECK(get(*create(f, probing())).error().kind == ErrorKind::kInvalidArgument);
  }

  TEST_CASE("I-16, I-33: IMDS that is busy, being updated or not ready yet is asked again") {
    for (const int status : {404, 410, 429, 500, 503}) {
      CAPTURE(status);
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      f.http.add_reply(test::json_reply(status, "{}"));
      f.http.add_reply(test::json_reply(status, "{}"));
      f.http.add_reply(imds_token(f));
      CHECK(get(*create(f)));
      CHECK(f.http.requests().size() == 3);
    }
    for (const std::string retry_after : {"2", "Fri, 02 Jan 2026 03:04:07 GMT"}) {
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      HttpResponse throttled = test::json_reply(429, "{}");
      throttled.headers.add("Retry-After", retry_after);
      f.http.add_reply(throttled);
      f.http.add_reply(imds_token(f));
      CHECK(get(*create(f)));
      CHECK(f.clock.sleeps() == std::vector<std::chrono::nanoseconds>{2s});
    }
  }

  TEST_CASE("I-17, I-33: how often IMDS is asked before a fault counts as lasting") {
    struct Row {
      int status;
      std::size_t requests;
    };
    for (const Row& row : {Row{404, 6}, {429, 6}, {500, 4}, {503, 4}, {400, 1}, {401, 1}, {403, 1}}) {
      CAPTURE(row.status);
      CredentialFixture f([&](const HttpRequest&) { return test::json_reply(row.status, "{}"); });
      CHECK(!get(*create(f)));
      CHECK(f.http.requests().size() == row.requests);
    }
  }

  TEST_CASE("I-33: IMDS may be updated for up to 70 s, whatever waits it asks for") {
    for (const std::string wish : {"", "1"}) {
      CAPTURE(wish);
      bool ready = true;
      SteadyTime begin;
      CredentialFixture f([&](const HttpRequest&) -> FakeTransport::Reply {
        if (ready && f.clock.steady_now() - begin >= 70s) return imds_token(f);
        HttpResponse gone = test::json_reply(410, R"({"error":"gone"})");
        if (!wish.empty()) gone.headers.add("Retry-After", wish);
        return gone;
      });
      begin = f.clock.steady_now();
      CHECK(get(*create(f)));

      ready = false;
      begin = f.clock.steady_now();
      const auto result = get(*create(f));
      CHECK(kind_of(result) == kUnavailable);
      CHECK(f.clock.steady_now() - begin >= 70s);
      CHECK(f.clock.steady_now() - begin < 150s);
    }
  }

  // Of a user-assigned identity that is not there the checklist wants a failure, the recorded scenarios `unavailable`.
  TEST_CASE("I-34, I-35: what an answer of IMDS means") {
    const HttpResponse no_identity =
        test::json_reply(400, R"({"error":"invalid_request","error_description":"Identity not found"})");
    const HttpResponse docker{403, {}, "A socket operation was attempted to an unreachable network"};
    struct Row {
      std::string name;
      FakeTransport::Reply reply;
      ErrorKind kind;
      std::string code;
      std::string seen_code;  // after IMDS has issued a token
    };
    const Row rows[] = {
        {"no such identity", no_identity, kUnavailable, "identity_not_found", "identity_not_found"},
        {"bad request", test::json_reply(400, "{}"), kUnavailable, "identity_endpoint_refused",
         "identity_endpoint_refused"},
        {"Docker Desktop", docker, kUnavailable, "imds_foreign", "imds_foreign"},
        {"forbidden", test::json_reply(403, "{}"), kFailed, "identity_endpoint_refused", "identity_endpoint_refused"},
        {"not found", test::json_reply(404, "{}"), kUnavailable, "identity_endpoint_unreachable",
         "identity_endpoint_unreachable"},
        {"throttled", test::json_reply(429, "{}"), kUnavailable, "throttled", "throttled"},
        {"server error", test::json_reply(500, "{}"), kUnavailable, "identity_endpoint_unreachable",
         "identity_endpoint_unreachable"},
        {"bad gateway", HttpResponse{502, {}, "<html>"}, kUnavailable, "imds_foreign", "identity_endpoint_unreachable"},
        {"captive portal", HttpResponse{200, {}, "<html>"}, kUnavailable, "imds_foreign", "imds_foreign"},
        {"not HTTP", Error{ErrorKind::kUnexpectedResponse, "the reply is not valid HTTP"}, kUnavailable, "imds_foreign",
         "imds_foreign"},
        {"no route", kNoRoute, kUnavailable, "imds_unreachable", "imds_unreachable"},
    };
    for (const Row& row : rows) {
      for (const auto& options : {no_arc_agent(), user_assigned()}) {
        CAPTURE(row.name);
        bool issue = false;
        CredentialFixture f(
            [&](const HttpRequest&) { return issue ? FakeTransport::Reply(imds_token(f)) : row.reply; });
        const auto credential = create(f, options);
        const auto unseen = get(*credential);
        CHECK(kind_of(unseen) == row.kind);
        CHECK(only_attempt(unseen).code == row.code);
        CHECK(only_attempt(unseen).source.starts_with("IMDS managed identity, "));
        if (row.reply && row.reply->status == 400) CHECK(f.http.requests().size() == 1);
        if (!row.reply) CHECK(f.http.requests().size() == 1);  // an unreachable address is not worth a retry
        issue = true;
        REQUIRE(get(*credential));
        issue = false;
        const auto seen = get(*credential);
        CHECK(kind_of(seen) == row.kind);
        CHECK(only_attempt(seen).code == row.seen_code);
      }
    }
  }

  TEST_CASE("I-36: the probe is a bare request of at most 1 s, remembered after the first answer") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    f.http.add_reply(test::json_reply(400, R"({"error":"invalid_request"})"));
    f.http.add_reply(imds_token(f));
    f.http.add_reply(imds_token(f));
    const auto credential = create(f, probing());
    REQUIRE(get(*credential));
    REQUIRE(get(*credential));
    REQUIRE(f.http.requests().size() == 3);
    const HttpRequest probe = f.http.requests().front();
    CHECK(probe.url == "http://169.254.169.254/metadata/identity/oauth2/token");
    CHECK(!probe.headers.has("Metadata"));
    const SendOptions options = f.http.options().front();
    CHECK(options.deadline.remaining(f.clock) <= 1s);
    CHECK(options.connect_timeout <= 1s);
    CHECK(options.try_timeout <= 1s);
    CHECK(options.retry.max_retries == 0);
    CHECK(!options.use_proxy);
  }

  TEST_CASE("I-36: over the network the probe of an address that swallows everything ends within 1.5 s") {
    test::LoopbackServer black_hole(test::RawReply{});
    auto took = std::chrono::nanoseconds::max();
    for (int tries = 0; tries < 3 && took > 1500ms; ++tries) {  // a busy machine may be late, but not each time
      NetworkFixture f;
      f.environment.set("AZURE_POD_IDENTITY_AUTHORITY_HOST", black_hole.url(""));
      const SteadyTime began = f.machine_clock.steady_now();
      const auto result = f.get_token(probing(), f.machine_clock);
      took = f.machine_clock.steady_now() - began;
      CHECK(kind_of(result) == kUnavailable);
      CHECK(only_attempt(result).code == "imds_unreachable");
    }
    CHECK(took <= 1500ms);
    REQUIRE(!black_hole.requests().empty());
    CHECK(!black_hole.requests().front().headers.has("Metadata"));
    CHECK(black_hole.requests().front().request_line == "GET /metadata/identity/oauth2/token HTTP/1.1");
  }

  TEST_CASE("I-35, I-36: without a sign of life from IMDS there is one request and an explanation") {
    struct Row {
      FakeTransport::Reply reply;
      std::string code;
    };
    const Row rows[] = {
        {kNoRoute, "imds_unreachable"},
        {Error{ErrorKind::kTimeout, "timed out"}, "imds_unreachable"},
        {HttpResponse{403, {}, "A socket operation was attempted to an unreachable network"}, "imds_foreign"},
        {HttpResponse{504, {}, "<html>"}, "imds_foreign"},
    };
    for (const auto& row : rows) {
      CredentialFixture f([&](const HttpRequest&) { return row.reply; });
      const auto credential = create(f, probing());
      for (std::size_t calls = 1; calls <= 2; ++calls) {
        const auto result = get(*credential);
        CHECK(kind_of(result) == kUnavailable);
        CHECK(only_attempt(result).code == row.code);
        CHECK(only_attempt(result).next_step == next_step_for(row.code));
        CHECK(only_attempt(result).source == "IMDS managed identity, system-assigned");
        CHECK(result.error().message.find("IDENTITY_ENDPOINT and IDENTITY_HEADER are not set") != std::string::npos);
        CHECK(f.http.requests().size() == calls);
      }
    }
  }

  TEST_CASE("I-37: without the option there is no probe, and none on App Service") {
    CredentialFixture imds(std::vector<FakeTransport::Reply>{});
    imds.http.add_reply(imds_token(imds));
    CHECK(get(*create(imds)));
    CHECK(imds.http.requests().size() == 1);

    CredentialFixture app_service(std::vector<FakeTransport::Reply>{});
    be_app_service(app_service.environment);
    app_service.http.add_reply(app_service_token(app_service));
    CHECK(get(*create(app_service, probing())));
    CHECK(app_service.http.requests().size() == 1);
  }

  TEST_CASE("the caller's deadline ends the waiting for IMDS") {
    CredentialFixture f([](const HttpRequest&) { return test::json_reply(410, "{}"); });
    const auto credential = create(f);
    const SteadyTime began = f.clock.steady_now();
    const auto early = get(*credential, Deadline::after(f.clock, 10s));
    REQUIRE(!early);
    CHECK(f.clock.steady_now() - began < 10s);
    const auto late = get(*credential, Deadline::after(f.clock, 0s));
    REQUIRE(!late);
    CHECK(late.error().kind == ErrorKind::kTimeout);
  }

  TEST_CASE("I-40: Service Fabric is asked by https with the certificate pinned, and its header named Secret") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    be_service_fabric(f.environment);
    f.http.add_reply(app_service_token(f));
    const auto result = get(*create(f));
    REQUIRE(result);
    CHECK(only_attempt(result).source == "Service Fabric managed identity, system-assigned");
    const HttpRequest request = f.http.requests().front();
    CHECK(request.method == Method::kGet);
    CHECK(request.url.starts_with("https://localhost:2377/metadata/identity/oauth2/token?"));
    CHECK(test::query_of(request) == std::map<std::string, std::string>{{"api-version", "2019-07-01-preview"},
                                                                        {"resource", "https://vault.azure.net"}});
    CHECK(request.headers.get("Secret") == "header-marker");
    CHECK_FALSE(request.headers.has("X-IDENTITY-HEADER"));
    CHECK(f.http.options().front().pinned_certificate_sha1 ==
          "01:23:45:67:89:AB:CD:EF:01:23:45:67:89:ab:cd:ef:01:23:45:67");
    CHECK_FALSE(f.http.options().front().use_proxy);
  }

  TEST_CASE("I-40: Service Fabric with http, a bad thumbprint or an id is refused before anything is sent") {
    struct Row {
      std::string variable;
      std::string value;
      ManagedIdentityOptions options;
      ErrorKind kind;
      std::string part;
    };
    for (const Row& row : std::vector<Row>{
             {"IDENTITY_ENDPOINT", "http://127.0.0.1:2377/token", no_arc_agent(), ErrorKind::kInvalidArgument,
              "IDENTITY_ENDPOINT: must be https"},
             {"IDENTITY_ENDPOINT", "not a url", no_arc_agent(), ErrorKind::kInvalidArgument, "IDENTITY_ENDPOINT: "},
             {"IDENTITY_SERVER_THUMBPRINT", "00", no_arc_agent(), ErrorKind::kInvalidArgument,
              "IDENTITY_SERVER_THUMBPRINT: is not a SHA-1"},
             {"OTHER", "x", user_assigned(), kUnavailable, "user-assigned with client id " + test::kClient}}) {
      CAPTURE(row.part);
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      be_service_fabric(f.environment);
      f.environment.set(row.variable, row.value);
      const auto result = get(*create(f, row.options));
      CHECK(kind_of(result) == row.kind);
      CHECK(only_attempt(result).code == "invalid_setting");
      CHECK(only_attempt(result).reason.find(row.part) != std::string::npos);
      CHECK(only_attempt(result).source.starts_with("Service Fabric managed identity, "));
      CHECK_FALSE(only_attempt(result).next_step.empty());
      CHECK(result.error().message.find("header-marker") == std::string::npos);
    }
  }

  TEST_CASE("I-40: a certificate that is not the pinned one is a failure, and is not asked again") {
    CredentialFixture f([](const HttpRequest&) {
      return Error{ErrorKind::kUnexpectedResponse, "the server's certificate is not the pinned one"};
    });
    be_service_fabric(f.environment);
    const auto result = get(*create(f));
    CHECK(kind_of(result) == kFailed);
    CHECK(only_attempt(result).code == "server_not_trusted");
    CHECK(f.http.requests().size() == 1);
  }

  TEST_CASE("I-41: Azure ML is asked with its secret and client id") {
    struct Row {
      bool by_default;
      ManagedIdentityOptions options;
      std::optional<std::string> client_id;
    };
    for (const Row& row : {Row{false, no_arc_agent(), std::nullopt}, Row{true, no_arc_agent(), "default-id"},
                           Row{true, user_assigned(), test::kClient}, Row{false, user_assigned(), test::kClient}}) {
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      be_azure_ml(f.environment);
      if (row.by_default) f.environment.set("DEFAULT_IDENTITY_CLIENT_ID", "default-id");
      f.http.add_reply(app_service_token(f));
      REQUIRE(get(*create(f, row.options)));
      const HttpRequest request = f.http.requests().front();
      std::map<std::string, std::string> query = {{"api-version", "2017-09-01"},
                                                  {"resource", "https://vault.azure.net"}};
      if (row.client_id) query["clientid"] = *row.client_id;
      CHECK(request.url.starts_with("http://127.0.0.1:46808/MSI/auth?"));
      CHECK(test::query_of(request) == query);
      CHECK(request.headers.get("secret") == "header-marker");
      CHECK(request.headers.get("Metadata") == "true");
    }
  }

  TEST_CASE("I-41: ids that Azure ML and Cloud Shell do not know are refused before anything is sent") {
    ManagedIdentityOptions by_object = no_arc_agent();
    by_object.object_id = "object-3";
    ManagedIdentityOptions by_resource = no_arc_agent();
    by_resource.resource_id = kResourceId;
    for (const bool cloud_shell : {false, true}) {
      for (const auto& options : {by_object, by_resource, user_assigned()}) {
        if (!cloud_shell && !options.client_id.empty()) continue;
        CredentialFixture f(std::vector<FakeTransport::Reply>{});
        be_azure_ml(f.environment);
        if (cloud_shell) f.environment.set("MSI_SECRET", "");
        const auto result = get(*create(f, options));
        CHECK(kind_of(result) == kUnavailable);
        CHECK(only_attempt(result).code == "invalid_setting");
        CHECK(only_attempt(result).reason.find("cannot ask for the identity user-assigned with ") == 0);
        CHECK_FALSE(only_attempt(result).next_step.empty());
      }
    }
  }

  TEST_CASE("I-41: Cloud Shell is asked by a form") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    f.environment.set("MSI_ENDPOINT", "http://localhost:50342/oauth2/token");
    f.http.add_reply(imds_token(f));
    const auto result = get(*create(f));
    REQUIRE(result);
    CHECK(only_attempt(result).source == "Cloud Shell managed identity, system-assigned");
    const HttpRequest request = f.http.requests().front();
    CHECK(request.method == Method::kPost);
    CHECK(request.url == "http://localhost:50342/oauth2/token");
    CHECK(request.headers.get("Metadata") == "true");
    CHECK(request.headers.get("Content-Type") == "application/x-www-form-urlencoded");
    CHECK(request.body == "resource=https%3A%2F%2Fvault.azure.net");
  }

  TEST_CASE("every endpoint variable is checked, and named when it is wrong") {
    for (const std::string endpoint : {"not a url", "http://identity.example/token", "http://10.0.0.1/token"}) {
      for (const std::string variable : {"IDENTITY_ENDPOINT", "MSI_ENDPOINT"}) {
        for (const std::string beside : {"", "MSI_SECRET", "IMDS_ENDPOINT", "IDENTITY_HEADER"}) {
          if (variable == "IDENTITY_ENDPOINT" && (beside.empty() || beside == "MSI_SECRET")) continue;
          CAPTURE(variable);
          CAPTURE(beside);
          CredentialFixture f(std::vector<FakeTransport::Reply>{});
          f.environment.set(variable, endpoint);
          if (!beside.empty()) f.environment.set(beside, "header-marker");
          const auto result = get(*create(f));
          CHECK(kind_of(result) == ErrorKind::kInvalidArgument);
          CHECK(only_attempt(result).reason.starts_with(variable + ": "));
          CHECK(only_attempt(result).code == "invalid_setting");
        }
      }
    }
  }

  TEST_CASE("the variables of workload identity do not move managed identity away from IMDS") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    f.environment.set("AZURE_TENANT_ID", test::kTenant);
    f.environment.set("AZURE_CLIENT_ID", test::kClient);
    f.environment.set("AZURE_FEDERATED_TOKEN_FILE", "/no/such/file");
    f.http.add_reply(test::entra_token("token-1"));
    const auto result = get(*create(f));
    REQUIRE(result);
    CHECK((*result)->token.expose() == "token-1");
    CHECK(f.http.requests().front().url.starts_with("http://169.254.169.254/metadata/identity/oauth2/token?"));
  }

  TEST_CASE("I-39: Azure Arc is asked twice, the second time with the key as it is") {
    ArcFixture f;
    f.key = "key-marker +/=:, x";
    f.challenge = "Basic realm=" + f.folder.write("tokens/k1.key", f.key);
    const auto result = f.get_token();
    REQUIRE(result);
    CHECK((*result)->expires_on == f.clock.system_now() + 24h);
    CHECK(only_attempt(result).source == "Azure Arc managed identity, system-assigned");
    REQUIRE(f.http.requests().size() == 2);
    for (const HttpRequest& request : f.http.requests()) {
      CHECK(request.method == Method::kGet);
      CHECK(request.url.starts_with("http://127.0.0.1:40342/metadata/identity/oauth2/token?"));
      CHECK(test::query_of(request) ==
            std::map<std::string, std::string>{{"api-version", "2020-06-01"}, {"resource", "https://vault.azure.net"}});
      CHECK(request.headers.get("Metadata") == "true");
    }
    CHECK_FALSE(f.http.requests().front().headers.has("Authorization"));
    CHECK(f.http.requests().back().headers.get("Authorization") == "Basic " + f.key);
  }

  TEST_CASE("I-39: a key of 4096 bytes is sent, and a new one is read for each token") {
    ArcFixture f;
    f.key = std::string(4096, 'k');
    f.challenge = "basic REALM=" + f.folder.write("tokens/k1.key", f.key);
    CHECK(f.get_token());
    f.key = "other";
    f.folder.write("tokens/k1.key", f.key);
    CHECK(f.get_token());
  }

  TEST_CASE("I-38: a key file outside the agent's folder is refused and not opened") {
    ArcFixture f;
    const std::vector<std::string> files = {"tokens/k1.key", "tokens/below/k1.key", "tokens-of-others/k1.key",
                                            "k1.key",        "tokens/k1.txt",       "tokens/k1.key.txt",
                                            "tokens/k1key"};
    for (const std::string& file : files) f.folder.write(file, f.key);
    const std::string tokens = f.folder.path() + "/tokens";
    for (const auto& path : {
             f.folder.path() + "/k1.key",
             tokens + "/../k1.key",
             tokens + "/./k1.key",
             tokens + "//k1.key",
             tokens + "/below/k1.key",
             tokens + "/below/../k1.key",
             tokens + "-of-others/k1.key",
             tokens + "/k1.txt",
             tokens + "/k1.key.txt",
             tokens + "/k1key",
             tokens + "/",
             tokens,
             std::string("k1.key"),
             std::string("tokens/k1.key"),
             "\"" + tokens + "/k1.key\"",
             std::string("/etc/shadow"),
         }) {
      CAPTURE(path);
      std::vector<std::unique_ptr<FileWatch>> watches;
      for (const std::string& file : files) {
        watches.push_back(std::make_unique<FileWatch>(f.folder.path() + "/" + file));
      }
      const auto before = f.http.requests().size();
      f.challenge = "Basic realm=" + path;
      const auto result = f.get_token();
      CHECK(kind_of(result) == kUnavailable);
      CHECK(only_attempt(result).code == "arc_key_unusable");
      CHECK(only_attempt(result).reason.find(path + " is refused") != std::string::npos);
      CHECK(f.http.requests().size() == before + 1);
      for (const auto& watch : watches) CHECK_FALSE(watch->touched());
    }
  }

  TEST_CASE("I-38: a link, a folder, a pipe and a file of 4097 bytes are refused and not opened") {
    ArcFixture f;
    const std::string real = f.folder.write("real.key", f.key);
    const std::string large = f.folder.write("tokens/large.key", std::string(4097, 'k'));
    f.folder.write("tokens/folder.key/x", "");
    REQUIRE(::symlink(real.c_str(), f.path_of("link.key").c_str()) == 0);
    REQUIRE(::mkfifo(f.path_of("pipe.key").c_str(), 0600) == 0);
    const FileWatch real_watch(real);
    const FileWatch large_watch(large);
    for (const std::string name : {"link.key", "folder.key", "pipe.key", "large.key"}) {
      CAPTURE(name);
      f.challenge = "Basic realm=" + f.path_of(name);
      const auto result = f.get_token();
      CHECK(kind_of(result) == kUnavailable);
      CHECK(only_attempt(result).code == "arc_key_unusable");
      CHECK(only_attempt(result).reason.find(f.path_of(name) + " is refused") != std::string::npos);
    }
    CHECK_FALSE(real_watch.touched());
    CHECK_FALSE(large_watch.touched());
  }

  TEST_CASE("a key file that is missing, empty or no header value is an explained refusal") {
    ArcFixture f;
    f.folder.write("tokens/empty.key", "");
    f.folder.write("tokens/lines.key", "key-marker\r\nX: y");
    for (const std::string name : {"missing.key", "empty.key", "lines.key"}) {
      CAPTURE(name);
      f.challenge = "Basic realm=" + f.path_of(name);
      const auto before = f.http.requests().size();
      const auto result = f.get_token();
      CHECK(kind_of(result) == kUnavailable);
      CHECK(only_attempt(result).code == "arc_key_unusable");
      CHECK(only_attempt(result).reason.find(f.path_of(name)) != std::string::npos);
      CHECK(only_attempt(result).next_step.find("group himds") != std::string::npos);
      CHECK(result.error().message.find("key-marker") == std::string::npos);
      CHECK(f.http.requests().size() == before + 1);
    }
    auto options = f.options();
    options.arc_key_directory = f.folder.path() + "/no-such-folder/";
    f.challenge = "Basic realm=" + f.folder.path() + "/no-such-folder/k1.key";
    const auto result = get(*create(f, options));
    CHECK(only_attempt(result).code == "arc_key_unusable");
    CHECK(only_attempt(result).reason.find("No such file or directory") != std::string::npos);
  }

  TEST_CASE("I-38: a challenge of another form, with two equals signs or none at all, is refused") {
    ArcFixture f;
    const std::string path = f.folder.write("tokens/k1.key", f.key);
    const FileWatch watch(path);
    for (const std::string& challenge :
         {std::string(), "Basic realm=" + path + "=", "Basic realm==" + path, "Basic realm=x=" + path, "Basic " + path,
          "Bearer realm=" + path, "Digest realm=" + path, std::string("Basic realm="), "Basic  realm=" + path}) {
      CAPTURE(challenge);
      f.challenge = challenge;
      const auto before = f.http.requests().size();
      const auto result = f.get_token();
      CHECK(kind_of(result) == kUnavailable);
      CHECK(only_attempt(result).code == "unexpected_reply");
      CHECK(f.http.requests().size() == before + 1);
    }
    CHECK_FALSE(watch.touched());
  }

  TEST_CASE("I-38: an agent of Azure Arc that answers without asking for a key is not believed") {
    struct Row {
      FakeTransport::Reply reply;
      ErrorKind kind;
      std::string code;
      std::size_t requests;
    };
    const CredentialFixture times(std::vector<FakeTransport::Reply>{});
    for (const Row& row : std::vector<Row>{
             {imds_token(times), kFailed, "unexpected_reply", 1},
             {HttpResponse{302, {{"Location", "http://127.0.0.1:1/"}}, ""}, kFailed, "identity_endpoint_refused", 1},
             {test::json_reply(403, "{}"), kFailed, "identity_endpoint_refused", 1},
             {test::json_reply(400, R"({"error_description":"Identity not found"})"), kUnavailable,
              "identity_not_found", 1},
             {test::json_reply(500, "{}"), kUnavailable, "identity_endpoint_unreachable", 4},
             {kNoRoute, kUnavailable, "identity_endpoint_unreachable", 4}}) {
      CAPTURE(row.code);
      CredentialFixture f([&](const HttpRequest&) { return row.reply; });
      f.environment.set("IDENTITY_ENDPOINT", "http://127.0.0.1:40342/metadata/identity/oauth2/token");
      f.environment.set("IMDS_ENDPOINT", "http://127.0.0.1:40342");
      const auto result = get(*create(f));
      CHECK(kind_of(result) == row.kind);
      CHECK(only_attempt(result).code == row.code);
      CHECK(result.error().status == (row.reply ? row.reply->status : 0));
      CHECK(f.http.requests().size() == row.requests);
    }
  }

  TEST_CASE("Azure Arc that does not accept the key is asked no third time, and the key is in no message") {
    ArcFixture f;
    const std::string path = f.folder.write("tokens/k1.key", "key-marker");
    f.key = "another";
    f.challenge = "Basic realm=" + path;
    const auto result = f.get_token();
    CHECK(kind_of(result) == kUnavailable);
    CHECK(only_attempt(result).code == "arc_key_unusable");
    CHECK(result.error().status == 401);
    CHECK(result.error().message.find("key-marker") == std::string::npos);
    CHECK(f.http.requests().size() == 2);
  }

  TEST_CASE("Azure Arc is asked for no id, as old agents would answer with the machine's own identity") {
    ArcFixture f;
    auto options = f.options();
    options.client_id = test::kClient;
    const auto result = get(*create(f, options));
    CHECK(kind_of(result) == kUnavailable);
    CHECK(only_attempt(result).code == "invalid_setting");
    CHECK(f.http.requests().empty());
  }

  TEST_CASE("the caller's deadline ends the waiting for the agent of Azure Arc") {
    ArcFixture f;
    const auto credential = create(f, f.options());
    const auto result = get(*credential, Deadline::after(f.clock, 0s));
    CHECK(kind_of(result) == ErrorKind::kTimeout);
    CHECK(f.http.requests().empty());
  }

  TEST_CASE("I-40: over the network Service Fabric gets its secret only when it shows the pinned certificate") {
    NetworkFixture f;
    const auto identity = test::self_signed({.names = {"fabric.example"}});
    const std::string token = app_service_token(f).body;
    test::LoopbackServer server(
        [&](const test::RawRequest&) {
          return raw({200, {}, token});
        },
        test::tls_channel(identity));
    f.environment.set("IDENTITY_ENDPOINT", "https://127.0.0.1:" + std::to_string(server.port()) + "/token");
    f.environment.set("IDENTITY_HEADER", "header-marker");
    f.environment.set("IDENTITY_SERVER_THUMBPRINT", test::sha1_of(test::self_signed({.names = {"fabric.example"}})));
    const auto refused = f.get_token();
    CHECK(kind_of(refused) == kFailed);
    CHECK(only_attempt(refused).code == "server_not_trusted");
    CHECK(server.requests().empty());

    f.environment.set("IDENTITY_SERVER_THUMBPRINT", test::sha1_of(identity));
    CHECK(f.get_token());
    REQUIRE(server.requests().size() == 1);
    CHECK(server.requests().front().headers.get("Secret") == "header-marker");
  }

  TEST_CASE(
      "I-3, I-4, I-10: over the network the endpoint is asked directly, with its port, and not left by a redirect") {
    NetworkFixture f;
    test::LoopbackServer elsewhere(raw({200, {}, app_service_token(f).body}));
    test::LoopbackServer server(
        test::RawReply{"HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url() + "\r\nContent-Length: 0\r\n\r\n"});
    for (const char* variable : {"http_proxy", "HTTP_PROXY", "all_proxy"}) f.environment.set(variable, elsewhere.url());
    f.environment.set("IDENTITY_ENDPOINT", server.url("/msi/token"));
    f.environment.set("IDENTITY_HEADER", "header-marker");
    const auto result = f.get_token();
    CHECK(kind_of(result) == kFailed);
    CHECK(result.error().status == 302);
    REQUIRE(server.requests().size() == 1);
    CHECK(server.requests().front().headers.get("Host") == "127.0.0.1:" + std::to_string(server.port()));
    CHECK(elsewhere.connections() == 0);
  }
}

}  // namespace azf::identity
