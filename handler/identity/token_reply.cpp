#include "identity/token_reply.h"

#include "core/json.h"
#include "core/time_text.h"
#include "http/message.h"
#include "identity/text.h"

#include <climits>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

namespace azf::identity {
namespace {

using std::chrono::seconds;

Error unexpected(std::string what) { return {ErrorKind::kUnexpectedResponse, std::move(what)}; }

// A longer life is a mistake, and would overflow the clock's arithmetic.
constexpr std::int64_t kLongestLife = INT32_MAX;
// No token of today ends before 2001: a smaller `expires_on` counts from now (AzureAD/
// microsoft-authentication-library-for-dotnet, ManagedIdentityResponse).
constexpr std::int64_t kFirstEpochSecond = 978307200;
// Refreshing at half of the life pays off from here on; the same limit in all MSAL libraries.
constexpr std::chrono::hours kLongLife{2};

std::optional<SystemTime> parse_date(std::string_view text) {
  if (const auto time = parse_rfc3339(text)) return time;
  if (const auto time = parse_http_date(text)) return time;
  return parse_us_date(text);
}

// `expires_on`; nothing if it is absent or unreadable.
std::optional<SystemTime> absolute_expiry(const Json& reply, SystemTime now) {
  const auto number = optional_integer(reply, "expires_on");
  if (number && *number) {
    const std::int64_t value = **number;
    const std::int64_t epoch_now = std::chrono::floor<seconds>(now.time_since_epoch()).count();
    if (value < 0 || value > epoch_now + kLongestLife) return std::nullopt;
    return value < kFirstEpochSecond ? now + seconds(value) : SystemTime(seconds(value));
  }
  const auto text = optional_string(reply, "expires_on");
  return text && *text ? parse_date(**text) : std::nullopt;
}

// `expires_in`; nothing if it is absent or unreadable.
std::optional<SystemTime> relative_expiry(const Json& reply, SystemTime now) {
  const auto life = optional_integer(reply, "expires_in");
  if (!life || !*life || **life < 0 || **life > kLongestLife) return std::nullopt;
  return now + seconds(**life);
}

Result<SystemTime> expiry(const Json& reply, SystemTime now) {
  const auto absolute = absolute_expiry(reply, now);
  const auto relative = relative_expiry(reply, now);
  if (absolute && *absolute > now) return relative ? std::min(*absolute, *relative) : *absolute;
  if (relative) return *relative;
  if (absolute) {
    return unexpected("the token ended at " + to_rfc3339(*absolute) +
                      ", in the past by this machine's clock; check the clock");
  }
  return unexpected("the reply does not say when its token ends (expires_in, expires_on missing or unreadable)");
}

std::optional<SystemTime> refresh_time(const Json& reply, SystemTime now, SystemTime expires_on) {
  const auto refresh_in = optional_integer(reply, "refresh_in");
  if (refresh_in && *refresh_in && **refresh_in > 0 && **refresh_in < kLongestLife) {
    const SystemTime due = now + seconds(**refresh_in);
    if (due < expires_on) return due;
  }
  if (expires_on - now >= kLongLife) return now + (expires_on - now) / 2;
  return std::nullopt;
}

constexpr std::size_t kDescriptionLimit = 4096;
constexpr std::size_t kNameLimit = 128;

// A string member, or nothing for any other type: a refusal is read for what it gives.
std::string text_member(const Json& object, std::string_view name, std::size_t limit = kNameLimit) {
  const Json* member = find_member(object, name);
  if (member == nullptr || !member->is_string()) return {};
  return printable(member->get_ref<const std::string&>(), limit);
}

std::vector<int> error_codes(const Json& reply, std::string_view description) {
  constexpr std::size_t kMostCodes = 16;
  std::vector<int> codes;
  if (const Json* list = find_member(reply, "error_codes"); list != nullptr && list->is_array()) {
    for (const Json& code : *list) {
      if (!code.is_number_unsigned() || codes.size() == kMostCodes) continue;
      const auto number = code.get<std::uint64_t>();
      if (number > 0 && number <= INT_MAX) codes.push_back(static_cast<int>(number));
    }
  }
  constexpr std::string_view kPrefix = "AADSTS";
  if (const auto at = description.find(kPrefix); codes.empty() && at != std::string_view::npos) {
    const std::string_view digits = description.substr(at + kPrefix.size());
    int code = 0;
    const auto status = std::from_chars(digits.data(), digits.data() + digits.size(), code).ec;
    if (status == std::errc() && code > 0) codes.push_back(code);
  }
  return codes;
}

// Not made printable: it goes back to where tokens are asked for. What is no JSON object is no challenge.
std::string claims_challenge(const Json& reply) {
  const Json* claims = find_member(reply, "claims");
  if (claims == nullptr || !claims->is_string()) return {};
  const auto& text = claims->get_ref<const std::string&>();
  const auto parsed = parse_json(text);
  return text.size() <= kDescriptionLimit && parsed && parsed->is_object() ? text : std::string();
}

}  // namespace

Result<TokenReply> parse_token_reply(std::string_view body, SystemTime now) {
  const auto reply = parse_json(body);
  if (!reply) return unexpected("the reply is not JSON; a proxy or a captive portal may have answered");

  const auto type = optional_string(*reply, "token_type");
  if (!type || (*type && !equal_ignoring_case(**type, "Bearer"))) {
    return unexpected("the reply's token is not of the type Bearer");
  }
  // Read in place: a copy by value would leave the token in memory that nobody wipes.
  const Json* token = find_member(*reply, "access_token");
  if (token == nullptr || !token->is_string() || token->get_ref<const std::string&>().empty()) {
    return unexpected("the reply holds no access_token");
  }
  const auto expires_on = expiry(*reply, now);
  if (!expires_on) return expires_on.error();
  TokenReply issued{Secret(token->get_ref<const std::string&>()), *expires_on, refresh_time(*reply, now, *expires_on)};
  const Json* refresh_token = find_member(*reply, "refresh_token");
  if (refresh_token != nullptr && refresh_token->is_string()) {
    issued.refresh_token = Secret(refresh_token->get_ref<const std::string&>());
  }
  return issued;
}

TokenRefusal parse_token_refusal(std::string_view body) {
  TokenRefusal refusal;
  const auto reply = parse_json(body);
  if (!reply || !reply->is_object()) {
    refusal.text = body.empty() ? "no explanation (empty body)"
                                : "no explanation (" + std::to_string(body.size()) +
                                      " bytes that are not a JSON object; a proxy may have answered)";
    return refusal;
  }

  // Service Fabric nests; Entra and IMDS have error and error_description, App Service has message.
  const Json* nested = find_member(*reply, "error");
  const Json& source = nested != nullptr && nested->is_object() ? *nested : *reply;
  std::string description = text_member(source, "error_description", kDescriptionLimit);
  if (description.empty()) description = text_member(source, "message", kDescriptionLimit);
  refusal.error = text_member(source, "error");
  if (refusal.error.empty()) refusal.error = text_member(source, "code");

  refusal.error_codes = error_codes(*reply, description);
  refusal.correlation_id = text_member(source, "correlation_id");
  if (refusal.correlation_id.empty()) refusal.correlation_id = text_member(source, "correlationId");

  const auto append = [&text = refusal.text](std::string_view before, std::string_view part) {
    if (part.empty()) return;
    if (!text.empty()) text.append(before);
    text.append(part);
  };
  append("", refusal.error);
  append(": ", description);
  if (refusal.text.empty()) refusal.text = "no explanation";
  refusal.claims = claims_challenge(*reply);
  // Descriptions of Entra end in these ids in prose; say them once.
  const std::string trace_id = text_member(source, "trace_id");
  if (!trace_id.empty() && description.find(trace_id) == std::string::npos) append("; trace_id=", trace_id);
  if (!refusal.correlation_id.empty() && description.find(refusal.correlation_id) == std::string::npos) {
    append("; correlation_id=", refusal.correlation_id);
  }
  return refusal;
}

}  // namespace azf::identity
