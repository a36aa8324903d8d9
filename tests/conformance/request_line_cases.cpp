#include "conformance/request_cases.h"

#include <string_view>

namespace azf::test {
namespace {

using std::string_view_literals::operator""sv;

// A request line, and a head that is in order.
std::string line(std::string_view text) { return std::string(text).append("\r\nHost: h\r\n\r\n"); }

}  // namespace

Topic request_line_cases() {
  return {
      "request line",
      {
          {"method, target, version", "9112 3", line("GET /x HTTP/1.1"), accept({"GET /x"}), must_accept()},
          {"one empty line before it", "9112 2.2", "\r\n" + line("GET /x HTTP/1.1"), accept({"GET /x"}),
           should_accept()},
          {"two empty lines before it", "9112 2.2", "\r\n\r\n" + line("GET /x HTTP/1.1"), refuse(400), may_accept()},
          {"nine empty lines before it", "9112 2.2", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" + line("GET /x HTTP/1.1"),
           refuse(400), may_accept()},
          {"empty line of a bare LF before it", "9112 2.2", "\n" + line("GET /x HTTP/1.1"), refuse(400), may_accept()},
          {"bare CR before it", "9112 2.2", "\r" + line("GET /x HTTP/1.1"), refuse(400), may_accept()},
          {"byte order mark before it", "9112 2.2", "\xef\xbb\xbf" + line("GET /x HTTP/1.1"), refuse(400),
           should_refuse()},

          {"SP before the method", "9112 3", line(" GET /x HTTP/1.1"), refuse(400), may_accept()},
          {"HTAB before the method", "9112 3", line("\tGET /x HTTP/1.1"), refuse(400), may_accept()},
          {"two SP before the target", "9112 3", line("GET  /x HTTP/1.1"), refuse(400), may_accept()},
          {"two SP before the version", "9112 3", line("GET /x  HTTP/1.1"), refuse(400), may_accept()},
          {"SP behind the version", "9112 3", line("GET /x HTTP/1.1 "), refuse(400), may_accept()},
          {"HTAB behind the version", "9112 3", line("GET /x HTTP/1.1\t"), refuse(400), may_accept()},
          {"HTAB before the target", "9112 3", line("GET\t/x HTTP/1.1"), refuse(400), may_accept()},
          {"HTAB before the version", "9112 3", line("GET /x\tHTTP/1.1"), refuse(400), may_accept()},
          {"vertical tab for SP", "9112 3", line("GET\v/x HTTP/1.1"), refuse(400), may_accept()},
          {"form feed for SP", "9112 3", line("GET /x\fHTTP/1.1"), refuse(400), may_accept()},
          {"bare CR for SP", "9112 3", line("GET\r/x HTTP/1.1"), refuse(400), may_accept()},
          {"no-break space for SP", "9112 3", line("GET\xc2\xa0/x HTTP/1.1"), refuse(400), should_refuse()},

          {"bare LF behind it", "9112 2.2", "GET /x HTTP/1.1\nHost: h\r\n\r\n", refuse(400), may_accept()},
          {"bare LF behind every line", "9112 2.2", "GET /x HTTP/1.1\nHost: h\n\n", refuse(400), may_accept()},
          {"bare CR behind it", "9112 2.2", "GET /x HTTP/1.1\rHost: h\r\n\r\n", refuse(400), must_refuse()},
          {"bare CR behind every line", "9112 2.2", "GET /x HTTP/1.1\rHost: h\r\r", refuse(400), must_refuse()},
          {"CR CR LF behind it", "9112 2.2", "GET /x HTTP/1.1\r\r\nHost: h\r\n\r\n", refuse(400), may_accept()},
          {"LF CR behind it", "9112 2.2", "GET /x HTTP/1.1\n\rHost: h\r\n\r\n", refuse(400), must_refuse()},

          {"no version", "9112 3", line("GET /x"), refuse(400), should_refuse()},
          {"no version, but SP", "9112 3", line("GET /x "), refuse(400), should_refuse()},
          {"no target", "9112 3", line("GET HTTP/1.1"), refuse(400), should_refuse()},
          {"empty target", "9112 3", line("GET  HTTP/1.1"), refuse(400), should_refuse()},
          {"no method", "9112 3", line("/x HTTP/1.1"), refuse(400), should_refuse()},
          {"method alone", "9112 3", line("GET"), refuse(400), should_refuse()},
          {"SP alone", "9112 3", line(" "), refuse(400), should_refuse()},
          {"a fourth word", "9112 3", line("GET /x HTTP/1.1 y"), refuse(400), should_refuse()},
          {"SP in the target", "9112 3.2", line("GET /x y HTTP/1.1"), refuse(400), should_refuse()},
          {"a second version", "9112 3", line("GET /x HTTP/1.1 HTTP/1.1"), refuse(400), should_refuse()},
          {"NUL in it", "9112 2.2", line("GET /x\0 HTTP/1.1"sv), refuse(400), should_refuse()},
          {"NUL before it", "9112 2.2", line("\0GET /x HTTP/1.1"sv), refuse(400), should_refuse()},

          {"a status line", "9112 2.1", line("HTTP/1.1 200 OK"), refuse(400), should_refuse()},
          {"a field first", "9112 2.1", "Host: h\r\nGET /x HTTP/1.1\r\n\r\n", refuse(400), should_refuse()},
          {"another protocol", "9112 2.2", "hello\r\n\r\n", refuse(400), should_refuse()},
          {"a TLS handshake", "9112 2.2", std::string("\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00\r\n\r\n"sv),
           refuse(400), should_refuse()},
      },
  };
}

Topic method_cases() {
  return {
      "method",
      {
          {"GET", "9110 9.3.1", line("GET /x HTTP/1.1"), accept({"GET /x", "body: "}), must_accept()},
          {"HEAD", "9110 9.3.2", line("HEAD /x HTTP/1.1"), accept(), must_accept()},
          {"POST without content", "9110 9.3.3", line("POST /x HTTP/1.1"), accept({"POST /x", "body: "}),
           may_accept_or({411, 501})},
          {"PUT without content", "9110 9.3.4", line("PUT /x HTTP/1.1"), accept({"PUT /x", "body: "}),
           may_accept_or({411, 501})},
          {"PATCH without content", "5789 2", line("PATCH /x HTTP/1.1"), accept({"PATCH /x", "body: "}),
           may_accept_or({411, 501})},
          {"DELETE", "9110 9.3.5", line("DELETE /x HTTP/1.1"), accept({"DELETE /x", "body: "}), may_accept_or({501})},
          {"OPTIONS", "9110 9.3.7", line("OPTIONS /x HTTP/1.1"), accept({"OPTIONS /x", "body: "}),
           may_accept_or({501})},
          {"TRACE", "9110 9.3.8", line("TRACE /x HTTP/1.1"), refuse(501), may_accept()},
          {"CONNECT", "9110 9.3.6", line("CONNECT h:80 HTTP/1.1"), refuse(501), may_accept()},

          {"lower case", "9110 9.1", line("get /x HTTP/1.1"), refuse(501), may_accept()},
          {"mixed case", "9110 9.1", line("Get /x HTTP/1.1"), refuse(501), may_accept()},
          {"one unknown", "9110 9.1", line("BREW /x HTTP/1.1"), refuse(501), may_accept()},
          {"beginning of a known one", "9110 9.1", line("GE /x HTTP/1.1"), refuse(501), may_accept()},
          {"known one and more", "9110 9.1", line("GETS /x HTTP/1.1"), refuse(501), may_accept()},
          {"one letter", "9110 9.1", line("G /x HTTP/1.1"), refuse(501), may_accept()},
          {"hyphen", "9110 9.1", line("M-SEARCH /x HTTP/1.1"), refuse(501), may_accept()},
          {"digits", "9110 9.1", line("123 /x HTTP/1.1"), refuse(501), may_accept()},
          {"every sign of a token", "9110 5.6.2", line("!#$%&'*+-.^_`|~ /x HTTP/1.1"), refuse(501), may_accept()},
          {"long", "9112 3", line(std::string(300, 'A') + " /x HTTP/1.1"), refuse(501), may_accept()},

          {"parenthesis", "9110 5.6.2", line("GE(T /x HTTP/1.1"), refuse(400), should_refuse()},
          {"comma", "9110 5.6.2", line("GET,PUT /x HTTP/1.1"), refuse(400), should_refuse()},
          {"colon", "9110 5.6.2", line("GET: /x HTTP/1.1"), refuse(400), should_refuse()},
          {"slash", "9110 5.6.2", line("GET/x /x HTTP/1.1"), refuse(400), should_refuse()},
          {"at sign", "9110 5.6.2", line("G@T /x HTTP/1.1"), refuse(400), should_refuse()},
          {"quotes", "9110 5.6.2", line("\"GET\" /x HTTP/1.1"), refuse(400), should_refuse()},
          {"brackets", "9110 5.6.2", line("[GET] /x HTTP/1.1"), refuse(400), should_refuse()},
          {"braces", "9110 5.6.2", line("{GET} /x HTTP/1.1"), refuse(400), should_refuse()},
          {"backslash", "9110 5.6.2", line("GET\\ /x HTTP/1.1"), refuse(400), should_refuse()},
          {"control character", "9110 5.6.2", line("G\x01T /x HTTP/1.1"), refuse(400), should_refuse()},
          {"DEL", "9110 5.6.2", line("GET\x7f /x HTTP/1.1"), refuse(400), should_refuse()},
          {"byte above ASCII", "9110 5.6.2", line("G\xc3\x89T /x HTTP/1.1"), refuse(400), should_refuse()},
      },
  };
}

Topic version_cases() {
  return {
      "version",
      {
          {"HTTP/1.1", "9112 2.3", line("GET /x HTTP/1.1"), accept({"GET /x"}), must_accept()},
          {"HTTP/1.0", "9112 2.3", line("GET /x HTTP/1.0"), accept_last({"GET /x"}), should_accept().and_end()},
          {"HTTP/1.2", "9110 2.5", line("GET /x HTTP/1.2"), refuse(505), should_accept()},
          {"HTTP/1.9", "9110 2.5", line("GET /x HTTP/1.9"), refuse(505), should_accept()},
          {"HTTP/0.9", "9110 15.6.6", line("GET /x HTTP/0.9"), refuse(505), should_refuse()},
          {"HTTP/0.0", "9110 15.6.6", line("GET /x HTTP/0.0"), refuse(505), should_refuse()},
          {"HTTP/2.0", "9110 15.6.6", line("GET /x HTTP/2.0"), refuse(505), should_refuse()},
          {"HTTP/3.0", "9110 15.6.6", line("GET /x HTTP/3.0"), refuse(505), should_refuse()},
          {"HTTP/9.9", "9110 15.6.6", line("GET /x HTTP/9.9"), refuse(505), should_refuse()},
          {"preface of HTTP/2", "9113 3.4", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", refuse({400, 505}), not_asked()},

          {"lower case", "9112 2.3", line("GET /x http/1.1"), refuse(400), should_refuse()},
          {"mixed case", "9112 2.3", line("GET /x Http/1.1"), refuse(400), should_refuse()},
          {"another name", "9112 2.3", line("GET /x HTTPS/1.1"), refuse(400), should_refuse()},
          {"a letter short", "9112 2.3", line("GET /x HTP/1.1"), refuse(400), should_refuse()},
          {"name alone", "9112 2.3", line("GET /x HTTP"), refuse(400), should_refuse()},
          {"no number", "9112 2.3", line("GET /x HTTP/"), refuse(400), should_refuse()},
          {"no minor number", "9112 2.3", line("GET /x HTTP/1"), refuse(400), should_refuse()},
          {"point, no minor number", "9112 2.3", line("GET /x HTTP/1."), refuse(400), should_refuse()},
          {"no major number", "9112 2.3", line("GET /x HTTP/.1"), refuse(400), should_refuse()},
          {"no point", "9112 2.3", line("GET /x HTTP/11"), refuse(400), should_refuse()},
          {"comma for point", "9112 2.3", line("GET /x HTTP/1,1"), refuse(400), should_refuse()},
          {"two-digit minor number", "9112 2.3", line("GET /x HTTP/1.10"), refuse(400), should_refuse()},
          {"minor number with zero before it", "9112 2.3", line("GET /x HTTP/1.01"), refuse(400), should_refuse()},
          {"major number with zero before it", "9112 2.3", line("GET /x HTTP/01.1"), refuse(400), should_refuse()},
          {"two-digit major number", "9112 2.3", line("GET /x HTTP/11.1"), refuse(400), should_refuse()},
          {"three numbers", "9112 2.3", line("GET /x HTTP/1.1.1"), refuse(400), should_refuse()},
          {"letter for digit", "9112 2.3", line("GET /x HTTP/1.x"), refuse(400), should_refuse()},
          {"sign", "9112 2.3", line("GET /x HTTP/+1.1"), refuse(400), should_refuse()},
          {"SP within", "9112 2.3", line("GET /x HTTP/ 1.1"), refuse(400), should_refuse()},
          {"SP for slash", "9112 2.3", line("GET /x HTTP 1.1"), refuse(400), should_refuse()},
          {"backslash for slash", "9112 2.3", line("GET /x HTTP\\1.1"), refuse(400), should_refuse()},
          {"NUL behind it", "9112 2.3", line("GET /x HTTP/1.1\0"sv), refuse(400), should_refuse()},
          {"byte above ASCII behind it", "9112 2.3", line("GET /x HTTP/1.1\xa0"), refuse(400), should_refuse()},
      },
  };
}

}  // namespace azf::test
