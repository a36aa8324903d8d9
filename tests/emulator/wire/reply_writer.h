#pragma once

#include "core/result.h"
#include "emulator/wire/message.h"

#include <string_view>

namespace azf::emulator {

/// Takes a reply piece by piece, while it comes. One thread.
class ReplyWriter {
 public:
  virtual ~ReplyWriter() = default;
  /// Once, before the body: status, reason and headers. Fails with `kCancelled` when nobody is there to take it.
  virtual Result<Success> begin(const Reply& head) = 0;
  /// The next bytes of the body; empty ones say nothing. Fails likewise.
  virtual Result<Success> write(std::string_view bytes) = 0;
  [[nodiscard]] virtual bool begun() const = 0;
  /// Whether nobody is there any more to take it.
  [[nodiscard]] virtual bool abandoned() const = 0;
};

}  // namespace azf::emulator
