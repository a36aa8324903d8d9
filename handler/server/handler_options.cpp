#include "server/handler_options.h"

#include <charconv>
#include <string>

namespace azf {
namespace {

std::optional<unsigned> parse_number(std::string_view text, unsigned least, unsigned most) {
  unsigned number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    return std::nullopt;
  }
  return number;
}

// Settings are not secret, but whatever stands in one by mistake may be: a long value is described, not shown.
std::string shown(std::string_view value) {
  constexpr std::size_t kLongest = 24;
  if (value.size() > kLongest) return std::to_string(value.size()) + " characters";
  std::string text = "\"";
  for (const char c : value) text += c >= 0x20 && c < 0x7f ? c : '?';
  return text + "\"";
}

}  // namespace

std::optional<std::uint16_t> parse_port(std::string_view text, bool allow_zero) {
  const auto number = parse_number(text, allow_zero ? 0 : 1, UINT16_MAX);
  if (!number) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

Result<HandlerOptions> load_handler_options(const Environment& environment) {
  HandlerOptions options;
  std::string problems;
  const auto refuse = [&problems](std::string_view name, std::string_view expected, std::string_view value) {
    if (!problems.empty()) problems += '\n';
    problems.append(name).append(" must be ").append(expected).append(", got ").append(shown(value));
  };

  for (const std::string_view name : {"FUNCTIONS_CUSTOMHANDLER_PORT", "FUNCTIONS_HTTPWORKER_PORT"}) {
    const auto text = environment.get(name);
    if (!text) continue;
    options.port = parse_port(*text);
    if (!options.port) refuse(name, "a TCP port between 1 and 65535", *text);
    break;
  }
  if (const auto text = environment.get("AZF_LOG_LEVEL")) {
    options.log_level = parse_log_level(*text);
    if (!options.log_level) {
      refuse("AZF_LOG_LEVEL", "debug, info, warn or error", *text);
    }
  }
  if (const auto text = environment.get("AZF_LOG_FORMAT")) {
    if (*text == "json" || *text == "text") {
      options.log_format = *text == "json" ? LogFormat::kJson : LogFormat::kText;
    } else {
      refuse("AZF_LOG_FORMAT", "json or text", *text);
    }
  }
  if (const auto text = environment.get("AZF_DRAIN_SECONDS")) {
    if (const auto seconds = parse_number(*text, 0, 600)) {
      options.drain_limit = std::chrono::seconds(*seconds);
    } else {
      refuse("AZF_DRAIN_SECONDS", "a whole number of seconds between 0 and 600", *text);
    }
  }
  if (!problems.empty()) return Error{ErrorKind::kInvalidArgument, std::move(problems)};
  return options;
}

}  // namespace azf
