#include "azure/queue_client.h"

#include "azure/xml_reader.h"
#include "azure/xml_text.h"
#include "core/time_text.h"
#include "http/url.h"

#include <utility>

namespace azf::azure {
namespace {

std::string seconds_text(std::chrono::seconds seconds) { return std::to_string(seconds.count()); }

// The document of a message, or why its text cannot stand in one.
StorageResult<std::string> message_document(std::string_view text) {
  if (text.size() > QueueClient::kTextLimit) {
    return StorageError{{ErrorKind::kInvalidArgument, "the text of a queue message is longer than 64 KiB"}};
  }
  if (!is_xml_text(text)) {
    return StorageError{{ErrorKind::kInvalidArgument,
                         "the text of a queue message is no UTF-8, or has a control character; encode it as Base64"}};
  }
  return R"(<?xml version="1.0" encoding="utf-8"?><QueueMessage><MessageText>)" + xml_escaped(text) +
         "</MessageText></QueueMessage>";
}

QueueMessage parse_message(const XmlElement& element) {
  return {.id = std::string(element.child_text("MessageId")),
          .pop_receipt = std::string(element.child_text("PopReceipt")),
          .text = std::string(element.child_text("MessageText")),
          .dequeue_count = parse_number(element.child_text("DequeueCount")).value_or(0),
          .inserted = parse_http_date(element.child_text("InsertionTime")),
          .expires = parse_http_date(element.child_text("ExpirationTime")),
          .next_visible = parse_http_date(element.child_text("TimeNextVisible"))};
}

StorageResult<std::vector<QueueMessage>> parse_messages(std::string_view body) {
  const auto document = parse_xml(body);
  if (!document) return unexpected_reply(document.error().message);
  if (document->name != "QueueMessagesList") return unexpected_reply("no list of messages");
  std::vector<QueueMessage> messages;
  for (const XmlElement& element : document->children) {
    if (element.name != "QueueMessage") continue;
    auto message = parse_message(element);
    if (message.id.empty()) return unexpected_reply("a message without an id");
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

QueueClient::QueueClient(ServiceConnection& connection, std::string_view endpoint, std::string_view queue,
                         GuidSource new_guid)
    : service_(connection, std::move(new_guid)), queue_url_(std::string(endpoint) + "/" + percent_encode(queue)) {}

StorageResult<Success> QueueClient::create(const CallOptions& options) {
  const auto reply = service_.send({.method = Method::kPut, .url = queue_url_}, {201, 204}, options);
  if (!reply) return reply.error();
  return Success{};
}

StorageResult<QueueReceipt> QueueClient::send(std::string_view text, const QueueSend& how, const CallOptions& options) {
  auto document = message_document(text);
  if (!document) return std::move(document).error();
  const auto lifetime = how.lifetime < std::chrono::seconds::zero() ? std::chrono::seconds(-1) : how.lifetime;
  const auto url = with_query(queue_url_ + "/messages", {{"visibilitytimeout", seconds_text(how.invisible)},
                                                         {"messagettl", seconds_text(lifetime)}});
  const auto reply = service_.send(message_request(Method::kPost, url, *std::move(document)), {201}, once(options));
  if (!reply) return reply.error();
  const auto messages = parse_messages(reply->body);
  if (!messages) return messages.error();
  if (messages->size() != 1) return unexpected_reply("not the one message that was sent");
  return QueueReceipt{messages->front().id, messages->front().pop_receipt, messages->front().next_visible};
}

StorageResult<std::vector<QueueMessage>> QueueClient::receive(const QueueReceive& what, const CallOptions& options) {
  return get_messages(with_query(queue_url_ + "/messages", {{"numofmessages", std::to_string(what.count)},
                                                            {"visibilitytimeout", seconds_text(what.invisible)}}),
                      once(options));
}

StorageResult<std::vector<QueueMessage>> QueueClient::peek(std::size_t count, const CallOptions& options) {
  return get_messages(
      with_query(queue_url_ + "/messages", {{"peekonly", "true"}, {"numofmessages", std::to_string(count)}}), options);
}

StorageResult<std::vector<QueueMessage>> QueueClient::get_messages(const std::string& url, const CallOptions& options) {
  const auto reply = service_.send({.url = url}, {200}, options);
  if (!reply) return reply.error();
  return parse_messages(reply->body);
}

StorageResult<Success> QueueClient::remove(std::string_view id, std::string_view pop_receipt,
                                           const CallOptions& options) {
  const auto url =
      with_query(queue_url_ + "/messages/" + percent_encode(id), {{"popreceipt", std::string(pop_receipt)}});
  const auto reply = service_.send({.method = Method::kDelete, .url = url}, {204}, options);
  if (!reply) return reply.error();
  return Success{};
}

StorageResult<QueueReceipt> QueueClient::update(const QueueReceipt& message, std::chrono::seconds invisible,
                                                std::optional<std::string_view> text, const CallOptions& options) {
  const auto url = with_query(queue_url_ + "/messages/" + percent_encode(message.id),
                              {{"popreceipt", message.pop_receipt}, {"visibilitytimeout", seconds_text(invisible)}});
  HttpRequest request{.method = Method::kPut, .url = url};
  if (text) {
    auto document = message_document(*text);
    if (!document) return std::move(document).error();
    request = message_request(Method::kPut, url, *std::move(document));
  }
  const auto reply = service_.send(std::move(request), {204}, once(options));
  if (!reply) return reply.error();
  const auto receipt = reply->headers.get("x-ms-popreceipt");
  if (!receipt) return unexpected_reply("no receipt of the message");
  return QueueReceipt{message.id, std::string(*receipt),
                      parse_http_date(reply->headers.get("x-ms-time-next-visible").value_or(""))};
}

}  // namespace azf::azure
