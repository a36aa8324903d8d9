#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

namespace azf::test {

/// Releases an object of OpenSSL by that function of its.
template <auto function>
struct Release {
  template <typename T>
  void operator()(T* object) const noexcept {
    (void)function(object);
  }
};

using BioHandle = std::unique_ptr<BIO, Release<BIO_free>>;
using CertificateHandle = std::unique_ptr<X509, Release<X509_free>>;
using DigestHandle = std::unique_ptr<EVP_MD_CTX, Release<EVP_MD_CTX_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;

}  // namespace azf::test
