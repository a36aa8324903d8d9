#pragma once

#include "core/clock.h"
#include "core/mutex.h"
#include "emulator/services/bearer_check.h"
#include "emulator/services/stand_in.h"
#include "emulator/wire/coding.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace azf::emulator {

/// Block blobs of one storage account, in memory: containers; put, get with ranges, head, delete; lists with prefix,
/// delimiter, marker and metadata; blocks and block lists; ETags and their conditions (Azure Storage documentation,
/// "Blob Service REST API"). The container `files` is there from the start. Thread-safe.
class BlobService final : public StandIn {
 public:
  static constexpr std::string_view kAudience = "https://storage.azure.com";

  /// `url` is where the account is, without a slash at its end, `authority` where its tokens come from. `issuer` and
  /// `clock` outlive the service.
  BlobService(std::string url, std::string authority, const TokenIssuer& issuer, const Clock& clock);

  Reply handle(const Request& request, std::string_view path) override;
  [[nodiscard]] Reply failure(int status) const override;

 private:
  struct Blob {
    std::string content;
    std::string content_type;
    std::string etag;
    SystemTime created;
    SystemTime modified;
    std::map<std::string, std::string> metadata;
  };
  struct Container {
    std::string etag;
    SystemTime modified;
    std::map<std::string, Blob> blobs;
    // Blocks that no list has made a blob of, by blob and id.
    std::map<std::string, std::map<std::string, std::string>> blocks;
  };
  struct Call;

  [[nodiscard]] Reply error_reply(int status, const std::string& code, const std::string& message) const;
  Reply answer(const Request& request, std::string_view path);
  Reply container_request(const Call& call) REQUIRES(mutex_);
  Reply blob_request(const Call& call) REQUIRES(mutex_);
  Reply put(const Call& call, Container& container) REQUIRES(mutex_);
  Reply put_block(const Call& call, Container& container) REQUIRES(mutex_);
  Reply put_block_list(const Call& call, Container& container) REQUIRES(mutex_);
  // A blob with what the request says about it, in place of an old one.
  Reply store(const Call& call, Container& container, std::string content, std::string content_type) REQUIRES(mutex_);
  [[nodiscard]] Reply get(const Call& call, const Blob& blob) const;
  [[nodiscard]] Reply list(const Call& call, const Container& container) const;
  // What the conditions of a request say about a blob, which may be null; nothing when they hold.
  [[nodiscard]] std::optional<Reply> refused(const Call& call, const Blob* blob) const;
  [[nodiscard]] std::string new_etag() REQUIRES(mutex_);

  const std::string url_;
  const std::string authority_;
  const BearerCheck tokens_;
  const Clock& clock_;

  Mutex mutex_;
  std::map<std::string, Container> containers_ GUARDED_BY(mutex_);
  std::uint64_t etags_ GUARDED_BY(mutex_) = 0x8DD000000000000;
};

}  // namespace azf::emulator
