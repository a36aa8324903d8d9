#pragma once

#include <iosfwd>
#include <string>

namespace azf::test {

/// How the scenarios of a folder are run. Value.
struct VectorRunOptions {
  std::string directory;
  /// Where the exceptions are; empty for none.
  std::string exceptions_file;
  /// Whether each exception must be for a scenario of this folder.
  bool all_exceptions_apply = true;
  /// The one scenario to run; empty for all.
  std::string only;
  /// Looked at for `$fixture` after the folder's own `files`; may be empty.
  std::string further_fixtures;
  /// Whether failures are told at length.
  bool verbose = false;
};

/// Runs the scenarios and tells of those that fail, at the end `N passed, N failed`. Returns the exit code: 0 where all
/// passed, 1 where some did not, 2 where nothing could be run, with the reason on `errors`.
int run_vectors(const VectorRunOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace azf::test
