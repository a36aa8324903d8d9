#include "identity/secret_file.h"

#include "support/temporary_directory.h"

#include <doctest/doctest.h>

namespace azf::identity {

TEST_SUITE("identity") {
  TEST_CASE("a secret file is read whole, up to 1 MiB") {
    const test::TemporaryDirectory directory;
    const auto read = [&](std::string_view content) { return load_secret_file(directory.write("file", content)); };
    CHECK(read("secret\n")->expose() == "secret\n");
    CHECK(read("")->empty());
    const std::string largest(std::size_t{1} << 20, 'x');
    CHECK(read(largest)->size() == largest.size());
    const auto larger = read(largest + "x");
    REQUIRE(!larger);
    CHECK(larger.error().kind == ErrorKind::kInvalidArgument);
  }

  TEST_CASE("a file that cannot be read is named") {
    const test::TemporaryDirectory directory;
    for (const std::string& path : {directory.path() + "/nowhere", directory.path()}) {
      const auto secret = load_secret_file(path);
      REQUIRE(!secret);
      CHECK(secret.error().kind == ErrorKind::kNotFound);
      CHECK(secret.error().message.find(path) != std::string::npos);
    }
  }
}

}  // namespace azf::identity
