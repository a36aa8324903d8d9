#include "azure/queue_client.h"

#include "azure/storage_fixture.h"
#include "azure/xml_reader.h"
#include "core/time_text.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using azf::Error;
using azf::ErrorKind;
using azf::HttpResponse;
using azf::Method;
using azf::azure::parse_xml;
using azf::azure::QueueClient;
using azf::azure::ServiceErrorKind;
using std::chrono::seconds;

using namespace std::string_view_literals;

constexpr auto kQueueUrl = "https://a.queue.core.windows.net/jobs";

struct Fixture : azf::test::StorageFixture {
  Fixture() : StorageFixture("queue") {}

  QueueClient client() { return QueueClient(access(), "jobs"); }
  azf::HttpRequest only_request() const {
    REQUIRE(http.requests().size() == 1);
    return http.requests().front();
  }
};

HttpResponse message_list(std::string_view text, int status = 200) {
  return {.status = status,
          .body =
              "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><QueueMessagesList><QueueMessage>"
              "<MessageId>id-1</MessageId><InsertionTime>Fri, 02 Jan 2026 03:04:05 GMT</InsertionTime>"
              "<ExpirationTime>Fri, 09 Jan 2026 03:04:05 GMT</ExpirationTime><PopReceipt>AgAAA+/=</PopReceipt>"
              "<TimeNextVisible>Fri, 02 Jan 2026 03:04:35 GMT</TimeNextVisible><DequeueCount>2</DequeueCount>"
              "<MessageText>" +
              std::string(text) + "</MessageText></QueueMessage></QueueMessagesList>"};
}

TEST_SUITE("azure/queue_client") {
  TEST_CASE("S-1: every call asks for a token of storage, and sends it to the account alone") {
    Fixture fixture;
    fixture.http.add_reply(HttpResponse{.status = 201});
    CHECK(fixture.client().create({}).has_value());
    const auto request = fixture.only_request();
    CHECK(request.method == Method::kPut);
    CHECK(request.url == kQueueUrl);
    CHECK(request.headers.get("Authorization") == "Bearer token-1 for https://storage.azure.com/.default");
    CHECK(request.headers.get("x-ms-version") == "2021-12-02");
    CHECK(fixture.credential.requests()[0].scopes == std::vector<std::string>{"https://storage.azure.com/.default"});
  }

  TEST_CASE("a queue that is there already is as good as a new one") {
    Fixture fixture;
    fixture.http.add_reply(HttpResponse{.status = 204});
    CHECK(fixture.client().create({}).has_value());
  }

  TEST_CASE("S-19: a text with <&> and CR is sent so that it is read back as it was") {
    for (const auto text : {"<&>"sv, "a\rb\r\nc"sv, "]]>"sv, "Zoë"sv, ""sv, " x "sv}) {
      CAPTURE(text);
      Fixture fixture;
      fixture.http.add_reply(message_list("", 201));
      const auto receipt = fixture.client().send(text, {.invisible = seconds(5), .lifetime = seconds(60)}, {});
      REQUIRE(receipt.has_value());
      CHECK(receipt->id == "id-1");
      CHECK(receipt->pop_receipt == "AgAAA+/=");
      CHECK(receipt->next_visible == azf::parse_rfc3339("2026-01-02T03:04:35Z"));
      const auto request = fixture.only_request();
      CHECK(request.method == Method::kPost);
      CHECK(request.url == kQueueUrl + std::string("/messages?visibilitytimeout=5&messagettl=60"));
      CHECK(request.headers.get("Content-Type") == "application/xml");
      const auto document = parse_xml(request.body);
      REQUIRE(document.has_value());
      CHECK(document->name == "QueueMessage");
      CHECK(document->child_text("MessageText") == text);
    }
  }

  TEST_CASE("a text that no message can hold is refused before it is sent") {
    for (const auto& text :
         {std::string("a\x01"), std::string("\xff"), std::string(QueueClient::kTextLimit + 1, 'x')}) {
      Fixture fixture;
      const auto receipt = fixture.client().send(text, {}, {});
      REQUIRE_FALSE(receipt.has_value());
      CHECK(receipt.error().kind == ServiceErrorKind::kInvalidRequest);
      CHECK(fixture.http.requests().empty());
    }
  }

  TEST_CASE("a message may be kept for ever") {
    Fixture fixture;
    fixture.http.add_reply(message_list("", 201));
    CHECK(fixture.client().send("x", {.lifetime = seconds(-5)}, {}).has_value());
    CHECK(fixture.only_request().url.ends_with("messagettl=-1"));
  }

  TEST_CASE("S-19: messages are received with their text, <&> and CR included") {
    Fixture fixture;
    fixture.http.add_reply(message_list("&lt;&amp;&gt;&#xD;\n"));
    const auto messages = fixture.client().receive({.count = 3, .invisible = seconds(40)}, {});
    REQUIRE(messages.has_value());
    REQUIRE(messages->size() == 1);
    const auto& message = messages->front();
    CHECK(message.id == "id-1");
    CHECK(message.pop_receipt == "AgAAA+/=");
    CHECK(message.text == "<&>\r\n");
    CHECK(message.dequeue_count == 2);
    CHECK(message.inserted == azf::parse_rfc3339("2026-01-02T03:04:05Z"));
    CHECK(message.expires == azf::parse_rfc3339("2026-01-09T03:04:05Z"));
    CHECK(message.next_visible == azf::parse_rfc3339("2026-01-02T03:04:35Z"));
    CHECK(fixture.only_request().url == kQueueUrl + std::string("/messages?numofmessages=3&visibilitytimeout=40"));
  }

  TEST_CASE("an empty queue is no failure, and looking takes nothing") {
    Fixture fixture;
    fixture.http.add_reply(HttpResponse{.body = "<QueueMessagesList />"});
    const auto messages = fixture.client().peek(32, {});
    REQUIRE(messages.has_value());
    CHECK(messages->empty());
    CHECK(fixture.only_request().url == kQueueUrl + std::string("/messages?peekonly=true&numofmessages=32"));
  }

  TEST_CASE("S-19: the receipt stands percent-encoded in the URL") {
    Fixture fixture;
    fixture.http.add_reply(HttpResponse{.status = 204});
    CHECK(fixture.client().remove("id-1", "AgAAA+/= &", {}).has_value());
    const auto request = fixture.only_request();
    CHECK(request.method == Method::kDelete);
    CHECK(request.url == kQueueUrl + std::string("/messages/id-1?popreceipt=AgAAA%2B%2F%3D%20%26"));
  }

  TEST_CASE("an update gives a new receipt, and a new text if there is one") {
    for (const bool with_text : {false, true}) {
      CAPTURE(with_text);
      Fixture fixture;
      fixture.http.add_reply(HttpResponse{
          .status = 204,
          .headers = {{"x-ms-popreceipt", "B+"}, {"x-ms-time-next-visible", "Fri, 02 Jan 2026 03:04:05 GMT"}}});
      const auto text = with_text ? std::optional("<new>"sv) : std::nullopt;
      const auto receipt = fixture.client().update({.id = "id-1", .pop_receipt = "A+"}, seconds(60), text, {});
      REQUIRE(receipt.has_value());
      CHECK(receipt->id == "id-1");
      CHECK(receipt->pop_receipt == "B+");
      CHECK(receipt->next_visible == azf::parse_rfc3339("2026-01-02T03:04:05Z"));
      const auto request = fixture.only_request();
      CHECK(request.method == Method::kPut);
      CHECK(request.url == kQueueUrl + std::string("/messages/id-1?popreceipt=A%2B&visibilitytimeout=60"));
      CHECK(request.body.empty() == !with_text);
      if (with_text) CHECK(parse_xml(request.body).value().child_text("MessageText") == "<new>");
    }
  }

  TEST_CASE("sending and receiving are not repeated, looking and deleting are") {
    const auto tries = [](auto call) {
      Fixture fixture;
      for (int i = 0; i < 4; ++i) fixture.http.add_reply(Error{ErrorKind::kTransport, "broken"});
      const auto client = fixture.client();
      CHECK_FALSE(call(client).has_value());
      return fixture.http.requests().size();
    };
    CHECK(tries([](const auto& client) { return client.send("x", {}, {}); }) == 1);
    CHECK(tries([](const auto& client) { return client.receive({}, {}); }) == 1);
    CHECK(tries([](const auto& client) { return client.update({}, seconds(1), std::nullopt, {}); }) == 1);
    CHECK(tries([](const auto& client) { return client.peek(1, {}); }) == 4);
    CHECK(tries([](const auto& client) { return client.remove("id", "r", {}); }) == 4);
    CHECK(tries([](const auto& client) { return client.create({}); }) == 4);
  }

  TEST_CASE("errors and replies that are none of the protocol are told apart") {
    Fixture fixture;
    fixture.http.add_reply(HttpResponse{.status = 404, .headers = {{"x-ms-error-code", "QueueNotFound"}}});
    fixture.http.add_reply(HttpResponse{.body = "<html/>"});
    fixture.http.add_reply(HttpResponse{.body = "<QueueMessagesList><QueueMessage/></QueueMessagesList>"});
    fixture.http.add_reply(HttpResponse{.status = 204});
    const auto client = fixture.client();
    CHECK(client.peek(1, {}).error().kind == ServiceErrorKind::kNotConfigured);
    CHECK(client.peek(1, {}).error().kind == ServiceErrorKind::kUnexpectedReply);
    CHECK(client.peek(1, {}).error().kind == ServiceErrorKind::kUnexpectedReply);
    CHECK(client.update({}, seconds(1), std::nullopt, {}).error().kind == ServiceErrorKind::kUnexpectedReply);
  }
}

}  // namespace
