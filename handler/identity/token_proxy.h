#pragma once

#include "core/environment.h"
#include "core/result.h"
#include "identity/token_endpoint.h"
#include "identity/token_outcome.h"

#include <optional>
#include <string>

namespace azf::identity {

/// The proxy of Azure Kubernetes Service through which pods with identity bindings reach Entra. Value.
struct TokenProxy {
  /// An https URL without a query, and without a slash at its end.
  std::string url;
  /// Name to ask for and to verify in TLS; empty for that of the URL.
  std::string server_name;
  /// File with the CA certificates that vouch for the proxy; empty for none.
  std::string ca_file;
  /// The same as PEM text; of both at most one is set.
  std::string ca_certificates;
};

/// Of `AZURE_KUBERNETES_TOKEN_PROXY`, `AZURE_KUBERNETES_SNI_NAME`, `AZURE_KUBERNETES_CA_FILE` and
/// `AZURE_KUBERNETES_CA_DATA` (Azure/azure-sdk-for-go, sdk/azidentity/internal/customtokenproxy). Nothing if none of
/// them is set. Fails with `kInvalidArgument` for values that cannot be right, alone or together.
Result<std::optional<TokenProxy>> load_token_proxy(const Environment& environment);

/// The call with the proxy in front: the path of its URL is appended to the proxy's. The CA file is read for each call,
/// because its owner replaces it; one that cannot be used is `kAuthenticationFailed`.
Result<TokenCall, Refusal> through_token_proxy(const TokenProxy& proxy, TokenCall call);

}  // namespace azf::identity
