#include "identity/application_proof.h"

#include "core/mutex.h"
#include "identity/certificate.h"
#include "identity/client_assertion.h"
#include "identity/secret_file.h"
#include "identity/tenant.h"

#include <memory>
#include <optional>
#include <sys/stat.h>
#include <utility>

namespace azf::identity {
namespace {

using Proof = Result<ClientProof, Refusal>;
using SharedCertificate = std::shared_ptr<const Certificate>;

// What changes when somebody writes a file or puts another one in its place.
struct FileState {
  dev_t device = 0;
  ino_t number = 0;
  off_t size = 0;
  time_t seconds = 0;
  long nanoseconds = 0;

  friend bool operator==(const FileState&, const FileState&) = default;
};

std::optional<FileState> state_of(const std::string& path) {
  struct stat now {};
  if (::stat(path.c_str(), &now) != 0) return std::nullopt;
  return FileState{now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
}

Result<SharedCertificate> load(const CertificateSource& source) {
  if (source.path.empty()) {
    auto loaded = load_certificate(source.content.expose(), source.password);
    if (!loaded) return with_context(std::move(loaded).error(), "certificate");
    return std::make_shared<const Certificate>(std::move(*loaded));
  }
  const auto content = load_secret_file(source.path);
  if (!content) return Error{ErrorKind::kInvalidArgument, "certificate: " + content.error().message};
  auto loaded = load_certificate(content->expose(), source.password);
  if (!loaded) return with_context(std::move(loaded).error(), "certificate file " + source.path);
  return std::make_shared<const Certificate>(std::move(*loaded));
}

// The certificate of a source, kept until its file changes. Thread-safe.
class CertificateKeeper {
 public:
  CertificateKeeper(CertificateSource source, const Logger& log) : source_(std::move(source)), log_(log) {}

  [[nodiscard]] const CertificateSource& source() const { return source_; }

  Result<SharedCertificate> get() {
    // Taken before the file is read: a change in between shows the next time.
    const auto state = source_.path.empty() ? std::optional(FileState{}) : state_of(source_.path);
    SharedCertificate old;
    {
      const MutexLock lock(mutex_);
      if (certificate_ && state && state == state_) return certificate_;
      old = certificate_;
    }
    auto loaded = load(source_);
    if (!loaded) {
      if (!old) return loaded;
      log_.warning("a changed certificate cannot be used; the old one goes on", {{"reason", loaded.error().message}});
      return old;
    }
    const MutexLock lock(mutex_);
    certificate_ = *loaded;
    state_ = state;
    return loaded;
  }

 private:
  const CertificateSource source_;
  const Logger& log_;

  Mutex mutex_;
  // Shared, because requests sign with a certificate that has just been replaced.
  SharedCertificate certificate_ GUARDED_BY(mutex_);
  std::optional<FileState> state_ GUARDED_BY(mutex_);
};

Refusal certificate_unusable(std::string reason) {
  return {
      .kind = ErrorKind::kAuthenticationFailed, .problem = Problem::kCertificateUnusable, .reason = std::move(reason)};
}

Proof signed_proof(CertificateKeeper& keeper, const ProofRequest& request, const GuidSource& new_guid) {
  const auto certificate = keeper.get();
  if (!certificate) return certificate_unusable(certificate.error().message);
  AssertionStatement statement;
  statement.audience = request.token_url;
  statement.client_id = request.client_id;
  statement.id = new_guid();
  statement.now = request.now;
  statement.algorithm = is_adfs(request.tenant_id) ? Certificate::Algorithm::kRs256 : Certificate::Algorithm::kPs256;
  statement.with_chain = keeper.source().send_chain;
  auto assertion = client_assertion(**certificate, statement);
  if (!assertion) return certificate_unusable(assertion.error().message);
  return ClientProof{ClientProof::Kind::kAssertion, std::move(*assertion)};
}

Proof asked_proof(const AssertionSource& source, const ProofRequest& request, const Clock& clock) {
  if (request.deadline.passed(clock)) {
    return Refusal{.kind = ErrorKind::kTimeout,
                   .problem = Problem::kDeadlinePassed,
                   .reason = "no time was left to ask for a client assertion"};
  }
  auto assertion = source(request.deadline);
  if (assertion && !assertion->empty()) return ClientProof{ClientProof::Kind::kAssertion, std::move(*assertion)};
  const std::string reason = assertion ? "it is empty" : assertion.error().message;
  const bool too_late = !assertion && request.deadline.passed(clock);
  return Refusal{.kind = too_late ? ErrorKind::kTimeout : ErrorKind::kAuthenticationFailed,
                 .problem = too_late ? Problem::kDeadlinePassed : Problem::kAssertionFailed,
                 .reason = "no client assertion: " + reason};
}

}  // namespace

// The proofs share what they hold because std::function must be copyable, and a Secret is not.

ApplicationProof secret_proof(Secret secret) {
  return {
      .name = "client secret",
      .make = [secret = std::make_shared<const Secret>(std::move(secret))](const ProofRequest& /*request*/) -> Proof {
        return ClientProof{ClientProof::Kind::kSecret, secret->clone()};
      }};
}

ApplicationProof assertion_proof(AssertionSource source, const Clock& clock) {
  return {.name = "client assertion", .make = [source = std::move(source), &clock](const ProofRequest& request) {
            return asked_proof(source, request, clock);
          }};
}

Result<ApplicationProof> certificate_proof(CertificateSource source, const CredentialServices& services) {
  if (source.path.empty() == source.content.empty()) {
    return Error{ErrorKind::kInvalidArgument,
                 source.path.empty() ? "the certificate is missing: give the path of a file, or its content"
                                     : "of the certificate give the path or the content, not both"};
  }
  const bool load_now = source.load_at_creation;
  auto keeper = std::make_shared<CertificateKeeper>(std::move(source), services.log);
  if (load_now) {
    if (auto certificate = keeper->get(); !certificate) return std::move(certificate).error();
  }
  const std::string& path = keeper->source().path;
  return ApplicationProof{.name = path.empty() ? "certificate" : "certificate in " + path,
                          .make = [keeper, new_guid = services.new_guid](
                                      const ProofRequest& request) { return signed_proof(*keeper, request, new_guid); },
                          .dated = true};
}

}  // namespace azf::identity
