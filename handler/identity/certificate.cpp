#include "identity/certificate.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/proverr.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <optional>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::size_t kLargestBytes = std::size_t{1} << 20;
constexpr int kLeastKeyBits = 2048;

template <auto function>
struct Release {
  template <typename T>
  void operator()(T* object) const noexcept {
    (void)function(object);
  }
};
struct ReleaseStack {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_pop_free(stack, X509_free); }
  void operator()(STACK_OF(PKCS7) * stack) const noexcept { sk_PKCS7_pop_free(stack, PKCS7_free); }
  void operator()(STACK_OF(PKCS12_SAFEBAG) * stack) const noexcept {
    sk_PKCS12_SAFEBAG_pop_free(stack, PKCS12_SAFEBAG_free);
  }
};
using Bio = std::unique_ptr<BIO, Release<BIO_free>>;
using CertificateHandle = std::unique_ptr<X509, Release<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Library = std::unique_ptr<OSSL_LIB_CTX, Release<OSSL_LIB_CTX_free>>;
using Pfx = std::unique_ptr<PKCS12, Release<PKCS12_free>>;
using Provider = std::unique_ptr<OSSL_PROVIDER, Release<OSSL_PROVIDER_unload>>;
using SignContext = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>>;

// An OpenSSL of our own: it reads no configuration file, and what is loaded into it is seen by nobody else.
struct Crypto {
  Library library{OSSL_LIB_CTX_new()};
  Provider standard{library ? OSSL_PROVIDER_load(library.get(), "default") : nullptr};
  // RC2 and single DES of old files. Null where OpenSSL is built without: then those files are not supported.
  Provider legacy{library ? OSSL_PROVIDER_load(library.get(), "legacy") : nullptr};
};

// The thread's queue of errors is empty when our work begins, and again when it has ended.
struct ErrorScope {
  ErrorScope() { ERR_clear_error(); }
  ~ErrorScope() { ERR_clear_error(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
};

Error unusable(std::string what) { return {ErrorKind::kInvalidArgument, std::move(what)}; }
Error openssl_failed() { return {ErrorKind::kInternal, "OpenSSL could not be set up"}; }
Error password_missing() { return unusable("the private key is encrypted, and no password is given"); }

bool is_error(unsigned long error, int library, int reason) {
  return ERR_GET_LIB(error) == library && ERR_GET_REASON(error) == reason;
}

// Why a key or a PFX could not be decrypted, by what OpenSSL has said. A wrong password shows as bad padding or, if the
// padding happens to fit, as a structure that no decoder knows.
Error decryption_failed(const Secret& password) {
  bool supported = true;
  while (const unsigned long error = ERR_get_error()) {
    if (is_error(error, ERR_LIB_PROV, PROV_R_BAD_DECRYPT) || is_error(error, ERR_LIB_EVP, EVP_R_BAD_DECRYPT)) {
      supported = true;
      break;
    }
    if (is_error(error, ERR_LIB_EVP, ERR_R_UNSUPPORTED) || is_error(error, ERR_LIB_EVP, EVP_R_UNSUPPORTED_ALGORITHM) ||
        is_error(error, ERR_LIB_EVP, EVP_R_UNKNOWN_PBE_ALGORITHM) ||
        is_error(error, ERR_LIB_PEM, PEM_R_UNSUPPORTED_ENCRYPTION)) {
      supported = false;
    }
  }
  if (supported && password.empty()) return password_missing();
  if (supported) return unusable("the password is wrong, or the private key is damaged");
  return unusable("it is encrypted in a way that is not supported here; export it again with AES-256");
}

// What a password is asked from: it never prompts.
int give_password(char* buffer, int size, int /*writing*/, void* context) noexcept {
  const std::string_view password = static_cast<const Secret*>(context)->expose();
  if (password.empty() || password.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, password.data(), password.size());
  return static_cast<int>(password.size());
}

Bio bio_over(std::string_view bytes) { return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size()))); }

std::string der_of(const X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) return {};
  std::string der(static_cast<std::size_t>(size), '\0');
  auto* to = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(certificate, &to);
  return der;
}

std::string digest_of(const std::string& bytes, const char* algorithm, OSSL_LIB_CTX* library) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  std::size_t size = 0;
  if (EVP_Q_digest(library, algorithm, nullptr, bytes.data(), bytes.size(),
                   reinterpret_cast<unsigned char*>(digest.data()), &size) != 1) {
    size = 0;
  }
  digest.resize(size);
  return digest;
}

// What a file holds, before anybody has asked whether it fits together.
struct Content {
  std::vector<CertificateHandle> certificates;
  KeyHandle key;
};

struct PemBlock {
  std::string_view label;
  std::string_view text;  // from BEGIN to END, with both
};

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";

// Nothing where a block does not end.
std::optional<std::vector<PemBlock>> pem_blocks(std::string_view text) {
  std::vector<PemBlock> blocks;
  for (auto begin = text.find(kBegin); begin != std::string_view::npos; begin = text.find(kBegin)) {
    text.remove_prefix(begin);
    const auto label_end = text.find(kDashes, kBegin.size());
    if (label_end == std::string_view::npos) return std::nullopt;
    const std::string_view label = text.substr(kBegin.size(), label_end - kBegin.size());
    const std::string last_line = std::string("-----END ").append(label).append(kDashes);
    const auto end = text.find(last_line, label_end);
    if (end == std::string_view::npos) return std::nullopt;
    blocks.push_back({label, text.substr(0, end + last_line.size())});
    text.remove_prefix(end + last_line.size());
  }
  return blocks;
}

bool is_certificate(const PemBlock& block) { return block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE"; }
bool is_key(const PemBlock& block) { return block.label.ends_with("PRIVATE KEY"); }

Result<KeyHandle> read_pem_key(const PemBlock& block, const Secret& password, const Crypto& crypto) {
  const bool encrypted =
      block.label == "ENCRYPTED PRIVATE KEY" || block.text.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;
  if (!encrypted && block.label != "PRIVATE KEY" && block.label != "RSA PRIVATE KEY") {
    return unusable("its private key is of another kind than RSA; only RSA keys can be used");
  }
  if (encrypted && password.empty()) return password_missing();
  const Bio bio = bio_over(block.text);
  // OpenSSL's callbacks take what they are given as `void*`; this one only reads.
  void* context = const_cast<Secret*>(&password);
  KeyHandle key(PEM_read_bio_PrivateKey_ex(bio.get(), nullptr, give_password, context, crypto.library.get(), nullptr));
  if (key) return key;
  return encrypted ? decryption_failed(password) : unusable("its private key is damaged");
}

Result<Content> read_pem(std::string_view text, const Secret& password, const Crypto& crypto) {
  const auto blocks = pem_blocks(text);
  if (!blocks) return unusable("a PEM block of it does not end");
  if (std::ranges::none_of(*blocks, is_certificate)) return unusable("it holds no certificate");
  const auto keys = std::ranges::count_if(*blocks, is_key);
  if (keys == 0) return unusable("it holds no private key");
  if (keys > 1) return unusable("it holds several private keys; leave only that of the certificate");

  Content content;
  for (const PemBlock& block : *blocks) {
    if (!is_certificate(block)) continue;
    const Bio bio = bio_over(block.text);
    X509* raw = X509_new_ex(crypto.library.get(), nullptr);
    Secret none;
    const bool read = PEM_read_bio_X509(bio.get(), &raw, give_password, &none) != nullptr;
    CertificateHandle certificate(raw);  // null where the decoder has failed and freed it
    if (!read) return unusable("a certificate of it is damaged");
    content.certificates.push_back(std::move(certificate));
  }
  auto key = read_pem_key(*std::ranges::find_if(*blocks, is_key), password, crypto);
  if (!key) return std::move(key).error();
  content.key = std::move(*key);
  return content;
}

// Only of a PFX that PKCS12_parse has understood; it takes the first key and says nothing of others.
int count_keys(const PKCS12* pfx, const char* password) {
  const std::unique_ptr<STACK_OF(PKCS7), ReleaseStack> safes(PKCS12_unpack_authsafes(pfx));
  int keys = 0;
  for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
    PKCS7* safe = sk_PKCS7_value(safes.get(), i);
    const bool plain = PKCS7_type_is_data(safe);
    const std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), ReleaseStack> bags(
        plain ? PKCS12_unpack_p7data(safe) : PKCS12_unpack_p7encdata(safe, password, -1));
    for (int j = 0; j < sk_PKCS12_SAFEBAG_num(bags.get()); ++j) {
      const int kind = PKCS12_SAFEBAG_get_nid(sk_PKCS12_SAFEBAG_value(bags.get(), j));
      if (kind == NID_keyBag || kind == NID_pkcs8ShroudedKeyBag) ++keys;
    }
  }
  return keys;
}

Result<Content> read_pfx(std::string_view bytes, const Secret& password, const Crypto& crypto) {
  PKCS12* raw = PKCS12_init_ex(NID_pkcs7_data, crypto.library.get(), nullptr);
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const bool decoded = d2i_PKCS12(&raw, &at, static_cast<long>(bytes.size())) != nullptr;
  const Pfx pfx(raw);  // null where the decoder has failed and freed it
  if (!decoded) return unusable("it is neither PEM nor PFX (PKCS#12)");

  // OpenSSL wants a text that ends with a zero byte.
  std::vector<char> text(password.expose().begin(), password.expose().end());
  text.push_back('\0');
  const char* given = password.empty() ? nullptr : text.data();
  EVP_PKEY* key = nullptr;
  X509* own = nullptr;
  STACK_OF(X509)* others = nullptr;
  const bool parsed = PKCS12_parse(pfx.get(), given, &key, &own, &others) == 1;
  const int keys = parsed ? count_keys(pfx.get(), given) : 0;
  OPENSSL_cleanse(text.data(), text.size());
  Content content;
  content.key.reset(key);
  const std::unique_ptr<STACK_OF(X509), ReleaseStack> rest(others);
  if (own != nullptr) content.certificates.emplace_back(own);
  while (sk_X509_num(rest.get()) > 0) content.certificates.emplace_back(sk_X509_shift(rest.get()));

  if (!parsed) return decryption_failed(password);
  if (content.certificates.empty()) return unusable("it holds no certificate");
  if (!content.key) return unusable("it holds no private key");
  if (keys > 1) return unusable("it holds several private keys; leave only that of the certificate");
  return content;
}

bool belongs_to(const CertificateHandle& certificate, const KeyHandle& key) {
  const EVP_PKEY* of_certificate = X509_get0_pubkey(certificate.get());
  return of_certificate != nullptr && EVP_PKEY_eq(of_certificate, key.get()) == 1;
}

bool is_issuer(const CertificateHandle& candidate, const CertificateHandle& of) {
  return X509_NAME_cmp(X509_get_subject_name(candidate.get()), X509_get_issuer_name(of.get())) == 0;
}

// The certificate at `leaf` first, each followed by its issuer as long as there is one, then what is left.
std::vector<std::string> leaf_to_issuer(std::vector<CertificateHandle> certificates, std::size_t leaf) {
  for (std::size_t place = 0, next = leaf; place < certificates.size(); ++place) {
    const auto begin = certificates.begin() + static_cast<std::ptrdiff_t>(place);
    std::rotate(begin, certificates.begin() + static_cast<std::ptrdiff_t>(next),
                certificates.begin() + static_cast<std::ptrdiff_t>(next) + 1);
    const auto issuer = std::find_if(begin + 1, certificates.end(),
                                     [&](const CertificateHandle& each) { return is_issuer(each, *begin); });
    if (issuer == certificates.end()) break;
    next = static_cast<std::size_t>(issuer - certificates.begin());
  }
  std::vector<std::string> chain;
  for (const CertificateHandle& certificate : certificates) {
    std::string der = der_of(certificate.get());
    if (std::ranges::find(chain, der) == chain.end()) chain.push_back(std::move(der));
  }
  return chain;
}

}  // namespace

struct Certificate::Keys {
  Crypto crypto;  // outlives the key
  KeyHandle key;
  std::vector<std::string> chain;
  std::string sha1;
  std::string sha256;
};

Certificate::Certificate(std::unique_ptr<const Keys> keys) : keys_(std::move(keys)) {}
Certificate::Certificate(Certificate&&) noexcept = default;
Certificate& Certificate::operator=(Certificate&&) noexcept = default;
Certificate::~Certificate() = default;

const std::string& Certificate::sha1() const { return keys_->sha1; }
const std::string& Certificate::sha256() const { return keys_->sha256; }
const std::vector<std::string>& Certificate::chain() const { return keys_->chain; }

Result<std::string> Certificate::sign(Algorithm algorithm, std::string_view text) const {
  const ErrorScope scope;
  const SignContext context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;  // belongs to the context
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(keys_->key.get())), '\0');
  std::size_t size = signature.size();
  const auto set_up = [&] {
    if (EVP_DigestSignInit_ex(context.get(), &parameters, "SHA256", keys_->crypto.library.get(), nullptr,
                              keys_->key.get(), nullptr) != 1) {
      return false;
    }
    if (algorithm == Algorithm::kRs256) return EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1;
  };
  if (!context || !set_up() ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1) {
    return Error{ErrorKind::kInternal, "OpenSSL could not sign with the private key"};
  }
  signature.resize(size);
  return signature;
}

Result<Certificate> load_certificate(std::string_view bytes, const Secret& password) {
  if (bytes.size() > kLargestBytes) return unusable("it is larger than 1 MiB");
  const bool pem = bytes.find(kBegin) != std::string_view::npos;
  constexpr char kSequence = 0x30;  // how every PFX begins
  if (!pem && !bytes.starts_with(kSequence)) return unusable("it is neither PEM nor PFX (PKCS#12)");

  const ErrorScope scope;
  auto keys = std::make_unique<Certificate::Keys>();
  if (!keys->crypto.standard) return openssl_failed();
  auto content = pem ? read_pem(bytes, password, keys->crypto) : read_pfx(bytes, password, keys->crypto);
  if (!content) return std::move(content).error();
  if (EVP_PKEY_is_a(content->key.get(), "RSA") != 1) {
    return unusable("its private key is of another kind than RSA; only RSA keys can be used");
  }
  const auto leaf = std::ranges::find_if(content->certificates,
                                         [&](const CertificateHandle& each) { return belongs_to(each, content->key); });
  if (leaf == content->certificates.end()) return unusable("its private key belongs to none of its certificates");
  if (const int bits = EVP_PKEY_get_bits(content->key.get()); bits < kLeastKeyBits) {
    return unusable("its RSA key has " + std::to_string(bits) + " bits; " + std::to_string(kLeastKeyBits) +
                    " are the least that can be used");
  }

  const auto place = static_cast<std::size_t>(leaf - content->certificates.begin());
  keys->key = std::move(content->key);
  keys->chain = leaf_to_issuer(std::move(content->certificates), place);
  keys->sha1 = digest_of(keys->chain.front(), "SHA1", keys->crypto.library.get());
  keys->sha256 = digest_of(keys->chain.front(), "SHA256", keys->crypto.library.get());
  if (keys->sha1.empty() || keys->sha256.empty()) return openssl_failed();
  return Certificate(std::move(keys));
}

}  // namespace azf::identity
