#include "conformance/request_cases.h"

#include <string>
#include <string_view>

namespace azf::test {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kHello = "5\r\nhello\r\n0\r\n\r\n";

std::string request(std::string_view method, std::string_view fields, std::string_view body) {
  return std::string(method).append(" /x HTTP/1.1\r\nHost: h\r\n").append(fields).append("\r\n").append(body);
}

// Content-Length with this value, and `hello`.
std::string length(std::string_view value) {
  return post(std::string("Content-Length: ").append(value).append("\r\n"), "hello");
}

// Transfer-Encoding with this value, and `hello` in a chunk.
std::string coding(std::string_view value) {
  return post(std::string("Transfer-Encoding: ").append(value).append("\r\n"), kHello);
}

}  // namespace

Topic content_length_cases() {
  return {
      "Content-Length",
      {
          {"length", "9112 6.2", length("5"), accept({"POST /x", "body: hello"}), must_accept()},
          {"zero", "9112 6.2", post("Content-Length: 0\r\n", ""), accept({"body: "}), must_accept()},
          {"zeros before it", "9110 8.6", length("005"), accept({"body: hello"}), must_accept()},
          {"many zeros before it", "9110 8.6", length("0000000000000000000000005"), accept({"body: hello"}),
           must_accept()},
          {"zeros", "9110 8.6", post("Content-Length: 000\r\n", ""), accept({"body: "}), must_accept()},
          {"blanks around it", "9112 5.1", post("Content-Length: \t 5 \t\r\n", "hello"), accept({"body: hello"}),
           must_accept()},
          {"no blank before it", "9112 5.1", post("Content-Length:5\r\n", "hello"), accept({"body: hello"}),
           must_accept()},
          {"name in another letter case", "9110 5.1", post("cONTENT-lENGTH: 5\r\n", "hello"), accept({"body: hello"}),
           must_accept()},
          {"none, so no body", "9112 6.3", post("", ""), accept({"body: "}), may_accept_or({411})},
          {"body that looks like a request", "9112 6.3",
           post("Content-Length: 38\r\n", "GET /smuggled HTTP/1.1\r\nHost: hhhh\r\n\r\n"),
           accept({"body: GET /smuggled HTTP/1.1\\r\\nHost: hhhh\\r\\n\\r\\n"}), must_accept()},
          {"body of line breaks", "9112 6.3", post("Content-Length: 4\r\n", "\r\n\r\n"), accept({"body: \\r\\n\\r\\n"}),
           must_accept()},
          {"body of any bytes", "9112 6.3", post("Content-Length: 4\r\n", "\0\x01\x80\xff"sv),
           accept({"body: \\x00\\x01\\x80\\xff"}), must_accept()},
          {"body that looks chunked", "9112 6.3", post("Content-Length: 15\r\n", kHello),
           accept({"body: 5\\r\\nhello\\r\\n0\\r\\n\\r\\n"}), must_accept()},
          {"GET", "9110 9.3.1", request("GET", "Content-Length: 5\r\n", "hello"), accept({"GET /x", "body: hello"}),
           may_accept()},
          {"HEAD", "9110 9.3.2", request("HEAD", "Content-Length: 5\r\n", "hello"), accept(), may_accept()},
          {"PUT", "9110 9.3.4", request("PUT", "Content-Length: 5\r\n", "hello"), accept({"PUT /x", "body: hello"}),
           may_accept()},
          {"PATCH", "5789 2", request("PATCH", "Content-Length: 5\r\n", "hello"), accept({"PATCH /x", "body: hello"}),
           may_accept()},
          {"DELETE", "9110 9.3.5", request("DELETE", "Content-Length: 5\r\n", "hello"),
           accept({"DELETE /x", "body: hello"}), may_accept()},
          {"OPTIONS", "9110 9.3.7", request("OPTIONS", "Content-Length: 5\r\n", "hello"),
           accept({"OPTIONS /x", "body: hello"}), may_accept()},
          {"HTTP/1.0", "9112 6.3", "POST /x HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", accept_last({"body: hello"}),
           must_accept().and_end()},

          {"empty", "9112 6.3", length(""), refuse(400), must_refuse({400}).and_end()},
          {"plus", "9112 6.3", length("+5"), refuse(400), must_refuse({400}).and_end()},
          {"minus", "9112 6.3", length("-5"), refuse(400), must_refuse({400}).and_end()},
          {"minus zero", "9112 6.3", length("-0"), refuse(400), must_refuse({400}).and_end()},
          {"hexadecimal", "9112 6.3", length("0x5"), refuse(400), must_refuse({400}).and_end()},
          {"hexadecimal digit", "9112 6.3", length("a"), refuse(400), must_refuse({400}).and_end()},
          {"letter behind it", "9112 6.3", length("5a"), refuse(400), must_refuse({400}).and_end()},
          {"fraction", "9112 6.3", length("5.0"), refuse(400), must_refuse({400}).and_end()},
          {"exponent", "9112 6.3", length("5e0"), refuse(400), must_refuse({400}).and_end()},
          {"separated digits", "9112 6.3", length("0_5"), refuse(400), must_refuse({400}).and_end()},
          {"two numbers", "9112 6.3", length("5 5"), refuse(400), must_refuse({400}).and_end()},
          {"two numbers, HTAB between", "9112 6.3", length("5\t5"), refuse(400), must_refuse({400}).and_end()},
          {"quotes", "9112 6.3", length("\"5\""), refuse(400), must_refuse({400}).and_end()},
          {"semicolon", "9112 6.3", length("5;"), refuse(400), must_refuse({400}).and_end()},
          {"word", "9112 6.3", length("five"), refuse(400), must_refuse({400}).and_end()},
          {"vertical tab before it", "9112 6.3", length("\v5"), refuse(400), must_refuse({400}).and_end()},
          {"NUL behind it", "9112 6.3", length("5\0"sv), refuse(400), must_refuse({400}).and_end()},
          {"digit of another script", "9112 6.3", length("\xd9\xa5"), refuse(400), must_refuse({400}).and_end()},
          {"list of equal ones", "9112 6.3", length("5, 5"), refuse(400), may_accept_or({400})},
          {"list with an empty member", "9112 6.3", length("5,"), refuse(400), may_accept_or({400})},
          {"list of different ones", "9112 6.3", length("5, 6"), refuse(400), must_refuse({400}).and_end()},
          {"list, the last one different", "9112 6.3", length("5, 5, 0"), refuse(400), must_refuse({400}).and_end()},
          {"list, one wrong", "9112 6.3", length("5, x"), refuse(400), must_refuse({400}).and_end()},
          {"two equal fields", "9112 6.3", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), refuse(400),
           may_accept_or({400})},
          {"two fields, zeros before one", "9112 6.3", post("Content-Length: 5\r\nContent-Length: 05\r\n", "hello"),
           refuse(400), may_accept_or({400})},
          {"two different fields", "9112 6.3", post("Content-Length: 5\r\nContent-Length: 0\r\n", "hello"), refuse(400),
           must_refuse({400}).and_end()},
          {"two different fields, apart", "9112 6.3",
           post("Content-Length: 0\r\nX: v\r\ncontent-length: 5\r\n", "hello"), refuse(400),
           must_refuse({400}).and_end()},
          {"two fields, one empty", "9112 6.3", post("Content-Length: 5\r\nContent-Length:\r\n", "hello"), refuse(400),
           must_refuse({400}).and_end()},
          {"wrong, and no content", "9112 6.3", get("Content-Length: x\r\n"), refuse(400),
           must_refuse({400}).and_end()},
          {"wrong in HTTP/1.0", "9112 6.3", "POST /x HTTP/1.0\r\nContent-Length: -1\r\n\r\n", refuse(400),
           must_refuse({400}).and_end()},

          {"2^32 + 5", "9110 8.6", length("4294967301"), refuse(413), must_refuse()},
          {"2^63 + 5", "9110 8.6", length("9223372036854775813"), refuse({400, 413}), must_refuse()},
          {"2^64 + 5", "9110 8.6", length("18446744073709551621"), refuse({400, 413}), must_refuse()},
          {"2^128 + 5", "9110 8.6", length("340282366920938463463374607431768211461"), refuse({400, 413}),
           must_refuse()},
          {"300 digits", "9110 8.6", length(std::string(300, '9')), refuse({400, 413}), must_refuse()},
      },
  };
}

Topic transfer_encoding_cases() {
  return {
      "Transfer-Encoding",
      {
          {"chunked", "9112 6.1", coding("chunked"), accept({"POST /x", "body: hello"}), must_accept()},
          {"letter case of the coding", "9112 7", coding("ChUnKeD"), accept({"body: hello"}), must_accept()},
          {"letter case of the name", "9110 5.1", post("TRANSFER-encoding: chunked\r\n", kHello),
           accept({"body: hello"}), must_accept()},
          {"blanks around it", "9112 5.1", post("Transfer-Encoding:\t chunked \t\r\n", kHello), accept({"body: hello"}),
           must_accept()},
          {"no blank before it", "9112 5.1", post("Transfer-Encoding:chunked\r\n", kHello), accept({"body: hello"}),
           must_accept()},
          {"GET", "9112 6.3", request("GET", "Transfer-Encoding: chunked\r\n", kHello),
           accept({"GET /x", "body: hello"}), may_accept()},
          {"HEAD", "9112 6.3", request("HEAD", "Transfer-Encoding: chunked\r\n", kHello), accept(), may_accept()},
          {"PUT", "9112 6.3", request("PUT", "Transfer-Encoding: chunked\r\n", kHello),
           accept({"PUT /x", "body: hello"}), may_accept()},
          {"PATCH", "9112 6.3", request("PATCH", "Transfer-Encoding: chunked\r\n", kHello),
           accept({"PATCH /x", "body: hello"}), may_accept()},
          {"DELETE", "9112 6.3", request("DELETE", "Transfer-Encoding: chunked\r\n", kHello),
           accept({"DELETE /x", "body: hello"}), may_accept()},
          {"OPTIONS", "9112 6.3", request("OPTIONS", "Transfer-Encoding: chunked\r\n", kHello),
           accept({"OPTIONS /x", "body: hello"}), may_accept()},
          {"field TE is another one", "9110 10.1.4", get("TE: trailers\r\nConnection: TE\r\n"), accept({"body: "}),
           must_accept()},
          {"underscore in the name is another field", "9110 5.1", get("Transfer_Encoding: chunked\r\n"),
           accept({"body: "}), may_accept()},

          {"and Content-Length", "9112 6.1", post("Content-Length: 15\r\nTransfer-Encoding: chunked\r\n", kHello),
           refuse(400), may_accept().and_end()},
          {"and Content-Length behind it", "9112 6.1",
           post("Transfer-Encoding: chunked\r\nContent-Length: 15\r\n", kHello), refuse(400), may_accept().and_end()},
          {"and a shorter Content-Length", "9112 6.1",
           post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", kHello), refuse(400), may_accept().and_end()},
          {"and Content-Length zero", "9112 6.1", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", kHello),
           refuse(400), may_accept().and_end()},
          {"and a longer Content-Length", "9112 6.1",
           post("Content-Length: 50\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), refuse(400),
           may_accept().and_end()},
          {"and a wrong Content-Length", "9112 6.1",
           post("Content-Length: x\r\nTransfer-Encoding: chunked\r\n", kHello), refuse(400), may_accept().and_end()},
          {"unknown, and Content-Length", "9112 6.1", post("Content-Length: 5\r\nTransfer-Encoding: x\r\n", "hello"),
           refuse({400, 501}), must_refuse({400, 501}).and_end()},
          {"in HTTP/1.0", "9112 6.1", "POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
           refuse(400), may_accept().and_end()},
          {"in HTTP/1.0, kept alive", "9112 6.1",
           "POST /x HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", refuse(400),
           may_accept().and_end()},
          {"in HTTP/1.0, and Content-Length", "9112 6.1",
           "POST /x HTTP/1.0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", refuse(400),
           may_accept().and_end()},

          {"gzip", "9112 6.3", coding("gzip"), refuse(501), must_refuse({400, 501}).and_end()},
          {"identity", "9112 6.3", coding("identity"), refuse(501), must_refuse({400, 501}).and_end()},
          {"unknown", "9112 6.1", coding("x"), refuse(501), must_refuse({400, 501}).and_end()},
          {"chunked and a letter before it", "9112 6.3", coding("xchunked"), refuse(501),
           must_refuse({400, 501}).and_end()},
          {"chunked and a letter behind it", "9112 6.3", coding("chunkedx"), refuse(501),
           must_refuse({400, 501}).and_end()},
          {"beginning of chunked", "9112 6.3", coding("chunk"), refuse(501), must_refuse({400, 501}).and_end()},
          {"gzip before chunked", "9112 6.1", coding("gzip, chunked"), refuse(501), should_refuse()},
          {"identity before chunked", "9112 6.1", coding("identity, chunked"), refuse(501), should_refuse()},
          {"unknown before chunked", "9112 6.1", coding("x, chunked"), refuse(501), should_refuse()},
          {"gzip behind chunked", "9112 6.3", coding("chunked, gzip"), refuse(400), must_refuse({400, 501}).and_end()},
          {"identity behind chunked", "9112 6.3", coding("chunked, identity"), refuse(400),
           must_refuse({400, 501}).and_end()},
          {"chunked twice", "9112 7.1", coding("chunked, chunked"), refuse(400), should_refuse()},
          {"two fields, both chunked", "9112 7.1",
           post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", kHello), refuse(400), should_refuse()},
          {"two fields, gzip first", "9112 6.1",
           post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", kHello), refuse({400, 501}),
           should_refuse()},
          {"two fields, gzip last", "9112 6.3",
           post("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n", kHello), refuse({400, 501}),
           must_refuse({400, 501}).and_end()},
          {"two fields, one empty", "9110 5.6.1", post("Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n", kHello),
           refuse(400), may_accept()},

          {"empty", "9112 6.3", coding(""), refuse({400, 501}), must_refuse({400, 501}).and_end()},
          {"comma behind it", "9110 5.6.1", coding("chunked,"), refuse(400), may_accept()},
          {"comma before it", "9110 5.6.1", coding(", chunked"), refuse(400), may_accept()},
          {"comma alone", "9112 6.3", coding(","), refuse({400, 501}), must_refuse({400, 501}).and_end()},
          {"quotes", "9112 7", coding("\"chunked\""), refuse({400, 501}), must_refuse({400, 501}).and_end()},
          {"parameter", "9112 7.1", coding("chunked;q=1"), refuse({400, 501}), should_refuse()},
          {"semicolon behind it", "9112 7", coding("chunked;"), refuse({400, 501}), should_refuse()},
          {"two words", "9112 7", coding("chunked chunked"), refuse({400, 501}), must_refuse({400, 501}).and_end()},
          {"SP within", "9112 7", coding("chun ked"), refuse({400, 501}), must_refuse({400, 501}).and_end()},
          {"vertical tab before it", "9112 6.3", coding("\vchunked"), refuse(400), must_refuse({400, 501}).and_end()},
          {"form feed behind it", "9112 6.3", coding("chunked\f"), refuse(400), must_refuse({400, 501}).and_end()},
          {"NUL behind it", "9112 6.3", coding("chunked\0"sv), refuse(400), must_refuse({400, 501}).and_end()},
          {"no-break space before it", "9112 6.3",
           coding("\xa0"
                  "chunked"),
           refuse({400, 501}), must_refuse({400, 501}).and_end()},
          {"SP before the colon", "9112 5.1", post("Transfer-Encoding : chunked\r\n", kHello), refuse(400),
           must_refuse({400}).and_end()},
          {"folded", "9112 5.2", post("Transfer-Encoding:\r\n chunked\r\n", kHello), refuse(400), may_accept_or({400})},
          {"folded into another field", "9112 5.2", post("X: v\r\n Transfer-Encoding: chunked\r\n", ""), refuse(400),
           may_accept_or({400})},
          {"behind a bare LF", "9112 2.2", post("X: v\nTransfer-Encoding: chunked\r\n", kHello), refuse(400),
           may_accept()},
          {"wrong, and no content", "9112 6.3", get("Transfer-Encoding: x\r\n"), refuse(501),
           must_refuse({400, 501}).and_end()},
      },
  };
}

Topic incomplete_cases() {
  Topic topic{
      "incomplete",
      {
          {"nothing", "9112 8", "", give_up(), must_refuse()},
          {"an empty line", "9112 8", "\r\n", give_up(), must_refuse()},
          {"a part of the method", "9112 8", "GE", give_up(), must_refuse()},
          {"a part of the request line", "9112 8", "GET /x HTTP/1.1", give_up(), must_refuse()},
          {"the request line", "9112 8", "GET /x HTTP/1.1\r\n", give_up(), must_refuse()},
          {"a part of a field", "9112 8", "GET /x HTTP/1.1\r\nHost: h", give_up(), must_refuse()},
          {"head without its last line", "9112 8", "GET /x HTTP/1.1\r\nHost: h\r\n", give_up(), must_refuse()},
          {"head without its last byte", "9112 8", "GET /x HTTP/1.1\r\nHost: h\r\n\r", give_up(), must_refuse()},
          {"no body", "9112 8", post("Content-Length: 5\r\n", ""), give_up(), must_refuse()},
          {"body without its last byte", "9112 8", post("Content-Length: 5\r\n", "hell"), give_up(), must_refuse()},
          {"no chunk", "9112 8", chunked(""), give_up(), must_refuse()},
          {"a part of a chunk size", "9112 8", chunked("5"), give_up(), must_refuse()},
          {"a part of a chunk", "9112 8", chunked("5\r\nhel"), give_up(), must_refuse()},
          {"no last chunk", "9112 8", chunked("5\r\nhello\r\n"), give_up(), must_refuse()},
          {"last chunk without its line break", "9112 8", chunked("5\r\nhello\r\n0"), give_up(), must_refuse()},
          {"no end of the trailer section", "9112 8", chunked("5\r\nhello\r\n0\r\n"), give_up(), must_refuse()},
          {"a part of the trailer section", "9112 8", chunked("5\r\nhello\r\n0\r\nX: v\r\n"), give_up(), must_refuse()},
          {"a whole request, then a part of one", "9112 8", get("") + "GET /y", give_up().after(1), not_asked()},
          {"whole, no body", "9112 9.6", get(""), Ours{.kept = false, .seen = {"GET /x"}}, may_accept()},
          {"whole, Content-Length", "9112 9.6", length("5"), Ours{.kept = false, .seen = {"body: hello"}},
           may_accept()},
          {"whole, chunked", "9112 9.6", chunked(kHello), Ours{.kept = false, .seen = {"body: hello"}}, may_accept()},
      },
  };
  for (RequestCase& request_case : topic.cases) request_case.cut = true;
  return topic;
}

}  // namespace azf::test
