#include "emulator/services/blob_service.h"

#include "core/time_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <regex>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

constexpr std::size_t kLargestPage = 5000;
// Bearer tokens are understood from here on.
constexpr std::string_view kFirstVersion = "2017-11-09";
constexpr std::string_view kMetadata = "x-ms-meta-";

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\r': escaped += "&#13;"; break;
      default: escaped.push_back(c);
    }
  }
  return escaped;
}

std::string xml_unescaped(std::string text) {
  constexpr auto kEntities = std::to_array<std::pair<const char*, const char*>>(
      {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}});
  for (const auto& [entity, character] : kEntities) text = std::regex_replace(text, std::regex(entity), character);
  return text;
}

std::string element(std::string_view name, std::string_view text) {
  return std::string("<").append(name).append(">").append(xml_escaped(text)).append("</").append(name).append(">");
}

// What XML cannot hold is sent percent-encoded.
std::string name_element(std::string_view name) {
  const bool plain =
      std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (plain) return element("Name", name);
  return "<Name Encoded=\"true\">" + percent_encoded(name) + "</Name>";
}

std::optional<std::size_t> parse_number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// First and last byte, the last one maybe beyond the end.
struct Range {
  std::size_t first = 0;
  std::size_t last = 0;
};

// `bytes=0-9` or `bytes=5-`; what is no such range is not regarded, as HTTP wants it.
std::optional<Range> parse_range(std::string_view text) {
  if (!text.starts_with("bytes=")) return std::nullopt;
  text.remove_prefix(6);
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto first = parse_number(text.substr(0, dash));
  const auto last =
      dash + 1 == text.size() ? std::optional<std::size_t>(std::string::npos) : parse_number(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return Range{*first, *last};
}

bool is_container_name(const std::string& name) {
  static const std::regex kName("\\$root|(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*");
  return std::regex_match(name, kName);
}

bool names_etag(const std::string& condition, const std::string& etag) {
  return condition == "*" || condition == etag || condition == etag.substr(1, etag.size() - 2);
}

}  // namespace

// A request that may come through.
struct BlobService::Call {
  const Request& request;
  Parameters query;
  std::string container;
  std::string blob;

  [[nodiscard]] std::string value(std::string_view name) const {
    const std::string* found = find_parameter(query, name);
    return found == nullptr ? std::string() : *found;
  }
  [[nodiscard]] std::string header(std::string_view name) const {
    const std::string* found = find_header(request.headers, name);
    return found == nullptr ? std::string() : *found;
  }
};

BlobService::BlobService(std::string url, std::string authority, const TokenIssuer& issuer, const Clock& clock)
    : url_(std::move(url)),
      authority_(std::move(authority)),
      tokens_(std::string(kAudience), issuer, clock),
      clock_(clock) {
  const MutexLock lock(mutex_);
  containers_["files"] = {new_etag(), clock_.system_now(), {}, {}};
}

std::string BlobService::new_etag() {
  std::array<char, 17> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), ++etags_, 16).ptr;
  return "\"0x" + std::string(digits.data(), end) + "\"";
}

Reply BlobService::error_reply(int status, const std::string& code, const std::string& message) const {
  Reply reply = text_reply(status,
                           "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><Error>" + element("Code", code) +
                               element("Message", message + "\nRequestId:" + new_guid() +
                                                      "\nTime:" + to_rfc3339_milliseconds(clock_.system_now())) +
                               "</Error>",
                           "application/xml");
  reply.headers.push_back({"x-ms-error-code", code});
  return reply;
}

Reply BlobService::failure(int status) const {
  switch (status) {
    case 401: {
      Reply reply = error_reply(401, "InvalidAuthenticationInfo",
                                "Server failed to authenticate the request. Please refer to the information in the "
                                "www-authenticate header.");
      reply.headers.push_back({"WWW-Authenticate", "Bearer authorization_uri=" + authority_ +
                                                       "/oauth2/authorize resource_id=" + std::string(kAudience)});
      return reply;
    }
    case 403:
      return error_reply(403, "AuthorizationPermissionMismatch",
                         "This request is not authorized to perform this operation using this permission.");
    case 404: return error_reply(404, "BlobNotFound", "The specified blob does not exist.");
    case 412:
      return error_reply(412, "ConditionNotMet",
                         "The condition specified using HTTP conditional header(s) is not met.");
    case 503: return error_reply(503, "ServerBusy", "The server is currently unable to receive requests.");
    default: return error_reply(status, "InternalError", "The server encountered an internal error.");
  }
}

Reply BlobService::handle(const Request& request, std::string_view path) {
  Reply reply = answer(request, path);
  reply.headers.push_back({"x-ms-request-id", new_guid()});
  reply.headers.push_back({"Server", "Emulated-Blob/1.0"});
  for (const char* name : {"x-ms-client-request-id", "x-ms-version"}) {
    if (const std::string* value = find_header(request.headers, name)) reply.headers.push_back({name, *value});
  }
  if (request.method == "HEAD" && find_header(reply.headers, "Content-Length") == nullptr) {
    reply.headers.push_back({"Content-Length", std::to_string(reply.body.size())});
  }
  return reply;
}

Reply BlobService::answer(const Request& request, std::string_view path) {
  const std::string* version = find_header(request.headers, "x-ms-version");
  static const std::regex kVersion(R"(\d{4}-\d{2}-\d{2})");
  if (tokens_.look(request).flaw == TokenFlaw::kMissing) return failure(401);
  if (version == nullptr || !std::regex_match(*version, kVersion) || *version < kFirstVersion) {
    return error_reply(403, "AuthenticationFailed",
                       "Server failed to authenticate the request. Authentication scheme Bearer is not supported in "
                       "this version.");
  }
  if (tokens_.look(request).flaw != TokenFlaw::kNone) return failure(401);
  if (!path.starts_with('/')) return error_reply(400, "InvalidUri", "The request URI is invalid.");
  path.remove_prefix(1);
  const auto slash = std::min(path.find('/'), path.size());
  const Call call{request, parse_parameters(request.query()), percent_decoded(path.substr(0, slash)),
                  percent_decoded(path.substr(std::min(slash + 1, path.size())))};
  if (!is_container_name(call.container)) {
    return error_reply(400, "InvalidResourceName", "The specified resource name contains invalid characters.");
  }
  if (call.blob.size() > 1024) return error_reply(400, "InvalidUri", "The request URI is invalid.");
  const MutexLock lock(mutex_);
  return call.blob.empty() ? container_request(call) : blob_request(call);
}

Reply BlobService::container_request(const Call& call) {
  if (call.value("restype") != "container") {
    return error_reply(400, "InvalidQueryParameterValue", "Value for one of the query parameters is invalid.");
  }
  const std::string& method = call.request.method;
  const auto found = containers_.find(call.container);
  if (method == "PUT") {
    if (found != containers_.end()) {
      return error_reply(409, "ContainerAlreadyExists", "The specified container already exists.");
    }
    const Container& made = containers_[call.container] = {new_etag(), clock_.system_now(), {}, {}};
    return {201, "", {{"ETag", made.etag}, {"Last-Modified", to_http_date(made.modified)}}, ""};
  }
  if (found == containers_.end()) {
    return error_reply(404, "ContainerNotFound", "The specified container does not exist.");
  }
  if (method == "GET" && call.value("comp") == "list") return list(call, found->second);
  if (method == "GET" || method == "HEAD") {
    return {200, "", {{"ETag", found->second.etag}, {"Last-Modified", to_http_date(found->second.modified)}}, ""};
  }
  if (method != "DELETE") return error_reply(405, "UnsupportedHttpVerb", "The resource does not support this verb.");
  containers_.erase(found);
  return {202, "", {}, ""};
}

Reply BlobService::blob_request(const Call& call) {
  const auto found = containers_.find(call.container);
  if (found == containers_.end()) {
    return error_reply(404, "ContainerNotFound", "The specified container does not exist.");
  }
  Container& container = found->second;
  const std::string& method = call.request.method;
  const std::string operation = call.value("comp");
  if (method == "PUT" && operation.empty()) return put(call, container);
  if (method == "PUT" && operation == "block") return put_block(call, container);
  if (method == "PUT" && operation == "blocklist") return put_block_list(call, container);
  if (!operation.empty()) {
    return error_reply(400, "InvalidQueryParameterValue", "The stand-in does not know comp=" + operation + ".");
  }
  const auto blob = container.blobs.find(call.blob);
  if (blob == container.blobs.end()) return failure(404);
  if (auto refusal = refused(call, &blob->second)) return *std::move(refusal);
  if (method == "GET" || method == "HEAD") return get(call, blob->second);
  if (method != "DELETE") return error_reply(405, "UnsupportedHttpVerb", "The resource does not support this verb.");
  container.blobs.erase(blob);
  return {202, "", {{"x-ms-delete-type-permanent", "true"}}, ""};
}

std::optional<Reply> BlobService::refused(const Call& call, const Blob* blob) const {
  const std::string wanted = call.header("If-Match");
  if (!wanted.empty() && (blob == nullptr || !names_etag(wanted, blob->etag))) return failure(412);
  const std::string unwanted = call.header("If-None-Match");
  if (unwanted.empty() || blob == nullptr || !names_etag(unwanted, blob->etag)) return std::nullopt;
  if (call.request.method == "GET" || call.request.method == "HEAD") {
    return Reply{304, "", {{"ETag", blob->etag}, {"x-ms-error-code", "ConditionNotMet"}}, ""};
  }
  if (unwanted == "*") return error_reply(409, "BlobAlreadyExists", "The specified blob already exists.");
  return failure(412);
}

Reply BlobService::store(const Call& call, Container& container, std::string content, std::string content_type) {
  const auto old = container.blobs.find(call.blob);
  if (auto refusal = refused(call, old == container.blobs.end() ? nullptr : &old->second)) return *std::move(refusal);
  const SystemTime now = clock_.system_now();
  Blob blob{std::move(content),
            std::move(content_type),
            new_etag(),
            old == container.blobs.end() ? now : old->second.created,
            now,
            {}};
  if (blob.content_type.empty()) blob.content_type = "application/octet-stream";
  for (const auto& field : call.request.headers) {
    const std::string name = to_lower(field.name);
    if (name.starts_with(kMetadata)) blob.metadata[name.substr(kMetadata.size())] = field.value;
  }
  const Blob& stored = container.blobs[call.blob] = std::move(blob);
  container.blocks.erase(call.blob);
  return {201,
          "",
          {{"ETag", stored.etag},
           {"Last-Modified", to_http_date(stored.modified)},
           {"x-ms-request-server-encrypted", "true"}},
          ""};
}

Reply BlobService::put(const Call& call, Container& container) {
  if (call.header("x-ms-blob-type") != "BlockBlob") {
    return error_reply(400, "InvalidHeaderValue", "The stand-in knows x-ms-blob-type: BlockBlob alone.");
  }
  std::string type = call.header("x-ms-blob-content-type");
  if (type.empty()) type = call.header("Content-Type");
  return store(call, container, call.request.body, std::move(type));
}

Reply BlobService::put_block(const Call& call, Container& container) {
  const std::string id = call.value("blockid");
  const auto decoded = parse_dotnet_base64(id);
  auto& blocks = container.blocks[call.blob];
  const bool same_length = blocks.empty() || blocks.begin()->first.size() == id.size();
  if (!decoded || decoded->empty() || decoded->size() > 64 || !same_length) {
    return error_reply(400, "InvalidBlobOrBlock", "The specified blob or block content is invalid.");
  }
  blocks[id] = call.request.body;
  return {201, "", {{"x-ms-request-server-encrypted", "true"}}, ""};
}

Reply BlobService::put_block_list(const Call& call, Container& container) {
  static const std::regex kBlock("<(Latest|Uncommitted)>([^<]*)</(Latest|Uncommitted)>");
  const std::string& body = call.request.body;
  if (body.find("<BlockList") == std::string::npos) {
    return error_reply(400, "InvalidXmlDocument", "XML specified is not syntactically valid.");
  }
  const auto blocks = container.blocks.find(call.blob);
  std::string content;
  for (auto match = std::sregex_iterator(body.begin(), body.end(), kBlock); match != std::sregex_iterator(); ++match) {
    const std::string id(trimmed(xml_unescaped((*match)[2])));
    if (blocks == container.blocks.end() || !blocks->second.contains(id)) {
      return error_reply(400, "InvalidBlockList", "The specified block list is invalid.");
    }
    content += blocks->second[id];
  }
  return store(call, container, std::move(content), call.header("x-ms-blob-content-type"));
}

Reply BlobService::get(const Call& call, const Blob& blob) const {
  Reply reply{200,
              "",
              {{"Content-Type", blob.content_type},
               {"ETag", blob.etag},
               {"Last-Modified", to_http_date(blob.modified)},
               {"Accept-Ranges", "bytes"},
               {"x-ms-blob-type", "BlockBlob"},
               {"x-ms-creation-time", to_http_date(blob.created)},
               {"x-ms-lease-state", "available"},
               {"x-ms-lease-status", "unlocked"},
               {"x-ms-server-encrypted", "true"}},
              ""};
  for (const auto& [name, value] : blob.metadata) reply.headers.push_back({std::string(kMetadata) + name, value});
  if (call.request.method == "HEAD") {
    reply.headers.push_back({"Content-Length", std::to_string(blob.content.size())});
    return reply;
  }
  const std::string own_range = call.header("x-ms-range");
  const auto range = parse_range(own_range.empty() ? call.header("Range") : own_range);
  if (!range) {
    reply.body = blob.content;
    return reply;
  }
  if (range->first >= blob.content.size()) {
    Reply refusal =
        error_reply(416, "InvalidRange", "The range specified is invalid for the current size of the resource.");
    refusal.headers.push_back({"Content-Range", "bytes */" + std::to_string(blob.content.size())});
    return refusal;
  }
  const std::size_t last = std::min(range->last, blob.content.size() - 1);
  reply.status = 206;
  reply.body = blob.content.substr(range->first, last - range->first + 1);
  reply.headers.push_back({"Content-Range", "bytes " + std::to_string(range->first) + "-" + std::to_string(last) + "/" +
                                                std::to_string(blob.content.size())});
  return reply;
}

Reply BlobService::list(const Call& call, const Container& container) const {
  const std::string prefix = call.value("prefix");
  const std::string delimiter = call.value("delimiter");
  const std::string marker = call.value("marker");
  const std::string largest = call.value("maxresults");
  const auto wanted = largest.empty() ? std::optional<std::size_t>(kLargestPage) : parse_number(largest);
  const auto begin = marker.empty() ? std::optional<std::string>("") : parse_base64url(marker);
  if (!wanted || *wanted < 1 || !begin) {
    return error_reply(400, "OutOfRangeQueryParameterValue", "One of the query parameters is out of range.");
  }
  const std::size_t size = std::min(*wanted, kLargestPage);
  const bool with_metadata = call.value("include").find("metadata") != std::string::npos;

  std::string entries;
  std::string next;
  std::string last_folder;
  std::size_t count = 0;
  for (auto blob = container.blobs.lower_bound(std::max(prefix, *begin)); blob != container.blobs.end(); ++blob) {
    const auto& [name, state] = *blob;
    if (!name.starts_with(prefix)) break;
    const auto end = delimiter.empty() ? std::string::npos : name.find(delimiter, prefix.size());
    const std::string folder = end == std::string::npos ? "" : name.substr(0, end + delimiter.size());
    if (!folder.empty() && folder == last_folder) continue;
    if (count == size) {
      next = to_base64url(name);
      break;
    }
    ++count;
    last_folder = folder;
    if (!folder.empty()) {
      entries += "<BlobPrefix>" + name_element(folder) + "</BlobPrefix>";
      continue;
    }
    entries += "<Blob>" + name_element(name) + "<Properties>" + element("Creation-Time", to_http_date(state.created)) +
               element("Last-Modified", to_http_date(state.modified)) +
               element("Etag", state.etag.substr(1, state.etag.size() - 2)) +
               element("Content-Length", std::to_string(state.content.size())) +
               element("Content-Type", state.content_type) +
               "<Content-Encoding /><Content-Language /><BlobType>BlockBlob</BlobType><LeaseStatus>unlocked"
               "</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></Properties>";
    if (with_metadata) {
      entries += "<Metadata>";
      for (const auto& [key, value] : state.metadata) entries += element(key, value);
      entries += "</Metadata>";
    }
    entries += "</Blob>";
  }
  std::string body = "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint=\"" +
                     xml_escaped(url_) + "/\" ContainerName=\"" + xml_escaped(call.container) + "\">";
  if (!prefix.empty()) body += element("Prefix", prefix);
  if (!marker.empty()) body += element("Marker", marker);
  if (!largest.empty()) body += element("MaxResults", largest);
  if (!delimiter.empty()) body += element("Delimiter", delimiter);
  body += "<Blobs>" + entries + "</Blobs>" + (next.empty() ? "<NextMarker />" : element("NextMarker", next)) +
          "</EnumerationResults>";
  return text_reply(200, std::move(body), "application/xml");
}

}  // namespace azf::emulator
