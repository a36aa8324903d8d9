#include "conformance/request_cases.h"

#include <string>
#include <string_view>

namespace azf::test {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kEnd = "\r\n0\r\n\r\n";

// One chunk of `hello` with this line before it.
std::string size_line(std::string_view line) { return chunked(std::string(line).append("\r\nhello").append(kEnd)); }

// A chunked `hello` with these field lines behind it, each with its line break.
std::string trailer(std::string_view fields) {
  return chunked(std::string("5\r\nhello\r\n0\r\n").append(fields).append("\r\n"));
}

}  // namespace

Topic chunk_cases() {
  const std::string full(kBodyLimitBytes, 'a');
  return {
      "chunks",
      {
          {"one", "9112 7.1", chunked("5\r\nhello\r\n0\r\n\r\n"), accept({"body: hello"}), must_accept()},
          {"two", "9112 7.1", chunked("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), accept({"body: hello"}), must_accept()},
          {"one for each byte", "9112 7.1", chunked("1\r\nh\r\n1\r\ni\r\n1\r\n!\r\n0\r\n\r\n"), accept({"body: hi!"}),
           must_accept()},
          {"none", "9112 7.1", chunked("0\r\n\r\n"), accept({"body: "}), must_accept()},
          {"size in lower case", "9112 7.1", chunked("a\r\nabcdefghij\r\n0\r\n\r\n"), accept({"body: abcdefghij"}),
           must_accept()},
          {"size in upper case", "9112 7.1", chunked("A\r\nabcdefghij\r\n0\r\n\r\n"), accept({"body: abcdefghij"}),
           must_accept()},
          {"size of two digits", "9112 7.1", chunked("1f\r\n0123456789abcdef0123456789abcde\r\n0\r\n\r\n"),
           accept({"body: 0123456789abcdef0123456789abcde"}), must_accept()},
          {"size with zero before it", "9112 7.1", size_line("05"), accept({"body: hello"}), must_accept()},
          {"size of 15 digits", "9112 7.1", size_line("000000000000005"), accept({"body: hello"}), must_accept()},
          {"size of 16 digits", "9112 7.1", size_line("0000000000000005"), refuse(400), may_accept()},
          {"size of 40 digits", "9112 7.1", size_line(std::string(39, '0') + "5"), refuse(400), may_accept()},
          {"last one with two zeros", "9112 7.1", chunked("5\r\nhello\r\n00\r\n\r\n"), accept({"body: hello"}),
           must_accept()},
          {"last one with 15 zeros", "9112 7.1", chunked("5\r\nhello\r\n000000000000000\r\n\r\n"),
           accept({"body: hello"}), must_accept()},
          {"line breaks in the data", "9112 7.1", chunked("4\r\n\r\n\r\n\r\n0\r\n\r\n"), accept({"body: \\r\\n\\r\\n"}),
           must_accept()},
          {"last chunk in the data", "9112 7.1", chunked("5\r\n0\r\n\r\n\r\n0\r\n\r\n"),
           accept({"body: 0\\r\\n\\r\\n"}), must_accept()},
          {"any bytes in the data", "9112 7.1", chunked("4\r\n\0\x01\x80\xff\r\n0\r\n\r\n"sv),
           accept({"body: \\x00\\x01\\x80\\xff"}), must_accept()},
          {"request in the data", "9112 7.1", chunked("1a\r\nGET /smuggled HTTP/1.1\r\n\r\n\r\n0\r\n\r\n"),
           accept({"body: GET /smuggled HTTP/1.1\\r\\n\\r\\n"}), must_accept()},

          {"extension", "9112 7.1.1", size_line("5;a=b"), accept({"body: hello"}), must_accept()},
          {"extension without value", "9112 7.1.1", size_line("5;a"), accept({"body: hello"}), must_accept()},
          {"extension in quotes", "9112 7.1.1", size_line("5;a=\"b c;d=e\""), accept({"body: hello"}), must_accept()},
          {"extension of empty quotes", "9112 7.1.1", size_line("5;a=\"\""), accept({"body: hello"}), must_accept()},
          {"extension with a quoted quote", "9112 7.1.1", size_line("5;a=\"b\\\"c\""), accept({"body: hello"}),
           must_accept()},
          {"two extensions", "9112 7.1.1", size_line("5;a=b;c"), accept({"body: hello"}), must_accept()},
          {"extension of the last chunk", "9112 7.1.1", chunked("5\r\nhello\r\n0;a=b\r\n\r\n"), accept({"body: hello"}),
           must_accept()},
          {"SP before an extension", "9112 7.1.1", size_line("5 ;a=b"), accept({"body: hello"}), must_accept()},
          {"SP within an extension", "9112 7.1.1", size_line("5; a = b"), accept({"body: hello"}), must_accept()},
          {"extension of 200 bytes", "9112 7.1.1", size_line("5;" + std::string(200, 'a')), accept({"body: hello"}),
           may_accept()},
          {"extension of 300 bytes", "9112 7.1.1", size_line("5;" + std::string(300, 'a')), refuse(400), may_accept()},
          {"extension without end", "9112 7.1.1", chunked("5;" + std::string(20'000, 'a')), refuse(400), must_refuse()},
          {"extension without name", "9112 7.1.1", size_line("5;=b"), refuse(400), should_refuse()},
          {"extension without anything", "9112 7.1.1", size_line("5;"), refuse(400), should_refuse()},
          {"extension with empty value", "9112 7.1.1", size_line("5;a="), refuse(400), should_refuse()},
          {"extension with SP in its value", "9112 7.1.1", size_line("5;a=b c"), refuse(400), should_refuse()},
          {"extension, quote not closed", "9112 7.1.1", size_line("5;a=\"b"), refuse(400), should_refuse()},
          {"extension, text behind the quote", "9112 7.1.1", size_line("5;a=\"b\"c"), refuse(400), should_refuse()},
          {"extension with a control character", "9112 7.1.1", size_line("5;a=\x01"), refuse(400), should_refuse()},
          {"extension with NUL", "9112 7.1.1", size_line("5;a=\0"sv), refuse(400), should_refuse()},
          {"extension with bare LF", "9112 7.1.1", chunked("5;a\nhello\r\n0\r\n\r\n"), refuse(400),
           should_refuse().and_end()},
          {"extension with bare LF in quotes", "9112 7.1.1", size_line("5;a=\"\n\""), refuse(400),
           should_refuse().and_end()},
          {"extension with bare CR", "9112 2.2", size_line("5;a\rb"), refuse(400), may_accept()},
          {"extension with CR before LF", "9112 2.2", size_line("5;a\r"), refuse(400), may_accept()},

          {"no size", "9112 7.1", size_line(""), refuse(400), should_refuse().and_end()},
          {"no size, but extension", "9112 7.1", size_line(";a=b"), refuse(400), should_refuse().and_end()},
          {"plus", "9112 7.1", size_line("+5"), refuse(400), should_refuse().and_end()},
          {"minus", "9112 7.1", size_line("-5"), refuse(400), should_refuse().and_end()},
          {"minus zero", "9112 7.1", chunked("-0\r\n\r\n"), refuse(400), should_refuse().and_end()},
          {"0x", "9112 7.1", size_line("0x5"), refuse(400), should_refuse().and_end()},
          {"another letter", "9112 7.1", size_line("g"), refuse(400), should_refuse().and_end()},
          {"letter behind the size", "9112 7.1", size_line("5x"), refuse(400), should_refuse().and_end()},
          {"separated digits", "9112 7.1", size_line("0_5"), refuse(400), should_refuse().and_end()},
          {"fraction", "9112 7.1", size_line("5.0"), refuse(400), should_refuse().and_end()},
          {"comma", "9112 7.1", size_line("5,a"), refuse(400), should_refuse().and_end()},
          {"SP before the size", "9112 7.1", size_line(" 5"), refuse(400), should_refuse()},
          {"SP behind the size", "9112 7.1", size_line("5 "), refuse(400), should_refuse()},
          {"HTAB behind the size", "9112 7.1", size_line("5\t"), refuse(400), should_refuse()},
          {"vertical tab behind the size", "9112 7.1", size_line("5\v"), refuse(400), should_refuse().and_end()},
          {"SP behind the last size", "9112 7.1", chunked("5\r\nhello\r\n0 \r\n\r\n"), refuse(400), should_refuse()},
          {"two sizes", "9112 7.1", size_line("5 5"), refuse(400), should_refuse().and_end()},
          {"NUL behind the size", "9112 7.1", size_line("5\0"sv), refuse(400), should_refuse().and_end()},
          {"byte above ASCII", "9112 7.1", size_line("\xd9\xa5"), refuse(400), should_refuse().and_end()},
          {"2^32 + 5", "9112 7.1", size_line("100000005"), refuse(413), must_refuse()},
          {"2^63 + 5", "9112 7.1", size_line("8000000000000005"), refuse({400, 413}), must_refuse()},
          {"2^64 - 1", "9112 7.1", size_line("ffffffffffffffff"), refuse({400, 413}), must_refuse()},
          {"2^64 + 5", "9112 7.1", size_line("10000000000000005"), refuse({400, 413}), must_refuse()},
          {"sum above 2^64", "9112 7.1", chunked("5\r\nhello\r\nfffffffffffffffb\r\nx\r\n0\r\n\r\n"),
           refuse({400, 413}), must_refuse()},

          {"data too long", "9112 7.1", chunked("5\r\nhello!\r\n0\r\n\r\n"), refuse(400), should_refuse().and_end()},
          {"data too short", "9112 7.1", chunked("6\r\nhello\r\n0\r\n\r\n"), refuse(400), should_refuse().and_end()},
          {"nothing behind the data", "9112 7.1", chunked("5\r\nhello0\r\n\r\n"), refuse(400),
           should_refuse().and_end()},
          {"bare LF behind the data", "9112 7.1", chunked("5\r\nhello\n0\r\n\r\n"), refuse(400), should_refuse()},
          {"bare CR behind the data", "9112 7.1", chunked("5\r\nhello\r0\r\n\r\n"), refuse(400),
           should_refuse().and_end()},
          {"CR CR LF behind the data", "9112 7.1", chunked("5\r\nhello\r\r\n0\r\n\r\n"), refuse(400),
           should_refuse().and_end()},
          {"SP behind the data", "9112 7.1", chunked("5\r\nhello \r\n0\r\n\r\n"), refuse(400),
           should_refuse().and_end()},
          {"any two bytes behind the data", "9112 7.1", chunked("5\r\nhelloXX0\r\n\r\n"), refuse(400),
           should_refuse().and_end()},
          {"empty line behind the data", "9112 7.1", chunked("5\r\nhello\r\n\r\n0\r\n\r\n"), refuse(400),
           should_refuse().and_end()},
          {"bare LF behind the size", "9112 7.1", chunked("5\nhello\r\n0\r\n\r\n"), refuse(400), should_refuse()},
          {"bare CR behind the size", "9112 7.1", chunked("5\rhello\r\n0\r\n\r\n"), refuse(400),
           should_refuse().and_end()},
          {"CR CR LF behind the size", "9112 7.1", chunked("5\r\r\nhello\r\n0\r\n\r\n"), refuse(400), should_refuse()},
          {"bare LF behind the last size", "9112 7.1", chunked("5\r\nhello\r\n0\n\r\n"), refuse(400), should_refuse()},
          {"not chunked", "9112 7.1", chunked("hello\r\n\r\n"), refuse(400), should_refuse().and_end()},

          {"as much as we take", "9110 15.5.14", chunked("10000\r\n" + full + std::string(kEnd)), accept(),
           may_accept()},
          {"more than we take, in one", "9110 15.5.14", chunked("10001\r\n" + full + "a" + std::string(kEnd)),
           refuse(413), may_accept()},
          {"more than we take, in two", "9110 15.5.14", chunked("10000\r\n" + full + "\r\n1\r\na" + std::string(kEnd)),
           refuse(413), may_accept()},
      },
  };
}

Topic trailer_cases() {
  return {
      "trailer section",
      {
          {"one field", "9112 7.1.2", trailer("X: v\r\n"), accept({"body: hello", "!X: *"}), must_accept()},
          {"two fields", "9112 7.1.2", trailer("X: v\r\nY: w\r\n"), accept({"body: hello", "!Y: *"}), must_accept()},
          {"empty value", "9112 7.1.2", trailer("X:\r\n"), accept({"body: hello"}), must_accept()},
          {"bytes above ASCII in the value", "9110 5.5", trailer("X: \xc3\xa9\r\n"), accept({"body: hello"}),
           may_accept()},
          {"announced", "9110 6.6.2",
           post("Trailer: X\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX: v\r\n\r\n"),
           accept({"body: hello", "!X: *"}), must_accept()},
          {"field of the head again", "9110 6.5.1",
           post("X: v\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\nX: w\r\n\r\n"), accept({"X: v", "!X: w"}),
           must_accept()},
          {"Content-Length", "9110 6.5.1", trailer("Content-Length: 99\r\n"),
           accept({"body: hello", "!Content-Length: *"}), may_accept()},
          {"Transfer-Encoding", "9110 6.5.1", trailer("Transfer-Encoding: gzip\r\n"),
           accept({"body: hello", "Transfer-Encoding: chunked", "!Transfer-Encoding: gzip"}), may_accept()},
          {"Host", "9110 6.5.1", trailer("Host: i\r\n"), accept({"Host: h", "!Host: i"}), may_accept()},
          {"Connection", "9110 6.5.1", trailer("Connection: close\r\n"), accept({"body: hello"}), may_accept()},
          {"32 fields", "9110 5.4", trailer(repeated("X: v\r\n", 32)), accept({"body: hello"}), may_accept()},
          {"33 fields", "9110 5.4", trailer(repeated("X: v\r\n", 33)), refuse(431), may_accept()},
          {"7 KiB", "9110 5.4", trailer("X: " + std::string(7168, 'a') + "\r\n"), accept({"body: hello"}),
           may_accept()},
          {"9 KiB", "9110 5.4", trailer("X: " + std::string(9216, 'a') + "\r\n"), refuse(431), may_accept()},
          {"no end", "9110 5.4", chunked("5\r\nhello\r\n0\r\n" + repeated("X: v\r\n", 20'000)), refuse(431),
           must_refuse()},

          {"SP before the colon", "9112 5.1", trailer("X : v\r\n"), refuse(400), should_refuse()},
          {"folded", "9112 5.2", trailer("X: a\r\n b\r\n"), refuse(400), may_accept()},
          {"SP before the first field", "9112 7.1.2", trailer(" X: v\r\n"), refuse(400), should_refuse()},
          {"no colon", "9112 5", trailer("X\r\n"), refuse(400), should_refuse()},
          {"no name", "9112 5", trailer(": v\r\n"), refuse(400), should_refuse()},
          {"SP in the name", "9110 5.1", trailer("X Y: v\r\n"), refuse(400), should_refuse()},
          {"NUL in the value", "9110 5.5", trailer("X: a\0b\r\n"sv), refuse(400), may_accept()},
          {"control character in the value", "9110 5.5", trailer("X: a\x01\r\n"), refuse(400), may_accept()},
          {"bare CR in the value", "9110 5.5", trailer("X: a\rb\r\n"), refuse(400), may_accept()},
          {"bare LF behind a field", "9112 2.2", trailer("X: v\nY: w\r\n"), refuse(400), may_accept()},
          {"bare LF for its end", "9112 2.2", chunked("5\r\nhello\r\n0\r\n\n"), refuse(400), may_accept()},
          {"bare LF for its end, behind a field", "9112 2.2", chunked("5\r\nhello\r\n0\r\nX: v\r\n\n"), refuse(400),
           may_accept()},
          {"CR CR LF for its end", "9112 2.2", chunked("5\r\nhello\r\n0\r\n\r\r\n"), refuse(400), may_accept()},
          {"bare CR for its end", "9112 2.2", chunked("5\r\nhello\r\n0\r\n\rX"), refuse(400),
           should_refuse().and_end()},
          {"a request", "9112 7.1.2", chunked("5\r\nhello\r\n0\r\n"), refuse(400), should_refuse().and_end()},
      },
  };
}

}  // namespace azf::test
