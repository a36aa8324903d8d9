#pragma once

#include "core/result.h"
#include "core/secret.h"

#include <string>

namespace azf::identity {

/// Reads a small file that holds a secret: a federated token, a certificate with its key. At most 1 MiB. Fails with
/// `kNotFound` if it cannot be opened or read, with `kInvalidArgument` if it is larger; the message names the file.
Result<Secret> load_secret_file(const std::string& path);

}  // namespace azf::identity
