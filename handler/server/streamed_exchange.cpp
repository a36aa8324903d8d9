#include "server/streamed_exchange.h"

#include "server/response_text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/uio.h>

namespace azf {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostParts = 3;
constexpr std::string_view kLastChunk = "0\r\n\r\n";

Error gone() { return {ErrorKind::kCancelled, "the caller has gone"}; }
Error too_slow() { return {ErrorKind::kCancelled, "the caller takes the response too slowly"}; }

}  // namespace

StreamedExchange::StreamedExchange(const ExchangeContext& context)
    : context_(context), left_(context.reader.request().body) {
  if (context_.reader.complete()) return;
  pieces_ = context_.reader.take_body();
  left_ = pieces_;
}

Result<std::size_t> StreamedExchange::read(std::span<char> buffer) {
  while (left_.empty() && !context_.reader.complete()) {
    const auto received = receive();
    if (!received) return received.error();
  }
  const std::size_t count = std::min(buffer.size(), left_.size());
  std::copy_n(left_.begin(), count, buffer.begin());
  left_.remove_prefix(count);
  return count;
}

Result<Success> StreamedExchange::receive() {
  RequestReader& reader = context_.reader;
  if (context_.unread.empty()) {
    if (reader.expects_continue()) {
      std::array<std::string_view, 1> parts = {kContinue};
      if (auto sent = send(parts); !sent) return sent;
      reader.continued();
    }
    const ssize_t received = ::recv(context_.socket, context_.buffer.data(), context_.buffer.size(), 0);
    if (received < 0 && errno == EAGAIN) {
      if (wait_for(POLLIN, received_)) return Success{};
      return Error{ErrorKind::kTimeout, "the body of the request comes too slowly"};
    }
    if (received < 0 && errno == EINTR) return Success{};
    if (received <= 0) return Error{ErrorKind::kTransport, "the caller broke off inside the body of its request"};
    received_ += static_cast<std::size_t>(received);
    context_.unread = {context_.buffer.data(), static_cast<std::size_t>(received)};
  }
  const auto progress = reader.read(context_.unread);
  pieces_ = reader.take_body();
  left_ = pieces_;
  if (progress == RequestReader::Progress::kRefused) {
    return Error{ErrorKind::kInvalidArgument, std::string(reader.refusal().detail)};
  }
  return Success{};
}

Result<Success> StreamedExchange::begin(const HttpResponse& head, std::optional<std::uint64_t> length) {
  if (begun()) throw std::logic_error("azf::StreamedExchange: the response was begun twice");
  const RequestReader& reader = context_.reader;
  const ResponseFraming framing{.to_head_request = reader.request().method == Method::kHead,
                                .closes = closes() || (!length && reader.is_http_1_0()),
                                .says_keep_alive = reader.is_http_1_0(),
                                .date = context_.date,
                                .streamed = true,
                                .length = length};
  std::string text;
  append_response_head(text, head, framing);
  status_ = head.status;
  closes_ = framing.closes;
  has_body_ = may_have_body(head, framing);
  chunked_ = has_body_ && !length && !reader.is_http_1_0();
  left_to_write_ = has_body_ ? length : std::nullopt;
  std::array<std::string_view, 1> parts = {text};
  return send(parts);
}

Result<Success> StreamedExchange::write(std::string_view bytes) {
  if (!begun()) throw std::logic_error("azf::StreamedExchange: a body before its head");
  if (broken_) return gone();
  if (!has_body_ || bytes.empty()) return Success{};
  if (left_to_write_) {
    if (bytes.size() > *left_to_write_) {
      broken_ = true;
      return Error{ErrorKind::kInternal, "the body of the response is longer than was said"};
    }
    *left_to_write_ -= bytes.size();
  }
  if (!chunked_) {
    std::array<std::string_view, 1> parts = {bytes};
    return send(parts);
  }
  std::array<char, 20> size{};
  char* const digits_end = std::to_chars(size.data(), size.data() + 16, bytes.size(), 16).ptr;
  char* const end = std::copy_n("\r\n", 2, digits_end);
  std::array<std::string_view, 3> parts = {std::string_view(size.data(), static_cast<std::size_t>(end - size.data())),
                                           bytes, "\r\n"};
  return send(parts);
}

StreamedExchange::End StreamedExchange::finish() {
  if (left_to_write_.value_or(0) > 0) broken_ = true;
  if (!broken_ && chunked_) {
    std::array<std::string_view, 1> parts = {kLastChunk};
    (void)send(parts);  // it remembers that it failed
  }
  if (broken_) return End::kBroken;
  return closes_ || closes() ? End::kCloses : End::kKeepsAlive;
}

bool StreamedExchange::abandoned() const {
  pollfd watched{context_.socket, POLLRDHUP, 0};
  return ::poll(&watched, 1, 0) > 0 && (watched.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

// Nobody knows where a next request would begin behind a body that was not read to its end.
bool StreamedExchange::closes() const { return context_.closes || !context_.reader.complete(); }

Result<Success> StreamedExchange::send(std::span<std::string_view> parts) {
  while (true) {
    std::array<iovec, kMostParts> pieces{};
    std::size_t count = 0;
    for (const auto part : parts) {
      if (!part.empty()) pieces[count++] = {const_cast<char*>(part.data()), part.size()};
    }
    if (count == 0) return Success{};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = count;
    const ssize_t sent = ::sendmsg(context_.socket, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN && wait_for(POLLOUT, sent_)) continue;
    if (sent < 0) {
      broken_ = true;
      return errno == EAGAIN ? too_slow() : gone();
    }
    auto taken = static_cast<std::size_t>(sent);
    sent_ += taken;
    for (auto& part : parts) {
      const auto of_part = std::min(taken, part.size());
      part.remove_prefix(of_part);
      taken -= of_part;
    }
  }
}

// All waits together must not take longer than so many bytes may. `errno` stays that of the call before.
bool StreamedExchange::wait_for(short event, std::size_t passed_bytes) {
  const auto allowed = context_.options.stream_limit(passed_bytes) - std::chrono::ceil<milliseconds>(waited_);
  if (allowed <= milliseconds::zero()) return false;
  const auto began = context_.clock.steady_now();
  pollfd watched{context_.socket, event, 0};
  const int ready = ::poll(&watched, 1, static_cast<int>(std::min<milliseconds::rep>(allowed.count(), 60'000)));
  waited_ += context_.clock.steady_now() - began;
  const bool goes_on = ready != 0 || context_.options.stream_limit(passed_bytes) > waited_;
  errno = EAGAIN;
  return goes_on;
}

}  // namespace azf
