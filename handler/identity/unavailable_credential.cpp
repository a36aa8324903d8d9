#include "identity/unavailable_credential.h"

#include "identity/token_outcome.h"

#include <utility>

namespace azf::identity {
namespace {

Problem problem_of(const Error& reason) {
  return reason.kind == ErrorKind::kInvalidArgument ? Problem::kInvalidSetting : Problem::kNotConfigured;
}

}  // namespace

UnavailableCredential::UnavailableCredential(std::string name, Error reason)
    : name_(std::move(name)), reason_(std::move(reason.message)), problem_(problem_of(reason)) {}

UnavailableCredential::UnavailableCredential(std::string name, Error reason, Problem problem)
    : name_(std::move(name)), reason_(std::move(reason.message)), problem_(problem) {}

TokenResult UnavailableCredential::get_token(const TokenRequestContext& /*context*/, Deadline /*deadline*/) {
  return refused(name_, ErrorKind::kCredentialUnavailable, problem_, reason_);
}

}  // namespace azf::identity
