#include "emulator/host/forwarding.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace azf::emulator {

TEST_SUITE_BEGIN("emulator");

TEST_CASE("rebuilds the target of a forwarded request") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"/api/orders/7", "/api/orders/7"},
      {"/api/%41", "/api/A"},
      {"/api/a%20b", "/api/a%20b"},
      {"/api/\xc3\xa4", "/api/%C3%A4"},
      {"/api/%C3%A4", "/api/%C3%A4"},
      {"/api/a%2Fb", "/api/a%2Fb"},
      {"/api/a%3Fb/c", "/api/a"},
      {"/api/a%23b", "/api/a"},
      {"/api/a%2541", "/api/aA"},
      {"/api/100%25", "/api/100%25"},
      {"/api?a=1&b=x&A=2", "/api?a=1,2&b=x"},
      {"/api?flag", "/api?flag="},
      {"/api?q=a+b%26c", "/api?q=a%20b%26c"},
      {"/api?code=KEY", "/api?code=KEY"},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    const auto& [target, expected] = row;
    const auto request = forwarded_request({"GET", target, {}, ""}, "id");
    REQUIRE(request);
    CHECK(request->target == expected);
  }
}

TEST_CASE("copies headers but for those of a content, and adds its own") {
  const Request request{"PUT",
                        "/api/x",
                        {{"Host", "app.example"},
                         {"Connection", "keep-alive"},
                         {"x-functions-key", "KEY"},
                         {"Content-Encoding", "gzip"},
                         {"content-language", "en"},
                         {"Expires", "0"},
                         {"User-Agent", "curl/8"},
                         {"Content-Type", "text/plain"},
                         {"Content-Length", "2"},
                         {"Cookie", "a=1"}},
                        "hi"};
  const auto forwarded = forwarded_request(request, "0f3d");
  REQUIRE(forwarded);
  CHECK(forwarded->headers == Headers{{"Host", "app.example"},
                                      {"Connection", "keep-alive"},
                                      {"x-functions-key", "KEY"},
                                      {"User-Agent", "curl/8 Azure-Functions-Host/4.1037.0.0"},
                                      {"Cookie", "a=1"},
                                      {"X-Azure-Functions-HostVersion", "4.1037.0.0"},
                                      {"X-Azure-Functions-InvocationId", "0f3d"},
                                      {"Content-Type", "text/plain"},
                                      {"Content-Length", "2"}});
  CHECK(forwarded->body == "hi");
}

TEST_CASE("adds the invocation id behind one that the client sent") {
  const auto forwarded = forwarded_request({"GET", "/", {{"x-azure-functions-invocationid", "evil"}}, ""}, "0f3d");
  CHECK(header_values(forwarded->headers, "X-Azure-Functions-InvocationId") == std::vector<std::string>{"evil, 0f3d"});
}

TEST_CASE("drops type and length where there is no body") {
  const auto forwarded =
      forwarded_request({"POST", "/", {{"Content-Type", "text/plain"}, {"Content-Length", "0"}}, ""}, "id");
  CHECK(find_header(forwarded->headers, "Content-Type") == nullptr);
  CHECK(find_header(forwarded->headers, "Content-Length") == nullptr);
}

TEST_CASE("fails where .NET refuses to send") {
  CHECK_FALSE(forwarded_request({"POST", "/", {{"Transfer-Encoding", "chunked"}}, "hi"}, "id"));
  CHECK_FALSE(forwarded_request({"POST", "/", {{"Content-Type", "nonsense"}, {"Content-Length", "2"}}, "hi"}, "id"));
}

TEST_CASE("passes a reply on but for its transfer coding") {
  const Reply reply{418, "Teapot", {{"Transfer-Encoding", "chunked"}, {"Set-Cookie", "a"}, {"Set-Cookie", "b"}}, "x"};
  CHECK(forwarded_reply(reply) == Reply{418, "Teapot", {{"Set-Cookie", "a"}, {"Set-Cookie", "b"}}, "x"});
}

TEST_SUITE_END();

}  // namespace azf::emulator
