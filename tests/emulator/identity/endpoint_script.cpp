#include "emulator/identity/endpoint_script.h"

#include "core/time_text.h"
#include "emulator/identity/json_web_token.h"
#include "emulator/identity/thumbprint.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

constexpr std::string_view kHidden = "(hidden)";
constexpr auto kSecretHeaders = std::to_array<std::string_view>(
    {"api-key", "authorization", "cookie", "secret", "x-functions-key", "x-identity-header"});
constexpr auto kSecretParameters =
    std::to_array<std::string_view>({"assertion", "client_assertion", "client_secret", "code", "device_code",
                                     "identifier", "password", "refresh_token"});
constexpr std::size_t kFingerprintKeyBytes = 32;
// Of a JSON body in the journal.
constexpr std::size_t kJournalBodyBytes = 64 * 1024;
constexpr int kAwayMilliseconds = 200;

// What the journal tells of a request: values, and for those that may be secret something to compare them by.
class Account {
 public:
  explicit Account(const Secret& fingerprint_key) : fingerprint_key_(fingerprint_key) {}

  template <typename Names>
  Json shown(const Names& secret_names, const std::string& name, const std::string& value) {
    const std::string key = to_lower(name);
    if (std::find(secret_names.begin(), secret_names.end(), key) == secret_names.end()) return value;
    // The scheme of an Authorization header is no secret.
    const auto blank = key == "authorization" ? value.find(' ') : std::string::npos;
    const std::string scheme = blank == std::string::npos ? "" : value.substr(0, blank + 1);
    const std::string_view secret = std::string_view(value).substr(scheme.size());
    secrets_[key] = scheme + keyed_fingerprint(fingerprint_key_.expose(), secret);
    if (const auto token = parse_json_web_token(secret)) {
      assertions_[key] = {{"header", token->header}, {"claims", token->claims}};
    }
    return kHidden;
  }

  Json shown_parameters(std::string_view text) {
    Json values = Json::object();
    for (const auto& [name, value] : parse_parameters(text)) values[name] = shown(kSecretParameters, name, value);
    return values;
  }

  [[nodiscard]] const Json& secrets() const { return secrets_; }
  [[nodiscard]] const Json& assertions() const { return assertions_; }

 private:
  const Secret& fingerprint_key_;
  Json secrets_ = Json::object();
  Json assertions_ = Json::object();
};

// The body where it is JSON of some size, else null.
Json shown_json(const Request& request) {
  const std::string* type = find_header(request.headers, "Content-Type");
  if (type == nullptr || !to_lower(*type).starts_with("application/json")) return {};
  if (request.body.size() > kJournalBodyBytes) return {};
  auto json = parse_json(request.body);
  return json ? std::move(*json) : Json();
}

Error wrong(std::string message) { return {ErrorKind::kInvalidArgument, std::move(message)}; }

}  // namespace

EndpointScript::EndpointScript(const StopSignal& stop, const Clock& clock)
    : stop_(stop), clock_(clock), fingerprint_key_(random_bytes(kFingerprintKeyBytes)) {}

EndpointScript::Scene EndpointScript::play(std::string_view endpoint, const Request& request,
                                           const std::function<Reply(const Request&)>& usual,
                                           const std::function<Reply(int status)>& worded) {
  const auto step = next_step(endpoint, request.path());
  if (step && step->delay.count() > 0) (void)stop_.wait(Deadline::after(clock_, step->delay));
  std::optional<Reply> reply;
  if (!step || (!step->drop && !step->reply)) {
    reply = usual(request);
  } else if (!step->drop) {
    reply = step->reply;
    if (worded && !step->worded && reply->status >= 400) {
      Reply failure = worded(reply->status);
      for (const auto& field : reply->headers) set_header(failure.headers, field.name, field.value);
      reply = std::move(failure);
    }
  }
  if (step && reply) {
    if (step->pace) reply->pace = *step->pace;
    if (step->cut_after) reply->cut_after = step->cut_after;
  }
  record(endpoint, request, reply);
  return {std::move(reply), step ? step->away : std::nullopt};
}

std::optional<EndpointScript::Step> EndpointScript::next_step(std::string_view endpoint, std::string_view path) {
  const MutexLock lock(mutex_);
  const auto script = steps_.find(endpoint);
  if (script == steps_.end()) return std::nullopt;
  const auto next = std::find_if(script->second.begin(), script->second.end(),
                                 [&](const Step& step) { return path.ends_with(step.path); });
  if (next == script->second.end()) return std::nullopt;
  Step step = *next;
  if (next->times > 0 && --next->times == 0) script->second.erase(next);
  return step;
}

void EndpointScript::record(std::string_view endpoint, const Request& request, const std::optional<Reply>& reply) {
  Account account(fingerprint_key_);
  Json headers = Json::object();
  for (const auto& field : request.headers)
    headers[field.name] = account.shown(kSecretHeaders, field.name, field.value);
  const std::string* type = find_header(request.headers, "Content-Type");
  const bool is_form = type != nullptr && to_lower(*type).starts_with("application/x-www-form-urlencoded");
  Json entry{{"endpoint", std::string(endpoint)},
             {"time", to_rfc3339_milliseconds(clock_.system_now())},
             {"method", request.method},
             {"path", std::string(request.path())},
             {"query", account.shown_parameters(request.query())},
             {"headers", std::move(headers)},
             {"form", is_form ? account.shown_parameters(request.body) : Json()},
             {"json", shown_json(request)},
             {"secrets", Json()},
             {"assertions", Json()},
             {"status", reply ? Json(reply->status) : Json()}};
  entry["secrets"] = account.secrets();
  entry["assertions"] = account.assertions();
  const MutexLock lock(mutex_);
  journal_.push_back(std::move(entry));
}

std::optional<Reply> EndpointScript::control(const Request& request) {
  constexpr std::string_view kReplies = "/emulator/replies/";
  const std::string path = percent_decoded(request.path());
  if (path == "/emulator/journal") {
    const MutexLock lock(mutex_);
    if (request.method == "GET") return json_reply(200, {{"requests", journal_}});
    if (request.method != "DELETE") return std::nullopt;
    journal_ = Json::array();
    return Reply{204, "", {}, ""};
  }
  if (!path.starts_with(kReplies) || path.size() == kReplies.size()) return std::nullopt;
  const std::string endpoint = path.substr(kReplies.size());
  if (request.method == "POST") return add_steps(endpoint, request);
  if (request.method != "DELETE") return std::nullopt;
  const MutexLock lock(mutex_);
  steps_.erase(endpoint);
  return Reply{204, "", {}, ""};
}

Reply EndpointScript::add_steps(const std::string& endpoint, const Request& request) {
  auto json = parse_json(request.body);
  if (!json) return json_reply(400, {{"error", json.error().message}});
  std::vector<Step> steps;
  for (const auto& element : json->is_array() ? *json : Json::array({*json})) {
    auto step = parse_step(element);
    if (!step) return json_reply(400, {{"error", step.error().message}});
    steps.push_back(std::move(*step));
  }
  const MutexLock lock(mutex_);
  auto& script = steps_[endpoint];
  script.insert(script.end(), steps.begin(), steps.end());
  return Reply{204, "", {}, ""};
}

Result<EndpointScript::Step> EndpointScript::parse_step(const Json& json) {
  if (!json.is_object()) return wrong("a scripted reply must be a JSON object");
  const auto times = optional_integer(json, "times");
  const auto delay = optional_integer(json, "delay_ms");
  const auto status = optional_integer(json, "status");
  const auto pace = optional_integer(json, "pace_ms");
  const auto cut = optional_integer(json, "cut_after");
  const auto away = optional_integer(json, "away_ms");
  for (const auto* number : {&times, &delay, &status, &pace, &cut, &away}) {
    if (!*number) return number->error();
  }
  Step step;
  step.times = static_cast<int>(times->value_or(1));
  step.delay = std::chrono::milliseconds(delay->value_or(0));
  if (step.times == 0 || step.delay.count() < 0) return wrong("\"times\" must not be 0, \"delay_ms\" not negative");
  if (pace->value_or(0) < 0 || cut->value_or(0) < 0 || away->value_or(0) < 0) {
    return wrong("\"pace_ms\", \"cut_after\" and \"away_ms\" must not be negative");
  }
  if (*pace) step.pace = std::chrono::milliseconds(**pace);
  if (*cut) step.cut_after = static_cast<std::size_t>(**cut);
  auto path = optional_string(json, "path");
  if (!path) return std::move(path).error();
  step.path = path->value_or("");
  const Json* drop = find_member(json, "drop");
  step.drop = drop != nullptr && *drop == true;
  if (const Json* restart = find_member(json, "restart"); restart != nullptr && *restart == true) {
    step.away = std::chrono::milliseconds(away->value_or(kAwayMilliseconds));
    step.drop = !*cut;
  }
  if (!*status) return step;
  if (**status < 200 || **status > 599) return wrong("\"status\" must be between 200 and 599");
  Reply reply;
  if (const Json* body = find_member(json, "body")) {
    step.worded = true;
    reply = body->is_string() ? text_reply(200, body->get<std::string>()) : json_reply(200, *body);
  }
  reply.status = static_cast<int>(**status);
  if (const Json* headers = find_member(json, "headers"); headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->items()) {
      set_header(reply.headers, name, value.is_string() ? value.get<std::string>() : to_text(value));
    }
  }
  step.reply = std::move(reply);
  return step;
}

}  // namespace azf::emulator
