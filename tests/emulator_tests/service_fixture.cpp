#include "emulator_tests/service_fixture.h"

#include <doctest/doctest.h>

#include <utility>

namespace azf::emulator {
namespace {

// Keys take time to make, and one tells as much as many.
const SigningKey& shared_key() {
  static const SigningKey key;
  return key;
}

}  // namespace

ServiceFixture::ServiceFixture() : key(shared_key()), issuer("https://127.0.0.1:1", "tenant", key, clock) {}

std::string ServiceFixture::token(std::string_view audience, std::chrono::seconds lifetime) const {
  return issuer.issue({"client", "object", ""}, audience, ClientProof::kAssertion, lifetime);
}

Reply ServiceFixture::ask(StandIn& service, const std::string& token, const std::string& method,
                          const std::string& target, const std::string& body, Headers headers) {
  if (!token.empty()) headers.push_back({"Authorization", "Bearer " + token});
  const Request request{method, target, std::move(headers), body};
  return service.handle(request, request.path());
}

Reply ServiceFixture::post(StandIn& service, const std::string& token, const std::string& target, const Json& body) {
  return ask(service, token, "POST", target, to_text(body), {{"Content-Type", "application/json"}});
}

Json json_of(const Reply& reply) {
  auto json = parse_json(reply.body);
  REQUIRE_MESSAGE(json, reply.body);
  return *std::move(json);
}

std::string error_code_of(const Reply& reply) {
  const Json json = json_of(reply);
  const Json* error = find_member(json, "error");
  const Json* code = error == nullptr ? nullptr : find_member(*error, "code");
  return code == nullptr ? "" : code->get<std::string>();
}

}  // namespace azf::emulator
