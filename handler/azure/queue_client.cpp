#include "azure/queue_client.h"

#include "azure/storage_error.h"
#include "azure/xml_reader.h"
#include "azure/xml_text.h"
#include "core/number_text.h"
#include "core/time_text.h"
#include "http/url.h"

#include <utility>

namespace azf::azure {
namespace {

ServiceError unexpected(std::string what) { return unexpected_storage_reply("queue", std::move(what)); }
ServiceError refused(std::string why) {
  return to_service_error("queue", {ErrorKind::kInvalidArgument, std::move(why)});
}

std::string seconds_text(std::chrono::seconds seconds) { return std::to_string(seconds.count()); }

// The document of a message, or why its text cannot stand in one.
Result<std::string, ServiceError> message_document(std::string_view text) {
  if (text.size() > QueueClient::kTextLimit) {
    return refused("the text of a message is longer than 64 KiB");
  }
  if (!is_xml_text(text)) {
    return refused("the text of a message is no UTF-8, or has a control character; encode it as Base64");
  }
  return R"(<?xml version="1.0" encoding="utf-8"?><QueueMessage><MessageText>)" + xml_escaped(text) +
         "</MessageText></QueueMessage>";
}

QueueMessage parse_message(const XmlElement& element) {
  return {.id = std::string(element.child_text("MessageId")),
          .pop_receipt = std::string(element.child_text("PopReceipt")),
          .text = std::string(element.child_text("MessageText")),
          .dequeue_count = parse_number<std::uint64_t>(element.child_text("DequeueCount")).value_or(0),
          .inserted = parse_http_date(element.child_text("InsertionTime")),
          .expires = parse_http_date(element.child_text("ExpirationTime")),
          .next_visible = parse_http_date(element.child_text("TimeNextVisible"))};
}

Result<std::vector<QueueMessage>, ServiceError> parse_messages(std::string_view body) {
  const auto document = parse_xml(body);
  if (!document) return unexpected(document.error().message);
  if (document->name != "QueueMessagesList") return unexpected("no list of messages");
  std::vector<QueueMessage> messages;
  for (const XmlElement& element : document->children) {
    if (element.name != "QueueMessage") continue;
    auto message = parse_message(element);
    if (message.id.empty()) return unexpected("a message without an id");
    messages.push_back(std::move(message));
  }
  return messages;
}

HttpRequest message_request(Method method, std::string url, std::string document) {
  return {.method = method,
          .url = std::move(url),
          .headers = {{"Content-Type", "application/xml"}},
          .body = std::move(document)};
}

CallOptions once(CallOptions options) {
  options.repeatable = false;
  return options;
}

}  // namespace

QueueClient::QueueClient(StorageAccess access, std::string_view queue)
    : access_(std::move(access)), queue_url_(access_.endpoint + "/" + percent_encode(queue)) {}

Result<Success, ServiceError> QueueClient::create(const CallOptions& options) const {
  const auto reply = send_to_storage(access_, {.method = Method::kPut, .url = queue_url_}, {201, 204}, options);
  if (!reply) return reply.error();
  return Success{};
}

Result<QueueReceipt, ServiceError> QueueClient::send(std::string_view text, const QueueSend& how,
                                                     const CallOptions& options) const {
  auto document = message_document(text);
  if (!document) return std::move(document).error();
  const auto lifetime = how.lifetime < std::chrono::seconds::zero() ? std::chrono::seconds(-1) : how.lifetime;
  const auto url = with_query(queue_url_ + "/messages", {{"visibilitytimeout", seconds_text(how.invisible)},
                                                         {"messagettl", seconds_text(lifetime)}});
  const auto reply =
      send_to_storage(access_, message_request(Method::kPost, url, *std::move(document)), {201}, once(options));
  if (!reply) return reply.error();
  const auto messages = parse_messages(reply->body);
  if (!messages) return messages.error();
  if (messages->size() != 1) return unexpected("not the one message that was sent");
  return QueueReceipt{messages->front().id, messages->front().pop_receipt, messages->front().next_visible};
}

Result<std::vector<QueueMessage>, ServiceError> QueueClient::receive(const QueueReceive& what,
                                                                     const CallOptions& options) const {
  return get_messages(with_query(queue_url_ + "/messages", {{"numofmessages", std::to_string(what.count)},
                                                            {"visibilitytimeout", seconds_text(what.invisible)}}),
                      once(options));
}

Result<std::vector<QueueMessage>, ServiceError> QueueClient::peek(std::size_t count, const CallOptions& options) const {
  return get_messages(
      with_query(queue_url_ + "/messages", {{"peekonly", "true"}, {"numofmessages", std::to_string(count)}}), options);
}

Result<std::vector<QueueMessage>, ServiceError> QueueClient::get_messages(const std::string& url,
                                                                          const CallOptions& options) const {
  const auto reply = send_to_storage(access_, {.url = url}, {200}, options);
  if (!reply) return reply.error();
  return parse_messages(reply->body);
}

Result<Success, ServiceError> QueueClient::remove(std::string_view id, std::string_view pop_receipt,
                                                  const CallOptions& options) const {
  const auto url =
      with_query(queue_url_ + "/messages/" + percent_encode(id), {{"popreceipt", std::string(pop_receipt)}});
  const auto reply = send_to_storage(access_, {.method = Method::kDelete, .url = url}, {204}, options);
  if (!reply) return reply.error();
  return Success{};
}

Result<QueueReceipt, ServiceError> QueueClient::update(const QueueReceipt& message, std::chrono::seconds invisible,
                                                       std::optional<std::string_view> text,
                                                       const CallOptions& options) const {
  const auto url = with_query(queue_url_ + "/messages/" + percent_encode(message.id),
                              {{"popreceipt", message.pop_receipt}, {"visibilitytimeout", seconds_text(invisible)}});
  HttpRequest request{.method = Method::kPut, .url = url};
  if (text) {
    auto document = message_document(*text);
    if (!document) return std::move(document).error();
    request = message_request(Method::kPut, url, *std::move(document));
  }
  const auto reply = send_to_storage(access_, std::move(request), {204}, once(options));
  if (!reply) return reply.error();
  const auto receipt = reply->headers.get("x-ms-popreceipt");
  if (!receipt) return unexpected("no receipt of the message");
  return QueueReceipt{message.id, std::string(*receipt),
                      parse_http_date(reply->headers.get("x-ms-time-next-visible").value_or(""))};
}

}  // namespace azf::azure
