#include "support/fake_caller.h"

#include <algorithm>

namespace azf::test {

Result<std::size_t> FakeCaller::read(std::span<char> buffer) {
  if (upload_bytes == 0 && upload_failure) return *upload_failure;
  const auto count = std::min(upload_bytes, buffer.size());
  std::fill_n(buffer.begin(), count, 'x');
  upload_bytes -= count;
  return count;
}

Result<Success> FakeCaller::begin(const HttpResponse& begun, std::optional<std::uint64_t> body_length) {
  head = begun;
  length = body_length;
  return Success{};
}

Result<Success> FakeCaller::write(std::string_view bytes) {
  if (body.size() + bytes.size() > takes) return Error{ErrorKind::kCancelled, "the caller has gone"};
  body += bytes;
  return Success{};
}

}  // namespace azf::test
