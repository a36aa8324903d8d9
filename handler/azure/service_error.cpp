#include "azure/service_error.h"

#include "core/json.h"
#include "http/retrying_transport.h"
#include "identity/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

namespace azf::azure {
namespace {

constexpr std::size_t kCodeLimit = 100;

// Codes are text, or the status as a number.
std::string text_of(const Json& object, std::string_view name) {
  const Json* member = find_member(object, name);
  if (member == nullptr) return {};
  if (member->is_string()) return member->get<std::string>();
  return member->is_number_integer() ? to_text(*member) : std::string();
}

std::string first_text_of(const Json& object, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    if (auto text = text_of(object, name); !text.empty()) return text;
  }
  return {};
}

std::string inner_code(const Json& error) {
  for (const auto* name : {"innererror", "innerError"}) {
    if (const Json* inner = find_member(error, name)) return text_of(*inner, "code");
  }
  return {};
}

ServiceErrorKind kind_of(int status) {
  switch (status) {
    case 401: return ServiceErrorKind::kUnauthorized;
    case 403: return ServiceErrorKind::kForbidden;
    case 404: return ServiceErrorKind::kNotFound;
    case 408:
    case 504: return ServiceErrorKind::kTimeout;
    case 409:
    case 412: return ServiceErrorKind::kConflict;
    case 413: return ServiceErrorKind::kTooLarge;
    case 429: return ServiceErrorKind::kRateLimited;
    default: break;
  }
  if (status >= 400 && status < 500) return ServiceErrorKind::kInvalidRequest;
  return status >= 500 ? ServiceErrorKind::kUnavailable : ServiceErrorKind::kUnexpectedReply;
}

ServiceErrorKind kind_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument: return ServiceErrorKind::kInvalidRequest;
    case ErrorKind::kNotFound: return ServiceErrorKind::kNotFound;
    case ErrorKind::kCredentialUnavailable:
    case ErrorKind::kAuthenticationFailed: return ServiceErrorKind::kNoToken;
    case ErrorKind::kTimeout: return ServiceErrorKind::kTimeout;
    case ErrorKind::kTransport: return ServiceErrorKind::kUnreachable;
    case ErrorKind::kUnexpectedResponse: return ServiceErrorKind::kUnexpectedReply;
    case ErrorKind::kCancelled: return ServiceErrorKind::kCancelled;
    case ErrorKind::kInternal: return ServiceErrorKind::kUnavailable;
  }
  return ServiceErrorKind::kUnavailable;
}

// Neither does a service that is too busy for a request begin with it, nor one that refuses it.
bool may_have_acted(int status, bool says_when_to_come_again) {
  return status == 408 || (status >= 500 && !(status == 503 && says_when_to_come_again));
}

bool may_have_acted(const Error& error) {
  const bool sent = error.kind == ErrorKind::kTransport || error.kind == ErrorKind::kTimeout ||
                    error.kind == ErrorKind::kUnexpectedResponse || error.kind == ErrorKind::kCancelled;
  return sent && error.repetition == Repetition::kIfHarmless;
}

// Azure OpenAI says it in words: "... Please retry after 7 seconds."
std::optional<std::chrono::milliseconds> delay_in_words(std::string_view message) {
  constexpr std::string_view kWords = "retry after ";
  const auto at = message.find(kWords);
  if (at == std::string_view::npos) return std::nullopt;
  message.remove_prefix(at + kWords.size());
  std::uint32_t seconds = 0;
  const auto [end, status] = std::from_chars(message.data(), message.data() + message.size(), seconds);
  const std::string_view unit(end, message.data() + message.size());
  if (status != std::errc() || seconds == 0 || !unit.starts_with(" second")) return std::nullopt;
  return std::chrono::seconds(seconds);
}

std::string request_id(const Headers& headers) {
  for (const auto* name : {"x-ms-request-id", "apim-request-id", "request-id", "x-request-id"}) {
    if (const auto value = headers.get(name)) return identity::printable(*value, kCodeLimit);
  }
  return {};
}

}  // namespace

std::string_view to_string(ServiceErrorKind kind) {
  switch (kind) {
    case ServiceErrorKind::kNotConfigured: return "not_configured";
    case ServiceErrorKind::kInvalidRequest: return "invalid_request";
    case ServiceErrorKind::kContentFiltered: return "content_filtered";
    case ServiceErrorKind::kInputTooLong: return "input_too_long";
    case ServiceErrorKind::kNoToken: return "no_token";
    case ServiceErrorKind::kUnauthorized: return "unauthorized";
    case ServiceErrorKind::kForbidden: return "forbidden";
    case ServiceErrorKind::kNotFound: return "not_found";
    case ServiceErrorKind::kConflict: return "conflict";
    case ServiceErrorKind::kTooLarge: return "too_large";
    case ServiceErrorKind::kRateLimited: return "rate_limited";
    case ServiceErrorKind::kQuotaExhausted: return "quota_exhausted";
    case ServiceErrorKind::kUnavailable: return "unavailable";
    case ServiceErrorKind::kTimeout: return "timeout";
    case ServiceErrorKind::kUnreachable: return "unreachable";
    case ServiceErrorKind::kUnexpectedReply: return "unexpected_reply";
    case ServiceErrorKind::kBrokenOff: return "broken_off";
    case ServiceErrorKind::kCancelled: return "cancelled";
  }
  return "unknown";
}

ServiceRefusal parse_service_refusal(std::string_view body) {
  const auto json = parse_json(body);
  if (!json) return {};
  const Json* error = find_member(*json, "error");
  if (error == nullptr) {
    return {first_text_of(*json, {"code", "statusCode"}), inner_code(*json), text_of(*json, "param"),
            text_of(*json, "message")};
  }
  if (error->is_string()) return {error->get<std::string>(), {}, {}, text_of(*json, "error_description")};
  if (const Json* nested = find_member(*error, "error")) error = nested;
  return {first_text_of(*error, {"code", "type"}), inner_code(*error), text_of(*error, "param"),
          text_of(*error, "message")};
}

ServiceError parse_service_error(std::string_view service, const HttpResponse& reply, SystemTime now) {
  const auto kind = kind_of(reply.status);
  const auto refusal = parse_service_refusal(reply.body);
  auto retry_after = requested_delay(reply.headers, now);
  if (!retry_after) retry_after = delay_in_words(refusal.message);
  std::string code = identity::printable(refusal.code, kCodeLimit);
  std::string message = std::string(service) + " answered " + std::to_string(reply.status);
  if (!code.empty()) message.append(" (").append(code).append(")");
  if (code.empty()) code = to_string(kind);
  return {.kind = kind,
          .status = reply.status,
          .code = std::move(code),
          .message = std::move(message),
          .retry_after = retry_after,
          .request_id = request_id(reply.headers),
          .maybe_done = may_have_acted(reply.status, retry_after.has_value())};
}

ServiceError to_service_error(std::string_view service, const Error& error) {
  const auto kind = kind_of(error.kind);
  return {.kind = kind,
          .code = std::string(to_string(kind)),
          .message = with_context(error, std::string(service)).message,
          .maybe_done = may_have_acted(error)};
}

ServiceError not_configured(const Error& error) {
  constexpr auto kKind = ServiceErrorKind::kNotConfigured;
  return {.kind = kKind, .code = std::string(to_string(kKind)), .message = error.message};
}

}  // namespace azf::azure
