#include "identity/unavailable_credential.h"

#include "identity/token_outcome.h"

#include <utility>

namespace azf::identity {

UnavailableCredential::UnavailableCredential(std::string name, Error reason)
    : name_(std::move(name)), reason_(std::move(reason.message)) {}

TokenResult UnavailableCredential::get_token(const TokenRequestContext& /*context*/, Deadline /*deadline*/) {
  return refused(name_, ErrorKind::kCredentialUnavailable, Problem::kNotConfigured, reason_);
}

}  // namespace azf::identity
