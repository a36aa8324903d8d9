#include "azure/storage_error.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace {

using azf::Headers;
using azf::azure::parse_storage_error;
using azf::azure::ServiceErrorKind;

constexpr std::string_view kBody =
    "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>BlobNotFound</Code><Message>secret path\n"
    "RequestId:1\nTime:2</Message></Error>";

TEST_SUITE("azure/storage_error") {
  TEST_CASE("S-18: an error without a body, as that of HEAD, is classified by x-ms-error-code") {
    const struct {
      int status;
      std::string_view code;
      ServiceErrorKind kind;
    } cases[] = {
        {400, "InvalidQueryParameterValue", ServiceErrorKind::kInvalidRequest},
        {401, "InvalidAuthenticationInfo", ServiceErrorKind::kUnauthorized},
        {403, "AuthorizationPermissionMismatch", ServiceErrorKind::kForbidden},
        {403, "AuthorizationFailure", ServiceErrorKind::kForbidden},
        {404, "BlobNotFound", ServiceErrorKind::kNotFound},
        {404, "ContainerNotFound", ServiceErrorKind::kNotConfigured},
        {404, "QueueNotFound", ServiceErrorKind::kNotConfigured},
        {409, "BlobAlreadyExists", ServiceErrorKind::kConflict},
        {409, "ContainerBeingDeleted", ServiceErrorKind::kNotConfigured},
        {412, "ConditionNotMet", ServiceErrorKind::kConflict},
        {412, "LeaseIdMissing", ServiceErrorKind::kConflict},
        {413, "RequestBodyTooLarge", ServiceErrorKind::kTooLarge},
        {416, "InvalidRange", ServiceErrorKind::kInvalidRequest},
        {429, "TooManyRequests", ServiceErrorKind::kRateLimited},
        {500, "InternalError", ServiceErrorKind::kUnavailable},
        {500, "OperationTimedOut", ServiceErrorKind::kTimeout},
        {503, "ServerBusy", ServiceErrorKind::kUnavailable},
    };
    for (const auto& row : cases) {
      const auto& [status, code, kind] = row;
      CAPTURE(row.code);
      const auto error = parse_storage_error("blob", {.status = status, .headers = {{"x-ms-error-code", code}}}, {});
      CHECK(error.kind == kind);
      CHECK(error.status == status);
      CHECK(error.code == code);
      CHECK(error.message.starts_with("blob answered " + std::to_string(status) + " (" + std::string(code) + ")"));
    }
  }

  TEST_CASE("the code comes from the header, else from the body, else from the status; never anything else") {
    const struct {
      Headers headers;
      std::string_view body;
      std::string_view expected;
    } cases[] = {
        {{{"x-ms-error-code", "ContainerNotFound"}}, kBody, "ContainerNotFound"},
        {{}, kBody, "BlobNotFound"},
        {{{"x-ms-error-code", "<b>"}}, kBody, "BlobNotFound"},
        {{}, "<Other><Code>BlobNotFound</Code></Other>", "not_found"},
        {{}, "<Error><Code>a b</Code></Error>", "not_found"},
        {{}, "<html>gateway", "not_found"},
        {{}, "", "not_found"},
    };
    for (const auto& row : cases) {
      const auto& [headers, body, expected] = row;
      CAPTURE(row.body);
      const auto error =
          parse_storage_error("blob", {.status = 404, .headers = headers, .body = std::string(body)}, {});
      CHECK(error.code == expected);
      CHECK(error.message.find("secret path") == std::string::npos);
    }
  }

  TEST_CASE("a refusal names the role that is missing, or the network rules") {
    const auto message = [](std::string_view service, std::string_view code) {
      return parse_storage_error(service, {.status = 403, .headers = {{"x-ms-error-code", code}}}, {}).message;
    };
    CHECK(message("blob", "AuthorizationPermissionMismatch").find("Storage Blob Data Contributor") !=
          std::string::npos);
    CHECK(message("queue", "AuthorizationPermissionMismatch").find("Storage Queue Data Contributor") !=
          std::string::npos);
    CHECK(message("blob", "AuthorizationFailure").find("network rules") != std::string::npos);
  }

  TEST_CASE("how long to wait and the id of the request are kept") {
    const auto error =
        parse_storage_error("blob", {.status = 503, .headers = {{"Retry-After", "7"}, {"x-ms-request-id", "r-1"}}}, {});
    CHECK(error.retry_after == std::chrono::seconds(7));
    CHECK(error.request_id == "r-1");
  }
}

}  // namespace
