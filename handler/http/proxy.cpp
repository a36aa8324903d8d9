#include "http/proxy.h"

#include <array>
#include <span>

namespace azf {

std::optional<Proxy> find_proxy(const Environment& environment, std::string_view scheme) {
  constexpr std::array kForHttps = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  constexpr std::array kForHttp = {"http_proxy", "all_proxy", "ALL_PROXY"};
  for (const auto* variable : scheme == "https" ? std::span<const char* const>(kForHttps) : kForHttp) {
    if (const auto url = environment.get(variable)) return Proxy{variable, std::string(*url)};
  }
  return std::nullopt;
}

std::string_view proxy_exemptions(const Environment& environment) {
  const auto lower_case = environment.get("no_proxy");
  return lower_case ? *lower_case : environment.get("NO_PROXY").value_or("");
}

}  // namespace azf
