#pragma once

#include "conformance/request_case.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::test {

/// One reply as it was received. Value.
struct Reply {
  /// -1: these bytes are no whole reply.
  int status = -1;
  /// The status line, then the fields, with their names in the usual letter case: `Content-Type: text/plain`.
  std::vector<std::string> head{};
  /// Without its transfer coding; for what is no reply, the bytes.
  std::string body{};

  /// 100 and its like: the final reply is still to come.
  [[nodiscard]] bool interim() const { return status >= 100 && status < 200 && status != 101; }
};

/// What a server did with one case. Value.
struct Observation {
  enum class Ending { kOpen, kEnded, kReset };

  std::vector<Reply> replies{};
  /// Interim ones that came before the first final reply.
  std::size_t interim_replies = 0;
  /// The server waited for `RequestCase::then` without having answered anything.
  bool unprompted = false;
  Ending ending = Ending::kOpen;
};

/// How to run a case. Value.
struct ObservationOptions {
  std::uint16_t port = 0;
  /// After this time without a byte the server is taken to be waiting.
  std::chrono::milliseconds patience{10'000};
  /// Send that many bytes first, and the rest as another piece.
  std::optional<std::size_t> split_at{};
};

/// Plays one case on a connection of its own. Where ours is to keep the connection, another request follows when the
/// case has been answered. What ours is to refuse has a request right behind it, `GET /smuggled`, that must not be
/// answered. Throws std::runtime_error if nobody listens.
Observation observe(const RequestCase& request_case, const ObservationOptions& options);

/// `100, 200, 400, ended`.
std::string to_string(const Observation& observation);

/// The first reply in `bytes`, and how many bytes it is; nothing while it is not whole. `ended`: no more bytes come.
/// `bodiless`: it answers HEAD.
std::optional<std::pair<Reply, std::size_t>> parse_reply(std::string_view bytes, bool ended, bool bodiless);

}  // namespace azf::test
