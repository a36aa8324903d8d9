#pragma once

#include "emulator/wire/message.h"

#include <string_view>

namespace azf::emulator {

/// Plays one Azure service. Implementations are thread-safe.
class StandIn {
 public:
  virtual ~StandIn() = default;

  /// The answer to a request. `path` is what follows the service's URL in the target, not decoded, without the query.
  virtual Reply handle(const Request& request, std::string_view path) = 0;
  /// A failure as this service words it, for tests that ask for one.
  [[nodiscard]] virtual Reply failure(int status) const = 0;
  /// What a start of the service anew means: what it has in memory alone is gone, and requests under way end.
  virtual void restart() {}
  /// Ends what requests are waiting for; later ones may fail.
  virtual void stop() {}
};

}  // namespace azf::emulator
