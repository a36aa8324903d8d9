#pragma once

#include "azure/service_connection.h"
#include "azure/service_error.h"
#include "azure/service_policy.h"
#include "core/clock.h"
#include "core/environment.h"
#include "core/json.h"
#include "core/result.h"
#include "core/secret.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::azure {

/// A vault, and how it is called. Value.
struct KeyVault {
  /// `https`, without query, without a slash at its end.
  std::string url;
  /// Whether it is a stand-in of the emulator.
  bool demo = false;

  /// No scopes: the vault says by a challenge what tokens it takes, and of which tenant.
  [[nodiscard]] static ServiceDescription description();

  friend bool operator==(const KeyVault&, const KeyVault&) = default;
};

/// From AZURE_KEY_VAULT_ENDPOINT; see `find_service_endpoint`.
Result<KeyVault> load_key_vault(const Environment& environment);

/// What a vault says of a secret besides its value. Value.
struct SecretProperties {
  std::string name;
  /// 32 hexadecimal digits.
  std::string version;
  bool enabled = true;
  std::optional<SystemTime> created{};
  std::optional<SystemTime> updated{};
  std::optional<SystemTime> expires{};
  std::optional<SystemTime> not_before{};
  std::string content_type{};
  std::map<std::string, std::string> tags{};

  friend bool operator==(const SecretProperties&, const SecretProperties&) = default;
};

/// A secret of a vault. Value, move-only.
struct KeyVaultSecret {
  SecretProperties properties;
  Secret value;
};

/// Whether a text may be the name of a secret: 1 to 127 of `0-9A-Za-z-`.
bool is_secret_name(std::string_view text);
/// Whether a text may be the version of a secret: 1 to 64 letters and digits.
bool is_secret_version(std::string_view text);

/// Reads secrets of a vault ("Azure Key Vault REST API", secrets, api-version 2025-07-01). No message and no log holds
/// a value. Thread-safe.
class KeyVaultClient {
 public:
  /// `connection`, which is that of the vault's description, and `clock` must outlive this object.
  KeyVaultClient(ServiceConnection& connection, KeyVault vault, const Clock& clock);

  /// That version, or with an empty one the latest. A name or version that is none is `kInvalidRequest` before anything
  /// is sent.
  Result<KeyVaultSecret, ServiceError> get_secret(std::string_view name, std::string_view version,
                                                  const CallOptions& options);

  /// The names of all secrets, in the vault's order; of a very large vault those of the first 400 pages. A next page on
  /// another host is `kUnexpectedReply`.
  Result<std::vector<std::string>, ServiceError> list_secret_names(const CallOptions& options);

 private:
  Result<Json, ServiceError> get(const std::string& url, const CallOptions& options);

  ServiceConnection& connection_;
  const KeyVault vault_;
  const Clock& clock_;
};

}  // namespace azf::azure
