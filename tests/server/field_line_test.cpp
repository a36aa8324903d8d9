#include "server/field_line.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

using azf::parse_field_line;
using azf::quoted_string_length;

TEST_SUITE("server") {
  TEST_CASE("a field line is a token, a colon and a value without the blanks around it") {
    using Parts = std::pair<std::string_view, std::string_view>;
    struct Row {
      std::string_view line;
      std::optional<Parts> expected;
    };
    const Row rows[] = {
        {"Host: h", Parts{"Host", "h"}},
        {"Host:h", Parts{"Host", "h"}},
        {"a: \t b c \t ", Parts{"a", "b c"}},
        {"a:", Parts{"a", ""}},
        {"a: \t", Parts{"a", ""}},
        {"a:b:c", Parts{"a", "b:c"}},
        {"a::", Parts{"a", ":"}},
        {"!#$%&'*+-.^_`|~09azAZ: x", Parts{"!#$%&'*+-.^_`|~09azAZ", "x"}},
        {"a: b\tc", Parts{"a", "b\tc"}},
        {"a: \xc3\xa9\xff", Parts{"a", "\xc3\xa9\xff"}},
        {"", {}},
        {"a", {}},
        {":", {}},
        {": b", {}},
        {"a : b", {}},
        {"a\t: b", {}},
        {" a: b", {}},
        {"\ta: b", {}},
        {"a b: c", {}},
        {"a\"b: c", {}},
        {"\xc3\xa9: b", {}},
        {"a: b\r", {}},
        {"a: b\n", {}},
        {"a: b\rc", {}},
        {{"a: b\0c", 6}, {}},
        {"a: b\x7f", {}},
        {"a:\vb", {}},
        {"\n", {}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.line);
      const auto field = parse_field_line(row.line);
      REQUIRE(field.has_value() == row.expected.has_value());
      if (field) CHECK(Parts{field->name, field->value} == *row.expected);
    }
  }

  TEST_CASE("a quoted string ends at its first quote that is not escaped") {
    struct Row {
      std::string_view text;
      std::size_t expected;
    };
    const Row rows[] = {
        {R"("")", 2},    {R"("a")", 3},   {R"("a"b)", 3},  {R"("a;b=c, d")", 10}, {R"("\"")", 4},
        {R"("\\")", 4},  {R"("\\"")", 4}, {"\"a\tb\"", 5}, {"\"\xc3\xa9\"", 4},   {"", 0},
        {"a", 0},        {R"(a"")", 0},   {R"(")", 0},     {R"("a)", 0},          {R"("\")", 0},
        {R"("\)", 0},    {"\"a\rb\"", 0}, {"\"a\nb\"", 0}, {"\"\\\n\"", 0},       {{"\"\0\"", 3}, 0},
        {"\"\x7f\"", 0},
    };
    for (const Row& row : rows) {
      CAPTURE(row.text);
      CHECK(quoted_string_length(row.text) == row.expected);
    }
  }

  TEST_CASE("the elements of a list come in order, without blanks and without the empty ones") {
    using Elements = std::vector<std::string_view>;
    struct Row {
      std::string_view list;
      Elements expected;
    };
    const Row rows[] = {
        {"", {}},       {",", {}},           {" , \t,", {}},
        {"a", {"a"}},   {"a,b", {"a", "b"}}, {" a ,\tb c\t, ,c", {"a", "b c", "c"}},
        {",a,", {"a"}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.list);
      Elements elements;
      azf::for_each_element(row.list, [&elements](std::string_view element) { elements.push_back(element); });
      CHECK(elements == row.expected);
    }
  }
}
