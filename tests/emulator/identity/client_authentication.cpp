#include "emulator/identity/client_authentication.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

constexpr seconds kClockSkew{300};
constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

std::string value_of(const Parameters& form, std::string_view name) {
  const std::string* value = find_parameter(form, name);
  return value == nullptr ? "" : *value;
}

EntraRefusal refused(int code, std::string text) { return {401, "invalid_client", code, std::move(text)}; }

std::optional<seconds> time_claim(const Json& claims, std::string_view name) {
  const auto number = optional_integer(claims, name);
  if (!number || !*number) return std::nullopt;
  return seconds(**number);
}

// How the key is named, for the person who looks for it: thumbprints are no secret.
std::string key_names(const Json& header) {
  std::string names;
  for (const char* name : {"x5t", "x5t#S256", "kid"}) {
    const std::string value = text_claim(header, name);
    if (!value.empty()) names.append(names.empty() ? "" : ", ").append(name).append(" '").append(value).append("'");
  }
  return names.empty() ? "no key is named" : names;
}

}  // namespace

ClientProof ClientAuthentication::proof_in(const Parameters& form) {
  if (!value_of(form, "client_secret").empty()) return ClientProof::kSecret;
  return value_of(form, "client_assertion").empty() ? ClientProof::kNone : ClientProof::kAssertion;
}

std::optional<EntraRefusal> ClientAuthentication::check(const Parameters& form, std::string_view token_url) const {
  switch (proof_in(form)) {
    case ClientProof::kSecret:
      if (Secret(value_of(form, "client_secret")) == application_.client_secret) return std::nullopt;
      return refused(7000215,
                     "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                     "value, not the client secret ID, for a secret added to app '" +
                         application_.principal.client_id + "'.");
    case ClientProof::kNone:
      return refused(7000216, "'client_assertion', 'client_secret' or 'request' is required for the '" +
                                  value_of(form, "grant_type") + "' grant type.");
    case ClientProof::kAssertion: break;
  }
  if (value_of(form, "client_assertion_type") != kJwtBearer) {
    return EntraRefusal{400, "invalid_request", 900144,
                        "The request body must contain the following parameter: 'client_assertion_type'."};
  }
  return check_assertion(value_of(form, "client_assertion"), token_url);
}

std::optional<EntraRefusal> ClientAuthentication::check_assertion(std::string_view assertion,
                                                                  std::string_view token_url) const {
  const auto token = parse_json_web_token(assertion);
  if (!token) return EntraRefusal{400, "invalid_request", 50027, "JWT token is invalid or malformed."};
  // An issuer that is no URL is the application itself, as whoever federates is known by a URL.
  if (text_claim(token->claims, "iss").find("://") == std::string::npos) return check_signed(*token, token_url);
  return check_federated(assertion);
}

std::optional<EntraRefusal> ClientAuthentication::check_federated(std::string_view assertion) const {
  const Json claims = issuer_.key().verified_claims(assertion);
  if (claims.is_null()) {
    return refused(700027,
                   "The key that signed the assertion is not among the keys of its issuer, or the signature "
                   "is not valid.");
  }
  std::vector<const FederatedCredential*> candidates;
  for (const auto& federation : application_.federations) candidates.push_back(&federation);
  const auto keep = [&](std::string_view claim, const std::string FederatedCredential::*field) {
    std::erase_if(candidates, [&](const auto* each) { return text_claim(claims, claim) != each->*field; });
    return !candidates.empty();
  };
  const auto unmatched = [&](int code, const char* what, std::string_view claim) {
    return refused(code, "No matching federated identity record found for presented assertion " + std::string(what) +
                             " '" + text_claim(claims, claim) + "'.");
  };
  if (!keep("iss", &FederatedCredential::issuer)) return unmatched(700211, "issuer", "iss");
  if (!keep("aud", &FederatedCredential::audience)) return unmatched(700212, "audience", "aud");
  if (!keep("sub", &FederatedCredential::subject)) return unmatched(700213, "subject", "sub");
  return check_time(claims);
}

std::optional<EntraRefusal> ClientAuthentication::check_signed(const JsonWebToken& assertion,
                                                               std::string_view token_url) const {
  if (auto refusal = check_key(assertion)) return refusal;
  if (auto refusal = check_chain(assertion.header)) return refusal;
  const std::string& client_id = application_.principal.client_id;
  if (!equal_ignoring_case(text_claim(assertion.claims, "iss"), client_id) ||
      !equal_ignoring_case(text_claim(assertion.claims, "sub"), client_id)) {
    return refused(700021, "Client assertion application identifier doesn't match 'client_id' parameter.");
  }
  if (text_claim(assertion.claims, "aud") != token_url) {
    return refused(700023, "Client assertion audience claim does not match Realm issuer.");
  }
  if (text_claim(assertion.claims, "jti").empty()) {
    return EntraRefusal{400, "invalid_request", 50027, "JWT token is invalid or malformed: 'jti' is missing."};
  }
  return check_time(assertion.claims);
}

std::optional<EntraRefusal> ClientAuthentication::check_key(const JsonWebToken& assertion) const {
  const auto wrong_key = [&](const char* reason) {
    return refused(700027,
                   "The certificate with identifier used to sign the client assertion is not registered on "
                   "application. [Reason - " +
                       std::string(reason) + ": " + key_names(assertion.header) + "]");
  };
  if (!application_.certificate) return wrong_key("The key was not found.");
  const ClientCertificate& certificate = *application_.certificate;
  const std::string sha1 = text_claim(assertion.header, "x5t");
  const std::string sha256 = text_claim(assertion.header, "x5t#S256");
  const bool named = !sha1.empty() || !sha256.empty();
  if (!named || (!sha1.empty() && sha1 != certificate.sha1_base64url()) ||
      (!sha256.empty() && sha256 != certificate.sha256_base64url())) {
    return wrong_key("The key was not found.");
  }
  if (!certificate.verifies(text_claim(assertion.header, "alg"), assertion.signed_text, assertion.signature)) {
    return wrong_key("The key was found, but the signature is not of it.");
  }
  return std::nullopt;
}

std::optional<EntraRefusal> ClientAuthentication::check_chain(const Json& header) const {
  const Json* chain = find_member(header, "x5c");
  if (chain == nullptr) return std::nullopt;
  const std::vector<std::string> known = {to_base64(application_.certificate->der()),
                                          to_base64(application_.certificate->issuer_der())};
  const bool right = chain->is_array() && !chain->empty() && chain->size() <= known.size() &&
                     std::equal(chain->begin(), chain->end(), known.begin(),
                                [](const Json& given, const std::string& wanted) { return given == wanted; });
  if (right) return std::nullopt;
  return refused(700030,
                 "Invalid certificate - 'x5c' is not the chain of the certificate, its own one first, DER in base64.");
}

std::optional<EntraRefusal> ClientAuthentication::check_time(const Json& claims) const {
  const auto now = clock_.system_now().time_since_epoch();
  const auto expires = time_claim(claims, "exp");
  const auto begins = time_claim(claims, "nbf");
  if (!expires || now > *expires + kClockSkew || (begins && now + kClockSkew < *begins)) {
    return refused(700024, "Client assertion is not within its valid time range.");
  }
  return std::nullopt;
}

}  // namespace azf::emulator
