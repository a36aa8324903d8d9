#include "emulator_tests/app_folder.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

namespace azf::emulator {
namespace {

TemporaryFolder new_folder() {
  auto folder = TemporaryFolder::create();
  REQUIRE(folder);
  return std::move(*folder);
}

}  // namespace

AppFolder::AppFolder(const std::vector<std::string>& handler_arguments)
    : folder_(new_folder()),
      host_json_{{"version", "2.0"},
                 {"functionTimeout", "00:00:30"},
                 {"customHandler",
                  {{"description", {{"defaultExecutablePath", AZF_FAKE_HANDLER}, {"arguments", handler_arguments}}},
                   {"enableForwardingHttpRequest", true}}}} {
  patch_host_json(Json::object());
}

void AppFolder::write(const std::string& file, std::string_view text) const {
  const auto whole = path() / file;
  std::filesystem::create_directories(whole.parent_path());
  std::ofstream(whole, std::ios::binary) << text;
}

std::string AppFolder::read(const std::string& file) const {
  std::ifstream stream(path() / file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

void AppFolder::patch_host_json(const Json& patch) {
  host_json_.merge_patch(patch);
  write("host.json", to_text(host_json_));
}

void AppFolder::add_function(const std::string& name, const Json& bindings) const {
  write(name + "/function.json", to_text(Json{{"bindings", bindings}}));
}

void AppFolder::reply(const std::string& handler_path, const Json& reply) {
  replies_[handler_path] = reply;
  write("replies.json", to_text(replies_));
}

FunctionApp AppFolder::load(const Variables& variables) const {
  auto app = load_function_app(path(), {}, variables);
  REQUIRE_MESSAGE(app, app.error().message);
  return std::move(*app);
}

Json http_trigger(std::string_view route) {
  return {{"type", "httpTrigger"},
          {"direction", "in"},
          {"name", "req"},
          {"authLevel", "anonymous"},
          {"route", std::string(route)}};
}

Json http_out(std::string_view name) { return {{"type", "http"}, {"direction", "out"}, {"name", std::string(name)}}; }

Json http_bindings(std::string_view route, std::string_view auth_level) {
  Json trigger = http_trigger(route);
  trigger["authLevel"] = std::string(auth_level);
  return Json::array({trigger, http_out()});
}

Json queue_trigger(std::string_view queue) {
  return {{"type", "queueTrigger"},
          {"direction", "in"},
          {"name", "message"},
          {"queueName", std::string(queue)},
          {"connection", "AzureWebJobsStorage"}};
}

Json queue_out(std::string_view name, std::string_view queue) {
  return {{"type", "queue"},
          {"direction", "out"},
          {"name", std::string(name)},
          {"queueName", std::string(queue)},
          {"connection", "AzureWebJobsStorage"}};
}

}  // namespace azf::emulator
