#pragma once

#include "identity/credential_fixture.h"
#include "identity/process_runner.h"
#include "identity/token_credential.h"
#include "support/planted_secrets.h"
#include "support/temporary_directory.h"

#include <cstddef>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace azf::test {

class FamilyFixture;

/// One way to configure one of the credentials that `create_credential` knows. Value.
struct FamilyMember {
  std::string_view credential;
  /// Tells several ways of one credential apart: `Azure Arc`.
  std::string_view variant;
  void (*configure)(FamilyFixture&);
  /// Null: `create_credential`, with all settings from the environment.
  Result<std::unique_ptr<identity::TokenCredential>> (*create)(FamilyFixture&) = nullptr;
};

/// At least one of each credential.
std::span<const FamilyMember> credential_family();

/// What comes back instead of a token. `echo` holds the secrets of the request, as a careless server would repeat
/// them; `token` is an access token.
struct FailingReply {
  std::string_view name;
  FakeTransport::Reply (*reply)(const std::string& echo, const std::string& token);
};
struct FailingTool {
  std::string_view name;
  Result<identity::ProcessOutput> (*output)(const std::string& echo, const std::string& token);
};
std::span<const FailingReply> failing_replies();
std::span<const FailingTool> failing_tools();

/// A world in which every credential gets a token that lives for two hours: Entra, all identity endpoints, Azure
/// Pipelines, all developer tools. From one request or run on it fails. All secrets in it are planted. For one thread.
class FamilyFixture : public CredentialFixture {
 public:
  explicit FamilyFixture(const FamilyMember& member);

  std::unique_ptr<identity::TokenCredential> create();

  /// The text of a new secret, which the credential is going to send.
  std::string plant(const std::string& name);
  /// For a secret whose text others decide about; one that is never sent must not reach a server at all.
  void plant(const std::string& name, const std::string& value, bool is_sent);

  /// Requests and runs with a number from `count` on, from 0, fail.
  void fail_after(std::size_t count, std::optional<FailingReply> reply, std::optional<FailingTool> tool);

  /// For each request or run so far, whether it was a run of a tool.
  [[nodiscard]] const std::vector<bool>& events() const { return events_; }
  [[nodiscard]] const std::vector<PlantedSecret>& secrets() const { return secrets_; }
  /// The names of those that should have been sent, and were not; and the reverse.
  [[nodiscard]] std::vector<std::string> wrongly_sent_or_kept() const;

  /// All that people, logs and other users of the machine can see: messages, attempts and their JSON, the log, URLs,
  /// command lines, prompts.
  [[nodiscard]] std::string visible(const identity::TokenResult& result) const;

  TemporaryDirectory directory;
  std::string arc_challenge;
  std::string assertion_program;

 private:
  struct Sent {
    bool expected;
    bool seen = false;
  };

  FakeTransport::Reply answer(const HttpRequest& request);
  Result<identity::ProcessOutput> run(const identity::ProcessCommand& command);
  void learn_from(const HttpRequest& request);
  std::string echo() const;
  HttpResponse token_reply();

  const FamilyMember& member_;
  std::vector<PlantedSecret> secrets_;
  std::map<std::string, Sent> sent_;
  /// By the latest request.
  std::set<std::string> told_;
  std::vector<bool> events_;
  std::vector<std::string> prompts_;
  std::size_t working_ = std::numeric_limits<std::size_t>::max();
  std::optional<FailingReply> failing_reply_;
  std::optional<FailingTool> failing_tool_;
  std::string assertion_;
  int tokens_ = 0;
};

/// The text in which `visible` looks, of a failure alone.
std::string visible_in(const identity::CredentialError& error);

}  // namespace azf::test
