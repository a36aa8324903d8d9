#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"
#include "emulator/identity/arc_endpoint.h"
#include "emulator/identity/endpoint_script.h"
#include "emulator/identity/entra_endpoint.h"
#include "emulator/identity/managed_identity_endpoint.h"
#include "emulator/identity/pipelines_endpoint.h"
#include "emulator/identity/signing_key.h"
#include "emulator/identity/test_authority.h"
#include "emulator/identity/token_issuer.h"
#include "emulator/stop_signal.h"
#include "emulator/variables.h"
#include "emulator/wire/http_server.h"
#include "emulator/wire/tls.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace azf::emulator {

/// Where a program is told to get its tokens from.
enum class IdentityKind {
  kAppService,      ///< managed identity of App Service and Functions
  kImds,            ///< managed identity of a virtual machine
  kEntra,           ///< Entra with a client secret
  kWorkload,        ///< Entra with a federated token in a file
  kCertificate,     ///< Entra with a client certificate
  kPipelines,       ///< Entra with a token of Azure Pipelines
  kAppService2017,  ///< managed identity of App Service, in its first version
  kAzureMl,         ///< managed identity of Azure Machine Learning compute
  kCloudShell,      ///< the person's own identity in Cloud Shell
  kArc,             ///< managed identity of a machine with the agent of Azure Arc
  kServiceFabric,   ///< managed identity of an application in a Service Fabric cluster
  kNone,
};

std::string_view to_string(IdentityKind kind);

/// Who exists in the emulated tenant. Made-up ids that are the same in every run.
struct IdentityOptions {
  std::string tenant_id = "11111111-1111-4111-8111-111111111111";
  Principal system_assigned = {
      "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333",
      "/subscriptions/44444444-4444-4444-8444-444444444444/resourcegroups/emulator/providers/Microsoft.Web/sites/app"};
  Principal user_assigned = {"55555555-5555-4555-8555-555555555555", "66666666-6666-4666-8666-666666666666",
                             "/subscriptions/44444444-4444-4444-8444-444444444444/resourcegroups/emulator/providers/"
                             "Microsoft.ManagedIdentity/userAssignedIdentities/user-assigned"};
  Principal application = {"77777777-7777-4777-8777-777777777777", "88888888-8888-4888-8888-888888888888", ""};
  User user = {"bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb", "user@emulator.invalid", "Emulated User"};
  std::string service_connection_id = "cccccccc-cccc-4ccc-8ccc-cccccccccccc";
  /// How often a client may ask whether the person with the device code has decided.
  std::chrono::seconds device_code_interval{5};
  /// Where the agent of Azure Arc writes its keys, absolute; empty for a folder in the state folder. Clients read keys
  /// from the agent's own folder alone, `/var/opt/azcmagent/tokens`.
  std::filesystem::path arc_key_folder{};
  /// Ports of the managed identity endpoints (plain HTTP) and of Entra (HTTPS); 0 takes a free one.
  int http_port = 0;
  int https_port = 0;
  /// Exists; gets `ca.pem`, `server.pem` and `server-key.pem` (certificate and key of Entra), `federated-token`,
  /// `service-fabric.pem` (the certificate of the cluster), `client-certificate.pem`, `client-certificate-chain.pem`,
  /// and `variables.json` with the variables of every kind of identity, all readable by their owner alone.
  std::filesystem::path state_folder;
};

/// All identity endpoints, running on 127.0.0.1, with secrets made for this run. Thread-safe.
class IdentityEmulator {
 public:
  /// `kTransport` when a port is taken, `kInvalidArgument` when the state folder cannot be written. `clock` outlives
  /// the emulator.
  static Result<std::unique_ptr<IdentityEmulator>> start(IdentityOptions options, const Clock& clock);
  IdentityEmulator(const IdentityEmulator&) = delete;
  IdentityEmulator& operator=(const IdentityEmulator&) = delete;
  ~IdentityEmulator();

  /// What a program's environment needs for tokens of that kind. Holds secrets.
  [[nodiscard]] Variables variables(IdentityKind kind) const;
  /// One line for people: where tokens of that kind come from.
  [[nodiscard]] std::string explain(IdentityKind kind) const;
  /// Addresses and ids for scripts, without secrets.
  [[nodiscard]] Json describe() const;
  /// The plain HTTP server's URL without a slash at its end; its `/emulator/...` is the control interface.
  [[nodiscard]] std::string http_url() const;
  [[nodiscard]] std::string https_url() const;

  /// Control requests: those of `EndpointScript` for the endpoints `app-service`, `azure-ml`, `cloud-shell`, `arc`,
  /// `service-fabric`, `imds`, `pipelines` and `entra`, those of `EntraEndpoint`, and `POST /emulator/federated-token`,
  /// which writes a new token into the file, with another subject if the body names one. Nothing when the path is not
  /// known.
  std::optional<Reply> control(const Request& request);

  /// What services that take these tokens share with this emulator: who signs the tokens and for whom, the certificate,
  /// the file of its authority, and script and journal.
  [[nodiscard]] const TokenIssuer& issuer() const { return issuer_; }
  [[nodiscard]] const User& user() const { return options_.user; }
  [[nodiscard]] const TestAuthority& authority() const { return authority_; }
  [[nodiscard]] std::filesystem::path ca_file() const;
  [[nodiscard]] EndpointScript& script() { return script_; }
  /// Ends what the script lets wait, from now on: for the end of those that share it.
  void end_waits() { stop_.request_stop(); }

 private:
  struct Parts;

  IdentityEmulator(IdentityOptions options, Parts parts, const Clock& clock);
  std::optional<Reply> handle_http(const Request& request);
  std::optional<Reply> handle_https(const Request& request);
  std::optional<Reply> handle_cluster(const Request& request);
  [[nodiscard]] Result<Success> write_files() const;
  [[nodiscard]] Result<Success> write_federated_token(const std::string& subject) const;
  [[nodiscard]] std::string cluster_url() const;
  // The URL of the endpoint that tokens of that kind come from.
  [[nodiscard]] std::string token_url(IdentityKind kind) const;

  const IdentityOptions options_;
  const int http_port_;
  const int https_port_;
  const int cluster_port_;
  const Clock& clock_;
  StopSignal stop_;
  EndpointScript script_;
  const TestAuthority authority_;
  const SelfSignedServer cluster_;
  const TlsContext tls_;
  const TlsContext cluster_tls_;
  const SigningKey key_;
  const TokenIssuer issuer_;
  const ManagedIdentityEndpoint managed_identity_;
  EntraEndpoint entra_;
  ArcEndpoint arc_;
  const PipelinesEndpoint pipelines_;
  std::unique_ptr<HttpServer> http_server_;
  std::unique_ptr<HttpServer> https_server_;
  std::unique_ptr<HttpServer> cluster_server_;
};

}  // namespace azf::emulator
