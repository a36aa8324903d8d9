#pragma once

#include "core/result.h"

#include <chrono>
#include <string>
#include <vector>

namespace azf {

/// The addresses of a host as the transport would find them: in /etc/hosts, else from the name servers of
/// /etc/resolv.conf, by c-ares. An address is its own. Fails with `kNotFound` (there is no such host), `kTimeout`, or
/// `kTransport` (no server answers, or they refuse); the message does not repeat the name. To tell people what is
/// wrong, not to connect: curl looks names up by itself. Thread-safe.
Result<std::vector<std::string>> look_up_name(const std::string& host, std::chrono::milliseconds timeout);

}  // namespace azf
