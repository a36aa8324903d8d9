#include "identity/device_code_credential.h"

#include "identity/credential_fixture.h"

#include <doctest/doctest.h>

#include <latch>
#include <thread>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::CredentialFixture;
using test::FakeTransport;

const std::string kDeveloperSignOn = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";

HttpResponse device_code(const std::string& more = R"(,"interval":5,"expires_in":900)") {
  return test::json_reply(200,
                          R"({"device_code":"device-marker","user_code":"ABC123",)"
                          R"("verification_uri":"https://microsoft.com/devicelogin","message":"Open it.\u001b[1m")" +
                              more + "}");
}

HttpResponse pending(const std::string& error = "authorization_pending") {
  return test::json_reply(400, R"({"error":")" + error + R"(","error_description":"not yet, device-marker"})");
}

HttpResponse user_token(const std::string& token, const std::string& refresh_token) {
  return test::json_reply(200, R"({"token_type":"Bearer","expires_in":3599,"access_token":")" + token +
                                   R"(","refresh_token":")" + refresh_token + R"("})");
}

struct DeviceFixture : CredentialFixture {
  using CredentialFixture::CredentialFixture;

  std::unique_ptr<TokenCredential> create(DeviceCodeOptions options = {}) {
    options.show = [this](const DeviceCodePrompt& prompt) { prompts.push_back(prompt); };
    auto created = create_device_code_credential(std::move(options), services());
    REQUIRE(created);
    return std::move(*created);
  }
  std::map<std::string, std::string> form(std::size_t request) {
    return test::fields_of(http.requests().at(request).body);
  }

  std::vector<DeviceCodePrompt> prompts;
};

TokenResult get(TokenCredential& credential, Deadline deadline = Deadline::never(), std::string claims = "") {
  return credential.get_token({{test::kVaultScope}, "", std::move(claims)}, deadline);
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("a person logs in with a code, and the token is polled for at the pace that was asked") {
    DeviceFixture f({device_code(), pending(), pending("slow_down"), user_token("token-1", "refresh-1")});
    const auto result = get(*f.create());
    REQUIRE(result);
    CHECK((*result)->token.expose() == "token-1");
    CHECK((*result)->credential == "DeviceCodeCredential");
    CHECK((*result)->attempts.front().source ==
          "login by device code to application " + kDeveloperSignOn + " in tenant organizations");

    REQUIRE(f.prompts.size() == 1);
    CHECK(f.prompts.front().user_code == "ABC123");
    CHECK(f.prompts.front().verification_uri == "https://microsoft.com/devicelogin");
    CHECK(f.prompts.front().message == "Open it.\\u001b[1m");
    CHECK(f.clock.sleeps() == std::vector<std::chrono::nanoseconds>{5s, 5s, 10s});

    CHECK(f.http.requests().at(0).url == "https://login.microsoftonline.com/organizations/oauth2/v2.0/devicecode");
    CHECK(f.form(0) == std::map<std::string, std::string>{{"client_id", kDeveloperSignOn},
                                                          {"scope", test::kVaultScope + " offline_access"}});
    CHECK(f.http.requests().at(3).url == "https://login.microsoftonline.com/organizations/oauth2/v2.0/token");
    CHECK(f.form(3) ==
          std::map<std::string, std::string>{{"client_id", kDeveloperSignOn},
                                             {"device_code", "device-marker"},
                                             {"grant_type", "urn:ietf:params:oauth:grant-type:device_code"}});
  }

  TEST_CASE("a later request uses the refresh token, and the newest one") {
    DeviceFixture f({device_code(), user_token("token-1", "refresh-1"), user_token("token-2", "refresh-2"),
                     test::entra_token("token-3"), user_token("token-4", "refresh-4")});
    const auto credential = f.create({.tenant_id = test::kTenant, .client_id = test::kClient});
    for (const std::string token : {"token-1", "token-2", "token-3", "token-4"}) {
      const auto result = get(*credential);
      REQUIRE(result);
      CHECK((*result)->token.expose() == token);
    }
    CHECK(f.prompts.size() == 1);
    CHECK(f.form(2) == std::map<std::string, std::string>{{"client_id", test::kClient},
                                                          {"grant_type", "refresh_token"},
                                                          {"refresh_token", "refresh-1"},
                                                          {"scope", test::kVaultScope + " offline_access"}});
    CHECK(f.form(3).at("refresh_token") == "refresh-2");
    CHECK(f.form(4).at("refresh_token") == "refresh-2");  // the reply before had none
  }

  TEST_CASE("a refused refresh token leads to a new login; a failing service does not") {
    for (const std::string error : {"invalid_grant", "interaction_required"}) {
      CAPTURE(error);
      DeviceFixture f({device_code(), user_token("token-1", "refresh-1"), test::entra_refusal(400, 700082, error),
                       device_code(), user_token("token-2", "refresh-2")});
      const auto credential = f.create();
      REQUIRE(get(*credential));
      const auto result = get(*credential, Deadline::never(), R"({"access_token":{"acrs":{"value":"c1"}}})");
      REQUIRE(result);
      CHECK((*result)->token.expose() == "token-2");
      CHECK(f.prompts.size() == 2);
      for (const std::size_t request : {2U, 3U, 4U}) CHECK(f.form(request).contains("claims"));
    }
    DeviceFixture f({device_code(), user_token("token-1", "refresh-1"),
                     test::json_reply(400, R"({"error":"invalid_client","error_description":"got refresh-1"})"),
                     user_token("token-2", "refresh-2")});
    const auto credential = f.create();
    REQUIRE(get(*credential));
    const auto failed = get(*credential);
    REQUIRE(!failed);
    CHECK(failed.error().message.find("refresh-1") == std::string::npos);
    CHECK(get(*credential));
    CHECK(f.prompts.size() == 1);
  }

  TEST_CASE("a login that nobody completes ends with the reason") {
    struct Row {
      std::string error;
      std::string code;
      std::string part;
    };
    const Row rows[] = {
        {"authorization_declined", "device_login_not_completed", "declined"},
        {"access_denied", "device_login_not_completed", "declined"},
        {"expired_token", "device_login_not_completed", "the code ended"},
        {"bad_verification_code", "authority_refused", "bad_verification_code"},
        {"invalid_client", "authority_refused", "invalid_client"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.error);
      DeviceFixture f({device_code(), pending(), pending(row.error)});
      const auto result = get(*f.create());
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      CHECK(result.error().attempts.front().code == row.code);
      CHECK(result.error().message.find(row.part) != std::string::npos);
      CHECK(result.error().message.find("marker") == std::string::npos);
    }
  }

  TEST_CASE("the wait ends with the code, or with the caller's time, whichever is first") {
    const auto answer = [](const HttpRequest& request) -> FakeTransport::Reply {
      return request.url.ends_with("/devicecode") ? device_code(R"(,"interval":"7","expires_in":"60")") : pending();
    };
    DeviceFixture f(answer);
    const auto credential = f.create();
    const SteadyTime begin = f.clock.steady_now();
    const auto ended = get(*credential);
    REQUIRE(!ended);
    CHECK(ended.error().kind == ErrorKind::kAuthenticationFailed);
    CHECK(ended.error().attempts.front().code == "device_login_not_completed");
    CHECK(f.clock.steady_now() - begin == 56s);

    const auto late = get(*credential, Deadline::after(f.clock, 10s));
    REQUIRE(!late);
    CHECK(late.error().kind == ErrorKind::kTimeout);
    CHECK(f.clock.steady_now() - begin == 63s);
  }

  TEST_CASE("what is no device code, or none at all, is a failure, and nobody is asked for anything") {
    for (const auto& reply :
         {test::json_reply(400, R"({"error":"invalid_client"})"), HttpResponse{200, {}, "<html>marker</html>"},
          test::json_reply(200, R"({"device_code":"marker","user_code":"x"})"), test::json_reply(200, "{}")}) {
      CAPTURE(reply.body);
      DeviceFixture f({reply});
      const auto result = get(*f.create());
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      CHECK(result.error().message.find("marker") == std::string::npos);
      CHECK(f.prompts.empty());
    }
  }

  TEST_CASE("a reply without a sentence gets one, and without a pace the standard's") {
    DeviceFixture f({test::json_reply(200, R"({"device_code":"d","user_code":"ABC","verification_url":"https://u/d"})"),
                     user_token("token-1", "")});
    REQUIRE(get(*f.create({.tenant_id = "adfs", .authority_host = "https://adfs.stack.example"})));
    CHECK(f.prompts.front().message == "To sign in, open the page https://u/d and enter the code ABC");
    CHECK(f.clock.sleeps() == std::vector<std::chrono::nanoseconds>{5s});
    CHECK(f.http.requests().front().url == "https://adfs.stack.example/adfs/oauth2/devicecode");
  }

  TEST_CASE("two callers at once lead to one login") {
    std::latch shown(1);
    std::latch second_is_there(1);
    DeviceFixture f([&](const HttpRequest& request) -> FakeTransport::Reply {
      if (request.url.ends_with("/devicecode")) {
        shown.count_down();
        second_is_there.wait();
        return device_code();
      }
      return user_token("token", "refresh-1");
    });
    const auto credential = f.create();
    bool first = false;
    bool second = false;
    std::thread one([&] { first = get(*credential).has_value(); });
    shown.wait();
    std::thread two([&] {
      second_is_there.count_down();
      second = get(*credential).has_value();
    });
    one.join();
    two.join();
    CHECK(first);
    CHECK(second);
    CHECK(f.prompts.size() == 1);
  }

  TEST_CASE("I-1, I-2, I-5, I-6: what cannot be right is refused, and nothing is sent") {
    DeviceFixture f(std::vector<FakeTransport::Reply>{});
    CHECK(!create_device_code_credential({}, f.services()));
    const auto show = [](const DeviceCodePrompt&) {};
    CHECK(!create_device_code_credential({.tenant_id = "a b", .show = show}, f.services()));
    CHECK(!create_device_code_credential({.show = show, .authority_host = "http://h"}, f.services()));

    const auto credential = f.create();
    const TokenRequestContext contexts[] = {{{}}, {{""}}, {{"s"}, "other"}, {{"s"}, "", "no JSON"}};
    for (const auto& context : contexts) CHECK(!credential->get_token(context, Deadline::never()));
    const auto late = get(*credential, Deadline::after(f.clock, 0s));
    REQUIRE(!late);
    CHECK(late.error().kind == ErrorKind::kTimeout);
  }
}

}  // namespace azf::identity
