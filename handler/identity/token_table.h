#pragma once

#include "core/clock.h"
#include "identity/token_credential.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace azf::identity {

/// Tokens by the request that they answer, as the caller spelled it. Reading takes no lock, waits for nobody, allocates
/// nothing, and writes to memory that other CPUs do not write to; so a service may ask for its token with each of its
/// requests. `find` is thread-safe against itself and `publish`; `publish` is for one thread at a time.
class TokenTable {
 public:
  /// One token under one spelling. Immutable; made once and shared by the tables that follow each other.
  class Row {
   public:
    /// The token is handed out while both clocks are before their instant.
    Row(TokenRequestContext request, const std::shared_ptr<const AccessToken>& token, ClockReading until);

   private:
    friend class TokenTable;
    TokenRequestContext request_;
    std::size_t hash_;
    ClockReading until_;
    /// The same token with a reference count for each stripe: one count would travel between the CPUs' caches.
    std::vector<std::shared_ptr<const AccessToken>> tokens_;
  };

  TokenTable();
  ~TokenTable();
  TokenTable(const TokenTable&) = delete;
  TokenTable& operator=(const TokenTable&) = delete;

  /// The token, or null: not there, spelled otherwise, or too old at `now`. Claims are not looked at.
  [[nodiscard]] std::shared_ptr<const AccessToken> find(const TokenRequestContext& request,
                                                        const ClockReading& now) const;

  /// Replaces all rows. The rows before are released as soon as no reader can see them.
  void publish(const std::vector<std::shared_ptr<const Row>>& rows);

 private:
  struct Snapshot;
  static constexpr std::size_t kStripes = 16;
  static constexpr std::size_t kCacheLine = 64;

  /// How many readers of these CPUs are inside `find`.
  struct alignas(kCacheLine) Readers {
    mutable std::atomic<std::size_t> count{0};
  };

  [[nodiscard]] bool readers_have_left() const;

  std::array<Readers, kStripes> readers_;
  std::atomic<const Snapshot*> current_;
  /// Replaced, and perhaps still being read.
  std::vector<std::unique_ptr<const Snapshot>> retired_;
};

}  // namespace azf::identity
