#include "vector_runner/comparison.h"

#include "core/number_text.h"
#include "http/url.h"
#include "identity/text.h"
#include "vector_runner/field_reader.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <iterator>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

namespace azf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kSlackSeconds = 10;

// What some SDK has and this program has not, or the other way round, is no tool run to wait for.
constexpr std::array<std::string_view, 3> kTools = {"az", "azd", "pwsh"};

std::string list_of(const std::vector<std::string>& texts, std::string_view separator = " ") {
  std::string list;
  for (const std::string& each : texts) list.append(list.empty() ? "" : separator).append(each);
  return list.empty() ? "none" : list;
}

// ---- texts

std::optional<std::int64_t> seconds_from_now(std::string_view marker) {
  if (marker == "<now>") return 0;
  if (!marker.starts_with("<now") || !marker.ends_with('>')) return std::nullopt;
  std::string_view number = marker.substr(4, marker.size() - 5);
  if (number.starts_with('+')) number.remove_prefix(1);
  return parse_number<std::int64_t>(number);
}

bool is_about(std::string_view actual, std::int64_t expected) {
  const auto number = parse_number<std::int64_t>(actual);
  return number && std::abs(*number - expected) <= kSlackSeconds;
}

bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = std::string_view("0123456789abcdefABCDEF").find(text[i]) != std::string_view::npos;
    if (hyphen ? text[i] != '-' : !hex) return false;
  }
  return true;
}

bool is_jwt(std::string_view text) {
  const auto in_jwt = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  };
  return std::ranges::count(text, '.') == 2 && std::ranges::all_of(text, in_jwt);
}

// ---- the parts of a request

// All values of a name, in order.
using Values = std::vector<std::string>;

std::vector<std::string> texts_of(const Json& value) {
  std::vector<std::string> texts;
  for (const Json& each : value.is_array() ? std::vector<Json>(value.begin(), value.end()) : std::vector{value}) {
    texts.push_back(each.is_string() ? each.get<std::string>() : to_text(each));
  }
  return texts;
}

Values values_in(const std::vector<NameValue>& fields, const std::string& name) {
  Values values;
  for (const auto& [field, value] : fields) {
    if (field == name) values.push_back(value);
  }
  return values;
}

std::multiset<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

// Order never matters: neither in JSON nor in a list of scopes (RFC 6749 section 3.3).
bool value_matches(std::string_view name, const std::string& expected, const std::string& actual, SystemTime now) {
  if (text_matches(expected, actual, now)) return true;
  if (name == "scope") return words_of(expected) == words_of(actual);
  if (!expected.starts_with('{')) return false;
  const auto left = parse_json(expected);
  const auto right = parse_json(actual);
  return left && right && *left == *right;
}

bool all_match(std::string_view name, const Values& expected, Values actual, SystemTime now) {
  if (expected.size() != actual.size()) return false;
  return std::ranges::all_of(expected, [&](const std::string& each) {
    const auto match =
        std::ranges::find_if(actual, [&](const std::string& value) { return value_matches(name, each, value, now); });
    if (match == actual.end()) return false;
    actual.erase(match);
    return true;
  });
}

void compare_fields(const Json& expected, const char* what, const std::function<Values(const std::string&)>& actual,
                    SystemTime now, std::vector<std::string>& found) {
  for (const auto& [name, value] : members_of(&expected)) {
    const Values right = texts_of(value);
    const Values got = actual(name);
    if (all_match(name, right, got, now)) continue;
    found.push_back(std::string(what) + " " + name + ": expected " + list_of(right) + ", got " + list_of(got));
  }
}

// Scheme, host, port and path; and the query apart.
std::pair<std::string, std::string> split_url(const std::string& text) {
  const auto url = parse_url(text);
  if (!url) return {text, ""};
  return {without_query(*url), url->query};
}

void compare_url(const ExpectedRequest& expected, const SentRequest& sent, std::vector<std::string>& found) {
  std::vector<std::string> right = expected.urls;
  if (right.empty() && !expected.url.empty()) right.push_back(expected.url);
  if (right.empty()) return;
  const std::string got = split_url(sent.request.url).first;
  const bool known = std::ranges::any_of(right, [&](const std::string& url) { return split_url(url).first == got; });
  if (!known) found.push_back("url: expected " + list_of(right, " or ") + ", got " + got);
}

void compare_assertion(const Json& expected, const SentRequest& sent, const std::vector<KnownCertificate>& certificates,
                       std::vector<std::string>& found) {
  const Values tokens = values_in(form_decode(sent.request.body), "client_assertion");
  if (tokens.size() != 1) {
    found.push_back("assertion: expected one, got " + std::to_string(tokens.size()));
    return;
  }
  const auto assertion = read_assertion(tokens.front(), certificates);
  if (!assertion) {
    found.push_back("assertion: " + assertion.error().message);
    return;
  }
  std::vector<std::string> problems;
  FieldReader reader(&expected, "assertion", problems);
  const auto in = [](const Json& object) {
    return [&object](const std::string& name) {
      const Json* member = find_member(object, name);
      return member == nullptr ? Values{} : texts_of(*member);
    };
  };
  if (const Json* header = reader.object("header")) {
    compare_fields(*header, "assertion header", in(assertion->header), sent.wall_clock, found);
  }
  if (const Json* claims = reader.object("claims")) {
    compare_fields(*claims, "assertion claim", in(assertion->claims), sent.wall_clock, found);
  }
  // Their order never matters, so only their names are left to compare.
  for (const auto& [list, object] :
       {std::pair("header_order", &assertion->header), std::pair("claims_order", &assertion->claims)}) {
    for (const std::string& name : reader.texts(list)) {
      if (find_member(*object, name) == nullptr) found.push_back(std::string("assertion: no ") + name);
    }
  }
  if (const auto lifetime = reader.number("lifetime_s")) {
    const auto number = [&](const char* name) { return optional_integer(assertion->claims, name); };
    const auto end = number("exp");
    auto begin = number("nbf");
    if (begin && !*begin) begin = number("iat");
    const bool right = end && begin && *end && *begin && **end - **begin == *lifetime;
    if (!right) found.push_back("assertion lifetime: expected " + std::to_string(*lifetime) + " s");
  }
  if (const auto signer = reader.optional_text("signature_made_by");
      signer && *signer != assertion->signature_made_by) {
    found.push_back("assertion signature: expected that of " + *signer + ", got that of " +
                    assertion->signature_made_by);
  }
  reader.finish();
  found.insert(found.end(), problems.begin(), problems.end());
}

std::vector<std::string> request_differences(const ExpectedRequest& expected, const SentRequest& sent,
                                             const std::vector<KnownCertificate>& certificates) {
  std::vector<std::string> found;
  compare_url(expected, sent, found);
  // Where the recordings went to different places, the method belongs to the first of them.
  const bool method_counts =
      expected.urls.empty() || split_url(expected.url).first == split_url(sent.request.url).first;
  const std::string method(to_string(sent.request.method));
  if (method_counts && !expected.method.empty() && expected.method != method) {
    found.push_back("method: expected " + expected.method + ", got " + method);
  }
  const auto query = form_decode(split_url(sent.request.url).second);
  const auto form = form_decode(sent.request.body);
  compare_fields(
      expected.query, "query", [&](const std::string& name) { return values_in(query, name); }, sent.wall_clock, found);
  for (const auto& [name, value] : form_decode(split_url(expected.url).second)) {
    if (!std::ranges::any_of(values_in(query, name),
                             [&](const auto& each) { return text_matches(value, each, sent.wall_clock); })) {
      found.push_back("query " + name + ": expected " + value + ", got " + list_of(values_in(query, name)));
    }
  }
  compare_fields(
      expected.headers, "header",
      [&](const std::string& name) {
        Values values;
        for (const std::string_view each : sent.request.headers.all(name)) values.emplace_back(each);
        return values;
      },
      sent.wall_clock, found);
  compare_fields(
      expected.body_form, "form field", [&](const std::string& name) { return values_in(form, name); }, sent.wall_clock,
      found);
  if (expected.body_text && !text_matches(*expected.body_text, sent.request.body, sent.wall_clock)) {
    found.push_back("body: expected " + *expected.body_text + ", got " + sent.request.body);
  }
  if (!expected.assertion.is_null()) compare_assertion(expected.assertion, sent, certificates, found);
  return found;
}

// Gives `request` one of the expected ones that it matches, moving others on where that is needed (Kuhn's algorithm).
bool assign(std::size_t request, const std::vector<std::vector<bool>>& matches, std::vector<bool>& visited,
            std::vector<std::optional<std::size_t>>& owner) {
  for (std::size_t i = 0; i < owner.size(); ++i) {
    if (!matches[request][i] || visited[i]) continue;
    visited[i] = true;
    if (!owner[i] || assign(*owner[i], matches, visited, owner)) {
      owner[i] = request;
      return true;
    }
  }
  return false;
}

// Callers at once send in any order.
bool match_in_some_order(const std::vector<ExpectedRequest>& expected, const Observation& seen) {
  if (expected.size() != seen.sent.size()) return false;
  std::vector<std::vector<bool>> matches;
  for (const SentRequest& sent : seen.sent) {
    matches.emplace_back();
    for (const ExpectedRequest& each : expected) {
      matches.back().push_back(request_differences(each, sent, seen.certificates).empty());
    }
  }
  std::vector<std::optional<std::size_t>> owner(expected.size());
  for (std::size_t i = 0; i < matches.size(); ++i) {
    std::vector<bool> visited(expected.size());
    if (!assign(i, matches, visited, owner)) return false;
  }
  return true;
}

void prefix_and_append(const std::string& prefix, std::vector<std::string> lines, std::vector<std::string>& found) {
  for (std::string& line : lines) found.push_back(prefix + std::move(line));
}

void compare_requests_in_order(const std::vector<ExpectedRequest>& expected, const Observation& seen,
                               std::vector<std::string>& found) {
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string which = "request " + std::to_string(i + 1) + ": ";
    if (i >= seen.sent.size()) {
      const std::string line = list_of({expected[i].method, expected[i].url});
      found.push_back(which + "expected " + line + ", got none");
      continue;
    }
    prefix_and_append(which, request_differences(expected[i], seen.sent[i], seen.certificates), found);
  }
}

// With a range of counts `expected` is one recording: each request must be like one of it.
void compare_varying_requests(const std::vector<ExpectedRequest>& expected, const Observation& seen,
                              std::vector<std::string>& found) {
  if (expected.empty()) return;
  for (std::size_t i = 0; i < seen.sent.size(); ++i) {
    std::vector<std::string> fewest;
    for (std::size_t j = 0; j < expected.size(); ++j) {
      auto differs = request_differences(expected[j], seen.sent[i], seen.certificates);
      if (j == 0 || differs.size() < fewest.size()) fewest = std::move(differs);
    }
    prefix_and_append("request " + std::to_string(i + 1) + ": ", std::move(fewest), found);
  }
}

bool has_parallel_calls(const Observation& seen) {
  std::set<std::size_t> calls;
  return std::ranges::any_of(seen.outcomes, [&](const auto& outcome) { return !calls.insert(outcome.call).second; });
}

// ---- outcomes

bool outcome_matches(const std::vector<std::string>& right, const CallOutcome& outcome) {
  return std::ranges::any_of(right, [&](const std::string& each) {
    if (each == "error") return !outcome.token;
    if (each == "tokens") return outcome.token && !outcome.token->empty();
    return outcome.token == each;
  });
}

void compare_results(const std::vector<std::vector<std::string>>& expected, const Observation& seen,
                     std::vector<std::string>& found) {
  const std::size_t calls = seen.outcomes.empty() ? 0 : seen.outcomes.back().call + 1;
  if (expected.size() != calls) {
    found.push_back("results: expected " + std::to_string(expected.size()) + " calls, got " + std::to_string(calls));
    return;
  }
  std::set<std::size_t> told;
  for (const CallOutcome& outcome : seen.outcomes) {
    const auto& right = expected[outcome.call];
    if (outcome_matches(right, outcome) || !told.insert(outcome.call).second) continue;
    found.push_back("result " + std::to_string(outcome.call + 1) + ": expected " + list_of(right, " or ") + ", got " +
                    description_of(outcome));
  }
}

std::string class_of(const Error& error, bool nothing_sent) {
  if (error.kind == ErrorKind::kCredentialUnavailable) return "unavailable";
  if (error.kind == ErrorKind::kAuthenticationFailed || error.kind == ErrorKind::kTimeout) return "failed";
  if (error.kind == ErrorKind::kInvalidArgument) return nothing_sent ? "configuration" : "configuration, but sent";
  return std::string(to_string(error.kind));
}

void compare_errors(const Expectation& expected, const Observation& seen, std::vector<std::string>& found) {
  if (expected.error_class.empty() || expected.error_class == "any") return;
  const bool nothing_sent = seen.sent.empty() && seen.command_lines.empty();
  for (const CallOutcome& outcome : seen.outcomes) {
    if (outcome.token) continue;
    const std::string got = class_of(outcome.error, nothing_sent);
    if (got == expected.error_class) continue;
    found.push_back("error_class: expected " + expected.error_class + ", got " + got + " (" + description_of(outcome) +
                    ")");
    return;
  }
}

// Of the last call.
void compare_expiry(const Expectation& expected, const Observation& seen, std::vector<std::string>& found) {
  if (!expected.expires_in_s) return;
  for (const CallOutcome& outcome : seen.outcomes) {
    if (outcome.call != seen.outcomes.back().call || !outcome.token) continue;
    const auto got = outcome.expires_in.count();
    if (std::abs(got - *expected.expires_in_s) <= kSlackSeconds) continue;
    found.push_back("expires_in_s: expected " + std::to_string(*expected.expires_in_s) + ", got " +
                    std::to_string(got));
    return;
  }
}

void compare_times(const Expectation& expected, const Observation& seen, std::vector<std::string>& found) {
  for (std::size_t i = 0; i < expected.min_delays_ms.size(); ++i) {
    const std::string right = std::to_string(expected.min_delays_ms[i]);
    const std::string which = "wait before attempt " + std::to_string(i + 2) + ": expected at least " + right + " ms";
    if (i + 1 >= seen.sent.size()) {
      found.push_back(which + ", got no such attempt");
      continue;
    }
    const auto wait = std::chrono::ceil<milliseconds>(seen.sent[i + 1].began - seen.sent[i].ended).count();
    if (wait < expected.min_delays_ms[i]) found.push_back(which + ", got " + std::to_string(wait));
  }
  if (!expected.max_total_ms) return;
  for (const CallOutcome& outcome : seen.outcomes) {
    if (outcome.took.count() <= *expected.max_total_ms) continue;
    found.push_back("max_total_ms: expected at most " + std::to_string(*expected.max_total_ms) + ", got " +
                    std::to_string(outcome.took.count()));
    return;
  }
}

// ---- tools

// JavaScript runs `pwsh /?` before each script, to see whether it is there; who does not has half of the runs.
std::vector<std::string> without_checks(const std::vector<std::string>& runs) {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    result.push_back(runs[i]);
    if (runs[i] == "pwsh" && i + 1 < runs.size() && runs[i + 1] == "pwsh") ++i;
  }
  return result;
}

void compare_tool_runs(std::vector<std::string> expected, const Observation& seen, std::vector<std::string>& found) {
  std::erase_if(expected, [](const std::string& tool) { return std::ranges::find(kTools, tool) == kTools.end(); });
  std::vector<std::string> got;
  for (const auto& line : seen.command_lines) got.push_back(line.front());
  if (got == expected || got == without_checks(expected)) return;
  found.push_back("tool_runs: expected " + list_of(expected) + ", got " + list_of(got));
}

// The words, each option together with its value, in no order.
std::multiset<std::string> words_in(const std::vector<std::string>& line) {
  std::multiset<std::string> words;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool has_value = line[i].starts_with("-") && i + 1 < line.size() && !line[i + 1].starts_with("-");
    words.insert(has_value ? line[i] + " " + line[i + 1] : line[i]);
    if (has_value) ++i;
  }
  return words;
}

void compare_command_lines(const Expectation& expected, const Observation& seen, std::vector<std::string>& found) {
  if (!expected.command_lines_seen) return;
  for (const auto& line : seen.command_lines) {
    bool tool_is_there = false;
    bool line_is_there = false;
    for (const auto& right : *expected.command_lines_seen) {
      tool_is_there = tool_is_there || (!right.empty() && right.front() == line.front());
      line_is_there = line_is_there || words_in(right) == words_in(line);
    }
    // Scripts for PowerShell are recorded as words about them, not as command lines.
    if (line_is_there || (!tool_is_there && line.front() == "pwsh")) continue;
    found.push_back("command line: expected one of those seen, got " + list_of(line));
  }
}

// ---- the whole

std::string counts_of(const Expectation& expected) {
  if (expected.fewest_requests == expected.most_requests) return std::to_string(expected.fewest_requests.value_or(0));
  const auto text = [](const auto& number) { return number ? std::to_string(*number) : std::string("any"); };
  return text(expected.fewest_requests) + " to " + text(expected.most_requests);
}

std::vector<std::string> differences_from(const Expectation& expected, const Observation& seen) {
  std::vector<std::string> found;
  compare_results(expected.results, seen, found);
  const auto count = static_cast<std::int64_t>(seen.sent.size());
  if (count < expected.fewest_requests.value_or(count) || count > expected.most_requests.value_or(count)) {
    found.push_back("request_count: expected " + counts_of(expected) + ", got " + std::to_string(count));
  }
  if (expected.requests_vary) {
    compare_varying_requests(expected.requests, seen, found);
  } else if (!has_parallel_calls(seen) || !match_in_some_order(expected.requests, seen)) {
    compare_requests_in_order(expected.requests, seen, found);
  }
  if (expected.tool_runs) compare_tool_runs(*expected.tool_runs, seen, found);
  compare_command_lines(expected, seen, found);
  compare_errors(expected, seen, found);
  compare_expiry(expected, seen, found);
  compare_times(expected, seen, found);
  return found;
}

// What another SDK did is right where `either` is set; but what the expectation says of errors, times and the end of
// the token still holds, and a token that has ended is never right.
Expectation as_expectation(const Recording& recording, const Expectation& expected) {
  Expectation other;
  for (const std::string& result : recording.results) other.results.push_back({result});
  other.fewest_requests = other.most_requests = recording.request_count;
  other.requests = recording.requests;
  if (expected.requests_vary) {
    other.fewest_requests = expected.fewest_requests;
    other.most_requests = expected.most_requests;
    other.requests_vary = true;
    other.requests = expected.requests;
  }
  other.tool_runs = recording.tools;
  other.command_lines_seen = expected.command_lines_seen;
  other.error_class = expected.error_class;
  other.expires_in_s = expected.expires_in_s;
  other.max_total_ms = expected.max_total_ms;
  return other;
}

bool matches_recording(const Recording& recording, const Expectation& expected, const Observation& seen) {
  const bool ended = std::ranges::any_of(
      seen.outcomes, [](const auto& outcome) { return outcome.token && outcome.expires_in <= seconds::zero(); });
  return !ended && differences_from(as_expectation(recording, expected), seen).empty();
}

}  // namespace

std::vector<std::string> differences(const Expectation& expected, const std::vector<Recording>& recordings,
                                     const Observation& seen) {
  auto found = differences_from(expected, seen);
  if (found.empty() || !expected.either) return found;
  const bool as_another = std::ranges::any_of(
      recordings, [&](const Recording& recording) { return matches_recording(recording, expected, seen); });
  return as_another ? std::vector<std::string>{} : found;
}

std::vector<std::string> leaks(const std::vector<PlantedSecret>& secrets, const Observation& seen) {
  std::vector<std::string> found;
  const auto search = [&](const std::string& where, const std::string& text) {
    for (const std::string& name : leaks_in(text, secrets)) found.push_back(name + " is in " + where);
  };
  search("the log", seen.log);
  for (const CallOutcome& outcome : seen.outcomes) {
    const std::string call = " of call " + std::to_string(outcome.call + 1);
    search("the message" + call, outcome.error.message);
    search("the attempts" + call, outcome.attempts);
  }
  for (const auto& line : seen.command_lines) {
    for (const std::string& word : line) search("a command line", word);
  }
  return found;
}

bool text_matches(std::string_view expected, std::string_view actual, SystemTime now) {
  if (const auto offset = seconds_from_now(expected)) {
    return is_about(actual, std::chrono::floor<seconds>(now.time_since_epoch()).count() + *offset);
  }
  if (expected == "<jwt>") return is_jwt(actual);
  constexpr std::string_view kGuid = "<guid>";
  const auto guid = expected.find(kGuid);
  if (guid == std::string_view::npos) return expected == actual;
  return actual.size() >= guid + 36 && actual.starts_with(expected.substr(0, guid)) &&
         is_guid(actual.substr(guid, 36)) &&
         text_matches(expected.substr(guid + kGuid.size()), actual.substr(guid + 36), now);
}

std::string description_of(const SentRequest& sent) {
  std::string text = std::string(to_string(sent.request.method)) + " " + sent.request.url;
  for (const auto& [name, value] : sent.request.headers)
    text.append("\n      ").append(name).append(": ").append(value);
  for (const auto& [name, value] : form_decode(sent.request.body)) text.append("\n      ").append(name + " = " + value);
  return text;
}

std::string description_of(const CallOutcome& outcome) {
  if (outcome.token) return *outcome.token;
  return "error " + std::string(to_string(outcome.error.kind)) + ": " + identity::printable(outcome.error.message, 160);
}

}  // namespace azf::test
