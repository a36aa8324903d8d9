#include "identity/token_endpoint.h"

#include "identity/credential_fixture.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace azf::identity {

using namespace std::chrono_literals;
using test::CredentialFixture;

namespace {

TokenCall some_call() {
  TokenCall call;
  call.credential = "C";
  call.source = "somewhere";
  call.request.url = "https://h/t";
  return call;
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-2, I-7: the authority is an https URL, with or without a slash at its end") {
    struct Row {
      std::string option;
      std::string variable;
      std::optional<std::string> authority;
    };
    const Row rows[] = {
        {"", "", "https://login.microsoftonline.com"},
        {"", "https://login.chinacloudapi.cn", "https://login.chinacloudapi.cn"},
        {"", "https://login.chinacloudapi.cn/", "https://login.chinacloudapi.cn"},
        {"https://login.microsoftonline.us//", "https://login.chinacloudapi.cn", "https://login.microsoftonline.us"},
        {"https://localhost:8443", "", "https://localhost:8443"},
        {"https://stack.example/path/", "", "https://stack.example/path"},
        {"http://login.stack.example", "", {}},
        {"", "http://login.stack.example", {}},
        {"login.microsoftonline.com", "", {}},
        {"https://user@host", "", {}},
        {"https://host?query", "", {}},
        {"/", "", {}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.option);
      CAPTURE(row.variable);
      Environment environment;
      environment.set("AZURE_AUTHORITY_HOST", row.variable);
      const auto authority = authority_host(row.option, environment);
      REQUIRE(authority.has_value() == row.authority.has_value());
      if (authority) {
        CHECK(*authority == *row.authority);
      } else {
        CHECK(authority.error().kind == ErrorKind::kInvalidArgument);
      }
    }
  }

  TEST_CASE("I-20: AD FS has its own path") {
    CHECK(token_url("https://h", "contoso.com") == "https://h/contoso.com/oauth2/v2.0/token");
    CHECK(token_url("https://h", "ADFS") == "https://h/adfs/oauth2/token");
  }

  TEST_CASE("I-5, I-8: a resource is one scope without /.default") {
    struct Row {
      std::vector<std::string> scopes;
      std::optional<std::string> resource;
    };
    const Row rows[] = {
        {{"https://vault.azure.net/.default"}, "https://vault.azure.net"},
        {{"https://x//.default"}, "https://x/"},
        {{"https://management.azure.com/"}, "https://management.azure.com/"},
        {{"api://some-app"}, "api://some-app"},
        {{"api://app/.default/more"}, "api://app/.default/more"},
        {{"x/.default/.default"}, "x/.default"},
        {{}, {}},
        {{""}, {}},
        {{"a", "b"}, {}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.scopes.size());
      const auto resource = resource_of(row.scopes);
      REQUIRE(resource.has_value() == row.resource.has_value());
      if (resource) CHECK(*resource == *row.resource);
    }
    CHECK(resource_of({"a", "b"}).error().message.find("exactly one scope") != std::string::npos);
  }

  TEST_CASE("I-11, I-12: the form has each field once, and the secret arrives as it is") {
    const std::string secret = "s e+c/r&t=%41~*'\"\xc3\xa9";
    const ClientProof proof{ClientProof::Kind::kSecret, Secret(secret)};
    const auto request = token_request("https://h/t", {test::kClient, {"scope one", "two"}, Grant(), &proof});
    CHECK(request.method == Method::kPost);
    CHECK(request.url == "https://h/t");
    CHECK(request.headers.get("content-type") == "application/x-www-form-urlencoded");
    CHECK(test::fields_of(request.body) == std::map<std::string, std::string>{{"client_id", test::kClient},
                                                                              {"client_secret", secret},
                                                                              {"grant_type", "client_credentials"},
                                                                              {"scope", "scope one two"}});
  }

  TEST_CASE("an assertion and claims have fields of their own") {
    const ClientProof proof{ClientProof::Kind::kAssertion, Secret("jwt")};
    const auto request = token_request("https://h/t", {"c", {"s"}, Grant(), &proof, R"({"a":1})"});
    CHECK(test::fields_of(request.body) ==
          std::map<std::string, std::string>{
              {"claims", R"({"a":1})"},
              {"client_assertion", "jwt"},
              {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
              {"client_id", "c"},
              {"grant_type", "client_credentials"},
              {"scope", "s"}});
  }

  TEST_CASE("I-9: a request says who asks, by one GUID under the names that servers log") {
    HttpRequest request;
    add_identification(request, "guid");
    CHECK(request.headers.get("User-Agent")->starts_with("azsdk-"));
    CHECK(request.headers.get("Accept") == "application/json");
    CHECK(request.headers.get("client-request-id") == "guid");
    CHECK(request.headers.get("x-ms-client-request-id") == "guid");
    CHECK(request.headers.get("return-client-request-id") == "true");
  }

  TEST_CASE("the expiry counts from before the request was sent") {
    CredentialFixture f([](const HttpRequest&) { return test::entra_token("token-1", 3600); });
    f.http.add_reply(test::entra_token("unused"));
    const SystemTime sent = f.clock.system_now();
    test::FakeTransport slow([&](const HttpRequest&) {
      f.clock.advance(20s);
      return test::entra_token("token-1", 3600);
    });
    TokenCall call;
    call.credential = "C";
    call.source = "somewhere";
    call.request.url = "https://h/t";
    const auto result = send_token_request(
        {f.environment, slow, f.clock, f.log, f.processes, f.executor, [] { return std::string("g"); }},
        std::move(call));
    REQUIRE(result);
    CHECK((*result)->expires_on == sent + 1h);
    CHECK((*result)->attempts.front().source == "somewhere");
  }

  TEST_CASE("without time left nothing is sent") {
    CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
    TokenCall call;
    call.credential = "C";
    call.request.url = "https://h/t?query";
    call.options.deadline = Deadline::after(f.clock, 0s);
    const auto result = send_token_request(f.services(), std::move(call));
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kTimeout);
    REQUIRE(result.error().attempts.size() == 1);
    CHECK(result.error().attempts.front().reason == "no time was left to send GET https://h/t");
    CHECK(result.error().attempts.front().code == "deadline_passed");
    CHECK(f.http.requests().empty());
  }

  TEST_CASE("a secret that the other side sends back is not repeated") {
    CredentialFixture f({test::json_reply(400, R"({"error":"marker","error_description":"got marker, marker",)"
                                               R"("correlation_id":"marker"})")});
    TokenCall call;
    call.credential = "C";
    call.request.url = "https://h/t";
    call.secrets.emplace_back("marker");
    const auto result = send_token_request(f.services(), std::move(call));
    REQUIRE(!result);
    REQUIRE(result.error().attempts.size() == 1);
    const Attempt& attempt = result.error().attempts.front();
    CHECK(attempt.reason == "GET https://h/t answered 400: [secret]: got [secret], [secret]");
    CHECK(attempt.code == "authority_refused");
    CHECK(result.error().message.find("marker") == std::string::npos);
    CHECK(result.error().correlation_id == "[secret]");
  }

  TEST_CASE("I-18: a page instead of a token is refused without printing it") {
    for (const int status : {200, 302, 400}) {
      CAPTURE(status);
      CredentialFixture f({HttpResponse{status, {{"Content-Type", "text/html"}}, "<html>marker</html>"}});
      const auto result = send_token_request(f.services(), some_call());
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      CHECK(result.error().status == status);
      CHECK(result.error().message.find("marker") == std::string::npos);
      CHECK(result.error().attempts.front().code == (status == 200 ? "unexpected_reply" : "authority_refused"));
    }
  }

  TEST_CASE("I-67: neither the secrets of a request nor those of a reply are in what is said or logged") {
    const std::string said[] = {
        R"({"error":"secret-marker","error_description":"AADSTS1: secret-marker","error_codes":[1],)"
        R"("trace_id":"secret-marker","correlation_id":"secret-marker","claims":"{\"a\":\"secret-marker\"}"})",
        R"({"error":{"code":"secret-marker","message":"secret-marker"}})",
        R"({"access_token":"token-marker","refresh_token":"token-marker","expires_in":"token-marker"})",
        "secret-marker token-marker",
    };
    for (const int status : {200, 400, 500}) {
      for (const std::string& body : said) {
        CAPTURE(status);
        CAPTURE(body);
        CredentialFixture f([&](const HttpRequest&) { return test::json_reply(status, body); });
        TokenCall call = some_call();
        call.secrets.emplace_back("secret-marker");
        const auto result = send_token_request(f.services(), std::move(call));
        REQUIRE(!result);
        const CredentialError& error = result.error();
        std::string all = error.message + error.correlation_id + error.oauth_error + error.claims + f.sink.text();
        for (const Attempt& attempt : error.attempts) all += message_of(attempt) + attempt.source + attempt.code;
        CHECK(all.find("marker") == std::string::npos);
      }
    }
  }

  TEST_CASE("I-69: what a service says is cut at 4 KiB, and cannot draw on a terminal") {
    const std::string body = R"({"error":"e\u001b[2J","error_description":"\u001b[31mred\u0007\r\n)" +
                             std::string(100'000, 'x') + R"(","correlation_id":"\u001b]0;title\u0007"})";
    CredentialFixture f({test::json_reply(400, body)});
    const auto result = send_token_request(f.services(), some_call());
    REQUIRE(!result);
    for (const std::string& text :
         {result.error().message, result.error().correlation_id, result.error().oauth_error}) {
      CHECK(text.size() < 4096 + 1024);
      CHECK(std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
    }
    CHECK(result.error().message.find("e\\u001b[2J: \\u001b[31mred\\u0007 xxx") != std::string::npos);
  }

  TEST_CASE("a refusal keeps what callers branch on: error, numbers, claims and the wish to be left alone") {
    HttpResponse reply = test::json_reply(
        429,
        R"({"error":"temporarily_unavailable","error_codes":[90055],"correlation_id":"c-1","claims":"{\"a\":1}"})");
    reply.headers.add("Retry-After", "60");
    CredentialFixture f({reply});
    const auto result = send_token_request(f.services(), some_call());
    REQUIRE(!result);
    const CredentialError& error = result.error();
    CHECK(error.oauth_error == "temporarily_unavailable");
    CHECK(error.error_codes == std::vector<int>{90055});
    CHECK(error.correlation_id == "c-1");
    CHECK(error.claims == R"({"a":1})");
    CHECK(error.retry_after == 60s);
    CHECK(!error.clock_ahead);
  }

  TEST_CASE("claims that are no JSON object are not handed on") {
    for (const std::string claims : {R"("marker")", R"("[1]")", "7", R"({"a":1})", "null"}) {
      CAPTURE(claims);
      CredentialFixture f({test::json_reply(400, R"({"error":"interaction_required","claims":)" + claims + "}")});
      const auto result = send_token_request(f.services(), some_call());
      REQUIRE(!result);
      CHECK(result.error().claims.empty());
    }
  }
}

}  // namespace azf::identity
