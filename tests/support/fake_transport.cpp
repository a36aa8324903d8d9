#include "support/fake_transport.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace azf::test {

FakeTransport::FakeTransport(std::vector<Reply> replies) {
  for (auto& reply : replies) replies_.push_back({std::move(reply)});
}

FakeTransport::FakeTransport(std::function<Reply(const HttpRequest&)> answer) : answer_(std::move(answer)) {}

Result<HttpResponse> FakeTransport::send(const HttpRequest& request, const SendOptions& options) {
  auto [reply, failure] = next_reply(request, options);
  if (reply && options.receiver != nullptr) {
    HttpResponse head{.status = reply->status, .headers = reply->headers};
    if (options.receiver->begin(head)) {
      for (const char& byte : reply->body) {
        if (auto taken = options.receiver->receive({&byte, 1}); !taken) return std::move(taken).error();
      }
      reply = std::move(head);
    }
  }
  if (failure) return *std::move(failure);
  return reply;
}

FakeTransport::Scripted FakeTransport::next_reply(const HttpRequest& request, const SendOptions& options) {
  {
    const MutexLock lock(mutex_);
    requests_.push_back(request);
    options_.push_back(options);
    if (!answer_) {
      if (replies_.empty()) {
        throw std::logic_error("FakeTransport: no reply left for " + std::string(to_string(request.method)) + " " +
                               request.url);
      }
      auto reply = std::move(replies_.front());
      replies_.pop_front();
      return reply;
    }
  }
  return {answer_(request)};
}

void FakeTransport::add_reply(Reply reply) {
  const MutexLock lock(mutex_);
  replies_.push_back({std::move(reply)});
}

void FakeTransport::add_broken_reply(HttpResponse reply, Error failure) {
  const MutexLock lock(mutex_);
  replies_.push_back({std::move(reply), std::move(failure)});
}

std::vector<HttpRequest> FakeTransport::requests() const {
  const MutexLock lock(mutex_);
  return requests_;
}

std::vector<SendOptions> FakeTransport::options() const {
  const MutexLock lock(mutex_);
  return options_;
}

}  // namespace azf::test
