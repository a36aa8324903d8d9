#include "identity/tenant.h"

#include "http/message.h"
#include "identity/text.h"

#include <algorithm>

namespace azf::identity {
namespace {

bool may_stand_in_tenant(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

bool multitenant_is_disabled(const Environment& environment) {
  return is_on(environment.get("AZURE_IDENTITY_DISABLE_MULTITENANTAUTH").value_or(""));
}

}  // namespace

bool is_adfs(std::string_view tenant_id) { return equal_ignoring_case(tenant_id, "adfs"); }

Result<Success> check_tenant_id(std::string_view tenant_id) {
  if (!tenant_id.empty() && std::all_of(tenant_id.begin(), tenant_id.end(), may_stand_in_tenant)) return Success{};
  return Error{ErrorKind::kInvalidArgument,
               "invalid tenant id: it must be a GUID or a domain name (letters, digits, '.' and '-'); find it in the "
               "Azure portal under Microsoft Entra ID, Overview, or with `az account show`"};
}

Result<std::string> resolve_tenant(std::string_view own, std::string_view requested,
                                   const std::vector<std::string>& additionally_allowed,
                                   const Environment& environment) {
  if (requested.empty() || equal_ignoring_case(requested, own)) return std::string(own);
  if (multitenant_is_disabled(environment)) return std::string(own);
  if (is_adfs(own)) return Error{ErrorKind::kInvalidArgument, "AD FS has no tenants, but the request names one"};
  if (auto valid = check_tenant_id(requested); !valid) return std::move(valid).error();

  const bool allowed =
      std::any_of(additionally_allowed.begin(), additionally_allowed.end(),
                  [&](const std::string& tenant) { return tenant == "*" || equal_ignoring_case(tenant, requested); });
  if (allowed || (own.empty() && additionally_allowed.empty())) return std::string(requested);
  return Error{ErrorKind::kAuthenticationFailed, "not allowed to get tokens from tenant " + std::string(requested) +
                                                     ": add it, or * for all, to the additionally allowed tenants "
                                                     "(AZURE_ADDITIONALLY_ALLOWED_TENANTS)"};
}

std::vector<std::string> additionally_allowed_tenants(const Environment& environment) {
  std::vector<std::string> tenants;
  std::string_view rest = environment.get("AZURE_ADDITIONALLY_ALLOWED_TENANTS").value_or("");
  while (!rest.empty()) {
    const auto end = std::min(rest.find(';'), rest.size());
    if (const auto tenant = trimmed(rest.substr(0, end)); !tenant.empty()) tenants.emplace_back(tenant);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return tenants;
}

}  // namespace azf::identity
