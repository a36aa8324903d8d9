#pragma once

#include "core/result.h"
#include "core/secret.h"
#include "http/message.h"

#include <string>
#include <string_view>

namespace azf::identity {

// The agent of Azure Arc proves that a caller may read a file: it answers 401 with the name of a file that only
// members of the group himds can read, and wants its content (Azure Arc documentation, "Authenticate against Azure
// resources with Azure Arc-enabled servers"). Whoever answers on the agent's port could name any file, so the rules
// here are strict.

/// The path in `WWW-Authenticate: Basic realm=<path>`. Fails with `kUnexpectedResponse` without such a field, and for
/// one with something else in it, such as a second `=`.
Result<std::string> parse_arc_challenge(const Headers& headers);

/// Reads a key, at most 4096 bytes, as it is. Fails with `kInvalidArgument`, the file not opened, unless `path` is that
/// of a regular file `<directory>/<name>.key`, without links and detours; with `kNotFound` if it cannot be read.
Result<Secret> load_arc_key(std::string_view directory, std::string_view path);

}  // namespace azf::identity
