#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>
#include <string>

namespace azf::identity {

/// Which identity: of the three ids at most one may be set; none is the system-assigned identity. Value.
struct ManagedIdentityOptions {
  std::string client_id{};
  std::string object_id{};
  /// `/subscriptions/.../userAssignedIdentities/NAME`
  std::string resource_id{};

  /// Whether to look for a sign of life from IMDS (at most 1 s, until there was one) before the first real request,
  /// which waits much longer. For chains that have other members to turn to; too short on a busy machine.
  bool probe_imds = false;

  /// The one directory that the agent of Azure Arc may name a key file in. For tests and unusual installations.
  std::string arc_key_directory = "/var/opt/azcmagent/tokens";
  /// A file that is there where the agent of Azure Arc is installed. For tests and unusual installations.
  std::string arc_agent_path = "/opt/azcmagent/bin/himds";
};

/// A credential for the identity that the hosting platform gives to this app. The platform is told at each request, as
/// its secrets are renewed, by the environment: Service Fabric, App Service (also Functions and Container Apps), Azure
/// Machine Learning, Cloud Shell, Azure Arc (also by its agent being installed), else the Instance Metadata Service of
/// Azure virtual machines, which serves AKS too. Variables of workload identity mean nothing here, since that is a
/// credential of its own.
///
/// Two ids are `kInvalidArgument` at creation, a variable that cannot be right when a token is asked for.
/// `kCredentialUnavailable`: no endpoint, no such identity, or a fault of the endpoint that stays after all
/// repetitions. `kAuthenticationFailed`: an endpoint that refuses, is not the one it should be, or answers 200 without
/// a token. The request's tenant and claims are ignored. Requests go direct, never through a proxy, and by plain http
/// only to this machine or a link-local address.
Result<std::unique_ptr<TokenCredential>> create_managed_identity_credential(ManagedIdentityOptions options,
                                                                            const CredentialServices& services);

}  // namespace azf::identity
