#pragma once

#include <string>
#include <string_view>

namespace azf {

/// Why something that may fail as expected did fail. The list is closed: callers branch on it, so a new kind is a
/// change of contract. Bugs are not in it: a broken invariant of our own throws.
enum class ErrorKind {
  kInvalidArgument,        ///< the caller's input or a setting is wrong; repeating it cannot help
  kNotFound,               ///< what was asked for does not exist
  kCredentialUnavailable,  ///< this credential cannot even try here; a chain moves on
  kAuthenticationFailed,   ///< a credential tried and was refused, or could not finish; a chain stops
  kTimeout,                ///< the deadline or a time-out of one try passed
  kTransport,              ///< no usable reply: name not resolved, refused, broken off, TLS not verified
  kUnexpectedResponse,     ///< a reply came, and is not what the protocol promises
  kCancelled,              ///< whoever asked for it has gone or wants it no more
  kInternal,               ///< a failure of ours that has no better name
};

/// Stable lower-case name for logs and JSON: `invalid_argument`, `credential_unavailable`, ...
std::string_view to_string(ErrorKind kind);

/// Whether what failed may be tried again, as far as the kind does not tell.
enum class Repetition {
  kIfHarmless,  ///< it may have had its effect
  kSafe,        ///< it surely had none: the request was not sent
  kInVain,      ///< the request was not sent, and at once it would not be again
};

/// An expected failure. Callers branch on `kind`, retry loops on `repetition` too; `message` is for people: what was
/// tried, on what, what came back, what to do next. A message never holds a secret, a token, a header value or a reply
/// body. Value.
struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  Repetition repetition = Repetition::kIfHarmless;

  friend bool operator==(const Error&, const Error&) = default;
};

/// The same failure as seen one layer up: the message becomes `<what>: <message>`.
[[nodiscard]] Error with_context(Error error, std::string_view what);

}  // namespace azf
