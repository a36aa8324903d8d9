#include "runtime/invocation.h"

#include "core/time_text.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using azf::BindingDirection;
using azf::BytesOutput;
using azf::DataType;
using azf::DocumentOutput;
using azf::ErrorKind;
using azf::FunctionMetadata;
using azf::GenericBinding;
using azf::HttpOutput;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::HttpTrigger;
using azf::InputValue;
using azf::InvocationResult;
using azf::Json;
using azf::MessagesOutput;
using azf::Method;
using azf::OutputValue;
using azf::parse_invocation;
using azf::QueueOutput;
using azf::QueueTrigger;
using azf::RouteValues;
using azf::TextOutput;
using azf::to_reply;

namespace {

const FunctionMetadata kTextFunction{
    .name = "text",
    .bindings = {QueueTrigger{.queue_name = "q"}, GenericBinding{.type = "blob", .name = "blob"},
                 GenericBinding{.type = "blob", .name = "bytes", .properties = {{"dataType", "binary"}}}}};
const FunctionMetadata kBinaryFunction{.name = "binary",
                                       .bindings = {QueueTrigger{.queue_name = "q", .data_type = DataType::kBinary}}};
const FunctionMetadata kHttpFunction{.name = "http", .bindings = {HttpTrigger{}, HttpOutput{}}};
const FunctionMetadata kOutputs{.name = "outputs",
                                .bindings = {HttpTrigger{}, HttpOutput{}, QueueOutput{.queue_name = "q"}}};
const FunctionMetadata kReturn{.name = "return", .bindings = {HttpTrigger{}, HttpOutput{.name = "$return"}}};

std::string envelope(const Json& data, const Json& metadata = Json::object()) {
  return azf::to_text({{"Data", data}, {"Metadata", metadata}});
}

Json document(const std::string& text) { return azf::parse_json(text).value(); }

Json encoded_output(const FunctionMetadata& metadata, std::string name, OutputValue value) {
  const auto reply = to_reply({.outputs = {{name, std::move(value)}}}, metadata);
  REQUIRE_MESSAGE(reply.has_value(), name);
  const auto json = document(*reply);
  if (name == "$return") return json.value("ReturnValue", Json());
  return json.value("Outputs", Json::object()).value(name, Json("none"));
}

std::string fault(std::string name, OutputValue value, const FunctionMetadata& metadata = kOutputs) {
  const auto reply = to_reply({.outputs = {{std::move(name), std::move(value)}}}, metadata);
  REQUIRE_FALSE(reply);
  CHECK(reply.error().kind == ErrorKind::kInternal);
  return reply.error().message;
}

}  // namespace

TEST_SUITE("runtime") {
  TEST_CASE("H-40: text inputs are decoded from every number of layers that hosts send") {
    struct Row {
      std::string encoded;
      InputValue expected;
    };
    const Row rows[] = {
        {R"("aaaaa")", {.text = "aaaaa"}},
        {R"("{\"a\":1}")", {.text = R"({"a":1})"}},
        {R"({"a":1})", {.text = R"({"a":1})", .document = Json{{"a", 1}}}},
        {"aaaaa", {.text = "aaaaa"}},
        {R"([{"id":"1"}])", {.text = R"([{"id":"1"}])", .document = document(R"([{"id":"1"}])")}},
        {"1", {.text = "1", .document = Json(1)}},
        {R"("1")", {.text = "1"}},
        {R"("null")", {.text = "null"}},
        {"2022-07-14T04:40:05+00:00", {.text = "2022-07-14T04:40:05+00:00"}},
        {R"("")", {.text = ""}},
        {"", {.text = ""}},
        {"{broken", {.text = "{broken"}},
    };
    for (const auto& row : rows) {
      CAPTURE(row.encoded);
      const auto invocation = parse_invocation(envelope({{"message", row.encoded}}), kTextFunction);
      REQUIRE(invocation);
      REQUIRE(invocation->input("message") != nullptr);
      CHECK(*invocation->input("message") == row.expected);
    }
  }

  TEST_CASE("an input that comes as a JSON object is a document") {
    const auto invocation = parse_invocation(envelope({{"message", {{"IsPastDue", false}}}}), kTextFunction);
    REQUIRE(invocation);
    CHECK(*invocation->input("message") == InputValue{.document = Json{{"IsPastDue", false}}});
  }

  TEST_CASE("H-41: a missing input is absent, binary inputs are decoded by their declaration") {
    const auto missing =
        parse_invocation(envelope({{"blob", "null"}, {"bytes", "null"}, {"message", nullptr}}), kTextFunction);
    REQUIRE(missing);
    CHECK(missing->inputs.empty());
    CHECK(missing->input("other") == nullptr);

    const auto binary = [](const std::string& text) {
      return parse_invocation(envelope({{"message", text}}), kBinaryFunction).value().input("message")->text;
    };
    CHECK(binary("aGVsbG8=") == "hello");
    CHECK(binary("1234") == "\xd7\x6d\xf8");
    CHECK(binary("null") == "\x9e\xe9\x65");
    CHECK(binary("") == "");

    const auto many = parse_invocation(envelope({{"message", R"(["aGVsbG8="])"}}), kBinaryFunction);
    CHECK(many.value().input("message")->document == Json{"aGVsbG8="});
    CHECK(parse_invocation(envelope({{"message", "not Base64!"}}), kBinaryFunction).error().message ==
          "member \"message\" of \"Data\" must be Base64, as the binding is declared binary");
  }

  TEST_CASE("H-43: an HTTP trigger becomes the request that would have been forwarded") {
    const auto data = document(R"({"req":{
      "Url":"https://app.example/api/orders/7?a=1&code=k","Method":"POST","Query":"{}",
      "Headers":{"Content-Type":["application/json"],"Host":["app.example"],"X-Two":["1","2"],"X-Plain":"3","X-Odd":7},
      "Params":{"id":"7","rest":null},"Identities":[],"Body":"{\"a\":1}"}})");
    const auto invocation = parse_invocation(envelope(data), kHttpFunction);
    REQUIRE(invocation);
    REQUIRE(invocation->request);
    const HttpRequest expected{.method = Method::kPost,
                               .url = "/api/orders/7?a=1&code=k",
                               .headers = {{"Content-Type", "application/json"},
                                           {"Host", "app.example"},
                                           {"X-Plain", "3"},
                                           {"X-Two", "1"},
                                           {"X-Two", "2"},
                                           {"X-Forwarded-Proto", "https"}},
                               .body = R"({"a":1})"};
    CHECK(*invocation->request == expected);
    CHECK(invocation->route_values == RouteValues{{"id", "7"}});
    CHECK(invocation->inputs.empty());
  }

  TEST_CASE("H-43: bodies: absent, Base64 for binary types, text for all others") {
    const auto body = [](const std::string& type, const Json& value) -> std::string {
      Json request = {{"Url", "http://localhost"}, {"Method", "PUT"}, {"Headers", {{"content-type", {type}}}}};
      if (!value.is_null()) request["Body"] = value;
      const auto invocation = parse_invocation(envelope({{"req", request}}), kHttpFunction);
      return invocation ? invocation->request->body : invocation.error().message;
    };
    CHECK(body("text/plain", nullptr).empty());
    CHECK(body("text/plain", "aGVsbG8=") == "aGVsbG8=");
    CHECK(body("application/octet-stream", "aGVsbG8=") == "hello");
    CHECK(body("Multipart/form-data; boundary=x", "aGVsbG8=") == "hello");
    CHECK(body("application/octet-stream", "hello") ==
          "HTTP trigger \"req\": member \"Body\" must be Base64, as its content type is binary");
    CHECK(body("application/json", Json::object()) ==
          "HTTP trigger \"req\": member \"Body\" must be a string, got object");
  }

  TEST_CASE("URLs of HTTP triggers become origin form") {
    const auto target = [](const std::string& url) {
      return parse_invocation(envelope({{"req", {{"Url", url}, {"Method", "get"}}}}), kHttpFunction)
          .value()
          .request->url;
    };
    CHECK(target("http://localhost:7071") == "/");
    CHECK(target("http://localhost:7071?a=b") == "/?a=b");
    CHECK(target("http://localhost:7071/a?u=http://x/y") == "/a?u=http://x/y");
    CHECK(target("/a/b") == "/a/b");
  }

  TEST_CASE("H-44: metadata is read as text, number or instant; what is not there is tolerated") {
    const auto invocation = parse_invocation(envelope(Json::object(), {{"DequeueCount", "1"},
                                                                       {"Id", "\"id-7\""},
                                                                       {"Plain", "id-8"},
                                                                       {"InsertionTime", "2022-07-14T04:40:05+00:00"},
                                                                       {"Nothing", "null"},
                                                                       {"Properties", {{"Length", 5}}},
                                                                       {"unknown", Json::array()}}),
                                             kTextFunction)
                                .value();
    CHECK(invocation.metadata_integer("DequeueCount") == 1);
    CHECK(invocation.metadata_text("DequeueCount") == "1");
    CHECK(invocation.metadata_text("Id") == "id-7");
    CHECK(invocation.metadata_text("Plain") == "id-8");
    CHECK(azf::to_rfc3339(invocation.metadata_time("InsertionTime").value()) == "2022-07-14T04:40:05Z");
    CHECK_FALSE(invocation.metadata_text("Nothing"));
    CHECK_FALSE(invocation.metadata_text("Properties"));
    CHECK_FALSE(invocation.metadata_text("sys"));
    CHECK_FALSE(invocation.metadata_integer("Id"));
    CHECK_FALSE(invocation.metadata_time("Id"));
    CHECK(invocation.metadata.at("Properties") == Json{{"Length", 5}});
  }

  TEST_CASE("what is no envelope is refused with the member's name") {
    struct Row {
      std::string body;
      std::string message;
    };
    const Row rows[] = {
        {"", "not valid JSON at byte 1"},
        {"[]", "an invocation must be a JSON object"},
        {"{}", "member \"Data\" must be an object"},
        {R"({"Data":[],"Metadata":{}})", "member \"Data\" must be an object"},
        {R"({"Data":{}})", "member \"Metadata\" must be an object"},
        {R"({"Data":{"req":7},"Metadata":{}})", "HTTP trigger \"req\": member \"Url\" is missing or empty"},
        {R"({"Data":{"req":{"Url":"/"}},"Metadata":{}})",
         "HTTP trigger \"req\": member \"Method\" is missing or empty"},
        {R"({"Data":{"req":{"Url":"/","Method":"BREW"}},"Metadata":{}})",
         "HTTP trigger \"req\": member \"Method\" is not a known HTTP method"}};
    for (const auto& row : rows) {
      CAPTURE(row.body);
      const auto invocation = parse_invocation(row.body, kHttpFunction);
      REQUIRE_FALSE(invocation);
      CHECK(invocation.error().kind == ErrorKind::kInvalidArgument);
      CHECK(invocation.error().message == row.message);
    }
  }

  TEST_CASE("H-45: a reply is never empty") {
    CHECK(to_reply({}, kOutputs).value() == "{}");
    CHECK(to_reply({.logs = {"done"}}, kOutputs).value() == R"({"Logs":["done"]})");
  }

  TEST_CASE("H-46: text that the host would alter is sent as Base64, other text as it is") {
    struct Row {
      std::string text;
      std::string encoded;
    };
    const Row rows[] = {
        {"hello", "hello"},
        {"Hello, world!", "Hello, world!"},
        {"test", "dGVzdA=="},
        {"abcd", "YWJjZA=="},
        {"Hello123", "SGVsbG8xMjM="},
        {"", ""},
        {" te st\n", "IHRlIHN0Cg=="},
        {"2024-05-01T10:00:00Z", "MjAyNC0wNS0wMVQxMDowMDowMFo="},
        {"/Date(0)/", "L0RhdGUoMCkv"},
        {R"({"a":1})", "eyJhIjoxfQ=="},
        {" [1,2]", "IFsxLDJd"},
        {"a\xff", "Yf8="},
        {"2024-05-01", "2024-05-01"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(encoded_output(kOutputs, "output", TextOutput{row.text}) == Json(row.encoded));
    }
    CHECK(encoded_output(kOutputs, "output", BytesOutput{"hello"}) == Json("aGVsbG8="));
  }

  TEST_CASE("H-51: several messages are an array of plain text") {
    CHECK(encoded_output(kOutputs, "output", MessagesOutput{{"test", "[1]", "b"}}) == Json({"test", "[1]", "b"}));
    CHECK(encoded_output(kOutputs, "output", MessagesOutput{{"test"}}) == Json("dGVzdA=="));
    CHECK(encoded_output(kOutputs, "output", MessagesOutput{}) == Json::array());
    CHECK(fault("output", MessagesOutput{{"a", "2024-05-01T10:00:00Z"}}) ==
          "output \"output\": has a message in the form of a date, which the host would rewrite");
    CHECK(fault("output", MessagesOutput{{"a", "\xff"}}) ==
          "output \"output\": has a message that is not UTF-8, which an array cannot hold");
  }

  TEST_CASE("documents are embedded") {
    CHECK(encoded_output(kOutputs, "output", DocumentOutput{{{"id", "1"}}}) == Json{{"id", "1"}});
    CHECK(fault("output", DocumentOutput{"text"}) ==
          "output \"output\": has a document that is neither a JSON object nor an array");
  }

  TEST_CASE("H-48: an HTTP response is status code, headers and a body of text") {
    const HttpResponse response{.status = 201, .headers = {{"Content-Type", "application/json"}}, .body = R"({"a":1})"};
    const Json expected = {
        {"statusCode", 201}, {"headers", {{"Content-Type", "application/json"}}}, {"body", R"({"a":1})"}};
    CHECK(encoded_output(kOutputs, "res", response) == expected);
    CHECK(encoded_output(kReturn, "$return", response) == expected);
    CHECK(encoded_output(kOutputs, "res", HttpResponse{.status = 204}) ==
          Json{{"statusCode", 204}, {"headers", Json::object()}, {"body", ""}});
  }

  TEST_CASE("H-48: what an envelope cannot say of a response is refused, and the remedy named") {
    for (const auto& response :
         {HttpResponse{.body = "\x89PNG"}, HttpResponse{.headers = {{"Set-Cookie", "a=1"}, {"set-cookie", "b=2"}}}}) {
      CHECK(fault("res", response).find("enableForwardingHttpRequest") != std::string::npos);
    }
  }

  TEST_CASE("H-49: an output that is not declared just so is an error") {
    const std::string message = "is not declared as an output of the function";
    CHECK(fault("Output", TextOutput{"a"}) == "output \"Output\": " + message);
    CHECK(fault("req", TextOutput{"a"}) == "output \"req\": " + message);
    CHECK(fault("$return", TextOutput{"a"}) == "output \"$return\": " + message);
    CHECK(fault("res", TextOutput{"a"}) == "output \"res\": needs an HttpResponse");
    CHECK(fault("output", HttpResponse{}) == "output \"output\": cannot take an HttpResponse");
  }

  TEST_CASE("H-50: invalid UTF-8 in log lines is replaced") {
    CHECK(to_reply({.logs = {"a\xff"}}, kOutputs).value() == "{\"Logs\":[\"a\xef\xbf\xbd\"]}");
  }
}
