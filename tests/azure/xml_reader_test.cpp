#include "azure/xml_reader.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using azf::azure::kMaxXmlDepth;
using azf::azure::kMaxXmlElements;
using azf::azure::parse_xml;
using azf::azure::XmlElement;

std::string repeated(std::string_view text, std::size_t times) {
  std::string result;
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

// An element as one line: `name{attribute=value}"text"[children]`.
std::string shown(const XmlElement& element) {
  std::string line = element.name;
  for (const auto& [name, value] : element.attributes) line += "{" + name + "=" + value + "}";
  if (!element.text.empty()) line += "\"" + element.text + "\"";
  for (const XmlElement& child : element.children) line += "[" + shown(child) + "]";
  return line;
}

TEST_SUITE("azure/xml_reader") {
  TEST_CASE("documents are read as XML 1.0 has it") {
    const struct {
      std::string_view document;
      std::string_view expected;
    } cases[] = {
        {"<a/>", "a"},
        {"<a></a>", "a"},
        {"\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<a>b</a>\r\n", "a\"b\""},
        {"<a x=\"1\" y='2'/>", "a{x=1}{y=2}"},
        {"<a x = \"&lt;&#x41;\" ></a >", "a{x=<A}"},
        {"<a><b>1</b><b/><c>2</c></a>", "a[b\"1\"][b][c\"2\"]"},
        {"<a>1<b/>2</a>", "a\"12\"[b]"},
        {"<a>&amp;&lt;&gt;&quot;&apos;</a>", "a\"&<>\"'\""},
        {"<a>&#65;&#x42;&#xe9;&#x20ac;&#x1F600;</a>", "a\"AB\xc3\xa9€\xf0\x9f\x98\x80\""},
        {"<a>1\r\n2\r3\n4&#13;5</a>", "a\"1\n2\n3\n4\r5\""},
        {"<a><![CDATA[<b>&amp;]]]>x</a>", "a\"<b>&amp;]x\""},
        {"<!-- one --><a><!-- <b> --><?pi <c?></a><!-- two -->", "a"},
        {"<x:a xmlns:x=\"u\"/>", "x:a{xmlns:x=u}"},
        {"<a>Zoë</a>", "a\"Zoë\""},
    };
    for (const auto& row : cases) {
      const auto& [document, expected] = row;
      CAPTURE(row.document);
      const auto root = parse_xml(document);
      REQUIRE(root.has_value());
      CHECK(shown(*root) == expected);
    }
  }

  TEST_CASE("what is no document is refused at its byte, and not repeated") {
    const struct {
      std::string document;
      std::string_view expected;
    } cases[] = {
        {"", "no element at byte 0"},
        {"text", "no element at byte 0"},
        {"{\"error\":1}", "no element at byte 0"},
        {"<a>", "an element without an end at byte 3"},
        {"<a", "a tag without an end at byte 2"},
        {"<a><b></a></b>", "an end of another element at byte 9"},
        {"<a/><b/>", "something behind the root element at byte 4"},
        {"<a x/>", "an attribute without a value at byte 4"},
        {"<a x=1/>", "a value without quotes at byte 5"},
        {"<a x='1/>", "a value without an end at byte 5"},
        {"<a x='<'/>", "a tag inside a value at byte 5"},
        {"<a x='1' x='2'/>", "two attributes of one name at byte 14"},
        {"<a x='1'y='2'/>", "a tag without an end at byte 8"},
        {"<1/>", "no name at byte 1"},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "no name at byte 1"},
        {"<a>&b;</a>", "an entity that is none of XML's own at byte 3"},
        {"<a>&amp</a>", "an entity that is none of XML's own at byte 3"},
        {"<a>&#x110000;</a>", "an entity that is none of XML's own at byte 3"},
        {"<a>&#xD800;</a>", "an entity that is none of XML's own at byte 3"},
        {"<a>&#0;</a>", "an entity that is none of XML's own at byte 3"},
        {"<a>&#x;</a>", "an entity that is none of XML's own at byte 3"},
        {"<a>&#-1;</a>", "an entity that is none of XML's own at byte 3"},
        {"<a>]]></a>", "the end of a section that has not begun at byte 3"},
        {"<a><![CDATA[</a>", "an end that is missing at byte 12"},
        {"<a><!-- -- --></a>", "two hyphens inside a comment at byte 10"},
        {"<?xml version=\"1.0\"", "an end that is missing at byte 2"},
        {"<a>\x01</a>", "a character that no document may have at byte 0"},
        {"<a>\xff</a>", "a character that no document may have at byte 0"},
    };
    for (const auto& row : cases) {
      const auto& [document, expected] = row;
      CAPTURE(row.document);
      const auto root = parse_xml(document);
      REQUIRE_FALSE(root.has_value());
      CHECK(root.error() == azf::Error{azf::ErrorKind::kInvalidArgument, std::string(expected)});
    }
  }

  TEST_CASE("depth and number of elements are limited") {
    CHECK(parse_xml(repeated("<a>", kMaxXmlDepth) + repeated("</a>", kMaxXmlDepth)).has_value());
    CHECK_FALSE(parse_xml(repeated("<a>", kMaxXmlDepth + 1) + repeated("</a>", kMaxXmlDepth + 1)).has_value());
    CHECK(parse_xml("<a>" + repeated("<b/>", kMaxXmlElements - 1) + "</a>").has_value());
    CHECK_FALSE(parse_xml("<a>" + repeated("<b/>", kMaxXmlElements) + "</a>").has_value());
  }

  TEST_CASE("children and attributes are found by name; what is missing is empty") {
    const auto root = parse_xml("<a x='1'><b>2</b><b>3</b></a>").value();
    CHECK(root.attribute("x") == "1");
    CHECK(root.attribute("y").empty());
    CHECK(root.child("b")->text == "2");
    CHECK(root.child("c") == nullptr);
    CHECK(root.child_text("b") == "2");
    CHECK(root.child_text("c").empty());
  }
}

}  // namespace
