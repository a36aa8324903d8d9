#include "azure/service_error.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>

namespace {

using azf::Error;
using azf::ErrorKind;
using azf::HttpResponse;
using azf::Repetition;
using azf::SystemTime;
using azf::azure::parse_service_error;
using azf::azure::parse_service_refusal;
using azf::azure::ServiceError;
using azf::azure::ServiceErrorKind;
using azf::azure::ServiceRefusal;
using azf::azure::to_service_error;
using std::chrono::milliseconds;

TEST_SUITE("azure/service_error") {
  TEST_CASE("a refusal is read in every shape that services give it") {
    const struct {
      std::string_view body;
      ServiceRefusal expected;
    } cases[] = {
        {R"({"error":{"code":"DeploymentNotFound","message":"m"}})", {"DeploymentNotFound", "", "", "m"}},
        {R"({"error":{"code":"content_filter","message":"m","param":"prompt","type":null,)"
         R"("innererror":{"code":"ResponsibleAIPolicyViolation"}}})",
         {"content_filter", "ResponsibleAIPolicyViolation", "prompt", "m"}},
        {R"({"error":{"code":"BadRequest","message":"m","innerError":{"code":"Deeper"}}})",
         {"BadRequest", "Deeper", "", "m"}},
        {R"({"error":{"code":null,"type":"invalid_request_error","message":"m"}})",
         {"invalid_request_error", "", "", "m"}},
        {R"({"error":{"error":{"code":"SessionBusy","message":"m"}}})", {"SessionBusy", "", "", "m"}},
        {R"({"error":"invalid_token","error_description":"m"})", {"invalid_token", "", "", "m"}},
        {R"({"statusCode":401,"message":"m"})", {"401", "", "", "m"}},
        {R"({"code":"NotFound","message":"m"})", {"NotFound", "", "", "m"}},
        {R"({"error":{"code":["x"],"message":7.5}})", {}},
        {R"({"error":[]})", {}},
        {"[1]", {}},
        {"<html>", {}},
        {"", {}},
    };
    for (const auto& [body, expected] : cases) {
      CAPTURE(body);
      CHECK(parse_service_refusal(body) == expected);
    }
  }

  TEST_CASE("the status decides the kind of an error") {
    const std::pair<int, ServiceErrorKind> cases[] = {
        {200, ServiceErrorKind::kUnexpectedReply}, {302, ServiceErrorKind::kUnexpectedReply},
        {400, ServiceErrorKind::kInvalidRequest},  {401, ServiceErrorKind::kUnauthorized},
        {403, ServiceErrorKind::kForbidden},       {404, ServiceErrorKind::kNotFound},
        {408, ServiceErrorKind::kTimeout},         {409, ServiceErrorKind::kConflict},
        {412, ServiceErrorKind::kConflict},        {413, ServiceErrorKind::kTooLarge},
        {422, ServiceErrorKind::kInvalidRequest},  {429, ServiceErrorKind::kRateLimited},
        {500, ServiceErrorKind::kUnavailable},     {503, ServiceErrorKind::kUnavailable},
        {504, ServiceErrorKind::kTimeout},
    };
    for (const auto& [status, kind] : cases) {
      CAPTURE(status);
      const auto error = parse_service_error("openai", {.status = status}, SystemTime());
      CHECK(error.kind == kind);
      CHECK(error.code == to_string(kind));
      CHECK(error.message == "openai answered " + std::to_string(status));
    }
  }

  TEST_CASE("code, request id and the wish to wait are kept, the text of the reply is not") {
    const HttpResponse reply{.status = 429,
                             .headers = {{"Retry-After", "7"}, {"apim-request-id", "id-1"}},
                             .body = R"({"error":{"code":"RateLimit\u001b[2J","message":"planted-text"}})"};
    CHECK(parse_service_error("openai", reply, SystemTime()) ==
          ServiceError{.kind = ServiceErrorKind::kRateLimited,
                       .status = 429,
                       .code = "RateLimit\\u001b[2J",
                       .message = "openai answered 429 (RateLimit\\u001b[2J)",
                       .retry_after = milliseconds(7000),
                       .request_id = "id-1"});
  }

  TEST_CASE("a wish to wait in words counts where no header has one") {
    const struct {
      std::string_view message;
      std::optional<milliseconds> expected;
    } cases[] = {
        {"Please retry after 7 seconds. More text", milliseconds(7000)},
        {"retry after 1 second", milliseconds(1000)},
        {"retry after 0 seconds", std::nullopt},
        {"retry after -5 seconds", std::nullopt},
        {"retry after 99999999999 seconds", std::nullopt},
        {"retry after 5 days", std::nullopt},
        {"retry after ", std::nullopt},
        {"slow down", std::nullopt},
    };
    for (const auto& [message, expected] : cases) {
      CAPTURE(message);
      HttpResponse reply{.status = 429, .body = R"({"error":{"code":"429","message":")"};
      reply.body.append(message).append(R"("}})");
      CHECK(parse_service_error("openai", reply, SystemTime()).retry_after == expected);
      reply.headers.set("retry-after-ms", "20");
      CHECK(parse_service_error("openai", reply, SystemTime()).retry_after == milliseconds(20));
    }
  }

  TEST_CASE("a call without a reply keeps what the program's own errors say") {
    const std::pair<ErrorKind, ServiceErrorKind> cases[] = {
        {ErrorKind::kInvalidArgument, ServiceErrorKind::kInvalidRequest},
        {ErrorKind::kNotFound, ServiceErrorKind::kNotFound},
        {ErrorKind::kCredentialUnavailable, ServiceErrorKind::kNoToken},
        {ErrorKind::kAuthenticationFailed, ServiceErrorKind::kNoToken},
        {ErrorKind::kTimeout, ServiceErrorKind::kTimeout},
        {ErrorKind::kTransport, ServiceErrorKind::kUnreachable},
        {ErrorKind::kUnexpectedResponse, ServiceErrorKind::kUnexpectedReply},
        {ErrorKind::kCancelled, ServiceErrorKind::kCancelled},
        {ErrorKind::kInternal, ServiceErrorKind::kUnavailable},
    };
    for (const auto& [kind, expected] : cases) {
      auto error = to_service_error("blob", Error{kind, "why"});
      error.maybe_done = false;
      CHECK(error == ServiceError{.kind = expected, .code = std::string(to_string(expected)), .message = "blob: why"});
    }
  }

  TEST_CASE("S-12: an error tells whether the service may have done what was asked") {
    const std::pair<Error, bool> errors[] = {
        {{ErrorKind::kTransport, "reset"}, true},
        {{ErrorKind::kTimeout, "late"}, true},
        {{ErrorKind::kUnexpectedResponse, "no HTTP"}, true},
        {{ErrorKind::kCancelled, "gone"}, true},
        {{ErrorKind::kTransport, "refused", Repetition::kSafe}, false},
        {{ErrorKind::kTransport, "taken for down", Repetition::kInVain}, false},
        {{ErrorKind::kCredentialUnavailable, "no token"}, false},
        {{ErrorKind::kInvalidArgument, "no URL"}, false},
    };
    for (const auto& row : errors) {
      const auto& [error, expected] = row;
      CAPTURE(row.first.message);
      CHECK(to_service_error("blob", error).maybe_done == expected);
    }
    const std::pair<HttpResponse, bool> replies[] = {
        {{.status = 500}, true},
        {{.status = 504}, true},
        {{.status = 408}, true},
        {{.status = 503}, true},
        {{.status = 503, .headers = {{"Retry-After", "1"}}}, false},
        {{.status = 429}, false},
        {{.status = 403}, false},
    };
    for (const auto& row : replies) {
      const auto& [reply, expected] = row;
      CAPTURE(row.first.status);
      CHECK(parse_service_error("blob", reply, SystemTime()).maybe_done == expected);
    }
  }
}

}  // namespace
