// What a cached token costs: get_token of CachingCredential against the usual design, a map behind a lock whose callers
// each get a copy of the token. That is what azure-sdk-for-cpp does (sdk/identity/azure-identity/src/token_cache.cpp);
// the peer here is our own small model of it, which does less than the SDK and so is the quicker one.

#include "core/executor.h"
#include "core/log.h"
#include "http/transport.h"
#include "identity/caching_credential.h"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <map>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <thread>
#include <vector>

namespace {

std::atomic<bool> counting{false};
std::atomic<long> allocations{0};

void* counted_allocation(std::size_t size) {
  if (counting.load(std::memory_order_relaxed)) allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t size) { return counted_allocation(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t /*size*/) noexcept { std::free(memory); }

namespace azf {
namespace {

using identity::AccessToken;
using identity::TokenRequestContext;
using identity::TokenResult;
using Nanoseconds = std::chrono::duration<double, std::nano>;

constexpr int kRuns = 7;
constexpr long kCallsPerRun = 2'000'000;

class NoSink final : public LogSink {
 public:
  void write_line(LogLevel /*level*/, std::string_view /*line*/) override {}
};

class NoTransport final : public HttpTransport {
 public:
  Result<HttpResponse> send(const HttpRequest& /*request*/, const SendOptions& /*options*/) override {
    return Error{ErrorKind::kTransport, "no network in a benchmark"};
  }
};

class NoProcesses final : public identity::ProcessRunner {
 public:
  Result<identity::ProcessOutput> run(const identity::ProcessCommand& /*command*/, Deadline /*deadline*/) override {
    return Error{ErrorKind::kNotFound, "no tools in a benchmark"};
  }
};

// An issuer that takes its time, and counts.
class Issuer final : public identity::TokenCredential {
 public:
  explicit Issuer(const Clock& clock, std::chrono::milliseconds takes = {}) : clock_(clock), takes_(takes) {}

  [[nodiscard]] std::string_view name() const override { return "Issuer"; }
  TokenResult get_token(const TokenRequestContext& /*context*/, Deadline /*deadline*/) override {
    ++requests;
    clock_.sleep_for(takes_);
    AccessToken token;
    token.token = Secret(std::string(1600, 't'));  // as long as Entra's are
    token.expires_on = clock_.system_now() + std::chrono::hours(1);
    token.credential = "Issuer";
    return std::make_shared<const AccessToken>(std::move(token));
  }

  std::atomic<long> requests{0};

 private:
  const Clock& clock_;
  const std::chrono::milliseconds takes_;
};

// The peer.
class LockedMap {
 public:
  struct Token {
    std::string text;
    SystemTime expires_on;
  };

  LockedMap() { tokens_[{"https://vault.azure.net/.default", ""}] = {std::string(1600, 't'), later()}; }

  Token get_token(const TokenRequestContext& context) {
    std::string scopes;
    for (const std::string& scope : context.scopes) scopes += (scopes.empty() ? "" : " ") + scope;
    const std::shared_lock lock(mutex_);
    const auto found = tokens_.find({scopes, context.tenant_id});
    if (found != tokens_.end() && found->second.expires_on > std::chrono::system_clock::now()) return found->second;
    return {};
  }

 private:
  static SystemTime later() { return std::chrono::system_clock::now() + std::chrono::hours(1); }

  std::shared_mutex mutex_;
  std::map<std::pair<std::string, std::string>, Token> tokens_;
};

// Wall time of one call, as each of `threads` sees it.
template <typename Call>
double nanoseconds_per_call(int threads, const Call& call) {
  const long calls = kCallsPerRun / threads;
  std::latch ready(threads + 1);
  std::vector<std::jthread> workers;
  for (int i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      ready.arrive_and_wait();
      for (long n = 0; n < calls; ++n) call();
    });
  }
  const auto begin = std::chrono::steady_clock::now();
  ready.arrive_and_wait();
  workers.clear();
  return Nanoseconds(std::chrono::steady_clock::now() - begin).count() / static_cast<double>(calls);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

struct Services {
  Environment environment;
  NoTransport transport;
  SystemClock clock;
  NoSink sink;
  Logger log{sink, clock, LogLevel::kInfo, LogFormat::kJson};
  NoProcesses processes;
  ThreadExecutor executor{log};

  identity::CredentialServices all() { return {environment, transport, clock, log, processes, executor}; }
};

// Whether cached calls allocate nothing.
bool compare(identity::CachingCredential& cache) {
  LockedMap peer;
  const TokenRequestContext context{.scopes = {"https://vault.azure.net/.default"}};
  const auto ours = [&] {
    if (!cache.get_token(context, Deadline::never())) std::abort();
  };
  const auto theirs = [&] {
    if (peer.get_token(context).text.empty()) std::abort();
  };
  ours();
  const auto cores = static_cast<int>(std::thread::hardware_concurrency());
  std::printf("%-8s  %14s  %14s  %6s   (median of %d alternating runs, ns per call in each thread)\n", "threads",
              "this program", "locked map", "ratio", kRuns);
  for (const int threads : {1, cores, 8}) {
    std::vector<double> our_times;
    std::vector<double> their_times;
    for (int run = 0; run < kRuns; ++run) {
      our_times.push_back(nanoseconds_per_call(threads, ours));
      their_times.push_back(nanoseconds_per_call(threads, theirs));
    }
    const double our_median = median(our_times);
    const double their_median = median(their_times);
    // With more threads than cores each call waits for its turn; by core it should cost what it costs alone.
    std::printf("%-8d  %14.1f  %14.1f  %6.2f   %.1f by core\n", threads, our_median, their_median,
                our_median / their_median, our_median * std::min(threads, cores) / threads);
  }
  counting = true;
  for (int i = 0; i < 1000; ++i) ours();
  counting = false;
  std::printf("allocations in 1000 cached calls: %ld\n", allocations.load());
  return allocations == 0;
}

// Whether callers of a cold cache share one request.
bool cold_start(Services& services) {
  constexpr int kCallers = 1000;
  auto owned = std::make_unique<Issuer>(services.clock, std::chrono::milliseconds(300));
  const Issuer& issuer = *owned;
  identity::CachingCredential cache(std::move(owned), services.all());
  std::latch ready(kCallers);
  std::atomic<int> tokens = 0;
  {
    std::vector<std::jthread> callers;
    for (int i = 0; i < kCallers; ++i) {
      callers.emplace_back([&] {
        ready.arrive_and_wait();
        if (cache.get_token({.scopes = {"https://vault.azure.net/.default"}}, Deadline::never())) ++tokens;
      });
    }
  }
  std::printf("requests for %d cold callers: %ld (%d got a token)\n", kCallers, issuer.requests.load(), tokens.load());
  return issuer.requests == 1 && tokens == kCallers;
}

}  // namespace
}  // namespace azf

int main() {
  azf::Services services;
  azf::identity::CachingCredential cache(std::make_unique<azf::Issuer>(services.clock), services.all());
  const bool allocates_nothing = azf::compare(cache);
  const bool asks_once = azf::cold_start(services);
  return allocates_nothing && asks_once ? EXIT_SUCCESS : EXIT_FAILURE;
}
