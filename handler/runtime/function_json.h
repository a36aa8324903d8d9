#pragma once

#include "core/result.h"
#include "runtime/function.h"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace azf {

/// The content of the function's function.json: members in the order type, direction, name, then the rest as
/// documented; two blanks of indentation, a line break at the end. The same metadata gives the same bytes. `authLevel`
/// is always written, because the host asks for a key where it is missing.
std::string to_function_json(const FunctionMetadata& metadata);

/// What `write_function_json` did, by function name, each list sorted.
struct FunctionJsonChanges {
  std::vector<std::string> written;
  /// Folders of functions that the program no longer has.
  std::vector<std::string> removed;
  /// The same, but left in place because they hold further files; the host will load them.
  std::vector<std::string> left;

  friend bool operator==(const FunctionJsonChanges&, const FunctionJsonChanges&) = default;
};

/// Makes `directory` hold `<Name>/function.json` for each of the functions (of a Router, so that they are known to be
/// valid). A file with the right bytes is not touched, because the host restarts on a change. Folders whose
/// function.json this program wrote earlier, for a function that is gone, are removed; others are left alone. Fails
/// with `kInternal` when a file cannot be written, `kInvalidArgument` when a function's file was written by somebody
/// else; both name it.
Result<FunctionJsonChanges> write_function_json(std::span<const Function> functions,
                                                const std::filesystem::path& directory);

}  // namespace azf
