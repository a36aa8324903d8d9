#include "conformance/request_cases.h"

#include <string>
#include <string_view>

namespace azf::test {
namespace {

constexpr const char* kDate = "Date: *, ## * #### ##:##:## GMT";

std::string head(std::string_view target) {
  return std::string("HEAD ").append(target).append(" HTTP/1.1\r\nHost: h\r\n\r\n");
}

std::string status(int number) { return "GET /status/" + std::to_string(number) + " HTTP/1.1\r\nHost: h\r\n\r\n"; }

}  // namespace

Topic response_cases() {
  const std::vector<std::string> bodiless = {"!Content-Length: *", "!Transfer-Encoding: *"};
  const std::vector<std::string> problem = {"HTTP/1.1 400 Bad Request", "Content-Length: #*", kDate};
  return {
      "response",
      {
          {"date", "9110 6.6.1", get(), accept().saying({kDate}), must_accept().saying({kDate})},
          {"status line and length", "9112 4", get(), accept().saying({"HTTP/1.1 200 OK", "Content-Length: 21"}),
           must_accept().saying({"HTTP/1.1 200*"})},
          {"version for HTTP/1.0", "9110 2.5", "GET /x HTTP/1.0\r\n\r\n", accept_last().saying({"HTTP/1.1 200 OK"}),
           must_accept().and_end()},
          {"HEAD: length of the body that is not sent", "9110 9.3.2", head("/x"),
           accept().saying({"Content-Length: 22", "Content-Type: text/plain", kDate}), must_accept()},
          {"HEAD: 204", "9110 8.6", head("/status/204"), answer(204).saying(bodiless), not_asked()},
          {"HEAD: a refusal has no body", "9110 9.3.2", "HEAD /x HTTP/1.1\r\n\r\n", refuse(400), must_refuse({400})},
          {"204: no body and no length", "9110 8.6", status(204), answer(204).saying(bodiless).saying({kDate}),
           not_asked()},
          {"304: no body", "9110 15.4.5", status(304), answer(304).saying(bodiless).saying({kDate}), not_asked()},
          {"404 of the handler", "9110 15.5.5", status(404), answer(404).saying({"HTTP/1.1 404 Not Found", kDate}),
           not_asked()},
          {"500 of the handler", "9110 15.6.1", status(500), answer(500).saying({"HTTP/1.1 500 Internal Server Error"}),
           not_asked()},
          {"status that has no name", "9112 4", status(299), answer(299).saying({"HTTP/1.1 299 *"}), not_asked()},
          {"refusal", "9110 15.5.1", get("X : v\r\n"), refuse(400).saying(problem), must_refuse({400})},
          {"refusal of HTTP/1.0", "9110 15.5.1", "GET /x HTTP/1.0\r\nX : v\r\n\r\n", refuse(400).saying(problem),
           must_refuse({400})},
          {"refusal of a version", "9110 15.6.6", "GET /x HTTP/2.0\r\nHost: h\r\n\r\n",
           refuse(505).saying({"HTTP/1.1 505 HTTP Version Not Supported", kDate}), should_refuse()},

          {"probe", "9110 9.3.1", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", accept().saying({"Content-Length: 0", kDate}),
           not_asked()},
          {"probe and close", "9110 9.3.1", "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
           accept_last().saying({"Content-Length: 0"}), not_asked()},
          {"probe in HTTP/1.0", "9110 9.3.1", "GET / HTTP/1.0\r\n\r\n", accept_last().saying({"Content-Length: 0"}),
           not_asked()},
          {"probe without Host", "9112 3.2", "GET / HTTP/1.1\r\n\r\n", refuse(400), not_asked()},
          {"two probes", "9112 9.3.2", repeated("GET / HTTP/1.1\r\nHost: h\r\n\r\n", 2),
           accept().after(1).saying({"Content-Length: 0"}), not_asked()},
          {"probe behind a request", "9112 9.3.2", get() + "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
           accept().after(1).saying({"Content-Length: 0"}), not_asked()},
          {"request behind a probe", "9112 9.3.2", "GET / HTTP/1.1\r\nHost: h\r\n\r\n" + get(),
           accept({"GET /x"}).after(1), not_asked()},
          {"root with the id of an invocation is no probe", "9110 9.3.1",
           "GET / HTTP/1.1\r\nHost: h\r\nx-azure-functions-invocationid: 1\r\n\r\n", accept({"GET /"}), not_asked()},
          {"root with a query is no probe", "9110 9.3.1", "GET /?x HTTP/1.1\r\nHost: h\r\n\r\n", accept({"GET /?x"}),
           not_asked()},
          {"root by POST is no probe", "9110 9.3.3", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
           accept({"POST /", "body: hello"}), not_asked()},
          {"root by HEAD is no probe", "9110 9.3.2", head("/"), accept().saying({"Content-Length: 21"}), not_asked()},
      },
  };
}

Topic limit_cases() {
  const auto target = [](std::size_t size) {
    return "GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: h\r\n\r\n";
  };
  const auto value = [](std::size_t size) { return get("X: " + std::string(size, 'a') + "\r\n"); };
  const std::string field = "X: " + std::string(4'000, 'a') + "\r\n";
  const std::string full(kBodyLimitBytes, 'a');
  return {
      "limits",
      {
          {"target of 8,000 bytes", "9112 3", target(8'000), accept(), should_accept()},
          {"target of 16,000 bytes", "9112 3", target(16'000), accept(), may_accept_or({414, 431})},
          {"target of 17,000 bytes", "9112 3", target(17'000), refuse(414), may_accept_or({414, 431})},
          {"target of 90,000 bytes", "9112 3", target(90'000), refuse(414), may_accept_or({414, 431})},
          {"target without end", "9110 15.5.15", "GET /" + std::string(200'000, 'x'), refuse(414), must_refuse()},
          {"method of 20,000 bytes", "9112 3", std::string(20'000, 'A') + " /x HTTP/1.1\r\nHost: h\r\n\r\n",
           refuse({414, 501}), may_accept()},
          {"line of 200,000 signs", "9112 3", std::string(200'000, 'A'), refuse({400, 414, 501}), may_accept()},
          {"value of 8,000 bytes", "9110 5.4", value(8'000), accept(), may_accept()},
          {"value of 32,000 bytes", "9110 5.4", value(32'000), accept(), may_accept()},
          {"value of 33,000 bytes", "9110 5.4", value(33'000), refuse(431), may_accept()},
          {"value without end", "9110 5.4", "GET /x HTTP/1.1\r\nHost: h\r\nX: " + std::string(200'000, 'a'),
           refuse(431), may_accept()},
          {"name of 1,000 bytes", "9110 5.4", get(std::string(1'000, 'X') + ": v\r\n"), accept(), may_accept()},
          {"name of 33,000 bytes", "9110 5.4", get(std::string(33'000, 'X') + ": v\r\n"), refuse(431), may_accept()},
          {"256 fields", "9110 5.4", get(repeated("X: v\r\n", 255)), accept(), may_accept()},
          {"257 fields", "9110 5.4", get(repeated("X: v\r\n", 256)), refuse(431), may_accept()},
          {"head of 92 KB", "9110 5.4", get(repeated(field, 23)), accept(), may_accept()},
          {"head of 100 KB", "9110 5.4", get(repeated(field, 25)), refuse(431), may_accept()},
          {"head without end", "9110 5.4", "GET /x HTTP/1.1\r\nHost: h\r\n" + repeated("X: v\r\n", 40'000), refuse(431),
           must_refuse()},
          {"empty lines without end", "9112 2.2", repeated("\r\n", 50'000), refuse(400), may_accept()},
          {"body of 64 KiB", "9110 15.5.14", post("Content-Length: " + std::to_string(kBodyLimitBytes) + "\r\n", full),
           accept(), may_accept()},
          {"body of 64 KiB and a byte", "9110 15.5.14",
           post("Content-Length: " + std::to_string(kBodyLimitBytes + 1) + "\r\n", full + "a"), refuse(413),
           may_accept()},
          {"body of 1 GB that does not come", "9110 15.5.14", post("Content-Length: 1000000000\r\n", ""), refuse(413),
           must_refuse()},
      },
  };
}

}  // namespace azf::test
