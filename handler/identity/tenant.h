#pragma once

#include "core/environment.h"
#include "core/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// Whether the tenant is an Active Directory Federation Services server, which has other paths and no tenants.
bool is_adfs(std::string_view tenant_id);

/// Checks a tenant id or domain name: ASCII letters, digits, `.` and `-`, so that it can stand in a URL and on a
/// command line. Fails with `kInvalidArgument`; the message does not repeat the text.
Result<Success> check_tenant_id(std::string_view tenant_id);

/// The tenant to ask: `own`, unless the request names another one that `additionally_allowed` holds (ignoring letter
/// case) or `*` allows. An empty `own` stands for a developer tool's current tenant: then an empty list allows all.
/// `AZURE_IDENTITY_DISABLE_MULTITENANTAUTH` set to 1 or true makes every request use `own`. Fails with
/// `kInvalidArgument` (characters; AD FS) or `kAuthenticationFailed` (not allowed).
Result<std::string> resolve_tenant(std::string_view own, std::string_view requested,
                                   const std::vector<std::string>& additionally_allowed,
                                   const Environment& environment);

/// The tenants of `AZURE_ADDITIONALLY_ALLOWED_TENANTS`, separated by `;`.
std::vector<std::string> additionally_allowed_tenants(const Environment& environment);

}  // namespace azf::identity
