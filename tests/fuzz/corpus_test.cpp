#include "fuzz/fuzz_target.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace azf::test {
namespace {

std::vector<std::filesystem::path> files_of(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_SUITE("fuzz") {
  TEST_CASE("every input that was ever worth keeping keeps the promises") {
    const std::filesystem::path corpus(AZF_FUZZ_CORPUS);
    for (const FuzzTarget& target : fuzz_targets()) {
      CAPTURE(target.name);
      const auto files = files_of(corpus / target.name);
      CHECK(!files.empty());
      target.run({});
      for (const auto& file : files) {
        // Said by doctest where the target ends the program.
        INFO(file.string());
        const std::string input = content_of(file);
        target.run(input);
      }
    }
  }
}

}  // namespace azf::test
