#pragma once

#include "core/json.h"
#include "emulator/host/function_app.h"
#include "emulator/state_file.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace azf::emulator {

/// A function app in a temporary folder, run by the fake handler.
class AppFolder {
 public:
  /// host.json has forwarding on, the prefix `api`, short time-outs, and these arguments for the fake handler.
  explicit AppFolder(const std::vector<std::string>& handler_arguments = {});

  [[nodiscard]] const std::filesystem::path& path() const { return folder_.path(); }
  void write(const std::string& file, std::string_view text) const;
  [[nodiscard]] std::string read(const std::string& file) const;
  /// Changes host.json; `patch` is merged into it (RFC 7396).
  void patch_host_json(const Json& patch);
  void add_function(const std::string& name, const Json& bindings) const;
  /// What the fake handler answers at that path.
  void reply(const std::string& handler_path, const Json& reply);

  /// Fails the test when the app does not load.
  [[nodiscard]] FunctionApp load(const Variables& variables = {}) const;

 private:
  TemporaryFolder folder_;
  Json host_json_;
  Json replies_ = Json::object();
};

/// Bindings of an HTTP function that the host forwards.
Json http_bindings(std::string_view route, std::string_view auth_level = "anonymous");
Json http_trigger(std::string_view route);
Json http_out(std::string_view name = "res");
Json queue_trigger(std::string_view queue);
Json queue_out(std::string_view name, std::string_view queue);

}  // namespace azf::emulator
