#include "runtime/function_json.h"

#include "support/temporary_directory.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

using azf::BindingDirection;
using azf::FunctionJsonChanges;
using azf::GenericBinding;
using azf::Method;
using azf::to_function_json;
using azf::write_function_json;

namespace {

namespace fs = std::filesystem;

azf::Function timer(std::string name, std::string schedule = "0 */5 * * * *") {
  return azf::triggered_function(
      {.name = std::move(name), .bindings = {azf::TimerTrigger{.schedule = std::move(schedule)}}},
      [](const azf::Invocation&, const azf::InvocationContext&) { return azf::InvocationResult{}; });
}

std::string read(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_SUITE("runtime") {
  TEST_CASE("function.json of an HTTP function has its golden bytes") {
    const azf::FunctionMetadata metadata{.name = "greet",
                                         .bindings = {azf::HttpTrigger{.route = "greet/{name?}",
                                                                       .methods = {Method::kGet, Method::kPost},
                                                                       .auth_level = azf::AuthLevel::kAnonymous},
                                                      azf::HttpOutput{}}};
    CHECK(to_function_json(metadata) == R"({
  "generatedBy": "azure-functions-handler",
  "bindings": [
    {
      "type": "httpTrigger",
      "direction": "in",
      "name": "req",
      "authLevel": "anonymous",
      "methods": [
        "get",
        "post"
      ],
      "route": "greet/{name?}"
    },
    {
      "type": "http",
      "direction": "out",
      "name": "res"
    }
  ]
}
)");
  }

  TEST_CASE("function.json of other bindings has its golden bytes") {
    const azf::FunctionMetadata metadata{
        .name = "all",
        .bindings = {azf::HttpTrigger{}, azf::TimerTrigger{.schedule = "0 0 * * * *"},
                     azf::QueueTrigger{.queue_name = "in", .data_type = azf::DataType::kBinary},
                     azf::QueueOutput{.queue_name = "out", .connection = "Other"},
                     GenericBinding{.type = "blob",
                                    .direction = BindingDirection::kInOut,
                                    .name = "file",
                                    .properties = {{"path", "files/{name}"}, {"connection", "Blobs"}}}}};
    CHECK(to_function_json(metadata) == R"({
  "generatedBy": "azure-functions-handler",
  "bindings": [
    {
      "type": "httpTrigger",
      "direction": "in",
      "name": "req",
      "authLevel": "function"
    },
    {
      "type": "timerTrigger",
      "direction": "in",
      "name": "timer",
      "schedule": "0 0 * * * *"
    },
    {
      "type": "queueTrigger",
      "direction": "in",
      "name": "message",
      "queueName": "in",
      "connection": "AzureWebJobsStorage",
      "dataType": "binary"
    },
    {
      "type": "queue",
      "direction": "out",
      "name": "output",
      "queueName": "out",
      "connection": "Other"
    },
    {
      "type": "blob",
      "direction": "inout",
      "name": "file",
      "connection": "Blobs",
      "path": "files/{name}"
    }
  ]
}
)");
  }

  TEST_CASE("files are written once, rewritten on a change, and otherwise not touched") {
    const azf::test::TemporaryDirectory directory;
    const fs::path root(directory.path());
    const std::vector first = {timer("a"), timer("b")};
    CHECK(write_function_json(first, root / "app").value() ==
          FunctionJsonChanges{.written = {"a", "b"}, .removed = {}, .left = {}});
    CHECK(read(root / "app/a/function.json") == to_function_json(first[0].metadata));

    CHECK(write_function_json(first, root / "app").value() == FunctionJsonChanges{});
    const std::vector second = {timer("a"), timer("b", "0 0 0 * * *")};
    CHECK(write_function_json(second, root / "app").value() ==
          FunctionJsonChanges{.written = {"b"}, .removed = {}, .left = {}});
    CHECK(read(root / "app/b/function.json") == to_function_json(second[1].metadata));
  }

  TEST_CASE("folders of functions that are gone are removed if this program made them and nothing else is in them") {
    const azf::test::TemporaryDirectory directory;
    const fs::path root(directory.path());
    REQUIRE(write_function_json(std::vector{timer("a"), timer("old"), timer("older")}, root));
    (void)directory.write("older/notes.txt", "mine");
    (void)directory.write("foreign/function.json", R"({"bindings":[]})");
    (void)directory.write("broken/function.json", "{");
    (void)directory.write("host.json", "{}");

    CHECK(write_function_json(std::vector{timer("a")}, root).value() ==
          FunctionJsonChanges{.written = {}, .removed = {"old"}, .left = {"older"}});
    CHECK_FALSE(fs::exists(root / "old"));
    CHECK(fs::exists(root / "older/function.json"));
    CHECK(fs::exists(root / "foreign/function.json"));
    CHECK(fs::exists(root / "broken/function.json"));
    CHECK(fs::exists(root / "host.json"));
  }

  TEST_CASE("a file that somebody else wrote is not overwritten") {
    const azf::test::TemporaryDirectory directory;
    const auto file = directory.write("a/function.json", R"({"bindings":[]})");
    const auto changes = write_function_json(std::vector{timer("a")}, directory.path());
    REQUIRE_FALSE(changes);
    CHECK(changes.error().kind == azf::ErrorKind::kInvalidArgument);
    CHECK(changes.error().message == file + " was not written by this program; remove it first");
    CHECK(read(file) == R"({"bindings":[]})");
  }

  TEST_CASE("a folder that cannot be made is named") {
    const azf::test::TemporaryDirectory directory;
    const auto file = directory.write("app", "a file");
    const auto changes = write_function_json(std::vector{timer("a")}, file);
    REQUIRE_FALSE(changes);
    CHECK(changes.error().kind == azf::ErrorKind::kInternal);
    CHECK(changes.error().message.starts_with("cannot create " + file + "/a: "));
  }
}
