#pragma once

#include "core/error.h"
#include "core/result.h"
#include "http/exchange.h"
#include "http/message.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace azf::test {

/// The caller of a function at the other end of an exchange: sends a body, takes the response, may go away at any time.
/// Not thread-safe.
class FakeCaller final : private BodyReader, private ResponseWriter {
 public:
  Exchange streams() { return {*this, *this}; }

  /// How much it sends, all of it `x`, and how that ends.
  std::size_t upload_bytes = 0;
  std::optional<Error> upload_failure{};
  bool gone = false;
  /// Takes so many bytes, then goes.
  std::size_t takes = std::string::npos;

  /// What it has been sent.
  std::optional<HttpResponse> head{};
  std::optional<std::uint64_t> length{};
  std::string body{};
  bool broken_off = false;

 private:
  Result<std::size_t> read(std::span<char> buffer) override;
  Result<Success> begin(const HttpResponse& begun, std::optional<std::uint64_t> body_length) override;
  Result<Success> write(std::string_view bytes) override;
  void break_off() override { broken_off = true; }
  [[nodiscard]] int status() const override { return head ? head->status : 0; }
  [[nodiscard]] bool abandoned() const override { return gone; }
};

}  // namespace azf::test
