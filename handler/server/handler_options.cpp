#include "server/handler_options.h"

#include "core/setting_problems.h"

#include <algorithm>
#include <utility>

namespace azf {
namespace {

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// Where to listen and who may connect there, which must fit each other.
void load_client_settings(const Environment& environment, HandlerOptions& options, SettingProblems& problems) {
  const auto listen = environment.get("AZF_LISTEN_ADDRESS");
  const auto address = listen ? parse_ip_address(*listen) : IpAddress::loopback();
  if (!address) problems.refuse("AZF_LISTEN_ADDRESS", "an IPv4 or IPv6 address such as 0.0.0.0", *listen);
  const auto clients = environment.get("AZF_ALLOWED_CLIENTS");
  for (const std::string_view item : clients ? list_items(*clients) : std::vector<std::string_view>()) {
    const auto range = parse_address_range(item);
    if (range) options.allowed_clients.push_back(*range);
    if (!range) problems.refuse("AZF_ALLOWED_CLIENTS", range.error().message, item);
  }
  if (const auto text = environment.get("AZF_CLIENT_OWNER_CHECK")) {
    if (*text == "off") options.owner_check = OwnerCheck::kOff;
    if (*text != "off" && *text != "on") problems.refuse("AZF_CLIENT_OWNER_CHECK", "on or off", *text);
  }
  if (!address) return;
  options.listen_address = *address;
  if (!address->is_loopback() && !clients) {
    problems.add(
        "AZF_ALLOWED_CLIENTS (--allow) must be set where AZF_LISTEN_ADDRESS (--listen) is open to other machines, "
        "since "
        "whoever connects may call every function without a key: name the addresses of the proxy in front of the "
        "handler, or of the Functions host, such as 10.0.0.4 or 10.1.0.0/16");
  }
  if (address->is_loopback() && clients) {
    problems.add(
        "AZF_ALLOWED_CLIENTS (--allow) must not be set where AZF_LISTEN_ADDRESS (--listen) is on loopback, since none "
        "of "
        "these clients can connect: remove it, or set AZF_LISTEN_ADDRESS, such as to 0.0.0.0");
  }
}

}  // namespace

std::vector<std::string_view> list_items(std::string_view text) {
  std::vector<std::string_view> items;
  for (auto comma = text.find(','); comma != std::string_view::npos; comma = text.find(',')) {
    items.push_back(without_blanks(text.substr(0, comma)));
    text.remove_prefix(comma + 1);
  }
  items.push_back(without_blanks(text));
  return items;
}

std::optional<std::uint16_t> parse_port(std::string_view text, bool allow_zero) {
  const auto number = parse_setting_number(text, allow_zero ? 0 : 1, UINT16_MAX);
  if (!number) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

Result<HandlerOptions> load_handler_options(const Environment& environment) {
  HandlerOptions options;
  SettingProblems problems;

  for (const std::string_view name : {"FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT"}) {
    const auto text = environment.get(name);
    if (!text) continue;
    options.port = parse_port(*text);
    if (!options.port) problems.refuse(name, "a TCP port between 1 and 65535", *text);
    break;
  }
  if (const auto text = environment.get("AZF_LOG_LEVEL")) {
    options.log_level = parse_log_level(*text);
    if (!options.log_level) {
      problems.refuse("AZF_LOG_LEVEL", "debug, info, warn or error", *text);
    }
  }
  if (const auto text = environment.get("AZF_LOG_FORMAT")) {
    if (*text == "json" || *text == "text") {
      options.log_format = *text == "json" ? LogFormat::kJson : LogFormat::kText;
    } else {
      problems.refuse("AZF_LOG_FORMAT", "json or text", *text);
    }
  }
  if (const auto seconds =
          problems.number_in(environment, "AZF_DRAIN_SECONDS", {0, 600, "a whole number of seconds"})) {
    options.drain_limit = std::chrono::seconds(*seconds);
  }
  load_client_settings(environment, options, problems);
  if (auto outcome = problems.outcome(); !outcome) return std::move(outcome).error();
  return options;
}

}  // namespace azf
