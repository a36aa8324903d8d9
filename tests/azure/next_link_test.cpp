#include "azure/next_link.h"

#include <doctest/doctest.h>

#include <string>

using azf::ErrorKind;
using azf::azure::parse_next_link;

TEST_SUITE("azure") {
  TEST_CASE("S-15: a link to the next page leads to the service's own host, or is refused") {
    struct Row {
      std::string link;
      bool followed;
    };
    const Row rows[] = {
        {"https://a.vault.azure.net/secrets?$skiptoken=x", true},
        {"https://A.Vault.Azure.Net:443/secrets", true},
        {"http://a.vault.azure.net/secrets", false},
        {"https://b.vault.azure.net/secrets", false},
        {"https://a.vault.azure.net.evil.example/secrets", false},
        {"https://a.vault.azure.net:8443/secrets", false},
        {"https://a.vault.azure.net@evil.example/secrets", false},
        {"//evil.example/secrets", false},
        {"/secrets?$skiptoken=x", false},
        {"", false},
    };
    for (const Row& row : rows) {
      const auto& [link, followed] = row;
      CAPTURE(row.link);
      const auto next = parse_next_link(link, "https://a.vault.azure.net");
      CHECK(next.has_value() == followed);
      if (!next) CHECK(next.error().kind == ErrorKind::kUnexpectedResponse);
    }
  }
}
