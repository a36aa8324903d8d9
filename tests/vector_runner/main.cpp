#include "vector_runner/vector_run.h"

#include <filesystem>
#include <iostream>
#include <string_view>

namespace {

constexpr std::string_view kUsage = R"(Usage: azf_vector_tests [OPTION...] [DIR]

Plays the recorded scenarios (*.json) of DIR against the credentials of this program, without network, tools and
waiting. Tells what differs, one line for each scenario that fails; the last line is `N passed, N failed`.

  DIR                the scenarios, with their fixtures in DIR/files; default: those of this project
  --only ID          only this scenario
  --exceptions FILE  where we differ on purpose; default: those of this project
  -v, --verbose      tell at length what was sent and what came out
  -h, --help         this text

Exit code: 0 all passed, 1 some failed, 2 nothing could be run.
)";

int usage_error(std::string_view what) {
  std::cerr << "azf_vector_tests: " << what << "\n\n" << kUsage;
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  azf::test::VectorRunOptions options;
  options.exceptions_file = AZF_VECTOR_EXCEPTIONS;
  const std::string own = AZF_VECTOR_DIRECTORY;
  options.further_fixtures = own + "/files";
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "-h" || argument == "--help") {
      std::cout << kUsage;
      return 0;
    }
    if (argument == "-v" || argument == "--verbose") {
      options.verbose = true;
    } else if (argument == "--only" || argument == "--exceptions") {
      if (++i == argc) return usage_error(std::string(argument) + " needs a value");
      (argument == "--only" ? options.only : options.exceptions_file) = argv[i];
    } else if (argument.starts_with('-')) {
      return usage_error("unknown option " + std::string(argument));
    } else if (!options.directory.empty()) {
      return usage_error("more than one folder");
    } else {
      options.directory = argument;
    }
  }
  if (options.directory.empty()) options.directory = own;
  std::error_code error;
  options.all_exceptions_apply = std::filesystem::equivalent(options.directory, own, error);
  return azf::test::run_vectors(options, std::cout, std::cerr);
}
