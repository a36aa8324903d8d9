#pragma once

#include "cli/doctor_report.h"
#include "core/clock.h"
#include "core/environment.h"
#include "core/result.h"
#include "http/transport.h"
#include "identity/token_credential.h"
#include "runtime/function.h"

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace azf::cli {

// The checks of `handler doctor`, but that of the variables. Each looks at what it is given and returns what it found;
// none sends a secret, and none but `check_tokens` needs a credential. They may repeat values of variables, which
// `ValueFilter` takes out again. Their durations are the caller's to measure.

/// What was asked for on the command line. Value.
struct Selection {
  /// The credential, in any letter case; what AZURE_TOKEN_CREDENTIALS says where it is `DefaultAzureCredential`.
  std::string credential = "DefaultAzureCredential";

  /// Whether that one credential is what tokens come from, so that there is no other to turn to.
  [[nodiscard]] bool is_only(std::string_view name, const Environment& environment) const;
};

/// `load_handler_options`.
Check check_settings(const Environment& environment);

/// The managed identity's source, and whether its endpoint answers a GET without headers: IMDS within one second.
/// A null `transport` asks nobody.
Check check_identity_source(const Environment& environment, const Selection& selection, HttpTransport* transport,
                            const Clock& clock, std::chrono::seconds timeout, const std::string& arc_agent_path);

/// AZURE_FEDERATED_TOKEN_FILE: readable, and not expired where it is a JWT.
Check check_federated_token_file(const Environment& environment, SystemTime now);

/// AZURE_CLIENT_CERTIFICATE_PATH: readable, and a certificate with its key.
Check check_certificate_file(const Environment& environment);

/// Where az, azd and pwsh are.
Check check_developer_tools(const Environment& environment, const Selection& selection);

/// Whether the file that AZF_TOOL_TOKEN_CACHE names is kept from others.
Check check_tool_token_cache(const Environment& environment);

/// The proxy for Entra, by its variable.
Check check_proxy(const Environment& environment);

/// What looks a host name up; as `look_up_name`.
using NameLookup = std::function<Result<std::vector<std::string>>(const std::string& host, std::chrono::milliseconds)>;

/// Whether the name of whom Entra is asked through can be looked up: the proxy's, else the authority's. An empty
/// `look_up` asks nobody.
Check check_dns(const Environment& environment, const NameLookup& look_up, std::chrono::seconds timeout);

/// The CA certificates that servers are checked against. `root` is put in front of the well-known places.
Check check_tls_trust(const Environment& environment, const std::string& root = {});

/// What asking the authority came to. Value.
struct AuthorityReply {
  Check check;
  /// How far this machine's clock is ahead of the authority's; nothing without a reply that tells.
  std::optional<std::chrono::seconds> clock_ahead;
};

/// Whether the authority answers a GET for its public description. A null `transport` asks nobody.
AuthorityReply check_authority(const Environment& environment, HttpTransport* transport, const Clock& clock,
                               std::chrono::seconds timeout);

/// A warning above one minute, a failure above five.
Check check_clock(std::optional<std::chrono::seconds> clock_ahead);

/// Where host.json and the functions' folders are, and by which variable.
struct AppFolder {
  std::filesystem::path path;
  std::string_view variable;  ///< empty for the current folder
};
AppFolder app_folder(const Environment& environment, const std::filesystem::path& current);

/// host.json, as far as a custom handler needs it.
Check check_host_json(const AppFolder& folder);

/// Whether the functions' folders agree with the functions of this program.
Check check_function_folders(const AppFolder& folder, std::span<const Function> functions);

/// Whether local.settings.json keeps secrets.
Check check_local_settings(const AppFolder& folder);

/// The port that the host names: free, or in use by whom.
Check check_port(const Environment& environment);

/// What asking for tokens came to. Value.
struct TokenReplies {
  Check check;
  std::vector<ScopeAttempts> attempts;
};

/// Asks for a token for each of the scopes, each within the time-out, and drops it.
TokenReplies check_tokens(identity::TokenCredential& credential, const std::vector<std::string>& scopes,
                          const Clock& clock, std::chrono::seconds timeout);

}  // namespace azf::cli
