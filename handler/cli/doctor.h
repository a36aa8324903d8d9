#pragma once

#include "cli/command_line.h"
#include "cli/doctor_checks.h"
#include "cli/doctor_report.h"
#include "http/name_lookup.h"
#include "identity/credential_services.h"
#include "runtime/function.h"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace azf::cli {

/// What `handler doctor` works with. The references outlive the call.
struct DoctorServices {
  const identity::CredentialServices& credentials;
  std::span<const Function> functions;
  /// Where the app is, unless a variable says so.
  std::filesystem::path current_folder;
  /// Put in front of the well-known places of certificates and of Azure Arc's agent.
  std::string root{};
  NameLookup look_up = look_up_name;
  /// Told the title of each check before it begins.
  std::function<void(std::string_view title)> progress{};
};

/// Runs all checks, one after the other, in the order of the report. No value of a variable is in the outcome. With
/// `offline` nothing is sent, and the checks that would have to are skipped.
Diagnosis diagnose(const DoctorCommand& command, const DoctorServices& services);

/// Runs all checks and prints the report to standard output. Returns the exit code: 0, 1 if something is broken, 2 for
/// a credential that there is not.
int run_doctor(const DoctorCommand& command, const identity::CredentialServices& services,
               std::span<const Function> functions);

}  // namespace azf::cli
