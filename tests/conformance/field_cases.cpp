#include "conformance/request_cases.h"

#include <string>
#include <string_view>

namespace azf::test {
namespace {

using std::string_view_literals::operator""sv;

}  // namespace

Topic field_cases() {
  Topic topic{
      "field",
      {
          {"no blank behind the colon", "9112 5.1", get("X:v\r\n"), accept({"X: v"}), must_accept()},
          {"blanks around the value", "9112 5.1", get("X: \t v\t \r\n"), accept({"X: v"}), must_accept()},
          {"blanks within the value", "9110 5.5", get("X: a \t b\r\n"), accept({"X: a \\t b"}), must_accept()},
          {"empty value", "9110 5.5", get("X:\r\n"), accept({"X: "}), must_accept()},
          {"value of blanks", "9112 5.1", get("X: \t \r\n"), accept({"X: "}), must_accept()},
          {"colon in the value", "9112 5.1", get("X: a:b: c\r\n"), accept({"X: a:b: c"}), must_accept()},
          {"value of a colon", "9112 5.1", get("X::\r\n"), accept({"X: :"}), must_accept()},
          {"bytes above ASCII in the value", "9110 5.5", get("X: \x80\xff\xc3\xa9\r\n"),
           accept({"X: \\x80\\xff\\xc3\\xa9"}), may_accept()},
          {"every printable sign in the value", "9110 5.5", get("X: !\"#$%&'()*+,-./:;<=>?@[]^_`{|}~\r\n"),
           accept({"X: !\"*/:;<=>?@[]^_`{|}~"}), must_accept()},
          {"quote that is not closed", "9110 5.5", get("X: \"a\r\n"), accept({"X: \"a"}), must_accept()},
          {"name as it was sent", "9110 5.1", get("x-ONE: v\r\n"), accept({"x-ONE: v"}), must_accept()},
          {"every sign of a token in the name", "9110 5.6.2", get("!#$%&'*+-.^_`|~0aZ: v\r\n"),
           accept({"*$%&'*+-.^_`|~0aZ: v"}), must_accept()},
          {"name of one digit", "9110 5.1", get("1: v\r\n"), accept({"1: v"}), must_accept()},
          {"repeated", "9110 5.3", get("X: a\r\nX: b\r\n"), accept({"X: a", "X: b"}), must_accept()},

          {"SP before the colon", "9112 5.1", get("X : v\r\n"), refuse(400), must_refuse({400})},
          {"HTAB before the colon", "9112 5.1", get("X\t: v\r\n"), refuse(400), must_refuse({400})},
          {"SP before the colon of Content-Length", "9112 5.1", post("Content-Length : 5\r\n", "hello"), refuse(400),
           must_refuse({400}).and_end()},
          {"no colon", "9112 5", get("X\r\n"), refuse(400), should_refuse()},
          {"no name", "9112 5", get(": v\r\n"), refuse(400), should_refuse()},
          {"colon alone", "9112 5", get(":\r\n"), refuse(400), should_refuse()},
          {"SP in the name", "9110 5.1", get("X Y: v\r\n"), refuse(400), should_refuse()},
          {"control character in the name", "9110 5.1", get("X\x01: v\r\n"), refuse(400), should_refuse()},
          {"NUL in the name", "9110 5.1", get("X\0Y: v\r\n"sv), refuse(400), should_refuse()},
          {"DEL in the name", "9110 5.1", get("X\x7f: v\r\n"), refuse(400), should_refuse()},
          {"byte above ASCII in the name", "9110 5.1", get("X\xe9: v\r\n"), refuse(400), should_refuse()},
          {"bare CR in the name", "9112 2.2", get("X\rY: v\r\n"), refuse(400), should_refuse()},

          {"folded by SP", "9112 5.2", get("X: a\r\n b\r\n"), refuse(400), may_accept_or({400})},
          {"folded by HTAB", "9112 5.2", get("X: a\r\n\tb\r\n"), refuse(400), may_accept_or({400})},
          {"folded before the value", "9112 5.2", get("X:\r\n a\r\n"), refuse(400), may_accept_or({400})},
          {"folded, nothing behind", "9112 5.2", get("X: a\r\n \r\n"), refuse(400), may_accept_or({400})},
          {"folded, looks like a field", "9112 5.2", post("X: a\r\n Content-Length: 5\r\n", ""), refuse(400),
           may_accept_or({400})},
          {"SP before the first field", "9112 2.2", "GET /x HTTP/1.1\r\n X: v\r\nHost: h\r\n\r\n", refuse(400),
           may_accept()},
          {"HTAB before the first field", "9112 2.2", "GET /x HTTP/1.1\r\n\tX: v\r\nHost: h\r\n\r\n", refuse(400),
           may_accept()},
          {"SP before the only field, Host", "9112 2.2", "GET /x HTTP/1.1\r\n Host: h\r\n\r\n", refuse(400),
           must_refuse()},
          {"SP before the end of the head", "9112 2.2", "GET /x HTTP/1.1\r\nHost: h\r\n \r\n\r\n", refuse(400),
           may_accept_or({400})},

          {"NUL in the value", "9110 5.5", get("X: a\0b\r\n"sv), refuse(400), may_accept()},
          {"bare CR in the value", "9110 5.5", get("X: a\rb\r\n"), refuse(400), may_accept()},
          {"bare CR, looks like a field", "9112 2.2", post("X: a\rContent-Length: 5\r\n", ""), refuse(400),
           may_accept()},
          {"bare LF in the value", "9112 2.2", get("X: a\nY: b\r\n"), refuse(400), may_accept()},
          {"bare LF, no field behind", "9110 5.5", get("X: a\nb\r\n"), refuse(400), may_accept()},
          {"SOH in the value", "9110 5.5", get("X: a\x01\r\n"), refuse(400), may_accept()},
          {"backspace in the value", "9110 5.5", get("X: a\b\r\n"), refuse(400), may_accept()},
          {"vertical tab in the value", "9110 5.5", get("X: a\vb\r\n"), refuse(400), may_accept()},
          {"form feed before the value", "9110 5.5", get("X:\fa\r\n"), refuse(400), may_accept()},
          {"escape in the value", "9110 5.5", get("X: \x1b[0m\r\n"), refuse(400), may_accept()},
          {"DEL in the value", "9110 5.5", get("X: a\x7f\r\n"), refuse(400), may_accept()},

          {"CR CR LF behind a field", "9112 2.2", get("X: a\r\r\n"), refuse(400), may_accept()},
          {"CR CR LF behind the head", "9112 2.2", "GET /x HTTP/1.1\r\nHost: h\r\n\r\r\n", refuse(400), may_accept()},
          {"LF LF behind the head", "9112 2.2", "GET /x HTTP/1.1\r\nHost: h\n\n", refuse(400), may_accept()},
          {"CR LF LF behind the head", "9112 2.2", "GET /x HTTP/1.1\r\nHost: h\r\n\n", refuse(400), may_accept()},
          {"LF CR LF behind the head", "9112 2.2", "GET /x HTTP/1.1\r\nHost: h\n\r\n", refuse(400), may_accept()},
          {"CR CR behind the head", "9112 2.2", "GET /x HTTP/1.1\r\nHost: h\r\r", refuse(400), must_refuse()},
      },
  };
  for (const char sign : std::string_view("\"(),/;<=>?@[\\]{}")) {
    topic.cases.push_back({std::string("sign ") + sign + " in the name", "9110 5.6.2",
                           get(std::string("X") + sign + "Y: v\r\n"), refuse(400), should_refuse()});
  }
  return topic;
}

Topic host_cases() {
  const auto with = [](std::string_view value) {
    return std::string("GET /x HTTP/1.1\r\nHost: ").append(value).append("\r\n\r\n");
  };
  return {
      "Host",
      {
          {"name", "9110 7.2", with("example.org"), accept({"Host: example.org"}), must_accept()},
          {"name and port", "9110 7.2", with("example.org:7071"), accept({"Host: example.org:7071"}), must_accept()},
          {"name and empty port", "3986 3.2.3", with("h:"), accept({"Host: h:"}), must_accept()},
          {"IPv4", "9110 7.2", with("127.0.0.1:80"), accept({"Host: 127.0.0.1:80"}), must_accept()},
          {"IPv6", "9110 7.2", with("[::1]"), accept({"Host: [::1]"}), must_accept()},
          {"IPv6 and port", "9110 7.2", with("[::1]:80"), accept({"Host: [::1]:80"}), must_accept()},
          {"underscore and hyphen", "3986 3.2.2", with("a_b-c.d"), accept({"Host: a_b-c.d"}), must_accept()},
          {"blanks around it", "9112 5.1", "GET /x HTTP/1.1\r\nHost: \t h \r\n\r\n", accept({"Host: h"}),
           must_accept()},
          {"name of the field in lower case", "9110 5.1", "GET /x HTTP/1.1\r\nhost: h\r\n\r\n", accept({"host: h"}),
           must_accept()},
          {"name of the field in upper case", "9110 5.1", "GET /x HTTP/1.1\r\nHOST: h\r\n\r\n", accept({"HOST: h"}),
           must_accept()},
          {"not the first field", "9110 5.3", "GET /x HTTP/1.1\r\nX: v\r\nHost: h\r\n\r\n", accept({"Host: h"}),
           must_accept()},
          {"empty", "9112 3.2", with(""), accept({"Host: "}), may_accept()},

          {"none", "9112 3.2", "GET /x HTTP/1.1\r\n\r\n", refuse(400), must_refuse({400})},
          {"none, but other fields", "9112 3.2", "GET /x HTTP/1.1\r\nX: v\r\nHosts: h\r\n\r\n", refuse(400),
           must_refuse({400})},
          {"none in HTTP/1.0", "9112 3.2", "GET /x HTTP/1.0\r\n\r\n", accept_last({"GET /x"}), must_accept().and_end()},
          {"one in HTTP/1.0", "9112 3.2", "GET /x HTTP/1.0\r\nHost: h\r\n\r\n", accept_last({"Host: h"}),
           must_accept().and_end()},
          {"two different", "9112 3.2", get("Host: i\r\n"), refuse(400), must_refuse({400})},
          {"two equal", "9112 3.2", get("Host: h\r\n"), refuse(400), must_refuse({400})},
          {"two of different letter case", "9112 3.2", get("hOST: h\r\n"), refuse(400), must_refuse({400})},
          {"two, the second one empty", "9112 3.2", get("Host:\r\n"), refuse(400), must_refuse({400})},
          {"two in HTTP/1.0", "9112 3.2", "GET /x HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n", refuse(400),
           must_refuse({400})},
          {"list", "9112 3.2", with("h, i"), refuse(400), must_refuse({400})},
          {"SP within", "9112 3.2", with("h i"), refuse(400), must_refuse({400})},
          {"HTAB within", "9112 3.2", with("h\ti"), refuse(400), must_refuse({400})},
          {"user", "9112 3.2", with("u@h"), refuse(400), must_refuse({400})},
          {"path", "9112 3.2", with("h/x"), refuse(400), must_refuse({400})},
          {"query", "9112 3.2", with("h?x"), refuse(400), must_refuse({400})},
          {"fragment", "9112 3.2", with("h#x"), refuse(400), must_refuse({400})},
          {"URL", "9112 3.2", with("http://h"), refuse(400), must_refuse({400})},
          {"port of letters", "9112 3.2", with("h:x"), refuse(400), must_refuse({400})},
          {"port with a sign", "9112 3.2", with("h:-1"), refuse(400), must_refuse({400})},
          {"two ports", "9112 3.2", with("h:80:81"), refuse(400), must_refuse({400})},
          {"IPv6 without brackets", "9112 3.2", with("::1"), refuse(400), must_refuse({400})},
          {"bracket not closed", "9112 3.2", with("[::1"), refuse(400), must_refuse({400})},
          {"text behind the bracket", "9112 3.2", with("[::1]x"), refuse(400), must_refuse({400})},
          {"backslash", "9112 3.2", with("h\\x"), refuse(400), must_refuse({400})},
          {"angle brackets", "9112 3.2", with("<h>"), refuse(400), must_refuse({400})},
          {"quotes", "9112 3.2", with("\"h\""), refuse(400), must_refuse({400})},
          {"byte above ASCII", "9112 3.2", with("h\xc3\xa9"), refuse(400), must_refuse({400})},
          {"escape without digits", "9112 3.2", with("h%zz"), refuse(400), must_refuse({400})},
          {"invalid in HTTP/1.0", "9112 3.2", "GET /x HTTP/1.0\r\nHost: h i\r\n\r\n", refuse(400), must_refuse({400})},
      },
  };
}

}  // namespace azf::test
