#include "http/exchange.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace azf {

HttpResponse BufferedExchange::response(HttpResponse returned) && {
  return written_ ? *std::move(written_) : std::move(returned);
}

Result<std::size_t> BufferedExchange::read(std::span<char> buffer) {
  const std::size_t count = std::min(buffer.size(), left_.size());
  std::copy_n(left_.begin(), count, buffer.begin());
  left_.remove_prefix(count);
  return count;
}

Result<Success> BufferedExchange::begin(const HttpResponse& head, std::optional<std::uint64_t> /*length*/) {
  if (written_) throw std::logic_error("azf::BufferedExchange: the response was begun twice");
  written_ = HttpResponse{.status = head.status, .headers = head.headers};
  return Success{};
}

Result<Success> BufferedExchange::write(std::string_view bytes) {
  if (!written_) throw std::logic_error("azf::BufferedExchange: a body before its head");
  written_->body.append(bytes);
  return Success{};
}

}  // namespace azf
