#include "http/multipart.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using azf::ErrorKind;
using azf::FormPart;
using azf::has_form_data;
using azf::parse_form_data;
using azf::to_form_data;

namespace {

constexpr auto kType = "multipart/form-data; boundary=xyz";

std::string part_with(std::string_view fields, std::string_view content = "1") {
  return std::string("--xyz\r\n").append(fields).append("\r\n\r\n").append(content).append("\r\n--xyz--\r\n");
}

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("reads forms as clients write them") {
    struct Row {
      const char* name;
      std::string type;
      std::string body;
      std::vector<FormPart> parts;
    };
    const std::vector<Row> rows = {
        {"curl",
         "multipart/form-data; boundary=------------------------d74496d66958873e",
         "--------------------------d74496d66958873e\r\nContent-Disposition: form-data; name=\"file\"; "
         "filename=\"a b.csv\"\r\nContent-Type: text/csv\r\n\r\nx,y\r\n1,2\r\n\r\n"
         "--------------------------d74496d66958873e--\r\n",
         {{"file", "a b.csv", "text/csv", "x,y\r\n1,2\r\n"}}},
        {"a browser, with two fields",
         "multipart/form-data; boundary=----WebKitFormBoundaryAbC",
         "------WebKitFormBoundaryAbC\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
         "------WebKitFormBoundaryAbC\r\nContent-Disposition: form-data; name=\"file\"; filename=\"Zoë.txt\"\r\n"
         "Content-Type: application/octet-stream\r\n\r\n\r\n------WebKitFormBoundaryAbC--\r\n",
         {{"note", {}, "", "hello"}, {"file", "Zoë.txt", "application/octet-stream", ""}}},
        {".NET",
         "multipart/form-data; boundary=\"5c0a-1\"",
         "--5c0a-1\r\nContent-Disposition: form-data; name=file; filename=a.txt; filename*=utf-8''a.txt\r\n\r\n"
         "1\r\n--5c0a-1--\r\n",
         {{"file", "a.txt", "", "1"}}},
        {"no line break at the end, other fields, letter case",
         "Multipart/Form-Data ;Charset=utf-8; BOUNDARY=xyz",
         "--xyz\r\ncontent-disposition: Form-Data; NAME=\"a\";\r\nX-Other: 1\r\nContent-Transfer-Encoding: binary"
         "\r\n\r\n1\r\n--xyz--",
         {{"a", {}, "", "1"}}},
        {"bytes, and what only looks like a boundary",
         kType,
         part_with("Content-Disposition: form-data; name=a", std::string("\0\xff\n--xyz\r--xyz\r\n--xy\r\n", 22)),
         {{"a", {}, "", std::string_view("\0\xff\n--xyz\r--xyz\r\n--xy\r\n", 22)}}},
        {"a file name with a semicolon",
         kType,
         part_with("Content-Disposition: form-data; name=\"a\"; filename=\"b;c=d.txt\""),
         {{"a", "b;c=d.txt", "", "1"}}},
        {"an empty file name",
         kType,
         part_with("Content-Disposition: form-data; name=\"a\"; filename=\"\""),
         {{"a", "", "", "1"}}},
        {"no part at all", kType, "--xyz--\r\n", {}},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const auto parts = parse_form_data(row.type, row.body);
      REQUIRE_MESSAGE(parts.has_value(), parts.error().message);
      CHECK(*parts == row.parts);
    }
  }

  TEST_CASE("refuses what may be read in two ways") {
    const std::string good = "Content-Disposition: form-data; name=\"a\"";
    struct Row {
      const char* name;
      std::string body;
    };
    const std::vector<Row> rows = {
        {"empty", ""},
        {"text before the first boundary", "hello\r\n" + part_with(good)},
        {"a line break before the first boundary", "\r\n" + part_with(good)},
        {"text behind the last boundary", part_with(good) + "more"},
        {"no last boundary", "--xyz\r\n" + good + "\r\n\r\n1\r\n"},
        {"cut within the last boundary", "--xyz\r\n" + good + "\r\n\r\n1\r\n--xyz-"},
        {"blanks behind a boundary", "--xyz \r\n" + good + "\r\n\r\n1\r\n--xyz--\r\n"},
        {"a longer boundary", "--xyzz\r\n" + good + "\r\n\r\n1\r\n--xyzz--\r\n"},
        {"content with the beginning of a longer boundary", part_with(good, "1\r\n--xyzz")},
        {"bare line feeds", "--xyz\n" + good + "\n\n1\n--xyz--\n"},
        {"fields without an end", "--xyz\r\n" + good + "\r\n--xyz--\r\n"},
        {"no fields", "--xyz\r\n\r\n1\r\n--xyz--\r\n"},
        {"fields that are too long", part_with(good + "\r\nX: " + std::string(8192, 'x'))},
        {"a folded field", part_with("Content-Disposition: form-data;\r\n name=\"a\"")},
        {"a blank before the colon", part_with("Content-Disposition : form-data; name=\"a\"")},
        {"a control character", part_with("Content-Disposition: form-data; name=\"a\x01\"")},
        {"no disposition", part_with("Content-Type: text/plain")},
        {"two dispositions", part_with(good + "\r\n" + good)},
        {"two types", part_with(good + "\r\nContent-Type: a/b\r\nContent-Type: a/b")},
        {"another disposition", part_with("Content-Disposition: attachment; name=\"a\"")},
        {"no name", part_with("Content-Disposition: form-data; filename=\"a\"")},
        {"an empty name", part_with("Content-Disposition: form-data; name=\"\"")},
        {"two names", part_with("Content-Disposition: form-data; name=a; name=b")},
        {"two file names", part_with(good + "; filename=a; FileName=b")},
        {"a quote that does not end", part_with("Content-Disposition: form-data; name=\"a")},
        {"text behind a quote", part_with("Content-Disposition: form-data; name=\"a\"b")},
        {"an escaped quote", part_with(good + R"(; filename="a\"b")")},
        {"a blank in a bare value", part_with("Content-Disposition: form-data; name=a b")},
        {"a parameter without a value", part_with(good + "; filename")},
        {"a transfer encoding", part_with(good + "\r\nContent-Transfer-Encoding: base64")},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      const auto parts = parse_form_data(kType, row.body);
      REQUIRE_FALSE(parts);
      CHECK(parts.error().kind == ErrorKind::kInvalidArgument);
      CHECK(parts.error().message.starts_with("the form is malformed: "));
    }
  }

  TEST_CASE("refuses a Content-Type without one usable boundary") {
    const std::string body = part_with("Content-Disposition: form-data; name=\"a\"");
    for (const auto& type :
         {std::string(), std::string("multipart/form-data"), std::string("multipart/mixed; boundary=xyz"),
          std::string("multipart/form-data; boundary="), std::string("multipart/form-data; boundary=\"\""),
          std::string("multipart/form-data; boundary=\"xyz "), std::string("multipart/form-data; boundary=\"xyz \""),
          std::string("multipart/form-data; boundary=xyz; boundary=xyz"),
          std::string("multipart/form-data; boundary=\"x\ty\""),
          "multipart/form-data; boundary=" + std::string(71, 'x')}) {
      CAPTURE(type);
      CHECK_FALSE(parse_form_data(type, body));
    }
  }

  TEST_CASE("a form has no more parts than the limit") {
    std::vector<FormPart> parts(azf::kMostFormParts, {.name = "a", .content = "1"});
    CHECK(parse_form_data(kType, to_form_data(parts, "xyz")).value() == parts);
    parts.push_back({.name = "a"});
    CHECK_FALSE(parse_form_data(kType, to_form_data(parts, "xyz")));
  }

  TEST_CASE("writes a form byte for byte") {
    CHECK(to_form_data({{"file", "a\"\r\nb.txt", "text/plain", "one\r\n"}, {"note", {}, "", ""}}, "xyz") ==
          "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22%0D%0Ab.txt\"\r\n"
          "Content-Type: text/plain\r\n\r\none\r\n\r\n--xyz\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n"
          "\r\n--xyz--\r\n");
  }

  TEST_CASE("knows forms by their type") {
    CHECK(has_form_data("multipart/form-data; boundary=x"));
    CHECK(has_form_data("Multipart/Form-Data"));
    CHECK_FALSE(has_form_data("multipart/form-data-x"));
    CHECK_FALSE(has_form_data("application/octet-stream"));
    CHECK_FALSE(has_form_data(""));
  }
}
