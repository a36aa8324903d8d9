#include "conformance/request_cases.h"

#include <string>
#include <string_view>

namespace azf::test {
namespace {

std::string get_target(std::string_view target) {
  return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: h\r\n\r\n");
}

}  // namespace

Topic target_cases() {
  Topic topic{
      "target",
      {
          {"path", "9112 3.2.1", get_target("/x/y.z"), accept({"GET /x/y.z"}), must_accept()},
          {"path and query", "9112 3.2.1", get_target("/x?a=1&b=2"), accept({"GET /x?a=1&b=2"}), must_accept()},
          {"empty query", "9112 3.2.1", get_target("/x?"), accept({"GET /x?"}), must_accept()},
          {"root and query", "9112 3.2.1", get_target("/?a"), accept({"GET /?a"}), must_accept()},
          {"slash and question mark in the query", "3986 3.4", get_target("/x?/?:@"), accept({"GET /x?/?:@"}),
           must_accept()},
          {"every sign of a path", "3986 3.3", get_target("/-._~!$&'()*+,;=:@"), accept({"GET /-._~!$&'()*+,;=:@"}),
           must_accept()},
          {"two slashes first", "9112 3.2.1", get_target("//x/y"), accept({"GET //x/y"}), must_accept()},
          {"empty segments", "9112 3.2.1", get_target("/x//y/"), accept({"GET /x//y/"}), must_accept()},
          {"dot segments", "9112 3.2.1", get_target("/x/../y/./z"), accept({"GET /x/../y/./z"}), may_accept()},
          {"escaped byte", "9112 3.2.1", get_target("/x%20y%2Fz%2e"), accept({"GET /x%20y%2Fz%2e"}), must_accept()},
          {"escaped NUL", "9112 3.2.1", get_target("/x%00"), accept({"GET /x%00"}), may_accept()},
          {"escape without digits", "3986 2.1", get_target("/x%zz"), refuse(400), should_refuse()},
          {"escape cut short", "3986 2.1", get_target("/x%2"), refuse(400), should_refuse()},
          {"escape cut short by a slash", "3986 2.1", get_target("/x%2/y"), refuse(400), should_refuse()},
          {"escape without digits in the query", "3986 2.1", get_target("/x?a=100%"), refuse(400), should_refuse()},
          {"escapes in the query", "3986 2.1", get_target("/x?a=100%25&b=%C3%A9"), accept({"GET /x?a=100%25&b=%C3%A9"}),
           must_accept()},
          {"brackets in the path", "3986 3.3", get_target("/x[1]"), accept({"GET /x[1]"}), should_refuse()},

          {"absolute form", "9112 3.2.2", get_target("http://h/x?y"), accept({"GET /x?y", "Host: h"}), must_accept()},
          {"absolute form: its authority counts", "9112 3.2.2", "GET http://a:81/x HTTP/1.1\r\nHost: b\r\n\r\n",
           accept({"GET /x", "Host: a:81", "!Host: b"}), must_accept()},
          {"absolute form: Host still needed", "9112 3.2", "GET http://h/x HTTP/1.1\r\n\r\n", refuse(400),
           must_refuse({400})},
          {"absolute form in HTTP/1.0", "9112 3.2.2", "GET http://h/x HTTP/1.0\r\n\r\n",
           accept_last({"GET /x", "Host: h"}), must_accept().and_end()},
          {"absolute form: letter case of the scheme", "9110 4.2.3", get_target("HTTP://h/x"), accept({"GET /x"}),
           must_accept()},
          {"absolute form: IPv6", "9112 3.2.2", get_target("http://[::1]:80/x"), accept({"GET /x", "Host: [::1]:80"}),
           must_accept()},
          {"absolute form: no path, but a query", "9112 3.2.2", get_target("http://h?y"), accept({"GET /?y"}),
           must_accept()},
          {"absolute form: no path", "9112 3.2.1", "DELETE http://h HTTP/1.1\r\nHost: h\r\n\r\n", accept({"DELETE /"}),
           must_accept()},
          {"absolute form: no host", "9110 4.2.1", get_target("http:///x"), refuse(400), must_refuse()},
          {"absolute form: only a port", "9110 4.2.1", get_target("http://:80/x"), refuse(400), must_refuse()},
          {"absolute form: nothing but scheme", "9110 4.2.1", get_target("http://"), refuse(400), must_refuse()},
          {"absolute form: one slash", "9112 3.2.2", get_target("http:/x"), refuse(400), should_refuse()},
          {"absolute form: user", "9110 4.2.4", get_target("http://u:p@h/x"), refuse(400), should_refuse()},
          {"absolute form: port of letters", "3986 3.2.3", get_target("http://h:x/x"), refuse(400), should_refuse()},
          {"absolute form: bracket not closed", "3986 3.2.2", get_target("http://[::1/x"), refuse(400),
           should_refuse()},
          {"absolute form: fragment", "9112 3.2.2", get_target("http://h/x#y"), refuse(400), should_refuse()},
          {"absolute form: another scheme", "9112 3.2.2", get_target("ftp://h/x"), refuse(400), may_accept()},

          {"asterisk", "9112 3.2.4", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", accept().saying({"Content-Length: 0"}),
           may_accept()},
          {"asterisk for another method", "9112 3.2.4", get_target("*"), refuse(400), should_refuse()},
          {"asterisk and more", "9112 3.2.4", "OPTIONS */x HTTP/1.1\r\nHost: h\r\n\r\n", refuse(400), should_refuse()},
          {"asterisk and query", "9112 3.2.4", "OPTIONS *?x HTTP/1.1\r\nHost: h\r\n\r\n", refuse(400), should_refuse()},
          {"authority form", "9112 3.2.3", get_target("h:80"), refuse(400), should_refuse()},
          {"no slash first", "9112 3.2.1", get_target("x"), refuse(400), should_refuse()},
          {"query alone", "9112 3.2.1", get_target("?x"), refuse(400), should_refuse()},
          {"escaped slash first", "9112 3.2.1", get_target("%2Fx"), refuse(400), should_refuse()},
          {"point first", "9112 3.2.1", get_target("./x"), refuse(400), should_refuse()},
          {"fragment", "9112 3.2.1", get_target("/x#y"), refuse(400), should_refuse()},
          {"UTF-8", "9112 3.2", get_target("/caf\xc3\xa9"), refuse(400), should_refuse()},
          {"byte above ASCII in the query", "9112 3.2", get_target("/x?\xff"), refuse(400), should_refuse()},
          {"control character", "9112 3.2", get_target("/x\x01"), refuse(400), should_refuse()},
          {"DEL", "9112 3.2", get_target("/x\x7f"), refuse(400), should_refuse()},
      },
  };
  for (const char sign : std::string_view("\"<>\\^`{|}")) {
    topic.cases.push_back(
        {std::string("sign ") + sign, "3986 2", get_target(std::string("/x") + sign), refuse(400), should_refuse()});
  }
  return topic;
}

}  // namespace azf::test
