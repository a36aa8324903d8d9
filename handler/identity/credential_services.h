#pragma once

#include "core/clock.h"
#include "core/environment.h"
#include "core/executor.h"
#include "core/guid.h"
#include "core/log.h"
#include "http/retrying_transport.h"
#include "http/transport.h"
#include "identity/process_runner.h"

#include <functional>

namespace azf::identity {

/// What every credential works with. The references outlive the credentials; `environment` may be changed between
/// calls, but not during one. `transport` must act on `SendOptions::retry`, or nothing is ever sent twice.
struct CredentialServices {
  const Environment& environment;
  HttpTransport& transport;
  const Clock& clock;
  const Logger& log;
  /// Runs developer tools.
  ProcessRunner& processes;
  /// Refreshes tokens while callers use the old ones. Ends its tasks before anything else here goes.
  Executor& executor;
  GuidSource new_guid = random_guid;
  /// Numbers in [0, 1) that spread over time what many instances would do at once.
  std::function<double()> jitter = random_fraction;
};

}  // namespace azf::identity
