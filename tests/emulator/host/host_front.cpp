#include "emulator/host/host_front.h"

#include "core/time_text.h"
#include "emulator/host/forwarding.h"
#include "emulator/wire/coding.h"

#include <utility>

namespace azf::emulator {
namespace {

constexpr std::string_view kHomePage =
    "<!DOCTYPE html>\n<html><head><title>Emulated Functions host</title></head>\n"
    "<body><h1>Your Functions app is up and running</h1>\n"
    "<p>See <a href=\"/admin/functions\">the list of functions</a>.</p></body></html>\n";

// What the host's server adds to every reply.
void add_server_headers(Headers& headers, const Clock& clock) {
  if (find_header(headers, "Date") == nullptr) headers.push_back({"Date", to_http_date(clock.system_now())});
  if (find_header(headers, "Server") == nullptr) headers.push_back({"Server", "Kestrel"});
}

// A streamed reply as the host's server sends it.
class FrontReply final : public ReplyWriter {
 public:
  FrontReply(ReplyWriter& caller, const Clock& clock) : caller_(caller), clock_(clock) {}

  Result<Success> begin(const Reply& head) override {
    Reply front = head;
    add_server_headers(front.headers, clock_);
    return caller_.begin(front);
  }
  Result<Success> write(std::string_view bytes) override { return caller_.write(bytes); }
  [[nodiscard]] bool begun() const override { return caller_.begun(); }
  [[nodiscard]] bool abandoned() const override { return caller_.abandoned(); }

 private:
  ReplyWriter& caller_;
  const Clock& clock_;
};

constexpr std::string_view kReason = "This function was programmatically called via the host APIs.";

Reply empty_reply(int status) { return {status, "", {}, ""}; }

Json message_json(const QueueMessage& message) {
  Json json{
      {"id", message.id}, {"dequeueCount", message.dequeue_count}, {"insertionTime", to_rfc3339(message.inserted)}};
  json[is_utf8(message.body) ? "text" : "base64"] = is_utf8(message.body) ? message.body : to_base64(message.body);
  return json;
}

}  // namespace

HostFront::HostFront(const Parts& parts, std::optional<HostKeys> keys, ControlHandler further_control)
    : parts_(parts),
      routes_(parts.app),
      keys_(std::move(keys)),
      further_control_(std::move(further_control)),
      started_(parts.clock.steady_now()) {}

std::optional<Reply> HostFront::handle(const Request& request, ReplyWriter& writer) {
  const std::string path = decoded_path(request.path());
  FrontReply front(writer, parts_.clock);
  auto reply = [&]() -> std::optional<Reply> {
    if (path.starts_with("/emulator/")) return control(request, path);
    if (path == "/admin" || path.starts_with("/admin/")) return admin(request, path);
    if (const auto match = routes_.match(request.method, path)) return invoke(*match, request, front);
    if (path == "/") return text_reply(200, std::string(kHomePage), "text/html; charset=utf-8");
    return empty_reply(404);
  }();
  if (reply) add_server_headers(reply->headers, parts_.clock);
  return reply;
}

bool HostFront::has_key(const Request& request, AuthLevel level) const {
  const std::string* header = find_header(request.headers, "x-functions-key");
  const Parameters query = parse_parameters(request.query());
  const std::string* given = header != nullptr ? header : find_parameter(query, "code");
  if (given == nullptr || !keys_) return false;
  const Secret key(*given);
  return key == keys_->master || (level == AuthLevel::kFunction && key == keys_->function);
}

std::optional<Reply> HostFront::invoke(const RouteTable::Match& match, const Request& request, ReplyWriter& writer) {
  if (match.function.disabled) return empty_reply(404);
  if (!keys_) return parts_.invoker.invoke_http(match, request, Caller::kDeveloper, writer);
  const AuthLevel level = match.function.auth_level();
  const bool keyed = has_key(request, level == AuthLevel::kAnonymous ? AuthLevel::kFunction : level);
  if (!keyed && level != AuthLevel::kAnonymous) return empty_reply(401);
  return parts_.invoker.invoke_http(match, request, keyed ? Caller::kKey : Caller::kAnonymous, writer);
}

Reply HostFront::admin(const Request& request, std::string_view path) {
  if (keys_ && !has_key(request, AuthLevel::kAdmin)) return empty_reply(401);
  if (path == "/admin/host/ping") return empty_reply(200);
  if (path == "/admin/host/status" && request.method == "GET") return host_status();
  constexpr std::string_view kFunctions = "/admin/functions";
  if (!path.starts_with(kFunctions)) return empty_reply(404);
  path.remove_prefix(kFunctions.size());
  if ((path.empty() || path == "/") && request.method == "GET") {
    Json list = Json::array();
    for (const auto& function : parts_.app.functions) list.push_back(describe(function, request));
    return json_reply(200, list);
  }
  const FunctionDefinition* function = path.starts_with('/') ? parts_.app.find(path.substr(1)) : nullptr;
  if (function == nullptr) return empty_reply(404);
  if (request.method == "GET") return json_reply(200, describe(*function, request));
  if (request.method == "POST") return start_function(*function, request);
  return empty_reply(405);
}

Reply HostFront::start_function(const FunctionDefinition& function, const Request& request) {
  if (function.trigger().is("httpTrigger")) {
    return text_reply(400, "an HTTP function is called at " + full_route(parts_.app, function));
  }
  std::string input;
  if (!request.body.empty()) {
    const auto body = parse_json(request.body);
    if (!body) return text_reply(400, "the body must be {\"input\": \"...\"}");
    if (const Json* value = find_member(*body, "input")) {
      input = value->is_string() ? value->get<std::string>() : to_text(*value);
    }
  }
  parts_.tasks.run([this, &function, input] {
    const Binding& trigger = function.trigger();
    const SystemTime now = parts_.clock.system_now();
    if (trigger.is("timerTrigger")) {
      (void)parts_.timers.fire(function, kReason);
    } else if (trigger.is("queueTrigger")) {
      const QueueMessage message{new_guid(), input, now, now + std::chrono::days(7), now, "", 1};
      (void)parts_.invoker.invoke(function, queue_envelope(function, message, now), kReason);
    } else {
      (void)parts_.invoker.invoke(function, text_envelope(function, input, now), kReason);
    }
  });
  return empty_reply(202);
}

Json HostFront::describe(const FunctionDefinition& function, const Request& request) const {
  const std::string* host = find_header(request.headers, "Host");
  const std::string origin = "http://" + (host == nullptr ? std::string("localhost") : *host);
  Json description{{"name", function.name},
                   {"href", origin + "/admin/functions/" + function.name},
                   {"config", function.configuration},
                   {"language", "Custom"},
                   {"isDisabled", function.disabled},
                   {"invoke_url_template", nullptr}};
  if (function.trigger().is("httpTrigger")) {
    description["invoke_url_template"] = origin + full_route(parts_.app, function);
  }
  return description;
}

Reply HostFront::host_status() const {
  const auto uptime = std::chrono::duration_cast<std::chrono::milliseconds>(parts_.clock.steady_now() - started_);
  Json status{{"id", "emulator"},
              {"state", "Running"},
              {"version", std::string(kHostVersion)},
              {"versionDetails", std::string(kHostVersion)},
              {"platformVersion", ""},
              {"instanceId", ""},
              {"computerName", "localhost"},
              {"processUptime", uptime.count()}};
  if (!parts_.app.problems.empty()) status["errors"] = parts_.app.problems;
  return json_reply(200, status);
}

Reply HostFront::control(const Request& request, std::string_view path) {
  constexpr std::string_view kQueues = "/emulator/queues";
  if (path == "/emulator/handler" && request.method == "GET") {
    const HandlerStatus status = parts_.supervisor.status();
    return json_reply(200, {{"state", std::string(to_string(status.state))},
                            {"pid", status.pid ? Json(*status.pid) : Json()},
                            {"starts", status.starts},
                            {"lastExitCode", status.last_exit_code ? Json(*status.last_exit_code) : Json()}});
  }
  if (path == kQueues && request.method == "GET") return json_reply(200, {{"queues", parts_.queues.names()}});
  if (path.starts_with(kQueues) && path.size() > kQueues.size() + 1) {
    if (auto reply = queue_control(request, path.substr(kQueues.size() + 1))) return *std::move(reply);
  } else if (auto reply = further_control_(request)) {
    return *std::move(reply);
  }
  return json_reply(404, {{"error", "the emulator has no such control request"}});
}

std::optional<Reply> HostFront::queue_control(const Request& request, std::string_view queue) {
  if (request.method == "POST") return json_reply(201, {{"id", parts_.queues.put(queue, request.body)}});
  if (request.method == "DELETE") {
    parts_.queues.clear(queue);
    return empty_reply(204);
  }
  if (request.method != "GET") return std::nullopt;
  Json messages = Json::array();
  for (const auto& message : parts_.queues.messages(queue)) messages.push_back(message_json(message));
  return json_reply(200, {{"name", std::string(queue)}, {"messages", std::move(messages)}});
}

}  // namespace azf::emulator
