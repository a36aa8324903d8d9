#include "emulator/identity/device_codes.h"

#include "emulator/wire/coding.h"

#include <algorithm>
#include <utility>

namespace azf::emulator {
namespace {

constexpr std::chrono::seconds kLifetime{900};
// A client that waits exactly the interval may be a little early by the server's clock.
constexpr std::chrono::milliseconds kTolerance{300};
constexpr std::size_t kDeviceCodeBytes = 64;
constexpr std::size_t kUserCodeLength = 9;

// Nine capitals without those that look like digits.
std::string new_user_code() {
  constexpr std::string_view kLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ";
  std::string code;
  for (const char c : random_bytes(kUserCodeLength)) {
    code.push_back(kLetters[static_cast<unsigned char>(c) % kLetters.size()]);
  }
  return code;
}

}  // namespace

DeviceCodes::Codes DeviceCodes::begin(std::string scope) {
  Codes codes{to_base64url(random_bytes(kDeviceCodeBytes)), new_user_code(), kLifetime, interval_};
  const MutexLock lock(mutex_);
  flows_[codes.device_code] = {codes.user_code, std::move(scope), clock_.system_now() + kLifetime, std::nullopt,
                               State::kPending};
  return codes;
}

DeviceCodes::Outcome DeviceCodes::poll(const std::string& device_code) {
  const MutexLock lock(mutex_);
  const auto found = flows_.find(device_code);
  if (found == flows_.end()) return {State::kUnknown, ""};
  Flow& flow = found->second;
  if (clock_.system_now() >= flow.expires) return {State::kExpired, ""};
  const SteadyTime now = clock_.steady_now();
  const auto last = std::exchange(flow.last_poll, now);
  if (last && now - *last + kTolerance < interval_) return {State::kTooSoon, ""};
  Outcome outcome{flow.state, flow.scope};
  if (flow.state != State::kPending) flows_.erase(found);
  return outcome;
}

bool DeviceCodes::decide(std::string_view user_code, bool approved) {
  const MutexLock lock(mutex_);
  const auto found = std::find_if(flows_.begin(), flows_.end(),
                                  [&](const auto& entry) { return entry.second.user_code == user_code; });
  if (found == flows_.end() || clock_.system_now() >= found->second.expires) return false;
  found->second.state = approved ? State::kApproved : State::kDeclined;
  return true;
}

Json DeviceCodes::list() const {
  const MutexLock lock(mutex_);
  Json list = Json::array();
  for (const auto& [code, flow] : flows_) {
    const char* state = flow.state == State::kPending ? "pending" : "decided";
    list.push_back({{"user_code", flow.user_code}, {"scope", flow.scope}, {"state", state}});
  }
  return list;
}

}  // namespace azf::emulator
