#pragma once

#include "core/environment.h"
#include "core/log.h"
#include "core/result.h"
#include "server/client_policy.h"
#include "server/ip_address.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace azf {

/// Settings of the serving handler, from the environment alone. Value.
struct HandlerOptions {
  /// FUNCTIONS_CUSTOMHANDLER_PORT, else FUNCTIONS_HTTPWORKER_PORT (its name before 2020): where the host expects us.
  /// Nothing when neither is set.
  std::optional<std::uint16_t> port;
  /// AZF_LOG_LEVEL: debug, info, warn or error.
  std::optional<LogLevel> log_level;
  /// AZF_LOG_FORMAT: json (one object per line) or text (for people).
  std::optional<LogFormat> log_format;
  /// AZF_DRAIN_SECONDS, 0 to 600: how long requests in flight may go on after a stop signal.
  std::chrono::seconds drain_limit{10};
  /// AZF_LISTEN_ADDRESS: where to listen; another address than one of loopback only together with `allowed_clients`.
  /// The Functions host connects to 127.0.0.1 and nothing else.
  IpAddress listen_address = IpAddress::loopback();
  /// AZF_ALLOWED_CLIENTS, addresses and CIDR ranges with commas between them: who may connect where everybody could.
  /// Empty exactly when `listen_address` is one of loopback.
  std::vector<AddressRange> allowed_clients;
  /// AZF_CLIENT_OWNER_CHECK, on or off: whether other users of this machine are refused.
  OwnerCheck owner_check = OwnerCheck::kOn;
};

/// A decimal TCP port between 1 and 65535; 0 too if `allow_zero`.
std::optional<std::uint16_t> parse_port(std::string_view text, bool allow_zero = false);

/// The items of AZF_ALLOWED_CLIENTS; blanks around an item are skipped.
std::vector<std::string_view> list_items(std::string_view text);

/// Reads the settings. All wrong ones are reported together, one per line, with name, what was expected, and the
/// value's shape; kind `kInvalidArgument`.
Result<HandlerOptions> load_handler_options(const Environment& environment);

}  // namespace azf
