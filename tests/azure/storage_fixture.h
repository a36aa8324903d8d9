#pragma once

#include "azure/service_connections.h"
#include "azure/storage_service.h"
#include "core/environment.h"
#include "core/executor.h"
#include "core/log.h"
#include "http/retrying_transport.h"
#include "support/fake_clock.h"
#include "support/fake_credential.h"
#include "support/fake_process_runner.h"
#include "support/fake_transport.h"
#include "support/memory_log.h"

#include <string>

namespace azf::test {

/// A storage service whose replies the test scripts, with tokens that last; GUIDs are counted.
class StorageFixture {
 public:
  explicit StorageFixture(std::string service) : service_(std::move(service)) {}

  azure::StorageAccess access() {
    return {.connection = connections_.connect(azure::storage_service(service_)),
            .endpoint = "https://a." + service_ + ".core.windows.net",
            .clock = clock,
            .new_guid = [this] { return "guid-" + std::to_string(++guids_); }};
  }

  FakeClock clock;
  FakeTransport transport;
  FakeCredential credential{"FakeCredential", [this](const auto&, Deadline) {
                              return fake_token("token-5a1d", clock.system_now() + std::chrono::hours(1));
                            }};
  MemoryLogSink sink;

 private:
  const std::string service_;
  int guids_ = 0;
  const Environment environment_;
  const Logger log_{sink, clock, LogLevel::kDebug, LogFormat::kJson};
  RetryingTransport retrying_{transport, clock, [] { return 0.0; }};
  FakeProcessRunner processes_;
  ThreadExecutor executor_;
  azure::ServiceConnections connections_{
      transport, credential, {environment_, retrying_, clock, log_, processes_, executor_}};
};

}  // namespace azf::test
