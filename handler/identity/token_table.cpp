#include "identity/token_table.h"

#include <cstdint>
#include <cstring>
#include <sched.h>
#include <string_view>
#include <thread>
#include <utility>

namespace azf::identity {
namespace {

// Quick for texts of some ten bytes. Nobody from outside chooses scopes, so it need not withstand chosen collisions.
std::uint64_t mix(std::uint64_t sum, std::string_view text) {
  constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const auto add = [&sum](std::uint64_t word) {
    sum = (sum ^ word) * kOdd;
    sum ^= sum >> 32;
  };
  const auto add_word_at = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, kWord);
    add(word);
  };
  add(text.size());
  if (text.size() < kWord) {
    for (const char byte : text) add(static_cast<unsigned char>(byte));
    return sum;
  }
  for (std::size_t at = 0; at + kWord < text.size(); at += kWord) add_word_at(at);
  add_word_at(text.size() - kWord);  // may overlap the one before
  return sum;
}

std::size_t hash_of(const TokenRequestContext& request) {
  std::uint64_t sum = request.enable_cae ? 1 : 0;
  if (!request.tenant_id.empty()) sum = mix(sum, request.tenant_id);
  for (const std::string& scope : request.scopes) sum = mix(sum, scope);
  return sum;
}

bool same_spelling(const TokenRequestContext& a, const TokenRequestContext& b) {
  return a.enable_cae == b.enable_cae && a.scopes == b.scopes && a.tenant_id == b.tenant_id;
}

std::size_t stripe_of_this_cpu(std::size_t stripes) {
  return static_cast<std::size_t>(sched_getcpu()) % stripes;  // any stripe is right, this one is quick
}

}  // namespace

// A hash table with open addressing, at most half full.
struct TokenTable::Snapshot {
  explicit Snapshot(const std::vector<std::shared_ptr<const Row>>& rows) {
    std::size_t size = 2;
    while (size < rows.size() * 2) size *= 2;
    slots.resize(size);
    for (const auto& row : rows) {
      std::size_t at = row->hash_ % size;
      while (slots[at] != nullptr) at = (at + 1) % size;
      slots[at] = row;
    }
  }

  [[nodiscard]] const Row* find(const TokenRequestContext& request) const {
    const std::size_t hash = hash_of(request);
    const std::size_t mask = slots.size() - 1;
    for (std::size_t at = hash & mask; slots[at] != nullptr; at = (at + 1) & mask) {
      if (slots[at]->hash_ == hash && same_spelling(slots[at]->request_, request)) return slots[at].get();
    }
    return nullptr;
  }

  std::vector<std::shared_ptr<const Row>> slots;  // a power of two of them, null where empty
};

TokenTable::Row::Row(TokenRequestContext request, const std::shared_ptr<const AccessToken>& token, ClockReading until)
    : request_(std::move(request)), hash_(hash_of(request_)), until_(until) {
  // Aligned, so that no two counts share a cache line.
  struct alignas(kCacheLine) Owner {
    std::shared_ptr<const AccessToken> token;
  };
  tokens_.reserve(kStripes);
  for (std::size_t i = 0; i < kStripes; ++i) {
    auto owner = std::make_shared<Owner>(Owner{token});
    tokens_.emplace_back(std::move(owner), token.get());
  }
}

TokenTable::TokenTable() : current_(new Snapshot({})) {}  // NOLINT(cppcoreguidelines-owning-memory): see publish

TokenTable::~TokenTable() { const std::unique_ptr<const Snapshot> last(current_.load()); }

std::shared_ptr<const AccessToken> TokenTable::find(const TokenRequestContext& request, const ClockReading& now) const {
  const std::size_t stripe = stripe_of_this_cpu(kStripes);
  std::atomic<std::size_t>& readers = readers_[stripe].count;
  struct Departure {
    std::atomic<std::size_t>& readers;
    ~Departure() { readers.fetch_sub(1, std::memory_order_release); }
  } const departure{readers};
  // Sequentially consistent, as is `publish`: whoever is not yet counted there will see the new snapshot here.
  readers.fetch_add(1);
  const Row* row = current_.load()->find(request);
  const bool fresh = row != nullptr && now.system < row->until_.system && now.steady < row->until_.steady;
  return fresh ? row->tokens_[stripe] : nullptr;
}

void TokenTable::publish(const std::vector<std::shared_ptr<const Row>>& rows) {
  auto next = std::make_unique<const Snapshot>(rows);
  retired_.emplace_back(current_.exchange(next.release()));
  if (readers_have_left()) retired_.clear();
}

// Whether there was a moment for each stripe, after the last exchange, at which nobody was reading. A reader stays for
// some nanoseconds, unless its thread is interrupted; then its snapshot waits for the next call.
bool TokenTable::readers_have_left() const {
  constexpr int kPatience = 1000;
  for (const Readers& readers : readers_) {
    int tries = 0;
    while (readers.count.load() != 0) {
      if (++tries > kPatience) return false;
      std::this_thread::yield();
    }
  }
  return true;
}

}  // namespace azf::identity
