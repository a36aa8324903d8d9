#pragma once

#include "core/clock.h"

#include <string>

namespace azf::emulator {

/// A message of a storage queue. Value.
struct QueueMessage {
  std::string id;
  /// The content as bytes.
  std::string body;
  SystemTime inserted;
  SystemTime expires;
  SystemTime next_visible;
  std::string pop_receipt;
  /// How often it was handed out, this time included.
  int dequeue_count = 0;
};

}  // namespace azf::emulator
