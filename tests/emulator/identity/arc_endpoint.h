#pragma once

#include "core/clock.h"
#include "core/mutex.h"
#include "core/secret.h"
#include "emulator/identity/token_issuer.h"
#include "emulator/wire/message.h"

#include <filesystem>
#include <map>
#include <string>

namespace azf::emulator {

/// The agent of Azure Arc (Azure Arc documentation, "Authenticate against Azure resources with Azure Arc-enabled
/// servers"): whoever wants a token has to read a key from a file, which only members of a group can. Each key is for
/// one request. Thread-safe.
class ArcEndpoint {
 public:
  /// Keys are written into `key_folder`, which is made when it is first needed, and removed when they were used and at
  /// the end. `issuer` and `clock` outlive the endpoint.
  ArcEndpoint(Principal identity, std::filesystem::path key_folder, const TokenIssuer& issuer, const Clock& clock);
  ArcEndpoint(const ArcEndpoint&) = delete;
  ArcEndpoint& operator=(const ArcEndpoint&) = delete;
  ~ArcEndpoint();

  [[nodiscard]] Reply handle(const Request& request);

 private:
  Reply challenge();
  // Whether the key belongs to a file that is still there; takes the file away.
  bool use_key(std::string_view authorization);

  const Principal identity_;
  const std::filesystem::path key_folder_;
  const TokenIssuer& issuer_;
  const Clock& clock_;

  Mutex mutex_;
  std::map<std::filesystem::path, Secret> keys_ GUARDED_BY(mutex_);
};

}  // namespace azf::emulator
