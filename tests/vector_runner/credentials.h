#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"
#include "vector_runner/field_reader.h"

#include <memory>
#include <string>

namespace azf::test {

/// Where the files of one scenario are. Value.
struct ScenarioPlaces {
  std::string directory;
  std::string arc_key_directory;
  /// Of the agent of Azure Arc; there is none.
  std::string arc_agent_path;
};

/// The credential that `given.options` describes, with its cache, built through the functions that the program has for
/// it. Notes a kind that it does not know, and options that this kind does not have.
Result<std::unique_ptr<identity::TokenCredential>> create_scenario_credential(
    const Json& options, const ScenarioPlaces& places, const identity::CredentialServices& services,
    std::vector<std::string>& problems);

}  // namespace azf::test
