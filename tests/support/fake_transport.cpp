#include "support/fake_transport.h"

#include <stdexcept>
#include <string>
#include <utility>

namespace azf::test {

FakeTransport::FakeTransport(std::vector<Reply> replies)
    : replies_(std::make_move_iterator(replies.begin()), std::make_move_iterator(replies.end())) {}

FakeTransport::FakeTransport(std::function<Reply(const HttpRequest&)> answer) : answer_(std::move(answer)) {}

Result<HttpResponse> FakeTransport::send(const HttpRequest& request, const SendOptions& options) {
  auto reply = next_reply(request, options);
  if (!reply || options.receiver == nullptr) return reply;
  HttpResponse head{.status = reply->status, .headers = reply->headers};
  if (!options.receiver->begin(head)) return reply;
  for (const char& byte : reply->body) {
    if (auto taken = options.receiver->receive({&byte, 1}); !taken) return std::move(taken).error();
  }
  return head;
}

FakeTransport::Reply FakeTransport::next_reply(const HttpRequest& request, const SendOptions& options) {
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
  return answer_(request);
}

void FakeTransport::add_reply(Reply reply) {
  const MutexLock lock(mutex_);
  replies_.push_back(std::move(reply));
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
