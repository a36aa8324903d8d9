#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// What may stand in the way of a token, besides what Entra says by a number of its own.
enum class Problem {
  kNotConfigured,                ///< the settings that the credential needs are not there
  kInvalidSetting,               ///< a setting is there, and cannot be right
  kInvalidRequest,               ///< scopes, tenant or claims of the request cannot be right
  kRetiredMethod,                ///< a way to sign in that Microsoft has withdrawn
  kTenantNotAllowed,             ///< the request names a tenant that the credential may not ask
  kTokenFileUnusable,            ///< the federated token's file is missing, empty or unreadable
  kCertificateUnusable,          ///< certificate or private key cannot be loaded
  kAssertionFailed,              ///< whoever should make the client assertion did not
  kPipelineRefused,              ///< Azure Pipelines gave no OIDC token
  kAuthorityUnreachable,         ///< Entra gave no answer
  kAuthorityRefused,             ///< Entra refused without a number that we know
  kServerNotTrusted,             ///< a TLS certificate is not trusted, or is not the pinned one
  kUnexpectedReply,              ///< an answer came, and is not what the protocol promises
  kThrottled,                    ///< too many requests; the service asks to wait
  kClockSkew,                    ///< this machine's clock differs from the server's
  kImdsUnreachable,              ///< nothing answers at the address of IMDS
  kImdsForeign,                  ///< something else answers at the address of IMDS
  kIdentityNotFound,             ///< the resource has no such managed identity
  kIdentityEndpointUnreachable,  ///< the platform's identity endpoint gave no answer, or errors of its own
  kIdentityEndpointRefused,      ///< the platform's identity endpoint refused
  kArcKeyUnusable,               ///< the key file of Azure Arc's agent is refused or unreadable
  kToolNotFound,                 ///< a developer tool is not installed
  kToolLoginRequired,            ///< nobody is logged in with the developer tool
  kToolTimedOut,                 ///< the developer tool took too long
  kToolFailed,                   ///< the developer tool ended with an error
  kToolOutputUnusable,           ///< the developer tool printed something else than a token
  kClaimsNeedLogin,              ///< a claims challenge that only a person can answer
  kDeviceLoginNotCompleted,      ///< nobody finished the device code login in time
  kIdentityPinned,               ///< a token came, for another identity than AZF_IDENTITY_PIN allows
  kWrongAudience,                ///< a service did not accept the token: 401
  kMissingRole,                  ///< a service accepted the token, but not what it may do: 403
  kDeadlinePassed,               ///< the caller's time was up
  kInternal,                     ///< a failure of ours
};

/// Stable lower-case name for logs and JSON: `not_configured`, `imds_unreachable`, ...
std::string_view to_string(Problem problem);

/// A row of the troubleshooting table. The texts are literals.
struct Advice {
  std::string_view code;       ///< `imds_unreachable`, `AADSTS7000215`
  std::string_view meaning;    ///< what happened
  std::string_view next_step;  ///< what to do now
};

/// All rows, problems first, then Entra's numbers in ascending order.
std::span<const Advice> troubleshooting_table();

/// What to do about a code; empty for one that is not in the table.
std::string_view next_step_for(std::string_view code);

/// The first of Entra's numbers that the table knows, as `AADSTS7000215`; else the first one; empty for none.
std::string aadsts_code(const std::vector<int>& error_codes);

}  // namespace azf::identity
