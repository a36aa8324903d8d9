#pragma once

#include "azure/service_connections.h"
#include "identity/credential_fixture.h"
#include "support/fake_credential.h"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace azf::test {

/// The connections of the program, over a service that answers from a list; waits pass on the fake clock. Tokens are
/// `token-1 for SCOPE`, `token-2 for SCOPE`, ...
struct ServiceFixture : CredentialFixture {
  explicit ServiceFixture(std::vector<FakeTransport::Reply> replies) : CredentialFixture(std::move(replies)) {}
  explicit ServiceFixture(std::function<FakeTransport::Reply(const HttpRequest&)> answer)
      : CredentialFixture(std::move(answer)) {}

  [[nodiscard]] std::vector<std::string> urls() const {
    std::vector<std::string> list;
    for (const HttpRequest& request : http.requests()) list.push_back(request.url);
    return list;
  }
  /// `none` for a request without.
  [[nodiscard]] std::vector<std::string> authorizations() const {
    std::vector<std::string> list;
    for (const HttpRequest& request : http.requests()) {
      list.emplace_back(request.headers.get("authorization").value_or("none"));
    }
    return list;
  }

  int tokens = 0;
  FakeCredential credential{"FakeCredential", [this](const identity::TokenRequestContext& context, Deadline) {
                              return fake_token("token-" + std::to_string(++tokens) + " for " + context.scopes.front(),
                                                clock.system_now() + std::chrono::hours(1));
                            }};
  azure::ServiceConnections connections{http, credential, services()};
};

}  // namespace azf::test
