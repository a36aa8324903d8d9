#include "runtime/problem.h"

#include <doctest/doctest.h>

using azf::Error;
using azf::ErrorKind;
using azf::HttpResponse;
using azf::Problem;
using azf::to_problem;
using azf::to_response;

TEST_SUITE("runtime") {
  TEST_CASE("every kind of error has its status") {
    CHECK(azf::http_status(ErrorKind::kInvalidArgument) == 400);
    CHECK(azf::http_status(ErrorKind::kNotFound) == 404);
    CHECK(azf::http_status(ErrorKind::kCredentialUnavailable) == 503);
    CHECK(azf::http_status(ErrorKind::kAuthenticationFailed) == 502);
    CHECK(azf::http_status(ErrorKind::kTimeout) == 504);
    CHECK(azf::http_status(ErrorKind::kTransport) == 502);
    CHECK(azf::http_status(ErrorKind::kUnexpectedResponse) == 502);
    CHECK(azf::http_status(ErrorKind::kInternal) == 500);
  }

  TEST_CASE("a problem document has status, title, invocation id, and what else is known") {
    const HttpResponse bare{.status = 404,
                            .headers = {{"Content-Type", "application/problem+json"}},
                            .body = R"({"invocationId":"id-1","status":404,"title":"Not Found"})"};
    CHECK(to_response({.status = 404}, "id-1") == bare);

    const Problem problem{.status = 422,
                          .title = "Wrong order",
                          .detail = "Two fields are wrong.",
                          .errors = {{"a", "must be there"}, {"b", "must not"}},
                          .extensions = {{"hint", 7}, {"status", "hidden by the real one"}}};
    CHECK(to_response(problem, "id-1").body ==
          R"({"detail":"Two fields are wrong.","errors":[{"field":"a","message":"must be there"},)"
          R"({"field":"b","message":"must not"}],"hint":7,"invocationId":"id-1","status":422,"title":"Wrong order"})");
  }

  TEST_CASE("messages are shown only where they are about the request") {
    CHECK(to_problem(Error{ErrorKind::kInvalidArgument, "name is empty"}).detail == "name is empty");
    CHECK(to_problem(Error{ErrorKind::kNotFound, "no order 7"}).detail == "no order 7");
    for (const auto kind : {ErrorKind::kCredentialUnavailable, ErrorKind::kAuthenticationFailed, ErrorKind::kTimeout,
                            ErrorKind::kTransport, ErrorKind::kUnexpectedResponse, ErrorKind::kInternal}) {
      const auto response = to_response(to_problem(Error{kind, "db-7.internal refused"}), "id-1");
      CHECK(response.body.find("db-7") == std::string::npos);
    }
  }

  TEST_CASE("a text that is not UTF-8 does not break the document") {
    CHECK(to_response({.status = 400, .detail = "a\xff"}, "id-1").body.find("a\xef\xbf\xbd") != std::string::npos);
  }
}
