#pragma once

#include "azure/chat_deployment.h"
#include "azure/chat_message.h"
#include "azure/chat_reply.h"
#include "azure/service_connection.h"
#include "azure/service_error.h"
#include "core/clock.h"
#include "core/result.h"

#include <atomic>
#include <string_view>

namespace azf::azure {

/// Why there is no whole reply. Value.
struct ChatError {
  ServiceError error{};
  /// What came of a stream before. Its tool calls may be cut off, and are not to be obeyed.
  ChatReply so_far{};
};

/// Takes the text of a reply while it comes.
class ChatListener {
 public:
  virtual ~ChatListener() = default;
  /// The next piece of the text, whole characters, not empty. An error ends the call, which is not made again.
  virtual Result<Success> take_text(std::string_view delta) = 0;
};

/// Speaks with a chat model. Makes a call that the service refused by 401 once again, with a fresh token, and one whose
/// parameter for the longest answer the model does not know (`max_tokens` is the older one, `max_completion_tokens` the
/// newer) once again with the other. Thread-safe.
class ChatClient {
 public:
  /// The references must outlive this object.
  ChatClient(ServiceConnection& connection, ChatDeployment deployment, const Clock& clock);

  /// The reply as a whole. Of `options` the members `receiver` and `is_final` are not used, here and below.
  Result<ChatReply, ChatError> complete(const ChatRequest& request, const CallOptions& options);
  /// The same, piece by piece. Nothing is sent again once the reply has begun.
  Result<ChatReply, ChatError> stream(const ChatRequest& request, ChatListener& listener, const CallOptions& options);

  [[nodiscard]] const ChatDeployment& deployment() const { return deployment_; }

 private:
  class Stream;

  /// `body` lacks the longest answer.
  Result<HttpResponse> send(const ChatRequest& request, const Json& body, const CallOptions& options);
  Result<HttpResponse> send_authorized(const HttpRequest& request, const CallOptions& options);
  [[nodiscard]] Json body_of(const ChatRequest& request) const;
  [[nodiscard]] ServiceError refusal(const HttpResponse& reply) const;

  ServiceConnection& connection_;
  const ChatDeployment deployment_;
  const Clock& clock_;
  /// Whether the model was seen to know the newer parameter for the longest answer only.
  std::atomic<bool> newer_limit_;
};

}  // namespace azf::azure
