#include "http/retrying_transport.h"

#include "core/time_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace azf {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// How often one that waits looks whether its caller is still there.
constexpr std::chrono::seconds kLookAfter{1};

// How many repetitions one kind of outcome is worth, and how many it has had.
struct Allowance {
  int max_retries = 0;
  milliseconds persist_for{0};
  int used = 0;
};

// One for each of the policy's rules, the last for everything else.
std::vector<Allowance> allowances_of(const RetryPolicy& policy) {
  std::vector<Allowance> allowances;
  allowances.reserve(policy.rules.size() + 1);
  for (const auto& rule : policy.rules) allowances.push_back({rule.max_retries, rule.persist_for});
  allowances.push_back({policy.max_retries});
  return allowances;
}

bool contains(const std::vector<int>& statuses, int status) {
  return std::ranges::find(statuses, status) != statuses.end();
}

bool may_pass(const Error& error) {
  return (error.kind == ErrorKind::kTransport || error.kind == ErrorKind::kTimeout) &&
         error.repetition != Repetition::kInVain;
}

// That the service did nothing, although it answered: it had no time for the request, and asks for another one later.
bool is_refused_for_now(const HttpResponse& reply, SystemTime now) {
  return reply.status == 429 || (reply.status == 503 && requested_delay(reply.headers, now).has_value());
}

// `x-should-retry`: what the service itself advises (openai/openai-node, src/client.ts).
std::optional<bool> advice_of(const HttpResponse& reply) {
  const auto value = reply.status >= 400 ? reply.headers.get("x-should-retry") : std::nullopt;
  if (value == "true") return true;
  if (value == "false") return false;
  return std::nullopt;
}

// Null for an outcome that is final.
Allowance* allowance_for(const Result<HttpResponse>& outcome, const SendOptions& options, SystemTime now,
                         std::vector<Allowance>& allowances) {
  const auto& policy = options.retry;
  if (!outcome) {
    const bool harmless = options.repeatable || outcome.error().repetition == Repetition::kSafe;
    return policy.on_transport_errors && harmless && may_pass(outcome.error()) ? &allowances.back() : nullptr;
  }
  if (!options.repeatable && !is_refused_for_now(*outcome, now)) return nullptr;
  const auto advice = advice_of(*outcome);
  if (advice == false) return nullptr;
  for (std::size_t i = 0; i < policy.rules.size(); ++i) {
    if (contains(policy.rules[i].statuses, outcome->status)) return &allowances[i];
  }
  return advice == true || contains(policy.statuses, outcome->status) ? &allowances.back() : nullptr;
}

// A whole number of `unit`; one too large to count stands for ever.
std::optional<milliseconds> parse_delay(std::string_view text, milliseconds unit) {
  constexpr std::int64_t kForever = 1'000'000'000;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (end != text.data() + text.size() || error == std::errc::invalid_argument || text.starts_with('-')) {
    return std::nullopt;
  }
  return unit * (error == std::errc() ? std::min(count, kForever) : kForever);
}

milliseconds computed_delay(const RetryPolicy& policy, int repetition, double random) {
  const double factor = policy.growth == RetryPolicy::Growth::kDoubling ? std::ldexp(1.0, repetition - 1)
                                                                        : std::ldexp(1.0, repetition) - 1.0;
  const double delay = std::min(static_cast<double>(policy.base_delay.count()) * factor,
                                static_cast<double>(policy.delay_limit.count()));
  return milliseconds(std::llround(delay * (0.8 + 0.5 * random)));
}

// Takes note of whether a reply has begun: what a receiver has of it cannot be taken back.
class NotedReceiver final : public ReplyReceiver {
 public:
  explicit NotedReceiver(ReplyReceiver* inner) : inner_(inner) {}

  bool begin(const HttpResponse& head) override {
    takes_ = inner_->begin(head);
    return takes_;
  }
  Result<Success> receive(std::string_view bytes) override { return inner_->receive(bytes); }

  [[nodiscard]] bool takes() const { return takes_; }

 private:
  ReplyReceiver* const inner_;
  bool takes_ = false;
};

Result<HttpResponse> last_of(int tries, Result<HttpResponse> outcome) {
  if (outcome || tries == 1) return outcome;
  return with_context(std::move(outcome).error(), "gave up after " + std::to_string(tries) + " tries");
}

}  // namespace

std::optional<milliseconds> requested_delay(const Headers& headers, SystemTime now) {
  std::optional<milliseconds> delay;
  for (const auto* name : {"retry-after-ms", "x-ms-retry-after-ms"}) {
    if (const auto value = headers.get(name); value && !delay) delay = parse_delay(*value, milliseconds(1));
  }
  if (const auto value = headers.get("retry-after"); value && !delay) {
    delay = parse_delay(*value, milliseconds(1000));
    if (const auto date = parse_http_date(*value)) delay = std::chrono::ceil<milliseconds>(*date - now);
  }
  if (delay && *delay <= milliseconds::zero()) return std::nullopt;
  return delay;
}

double random_fraction() {
  std::random_device device;
  constexpr double kRange = static_cast<double>(std::random_device::max()) + 1.0;
  return static_cast<double>(device()) / kRange;
}

RetryingTransport::RetryingTransport(HttpTransport& inner, const Clock& clock, std::function<double()> jitter)
    : inner_(inner), clock_(clock), jitter_(std::move(jitter)) {}

Result<HttpResponse> RetryingTransport::send(const HttpRequest& request, const SendOptions& options) {
  const auto& policy = options.retry;
  const auto began = clock_.steady_now();
  auto allowances = allowances_of(policy);
  NotedReceiver receiver(options.receiver);
  std::optional<SendOptions> noted;  // a copy only where there is something to note
  if (options.receiver != nullptr) noted.emplace(options).receiver = &receiver;
  const SendOptions& of_a_try = noted ? *noted : options;
  for (int tries = 1;; ++tries) {
    const auto try_began = clock_.steady_now();
    auto outcome = inner_.send(request, of_a_try);
    if (receiver.takes()) return outcome;
    if (outcome && options.is_final && options.is_final(*outcome)) return outcome;
    Allowance* const allowance = allowance_for(outcome, options, clock_.system_now(), allowances);
    if (allowance == nullptr) return last_of(tries, std::move(outcome));
    const bool persisting = allowance->used >= allowance->max_retries;
    if (persisting && try_began - began >= allowance->persist_for) return last_of(tries, std::move(outcome));
    ++allowance->used;

    const auto wish = outcome ? requested_delay(outcome->headers, clock_.system_now()) : std::nullopt;
    if (wish && *wish > policy.retry_after_limit) return last_of(tries, std::move(outcome));
    const auto computed = computed_delay(policy, allowance->used, jitter_());
    // A wish for very short waits must not become a flood while a rule persists.
    const auto delay = !wish ? computed : persisting ? std::max(*wish, computed) : *wish;

    const auto next_start = std::chrono::ceil<milliseconds>(clock_.steady_now() - began) + delay;
    if (next_start > policy.total_limit || delay >= options.deadline.remaining(clock_)) {
      return last_of(tries, std::move(outcome));
    }
    if (!wait(delay, options))
      return Error{ErrorKind::kCancelled, "ended between two tries, as whoever asked has gone"};
  }
}

bool RetryingTransport::wait(milliseconds delay, const SendOptions& options) const {
  if (!options.cancelled) {
    clock_.sleep_for(delay);
    return true;
  }
  while (!options.cancelled()) {
    if (delay <= milliseconds::zero()) return true;
    const auto part = std::min<milliseconds>(delay, kLookAfter);
    clock_.sleep_for(part);
    delay -= part;
  }
  return false;
}

}  // namespace azf
