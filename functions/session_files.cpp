#include "azure/session_identifier.h"
#include "azure/session_pool_client.h"
#include "core/time_text.h"
#include "core/utf8.h"
#include "functions/caller_sessions.h"
#include "functions/demo.h"
#include "functions/function_list.h"
#include "functions/service_call.h"
#include "functions/service_problem.h"
#include "http/multipart.h"
#include "http/url.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::functions {
namespace {

/// A file to be put into a session. `content` is a view into the request.
struct Upload {
  std::string name;
  std::string_view content;
};

Problem wrong_field(std::string field, std::string message) {
  return {.status = 400, .errors = {{std::move(field), std::move(message)}}};
}

bool is_file_name(std::string_view name) { return azure::is_session_file_name(name) && is_utf8(name); }

Problem wrong_name() {
  return wrong_field("name", "must be the name of a file: 1 to " + std::to_string(azure::kLongestSessionFileName) +
                                 " bytes of UTF-8, no slash, backslash or control character, not . or ..");
}

// The only file of a form; the form's other fields do not matter.
Result<Upload, Problem> file_in_form(const HttpRequest& request) {
  const auto parts = parse_form_data(request.headers.get("Content-Type").value_or(""), request.body);
  if (!parts) return Problem{.status = 400, .detail = parts.error().message};
  const FormPart* file = nullptr;
  for (const FormPart& part : *parts) {
    if (part.name != "file") continue;
    if (file != nullptr) return wrong_field("file", "must be one file, not several");
    file = &part;
  }
  if (file == nullptr) return wrong_field("file", "is missing in the form");
  return Upload{file->filename.value_or(""), file->content};
}

// A name in the query wins, as some clients cannot write all names into a form.
Result<Upload, Problem> parse_upload(const HttpRequest& request) {
  Upload upload{.name = {}, .content = request.body};
  if (has_form_data(request.headers.get("Content-Type").value_or(""))) {
    auto in_form = file_in_form(request);
    if (!in_form) return in_form;
    upload = *std::move(in_form);
  }
  if (auto name = query_parameter(request.url, "name")) upload.name = *std::move(name);
  if (!is_file_name(upload.name)) return wrong_name();
  if (upload.content.size() > azure::kLargestSessionFile) {
    return Problem{.status = 413, .detail = "A file in a session has 128 MiB at most."};
  }
  return upload;
}

Json to_json(const azure::SessionFile& file) {
  return {{"name", file.name},
          {"size", file.size},
          {"modified", file.modified ? Json(to_rfc3339(*file.modified)) : Json()}};
}

/// Hands a file on to the caller while it comes. Never as what a browser would show or run in the app's name.
class FileRelay final : public ReplyReceiver {
 public:
  FileRelay(ResponseWriter& response, std::string_view name, bool demo)
      : response_(response),
        head_{.headers = {{"Content-Type", "application/octet-stream"},
                          {"Content-Disposition", "attachment; filename*=UTF-8''" + percent_encode(name)},
                          {"X-Content-Type-Options", "nosniff"},
                          {"Cache-Control", "no-store"}}} {
    if (demo) mark_demo(head_);
  }

  bool begin(const HttpResponse& head) override {
    begun_ = response_.begin(head_, content_length(head.headers));
    return true;
  }
  Result<Success> receive(std::string_view bytes) override { return begun_ ? response_.write(bytes) : begun_; }

 private:
  ResponseWriter& response_;
  HttpResponse head_;
  Result<Success> begun_ = Success{};
};

// One request about the files of a session that has been found.
class FileCall {
 public:
  FileCall(CallerSessions& sessions, const azure::CodeSession& session, const HttpRequest& request,
           const InvocationContext& context)
      : sessions_(sessions), session_(session), request_(request), context_(context) {}

  Result<HttpResponse> list() {
    const auto files = sessions_.pool.list(session_.identifier, call_options(context_));
    if (!files) return respond_with(files.error(), context_);
    Json list = Json::array();
    for (const auto& file : *files) list.push_back(to_json(file));
    return not_stored(json_response({{"files", std::move(list)}}));
  }

  Result<HttpResponse> upload() {
    const auto upload = parse_upload(request_);
    if (!upload) return to_response(upload.error(), context_.invocation_id);
    const auto file = sessions_.pool.upload(upload->name, upload->content, session_.identifier, call_options(context_));
    if (!file) return respond_with(file.error(), context_);
    return not_stored(json_response(to_json(*file), 201));
  }

  Result<HttpResponse> download(std::string_view name) {
    auto& response = context_.exchange.response;
    FileRelay relay(response, name, sessions_.demo);
    const auto done = sessions_.pool.download(name, session_.identifier, relay, call_options(context_));
    if (done) return HttpResponse{};
    if (!response.begun()) return respond_with(done.error(), context_);
    log_service_error(done.error(), context_);
    const bool gone = done.error().kind == azure::ServiceErrorKind::kCancelled;
    return Error{gone ? ErrorKind::kCancelled : ErrorKind::kTransport, "the file did not come to its end"};
  }

  Result<HttpResponse> remove(std::string_view name) {
    const auto removed = sessions_.pool.remove(name, session_.identifier, call_options(context_));
    if (!removed) return respond_with(removed.error(), context_);
    return HttpResponse{.status = 204};
  }

 private:
  static HttpResponse not_stored(HttpResponse response) {
    response.headers.set("Cache-Control", "no-store");
    return response;
  }

  CallerSessions& sessions_;
  const azure::CodeSession& session_;
  const HttpRequest& request_;
  const InvocationContext& context_;
};

HttpResponse wrong_method(std::string_view allowed, const InvocationContext& context) {
  auto response = to_response({.status = 405,
                               .detail = "Files are listed and put there without a name in the path, "
                                         "and read and removed with one."},
                              context.invocation_id);
  response.headers.set("Allow", allowed);
  return response;
}

Result<HttpResponse> serve(CallerSessions& sessions, const HttpRequest& request, const InvocationContext& context) {
  const auto session = sessions.find_or_issue(std::string(context.route_values.get("id").value_or("")));
  if (!session) return respond_with(session.error(), context);
  FileCall call(sessions, *session, request, context);
  const auto name = context.route_values.get("name");
  if (!name) {
    if (request.method == Method::kGet) return call.list();
    return request.method == Method::kPost ? call.upload() : wrong_method("GET, POST", context);
  }
  if (request.method == Method::kPost) return wrong_method("GET, DELETE", context);
  if (!is_file_name(*name)) return to_response(wrong_name(), context.invocation_id);
  return request.method == Method::kGet ? call.download(*name) : call.remove(*name);
}

Result<HttpResponse> respond(const Services& services, const HttpRequest& request, const InvocationContext& context) {
  auto sessions = sessions_of(services, azure::session_caller(services.environment, request.headers));
  if (!sessions) return respond_with(sessions.error(), context);
  auto response = serve(*sessions, request, context);
  if (response && sessions->demo) mark_demo(*response);
  return response;
}

}  // namespace

/// GET and POST /api/sessions/{id}/files, GET and DELETE /api/sessions/{id}/files/{name}: the files that code in a
/// session works with. An upload is a form with the field `file`, or the bytes themselves with `?name=`.
Function session_files(const Services& services) {
  return http_function(
      "session-files",
      {.route = "sessions/{id}/files/{name?}",
       .methods = {Method::kGet, Method::kPost, Method::kDelete},
       .auth_level = AuthLevel::kFunction},
      [services](const HttpRequest& request, const InvocationContext& context) {
        return respond(services, request, context);
      },
      session_pool_scopes(services.environment));
}

}  // namespace azf::functions
