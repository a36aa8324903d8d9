#include "core/base64.h"

#include <doctest/doctest.h>

#include <string>

using azf::from_base64;
using azf::from_base64url;
using azf::is_base64;
using azf::to_base64;
using azf::to_base64url;

TEST_SUITE("core") {
  TEST_CASE("Base64 test vectors of RFC 4648 hold in both directions") {
    struct Row {
      std::string bytes;
      std::string text;
    };
    const Row rows[] = {{"", ""},
                        {"f", "Zg=="},
                        {"fo", "Zm8="},
                        {"foo", "Zm9v"},
                        {"foob", "Zm9vYg=="},
                        {"fooba", "Zm9vYmE="},
                        {"foobar", "Zm9vYmFy"},
                        {std::string("\xfb\xff\x00", 3), "+/8A"}};
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(to_base64(row.bytes) == row.text);
      CHECK(from_base64(row.text) == row.bytes);
    }
  }

  TEST_CASE("what .NET takes for Base64 is taken, and nothing else") {
    for (const auto* text : {"test", "abcd", "Hello123", "null", "1234", " a b c d ", "ab\r\ncd", "QQ==", "Q Q = ="}) {
      CAPTURE(text);
      CHECK(is_base64(text));
      CHECK(from_base64(text).has_value());
    }
    for (const auto* text : {"hello", "a", "abc", "ab-_", "QQ=", "QQ===", "=QQQ", "QQ=Q",
                             "ab\x0b"
                             "cd",
                             "abcd\xc3\xa9", "===="}) {
      CAPTURE(text);
      CHECK_FALSE(is_base64(text));
      CHECK_FALSE(from_base64(text).has_value());
    }
  }

  TEST_CASE("Base64 for URLs has no padding, and its own last two digits") {
    struct Row {
      std::string bytes;
      std::string text;
    };
    const Row rows[] = {{"", ""},        {"f", "Zg"},        {"fo", "Zm8"},
                        {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {std::string("\xfb\xff\x00", 3), "-_8A"}};
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(to_base64url(row.bytes) == row.text);
      CHECK(from_base64url(row.text) == row.bytes);
    }
    for (const auto* text : {"Zg==", "Z", "Zm9vY", "+/8A", "Zm 8", "Zh", "Zm9", "Zm8\n"}) {
      CAPTURE(text);
      CHECK_FALSE(from_base64url(text).has_value());
    }
  }
}
