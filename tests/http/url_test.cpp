#include "http/url.h"

#include <doctest/doctest.h>

using azf::ErrorKind;
using azf::NameValue;
using azf::Url;

TEST_SUITE("http") {
  TEST_CASE("percent-encoding leaves the unreserved characters alone") {
    CHECK(azf::percent_encode("AZaz09-._~") == "AZaz09-._~");
    CHECK(azf::percent_encode("a b+c/d?e&f=g%") == "a%20b%2Bc%2Fd%3Fe%26f%3Dg%25");
    CHECK(azf::percent_encode(std::string_view("\0\x7f\xff", 3)) == "%00%7F%FF");
    CHECK(azf::percent_encode("\xc3\xa4") == "%C3%A4");
    CHECK(azf::percent_encode("").empty());
  }

  TEST_CASE("percent-decoding reads pairs of hexadecimal digits and nothing else") {
    struct Row {
      std::string_view text;
      std::string_view expected;
    };
    for (const auto& row : {Row{"", ""},
                            {"plain", "plain"},
                            {"%41%6a%6A", "Ajj"},
                            {"a+b", "a+b"},
                            {"%", "%"},
                            {"%4", "%4"},
                            {"100%", "100%"},
                            {"%G1%1G", "%G1%1G"},
                            {"%%41", "%A"},
                            {"%2541", "%41"},
                            {"%-1% 1", "%-1% 1"},
                            {"%C3%A4", "\xc3\xa4"},
                            {"a%00b", std::string_view("a\0b", 3)}}) {
      CAPTURE(row.text);
      CHECK(azf::percent_decode(row.text) == row.expected);
    }
  }

  TEST_CASE("what was encoded is decoded to the same bytes, whatever they are") {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
    CHECK(azf::percent_decode(azf::percent_encode(all)) == all);
    const std::vector<NameValue> fields{{all, "1"}, {"", all}, {"", ""}};
    CHECK(azf::form_decode(azf::form_encode(fields)) == fields);
  }

  TEST_CASE("a form is written in order, with both sides encoded") {
    CHECK(azf::form_encode({}).empty());
    CHECK(azf::form_encode({{"scope", "https://a.net//.default b"}, {"x&y", ""}, {"scope", "2"}}) ==
          "scope=https%3A%2F%2Fa.net%2F%2F.default%20b&x%26y=&scope=2");
  }

  TEST_CASE("a form is read in order, repeats kept, empty parts dropped") {
    struct Row {
      std::string_view text;
      std::vector<NameValue> expected;
    };
    for (const auto& row : std::vector<Row>{{"", {}},
                                            {"&&", {}},
                                            {"a=1&b=2&a=3", {{"a", "1"}, {"b", "2"}, {"a", "3"}}},
                                            {"a&b=", {{"a", ""}, {"b", ""}}},
                                            {"=v", {{"", "v"}}},
                                            {"a=b=c", {{"a", "b=c"}}},
                                            {"a+b=c+d%2B", {{"a b", "c d+"}}},
                                            {"a%26b=%3D&", {{"a&b", "="}}}}) {
      CAPTURE(row.text);
      CHECK(azf::form_decode(row.text) == row.expected);
    }
  }

  TEST_CASE("a target is split at its first question mark") {
    CHECK(azf::split_target("/a/b").path == "/a/b");
    CHECK(azf::split_target("/a/b").query.empty());
    CHECK(azf::split_target("/a?").query.empty());
    CHECK(azf::split_target("/a?b?c=/d").path == "/a");
    CHECK(azf::split_target("/a?b?c=/d").query == "b?c=/d");
    CHECK(azf::split_target("").path.empty());
  }

  TEST_CASE("a query parameter is the first of its exact name, decoded") {
    CHECK(azf::query_parameter("/x?a=1&b=two+words&b=3", "b") == "two words");
    CHECK(azf::query_parameter("/x?na%6De=v", "name") == "v");
    CHECK(azf::query_parameter("/x?flag", "flag") == "");
    CHECK_FALSE(azf::query_parameter("/x?Name=v", "name"));
    CHECK_FALSE(azf::query_parameter("/x", "name"));
  }

  TEST_CASE("an absolute URL is taken apart") {
    struct Row {
      std::string_view text;
      Url expected;
    };
    for (const auto& row :
         std::vector<Row>{{"https://login.example.com", {"https", "login.example.com", 443, "/", ""}},
                          {"HTTP://LocalHost", {"http", "localhost", 80, "/", ""}},
                          {"https://a.b:8443/c/d?e=f&g", {"https", "a.b", 8443, "/c/d", "e=f&g"}},
                          {"http://127.0.0.1:41566/MSI/token/", {"http", "127.0.0.1", 41566, "/MSI/token/", ""}},
                          {"https://a:/x", {"https", "a", 443, "/x", ""}},
                          {"https://a?q", {"https", "a", 443, "/", "q"}},
                          {"https://a/?", {"https", "a", 443, "/", ""}},
                          {"https://a/b?c?d/@:", {"https", "a", 443, "/b", "c?d/@:"}},
                          {"https://a//b/../%2e%2E/", {"https", "a", 443, "//b/../%2e%2E/", ""}},
                          {"https://under_score.x-y.", {"https", "under_score.x-y.", 443, "/", ""}},
                          {"http://[::1]:8080/x", {"http", "::1", 8080, "/x", ""}},
                          {"http://[FE80::A]", {"http", "fe80::a", 80, "/", ""}},
                          {"http://[::ffff:1.2.3.4]?q", {"http", "::ffff:1.2.3.4", 80, "/", "q"}},
                          {"https://a:65535", {"https", "a", 65535, "/", ""}},
                          {"https://a:00443", {"https", "a", 443, "/", ""}},
                          {"https://1password.com", {"https", "1password.com", 443, "/", ""}},
                          {"https://0xx.org", {"https", "0xx.org", 443, "/", ""}}}) {
      CAPTURE(row.text);
      const auto url = azf::parse_url(row.text);
      REQUIRE(url);
      CHECK(*url == row.expected);
    }
  }

  TEST_CASE("what is not an absolute http or https URL is refused, and not repeated in the message") {
    struct Row {
      std::string_view text;
      std::string_view reason;
    };
    for (const auto& row : std::vector<Row>{{"", "not absolute"},
                                            {"marker", "not absolute"},
                                            {"/marker", "not absolute"},
                                            {"//marker/", "not absolute"},
                                            {"https:/marker", "not absolute"},
                                            {"https:marker", "not absolute"},
                                            {"ftp://marker/", "scheme"},
                                            {"file:///marker", "scheme"},
                                            {"://marker", "scheme"},
                                            {"https ://marker", "percent-encoded"},
                                            {"https://marker:secret@host/", "user information"},
                                            {"https://marker@host/", "user information"},
                                            {"https://@marker/", "user information"},
                                            {"https://marker/#part", "fragment"},
                                            {"https://marker#", "fragment"},
                                            {"https://", "no host"},
                                            {"https:///marker", "no host"},
                                            {"https://:443/marker", "no host"},
                                            {"https://?marker", "no host"},
                                            {"https://mar ker/", "percent-encoded"},
                                            {"https://marker/a b", "percent-encoded"},
                                            {"https://marker/\r\nX: y", "percent-encoded"},
                                            {"https://marker/\x7f", "percent-encoded"},
                                            {"https://marker/\xc3\xa4", "percent-encoded"},
                                            {std::string_view("https://marker/\0", 16), "percent-encoded"},
                                            {"https://marker\\@host/", "percent-encoded"},
                                            {"https://mar%6ber/", "host"},
                                            {"https://mar!ker/", "host"},
                                            {"https://mar[ker/", "host"},
                                            {"https://marker:x/", "port"},
                                            {"https://marker:+1/", "port"},
                                            {"https://marker:-1/", "port"},
                                            {"https://marker:0/", "port"},
                                            {"https://marker:65536/", "port"},
                                            {"https://marker:99999999999999999999/", "port"},
                                            {"https://marker:1:2/", "port"},
                                            {"https://[::1/marker", "bracket"},
                                            {"https://[]/marker", "IPv6"},
                                            {"https://[marker]/", "IPv6"},
                                            {"https://[1.2.3.4]/marker", "IPv6"},
                                            {"https://[fe80::1%25eth0]/marker", "IPv6"},
                                            {"https://[::1]marker/", "port"},
                                            {"https://[::1]443/", "port"},
                                            {"https://127.1/marker", "IPv4"},
                                            {"https://2130706433/marker", "IPv4"},
                                            {"https://0x7f000001/marker", "IPv4"},
                                            {"https://127.0.0.0x1/marker", "IPv4"},
                                            {"https://256.1.1.1/marker", "IPv4"},
                                            {"https://1.2.3.4.5/marker", "IPv4"},
                                            {"https://127.0.0.01/marker", "IPv4"}}) {
      CAPTURE(row.text);
      const auto url = azf::parse_url(row.text);
      REQUIRE_FALSE(url);
      CHECK(url.error().kind == ErrorKind::kInvalidArgument);
      CHECK(url.error().message.find(row.reason) != std::string::npos);
      CHECK(url.error().message.find("marker") == std::string::npos);
    }
  }

  TEST_CASE("the text for messages has neither query nor the scheme's own port") {
    for (const char* text : {"https://a/b", "http://a:81/", "https://[::1]:8443/x", "http://1.2.3.4/"}) {
      CAPTURE(text);
      const auto url = azf::parse_url(text);
      REQUIRE(url);
      CHECK(azf::without_query(*url) == text);
    }
    const auto url = azf::parse_url("HTTPS://A:443?sig=secret");
    REQUIRE(url);
    CHECK(azf::without_query(*url) == "https://a/");
  }

  TEST_CASE("query fields are added to a URL with or without a query") {
    const std::vector<NameValue> fields{{"api-version", "1"}, {"r", "a b"}};
    CHECK(azf::with_query("http://h/p", fields) == "http://h/p?api-version=1&r=a%20b");
    CHECK(azf::with_query("http://h/p?x=1", fields) == "http://h/p?x=1&api-version=1&r=a%20b");
    CHECK(azf::with_query("http://h/p?", fields) == "http://h/p?api-version=1&r=a%20b");
    CHECK(azf::with_query("http://h/p?x=1&", fields) == "http://h/p?x=1&api-version=1&r=a%20b");
    CHECK(azf::with_query("http://h/p?x?", fields) == "http://h/p?x?&api-version=1&r=a%20b");
    CHECK(azf::with_query("http://h/p", {}) == "http://h/p");
  }
}
