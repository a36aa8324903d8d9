#include "emulator/wire/coding.h"

#include <doctest/doctest.h>

#include <tuple>
#include <vector>

using namespace std::string_view_literals;

namespace azf::emulator {

TEST_SUITE_BEGIN("emulator");

TEST_CASE("decodes Base64 exactly where .NET does") {
  const std::vector<std::pair<std::string, std::optional<std::string>>> rows = {
      {"", ""},
      {"test", "\xb5\xeb\x2d"},
      {"hello", std::nullopt},
      {"aGVsbG8=", "hello"},
      {" aGVs bG8=\n", "hello"},
      {"aGVsbG8", std::nullopt},
      {"aGVs*G8=", std::nullopt},
      {"YQ==", "a"},
      {"Y=Q=", std::nullopt},
      {"====", std::nullopt},
      {"a-_b", std::nullopt},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    const auto& [text, expected] = row;
    CHECK(parse_dotnet_base64(text) == expected);
  }
}

TEST_CASE("encodes Base64 with padding, and for URLs without") {
  CHECK(to_base64("") == "");
  CHECK(to_base64("a") == "YQ==");
  CHECK(to_base64("ab") == "YWI=");
  CHECK(to_base64("\xfb\xff\xbf") == "+/+/");
  CHECK(to_base64url("\xfb\xff\xbf\xfb") == "-_-_-w");
  CHECK(parse_base64url("-_-_-w") == "\xfb\xff\xbf\xfb");
  CHECK(parse_base64url("YQ==") == std::nullopt);
}

TEST_CASE("decodes percent signs and leaves broken ones") {
  CHECK(percent_decoded("a%20b%2Fc%zz%4") == "a b/c%zz%4");
  CHECK(percent_encoded("a b/~%") == "a%20b%2F~%25");
}

TEST_CASE("splits a query into decoded pairs in order") {
  CHECK(parse_parameters("a=1&flag&b=x+y%26&&a=2=3") ==
        Parameters{{"a", "1"}, {"flag", ""}, {"b", "x y&"}, {"a", "2=3"}});
  CHECK(parse_parameters("").empty());
}

TEST_CASE("tells UTF-8 from other bytes") {
  CHECK(is_utf8("plain, \xc3\xa4, \xe2\x82\xac, \xf0\x9f\x98\x80"));
  for (const auto bytes : {"\x80"sv, "\xc0\xaf"sv, "\xed\xa0\x80"sv, "\xe2\x82"sv, "\xf4\x90\x80\x80"sv}) {
    CHECK_FALSE(is_utf8(bytes));
  }
}

TEST_CASE("makes version 4 identifiers that differ") {
  const std::string guid = new_guid();
  CHECK(guid.size() == 36);
  CHECK(guid[14] == '4');
  CHECK(guid != new_guid());
}

TEST_SUITE_END();

}  // namespace azf::emulator
