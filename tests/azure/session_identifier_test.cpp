#include "azure/session_identifier.h"

#include "core/base64.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using azf::Environment;
using azf::ErrorKind;
using azf::Headers;
using azf::Secret;
using azf::azure::CodeSession;
using azf::azure::kAnonymousCaller;
using azf::azure::load_session_issuer;
using azf::azure::session_caller;
using azf::azure::SessionIssuer;

namespace {

const std::string kKey = "0123456789abcdef0123456789abcdef";
const std::string kOtherKey = "fedcba9876543210fedcba9876543210";

Environment environment_of(std::map<std::string, std::string, std::less<>> variables) {
  return Environment(std::move(variables));
}

bool is_hexadecimal(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

TEST_SUITE("azure") {
  TEST_CASE("a session is found again by its handle") {
    const SessionIssuer issuer{Secret(kKey)};
    const CodeSession issued = issuer.issue("ada");
    CHECK(issued.handle.size() == 43);
    CHECK(azf::from_base64url(issued.handle).value().size() == 32);
    CHECK(issued.identifier.size() == 64);
    CHECK(is_hexadecimal(issued.identifier.expose()));

    const auto found = SessionIssuer{Secret(kKey)}.find(issued.handle, "ada");
    REQUIRE(found);
    CHECK(found->handle == issued.handle);
    CHECK(found->identifier == issued.identifier);
  }

  TEST_CASE("the identifier follows from key, caller and random part by HMAC-SHA256") {
    // Of the 16 bytes 00 to 0f, computed by another implementation (Python's hmac).
    const auto found = SessionIssuer{Secret(kKey)}.find("AAECAwQFBgcICQoLDA0ODwwHPcFxX94uWodr67LpOWM", "ada");
    REQUIRE(found);
    CHECK(found->identifier.expose() == "fe9ebbdd4c2acbe1662dc26e7f953fc44dc7dd43eac55ef69a2bbf1e1f04fbd1");
  }

  TEST_CASE("every session is another") {
    const SessionIssuer issuer{Secret(kKey)};
    const CodeSession first = issuer.issue("ada");
    const CodeSession second = issuer.issue("ada");
    CHECK(first.handle != second.handle);
    CHECK_FALSE(first.identifier == second.identifier);
  }

  TEST_CASE("a handle is of no use to another caller, with another key, or if a bit of it is changed") {
    const SessionIssuer issuer{Secret(kKey)};
    const std::string handle = issuer.issue("ada").handle;
    const auto refused = issuer.find(handle, "bob");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kNotFound);
    CHECK(refused.error().message.find(handle) == std::string::npos);
    CHECK_FALSE(issuer.find(handle, ""));
    CHECK_FALSE(issuer.find(handle, kAnonymousCaller));
    CHECK_FALSE(SessionIssuer{Secret(kOtherKey)}.find(handle, "ada"));

    const std::string bytes = azf::from_base64url(handle).value();
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
      CAPTURE(bit);
      std::string changed = bytes;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
      CHECK_FALSE(issuer.find(azf::to_base64url(changed), "ada"));
    }
  }

  TEST_CASE("what is no handle is not found") {
    const SessionIssuer issuer{Secret(kKey)};
    const std::string handle = issuer.issue("ada").handle;
    for (const auto& text : {std::string(), std::string("default"), handle + "=", handle + "A", handle.substr(1),
                             " " + handle, std::string(43, 'A'), std::string(10'000, 'A'), std::string("../x")}) {
      CAPTURE(text);
      const auto found = issuer.find(text, "ada");
      REQUIRE_FALSE(found);
      CHECK(found.error().kind == ErrorKind::kNotFound);
    }
  }

  TEST_CASE("the key is that of the setting, else the platform's, else one of this process") {
    const Environment both = environment_of({{"AZF_SESSION_KEY", kKey}, {"WEBSITE_AUTH_ENCRYPTION_KEY", kOtherKey}});
    const Environment platform = environment_of({{"WEBSITE_AUTH_ENCRYPTION_KEY", kOtherKey}});
    const std::string handle = load_session_issuer(both)->issue("ada").handle;
    CHECK(SessionIssuer{Secret(kKey)}.find(handle, "ada"));
    CHECK_FALSE(load_session_issuer(platform)->find(handle, "ada"));
    CHECK(SessionIssuer{Secret(kOtherKey)}.find(load_session_issuer(platform)->issue("ada").handle, "ada"));

    const Environment none;
    const std::string of_process = load_session_issuer(none)->issue("ada").handle;
    CHECK(load_session_issuer(none)->find(of_process, "ada"));
    CHECK_FALSE(load_session_issuer(both)->find(of_process, "ada"));
    CHECK(load_session_issuer(environment_of({{"WEBSITE_AUTH_ENCRYPTION_KEY", "short"}}))->find(of_process, "ada"));
  }

  TEST_CASE("a key that is too short is refused, and not shown") {
    const auto issuer = load_session_issuer(environment_of({{"AZF_SESSION_KEY", kKey.substr(1)}}));
    REQUIRE_FALSE(issuer);
    CHECK(issuer.error().kind == ErrorKind::kInvalidArgument);
    CHECK(issuer.error().message.find("AZF_SESSION_KEY") != std::string::npos);
    CHECK(issuer.error().message.find(kKey.substr(1)) == std::string::npos);
    CHECK_THROWS_AS(SessionIssuer{Secret("short")}, std::logic_error);
  }

  TEST_CASE("the caller is the platform's principal, where the platform authenticates") {
    const Headers principal = {{"X-MS-CLIENT-PRINCIPAL-ID", "7c1e"}, {"X-MS-CLIENT-PRINCIPAL-IDP", "aad"}};
    const Environment on = environment_of({{"WEBSITE_AUTH_ENABLED", "True"}});
    CHECK(session_caller(on, principal) == "aad\n7c1e");
    CHECK(session_caller(on, {{"X-MS-CLIENT-PRINCIPAL-ID", "7c1e"}}) == "\n7c1e");
    CHECK(session_caller(on, {{"X-MS-CLIENT-PRINCIPAL-ID", "anonymous"}}) != kAnonymousCaller);
    CHECK(session_caller(on, {}) == kAnonymousCaller);
    CHECK(session_caller({}, principal) == kAnonymousCaller);
    CHECK(session_caller(environment_of({{"WEBSITE_AUTH_ENABLED", "False"}}), principal) == kAnonymousCaller);
  }
}
