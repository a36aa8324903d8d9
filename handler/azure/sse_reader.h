#pragma once

#include "core/result.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace azf::azure {

/// One server-sent event. Value.
struct SseEvent {
  /// Of its last `event` field; empty if it has none.
  std::string type{};
  /// Its `data` fields, joined by line feeds.
  std::string data{};

  friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

/// Reads a stream of server-sent events (WHATWG HTML, section "Server-sent events") from pieces of any size; in which
/// pieces the bytes come makes no difference. Does no I/O. `id` and `retry` mean nothing here, as nobody connects
/// again. Not thread-safe.
class SseReader {
 public:
  static constexpr std::size_t kDefaultLimitBytes = std::size_t{1} << 20;

  /// `limit_bytes` is for all the lines of one event together.
  explicit SseReader(std::size_t limit_bytes = kDefaultLimitBytes) : limit_bytes_(limit_bytes) {}

  /// The next bytes of the stream. Take its events before more are added, or they gather in memory.
  void append(std::string_view bytes);
  /// The stream is over: an event that only lacks its empty line counts, as some servers forget it.
  void end() { append("\n\n"); }

  /// The next event that is whole and has data; nothing if more bytes must come first. `kUnexpectedResponse` from the
  /// moment on when an event goes beyond the limit.
  Result<std::optional<SseEvent>> next();

 private:
  std::optional<std::string_view> next_line();
  void take_field(std::string_view line);

  const std::size_t limit_bytes_;
  std::string buffer_;
  std::size_t line_begin_ = 0;
  std::size_t searched_ = 0;  // no line ends before it
  bool after_carriage_return_ = false;
  bool at_begin_ = true;

  std::size_t event_bytes_ = 0;
  bool has_data_ = false;
  SseEvent event_;
};

}  // namespace azf::azure
