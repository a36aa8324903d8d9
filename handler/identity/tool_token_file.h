#pragma once

#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>
#include <string>

namespace azf::identity {

/// What a kept token belongs to, besides the credential's name and the request. Value.
struct KeptTokenOwner {
  /// The credential's own tenant and subscription.
  std::string account;
  /// A file of the tool that is written anew when somebody logs in or out; a token from before that is not handed out.
  std::string login_file;
};

/// The credential of a developer tool, with its tokens kept in the file that `AZF_TOOL_TOKEN_CACHE` names by its
/// absolute path, so that the next run of this program need not wait for the tool. Without the setting, which is the
/// default, the credential itself.
///
/// - The file is JSON, with mode 0600, and replaced as a whole: of two runs that write at once, the last one wins. The
///   tokens in it are not encrypted.
/// - It is not used, with one warning in the log, if it or its directory is a symbolic link or belongs to another
///   user, if it is open to others, or if others can write to the directory. Everything works without it then.
/// - A kept token is handed out while it lives for five more minutes at least, unless the clock says that it was issued
///   in the future, and only to the first request of its kind in this run: who asks again wants another one.
/// - A request with claims never gets a kept token; its own token replaces that one.
/// - A file that cannot be read as written, or larger than 256 KiB, is replaced.
std::unique_ptr<TokenCredential> with_token_file(std::unique_ptr<TokenCredential> tool,
                                                 const CredentialServices& services, KeptTokenOwner owner);

}  // namespace azf::identity
