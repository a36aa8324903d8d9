#pragma once

#include "support/planted_secrets.h"
#include "vector_runner/scenario.h"

#include <vector>

namespace azf::test {

/// What of a scenario may be in no log, message or attempt: secrets of settings, files and keys, and the tokens that
/// servers and tools hand out.
std::vector<PlantedSecret> secrets_of(const Given& given);

}  // namespace azf::test
