#pragma once

#include "core/environment.h"
#include "core/json.h"
#include "core/log.h"
#include "core/time_text.h"
#include "http/retrying_transport.h"
#include "http/url.h"
#include "identity/credential_services.h"
#include "support/fake_clock.h"
#include "support/fake_process_runner.h"
#include "support/fake_transport.h"
#include "support/memory_log.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace azf::test {

inline const std::string kTenant = "11111111-1111-4111-8111-111111111111";
inline const std::string kClient = "22222222-2222-4222-8222-222222222222";
inline const std::string kVaultScope = "https://vault.azure.net/.default";

inline HttpResponse json_reply(int status, const std::string& body) {
  return {status, {{"Content-Type", "application/json; charset=utf-8"}}, body};
}

/// As Entra issues tokens.
inline HttpResponse entra_token(const std::string& token, int expires_in = 3599) {
  return json_reply(200, R"({"token_type":"Bearer","expires_in":)" + std::to_string(expires_in) +
                             R"(,"ext_expires_in":3599,"access_token":")" + token + R"("})");
}

/// As Entra refuses, with fixed ids.
inline HttpResponse entra_refusal(int status, int code, const std::string& error) {
  const std::string number = std::to_string(code);
  return json_reply(status, R"({"error":")" + error + R"(","error_description":"AADSTS)" + number +
                                R"(: Refused.\r\nTrace ID: trace-5\r\nCorrelation ID: correlation-6","error_codes":[)" +
                                number + R"(],"trace_id":"trace-5","correlation_id":"correlation-6"})");
}

/// The fields of a form or query, decoded. A name that comes twice fails the test by its count.
inline std::map<std::string, std::string> fields_of(std::string_view encoded) {
  std::map<std::string, std::string> fields;
  for (auto& [name, value] : form_decode(encoded)) {
    if (!fields.emplace(name, value).second) fields["repeated"] = name;
  }
  return fields;
}

inline std::map<std::string, std::string> query_of(const HttpRequest& request) {
  const auto url = parse_url(request.url);
  return fields_of(url ? url->query : "");
}

/// Everything that a credential works with, as fakes. Requests go through the program's retry loop, whose waits pass
/// on the fake clock.
struct CredentialFixture {
  explicit CredentialFixture(std::vector<FakeTransport::Reply> replies) : http(std::move(replies)) {}
  explicit CredentialFixture(std::function<FakeTransport::Reply(const HttpRequest&)> answer)
      : http(std::move(answer)) {}

  identity::CredentialServices services() {
    return {.environment = environment,
            .transport = retrying,
            .clock = clock,
            .log = log,
            .processes = processes,
            .executor = executor,
            .new_guid = [] { return std::string("00000000-0000-4000-8000-000000000001"); },
            .jitter = [] { return 0.0; }};
  }
  /// Of a token that lives for `life` from now, whole seconds.
  [[nodiscard]] std::string epoch_in(std::chrono::seconds life) const {
    const auto now = std::chrono::floor<std::chrono::seconds>(clock.system_now()).time_since_epoch();
    return std::to_string((now + life).count());
  }

  Environment environment;
  FakeTransport http;
  FakeClock clock;
  RetryingTransport retrying{http, clock, [] { return 0.0; }};  // the shortest waits
  FakeProcessRunner processes;
  MemoryLogSink sink;
  Logger log{sink, clock, LogLevel::kDebug, LogFormat::kJson};
  ThreadExecutor executor{log};  // last, so that its tasks end first
};

}  // namespace azf::test
