#include "azure/blob_client.h"
#include "azure/service_endpoint.h"
#include "azure/storage_service.h"
#include "core/number_text.h"
#include "core/time_text.h"
#include "core/utf8.h"
#include "functions/demo.h"
#include "functions/function_list.h"
#include "functions/service_call.h"
#include "functions/service_problem.h"
#include "http/url.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace azf::functions {
namespace {

using azure::BlobClient;
using azure::ServiceError;
using azure::ServiceErrorKind;

constexpr auto kEndpointSetting = "AZURE_STORAGE_BLOB_ENDPOINT";
constexpr auto kContainerSetting = "AZF_FILES_CONTAINER";
constexpr std::size_t kPathLimit = 1024;
constexpr std::size_t kListDefault = 1000;
constexpr std::size_t kListLimit = 5000;

constexpr std::string_view kConditions[] = {"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"};
// What is kept with a file, and given back with it.
constexpr std::string_view kProperties[] = {"Content-Type", "Content-Encoding", "Content-Language",
                                            "Content-Disposition", "Cache-Control"};
constexpr std::string_view kVersionFields[] = {"ETag", "Last-Modified", "Content-Range"};

/// Where the files are. Value.
struct FileStore {
  BlobClient blobs;
  std::string container;
  bool demo;
};

Problem wrong_path(std::string message) { return {.status = 400, .errors = {{"path", std::move(message)}}}; }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// Azure drops dots at the end of a segment, or takes it for a step up (Microsoft Learn, "Naming and Referencing
// Containers, Blobs, and Metadata").
bool is_segment(std::string_view text) { return !text.empty() && !text.ends_with('.'); }

std::optional<Problem> check_path(std::string_view path) {
  const auto characters = count_code_points(path);
  if (!characters) return wrong_path("must be UTF-8");
  if (*characters > kPathLimit) return wrong_path("must have at most " + std::to_string(kPathLimit) + " characters");
  if (std::ranges::any_of(path, is_control)) return wrong_path("must not have control characters");
  if (path.find('\\') != std::string_view::npos) return wrong_path("must not have backslashes");
  while (!path.empty()) {
    const auto segment = path.substr(0, path.find('/'));
    if (!is_segment(segment)) return wrong_path("must not have a segment that is empty or ends with a dot");
    path.remove_prefix(std::min(segment.size() + 1, path.size()));
  }
  return std::nullopt;
}

// Of a file, or, empty or with a slash at its end, of a folder. The Functions host cuts a path at an encoded `#` or `?`
// and may decode a `%` twice, so that such names come whole in the query only; what the front end in Azure says of the
// original tells when that has happened.
Result<std::string, Problem> requested_path(const HttpRequest& request, const RouteValues& values) {
  std::string path(values.get("path").value_or(""));
  const auto name = query_parameter(request.url, "name");
  if (name && path.empty()) {
    path = *name;
  } else {
    const auto raw = split_target(request.url).path;
    const auto original = request.headers.get("X-WAWS-Unencoded-URL");
    if (original && percent_decode(split_target(*original).path) != percent_decode(raw)) {
      return wrong_path("was changed on its way here; send it as /files?name=...");
    }
    if (raw.find("%2F") != std::string_view::npos || raw.find("%2f") != std::string_view::npos) {
      return wrong_path("must not have encoded slashes");
    }
  }
  if (const auto problem = check_path(path)) return *problem;
  return path;
}

bool is_folder(std::string_view path) { return path.empty() || path.ends_with('/'); }

template <std::size_t N>
Headers chosen(const Headers& all, const std::string_view (&names)[N]) {
  Headers result;
  for (const auto name : names) {
    for (const auto value : all.all(name)) result.add(name, value);
  }
  return result;
}

/// One range of bytes, as a request asks for it (RFC 9110 section 14.1.2): from `first` to `last`, or to the end;
/// without `first` the last `last` bytes. Value.
struct ByteRange {
  std::optional<std::uint64_t> first;
  std::optional<std::uint64_t> last;

  [[nodiscard]] bool is_suffix() const { return !first; }
};

// Any other form is ignored, and a reader given the whole file (section 14.2); so are several ranges at once.
std::optional<ByteRange> parse_range(std::string_view text) {
  if (!text.starts_with("bytes=")) return std::nullopt;
  const auto spec = text.substr(6);
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const ByteRange range{parse_number<std::uint64_t>(spec.substr(0, dash)),
                        parse_number<std::uint64_t>(spec.substr(dash + 1))};
  const bool has_first = range.first.has_value() == (dash > 0);
  const bool has_last = range.last.has_value() == !spec.ends_with('-');
  const bool is_known = range.is_suffix() ? range.last.has_value() : !range.last || *range.first <= *range.last;
  return has_first && has_last && is_known ? std::optional(range) : std::nullopt;
}

// In the two forms that the service knows. `length` is that of the file, and not 0; nor is that of a suffix.
std::string known_form(const ByteRange& range, std::uint64_t length) {
  const auto first = range.is_suffix() ? length - std::min(*range.last, length) : *range.first;
  const auto last = range.is_suffix() || !range.last ? std::string() : std::to_string(*range.last);
  return "bytes=" + std::to_string(first) + "-" + last;
}

// Only such a tag can tell that a part belongs to what its reader has (section 13.1.5). A date cannot: the file may
// have changed twice within its second.
bool is_strong_tag(std::string_view text) { return text.starts_with('"'); }

// What a caller is told, where that is more than the client of the service knows.
struct Refusal {
  int status;
  std::string detail;
};

std::optional<Refusal> refusal_of(const ServiceError& error, const FileStore& store) {
  if (error.code == "ContainerNotFound") {
    return Refusal{503, "The container " + store.container + " does not exist: create it, or name another one by " +
                            kContainerSetting + "."};
  }
  if (error.code == "BlobNotFound") return Refusal{404, "There is no file of this name."};
  if (error.code == "BlobAlreadyExists") return Refusal{412, "There is a file of this name already."};
  if (error.code == "LeaseIdMissing") return std::nullopt;
  if (error.status == 412) return Refusal{412, "The file is not the one that the condition names; read it again."};
  if (error.status == 416) return Refusal{416, "The file ends before the range begins."};
  return std::nullopt;
}

HttpResponse refused(const ServiceError& error, const FileStore& store, const InvocationContext& context) {
  const auto refusal = refusal_of(error, store);
  if (!refusal) return respond_with(error, context);
  if (refusal->status >= 500) log_service_error(error, context);
  return to_response({.status = refusal->status, .detail = refusal->detail, .extensions = {{"code", error.code}}},
                     context.invocation_id);
}

// A stranger may have written the file, and this is the address of the app: a browser must not run what is in it.
HttpResponse file_head(const HttpResponse& reply, const FileStore& store) {
  HttpResponse head{.status = reply.status, .headers = chosen(reply.headers, kProperties)};
  for (const auto& [name, value] : chosen(reply.headers, kVersionFields)) head.headers.add(name, value);
  head.headers.add("Accept-Ranges", "bytes");
  head.headers.add("X-Content-Type-Options", "nosniff");
  head.headers.add("Content-Security-Policy", "sandbox");
  if (store.demo) mark_demo(head);
  return head;
}

/// Passes a file on while it comes.
class FileResponse final : public ReplyReceiver {
 public:
  FileResponse(ResponseWriter& response, const FileStore& store) : response_(response), store_(store) {}

  bool begin(const HttpResponse& head) override {
    begun_ = response_.begin(file_head(head, store_), content_length(head.headers));
    return true;
  }
  Result<Success> receive(std::string_view bytes) override { return begun_ ? response_.write(bytes) : begun_; }

 private:
  ResponseWriter& response_;
  const FileStore& store_;
  Result<Success> begun_ = Success{};
};

/// The body of a request, which remembers why it had no end.
class UploadedBody final : public BodyReader {
 public:
  explicit UploadedBody(BodyReader& inner) : inner_(inner) {}

  Result<std::size_t> read(std::span<char> buffer) override {
    auto count = inner_.read(buffer);
    if (!count) failure_ = count.error();
    return count;
  }
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

 private:
  BodyReader& inner_;
  std::optional<Error> failure_;
};

// One request of a file, or of a part of it.
class Download {
 public:
  Download(const FileStore& store, const std::string& path, const HttpRequest& request,
           const InvocationContext& context)
      : store_(store), path_(path), conditions_(chosen(request.headers, kConditions)), context_(context) {}

  Result<HttpResponse> whole() { return respond(fetch({.conditions = conditions_})); }

  // Without If-Range, and in a form that the service knows.
  Result<HttpResponse> part(std::string range) {
    return respond(fetch({.range = std::move(range), .conditions = conditions_}));
  }

  // What the service does not know is looked up first, and what is then asked for is of the same version, the one of
  // If-Range. Where the file has changed meanwhile its reader gets the whole of it, as after a false If-Range.
  Result<HttpResponse> part_of_version(const ByteRange& range, std::optional<std::string_view> if_range) {
    const auto head = store_.blobs.head(path_, conditions_, call_options(context_));
    if (!head) return refused(head.error(), store_, context_);
    if (head->status == 304) return file_head(*head, store_);
    const auto tag = head->headers.get("ETag").value_or("");
    const auto length = content_length(head->headers).value_or(0);
    if (!is_strong_tag(tag) || length == 0 || (if_range && *if_range != tag)) return whole();
    if (range.is_suffix() && *range.last == 0) return unsatisfiable(length);
    auto reply = fetch({.range = known_form(range, length), .conditions = {{"If-Match", tag}}});
    const bool changed = !reply && reply.error().status == 412 && !context_.exchange.response.begun();
    return changed ? whole() : respond(std::move(reply));
  }

 private:
  using Reply = Result<HttpResponse, ServiceError>;

  Reply fetch(const azure::BlobRead& read) {
    FileResponse response(context_.exchange.response, store_);
    return store_.blobs.download(path_, read, response, call_options(context_));
  }

  Result<HttpResponse> respond(Reply reply) const {
    if (reply && reply->status == 304) return file_head(*reply, store_);
    if (reply) return HttpResponse{};
    if (!context_.exchange.response.begun()) return refused(reply.error(), store_, context_);
    const bool gone = reply.error().kind == ServiceErrorKind::kCancelled;
    return Error{gone ? ErrorKind::kCancelled : ErrorKind::kTransport, reply.error().message};
  }

  [[nodiscard]] HttpResponse unsatisfiable(std::uint64_t length) const {
    auto response = to_response({.status = 416, .detail = "The range has no byte."}, context_.invocation_id);
    response.headers.set("Content-Range", "bytes */" + std::to_string(length));
    return response;
  }

  const FileStore& store_;
  const std::string& path_;
  const Headers conditions_;
  const InvocationContext& context_;
};

Result<HttpResponse> get_file(const FileStore& store, const std::string& path, const HttpRequest& request,
                              const InvocationContext& context) {
  Download download(store, path, request, context);
  const auto text = request.headers.get("Range").value_or("");
  const auto range = parse_range(text);
  const auto if_range = request.headers.get("If-Range");
  if (!range || (if_range && !is_strong_tag(*if_range))) return download.whole();
  if (range->is_suffix() || if_range) return download.part_of_version(*range, if_range);
  return download.part(std::string(text));
}

Result<HttpResponse> head_file(const FileStore& store, const std::string& path, const HttpRequest& request,
                               const InvocationContext& context) {
  const auto reply = store.blobs.head(path, chosen(request.headers, kConditions), call_options(context));
  if (!reply) return refused(reply.error(), store, context);
  if (reply->status == 304) return file_head(*reply, store);
  if (auto begun = context.exchange.response.begin(file_head(*reply, store), content_length(reply->headers)); !begun) {
    return std::move(begun).error();
  }
  return HttpResponse{};
}

Json time_or_null(std::optional<SystemTime> time) { return time ? Json(to_rfc3339(*time)) : Json(); }

Result<HttpResponse> put_file(const FileStore& store, const std::string& path, const HttpRequest& request,
                              const InvocationContext& context) {
  if (request.headers.has("Content-Range")) {
    return to_response({.status = 400, .detail = "A part of a file cannot be written, only a whole one."},
                       context.invocation_id);
  }
  UploadedBody body(context.exchange.body);
  const auto version = store.blobs.upload(
      path, body,
      {.properties = chosen(request.headers, kProperties), .conditions = chosen(request.headers, kConditions)},
      call_options(context));
  if (body.failure() && body.failure()->kind == ErrorKind::kTimeout) {
    return to_response({.status = 408, .detail = "The file came too slowly."}, context.invocation_id);
  }
  if (body.failure()) return *body.failure();
  if (!version) return refused(version.error(), store, context);
  auto response = json_response({{"name", path},
                                 {"size", version->size},
                                 {"etag", version->etag},
                                 {"modified", time_or_null(parse_http_date(version->last_modified))}},
                                201);
  response.headers.set("ETag", version->etag);
  return response;
}

Result<HttpResponse> delete_file(const FileStore& store, const std::string& path, const HttpRequest& request,
                                 const InvocationContext& context) {
  const auto removed = store.blobs.remove(path, chosen(request.headers, kConditions), call_options(context));
  if (!removed) return refused(removed.error(), store, context);
  return HttpResponse{.status = 204};
}

Result<HttpResponse> list_files(const FileStore& store, const std::string& path, const HttpRequest& request,
                                const InvocationContext& context) {
  const auto top = query_parameter(request.url, "top");
  const auto limit = top ? parse_number<std::uint64_t>(*top) : kListDefault;
  if (!limit || *limit < 1 || *limit > kListLimit) {
    const Problem problem{.status = 400,
                          .errors = {{"top", "must be a number from 1 to " + std::to_string(kListLimit)}}};
    return to_response(problem, context.invocation_id);
  }
  const auto list =
      store.blobs.list({.prefix = path, .marker = query_parameter(request.url, "next").value_or(""), .limit = *limit},
                       call_options(context));
  if (!list) return refused(list.error(), store, context);
  Json files = Json::array();
  for (const auto& blob : list->blobs) {
    files.push_back({{"name", blob.name},
                     {"size", blob.size},
                     {"modified", time_or_null(blob.modified)},
                     {"etag", blob.etag},
                     {"content_type", blob.content_type}});
  }
  auto response = json_response({{"files", std::move(files)},
                                 {"folders", list->folders},
                                 {"next", list->next.empty() ? Json() : Json(list->next)}});
  return response;
}

Result<HttpResponse> serve(const FileStore& store, const std::string& path, const HttpRequest& request,
                           const InvocationContext& context) {
  switch (request.method) {
    case Method::kPut: return put_file(store, path, request, context);
    case Method::kDelete: return delete_file(store, path, request, context);
    case Method::kHead: return head_file(store, path, request, context);
    default: return get_file(store, path, request, context);
  }
}

Result<HttpResponse> respond(const Result<FileStore, ServiceError>& store, const HttpRequest& request,
                             const InvocationContext& context) {
  const auto path = requested_path(request, context.route_values);
  if (!path) return to_response(path.error(), context.invocation_id);
  const bool writes = request.method == Method::kPut || request.method == Method::kDelete;
  if (is_folder(*path) && writes) return to_response(wrong_path("must name a file"), context.invocation_id);
  if (!store) return respond_with(store.error(), context);
  auto response =
      is_folder(*path) ? list_files(*store, *path, request, context) : serve(*store, *path, request, context);
  if (response && store->demo) mark_demo(*response);
  return response;
}

// Microsoft Learn, "Naming and Referencing Containers, Blobs, and Metadata", with the two that have a dollar sign.
bool is_container(std::string_view name) {
  if (name == "$root" || name == "$web") return true;
  const auto in_name = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, in_name) && !name.starts_with('-') &&
         !name.ends_with('-') && name.find("--") == std::string_view::npos;
}

Result<FileStore, ServiceError> open_store(const Services& services) {
  auto endpoint = azure::find_service_endpoint(services.environment, kEndpointSetting);
  if (!endpoint) return azure::not_configured(endpoint.error());
  const std::string container(services.environment.get(kContainerSetting).value_or("files"));
  if (!is_container(container)) {
    return azure::not_configured(
        {ErrorKind::kInvalidArgument, std::string(kContainerSetting) + " is not the name of a container"});
  }
  auto& connection = services.azure.connect(azure::storage_service("blob"));
  return FileStore{
      BlobClient({.connection = connection, .endpoint = endpoint->url, .clock = services.clock}, container), container,
      endpoint->demo};
}

}  // namespace

/// GET, HEAD, PUT and DELETE /api/files/{*path}, or /api/files?name=...: the files of one container of Azure Storage,
/// with ranges (one at a time, suffixes too), If-Range and conditions, streamed both ways. GET of a folder, whose path
/// ends with a slash, is a list:
/// `{"files", "folders", "next"}`, with `?top` entries from `?next` on.
Function files(const Services& services) {
  auto store = open_store(services);
  auto scopes = store ? azure::storage_service("blob").scopes : std::vector<std::string>();
  return http_function(
      "files",
      {.route = "files/{*path}",
       .methods = {Method::kGet, Method::kHead, Method::kPut, Method::kDelete},
       .auth_level = AuthLevel::kFunction,
       .streams_body = true},
      [store = std::move(store)](const HttpRequest& request, const InvocationContext& context) {
        return respond(store, request, context);
      },
      std::move(scopes));
}

}  // namespace azf::functions
