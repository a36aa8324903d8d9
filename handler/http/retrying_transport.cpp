#include "http/retrying_transport.h"

#include "core/time_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <random>
#include <string>
#include <utility>

namespace azf {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

bool worth_another_try(const Result<HttpResponse>& outcome, const RetryPolicy& policy) {
  if (outcome) return std::ranges::find(policy.statuses, outcome->status) != policy.statuses.end();
  const auto kind = outcome.error().kind;
  return policy.on_transport_errors && (kind == ErrorKind::kTransport || kind == ErrorKind::kTimeout);
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
  for (int tries = 1;; ++tries) {
    auto outcome = inner_.send(request, options);
    if (tries > policy.max_retries || !worth_another_try(outcome, policy)) return last_of(tries, std::move(outcome));

    const auto wish = outcome ? requested_delay(outcome->headers, clock_.system_now()) : std::nullopt;
    if (wish && *wish > policy.retry_after_limit) return last_of(tries, std::move(outcome));
    const auto delay = wish ? *wish : computed_delay(policy, tries, jitter_());

    const auto next_start = std::chrono::ceil<milliseconds>(clock_.steady_now() - began) + delay;
    if (next_start > policy.total_limit || delay >= options.deadline.remaining(clock_)) {
      return last_of(tries, std::move(outcome));
    }
    clock_.sleep_for(delay);
  }
}

}  // namespace azf
