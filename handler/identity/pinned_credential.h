#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>

namespace azf::identity {

/// Makes sure that tokens are for one identity only, if the setting `AZF_IDENTITY_PIN` is there: `TENANT/PRINCIPAL`,
/// both ids, where the principal is the object id or the application (client) id. A token for another identity, or one
/// that does not tell, becomes `kAuthenticationFailed` with both names. So a chain cannot surprise production by an
/// identity that nobody meant. It keeps mistakes out, not attackers: the claims of a token are read without a check of
/// its signature, which only the token's resource can do.
///
/// Without the setting `credential` is returned as it is. A setting of another shape is `kInvalidArgument`.
Result<std::unique_ptr<TokenCredential>> apply_identity_pin(std::unique_ptr<TokenCredential> credential,
                                                            const CredentialServices& services);

}  // namespace azf::identity
