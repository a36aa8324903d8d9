#include "identity/tenant.h"

#include <doctest/doctest.h>

namespace azf::identity {

TEST_SUITE("identity") {
  TEST_CASE("I-1: a tenant id is made of ASCII letters, digits, dots and hyphens") {
    for (const std::string good :
         {"11111111-1111-4111-8111-111111111111", "contoso.onmicrosoft.com", "adfs", "common"}) {
      CAPTURE(good);
      CHECK(check_tenant_id(good));
    }
    for (const std::string bad : {"", "a b", "a/b", "\xc3\xa9", "a\n", "..%2f", "a?b"}) {
      CAPTURE(bad);
      const auto valid = check_tenant_id(bad);
      REQUIRE(!valid);
      CHECK(valid.error().kind == ErrorKind::kInvalidArgument);
      CHECK(valid.error().message.find("invalid tenant") == 0);
    }
  }

  TEST_CASE("I-6: a request's tenant is taken only where it is allowed") {
    struct Row {
      std::string name;
      std::string own;
      std::string requested;
      std::vector<std::string> allowed;
      std::string disabled;
      std::optional<std::string> tenant;
      ErrorKind kind = ErrorKind::kAuthenticationFailed;
    };
    const Row rows[] = {
        {"none requested", "own", "", {}, "", "own"},
        {"own, in other letters", "own", "OWN", {}, "", "own"},
        {"not listed", "own", "other", {"third"}, "", std::nullopt},
        {"listed, in other letters", "own", "Other", {"third", "oTHER"}, "", "Other"},
        {"all allowed", "own", "other", {"*"}, "", "other"},
        {"switched off by 1", "own", "other", {"*"}, "1", "own"},
        {"switched off by true", "own", "other", {}, "True", "own"},
        {"not switched off by 0", "own", "other", {}, "0", std::nullopt},
        {"no tenant of its own", "", "other", {}, "", "other"},
        {"no tenant of its own, list", "", "other", {"third"}, "", std::nullopt},
        {"bad characters", "own", "a/b", {"*"}, "", std::nullopt, ErrorKind::kInvalidArgument},
        {"AD FS", "adfs", "other", {"*"}, "", std::nullopt, ErrorKind::kInvalidArgument},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      Environment environment;
      environment.set("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH", row.disabled);
      const auto tenant = resolve_tenant(row.own, row.requested, row.allowed, environment);
      REQUIRE(tenant.has_value() == row.tenant.has_value());
      if (tenant) {
        CHECK(*tenant == *row.tenant);
      } else {
        CHECK(tenant.error().kind == row.kind);
      }
    }
    const auto refused = resolve_tenant("own", "other", {}, {});
    CHECK(refused.error().message.find("tenant other") != std::string::npos);
    CHECK(refused.error().message.find("additionally allowed tenants") != std::string::npos);
  }

  TEST_CASE("the variable of allowed tenants is a list separated by semicolons") {
    Environment environment;
    CHECK(additionally_allowed_tenants(environment).empty());
    environment.set("AZURE_ADDITIONALLY_ALLOWED_TENANTS", " a.com; ;*;b-c ;");
    CHECK(additionally_allowed_tenants(environment) == std::vector<std::string>{"a.com", "*", "b-c"});
  }
}

}  // namespace azf::identity
