#pragma once

#include "core/environment.h"

#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// The proxy for one scheme. Value.
struct Proxy {
  /// The variable that names it, for messages.
  std::string variable;
  /// As the variable has it. It may hold a password, so it is never shown.
  std::string url;

  friend bool operator==(const Proxy&, const Proxy&) = default;
};

/// The first that is set: for `https` of `https_proxy`, `HTTPS_PROXY`, `all_proxy` and `ALL_PROXY`; for `http` of
/// `http_proxy`, `all_proxy` and `ALL_PROXY`. Upper-case `HTTP_PROXY` is not read, as libcurl does not: CGI-style
/// servers make it from a request's `Proxy` header.
std::optional<Proxy> find_proxy(const Environment& environment, std::string_view scheme);

/// The hosts that no proxy is asked for, as `no_proxy`, else `NO_PROXY`, lists them. Valid as long as `environment`.
std::string_view proxy_exemptions(const Environment& environment);

}  // namespace azf
