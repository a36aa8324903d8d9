#include "http/ca_bundle.h"

#include "support/temporary_directory.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

using azf::CaBundle;
using azf::CaLocation;
using azf::Environment;
using azf::find_ca_bundle;
using azf::test::TemporaryDirectory;

TEST_SUITE("http") {
  TEST_CASE("a file that a variable names is taken, curl's variable before OpenSSL's, without a look at it") {
    Environment environment;
    environment.set("SSL_CERT_FILE", "/no/such.pem");
    CHECK(find_ca_bundle(environment).file == CaLocation{"/no/such.pem", "SSL_CERT_FILE"});
    environment.set("CURL_CA_BUNDLE", "/nor/this.pem");
    CHECK(find_ca_bundle(environment) == CaBundle{CaLocation{"/nor/this.pem", "CURL_CA_BUNDLE"}, {}});
  }

  TEST_CASE("without a variable it is the first well-known file that has content") {
    const TemporaryDirectory root;
    root.write("etc/ssl/certs/ca-certificates.crt", "");
    root.write("etc/ssl/cert.pem", "x");
    CHECK(find_ca_bundle({}, root.path()).file == CaLocation{root.path() + "/etc/ssl/cert.pem", "well-known place"});
    root.write("etc/pki/tls/certs/ca-bundle.crt", "x");
    const CaBundle expected{CaLocation{root.path() + "/etc/pki/tls/certs/ca-bundle.crt", "well-known place"}, {}};
    CHECK(find_ca_bundle({}, root.path()) == expected);
  }

  TEST_CASE("a directory that SSL_CERT_DIR names is searched besides the file") {
    const TemporaryDirectory root;
    root.write("etc/ssl/cert.pem", "x");
    Environment environment;
    environment.set("SSL_CERT_DIR", "/my/certs");
    const CaBundle expected{CaLocation{root.path() + "/etc/ssl/cert.pem", "well-known place"},
                            CaLocation{"/my/certs", "SSL_CERT_DIR"}};
    CHECK(find_ca_bundle(environment, root.path()) == expected);
  }

  TEST_CASE("where there is no file, the well-known directory serves") {
    const TemporaryDirectory root;
    std::filesystem::create_directories(root.path() + "/etc/ssl/certs");
    CHECK(find_ca_bundle({}, root.path()) ==
          CaBundle{{}, CaLocation{root.path() + "/etc/ssl/certs", "well-known place"}});
  }

  TEST_CASE("an empty machine has no bundle") {
    const TemporaryDirectory root;
    CHECK(find_ca_bundle({}, root.path()).empty());
  }

  TEST_CASE("the description names place and origin, or what to do") {
    CHECK(azf::describe({CaLocation{"/a.pem", "SSL_CERT_FILE"}, {}}) == "/a.pem (SSL_CERT_FILE)");
    CHECK(azf::describe({CaLocation{"/a.pem", "well-known place"}, CaLocation{"/d", "SSL_CERT_DIR"}}) ==
          "/a.pem (well-known place) and /d (SSL_CERT_DIR)");
    CHECK(azf::describe({}).find("install ca-certificates") != std::string::npos);
  }
}
