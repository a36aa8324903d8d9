#include "azure/blob_client.h"

#include "azure/storage_error.h"
#include "azure/xml_reader.h"
#include "core/base64.h"
#include "core/number_text.h"
#include "core/time_text.h"
#include "http/url.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

namespace azf::azure {
namespace {

// 5000 entries of a list with long names.
constexpr std::size_t kListLimitBytes = std::size_t{16} << 20;
// A block on its way up over a slow line.
constexpr std::chrono::seconds kUploadLimit{120};
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

ServiceError unexpected(std::string what) { return unexpected_storage_reply("blob", std::move(what)); }

std::string encoded_name(std::string_view name) {
  std::string encoded;
  while (true) {
    const auto segment = name.substr(0, name.find('/'));
    encoded += percent_encode(segment);
    if (segment.size() == name.size()) return encoded;
    encoded.push_back('/');
    name.remove_prefix(segment.size() + 1);
  }
}

void add_all(Headers& headers, const Headers& more) {
  for (const auto& [name, value] : more) headers.add(name, value);
}

void add_properties(Headers& headers, const Headers& properties) {
  for (const auto& [name, value] : properties) headers.add("x-ms-blob-" + std::string(name), value);
  if (!properties.has("Content-Type")) headers.add("x-ms-blob-Content-Type", "application/octet-stream");
}

// What a condition guards might be refused the second time because of the first.
CallOptions guarded_by(const Headers& conditions, CallOptions options) {
  options.repeatable = options.repeatable && conditions.empty();
  return options;
}

CallOptions uploading(CallOptions options) {
  if (!options.try_timeout) options.try_timeout = kUploadLimit;
  return options;
}

BlobVersion version_of(const HttpResponse& reply, std::uint64_t size) {
  return {std::string(reply.headers.get("ETag").value_or("")),
          std::string(reply.headers.get("Last-Modified").value_or("")), size};
}

// Up to kBlockBytes; fewer at the end of the body alone.
Result<std::string> read_block(BodyReader& body) {
  std::string block;
  while (block.size() < BlobClient::kBlockBytes) {
    const std::size_t before = block.size();
    block.resize(std::min(before + kPieceBytes, BlobClient::kBlockBytes));
    const auto count = body.read(std::span(block).subspan(before));
    if (!count) return count.error();
    block.resize(before + *count);
    if (*count == 0) break;
  }
  return block;
}

/// Lets the receiver of a caller see the success alone.
class SuccessReceiver final : public ReplyReceiver {
 public:
  explicit SuccessReceiver(ReplyReceiver& inner) : inner_(inner) {}

  bool begin(const HttpResponse& head) override {
    return (head.status == 200 || head.status == 206) && inner_.begin(head);
  }
  Result<Success> receive(std::string_view bytes) override { return inner_.receive(bytes); }

 private:
  ReplyReceiver& inner_;
};

// What XML cannot hold comes percent-encoded, and says so.
std::string name_of(const XmlElement& entry) {
  const XmlElement* name = entry.child("Name");
  if (name == nullptr) return {};
  return name->attribute("Encoded") == "true" ? percent_decode(name->text) : name->text;
}

std::string quoted(std::string_view etag) {
  return etag.empty() || etag.starts_with('"') ? std::string(etag) : '"' + std::string(etag) + '"';
}

Result<Success, ServiceError> append_entry(BlobList& list, const XmlElement& entry) {
  if (entry.name != "Blob" && entry.name != "BlobPrefix") return Success{};
  std::string name = name_of(entry);
  if (name.empty()) return unexpected("an entry without a name");
  if (entry.name == "BlobPrefix") {
    list.folders.push_back(std::move(name));
    return Success{};
  }
  const XmlElement none;
  const XmlElement* properties = entry.child("Properties");
  if (properties == nullptr) properties = &none;
  const auto size = parse_number<std::uint64_t>(properties->child_text("Content-Length"));
  if (!size) return unexpected("a blob without a length");
  list.blobs.push_back({.name = std::move(name),
                        .size = *size,
                        .modified = parse_http_date(properties->child_text("Last-Modified")),
                        .etag = quoted(properties->child_text("Etag")),
                        .content_type = std::string(properties->child_text("Content-Type"))});
  return Success{};
}

// Adds a page to the list.
Result<Success, ServiceError> append_page(BlobList& list, std::string_view body) {
  const auto document = parse_xml(body);
  if (!document) return unexpected(document.error().message);
  const XmlElement* entries = document->child("Blobs");
  if (document->name != "EnumerationResults" || entries == nullptr) return unexpected("no list of blobs");
  for (const XmlElement& entry : entries->children) {
    if (auto appended = append_entry(list, entry); !appended) return appended;
  }
  list.next = document->child_text("NextMarker");
  return Success{};
}

}  // namespace

BlobClient::BlobClient(StorageAccess access, std::string_view container)
    : access_(std::move(access)), container_url_(access_.endpoint + "/" + percent_encode(container)) {}

std::string BlobClient::url_of(std::string_view name) const { return container_url_ + "/" + encoded_name(name); }

Result<BlobVersion, ServiceError> BlobClient::upload(std::string_view name, BodyReader& body, const BlobWrite& write,
                                                     const CallOptions& options) const {
  auto first = read_block(body);
  if (!first) return to_service_error("blob", first.error());
  if (first->size() < kBlockBytes) return put(name, *std::move(first), write, options);
  return put_in_blocks(name, *std::move(first), body, write, options);
}

Result<BlobVersion, ServiceError> BlobClient::put(std::string_view name, std::string content, const BlobWrite& write,
                                                  const CallOptions& options) const {
  const std::size_t size = content.size();
  HttpRequest request{.method = Method::kPut,
                      .url = url_of(name),
                      .headers = {{"Content-Type", "application/octet-stream"}, {"x-ms-blob-type", "BlockBlob"}},
                      .body = std::move(content)};
  add_properties(request.headers, write.properties);
  add_all(request.headers, write.conditions);
  const auto reply =
      send_to_storage(access_, std::move(request), {201}, uploading(guarded_by(write.conditions, options)));
  if (!reply) return reply.error();
  return version_of(*reply, size);
}

// Blocks are the service's own until a list makes a blob of them. Their ids are of this upload alone, so that another
// one of the same name cannot mix with it, and a block that is sent again takes its own place.
Result<BlobVersion, ServiceError> BlobClient::put_in_blocks(std::string_view name, std::string first, BodyReader& rest,
                                                            const BlobWrite& write, const CallOptions& options) const {
  const std::string upload = access_.new_guid();
  std::string ids;
  std::uint64_t size = 0;
  std::string block = std::move(first);
  for (int number = 100'000; !block.empty(); ++number) {  // all ids of a blob have the same length
    const std::string id = to_base64(upload + std::to_string(number));
    ids += "<Latest>" + id + "</Latest>";
    size += block.size();
    HttpRequest request{.method = Method::kPut,
                        .url = with_query(url_of(name), {{"comp", "block"}, {"blockid", id}}),
                        .headers = {{"Content-Type", "application/octet-stream"}},
                        .body = std::move(block)};
    if (const auto staged = send_to_storage(access_, std::move(request), {201}, uploading(options)); !staged) {
      return staged.error();
    }
    auto next = read_block(rest);
    if (!next) return to_service_error("blob", next.error());
    block = *std::move(next);
  }
  HttpRequest request{.method = Method::kPut,
                      .url = with_query(url_of(name), {{"comp", "blocklist"}}),
                      .headers = {{"Content-Type", "application/xml"}},
                      .body = R"(<?xml version="1.0" encoding="utf-8"?><BlockList>)" + ids + "</BlockList>"};
  add_properties(request.headers, write.properties);
  add_all(request.headers, write.conditions);
  const auto reply =
      send_to_storage(access_, std::move(request), {201}, uploading(guarded_by(write.conditions, options)));
  if (!reply) return reply.error();
  return version_of(*reply, size);
}

Result<HttpResponse, ServiceError> BlobClient::download(std::string_view name, const BlobRead& read,
                                                        ReplyReceiver& receiver, const CallOptions& options) const {
  HttpRequest request{.url = url_of(name)};
  if (!read.range.empty()) request.headers.add("x-ms-range", read.range);
  add_all(request.headers, read.conditions);
  SuccessReceiver success(receiver);
  CallOptions received = options;
  received.receiver = &success;
  return send_to_storage(access_, std::move(request), {200, 206, 304}, received);
}

Result<HttpResponse, ServiceError> BlobClient::head(std::string_view name, const Headers& conditions,
                                                    const CallOptions& options) const {
  return send_to_storage(access_, {.method = Method::kHead, .url = url_of(name), .headers = conditions}, {200, 304},
                         options);
}

Result<Success, ServiceError> BlobClient::remove(std::string_view name, const Headers& conditions,
                                                 const CallOptions& options) const {
  HttpRequest request{.method = Method::kDelete, .url = url_of(name), .headers = conditions};
  request.headers.add("x-ms-delete-snapshots", "include");
  const auto reply = send_to_storage(access_, std::move(request), {202}, guarded_by(conditions, options));
  if (!reply) return reply.error();
  return Success{};
}

Result<BlobList, ServiceError> BlobClient::list(const BlobQuery& query, const CallOptions& options) const {
  BlobList list{.next = query.marker};
  CallOptions paged = options;
  paged.response_limit_bytes = kListLimitBytes;
  do {
    std::vector<NameValue> fields = {{"restype", "container"}, {"comp", "list"}, {"delimiter", "/"}};
    if (!query.prefix.empty()) fields.emplace_back("prefix", query.prefix);
    if (!list.next.empty()) fields.emplace_back("marker", list.next);
    const std::size_t had = list.blobs.size() + list.folders.size();
    fields.emplace_back("maxresults", std::to_string(query.limit - had));
    const auto reply = send_to_storage(access_, {.url = with_query(container_url_, fields)}, {200}, paged);
    if (!reply) return reply.error();
    const std::string marker = list.next;
    if (auto page = append_page(list, reply->body); !page) return std::move(page).error();
    if (!list.next.empty() && list.next == marker) return unexpected("a page that is its own next one");
  } while (!list.next.empty() && list.blobs.size() + list.folders.size() < query.limit);
  return list;
}

}  // namespace azf::azure
