#include "core/json.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using azf::ErrorKind;
using azf::Json;
using azf::parse_json;

TEST_SUITE("core") {
  TEST_CASE("broken JSON is refused with the place, without the text") {
    const auto json = parse_json(R"({"password":"hunter2",)");
    REQUIRE_FALSE(json);
    CHECK(json.error().kind == ErrorKind::kInvalidArgument);
    CHECK(json.error().message == "not valid JSON at byte 23");
    CHECK(json.error().message.find("hunter2") == std::string::npos);
  }

  TEST_CASE("anything after the JSON text, and nothing at all, is refused") {
    for (const char* text : {"", " ", "{} x", "{}{}", "nul", "\xff", "\"\xc3\"", "// comment\n1", "[1,]", "01"}) {
      CAPTURE(text);
      CHECK_FALSE(parse_json(text));
    }
  }

  TEST_CASE("a NUL byte is not the end of a text") {
    using namespace std::string_view_literals;
    CHECK(parse_json("{}\0"sv).error().message == "not valid JSON at byte 2");
    CHECK(parse_json("{}\0{\"hidden\":1}"sv).error().message == "not valid JSON at byte 2");
    CHECK(parse_json("\"a\0b\""sv).error().message == "not valid JSON at byte 2");
  }

  TEST_CASE("depth is limited, brackets inside strings are not depth") {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    CHECK(parse_json(nested(azf::kMaxJsonDepth)));
    const auto deeper = parse_json(nested(azf::kMaxJsonDepth + 1));
    REQUIRE_FALSE(deeper);
    CHECK(deeper.error().message == "JSON nests deeper than 256 levels");
    CHECK(parse_json("\"" + std::string(1000, '[') + "\\\"" + std::string(1000, '{') + "\""));
    CHECK_FALSE(parse_json(std::string(1'000'000, '[')));
  }

  TEST_CASE("invalid UTF-8 is replaced when JSON is written") {
    CHECK(azf::to_text(Json("a\xff")) == "\"a\xef\xbf\xbd\"");
  }

  TEST_CASE("string members: present, absent, null, of another type") {
    const Json object = *parse_json(R"({"a":"x","b":null,"c":7,"d":""})");
    CHECK(azf::optional_string(object, "a").value() == "x");
    CHECK(azf::optional_string(object, "b").value() == std::nullopt);
    CHECK(azf::optional_string(object, "z").value() == std::nullopt);
    CHECK(azf::optional_string(object, "c").error().message == "member \"c\" must be a string, got number");
    CHECK(azf::required_string(object, "a").value() == "x");
    CHECK(azf::required_string(object, "b").error().message == "member \"b\" is missing or empty");
    CHECK(azf::required_string(object, "d").error().message == "member \"d\" is missing or empty");
    CHECK_FALSE(azf::required_string(Json::array(), "a"));
  }

  TEST_CASE("integers are read in every shape that token services send") {
    struct Row {
      const char* text;
      std::optional<std::int64_t> expected;
    };
    for (const auto& [text, expected] :
         {Row{"3599", 3599}, Row{"\"3599\"", 3599}, Row{"3599.0", 3599}, Row{"-5", -5}, Row{"0", 0},
          Row{"9223372036854775807", INT64_MAX}, Row{"9223372036854775808", {}}, Row{"3599.5", {}}, Row{"1e30", {}},
          Row{"\"\"", {}}, Row{"\"12x\"", {}}, Row{"\" 12\"", {}}, Row{"true", {}}, Row{"[]", {}}}) {
      CAPTURE(text);
      const auto read = azf::optional_integer(Json{{"n", *parse_json(text)}}, "n");
      CHECK(read.has_value() == expected.has_value());
      if (expected) CHECK(read.value() == expected);
    }
    CHECK(azf::optional_integer(*parse_json("{}"), "n").value() == std::nullopt);
  }
}
