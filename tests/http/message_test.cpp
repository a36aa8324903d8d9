#include "http/message.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

using azf::Headers;
using azf::Method;

TEST_SUITE("http") {
  TEST_CASE("every method has one name, read back in any letter case") {
    for (const auto method : {Method::kGet, Method::kHead, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete,
                              Method::kOptions, Method::kTrace, Method::kConnect}) {
      CAPTURE(azf::to_string(method));
      CHECK(azf::parse_method(azf::to_string(method)) == method);
    }
    CHECK(azf::to_string(Method::kDelete) == "DELETE");
    CHECK(azf::parse_method("post") == Method::kPost);
    CHECK(azf::parse_method("pAtCh") == Method::kPatch);
  }

  TEST_CASE("what is no known method is not read as one") {
    for (const char* text : {"", "GE", "GETS", " GET", "PROPFIND"}) {
      CAPTURE(text);
      CHECK_FALSE(azf::parse_method(text));
    }
  }

  TEST_CASE("texts are compared without regard to the case of ASCII letters, and of those only") {
    CHECK(azf::equal_ignoring_case("", ""));
    CHECK(azf::equal_ignoring_case("Content-Type", "cONTENT-tYPE"));
    CHECK_FALSE(azf::equal_ignoring_case("content-type", "content-typ"));
    CHECK_FALSE(azf::equal_ignoring_case("[", "{"));
    CHECK_FALSE(azf::equal_ignoring_case("\xc4", "\xe4"));
  }

  TEST_CASE("a field name is a token, a field value has no control character but the tab") {
    for (const char* name : {"A", "x-ms-request-id", "!#$%&'*+-.^_`|~09"}) {
      CAPTURE(name);
      CHECK(azf::is_field_name(name));
    }
    for (const char* text : {"", " A", "A:", "A B", "A\r\n", "(A)", "\xc3\xa4", "A\x7f"}) {
      CAPTURE(text);
      CHECK_FALSE(azf::is_field_name(text));
    }
    CHECK(azf::is_field_value(""));
    CHECK(azf::is_field_value("a\tb \xc3\xa4"));
    for (const std::string_view text : {std::string_view("a\0", 2), {"a\r"}, {"\nb"}, {"\x1b"}, {"\x7f"}}) {
      CHECK_FALSE(azf::is_field_value(text));
    }
  }

  TEST_CASE("headers keep order, repeats and spelling, and find names in any case") {
    Headers headers{{"Set-Cookie", "a=1"}, {"Date", "today"}};
    headers.add("set-cookie", "b=2");

    CHECK(headers.get("SET-COOKIE") == "a=1");
    CHECK(headers.all("Set-cookie") == std::vector<std::string_view>{"a=1", "b=2"});
    CHECK(headers.has("date"));
    CHECK_FALSE(headers.has("dat"));
    CHECK(headers.all("absent").empty());
    CHECK(headers == Headers{{"Set-Cookie", "a=1"}, {"Date", "today"}, {"set-cookie", "b=2"}});
  }

  TEST_CASE("an empty value is a value") {
    const Headers headers{{"X-Empty", ""}};
    CHECK(headers.get("x-empty") == "");
    CHECK(headers.has("x-empty"));
  }

  TEST_CASE("set replaces all fields of a name by one, remove takes them all away") {
    Headers headers{{"A", "1"}, {"B", "2"}, {"a", "3"}};
    headers.set("a", "4");
    CHECK(headers == Headers{{"B", "2"}, {"a", "4"}});
    headers.remove("A");
    CHECK(headers == Headers{{"B", "2"}});
    CHECK(headers.size() == 1);
    headers.remove("b");
    CHECK(headers.empty());
  }

  TEST_CASE("every byte is judged at every place of names and values of every length") {
    const std::string_view token = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~";
    for (int byte = 0; byte < 256; ++byte) {
      const auto c = static_cast<char>(byte);
      const bool in_names = token.find(c) != std::string_view::npos;
      const bool in_values = byte == '\t' || (byte >= 0x20 && byte != 0x7f);
      for (std::size_t size = 1; size <= 40; ++size) {
        for (std::size_t place = 0; place < size; ++place) {
          std::string name(size, 'n');
          name[place] = c;
          if (azf::is_field_name(name) != in_names) FAIL_CHECK("byte ", byte, " at ", place, " of ", size);
          std::string value(size, '\t');
          value[place] = c;
          if (azf::is_field_value(value) != in_values) FAIL_CHECK("byte ", byte, " at ", place, " of ", size);
        }
      }
    }
  }

  TEST_CASE("a part of the headers may be added to them") {
    const std::string long_value(40, 'x');
    Headers headers{{"A", long_value}};
    for (int i = 0; i < 8; ++i) headers.add((*headers.begin()).name, *headers.get("A"));
    CHECK(headers.all("A") == std::vector<std::string_view>(9, long_value));
    headers.set("A", *headers.get("A"));
    CHECK(headers == Headers{{"A", long_value}});
  }

  TEST_CASE("headers that were cleared or moved from can be filled again") {
    Headers headers{{"A", std::string(40, 'x')}};
    headers.clear();
    headers.add("B", "2");
    CHECK(headers == Headers{{"B", "2"}});

    Headers taken = std::move(headers);
    headers = Headers();
    headers.add("C", "3");
    CHECK(taken == Headers{{"B", "2"}});
    CHECK(headers == Headers{{"C", "3"}});
    const Headers copy = taken;
    taken.clear();
    taken.add("D", "4");
    CHECK(copy == Headers{{"B", "2"}});
  }

  TEST_CASE("a length is the number in Content-Length, and only a number") {
    CHECK(azf::content_length({{"content-length", "12"}}) == 12U);
    for (const auto* text : {"", "-1", "12,12", "12 "}) CHECK_FALSE(azf::content_length({{"Content-Length", text}}));
    CHECK_FALSE(azf::content_length({}));
  }
}
