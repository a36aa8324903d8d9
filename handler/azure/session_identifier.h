#pragma once

#include "core/environment.h"
#include "core/result.h"
#include "core/secret.h"
#include "http/message.h"

#include <string>
#include <string_view>

namespace azf::azure {

/// A session of code, as a caller and as the pool know it. Value.
struct CodeSession {
  /// For the caller: what makes this session be found again.
  std::string handle;
  /// For the pool: 64 hexadecimal digits that no caller sees.
  Secret identifier;
};

/// Gives callers handles of sessions, and finds the session of a handle. A session belongs to the caller that it was
/// issued to: its handle is of no use to another, and nobody can make one or choose the identifier that follows from
/// it. The handle holds all that is needed, so nothing is stored. Immutable; thread-safe.
class SessionIssuer {
 public:
  /// Everything follows from `key`, which must have 32 bytes at least.
  explicit SessionIssuer(Secret key);

  /// A new session for that caller.
  [[nodiscard]] CodeSession issue(std::string_view caller) const;
  /// The session of that handle; `kNotFound` if it was not issued to that caller with this key.
  [[nodiscard]] Result<CodeSession> find(std::string_view handle, std::string_view caller) const;

 private:
  [[nodiscard]] CodeSession session(std::string_view random, std::string_view caller) const;

  Secret key_;
};

/// With AZF_SESSION_KEY as key (32 characters at least, else `kInvalidArgument`); without it with the one that the
/// platform gives all instances of an app, WEBSITE_AUTH_ENCRYPTION_KEY; without that with a random one of this process,
/// so that handles end with it.
Result<SessionIssuer> load_session_issuer(const Environment& environment);

/// Whose sessions a request may use: the principal that the platform's authentication (Easy Auth) has found, where the
/// platform says that it is on; else one common name for all, whose handles are then the only right.
std::string session_caller(const Environment& environment, const Headers& headers);

/// The one of `session_caller` for requests without a principal, and for what has no request.
inline constexpr std::string_view kAnonymousCaller = "anonymous";

}  // namespace azf::azure
