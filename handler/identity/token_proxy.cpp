#include "identity/token_proxy.h"

#include "http/url.h"
#include "identity/secret_file.h"
#include "identity/text.h"

#include <string_view>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::string_view kUrl = "AZURE_KUBERNETES_TOKEN_PROXY";
constexpr std::string_view kServerName = "AZURE_KUBERNETES_SNI_NAME";
constexpr std::string_view kCaFile = "AZURE_KUBERNETES_CA_FILE";
constexpr std::string_view kCaData = "AZURE_KUBERNETES_CA_DATA";

Error invalid(std::string_view variable, std::string_view what) {
  return {ErrorKind::kInvalidArgument, std::string(variable).append(what)};
}

}  // namespace

Result<std::optional<TokenProxy>> load_token_proxy(const Environment& environment) {
  std::string_view text = environment.get(kUrl).value_or("");
  if (text.empty()) {
    for (const std::string_view variable : {kServerName, kCaFile, kCaData}) {
      if (environment.has(variable)) return invalid(variable, " is set without AZURE_KUBERNETES_TOKEN_PROXY");
    }
    return std::optional<TokenProxy>();
  }
  if (environment.has(kCaFile) && environment.has(kCaData)) {
    return invalid(kCaFile, " and AZURE_KUBERNETES_CA_DATA are both set; only one of them can count");
  }
  const auto url = parse_url(text);
  if (!url) return with_context(url.error(), kUrl);
  if (url->scheme != "https" || text.find('?') != std::string_view::npos) {
    return invalid(kUrl, ": it must be an https URL without a query");
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  TokenProxy proxy;
  proxy.url = text;
  proxy.server_name = environment.get(kServerName).value_or("");
  proxy.ca_file = environment.get(kCaFile).value_or("");
  proxy.ca_certificates = environment.get(kCaData).value_or("");
  return std::optional(std::move(proxy));
}

Result<TokenCall, Refusal> through_token_proxy(const TokenProxy& proxy, TokenCall call) {
  const auto refuse = [](std::string reason) {
    return Refusal{.kind = ErrorKind::kAuthenticationFailed,
                   .problem = Problem::kInvalidSetting,
                   .reason = "token proxy: " + std::move(reason)};
  };
  const auto url = parse_url(call.request.url);
  if (!url) return refuse("the token URL cannot be taken apart: " + url.error().message);
  call.request.url = proxy.url + url->path;
  call.options.tls_server_name = proxy.server_name;
  call.options.ca_certificates = proxy.ca_certificates;
  if (!proxy.ca_file.empty()) {
    const auto content = load_secret_file(proxy.ca_file);
    if (!content) return refuse("CA certificates: " + content.error().message);
    call.options.ca_certificates = trimmed(content->expose());
    if (call.options.ca_certificates.empty()) return refuse("CA certificates: file " + proxy.ca_file + " is empty");
  }
  return call;
}

}  // namespace azf::identity
