#include "azure/xml_text.h"

#include "azure/xml_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using azf::azure::is_xml_text;
using azf::azure::parse_xml;
using azf::azure::xml_escaped;

using namespace std::string_view_literals;

TEST_SUITE("azure/xml_text") {
  TEST_CASE("what cannot stand in a document is known") {
    for (const auto text : {""sv, "a\tb\r\n"sv, "Zoë €"sv, "\xf0\x9f\x98\x80"sv, "<&>"sv}) {
      CAPTURE(text);
      CHECK(is_xml_text(text));
    }
    for (const auto text :
         {"\0"sv, "a\x01"sv, "\x1b[0m"sv, "\xff"sv, "\xed\xa0\x80"sv, "\xef\xbf\xbe"sv, "\xef\xbf\xbf"sv}) {
      CAPTURE(text);
      CHECK_FALSE(is_xml_text(text));
    }
  }

  TEST_CASE("an escaped text is read back as it was") {
    for (const auto text : {"<&>\"'"sv, "]]>"sv, "a\rb\r\nc\n"sv, "&amp;"sv, "<!-- x -->"sv, " "sv}) {
      CAPTURE(text);
      CHECK(parse_xml("<a>" + xml_escaped(text) + "</a>").value().text == text);
    }
  }
}

}  // namespace
