#include "identity/tool_output.h"

#include "core/json.h"
#include "core/time_text.h"
#include "http/message.h"
#include "identity/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <utility>

namespace azf::identity {
namespace {

using std::chrono::seconds;

Error unexpected(std::string what) { return {ErrorKind::kUnexpectedResponse, std::move(what)}; }

// The object that a tool printed, even with notices of the tool or of a start-up script before or behind it.
Result<Json> printed_object(std::string_view output) {
  auto whole = parse_json(output);
  if (whole && whole->is_object()) return whole;
  const auto begin = output.find('{');
  const auto end = output.rfind('}');
  if (begin != std::string_view::npos && end != std::string_view::npos && begin < end) {
    auto part = parse_json(output.substr(begin, end - begin + 1));
    if (part && part->is_object()) return part;
  }
  return unexpected(std::to_string(output.size()) + " bytes without a JSON object");
}

bool may_stand_in_header(char c) { return c > ' ' && c < '\x7f'; }

// A longer life is a mistake, and would overflow the clock's arithmetic.
constexpr std::int64_t kLongestLife = INT32_MAX;
// As for tokens of other credentials.
constexpr std::chrono::hours kLongLife{2};

std::optional<SystemTime> epoch_member(const Json& object, std::string_view name, SystemTime now) {
  const auto number = optional_integer(object, name);
  if (!number || !*number) return std::nullopt;
  const std::int64_t epoch_now = std::chrono::floor<seconds>(now.time_since_epoch()).count();
  if (**number <= 0 || **number > epoch_now + kLongestLife) return std::nullopt;
  return SystemTime(seconds(**number));
}

std::string text_member(const Json& object, std::string_view name) {
  const Json* member = find_member(object, name);
  return member != nullptr && member->is_string() ? member->get<std::string>() : std::string();
}

Result<TokenReply> reply_of(const Json& object, std::string_view token_name, std::optional<SystemTime> expires_on,
                            SystemTime now) {
  // Read in place: a copy by value would leave the token in memory that nobody wipes.
  const Json* token = find_member(object, token_name);
  if (token == nullptr || !token->is_string() || token->get_ref<const std::string&>().empty()) {
    return unexpected("a JSON object without " + std::string(token_name));
  }
  const auto& text = token->get_ref<const std::string&>();
  if (!std::ranges::all_of(text, may_stand_in_header)) {
    return unexpected("a token with characters that have no place in one");
  }
  if (!expires_on) return unexpected("a token without a readable time of expiry");
  if (*expires_on <= now) {
    return unexpected("a token that ended at " + to_rfc3339(*expires_on) +
                      ", in the past by this machine's clock; check the clock");
  }
  TokenReply reply{Secret(text), *expires_on, std::nullopt};
  if (*expires_on - now >= kLongLife) reply.refresh_on = now + (*expires_on - now) / 2;
  return reply;
}

// `2026-01-02 12:04:05.000000`; where a zone is given, that one counts.
std::optional<SystemTime> local_date(const std::string& text, LocalClock local_clock) {
  if (const auto reading = parse_rfc3339(text + "Z")) return local_clock(*reading);
  return parse_rfc3339(text);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-' || c == '+' || c == '=' || c == '~';
}

// Terminal control sequences (ECMA-48): ESC [ parameters final, ESC ] text BEL, and ESC with one character.
std::string without_escapes(std::string_view text) {
  constexpr char kEscape = '\x1b';
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != kEscape) {
      result.push_back(text[i]);
      continue;
    }
    // What is no part of a sequence stays: it may begin a character of several bytes.
    const auto next_is = [&](char first, char last) {
      return i + 1 < text.size() && text[i + 1] >= first && text[i + 1] <= last;
    };
    if (!next_is(' ', '~')) continue;
    const char kind = text[++i];
    if (kind == '[') {
      while (next_is(' ', '?')) ++i;
      if (next_is('@', '~')) ++i;
    } else if (kind == ']') {
      while (i + 1 < text.size() && text[i + 1] != '\a' && text[i + 1] != kEscape) ++i;
      if (i + 1 < text.size() && text[i + 1] == '\a') ++i;
    }
  }
  return result;
}

constexpr std::string_view kRedacted = "REDACTED";

// Names whose value is a secret wherever they stand; `token` only as a JSON member, as it is a word of prose too.
constexpr auto kSecretNames =
    std::to_array<std::string_view>({"accesstoken", "access_token", "refreshtoken", "refresh_token", "idtoken",
                                     "id_token", "clientsecret", "client_secret", "password", "assertion"});

bool names_secret(std::string_view word, bool quoted) {
  std::string name(word);
  std::ranges::transform(name, name.begin(), lower);
  return std::ranges::find(kSecretNames, name) != kSecretNames.end() || (quoted && name == "token");
}

// Base64 of `{"`: with this begin the header and the payload of each JSON web token.
bool looks_like_token(std::string_view word) {
  constexpr std::size_t kShortestToken = 20;
  constexpr std::size_t kLongestName = 80;
  return word.size() > kLongestName || (word.size() >= kShortestToken && word.find("eyJ") != std::string_view::npos);
}

// The end of the value that begins at `begin`, up to its closing quote where it has one.
std::size_t end_of_value(std::string_view text, std::size_t begin, std::string_view quote) {
  if (!quote.empty()) return std::min(text.find(quote, begin), text.size());
  return std::min(text.find_first_of(" \t\r\n,;}\"'", begin), text.size());
}

// Where the value begins for a name that ends at `at`: behind an optional quote, `:` or `=`, and an optional quote.
// Quotes may be escaped, as in JSON within JSON. `quote` becomes the value's quote.
std::optional<std::size_t> begin_of_value(std::string_view text, std::size_t at, std::string_view& quote) {
  const auto skip_blanks = [&] { at = std::min(text.find_first_not_of(" \t", at), text.size()); };
  const auto skip_quote = [&] {
    for (const std::string_view each : {"\\\"", "\"", "'"}) {
      if (!text.substr(at).starts_with(each)) continue;
      at += each.size();
      return each;
    }
    return std::string_view();
  };
  (void)skip_quote();
  skip_blanks();
  if (at >= text.size() || (text[at] != ':' && text[at] != '=')) return std::nullopt;
  ++at;
  skip_blanks();
  quote = skip_quote();
  return at;
}

std::string without_tokens(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  std::size_t i = 0;
  while (i < text.size()) {
    if (!is_word(text[i])) {
      result.push_back(text[i++]);
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    std::string_view word = text.substr(i, end - i);
    // `name=value` is one word by its characters.
    if (const auto equals = word.find('=');
        equals != std::string_view::npos && names_secret(word.substr(0, equals), false)) {
      word = word.substr(0, equals);
      end = i + equals;
    }
    std::string_view quote;
    const bool quoted = i > 0 && (text[i - 1] == '"' || text[i - 1] == '\'');
    auto value = names_secret(word, quoted) ? begin_of_value(text, end, quote) : std::nullopt;
    if (!value) {
      result.append(looks_like_token(word) ? kRedacted : word);
      i = end;
    }
    while (value) {
      result.append(text.substr(i, *value - i)).append(kRedacted);
      i = end_of_value(text, *value, quote);
      // What is quoted and has a value of its own was a name, and may be that of a secret.
      value = quote.empty() ? std::nullopt : begin_of_value(text, i, quote);
    }
  }
  return result;
}

// The message of one line, if it is one of those that the Azure Developer CLI prints as JSON.
std::string message_of_line(std::string_view line) {
  const auto json = parse_json(line);
  if (!json) return {};
  if (const Json* data = find_member(*json, "data")) return text_member(*data, "message");
  const Json* error = find_member(*json, "error");
  if (error == nullptr) return {};
  return error->is_string() ? error->get<std::string>() : text_member(*error, "message");
}

}  // namespace

std::optional<SystemTime> instant_of_local_clock(SystemTime reading) {
  const auto day = std::chrono::floor<std::chrono::days>(reading);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<seconds>(reading - day));
  std::tm fields{};
  fields.tm_year = static_cast<int>(date.year()) - 1900;
  fields.tm_mon = static_cast<int>(static_cast<unsigned>(date.month())) - 1;
  fields.tm_mday = static_cast<int>(static_cast<unsigned>(date.day()));
  fields.tm_hour = static_cast<int>(time.hours().count());
  fields.tm_min = static_cast<int>(time.minutes().count());
  fields.tm_sec = static_cast<int>(time.seconds().count());
  fields.tm_isdst = -1;
  std::time_t instant = std::mktime(&fields);
  if (instant == -1) return std::nullopt;

  // Which instant of a repeated hour mktime gives depends on its earlier calls.
  constexpr std::time_t kHour = 3600;
  const std::time_t earlier = instant - kHour;
  std::tm shown{};
  if (::localtime_r(&earlier, &shown) != nullptr && shown.tm_hour == fields.tm_hour && shown.tm_min == fields.tm_min &&
      shown.tm_mday == fields.tm_mday) {
    instant = earlier;
  }
  return SystemTime(seconds(instant));
}

Result<TokenReply> parse_azure_cli_output(std::string_view output, SystemTime now, LocalClock local_clock) {
  const auto object = printed_object(output);
  if (!object) return object.error();
  const std::string type = text_member(*object, "tokenType");
  if (!type.empty() && !equal_ignoring_case(type, "Bearer"))
    return unexpected("a token that is not of the type Bearer");
  auto expires_on = epoch_member(*object, "expires_on", now);
  if (!expires_on) expires_on = local_date(text_member(*object, "expiresOn"), local_clock);
  return reply_of(*object, "accessToken", expires_on, now);
}

Result<TokenReply> parse_azure_developer_cli_output(std::string_view output, SystemTime now) {
  const auto object = printed_object(output);
  if (!object) return object.error();
  return reply_of(*object, "token", parse_rfc3339(text_member(*object, "expiresOn")), now);
}

Result<TokenReply> parse_azure_powershell_output(std::string_view output, SystemTime now) {
  const auto object = printed_object(output);
  if (!object) return object.error();
  auto expires_on = epoch_member(*object, "ExpiresOn", now);
  if (!expires_on) expires_on = parse_rfc3339(text_member(*object, "ExpiresOn"));
  return reply_of(*object, "Token", expires_on, now);
}

std::string azure_developer_cli_message(std::string_view output) {
  std::string messages;
  while (!output.empty()) {
    const auto end = std::min(output.find('\n'), output.size());
    const std::string message = message_of_line(trimmed(output.substr(0, end)));
    output.remove_prefix(std::min(end + 1, output.size()));
    const std::string_view text = trimmed(message);
    if (!text.empty()) messages.append(messages.empty() ? "" : " ").append(text);
  }
  return messages;
}

std::string redacted_tool_text(std::string_view text) {
  constexpr std::size_t kLimit = 4096;
  return printable(trimmed(without_tokens(without_escapes(text))), kLimit);
}

std::vector<int> aadsts_numbers(std::string_view text) {
  constexpr std::string_view kPrefix = "AADSTS";
  constexpr std::size_t kMostNumbers = 16;
  std::vector<int> numbers;
  for (auto at = text.find(kPrefix); at != std::string_view::npos && numbers.size() < kMostNumbers;
       at = text.find(kPrefix, at + kPrefix.size())) {
    const std::string_view digits = text.substr(at + kPrefix.size());
    int number = 0;
    if (std::from_chars(digits.data(), digits.data() + digits.size(), number).ec != std::errc() || number <= 0)
      continue;
    if (std::ranges::find(numbers, number) == numbers.end()) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace azf::identity
