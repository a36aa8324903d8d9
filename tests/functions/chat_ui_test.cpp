#include "core/base64.h"
#include "support/test_app.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <array>
#include <map>
#include <string>
#include <string_view>

using azf::HttpResponse;
using azf::test::TestApp;

namespace {

using Settings = std::map<std::string, std::string>;

HttpResponse page(const Settings& settings = {}) {
  const TestApp app(settings);
  const auto response = app.get("/api/chat-ui");
  CHECK(response.status == 200);
  return response;
}

std::string policy(const HttpResponse& response) {
  return std::string(response.headers.get("Content-Security-Policy").value_or(""));
}

// What stands in the only element of that name.
std::string_view content(std::string_view html, const std::string& tag) {
  const auto begin = html.find("<" + tag + ">") + tag.size() + 2;
  REQUIRE(begin == html.rfind("<" + tag + ">") + tag.size() + 2);
  return html.substr(begin, html.find("</" + tag + ">") - begin);
}

std::string sha256_source(std::string_view text) {
  std::array<unsigned char, 32> digest{};
  REQUIRE(EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return "'sha256-" + azf::to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()}) + "'";
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

}  // namespace

TEST_SUITE("functions") {
  TEST_CASE("the page is HTML that nobody may sniff, frame or send on") {
    const auto response = page();
    CHECK(response.headers.get("Content-Type") == "text/html; charset=utf-8");
    CHECK(response.headers.get("X-Content-Type-Options") == "nosniff");
    CHECK(response.headers.get("Referrer-Policy") == "no-referrer");
    CHECK(response.headers.get("Cache-Control") == "no-cache");
    CHECK(has(policy(response), "frame-ancestors 'none'"));
  }

  TEST_CASE("its policy admits the page's own style and script by their digests, and calls to this app, alone") {
    const auto response = page();
    CHECK(policy(response) ==
          "default-src 'none'; script-src " + sha256_source(content(response.body, "script")) + "; style-src " +
              sha256_source(content(response.body, "style")) +
              "; img-src data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
              "require-trusted-types-for 'script'; trusted-types 'none'");
  }

  TEST_CASE("the page is complete: it refers to no other file and no other place") {
    const auto response = page();
    for (const auto part : {"src=\"", "<link rel=\"stylesheet\"", "https://", "@import", "url("}) {
      CAPTURE(part);
      CHECK_FALSE(has(response.body, part));
    }
  }

  TEST_CASE("the page says that stand-ins answer where they do") {
    const std::string mark = "<html lang=\"en\" data-demo>";
    const Settings azure = {{"AZURE_OPENAI_ENDPOINT", "https://x.openai.azure.com"}};
    const Settings stand_in = {{"AZF_DEMO_AZURE_OPENAI_ENDPOINT", "https://127.0.0.1:1"}};
    const Settings both = {{"AZURE_OPENAI_ENDPOINT", "https://x.openai.azure.com"},
                           {"AZF_DEMO_AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", "https://127.0.0.1:1"}};
    CHECK_FALSE(has(page().body, mark));
    CHECK_FALSE(has(page(azure).body, mark));
    CHECK(has(page(stand_in).body, mark));
    CHECK(has(page(both).body, mark));
  }
}
