#include "identity/tool_token_file.h"

#include "core/json.h"
#include "core/mutex.h"
#include "identity/descriptor.h"
#include "identity/text.h"
#include "identity/token_outcome.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <set>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace azf::identity {
namespace {

using std::chrono::seconds;

constexpr std::string_view kVariable = "AZF_TOOL_TOKEN_CACHE";
constexpr std::size_t kSizeLimit = std::size_t{256} << 10;
constexpr std::size_t kMostTokens = 64;
constexpr int kVersion = 1;
constexpr std::chrono::minutes kLeastLife{5};
constexpr std::chrono::hours kLongLife{2};

Error system_failure(std::string_view what) {
  return {ErrorKind::kNotFound, std::string(what) + ": " + std::generic_category().message(errno)};
}
Error unsafe(std::string what) { return {ErrorKind::kInvalidArgument, std::move(what)}; }

struct KeptToken {
  std::string key;
  Secret token;
  SystemTime issued_at;
  SystemTime expires_on;
};

void wipe(std::string& text) { ::explicit_bzero(text.data(), text.size()); }

void wipe_tokens(Json& tokens) {
  for (Json& each : tokens) {
    const auto token = each.is_object() ? each.find("token") : each.end();
    if (token != each.end() && token->is_string()) wipe(token->get_ref<std::string&>());
  }
}

std::int64_t epoch_of(SystemTime time) { return std::chrono::floor<seconds>(time.time_since_epoch()).count(); }

std::optional<SystemTime> time_member(const Json& object, std::string_view name) {
  constexpr std::int64_t kYear2200 = 7258118400;  // far from where the clock's arithmetic overflows
  const auto epoch = optional_integer(object, name);
  if (!epoch || !*epoch || **epoch < 0 || **epoch > kYear2200) return std::nullopt;
  return SystemTime(seconds(**epoch));
}

std::vector<KeptToken> parse_kept_tokens(std::string_view text) {
  std::vector<KeptToken> kept;
  auto root = parse_json(text);
  if (!root || !root->is_object()) return kept;
  const auto version = optional_integer(*root, "version");
  const auto tokens = root->find("tokens");
  if (!version || *version != kVersion || tokens == root->end() || !tokens->is_array()) return kept;
  for (const Json& each : *tokens) {
    auto key = required_string(each, "key");
    const Json* token = find_member(each, "token");
    const auto issued_at = time_member(each, "issued_at");
    const auto expires_on = time_member(each, "expires_on");
    if (!key || token == nullptr || !token->is_string() || !issued_at || !expires_on) continue;
    const auto& value = token->get_ref<const std::string&>();
    const bool printable_value = std::ranges::all_of(value, [](char c) { return c > ' ' && c < '\x7f'; });
    if (value.empty() || !printable_value) continue;
    kept.push_back({std::move(*key), Secret(value), *issued_at, *expires_on});
  }
  wipe_tokens(*tokens);
  return kept;
}

Secret text_of(const std::vector<KeptToken>& kept) {
  Json tokens = Json::array();
  for (const KeptToken& each : kept) {
    tokens.push_back(Json{{"key", each.key},
                          {"token", std::string(each.token.expose())},
                          {"issued_at", epoch_of(each.issued_at)},
                          {"expires_on", epoch_of(each.expires_on)}});
  }
  Json root{{"version", kVersion}, {"tokens", std::move(tokens)}};
  std::string text = to_text(root);
  wipe_tokens(*root.find("tokens"));
  Secret result(text);
  wipe(text);
  return result;
}

// A file in a directory that nobody else can write to. All steps go by the directory's descriptor, so that what was
// checked is what is used.
class TokenFile {
 public:
  explicit TokenFile(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }

  /// Fails where the file must not be used. A file that does not exist, or says nothing, holds no tokens.
  [[nodiscard]] Result<std::vector<KeptToken>> load() const {
    const auto directory = open_directory();
    if (!directory) return directory.error();
    return load_from(*directory);
  }

  /// Replaces the file by one with this token besides the others.
  [[nodiscard]] Result<Success> store(KeptToken token, SystemTime now, const std::string& unique) const {
    const auto directory = open_directory();
    if (!directory) return directory.error();
    auto kept = load_from(*directory);
    if (!kept) return kept.error();
    std::erase_if(*kept, [&](const KeptToken& each) { return each.key == token.key || each.expires_on <= now; });
    kept->push_back(std::move(token));
    std::ranges::sort(*kept, std::ranges::greater(), &KeptToken::issued_at);
    if (kept->size() > kMostTokens) kept->erase(kept->begin() + kMostTokens, kept->end());
    const Secret text = text_of(*kept);
    if (text.size() > kSizeLimit) return unsafe("the tokens need more than 256 KiB");
    return replace(*directory, text.expose(), name() + "." + unique + ".new");
  }

 private:
  [[nodiscard]] std::string name() const { return path_.substr(path_.rfind('/') + 1); }

  [[nodiscard]] Result<Descriptor> open_directory() const {
    const std::string folder = path_.substr(0, path_.rfind('/') + 1);
    if (!folder.starts_with('/') || name().empty()) return unsafe("not the absolute path of a file");
    // Without its last slash, which would follow a symbolic link.
    const std::string bare = folder.size() > 1 ? folder.substr(0, folder.size() - 1) : folder;
    Descriptor directory(::open(bare.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory.open()) return system_failure("its directory cannot be opened, or is a symbolic link");
    struct stat status {};
    if (::fstat(directory.number(), &status) != 0) return system_failure("its directory cannot be examined");
    if (status.st_uid != ::geteuid()) return unsafe("its directory belongs to another user");
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return unsafe("others can write to its directory");
    return directory;
  }

  [[nodiscard]] Result<std::vector<KeptToken>> load_from(const Descriptor& directory) const {
    const Descriptor file(::openat(directory.number(), name().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file.open() && errno == ENOENT) return std::vector<KeptToken>();
    if (!file.open() && errno == ELOOP) return unsafe("it is a symbolic link");
    if (!file.open()) return system_failure("it cannot be opened");
    struct stat status {};
    if (::fstat(file.number(), &status) != 0) return system_failure("it cannot be examined");
    if (!S_ISREG(status.st_mode)) return unsafe("it is no file");
    if (status.st_uid != ::geteuid()) return unsafe("it belongs to another user");
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) return unsafe("it is open to others: set its mode to 0600");

    std::string text(kSizeLimit + 1, '\0');
    std::size_t size = 0;
    while (size < text.size()) {
      const ssize_t count = ::read(file.number(), text.data() + size, text.size() - size);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      size += static_cast<std::size_t>(count);
    }
    auto kept =
        size > kSizeLimit ? std::vector<KeptToken>() : parse_kept_tokens(std::string_view(text).substr(0, size));
    wipe(text);
    return kept;
  }

  [[nodiscard]] Result<Success> replace(const Descriptor& directory, std::string_view text,
                                        const std::string& new_name) const {
    const Descriptor file(::openat(directory.number(), new_name.c_str(),
                                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!file.open()) return system_failure("its directory takes no new file");
    bool good = true;
    while (good && !text.empty()) {
      const ssize_t count = ::write(file.number(), text.data(), text.size());
      if (count < 0 && errno == EINTR) continue;
      good = count > 0;
      if (good) text.remove_prefix(static_cast<std::size_t>(count));
    }
    if (good && ::renameat(directory.number(), new_name.c_str(), directory.number(), name().c_str()) == 0) {
      return Success{};
    }
    const Error failure = system_failure("it cannot be written");
    ::unlinkat(directory.number(), new_name.c_str(), 0);
    return failure;
  }

  const std::string path_;
};

// Thread-safe; no lock is held over I/O.
class KeptTokenCredential final : public TokenCredential {
 public:
  KeptTokenCredential(std::unique_ptr<TokenCredential> tool, const CredentialServices& services, KeptTokenOwner owner,
                      std::string path)
      : tool_(std::move(tool)), services_(services), owner_(std::move(owner)), file_(std::move(path)) {}

  [[nodiscard]] std::string_view name() const override { return tool_->name(); }

  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override {
    const std::string key = key_of(context);
    if (is_first(key) && context.claims.empty()) {
      if (auto kept = kept_token(key)) return std::move(*kept);
    }
    const SystemTime began = services_.clock.system_now();
    TokenResult result = tool_->get_token(context, deadline);
    if (result) keep(key, **result, began);
    return result;
  }

  void discard(const AccessToken& token) override { tool_->discard(token); }

 private:
  // The state of the tool's login: another account, another state.
  [[nodiscard]] std::string login_state() const {
    struct stat status {};
    if (::stat(owner_.login_file.c_str(), &status) != 0) return "none";
    return std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) + "-" +
           std::to_string(status.st_size) + "-" + std::to_string(status.st_ino);
  }

  [[nodiscard]] std::string key_of(const TokenRequestContext& context) const {
    std::string key(tool_->name());
    key.append("|").append(owner_.account).append("|").append(owner_.login_file).append("|").append(login_state());
    key.append("|").append(context.tenant_id);
    for (const std::string& scope : context.scopes) key.append("|").append(scope);
    return key;
  }

  bool is_first(const std::string& key) {
    const MutexLock lock(mutex_);
    return asked_.insert(key).second;
  }

  std::optional<TokenResult> kept_token(const std::string& key) {
    auto kept = file_.load();
    if (!kept) {
      warn(kept.error());
      return std::nullopt;
    }
    const SystemTime now = services_.clock.system_now();
    for (KeptToken& each : *kept) {
      if (each.key != key || each.expires_on - now < kLeastLife) continue;
      if (now < each.issued_at || now - each.issued_at >= each.expires_on - each.issued_at) continue;
      TokenReply reply{std::move(each.token), each.expires_on, std::nullopt};
      const SystemTime half = each.issued_at + (each.expires_on - each.issued_at) / 2;
      if (each.expires_on - each.issued_at >= kLongLife && half > now) reply.refresh_on = half;
      return issued(tool_->name(), "kept in " + shown_path() + " by an earlier run", std::move(reply));
    }
    return std::nullopt;
  }

  void keep(const std::string& key, const AccessToken& token, SystemTime issued_at) {
    const SystemTime now = services_.clock.system_now();
    if (token.expires_on - now < kLeastLife) return;
    const auto stored = file_.store({key, token.token.clone(), issued_at, token.expires_on}, now, services_.new_guid());
    if (!stored) warn(stored.error());
  }

  void warn(const Error& error) {
    {
      const MutexLock lock(mutex_);
      if (std::exchange(warned_, true)) return;
    }
    services_.log.warning(std::string(tool_->name()) + ": the token file " + shown_path() + " (" +
                          std::string(kVariable) + ") is not used: " + error.message);
  }

  [[nodiscard]] std::string shown_path() const { return printable(file_.path(), 512); }

  const std::unique_ptr<TokenCredential> tool_;
  const CredentialServices services_;
  const KeptTokenOwner owner_;
  const TokenFile file_;

  Mutex mutex_;
  std::set<std::string> asked_ GUARDED_BY(mutex_);
  bool warned_ GUARDED_BY(mutex_) = false;
};

}  // namespace

std::unique_ptr<TokenCredential> with_token_file(std::unique_ptr<TokenCredential> tool,
                                                 const CredentialServices& services, KeptTokenOwner owner) {
  const auto path = services.environment.get(kVariable);
  if (!path) return tool;
  return std::make_unique<KeptTokenCredential>(std::move(tool), services, std::move(owner), std::string(*path));
}

}  // namespace azf::identity
