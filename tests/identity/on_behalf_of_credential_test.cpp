#include "identity/on_behalf_of_credential.h"

#include "identity/application_certificate.h"
#include "identity/credential_fixture.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using test::CredentialFixture;
using test::FakeTransport;

OnBehalfOfOptions options() {
  OnBehalfOfOptions options;
  options.tenant_id = test::kTenant;
  options.client_id = test::kClient;
  options.user_assertion = Secret("user-marker");
  return options;
}

TokenResult get(CredentialFixture& f, OnBehalfOfOptions with) {
  auto created = create_on_behalf_of_credential(std::move(with), f.services());
  REQUIRE(created);
  return (*created)->get_token({{"https://graph.microsoft.com/User.Read"}}, Deadline::never());
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("a user's token is exchanged in the user's name, with each proof of the application") {
    const test::TemporaryDirectory directory;
    const auto& made = test::application_certificate();
    struct Row {
      std::string proof;
      std::function<void(OnBehalfOfOptions&)> prove;
    };
    const Row rows[] = {
        {"client_secret", [](OnBehalfOfOptions& o) { o.client_secret = Secret("secret-marker"); }},
        {"client_assertion",
         [&](OnBehalfOfOptions& o) {
           o.certificate_path = directory.write("app.pem", made.encrypted_key + made.certificate);
           o.certificate_password = Secret(test::kCertificatePassword);
         }},
        {"client_assertion",
         [](OnBehalfOfOptions& o) { o.get_assertion = [](Deadline) -> Result<Secret> { return Secret("jwt-1"); }; }},
    };
    for (const Row& row : rows) {
      CAPTURE(row.proof);
      CredentialFixture f({test::entra_token("token-1")});
      auto with = options();
      row.prove(with);
      const auto result = get(f, std::move(with));
      REQUIRE(result);
      CHECK((*result)->credential == "OnBehalfOfCredential");
      auto form = test::fields_of(f.http.requests().front().body);
      CHECK(form.at("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer");
      CHECK(form.at("assertion") == "user-marker");
      CHECK(form.at("requested_token_use") == "on_behalf_of");
      CHECK(form.at("client_id") == test::kClient);
      CHECK(form.at("scope") == "https://graph.microsoft.com/User.Read");
      CHECK(form.contains(row.proof));
    }
  }

  TEST_CASE("a claims challenge of Entra reaches the caller as it came") {
    const std::string challenge = R"({"access_token":{"polids":{"essential":true,"values":["p-1"]}}})";
    Json body = {{"error", "interaction_required"},
                 {"error_description", "AADSTS50076: got user-marker"},
                 {"error_codes", {50076}},
                 {"suberror", "basic_action"},
                 {"claims", challenge}};
    CredentialFixture f({test::json_reply(400, to_text(body))});
    auto with = options();
    with.client_secret = Secret("secret-marker");
    const auto result = get(f, std::move(with));
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
    CHECK(result.error().oauth_error == "interaction_required");
    CHECK(result.error().claims == challenge);
    CHECK(result.error().attempts.front().code == "AADSTS50076");
    CHECK(result.error().message.find("marker") == std::string::npos);
  }

  TEST_CASE("I-1: options that cannot be right fail creation") {
    const auto secret = [](OnBehalfOfOptions& o) { o.client_secret = Secret("secret-marker"); };
    struct Row {
      std::string part;
      std::function<void(OnBehalfOfOptions&)> spoil;
    };
    const Row rows[] = {
        {"0 are given", [](OnBehalfOfOptions&) {}},
        {"2 are given",
         [&](OnBehalfOfOptions& o) {
           secret(o);
           o.certificate_path = "/app.pem";
         }},
        {"user assertion",
         [&](OnBehalfOfOptions& o) {
           secret(o);
           o.user_assertion = Secret();
         }},
        {"invalid tenant",
         [&](OnBehalfOfOptions& o) {
           secret(o);
           o.tenant_id = "a/b";
         }},
        {"/nowhere.pem", [](OnBehalfOfOptions& o) { o.certificate_path = "/nowhere.pem"; }},
    };
    for (const Row& row : rows) {
      CAPTURE(row.part);
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      auto with = options();
      row.spoil(with);
      const auto created = create_on_behalf_of_credential(std::move(with), f.services());
      REQUIRE(!created);
      CHECK(created.error().kind == ErrorKind::kInvalidArgument);
      CHECK(created.error().message.find(row.part) != std::string::npos);
    }
  }
}

}  // namespace azf::identity
