#include "vector_runner/scenario.h"

#include "vector_runner/field_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

namespace azf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::array<std::string_view, 5> kFailures = {"refused", "timeout", "unreachable", "dns", "reset"};
constexpr std::array<std::string_view, 4> kErrorClasses = {"unavailable", "failed", "configuration", "any"};
constexpr std::array<const char*, 5> kWords = {"must", "must_not", "note", "basis", "why"};
constexpr std::array<std::string_view, 10> kJudged = {
    "results",     "request_count", "requests",      "tool_runs",    "command_lines_seen",
    "error_class", "expires_in_s",  "min_delays_ms", "max_total_ms", "either"};

std::map<std::string, std::string> texts_by_name(FieldReader& reader, const std::string& name) {
  std::map<std::string, std::string> texts;
  for (const auto& [key, value] : members_of(reader.object(name))) {
    if (!value.is_string()) reader.complain(name, "holds something that is not a text: " + key);
    texts[key] = value.is_string() ? value.get<std::string>() : "";
  }
  return texts;
}

// A text, or an object with one of `text` and `json`.
std::string parse_output(FieldReader& reader, const std::string& name) {
  const Json* output = reader.any(name);
  if (output == nullptr) return "";
  if (output->is_string()) return output->get<std::string>();
  FieldReader fields(output, reader.path() + "." + name, reader.problems());
  std::string text = fields.text("text");
  if (const Json* json = fields.any("json")) text = to_text(*json);
  fields.finish();
  return text;
}

int small_number(FieldReader& reader, const std::string& name, int fallback) {
  const auto number = reader.number(name).value_or(fallback);
  if (number >= std::numeric_limits<int>::min() && number <= std::numeric_limits<int>::max()) {
    return static_cast<int>(number);
  }
  reader.complain(name, "is too large");
  return fallback;
}

ScriptedTool parse_tool(const Json& tool, const std::string& path, std::vector<std::string>& problems) {
  FieldReader reader(&tool, path, problems);
  ScriptedTool result;
  result.standard_output = parse_output(reader, "stdout");
  result.standard_error = parse_output(reader, "stderr");
  for (auto line = reader.number("stderr_lines").value_or(0); line > 0; --line) {
    result.standard_error += "noise " + std::to_string(line) + "\n";
  }
  result.exit_code = small_number(reader, "exit", 0);
  result.duration = seconds(reader.number("sleep_s").value_or(0));
  result.exit_first_ok = reader.flag("exit_first_ok");
  result.no_execute = reader.flag("no_execute");
  reader.finish();
  return result;
}

ScriptedReply parse_reply(const Json& reply, const std::string& path, std::vector<std::string>& problems) {
  FieldReader reader(&reply, path, problems);
  ScriptedReply result;
  result.when = reader.text("when");
  result.failure = reader.text("fail");
  if (!result.failure.empty() && std::ranges::find(kFailures, result.failure) == kFailures.end()) {
    reader.complain("fail", "is unknown: " + result.failure);
  }
  result.delay = milliseconds(reader.number("delay_ms").value_or(0));
  result.status = small_number(reader, "status", 200);
  for (const auto& [name, value] : members_of(reader.object("headers"))) {
    const std::vector<Json> values =
        value.is_array() ? std::vector<Json>(value.begin(), value.end()) : std::vector{value};
    for (const Json& each : values) {
      if (!each.is_string()) reader.complain("headers", "holds something that is not a text: " + name);
      result.headers.emplace_back(name, each.is_string() ? each.get<std::string>() : "");
    }
  }
  result.body = reader.text("text");
  if (const Json* json = reader.any("json")) result.body = to_text(*json);
  reader.finish();
  return result;
}

Step parse_step(const Json& step, const std::string& path, std::vector<std::string>& problems) {
  FieldReader reader(&step, path, problems);
  Step result;
  const std::string op = reader.text("op");
  if (op == "get_token") {
    result.scopes = reader.texts("scopes");
    result.tenant_id = reader.text("tenant_id");
    result.claims = reader.text("claims");
    result.enable_cae = reader.flag("enable_cae");
    const auto parallel = reader.number("parallel").value_or(1);
    if (parallel < 1 || parallel > 256) reader.complain("parallel", "is not between 1 and 256");
    result.parallel = static_cast<std::size_t>(std::clamp<std::int64_t>(parallel, 1, 256));
  } else if (op == "advance_clock") {
    result.op = Step::Op::kAdvanceClock;
    result.duration = seconds(reader.number("seconds").value_or(0));
  } else if (op == "sleep") {
    result.op = Step::Op::kSleep;
    result.duration = milliseconds(reader.number("ms").value_or(0));
  } else if (op == "write_file") {
    result.op = Step::Op::kWriteFile;
    result.file_name = reader.text("name");
    result.file_content = reader.text("content");
  } else {
    reader.complain("op", "is unknown: " + op);
  }
  reader.finish();
  return result;
}

// Of `expect`, or of a recording, which says more than is compared.
ExpectedRequest parse_request(FieldReader& reader) {
  ExpectedRequest request;
  request.method = reader.text("method");
  request.url = reader.text("url");
  request.urls = reader.texts("url_differs");
  const auto copy_of = [](const Json* member) { return member == nullptr ? Json() : *member; };
  request.query = copy_of(reader.object("query"));
  request.headers = copy_of(reader.object("headers"));
  request.body_form = copy_of(reader.object("body_form"));
  request.body_text = reader.optional_text("body_text");
  request.assertion = copy_of(reader.object("assertion"));
  return request;
}

// By which an SDK names itself and its requests.
bool is_telemetry(const std::string& name) {
  return name.starts_with("x-") || name == "client-request-id" || name == "client_info";
}

// Of a recorded request: what does not only tell which SDK sent it.
ExpectedRequest what_counts(ExpectedRequest request) {
  request.url.erase(std::min(request.url.find('?'), request.url.size()));  // the query is there decoded as well
  request.headers = Json();
  request.body_text.reset();
  request.assertion = Json();
  for (const auto& [name, value] : members_of(&request.query)) {
    if (is_telemetry(name)) request.query.erase(name);
  }
  for (const auto& [name, value] : members_of(&request.body_form)) {
    // Python says in each request that it could answer a claims challenge.
    const bool capability = name == "claims" && value == R"({"access_token": {"xms_cc": {"values": ["CP1"]}}})";
    if (is_telemetry(name) || capability) request.body_form.erase(name);
  }
  return request;
}

void parse_request_count(FieldReader& reader, Expectation& result) {
  const Json* count = reader.any("request_count");
  if (count == nullptr) return;
  if (count->is_object()) {
    FieldReader range(count, "expect.request_count", reader.problems());
    result.fewest_requests = range.number("min");
    result.most_requests = range.number("max");
    result.requests_vary = true;
    range.finish();
    return;
  }
  result.fewest_requests = result.most_requests = reader.number("request_count");
}

}  // namespace

Scenario parse_scenario(const Json& file, const std::string& file_name, std::vector<std::string>& problems) {
  FieldReader reader(&file, "scenario", problems);
  Scenario scenario;
  scenario.id = reader.text("id", file_name);
  const auto part = [&](const char* name) {
    const Json* member = reader.object(name);
    return member == nullptr ? Json::object() : *member;
  };
  scenario.given = part("given");
  scenario.expect = part("expect");
  scenario.sdk = part("sdk");
  if (scenario.given.empty()) problems.emplace_back("it has no `given`");
  if (scenario.expect.empty()) problems.emplace_back("it has no `expect`");
  return scenario;
}

Given parse_given(const Json& given, const MarkerValues& values, std::vector<std::string>& problems) {
  const Json filled = filled_in(given, values, problems);
  FieldReader reader(&filled, "given", problems);
  Given result;
  for (auto& [name, value] : texts_by_name(reader, "env")) result.environment[name] = value;
  if (const Json* options = reader.object("options")) result.options = *options;
  result.files = texts_by_name(reader, "files");
  result.arc_keys = texts_by_name(reader, "arc_key_folder");
  for (const auto& [name, tool] : members_of(reader.object("tools"))) {
    result.tools[name] = parse_tool(tool, "given.tools." + name, problems);
  }
  for (const Json& reply : reader.list("replies")) {
    const std::string path = "given.replies[" + std::to_string(result.replies.size()) + "]";
    result.replies.push_back(parse_reply(reply, path, problems));
  }
  for (const Json& step : reader.list("steps")) {
    const std::string path = "given.steps[" + std::to_string(result.steps.size()) + "]";
    result.steps.push_back(parse_step(step, path, problems));
  }
  result.time_zone = reader.text("time_zone");
  result.on_socket = !reader.text("recorded_on").empty();
  reader.finish();
  return result;
}

Expectation parse_expectation(const Json& expect, const MarkerValues& values, std::vector<std::string>& problems) {
  const Json filled = filled_in(expect, values, problems);
  FieldReader reader(&filled, "expect", problems);
  Expectation result;
  for (const Json& each : reader.list("results")) {
    std::vector<std::string> right;
    for (const Json& text : each.is_array() ? std::vector<Json>(each.begin(), each.end()) : std::vector{each}) {
      if (!text.is_string()) reader.complain("results", "holds something that is not a text");
      right.push_back(text.is_string() ? text.get<std::string>() : "");
    }
    result.results.push_back(std::move(right));
  }
  parse_request_count(reader, result);
  for (const Json& each : reader.list("requests")) {
    FieldReader request(&each, "expect.requests[" + std::to_string(result.requests.size()) + "]", problems);
    const ExpectedRequest parsed = parse_request(request);
    const auto times = request.number("times").value_or(1);
    if (times < 1 || times > 1000) request.complain("times", "is not between 1 and 1000");
    result.requests.insert(result.requests.end(), static_cast<std::size_t>(std::clamp<std::int64_t>(times, 1, 1000)),
                           parsed);
    request.finish();
  }
  if (reader.any("tool_runs") != nullptr) result.tool_runs = reader.texts("tool_runs");
  if (reader.any("command_lines_seen") != nullptr) {
    result.command_lines_seen.emplace();
    for (const Json& line : reader.list("command_lines_seen")) {
      const Json holder = {{"command_lines_seen", line}};
      FieldReader texts(&holder, "expect", problems);
      result.command_lines_seen->push_back(texts.texts("command_lines_seen"));
    }
  }
  result.error_class = reader.text("error_class");
  if (!result.error_class.empty() && std::ranges::find(kErrorClasses, result.error_class) == kErrorClasses.end()) {
    reader.complain("error_class", "is unknown: " + result.error_class);
  }
  result.expires_in_s = reader.number("expires_in_s");
  for (const Json& delay : reader.list("min_delays_ms")) {
    if (!delay.is_number_integer()) reader.complain("min_delays_ms", "holds something that is not a whole number");
    result.min_delays_ms.push_back(delay.is_number_integer() ? delay.get<std::int64_t>() : 0);
  }
  result.max_total_ms = reader.number("max_total_ms");
  result.either = reader.flag("either");
  for (const char* word : kWords) reader.any(word);
  reader.finish();
  return result;
}

std::vector<Recording> parse_recordings(const Json& sdk, const MarkerValues& values) {
  std::vector<Recording> recordings;
  for (const char* key : {"js", "cpp", "py"}) {
    const Json* recorded = find_member(sdk, key);
    if (recorded == nullptr || find_member(*recorded, "unsupported") != nullptr) continue;
    std::vector<std::string> problems;
    const Json filled = filled_in(*recorded, values, problems);
    FieldReader reader(&filled, std::string("sdk.") + key, problems);
    Recording recording;
    recording.sdk = key;
    std::vector<Json> outcomes = reader.list("steps");
    if (outcomes.empty()) {
      if (const Json* outcome = reader.object("outcome")) outcomes.push_back(*outcome);
    }
    for (const Json& outcome : outcomes) {
      const Json* token = find_member(outcome, "token");
      recording.results.push_back(token != nullptr && token->is_string() ? token->get<std::string>() : "error");
    }
    recording.request_count = reader.number("request_count").value_or(0);
    for (const Json& each : reader.list("requests")) {
      FieldReader request(&each, reader.path() + ".requests", problems);
      recording.requests.push_back(what_counts(parse_request(request)));
    }
    for (const Json& run : reader.list("tool_runs")) {
      recording.tools.push_back(FieldReader(&run, reader.path() + ".tool_runs", problems).text("tool"));
    }
    if (problems.empty()) recordings.push_back(std::move(recording));
  }
  return recordings;
}

std::vector<std::string> words_of(const Json& expect) {
  std::vector<std::string> words;
  for (const char* name : kWords) {
    const Json* word = find_member(expect, name);
    if (word == nullptr) continue;
    words.push_back(std::string(name) + ": " + (word->is_string() ? word->get<std::string>() : to_text(*word)));
  }
  return words;
}

bool is_judged_field(const std::string& name) { return std::ranges::find(kJudged, name) != kJudged.end(); }

}  // namespace azf::test
