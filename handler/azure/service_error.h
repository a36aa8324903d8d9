#pragma once

#include "core/clock.h"
#include "core/error.h"
#include "http/message.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace azf::azure {

/// Why a call to a service did not do what it should. Callers branch on it. The clients of the services narrow what a
/// status alone cannot say: whether a 404 is an item that is not there, or a setting that names nothing.
enum class ServiceErrorKind {
  kNotConfigured,    ///< a setting is missing, or names what the service does not have
  kInvalidRequest,   ///< the service, or its client, refuses what was asked
  kContentFiltered,  ///< the service's content filter refuses what was asked
  kInputTooLong,     ///< more text than a model takes
  kNoToken,          ///< no credential has a token for the service
  kUnauthorized,     ///< the service did not accept the token
  kForbidden,        ///< it accepts the token, but not what it may do, or where it comes from
  kNotFound,         ///< the item does not exist
  kConflict,         ///< the item is in another state than the request assumes
  kTooLarge,         ///< more bytes than the service takes
  kRateLimited,      ///< too many requests just now
  kQuotaExhausted,   ///< no more until somebody raises the quota
  kUnavailable,      ///< a failure of the service's own
  kTimeout,          ///< no answer in time
  kUnreachable,      ///< no usable connection
  kUnexpectedReply,  ///< a reply that is not what the protocol promises
  kBrokenOff,        ///< a reply that began well, and has no end
  kCancelled,        ///< whoever asked for it has gone
};

/// Stable lower-case name: `not_configured`, `rate_limited`, ...
std::string_view to_string(ServiceErrorKind kind);

/// A failed call to a service. Holds no text of a reply but codes and ids. Value.
struct ServiceError {
  ServiceErrorKind kind = ServiceErrorKind::kUnexpectedReply;
  /// Of the reply; 0 where none came.
  int status = 0;
  /// The service's own (`DeploymentNotFound`), else the kind's name. One short printable line.
  std::string code{};
  /// For people: what happened, and what to do about it where the client knows.
  std::string message{};
  /// How long the service asks to wait.
  std::optional<std::chrono::milliseconds> retry_after{};
  /// By which the service's support finds the request; may be empty. Printable.
  std::string request_id{};
  /// Whether the service may have done all the same what it was asked to: no answer came, or one of a failure half-way.
  bool maybe_done = false;

  friend bool operator==(const ServiceError&, const ServiceError&) = default;
};

/// What a service says of a refusal, in whichever of the usual shapes: `{"error":{"code","message","innererror"}}`,
/// also nested once more, `{"code","message"}`, and `{"statusCode","message"}` as API Management has it. Foreign text,
/// for decisions and never to be shown; all of it may be empty. Value.
struct ServiceRefusal {
  std::string code;
  std::string inner_code;
  std::string parameter;
  std::string message;

  friend bool operator==(const ServiceRefusal&, const ServiceRefusal&) = default;
};
ServiceRefusal parse_service_refusal(std::string_view body);

/// The error that a reply of an unwelcome status is: its kind by the status alone. `service` is the name for people:
/// `openai`. `now` is for dates in Retry-After.
ServiceError parse_service_error(std::string_view service, const HttpResponse& reply, SystemTime now);

/// The error of a call without a reply, as `ServiceConnection::send` gives it.
ServiceError to_service_error(std::string_view service, const Error& error);

/// The error of a function that lacks a setting; its message names the setting.
ServiceError not_configured(const Error& error);

}  // namespace azf::azure
