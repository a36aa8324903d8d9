#include "identity/managed_identity_credential.h"

#include "identity/credential_fixture.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::CredentialFixture;
using test::FakeTransport;

const std::string kResourceId =
    "/subscriptions/44444444-4444-4444-8444-444444444444/resourceGroups/r g/providers/"
    "Microsoft.ManagedIdentity/userAssignedIdentities/id&1";

const Error kNoRoute{ErrorKind::kTransport, "no route to host"};

std::unique_ptr<TokenCredential> create(CredentialFixture& f, ManagedIdentityOptions options = {}) {
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
  ManagedIdentityOptions options;
  options.client_id = test::kClient;
  return options;
}

ManagedIdentityOptions probing() {
  ManagedIdentityOptions options;
  options.probe_imds = true;
  return options;
}

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
    CHECK((*result)->attempts == std::vector<Attempt>{{"ManagedIdentityCredential", AttemptOutcome::kSucceeded,
                                                       "App Service managed identity, system-assigned"}});
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
    ManagedIdentityOptions by_object;
    by_object.object_id = "object 3";
    ManagedIdentityOptions by_resource;
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
      CHECK((*result)->attempts.front().reason.ends_with("managed identity, " + row.reason));
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
    constexpr std::array kVariables = {"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT",
                                       "MSI_ENDPOINT",      "MSI_SECRET",      "IMDS_ENDPOINT"};
    for (unsigned set = 0; set < 64; ++set) {
      CAPTURE(set);
      CredentialFixture f([&f](const HttpRequest&) { return app_service_token(f); });
      for (std::size_t i = 0; i < kVariables.size(); ++i) {
        if ((set & (1U << i)) != 0) f.environment.set(kVariables.at(i), "http://127.0.0.1:41741/msi/token");
      }
      const auto all_of = [&](unsigned wanted) { return (set & wanted) == wanted; };
      std::string expected = "IMDS managed identity";
      if (all_of(0b000111)) {
        expected = "this is Service Fabric";
      } else if (all_of(0b000011)) {
        expected = "App Service managed identity";
      } else if (all_of(0b011000)) {
        expected = "this is Azure Machine Learning";
      } else if (all_of(0b001000)) {
        expected = "this is Cloud Shell";
      } else if (all_of(0b100001)) {
        expected = "this is Azure Arc";
      }
      const auto result = get(*create(f));
      const Attempt attempt = result ? (*result)->attempts.front() : result.error().attempts.front();
      CHECK(attempt.reason.starts_with(expected));
      // The secret of one platform is never sent in another one's request.
      CHECK(f.http.requests().empty() == expected.starts_with("this is"));
      if (!result) CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
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

  TEST_CASE("App Service that refuses or fails is a failure, not an absence") {
    struct Row {
      FakeTransport::Reply reply;
      std::size_t requests;
      std::string part;
    };
    const Row rows[] = {
        {test::json_reply(400, R"({"statusCode":400,"message":"No User Assigned Identity found"})"), 1,
         "No User Assigned Identity found (App Service); check that the requested identity"},
        {test::json_reply(500, R"({"statusCode":500,"message":"An unexpected error"})"), 4, "An unexpected error"},
        {test::json_reply(404, R"({"message":"not here"})"), 1, "not here"},
        {HttpResponse{302, {{"Location", "http://127.0.0.1:41742/elsewhere"}}, ""}, 1, "answered 302"},
        {HttpResponse{200, {}, "header-marker is not json"}, 1, "without a usable token"},
        {test::json_reply(400, R"({"message":"got header-marker"})"), 1, "got [secret]"},
        {kNoRoute, 4, "no route to host"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.part);
      CredentialFixture f([&](const HttpRequest&) { return row.reply; });
      be_app_service(f.environment);
      const auto result = get(*create(f, user_assigned()));
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      CHECK(result.error().message.find(row.part) != std::string::npos);
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

  TEST_CASE("I-33: IMDS that is busy, being updated or not ready yet is asked again") {
    for (const int status : {404, 410, 429, 500, 503}) {
      CAPTURE(status);
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      f.http.add_reply(test::json_reply(status, "{}"));
      f.http.add_reply(test::json_reply(status, "{}"));
      f.http.add_reply(imds_token(f));
      CHECK(get(*create(f)));
      CHECK(f.http.requests().size() == 3);
    }
  }

  TEST_CASE("I-33: IMDS may be updated for more than 65 s") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    const SteadyTime begin = f.clock.steady_now();
    FakeTransport updating([&](const HttpRequest&) -> FakeTransport::Reply {
      if (f.clock.steady_now() - begin < 70s) return test::json_reply(410, R"({"error":"gone"})");
      return imds_token(f);
    });
    RetryingTransport retrying(updating, f.clock, [] { return 0.0; });
    const auto created = create_managed_identity_credential(
        {}, {f.environment, retrying, f.clock, f.log, f.processes, f.executor, [] { return std::string("guid"); }});
    REQUIRE(created);
    CHECK(get(**created));
  }

  TEST_CASE("I-34, I-35: what an answer of IMDS means") {
    const HttpResponse no_identity =
        test::json_reply(400, R"({"error":"invalid_request","error_description":"Identity not found"})");
    const HttpResponse docker{403, {}, "A socket operation was attempted to an unreachable network"};
    struct Row {
      std::string name;
      FakeTransport::Reply reply;
      bool user_assigned;
      ErrorKind unseen;  // before IMDS has ever issued a token
      ErrorKind seen;
    };
    constexpr auto kUnavailable = ErrorKind::kCredentialUnavailable;
    constexpr auto kFailed = ErrorKind::kAuthenticationFailed;
    const Row rows[] = {
        {"no system-assigned identity", no_identity, false, kUnavailable, kUnavailable},
        {"no such identity", no_identity, true, kFailed, kFailed},
        {"Docker Desktop", docker, false, kUnavailable, kUnavailable},
        {"forbidden", test::json_reply(403, "{}"), false, kFailed, kFailed},
        {"not found", test::json_reply(404, "{}"), false, kUnavailable, kFailed},
        {"gone", test::json_reply(410, "{}"), false, kUnavailable, kFailed},
        {"throttled", test::json_reply(429, "{}"), false, kUnavailable, kFailed},
        {"server error", test::json_reply(500, "{}"), false, kUnavailable, kFailed},
        {"bad gateway", HttpResponse{502, {}, "<html>"}, false, kUnavailable, kFailed},
        {"captive portal", HttpResponse{200, {}, "<html>"}, false, kUnavailable, kFailed},
        {"no route", kNoRoute, false, kUnavailable, kFailed},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      bool issue = false;
      CredentialFixture f([&](const HttpRequest&) { return issue ? FakeTransport::Reply(imds_token(f)) : row.reply; });
      const auto credential = create(f, row.user_assigned ? user_assigned() : ManagedIdentityOptions{});
      const auto unseen = get(*credential);
      REQUIRE(!unseen);
      CHECK(unseen.error().kind == row.unseen);
      if (row.reply && row.reply->status == 400) CHECK(f.http.requests().size() == 1);
      if (!row.reply) CHECK(f.http.requests().size() == 1);  // an unreachable address is not worth a retry
      issue = true;
      REQUIRE(get(*credential));
      issue = false;
      const auto seen = get(*credential);
      REQUIRE(!seen);
      CHECK(seen.error().kind == row.seen);
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

  TEST_CASE("I-35, I-36: without a sign of life from IMDS there is one request and an explanation") {
    const FakeTransport::Reply rows[] = {
        kNoRoute,
        Error{ErrorKind::kTimeout, "timed out"},
        HttpResponse{403, {}, "A socket operation was attempted to an unreachable network"},
        HttpResponse{504, {}, "<html>"},
    };
    for (const auto& reply : rows) {
      CredentialFixture f([&](const HttpRequest&) { return reply; });
      const auto credential = create(f, probing());
      for (std::size_t calls = 1; calls <= 2; ++calls) {
        const auto result = get(*credential);
        REQUIRE(!result);
        CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
        CHECK(result.error().message.find("AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential") != std::string::npos);
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
    const auto early = get(*credential, Deadline::after(f.clock, 10s));
    REQUIRE(!early);
    CHECK(f.clock.sleeps().size() <= 2);
    const auto late = get(*credential, Deadline::after(f.clock, 0s));
    REQUIRE(!late);
    CHECK(late.error().kind == ErrorKind::kTimeout);
  }
}

}  // namespace azf::identity
