#pragma once

#include "core/clock.h"
#include "core/environment.h"
#include "core/guid.h"
#include "core/log.h"
#include "http/transport.h"

namespace azf::identity {

/// What every credential works with. The references outlive the credentials; `environment` may be changed between
/// calls, but not during one. `transport` must act on `SendOptions::retry`, or nothing is ever sent twice.
struct CredentialServices {
  const Environment& environment;
  HttpTransport& transport;
  const Clock& clock;
  const Logger& log;
  GuidSource new_guid = random_guid;
};

}  // namespace azf::identity
