#include "emulator/services/multipart.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace azf::emulator {

TEST_SUITE_BEGIN("emulator");

TEST_CASE("takes a form with a file apart") {
  const std::string body =
      "--b1\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
      "--b1\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a \\\"b\\\".txt\"\r\n"
      "Content-Type: text/plain\r\n\r\nline\r\n\r\n--b\r\n--b1--\r\n";
  for (const char* type : {"multipart/form-data; boundary=b1", "Multipart/Form-Data; x=y; boundary=\"b1\""}) {
    const auto parts = parse_form_data(type, body);
    REQUIRE(parts);
    REQUIRE(parts->size() == 2);
    CHECK((*parts)[0].name == "note");
    CHECK((*parts)[0].file_name.empty());
    CHECK((*parts)[0].content == "hello");
    CHECK((*parts)[1].name == "file");
    CHECK((*parts)[1].file_name == "a \"b\".txt");
    CHECK((*parts)[1].content_type == "text/plain");
    CHECK((*parts)[1].content == "line\r\n\r\n--b");
  }
}

TEST_CASE("refuses what is no form") {
  const std::string part = "Content-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"text/plain; boundary=b", "--b\r\n" + part + "--b--"},
      {"multipart/form-data", "--b\r\n" + part + "--b--"},
      {"multipart/form-data; boundary=b", ""},
      {"multipart/form-data; boundary=b", "--c\r\n" + part + "--c--"},
      {"multipart/form-data; boundary=b", "--b\r\n" + part},
      {"multipart/form-data; boundary=b", "--b\r\nno head\r\n--b--"},
      {"multipart/form-data; boundary=b", "--b\r\nX: y\r\n\r\nx\r\n--b--"},
      {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\nx\r\n--b--"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.second);
    const auto& [type, body] = row;
    CHECK_FALSE(parse_form_data(type, body));
  }
}

TEST_SUITE_END();

}  // namespace azf::emulator
