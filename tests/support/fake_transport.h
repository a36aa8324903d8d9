#pragma once

#include "core/mutex.h"
#include "http/transport.h"

#include <deque>
#include <functional>
#include <optional>
#include <vector>

namespace azf::test {

/// Answers from a list, each reply once and in order, or from a function; keeps the requests and options that it saw.
/// A request for which no reply is left throws `std::logic_error`, because a request too many is what a test wants
/// to notice. A receiver gets the body byte by byte. Thread-safe; the function is called without a lock held, so it may
/// block.
class FakeTransport final : public HttpTransport {
 public:
  using Reply = Result<HttpResponse>;

  FakeTransport() = default;
  explicit FakeTransport(std::vector<Reply> replies);
  explicit FakeTransport(std::function<Reply(const HttpRequest&)> answer);

  Result<HttpResponse> send(const HttpRequest& request, const SendOptions& options) override;

  /// Adds a reply after those that are left.
  void add_reply(Reply reply);
  /// Likewise one that breaks off: whoever takes its body gets all of it, and then the call fails.
  void add_broken_reply(HttpResponse reply, Error failure);
  [[nodiscard]] std::vector<HttpRequest> requests() const;
  /// The options of each request, in the same order.
  [[nodiscard]] std::vector<SendOptions> options() const;

 private:
  struct Scripted {
    Reply reply;
    std::optional<Error> failure{};
  };
  Scripted next_reply(const HttpRequest& request, const SendOptions& options);

  const std::function<Reply(const HttpRequest&)> answer_;

  mutable Mutex mutex_;
  std::deque<Scripted> replies_ GUARDED_BY(mutex_);
  std::vector<HttpRequest> requests_ GUARDED_BY(mutex_);
  std::vector<SendOptions> options_ GUARDED_BY(mutex_);
};

}  // namespace azf::test
