#include "azure/session_pool_client.h"

#include "azure/next_link.h"
#include "core/guid.h"
#include "core/json.h"
#include "http/multipart.h"
#include "http/retrying_transport.h"
#include "http/url.h"

#include <algorithm>
#include <utility>

namespace azf::azure {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::seconds;

// What a reply may take longer than the code: a session has to be allocated, and may have to be started.
constexpr seconds kReplyMargin{30};
// What is kept of the time until the deadline for the reply that the code has run too long.
constexpr seconds kReserve{5};
// For one try of a call that runs no code, and of one that carries a file.
constexpr seconds kCallLimit{30};
constexpr seconds kUploadLimit{300};
// The value of an expression may be an image.
constexpr std::size_t kLargestReply = std::size_t{32} << 20;

constexpr milliseconds kFirstPause{500};
constexpr milliseconds kLongestPause{4'000};
constexpr milliseconds kLongestPauseAsked{30'000};
constexpr milliseconds kPauseStep{1'000};

constexpr std::size_t kMostPages = 100;

bool is_success(int status) { return status >= 200 && status < 300; }

// What to do about it, where the status tells.
std::string_view advice(ServiceErrorKind kind) {
  switch (kind) {
    case ServiceErrorKind::kNotConfigured: return "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT names no session pool";
    case ServiceErrorKind::kInvalidRequest:
      return "the pool refuses the request; SESSION_POOL_API_VERSION may not fit it";
    case ServiceErrorKind::kUnauthorized:
      return "the pool refuses the token; SESSION_POOL_AUDIENCE must be that of its cloud, and the pool in the tenant "
             "of the app's identity";
    case ServiceErrorKind::kForbidden:
      return "give the app's identity the role Azure ContainerApps Session Executor on the session pool";
    case ServiceErrorKind::kNotFound: return "there is no such file in the session; files end with their session";
    case ServiceErrorKind::kConflict: return "the session is still being set up; try again in some seconds";
    case ServiceErrorKind::kTooLarge: return "it is more than the pool takes, which is 128 MB for a file";
    case ServiceErrorKind::kRateLimited:
      return "no session of the pool is free; try again later, or let the pool have more sessions";
    case ServiceErrorKind::kTimeout: return "it took longer than the pool allows";
    case ServiceErrorKind::kUnavailable: return "the pool has failed; try again later";
    default: return {};
  }
}

ServiceError refusal(ServiceErrorKind kind, std::string message) {
  return {.kind = kind, .code = std::string(to_string(kind)), .message = std::move(message)};
}

ServiceError wrong_name() {
  return refusal(ServiceErrorKind::kInvalidRequest,
                 "the name of a file in a session has 1 to " + std::to_string(kLongestSessionFileName) +
                     " bytes, no slash, backslash or control character, and is not . or ..");
}

ServiceError unexpected(std::string message) { return refusal(ServiceErrorKind::kUnexpectedReply, std::move(message)); }

std::string execution_body(SessionPoolGeneration generation, std::string_view code, seconds timeout) {
  if (generation == SessionPoolGeneration::kExecutions) {
    return to_text({{"codeInputType", "Inline"},
                    {"executionType", "Synchronous"},
                    {"code", std::string(code)},
                    {"timeoutInSeconds", timeout.count()}});
  }
  return to_text({{"properties",
                   {{"codeInputType", "inline"},
                    {"executionType", "synchronous"},
                    {"code", std::string(code)},
                    {"timeoutInSeconds", timeout.count()}}}});
}

// What the caller decides, and this client's limit for a try. All calls but that which runs code may be repeated.
CallOptions call_options(const CallOptions& options, seconds try_timeout) {
  CallOptions call = options;
  call.repeatable = true;
  call.receiver = nullptr;
  call.try_timeout = try_timeout;
  return call;
}

// No content has a text of 122 random bits in it, but that is quickly made sure.
std::string boundary_for(std::string_view content) {
  while (true) {
    auto boundary = "azf-" + random_guid();
    if (content.find(boundary) == std::string_view::npos) return boundary;
  }
}

// Lets a receiver see nothing but the bytes of a file.
class FileReceiver final : public ReplyReceiver {
 public:
  explicit FileReceiver(ReplyReceiver& inner) : inner_(inner) {}

  bool begin(const HttpResponse& head) override {
    begun_ = is_success(head.status) && inner_.begin(head);
    return begun_;
  }
  Result<Success> receive(std::string_view bytes) override { return inner_.receive(bytes); }

  [[nodiscard]] bool begun() const { return begun_; }

 private:
  ReplyReceiver& inner_;
  bool begun_ = false;
};

}  // namespace

bool is_session_file_name(std::string_view name) {
  const auto forbidden = [](char c) {
    return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  return !name.empty() && name.size() <= kLongestSessionFileName && name != "." && name != ".." &&
         std::ranges::none_of(name, forbidden);
}

SessionPoolClient::SessionPoolClient(ServiceConnection& connection, SessionPool pool, const Clock& clock)
    : connection_(connection), pool_(std::move(pool)), clock_(clock) {}

Result<Execution, ServiceError> SessionPoolClient::execute(std::string_view code, seconds timeout,
                                                           const Secret& identifier, const CallOptions& options) {
  const auto began = clock_.steady_now();
  const auto left = duration_cast<seconds>(options.deadline.remaining(clock_)) - kReserve;
  timeout = std::clamp(std::min(timeout, left), kShortestExecution, kLongestExecution);

  const auto generation = pool_.generation();
  const bool executions = generation == SessionPoolGeneration::kExecutions;
  auto execution = request(Method::kPost, executions ? "/executions" : "/code/execute", identifier);
  execution.headers.set("Content-Type", "application/json");
  execution.body = execution_body(generation, code, timeout);
  CallOptions once = call_options(options, timeout + kReplyMargin);
  once.repeatable = false;
  once.response_limit_bytes = kLargestReply;
  const auto reply = send(execution, Subject::kPool, once);
  if (!reply) return reply.error();

  auto outcome = parse_execution_reply(reply->body, duration_cast<milliseconds>(clock_.steady_now() - began));
  if (!outcome) return to_service_error(connection_.description().name, outcome.error());
  if (outcome->execution) return *std::move(outcome->execution);
  if (!executions || outcome->id.empty())
    return unexpected("session-pool: the code runs on, and nothing says where to ask for its end");
  auto ended =
      wait_for_end(outcome->id, began, options.deadline.or_sooner(clock_, timeout + kReplyMargin), identifier, options);
  if (ended) return ended;
  ServiceError error = std::move(ended).error();
  error.maybe_done = true;  // of the code, whatever became of the question after it
  return error;
}

Result<Execution, ServiceError> SessionPoolClient::wait_for_end(std::string_view execution_id, SteadyTime began,
                                                                Deadline deadline, const Secret& identifier,
                                                                const CallOptions& options) {
  const auto poll = request(Method::kGet, "/executions/" + percent_encode(execution_id), identifier);
  CallOptions polling = call_options(options, kCallLimit);
  polling.deadline = deadline;
  polling.response_limit_bytes = kLargestReply;
  milliseconds backoff = kFirstPause;
  milliseconds wait = backoff;
  while (true) {
    if (auto waited = pause(wait, deadline, options); !waited) return std::move(waited).error();
    const auto reply = send(poll, Subject::kExecution, polling);
    if (!reply) return reply.error();
    auto outcome = parse_execution_reply(reply->body, duration_cast<milliseconds>(clock_.steady_now() - began));
    if (!outcome) return to_service_error(connection_.description().name, outcome.error());
    if (outcome->execution) return *std::move(outcome->execution);
    backoff = std::min(2 * backoff, kLongestPause);
    const auto asked = requested_delay(reply->headers, clock_.system_now());
    wait = asked ? std::min(*asked, kLongestPauseAsked) : backoff;
  }
}

Result<Success, ServiceError> SessionPoolClient::pause(milliseconds wait, Deadline deadline,
                                                       const CallOptions& options) const {
  while (wait > milliseconds::zero()) {
    if (options.cancelled && options.cancelled()) {
      return refusal(ServiceErrorKind::kCancelled, "session-pool: nobody waits for the code any more");
    }
    const auto step = std::min(wait, kPauseStep);
    if (deadline.remaining(clock_) <= step) {
      return refusal(ServiceErrorKind::kTimeout, "session-pool: the code has not ended in time, and may run on");
    }
    clock_.sleep_for(step);
    wait -= step;
  }
  return Success{};
}

Result<SessionFile, ServiceError> SessionPoolClient::upload(std::string_view name, std::string_view bytes,
                                                            const Secret& identifier, const CallOptions& options) {
  if (!is_session_file_name(name)) return wrong_name();
  const bool executions = pool_.generation() == SessionPoolGeneration::kExecutions;
  auto form = request(Method::kPost, executions ? "/files" : "/files/upload", identifier);
  const auto boundary = boundary_for(bytes);
  form.headers.set("Content-Type", "multipart/form-data; boundary=" + boundary);
  form.body = to_form_data(
      {{.name = "file", .filename = std::string(name), .content_type = "application/octet-stream", .content = bytes}},
      boundary);
  const auto reply = send(form, Subject::kPool, call_options(options, kUploadLimit));
  if (!reply) return reply.error();
  // The file is there, whatever the reply says of it.
  const auto page = parse_session_files(reply->body);
  if (page && page->files.size() == 1) return page->files.front();
  return SessionFile{.name = std::string(name), .size = bytes.size()};
}

Result<std::vector<SessionFile>, ServiceError> SessionPoolClient::list(const Secret& identifier,
                                                                       const CallOptions& options) {
  std::vector<SessionFile> files;
  auto next = request(Method::kGet, "/files", identifier);
  for (std::size_t pages = 0; pages < kMostPages; ++pages) {
    const auto reply = send(next, Subject::kPool, call_options(options, kCallLimit));
    if (!reply) return reply.error();
    auto page = parse_session_files(reply->body);
    if (!page) return to_service_error(connection_.description().name, page.error());
    files.insert(files.end(), std::make_move_iterator(page->files.begin()), std::make_move_iterator(page->files.end()));
    if (page->next_link.empty()) return files;
    // A link without a host belongs to the pool.
    next.url = page->next_link.starts_with('/') ? pool_.url + page->next_link : page->next_link;
    if (!parse_next_link(next.url, pool_.url)) {
      return unexpected("session-pool: the list of files goes on at another host, which is not asked");
    }
  }
  return unexpected("session-pool: the list of files does not end");
}

Result<Success, ServiceError> SessionPoolClient::download(std::string_view name, const Secret& identifier,
                                                          ReplyReceiver& receiver, const CallOptions& options) {
  if (!is_session_file_name(name)) return wrong_name();
  const bool executions = pool_.generation() == SessionPoolGeneration::kExecutions;
  const auto encoded = percent_encode(name);
  auto content =
      request(Method::kGet, executions ? "/files/" + encoded + "/content" : "/files/content/" + encoded, identifier);
  content.headers.set("Accept", "*/*");
  FileReceiver file(receiver);
  CallOptions streamed = call_options(options, kCallLimit);
  streamed.receiver = &file;
  const auto reply = send(content, Subject::kFile, streamed);
  if (reply) return Success{};
  ServiceError error = reply.error();
  if (file.begun() && error.kind != ServiceErrorKind::kCancelled) error.kind = ServiceErrorKind::kBrokenOff;
  return error;
}

Result<Success, ServiceError> SessionPoolClient::remove(std::string_view name, const Secret& identifier,
                                                        const CallOptions& options) {
  if (!is_session_file_name(name)) return wrong_name();
  const auto reply = send(request(Method::kDelete, "/files/" + percent_encode(name), identifier), Subject::kFile,
                          call_options(options, kCallLimit));
  if (!reply) return reply.error();
  return Success{};
}

HttpRequest SessionPoolClient::request(Method method, std::string_view path, const Secret& identifier) const {
  // The identifier is in the query alone, which no message of ours repeats.
  return {.method = method,
          .url = with_query(pool_.url + std::string(path),
                            {{"api-version", pool_.api_version}, {"identifier", std::string(identifier.expose())}}),
          .headers = {{"Accept", "application/json"}}};
}

Result<HttpResponse, ServiceError> SessionPoolClient::send(const HttpRequest& request, Subject subject,
                                                           const CallOptions& options) {
  const std::string& service = connection_.description().name;
  auto reply = connection_.send(request, options);
  if (!reply) return to_service_error(service, reply.error());
  if (is_success(reply->status)) return *std::move(reply);
  ServiceError error = parse_service_error(service, *reply, clock_.system_now());
  if (error.kind == ServiceErrorKind::kNotFound && subject == Subject::kExecution) {
    error.kind = ServiceErrorKind::kUnavailable;
    error.message += ": it knows the code's execution no more, so that nobody can say whether the code has ended";
    return error;
  }
  if (error.kind == ServiceErrorKind::kNotFound && subject == Subject::kPool)
    error.kind = ServiceErrorKind::kNotConfigured;
  if (const auto text = advice(error.kind); !text.empty()) error.message.append(": ").append(text);
  return error;
}

}  // namespace azf::azure
