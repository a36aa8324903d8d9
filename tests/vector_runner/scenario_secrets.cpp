#include "vector_runner/scenario_secrets.h"

#include "identity/text.h"
#include "vector_runner/field_reader.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace azf::test {
namespace {

constexpr auto kVariables =
    std::to_array<std::string_view>({"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_PASSWORD",
                                     "IDENTITY_HEADER", "MSI_SECRET", "SYSTEM_ACCESSTOKEN"});
constexpr auto kOptions = std::to_array<std::string_view>(
    {"client_secret", "certificate_password", "assertion", "user_assertion", "system_access_token"});
constexpr auto kMembers = std::to_array<std::string_view>(
    {"access_token", "accessToken", "token", "Token", "refresh_token", "id_token", "oidcToken", "device_code"});

// An option such as `<empty>` stands for a behaviour.
bool is_word_for_runner(std::string_view text) { return text.starts_with('<'); }

class Collector {
 public:
  void add(std::string_view name, std::string_view value) {
    if (value.empty() || is_word_for_runner(value)) return;
    secrets_.push_back({std::string(name), std::string(value)});
  }

  void add_members(std::string_view where, const std::string& text) {
    const auto json = parse_json(text);
    if (!json) return;
    for (const std::string_view member : kMembers) {
      const Json* value = find_member(*json, member);
      if (value != nullptr && value->is_string()) {
        add(std::string(where) + " " + std::string(member), value->get_ref<const std::string&>());
      }
    }
  }

  // Of a private key one line in its middle; of any other text that is one word, all of it.
  void add_file(const std::string& name, const std::string& content) {
    if (const auto key = content.find("PRIVATE KEY-----\n"); key != std::string::npos) {
      const auto second_line = content.find('\n', content.find('\n', key) + 1) + 1;
      add("private key in " + name, std::string_view(content).substr(second_line, 64));
      return;
    }
    const std::string_view word = identity::trimmed(content);
    const auto stands_in_word = [](char c) { return c > ' ' && c < '\x7f'; };
    if (std::ranges::all_of(word, stands_in_word)) add("file " + name, word);
  }

  std::vector<PlantedSecret> take() { return std::move(secrets_); }

 private:
  std::vector<PlantedSecret> secrets_;
};

}  // namespace

std::vector<PlantedSecret> secrets_of(const Given& given) {
  Collector found;
  for (const std::string_view variable : kVariables) {
    if (const auto value = given.environment.find(variable); value != given.environment.end()) {
      found.add(variable, value->second);
    }
  }
  for (const std::string_view option : kOptions) {
    const Json* value = find_member(given.options, option);
    if (value != nullptr && value->is_string()) found.add(option, value->get_ref<const std::string&>());
  }
  if (const Json* certificate = find_member(given.options, "certificate");
      certificate != nullptr && certificate->is_string()) {
    found.add_file("certificate", certificate->get<std::string>());
  }
  found.add("the assertion that callbacks make", "assertion-1");
  for (const auto& [name, content] : given.files) found.add_file(name, content);
  for (const auto& [name, content] : given.arc_keys) found.add_file(name, content);
  for (const Step& step : given.steps) {
    if (step.op == Step::Op::kWriteFile) found.add_file(step.file_name, step.file_content);
  }
  for (const ScriptedReply& reply : given.replies) found.add_members("a reply's", reply.body);
  for (const auto& [name, tool] : given.tools) found.add_members(name + "'s", tool.standard_output);
  return found.take();
}

}  // namespace azf::test
