#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"
#include "identity/client_assertion_credential.h"
#include "identity/credential_services.h"
#include "identity/token_endpoint.h"
#include "identity/token_outcome.h"

#include <functional>
#include <string>

namespace azf::identity {

/// For which request a proof is needed. Value.
struct ProofRequest {
  std::string client_id;
  std::string tenant_id;
  std::string token_url;
  /// What a dated proof says that the time is.
  SystemTime now;
  Deadline deadline;
};

/// How the applications of one credential prove who they are. Value.
struct ApplicationProof {
  /// For people: `client secret`.
  std::string name;
  /// Makes the proof for one request. Called for each request, from any thread.
  std::function<Result<ClientProof, Refusal>(const ProofRequest& request)> make;
  /// Whether the proof says what time it is, so that one made by the server's clock may be accepted where one by this
  /// machine's clock was not.
  bool dated = false;
};

ApplicationProof secret_proof(Secret secret);

/// A source that fails or gives an empty text is `kAuthenticationFailed`, `kAssertionFailed`.
ApplicationProof assertion_proof(AssertionSource source, const Clock& clock);

/// Where a certificate with its private key is. Of path and content exactly one is given. Value, move-only.
struct CertificateSource {
  std::string path{};
  Secret content{};
  Secret password{};
  bool send_chain = false;
  /// Whether a certificate that cannot be used fails creation; else it fails the request that needs it.
  bool load_at_creation = true;
};

/// A file is read anew when it has changed; where the new one cannot be used the old one goes on, with a warning.
/// Creation fails with `kInvalidArgument`, a request is refused with `kAuthenticationFailed`, `kCertificateUnusable`.
Result<ApplicationProof> certificate_proof(CertificateSource source, const CredentialServices& services);

}  // namespace azf::identity
