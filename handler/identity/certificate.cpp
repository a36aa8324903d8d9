#include "identity/certificate.h"

#include <openssl/asn1t.h>
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
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::size_t kLargestBytes = std::size_t{1} << 20;
constexpr int kLeastKeyBits = 2048;
// Some seconds of work. Tools write thousands to a million; a file could ask for days.
constexpr std::uint64_t kMostRounds = 10'000'000;

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
using Bags = std::unique_ptr<STACK_OF(PKCS12_SAFEBAG), ReleaseStack>;
using CertificateHandle = std::unique_ptr<X509, Release<X509_free>>;
using EncryptedKey = std::unique_ptr<X509_SIG, Release<X509_SIG_free>>;
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

// One for the program, from the first certificate on. OpenSSL keeps state for each thread that has signed, which only
// that thread can release; a library for each certificate would go before its threads, and leave that behind.
const Crypto& shared_crypto() {
  static const Crypto crypto;
  return crypto;
}

// The thread's queue of errors is empty when our work begins, and again when it has ended.
struct ErrorScope {
  ErrorScope() { ERR_clear_error(); }
  ~ErrorScope() { ERR_clear_error(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
};

Error unusable(std::string what) { return {ErrorKind::kInvalidArgument, std::move(what)}; }
Error openssl_failed() { return {ErrorKind::kInternal, "OpenSSL could not be set up"}; }
Error too_many_rounds() {
  return unusable("its password is hashed more than 10 million times; export it again with fewer");
}
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

std::uint64_t number_of(const ASN1_INTEGER* integer) {
  std::uint64_t number = 0;
  return ASN1_INTEGER_get_uint64(&number, integer) == 1 ? number : UINT64_MAX;
}

// The parameters of an algorithm; null where they are of another form.
template <typename Parameters, auto release>
std::unique_ptr<Parameters, Release<release>> parameters_of(const X509_ALGOR* algorithm, const ASN1_ITEM* form) {
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, algorithm);
  void* read = type == V_ASN1_SEQUENCE ? ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), form) : nullptr;
  return std::unique_ptr<Parameters, Release<release>>(static_cast<Parameters*>(read));
}

int kind_of(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* kind = nullptr;
  X509_ALGOR_get0(&kind, nullptr, nullptr, algorithm);
  return OBJ_obj2nid(kind);
}

// PBKDF2 (RFC 8018 appendix A.2) and scrypt (RFC 7914 section 7).
std::uint64_t rounds_of_derivation(const X509_ALGOR* derivation) {
  if (kind_of(derivation) == NID_id_scrypt) {
    const auto scrypt = parameters_of<SCRYPT_PARAMS, SCRYPT_PARAMS_free>(derivation, ASN1_ITEM_rptr(SCRYPT_PARAMS));
    if (!scrypt) return 0;
    std::uint64_t rounds = 1;
    for (const auto* factor : {scrypt->costParameter, scrypt->blockSize, scrypt->parallelizationParameter}) {
      const std::uint64_t number = number_of(factor);
      if (number > kMostRounds) return UINT64_MAX;
      rounds = std::min(rounds * number, kMostRounds + 1);
    }
    return rounds;
  }
  const auto pbkdf2 = parameters_of<PBKDF2PARAM, PBKDF2PARAM_free>(derivation, ASN1_ITEM_rptr(PBKDF2PARAM));
  return pbkdf2 ? number_of(pbkdf2->iter) : 0;
}

// How often an algorithm hashes the password: PBES2 and PBMAC1, which have parameters of one form, and the older ones
// of PKCS#5 and PKCS#12. 0 for what OpenSSL will refuse.
std::uint64_t rounds_of(const X509_ALGOR* algorithm) {
  const int kind = kind_of(algorithm);
  if (kind == NID_pbes2 || kind == NID_pbmac1) {
    const auto pbes2 = parameters_of<PBE2PARAM, PBE2PARAM_free>(algorithm, ASN1_ITEM_rptr(PBE2PARAM));
    return pbes2 ? rounds_of_derivation(pbes2->keyfunc) : 0;
  }
  const auto pbe = parameters_of<PBEPARAM, PBEPARAM_free>(algorithm, ASN1_ITEM_rptr(PBEPARAM));
  return pbe ? number_of(pbe->iter) : 0;
}

std::uint64_t rounds_of(const X509_SIG* encrypted_key) {
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(encrypted_key, &algorithm, nullptr);
  return rounds_of(algorithm);
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
  // OpenSSL's callbacks take what they are given as `void*`; this one only reads.
  void* context = const_cast<Secret*>(&password);
  const EncryptedKey pkcs8(PEM_read_bio_PKCS8(bio_over(block.text).get(), nullptr, give_password, context));
  if (pkcs8 && rounds_of(pkcs8.get()) > kMostRounds) return too_many_rounds();
  ERR_clear_error();
  const Bio bio = bio_over(block.text);
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

// What a PFX holds that PKCS12_parse does not tell: it takes the first key and says nothing of others, and hashes as
// often as it is told.
class PfxSurvey {
 public:
  // `password` null for none.
  PfxSurvey(const PKCS12* pfx, const char* password) : password_(password) {
    const X509_ALGOR* check = nullptr;
    const ASN1_INTEGER* check_rounds = nullptr;
    PKCS12_get0_mac(nullptr, &check, nullptr, &check_rounds, pfx);
    if (check != nullptr) add_rounds(rounds_of(check));
    if (check_rounds != nullptr) add_rounds(number_of(check_rounds));
    const std::unique_ptr<STACK_OF(PKCS7), ReleaseStack> safes(PKCS12_unpack_authsafes(pfx));
    for (int i = 0; i < sk_PKCS7_num(safes.get()); ++i) {
      const Bags bags = bags_of(sk_PKCS7_value(safes.get(), i));
      visit(bags.get());
    }
  }

  [[nodiscard]] int keys() const { return keys_; }
  [[nodiscard]] bool has_too_many_rounds() const { return rounds_ > kMostRounds; }

 private:
  void add_rounds(std::uint64_t rounds) { rounds_ += std::min(rounds, kMostRounds + 1); }

  Bags bags_of(PKCS7* safe) {
    if (PKCS7_type_is_data(safe)) return Bags(PKCS12_unpack_p7data(safe));
    if (!PKCS7_type_is_encrypted(safe) || safe->d.encrypted == nullptr) return nullptr;
    add_rounds(rounds_of(safe->d.encrypted->enc_data->algorithm));
    if (has_too_many_rounds()) return nullptr;
    Bags bags(PKCS12_unpack_p7encdata(safe, password_, -1));
    // No password has two forms.
    if (!bags && password_ == nullptr) bags.reset(PKCS12_unpack_p7encdata(safe, "", -1));
    return bags;
  }

  // Bags nest as deep as OpenSSL's decoder allows, which is 30.
  void visit(const STACK_OF(PKCS12_SAFEBAG) * bags) {
    for (int i = 0; i < sk_PKCS12_SAFEBAG_num(bags); ++i) {
      const PKCS12_SAFEBAG* bag = sk_PKCS12_SAFEBAG_value(bags, i);
      const int kind = PKCS12_SAFEBAG_get_nid(bag);
      if (kind == NID_keyBag || kind == NID_pkcs8ShroudedKeyBag) ++keys_;
      if (kind == NID_pkcs8ShroudedKeyBag) add_rounds(rounds_of(PKCS12_SAFEBAG_get0_pkcs8(bag)));
      if (kind == NID_safeContentsBag) visit(PKCS12_SAFEBAG_get0_safes(bag));
    }
  }

  const char* const password_;
  int keys_ = 0;
  std::uint64_t rounds_ = 0;
};

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
  const PfxSurvey survey(pfx.get(), given);
  ERR_clear_error();
  const bool parsed = !survey.has_too_many_rounds() && PKCS12_parse(pfx.get(), given, &key, &own, &others) == 1;
  OPENSSL_cleanse(text.data(), text.size());
  if (survey.has_too_many_rounds()) return too_many_rounds();
  Content content;
  content.key.reset(key);
  const std::unique_ptr<STACK_OF(X509), ReleaseStack> rest(others);
  if (own != nullptr) content.certificates.emplace_back(own);
  while (sk_X509_num(rest.get()) > 0) content.certificates.emplace_back(sk_X509_shift(rest.get()));

  if (!parsed) return decryption_failed(password);
  if (content.certificates.empty()) return unusable("it holds no certificate");
  if (!content.key) return unusable("it holds no private key");
  if (survey.keys() > 1) return unusable("it holds several private keys; leave only that of the certificate");
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
    if (EVP_DigestSignInit_ex(context.get(), &parameters, "SHA256", shared_crypto().library.get(), nullptr,
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
  const Crypto& crypto = shared_crypto();
  if (!crypto.standard) return openssl_failed();
  auto content = pem ? read_pem(bytes, password, crypto) : read_pfx(bytes, password, crypto);
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
  keys->sha1 = digest_of(keys->chain.front(), "SHA1", crypto.library.get());
  keys->sha256 = digest_of(keys->chain.front(), "SHA256", crypto.library.get());
  if (keys->sha1.empty() || keys->sha256.empty()) return openssl_failed();
  return Certificate(std::move(keys));
}

}  // namespace azf::identity
