#include "identity/client_assertion.h"

#include "core/base64.h"
#include "core/json.h"

#include <chrono>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::chrono::seconds kLife{600};

Json header_of(const Certificate& certificate, const AssertionStatement& statement) {
  Json header = {{"typ", "JWT"}};
  switch (statement.algorithm) {
    case Certificate::Algorithm::kPs256:
      header["alg"] = "PS256";
      header["x5t#S256"] = to_base64url(certificate.sha256());
      break;
    case Certificate::Algorithm::kRs256:
      header["alg"] = "RS256";
      header["x5t"] = to_base64url(certificate.sha1());
      break;
  }
  if (statement.with_chain) {
    Json chain = Json::array();
    for (const std::string& der : certificate.chain()) chain.push_back(to_base64(der));  // RFC 7515 section 4.1.6
    header["x5c"] = std::move(chain);
  }
  return header;
}

Json payload_of(const AssertionStatement& statement) {
  const auto now = std::chrono::floor<std::chrono::seconds>(statement.now.time_since_epoch());
  return {{"aud", statement.audience},   {"iss", statement.client_id}, {"sub", statement.client_id},
          {"jti", statement.id},         {"nbf", now.count()},         {"iat", now.count()},
          {"exp", (now + kLife).count()}};
}

}  // namespace

Result<Secret> client_assertion(const Certificate& certificate, const AssertionStatement& statement) {
  std::string jwt = to_base64url(to_text(header_of(certificate, statement)));
  jwt.append(".").append(to_base64url(to_text(payload_of(statement))));
  const auto signature = certificate.sign(statement.algorithm, jwt);
  if (!signature) return signature.error();
  return Secret(jwt.append(".").append(to_base64url(*signature)));
}

}  // namespace azf::identity
