#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "emulator/services/bearer_check.h"
#include "emulator/services/scripted_model.h"
#include "emulator/services/stand_in.h"

#include <chrono>
#include <string>
#include <string_view>

namespace azf::emulator {

/// Chat completions of Azure OpenAI, both routes: `/openai/deployments/NAME/chat/completions?api-version=DATE` and
/// `/openai/v1/chat/completions` (Azure OpenAI documentation, "REST API reference" and "API version lifecycle"). Every
/// deployment exists but `missing`. Answers come of `next_turn`. Keys are refused, as where local authentication is
/// disabled.
///
/// Words in the last user's message make it fail: `[stand-in:content-filter]` (400 content_filter),
/// `[stand-in:context-length]` (400 context_length_exceeded), `[stand-in:quota]` (429 insufficient_quota),
/// `[stand-in:throttle]` (429 with Retry-After), `[stand-in:length]` (finish_reason length), and in streams
/// `[stand-in:stream-filter]` (finish_reason content_filter), `[stand-in:stream-error]` (an error object),
/// `[stand-in:no-done]` (ends without `[DONE]`).
class OpenAiService final : public StandIn {
 public:
  static constexpr std::string_view kAudience = "https://cognitiveservices.azure.com";

  /// `pace` is between two events of a stream. `issuer` and `clock` outlive the service.
  OpenAiService(const TokenIssuer& issuer, const Clock& clock, std::chrono::milliseconds pace);

  Reply handle(const Request& request, std::string_view path) override;
  [[nodiscard]] Reply failure(int status) const override;

 private:
  struct Completion;

  [[nodiscard]] Reply complete(const Json& body, const std::string& deployment) const;
  [[nodiscard]] Reply whole(const Completion& completion) const;
  [[nodiscard]] Reply streamed(const Completion& completion, const Json& body) const;

  const BearerCheck tokens_;
  const Clock& clock_;
  const std::chrono::milliseconds pace_;
};

}  // namespace azf::emulator
