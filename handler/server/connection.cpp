#include "server/connection.h"

#include <unistd.h>
#include <utility>

namespace azf {
namespace {

constexpr std::uint32_t kBlockSize = 64;

// The lower half of a claim.
constexpr std::uint64_t kFree = 0;
constexpr std::uint64_t kUnclaimed = 1;
constexpr std::uint64_t kClaimed = 2;
constexpr std::uint64_t kClaimedAndWanted = 3;
constexpr std::uint64_t kStateMask = 0xffffffff;
constexpr std::uint64_t kNextGeneration = kStateMask + 1;

std::uint64_t state_of(std::uint64_t claim) { return claim & kStateMask; }
std::uint64_t generation_of(std::uint64_t claim) { return claim & ~kStateMask; }

std::uint32_t blocks_for(std::uint32_t slots) { return (slots + kBlockSize - 1) / kBlockSize; }

}  // namespace

ConnectionTable::ConnectionTable(std::uint32_t limit)
    : limit_(limit), blocks_(std::make_unique<std::atomic<Connection*>[]>(blocks_for(limit))) {}

ConnectionTable::~ConnectionTable() {
  const std::uint32_t slots = slots_;
  for (std::uint32_t i = 0; i < slots; ++i) {
    if (slot(i).socket >= 0) ::close(slot(i).socket);
  }
  for (std::uint32_t block = 0; block < blocks_for(slots); ++block) {
    const std::unique_ptr<Connection[]> owner(blocks_[block].load());
  }
}

Connection& ConnectionTable::slot(std::uint32_t index) const {
  return blocks_[index / kBlockSize].load(std::memory_order_acquire)[index % kBlockSize];
}

// One is there: the caller has looked.
std::uint32_t ConnectionTable::free_slot() {
  if (!free_.empty()) {
    const std::uint32_t index = free_.back();
    free_.pop_back();
    return index;
  }
  const std::uint32_t index = slots_.load(std::memory_order_relaxed);
  if (index % kBlockSize == 0) {
    free_.reserve(index + kBlockSize);  // so that giving a slot back never needs memory
    auto block = std::make_unique<Connection[]>(kBlockSize);
    for (std::uint32_t i = 0; i < kBlockSize; ++i) block[i].index_ = index + i;
    blocks_[index / kBlockSize].store(block.release(), std::memory_order_release);
  }
  slots_.store(index + 1, std::memory_order_release);
  return index;
}

std::optional<std::uint64_t> ConnectionTable::add(int socket, SteadyTime deadline) {
  const MutexLock lock(mutex_);
  if (size_.load(std::memory_order_relaxed) >= limit_) return std::nullopt;
  const std::uint32_t index = free_slot();
  Connection& connection = slot(index);
  size_.fetch_add(1, std::memory_order_relaxed);
  connection.socket = socket;
  connection.owner_checked = false;
  connection.deadline.store(deadline.time_since_epoch().count(), std::memory_order_relaxed);
  const std::uint64_t generation = generation_of(connection.claim_.load(std::memory_order_relaxed));
  connection.claim_.store(generation | kUnclaimed, std::memory_order_release);
  return generation | index;
}

Connection* ConnectionTable::claim(std::uint64_t ticket) {
  Connection& connection = slot(static_cast<std::uint32_t>(ticket & kStateMask));
  const std::uint64_t generation = generation_of(ticket);
  std::uint64_t seen = generation | kUnclaimed;
  while (!connection.claim_.compare_exchange_weak(
      seen, generation | (state_of(seen) == kUnclaimed ? kClaimed : kClaimedAndWanted), std::memory_order_acq_rel)) {
    if (generation_of(seen) != generation || state_of(seen) == kFree || state_of(seen) == kClaimedAndWanted) {
      return nullptr;
    }
  }
  return state_of(seen) == kUnclaimed ? &connection : nullptr;
}

bool ConnectionTable::release(Connection& connection) {
  const std::uint64_t generation = generation_of(connection.claim_.load(std::memory_order_relaxed));
  std::uint64_t seen = generation | kClaimed;
  if (connection.claim_.compare_exchange_strong(seen, generation | kUnclaimed, std::memory_order_acq_rel)) return true;
  connection.claim_.store(generation | kClaimed, std::memory_order_release);
  return false;
}

void ConnectionTable::remove(Connection& connection) {
  const int socket = std::exchange(connection.socket, -1);
  connection.unfinished.reset();
  const std::uint64_t generation = generation_of(connection.claim_.load(std::memory_order_relaxed));
  connection.claim_.store(generation + kNextGeneration, std::memory_order_release);
  // Only now may the kernel give the descriptor to a new connection, whose tickets are others.
  ::close(socket);
  const MutexLock lock(mutex_);
  free_.push_back(connection.index_);
  size_.fetch_sub(1, std::memory_order_relaxed);
}

std::uint64_t ConnectionTable::ticket(const Connection& connection) {
  return generation_of(connection.claim_.load(std::memory_order_relaxed)) | connection.index_;
}

std::vector<std::uint64_t> ConnectionTable::overdue(SteadyTime now) const {
  std::vector<std::uint64_t> tickets;
  const std::uint32_t slots = slots_.load(std::memory_order_acquire);
  for (std::uint32_t i = 0; i < slots; ++i) {
    const Connection& connection = slot(i);
    const std::uint64_t claim = connection.claim_.load(std::memory_order_acquire);
    if (state_of(claim) == kUnclaimed &&
        connection.deadline.load(std::memory_order_relaxed) <= now.time_since_epoch().count()) {
      tickets.push_back(generation_of(claim) | i);
    }
  }
  return tickets;
}

}  // namespace azf
