#include <curl/curl.h>
#include <httplib.h>
#include <openssl/provider.h>

#include <cstdio>

int main() {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const auto* info = curl_version_info(CURLVERSION_NOW);
  const int wanted = CURL_VERSION_SSL | CURL_VERSION_HTTP2 | CURL_VERSION_LIBZ | CURL_VERSION_ASYNCHDNS;
  std::printf("%s\nhttplib/%s\n", curl_version(), CPPHTTPLIB_VERSION);
  if ((info->features & wanted) != wanted || info->ares == nullptr) {
    std::puts("libcurl lacks one of TLS, HTTP/2, zlib, c-ares");
    return 1;
  }
  if (OSSL_PROVIDER_load(nullptr, "legacy") == nullptr) {
    std::puts("the legacy provider is not built in");
    return 1;
  }
  httplib::Server server;
  const bool bound = server.bind_to_any_port("127.0.0.1") > 0;
  std::puts(bound ? "ok" : "cannot bind on loopback");
  return bound ? 0 : 1;
}
