#pragma once

#include "identity/credential_factory.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace azf::cli {

/// Exit codes of every command but `serve` under the host, where any code but 0 means a crash.
inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kWrongUsage = 2;

/// `handler` and `handler serve`.
struct ServeCommand {
  /// Where to listen without a host; 0 takes a free port. Nothing: where the host says.
  std::optional<std::uint16_t> port;
  /// In place of AZF_LISTEN_ADDRESS; an address.
  std::optional<std::string> listen{};
  /// In place of AZF_ALLOWED_CLIENTS; addresses and CIDR ranges. Empty: what that variable says.
  std::vector<std::string> allow{};
  /// Whether `serve` was spelled out, so that a person may be meant who has no host.
  bool explicitly = false;
};

/// `handler functions`.
struct FunctionsCommand {
  enum class Format { kTable, kJson };
  Format format = Format::kTable;
  /// Folder to write `<Function>/function.json` into, instead of printing.
  std::optional<std::filesystem::path> write_to;
};

/// `handler token`.
struct TokenCommand {
  enum class Output { kSummary, kJson, kToken };
  std::vector<std::string> scopes;
  std::string credential = "DefaultAzureCredential";
  identity::CredentialOptions options;
  Output output = Output::kSummary;
};

/// `handler doctor`.
struct DoctorCommand {
  enum class Format { kText, kJson };
  Format format = Format::kText;
  std::vector<std::string> scopes = {"https://management.azure.com/.default"};
  std::string credential = "DefaultAzureCredential";
  /// Whether nothing may be sent.
  bool offline = false;
  /// For each check, 1 to 600.
  std::chrono::seconds timeout{10};
};

/// Nothing more to do: help, version, or a usage error, with what is to be printed.
struct Finished {
  int exit_code = kSuccess;
  std::string text;  ///< to standard output on success, else to standard error
};

using Command = std::variant<ServeCommand, FunctionsCommand, TokenCommand, DoctorCommand, Finished>;

/// What the user asked for. `arguments` without the program's name.
Command parse_command_line(std::vector<std::string> arguments, std::string_view version);

}  // namespace azf::cli
