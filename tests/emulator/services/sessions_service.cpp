#include "emulator/services/sessions_service.h"

#include "core/time_text.h"
#include "emulator/services/multipart.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <sys/stat.h>
#include <tuple>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr auto kVersions = std::to_array<std::string_view>(
    {"2024-02-02-preview", "2024-08-02-preview", "2024-10-02-preview", "2025-02-02-preview", "2025-10-02-preview"});
constexpr std::string_view kSecondGeneration = "2024-10-02";
constexpr std::string_view kResultVersion = "2024-02-02-preview";
constexpr std::string_view kAcceptedVersion = "2024-10-02-preview";
constexpr std::int64_t kDefaultTimeout = 60;
constexpr std::int64_t kLongestTimeout = 220;
constexpr seconds kCooldown{300};
constexpr std::size_t kUploadBytes = std::size_t{128} << 20;

Reply error_reply(int status, std::string code, std::string message) {
  Reply reply = json_reply(
      status,
      {{"error",
        {{"code", code}, {"message", std::move(message)}, {"details", Json::array()}, {"traceId", new_guid()}}}});
  reply.headers.push_back({"x-ms-error-code", std::move(code)});
  return reply;
}

Reply bad_request(std::string message) { return error_reply(400, "BadRequest", std::move(message)); }
Reply no_such_path() { return error_reply(404, "NotFound", "There is no such operation."); }
Reply no_such_file() { return error_reply(404, "FileNotFound", "The file does not exist in this session."); }

bool is_identifier(std::string_view text) {
  constexpr std::string_view kSpecial = "|-&^%$#(){}[];<>";
  return text.size() >= 4 && text.size() <= 128 && std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  kSpecial.find(c) != std::string_view::npos;
         });
}

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return c != '/' && c != '\\' && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
         });
}

std::string text_member(const Json& object, std::string_view name) {
  const Json* value = find_member(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

std::string content_type_of(std::string_view name) {
  constexpr auto kTypes = std::to_array<std::pair<std::string_view, const char*>>({{".csv", "text/csv"},
                                                                                   {".html", "text/html"},
                                                                                   {".json", "application/json"},
                                                                                   {".pdf", "application/pdf"},
                                                                                   {".png", "image/png"},
                                                                                   {".py", "text/x-python"},
                                                                                   {".txt", "text/plain"}});
  const auto* found =
      std::find_if(kTypes.begin(), kTypes.end(), [&](const auto& type) { return name.ends_with(type.first); });
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

// What is known of a file. Value.
struct FileState {
  std::string name;
  // Below the session's folder; empty for that itself.
  std::string directory;
  std::uint64_t size = 0;
  std::string modified;
};

std::optional<FileState> look_at(const fs::path& file, std::string directory) {
  struct stat state {};
  if (::lstat(file.c_str(), &state) != 0 || !S_ISREG(state.st_mode)) return std::nullopt;
  return FileState{file.filename().string(), std::move(directory), static_cast<std::uint64_t>(state.st_size),
                   to_rfc3339(std::chrono::system_clock::from_time_t(state.st_mtime))};
}

std::vector<FileState> files_in(const fs::path& folder, const std::string& directory, bool recursive) {
  std::vector<FileState> files;
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(folder / directory, status)) {
    if (auto state = look_at(entry.path(), directory)) files.push_back(*std::move(state));
    if (recursive && entry.is_directory(status) && !entry.is_symlink(status)) {
      const auto below = files_in(folder, (fs::path(directory) / entry.path().filename()).string(), true);
      files.insert(files.end(), below.begin(), below.end());
    }
  }
  std::sort(files.begin(), files.end(), [](const FileState& a, const FileState& b) {
    return std::tie(a.directory, a.name) < std::tie(b.directory, b.name);
  });
  return files;
}

Json first_shape(const FileState& file) {
  return {{"$id", "1"},
          {"properties", {{"filename", file.name}, {"size", file.size}, {"lastModifiedTime", file.modified}}}};
}

Json second_shape(const FileState& file) {
  return {{"name", file.name},
          {"type", "file"},
          {"contentType", content_type_of(file.name)},
          {"sizeInBytes", file.size},
          {"lastModifiedAt", file.modified},
          {"directory", file.directory.empty() ? "." : file.directory}};
}

std::string error_text(const Execution& execution, seconds timeout) {
  switch (execution.end) {
    case Execution::End::kDone: return "";
    case Execution::End::kRaised: return execution.error_name + ": " + execution.error_message;
    case Execution::End::kTimeout:
      return "The execution took longer than " + std::to_string(timeout.count()) + " seconds.";
    case Execution::End::kCrashed: return "The interpreter ended while the code ran.";
  }
  return "";
}

std::string error_code(const Execution& execution) {
  switch (execution.end) {
    case Execution::End::kDone: return "";
    case Execution::End::kRaised: return "CodeExecutionFailed";
    case Execution::End::kTimeout: return "ExecutionTimeout";
    case Execution::End::kCrashed: return "SessionTerminated";
  }
  return "";
}

// What the body of a request asks to run.
struct Order {
  std::string code;
  seconds timeout{kDefaultTimeout};
  bool asynchronous = false;
};

// `properties` is where the members are. The error is for the caller.
Result<Order> parse_order(const Json& properties, std::string_view code_name) {
  const auto wrong = [](std::string text) { return Error{ErrorKind::kInvalidArgument, std::move(text)}; };
  const std::string input = to_lower(text_member(properties, "codeInputType"));
  const std::string kind = to_lower(text_member(properties, "executionType"));
  const Json* code = find_member(properties, code_name);
  if (code == nullptr || !code->is_string()) return wrong(std::string(code_name) + " is required.");
  Order order{code->get<std::string>(), seconds(kDefaultTimeout), kind == "asynchronous"};
  if (input == "inlinebase64") {
    auto decoded = parse_dotnet_base64(order.code);
    if (!decoded) return wrong("code is not Base64.");
    order.code = std::move(*decoded);
  } else if (input != "inline" && input != "inlinetext") {
    return wrong("codeInputType must be Inline, InlineBase64 or InlineText.");
  }
  if (kind != "synchronous" && kind != "asynchronous") {
    return wrong("executionType must be Synchronous or Asynchronous.");
  }
  if (!is_utf8(order.code)) return wrong("The code is not UTF-8.");
  auto timeout = optional_integer(properties, "timeoutInSeconds");
  if (!timeout) return std::move(timeout).error();
  order.timeout = seconds(timeout->value_or(kDefaultTimeout));
  if (order.timeout.count() < 1 || order.timeout.count() > kLongestTimeout) {
    return wrong("timeoutInSeconds must be between 1 and 220.");
  }
  return order;
}

}  // namespace

struct SessionsService::Session {
  Session(std::string guid_text, fs::path session_folder, const Clock& clock)
      : guid(std::move(guid_text)), folder(std::move(session_folder)), interpreter(folder, clock) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() {
    interpreter.stop();
    std::error_code ignored;
    fs::remove_all(folder, ignored);
  }

  const std::string guid;
  const fs::path folder;
  PythonInterpreter interpreter;

  Mutex mutex;
  SteadyTime used GUARDED_BY(mutex);
  int running GUARDED_BY(mutex) = 0;
  std::map<std::string, Json> executions GUARDED_BY(mutex);
};

// A request that may come through.
struct SessionsService::Call {
  const Request& request;
  std::string_view path;
  const Parameters& query;
  std::string version;
  std::string identifier;
  // Below the session's folder, from the query.
  std::string directory;

  [[nodiscard]] bool is(std::string_view method, std::string_view wanted) const {
    return request.method == method && path == wanted;
  }
  [[nodiscard]] bool first_generation() const { return version < kSecondGeneration; }
  // What stands between two ends of the path, decoded; nothing when it is not there or has a slash.
  [[nodiscard]] std::optional<std::string> between(std::string_view begin, std::string_view end) const {
    if (path.size() <= begin.size() + end.size() || !path.starts_with(begin) || !path.ends_with(end)) return {};
    const std::string_view part = path.substr(begin.size(), path.size() - begin.size() - end.size());
    if (part.find('/') != std::string_view::npos) return {};
    return percent_decoded(part);
  }
};

SessionsService::SessionsService(fs::path folder, const TokenIssuer& issuer, const Clock& clock)
    : folder_(std::move(folder)), tokens_(std::string(kAudience), issuer, clock), clock_(clock) {}

SessionsService::~SessionsService() { stop_sessions(); }

void SessionsService::restart() {
  std::map<std::string, SessionPointer> ended;  // removed from disk without the lock
  {
    const MutexLock lock(mutex_);
    ended.swap(sessions_);
  }
  for (const auto& [identifier, session] : ended) session->interpreter.stop();
}

void SessionsService::stop() { stop_sessions(); }

void SessionsService::stop_sessions() {
  const MutexLock lock(mutex_);
  for (const auto& [identifier, session] : sessions_) session->interpreter.stop();
}

Reply SessionsService::failure(int status) const {
  switch (status) {
    case 401:
      return error_reply(401, "Unauthorized",
                         "The access token is missing, invalid, expired or not for https://dynamicsessions.io.");
    case 403:
      return error_reply(403, "Forbidden",
                         "The caller needs the role Azure ContainerApps Session Executor on the session pool.");
    case 404: return error_reply(404, "SessionPoolNotFound", "The session pool does not exist.");
    case 409: return error_reply(409, "SessionBeingAllocated", "The session is being allocated. Try again.");
    case 429: {
      Reply reply = error_reply(429, "TooManySessions", "There is no free session in the pool.");
      reply.headers.push_back({"Retry-After", "1"});
      return reply;
    }
    default: return error_reply(status, "InternalServerError", "The session pool failed.");
  }
}

Reply SessionsService::handle(const Request& request, std::string_view path) {
  const auto finding = tokens_.look(request);
  if (finding.flaw != TokenFlaw::kNone) return failure(401);
  const Parameters query = parse_parameters(request.query());
  const auto value = [&](std::string_view name) {
    const std::string* found = find_parameter(query, name);
    return found == nullptr ? std::string() : *found;
  };
  Call call{request, path, query, value("api-version"), value("identifier"), value("path")};
  if (call.version.empty()) return error_reply(400, "ApiVersionRequired", "The parameter api-version is required.");
  if (std::find(kVersions.begin(), kVersions.end(), call.version) == kVersions.end()) {
    return error_reply(400, "UnsupportedApiVersion", "The api-version '" + call.version + "' is not supported.");
  }
  // A variant of the first generation's documents has the identifier in the path.
  constexpr std::string_view kIdentifier = "/identifier/";
  if (call.first_generation() && path.starts_with(kIdentifier)) {
    const auto end = std::min(path.find('/', kIdentifier.size()), path.size());
    call.identifier = percent_decoded(path.substr(kIdentifier.size(), end - kIdentifier.size()));
    call.path = path.substr(end);
  }
  if (!call.first_generation() && call.is("GET", "/listSessions")) return list_sessions();
  if (!call.first_generation() && call.is("GET", "/metadata")) {
    return json_reply(200, {{"poolType", "PythonLTS"}, {"maxSessions", kSessions}, {"standIn", true}});
  }
  if (!is_identifier(call.identifier)) {
    return error_reply(400, "InvalidIdentifier",
                       "The identifier must have 4 to 128 characters: letters, digits and |-&^%$#(){}[];<>.");
  }
  while (call.directory.ends_with('/')) call.directory.pop_back();
  for (const auto& part : fs::path(call.directory)) {
    if (!is_file_name(part.string())) return bad_request("The path is not one below the session's folder.");
  }
  return call.first_generation() ? handle_first(call) : handle_second(call);
}

Reply SessionsService::handle_first(const Call& call) {
  const auto& method = call.request.method;
  if (call.is("POST", "/code/execute") || call.is("POST", "/python/execute") || call.is("POST", "/execute")) {
    return execute_first(call);
  }
  if (call.is("POST", "/files/upload")) return upload(call);
  if (call.is("GET", "/files")) return list_files(call);
  for (const char* end : {"", "/content"}) {
    if (const auto name = call.between("/files/content/", end); name && method == "GET") return file(call, *name, true);
  }
  if (const auto name = call.between("/files/", "")) {
    if (method == "GET") return file(call, *name, false);
    if (method == "DELETE") return remove_file(call, *name);
  }
  return no_such_path();
}

Reply SessionsService::handle_second(const Call& call) {
  const auto& method = call.request.method;
  if (call.is("POST", "/executions")) return execute_second(call);
  if (call.is("POST", "/files")) return upload(call);
  if (call.is("GET", "/files")) return list_files(call);
  if (call.path == "/session") return session_state(call);
  if (const auto id = call.between("/executions/", ""); id && method == "GET") return execution_state(call, *id);
  if (const auto name = call.between("/files/", "/content"); name && method == "GET") return file(call, *name, true);
  if (const auto name = call.between("/files/", "")) {
    if (method == "GET") return file(call, *name, false);
    if (method == "DELETE") return remove_file(call, *name);
  }
  return no_such_path();
}

SessionsService::SessionPointer SessionsService::find_session(const std::string& identifier) const {
  const MutexLock lock(mutex_);
  const auto found = sessions_.find(identifier);
  return found == sessions_.end() ? nullptr : found->second;
}

SessionsService::SessionPointer SessionsService::open_session(const std::string& identifier) {
  const SteadyTime now = clock_.steady_now();
  SessionPointer ended;  // removed from disk without the lock
  const MutexLock lock(mutex_);
  SessionPointer& session = sessions_[identifier];
  if (session == nullptr && sessions_.size() > kSessions) {
    auto idle = sessions_.end();
    SteadyTime oldest = now - kCooldown;
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
      if (at->second == nullptr) continue;
      const MutexLock session_lock(at->second->mutex);
      if (at->second->running > 0 || at->second->used > oldest) continue;
      oldest = at->second->used;
      idle = at;
    }
    if (idle == sessions_.end()) {
      sessions_.erase(identifier);
      return nullptr;
    }
    ended = std::move(idle->second);
    sessions_.erase(idle);
  }
  if (session == nullptr) {
    // The identifier opens the session to whoever knows it, so it is no name for a folder.
    const fs::path folder = folder_ / std::to_string(++made_);
    std::error_code status;
    fs::create_directories(folder, status);
    session = std::make_shared<Session>(new_guid(), folder, clock_);
  }
  const MutexLock session_lock(session->mutex);
  session->used = now;
  return session;
}

Reply SessionsService::execute_first(const Call& call) {
  const auto body = parse_json(call.request.body);
  if (!body) return bad_request("The body is not JSON.");
  const Json* properties = find_member(*body, "properties");
  if (properties == nullptr || !properties->is_object()) return bad_request("properties is required.");
  const bool oldest = call.path == "/python/execute";
  const auto order = parse_order(*properties, oldest && find_member(*properties, "pythonCode") ? "pythonCode" : "code");
  if (!order) return bad_request(order.error().message);
  const SessionPointer session = open_session(call.identifier);
  if (session == nullptr) return failure(429);
  const auto execution = session->interpreter.run(order->code, order->timeout);
  if (!execution) return error_reply(500, "InternalServerError", execution.error().message);
  if (execution->end == Execution::End::kTimeout) {
    return error_reply(408, error_code(*execution), error_text(*execution, order->timeout));
  }
  std::string errors = execution->standard_error;
  if (execution->end == Execution::End::kCrashed) errors += error_text(*execution, order->timeout) + "\n";
  const bool good = execution->end == Execution::End::kDone;
  Json answer{{"$id", "2"},
              {"status", good ? "Success" : "Failure"},
              {"stdout", execution->standard_output},
              {"stderr", errors},
              {"executionTimeInMilliseconds", execution->duration.count()}};
  answer[call.version == kResultVersion ? "result" : "executionResult"] = execution->result;
  if (oldest) {
    answer = {{"stdout", execution->standard_output}, {"stderr", errors}, {"result", execution->result}};
    if (!good) answer["error"] = error_text(*execution, order->timeout);
  } else {
    answer = {{"$id", "1"}, {"properties", std::move(answer)}};
  }
  Reply reply = json_reply(200, answer);
  reply.headers.push_back({"Operation-Id", new_guid()});
  reply.headers.push_back({"X-Ms-Session-Guid", session->guid});
  reply.headers.push_back({"X-Ms-Container-Execution-Duration", std::to_string(execution->duration.count())});
  return reply;
}

Reply SessionsService::execute_second(const Call& call) {
  const auto body = parse_json(call.request.body);
  if (!body || !body->is_object()) return bad_request("The body is not a JSON object.");
  const auto order = parse_order(*body, "code");
  if (!order) return bad_request(order.error().message);
  const SessionPointer session = open_session(call.identifier);
  if (session == nullptr) return failure(429);

  const std::string id = new_guid();
  const Json begun{{"id", id},
                   {"identifier", call.identifier},
                   {"sessionId", session->guid},
                   {"executionType", order->asynchronous ? "Asynchronous" : "Synchronous"},
                   {"status", "Running"},
                   {"result", nullptr},
                   {"error", nullptr},
                   {"rawResult", nullptr}};
  {
    const MutexLock lock(session->mutex);
    ++session->running;
    session->executions[id] = begun;
  }
  const auto execute = [session, order = *order, id, begun]() {
    Json state = begun;
    const auto execution = session->interpreter.run(order.code, order.timeout);
    const bool good = execution && execution->end == Execution::End::kDone;
    state["status"] = good ? "Succeeded" : "Failed";
    if (execution) {
      state["result"] = {{"stdout", execution->standard_output},
                         {"stderr", execution->standard_error},
                         {"executionResult", execution->result},
                         {"executionTimeInMilliseconds", execution->duration.count()},
                         {"outputStreamsMaxLength", PythonInterpreter::kOutputLimit}};
      state["rawResult"] = {{"hresult", good ? 0 : 1},
                            {"result", execution->result},
                            {"error_name", execution->error_name},
                            {"error_message", execution->error_message},
                            {"stdout", execution->standard_output},
                            {"stderr", execution->standard_error}};
    }
    if (!good) {
      const std::string code = execution ? error_code(*execution) : "InternalServerError";
      const std::string text = execution ? error_text(*execution, order.timeout) : execution.error().message;
      state["error"] = {{"error", {{"code", code}, {"message", text}}}};
    }
    const MutexLock lock(session->mutex);
    --session->running;
    session->executions[id] = state;
    return state;
  };
  const auto with_headers = [&](Reply reply) {
    reply.headers.push_back({"operation-id", id});
    reply.headers.push_back({"Operation-Location", "/executions/" + id + "?api-version=" + call.version +
                                                       "&identifier=" + percent_encoded(call.identifier)});
    return reply;
  };
  if (order->asynchronous) {
    executions_.run([execute] { (void)execute(); });
    return with_headers(json_reply(202, begun));
  }
  return with_headers(json_reply(call.version == kAcceptedVersion ? 202 : 200, execute()));
}

Reply SessionsService::execution_state(const Call& call, const std::string& id) {
  const SessionPointer session = find_session(call.identifier);
  if (session == nullptr) return error_reply(404, "ExecutionNotFound", "The execution does not exist.");
  const MutexLock lock(session->mutex);
  const auto found = session->executions.find(id);
  if (found == session->executions.end()) {
    return error_reply(404, "ExecutionNotFound", "The execution does not exist.");
  }
  return json_reply(200, found->second);
}

Reply SessionsService::session_state(const Call& call) {
  const SessionPointer session = find_session(call.identifier);
  if (session == nullptr) return error_reply(404, "SessionNotFound", "The session does not exist.");
  if (call.request.method == "GET") {
    return json_reply(200, {{"identifier", call.identifier}, {"sessionId", session->guid}});
  }
  if (call.request.method != "DELETE") return no_such_path();
  session->interpreter.stop();
  const MutexLock lock(mutex_);
  sessions_.erase(call.identifier);
  return {204, "", {}, ""};
}

Reply SessionsService::list_sessions() const {
  Json list = Json::array();
  const MutexLock lock(mutex_);
  for (const auto& [identifier, session] : sessions_) {
    list.push_back({{"identifier", identifier}, {"sessionId", session->guid}});
  }
  return json_reply(200, {{"value", std::move(list)}, {"nextLink", nullptr}});
}

Reply SessionsService::upload(const Call& call) {
  const std::string* type = find_header(call.request.headers, "Content-Type");
  const auto parts = parse_form_data(type == nullptr ? "" : *type, call.request.body);
  if (!parts) return bad_request("The body must be multipart/form-data.");
  const auto part =
      std::find_if(parts->begin(), parts->end(), [](const FormPart& each) { return each.name == "file"; });
  if (part == parts->end()) return bad_request("There is no field 'file'.");
  if (!is_file_name(part->file_name)) return error_reply(400, "InvalidFileName", "The file name is not allowed.");
  if (part->content.size() > kUploadBytes) return error_reply(413, "FileTooLarge", "A file has 128 MB at most.");
  const SessionPointer session = open_session(call.identifier);
  if (session == nullptr) return failure(429);
  const fs::path folder = session->folder / call.directory;
  std::error_code status;
  fs::create_directories(folder, status);
  std::ofstream(folder / part->file_name, std::ios::binary) << part->content;
  const auto state = look_at(folder / part->file_name, call.directory);
  if (!state) return error_reply(500, "InternalServerError", "The file could not be written.");
  if (!call.first_generation()) return json_reply(200, second_shape(*state));
  return json_reply(200, {{"$id", "1"}, {"value", Json::array({first_shape(*state)})}});
}

Reply SessionsService::list_files(const Call& call) const {
  const SessionPointer session = find_session(call.identifier);
  const std::string* recursive = find_parameter(call.query, "recursive");
  const bool all = recursive != nullptr && *recursive == "true";
  Json list = Json::array();
  if (session != nullptr) {
    for (const auto& state : files_in(session->folder, call.directory, all)) {
      list.push_back(call.first_generation() ? first_shape(state) : second_shape(state));
    }
  }
  if (call.first_generation()) return json_reply(200, {{"$id", "1"}, {"value", std::move(list)}});
  return json_reply(200, {{"value", std::move(list)}, {"nextLink", nullptr}});
}

Reply SessionsService::file(const Call& call, const std::string& name, bool content) const {
  if (!is_file_name(name)) return error_reply(400, "InvalidFileName", "The file name is not allowed.");
  const SessionPointer session = find_session(call.identifier);
  if (session == nullptr) return no_such_file();
  const fs::path path = session->folder / call.directory / name;
  const auto state = look_at(path, call.directory);
  if (!state) return no_such_file();
  if (content) {
    std::ifstream stream(path, std::ios::binary);
    return text_reply(200, std::string(std::istreambuf_iterator<char>(stream), {}), "application/octet-stream");
  }
  if (!call.first_generation()) return json_reply(200, second_shape(*state));
  return json_reply(200, {{"$id", "1"}, {"value", Json::array({first_shape(*state)})}});
}

Reply SessionsService::remove_file(const Call& call, const std::string& name) const {
  if (!is_file_name(name)) return error_reply(400, "InvalidFileName", "The file name is not allowed.");
  const SessionPointer session = find_session(call.identifier);
  const fs::path path = session == nullptr ? fs::path() : session->folder / call.directory / name;
  std::error_code status;
  if (session == nullptr || !look_at(path, call.directory) || !fs::remove(path, status)) return no_such_file();
  if (call.first_generation()) return json_reply(200, {{"message", "file deleted successfully"}});
  return {204, "", {}, ""};
}

}  // namespace azf::emulator
