#include "core/base64.h"
#include "core/json.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "runtime/invocation.h"

#include <algorithm>
#include <string>
#include <vector>

namespace azf::test {
namespace {

const FunctionMetadata& http_metadata() {
  static const FunctionMetadata metadata{
      .name = "http",
      .bindings = {HttpTrigger{}, HttpOutput{}, GenericBinding{.type = "blob", .name = "text"},
                   GenericBinding{.type = "blob", .name = "bytes", .properties = {{"dataType", "binary"}}},
                   QueueOutput{.queue_name = "q"}}};
  return metadata;
}

const FunctionMetadata& queue_metadata() {
  static const FunctionMetadata metadata{
      .name = "queue",
      .bindings = {QueueTrigger{.queue_name = "q", .data_type = DataType::kBinary},
                   GenericBinding{.type = "blob", .name = "text"}, QueueOutput{.queue_name = "q"},
                   GenericBinding{.type = "cosmosDB", .direction = BindingDirection::kOut, .name = "$return"}}};
  return metadata;
}

// By name, as the members of an object stand; equal names in their order.
std::vector<Headers::Field> sorted(const Headers& headers) {
  std::vector<Headers::Field> fields(headers.begin(), headers.end());
  std::ranges::stable_sort(fields, {}, &Headers::Field::name);
  return fields;
}

bool same(const Invocation& a, const Invocation& b) {
  if (a.request.has_value() != b.request.has_value()) return false;
  if (a.request && (a.request->method != b.request->method || a.request->url != b.request->url ||
                    a.request->body != b.request->body || sorted(a.request->headers) != sorted(b.request->headers))) {
    return false;
  }
  return a.inputs == b.inputs && a.route_values == b.route_values && a.metadata == b.metadata;
}

bool is_binary_body(const Headers& headers) {
  const auto type = headers.get("Content-Type").value_or("");
  const auto begins_with = [type](std::string_view start) {
    return equal_ignoring_case(type.substr(0, start.size()), start);
  };
  return begins_with("application/octet-stream") || begins_with("multipart/");
}

// The envelope that the host would send for it.
std::string envelope_of(const Invocation& invocation, const FunctionMetadata& metadata) {
  Json data = Json::object();
  for (const auto& [name, value] : invocation.inputs) {
    const Binding* binding = find_binding(metadata, name);
    if (value.document) {
      data[name] = value.text.empty() ? *value.document : Json(value.text);
    } else if (binding != nullptr && binding_data_type(*binding) == DataType::kBinary) {
      // `null` means that there is no value; a blank is skipped, and makes it the bytes.
      data[name] = to_base64(value.text) + " ";
    } else {
      data[name] = to_text(Json(value.text));
    }
  }
  if (const auto& request = invocation.request) {
    Json headers = Json::object();
    for (const auto& [name, value] : request->headers) headers[std::string(name)].push_back(value);
    Json params = Json::object();
    for (const auto& [name, value] : invocation.route_values) params[name] = value;
    data[http_trigger(metadata)->name] = {
        {"Url", "http://localhost" + request->url},
        {"Method", to_string(request->method)},
        {"Headers", headers},
        {"Params", params},
        {"Body", is_binary_body(request->headers) ? to_base64(request->body) : request->body}};
  }
  return to_text({{"Data", data}, {"Metadata", invocation.metadata}});
}

void check_invocation(const Invocation& invocation, std::string_view body, const FunctionMetadata& metadata) {
  const auto envelope = parse_json(body);
  require(envelope.has_value(), "an invocation is JSON");
  const Json* data = find_member(*envelope, "Data");
  require(data != nullptr && find_member(*envelope, "Metadata") != nullptr, "an invocation has data and metadata");
  require(invocation.metadata.is_object(), "metadata is an object");
  for (const auto& [name, value] : invocation.inputs) {
    require(find_member(*data, name) != nullptr, "each input is a member of the data");
    const Binding* binding = find_binding(metadata, name);
    require(binding == nullptr || binding_type(*binding) != "httpTrigger", "the request is no input");
    require(!value.document || !value.document->is_string(), "a document is no text");
    require(invocation.input(name) == &value, "an input is found by its name");
  }
  const HttpTrigger* trigger = http_trigger(metadata);
  require(invocation.request.has_value() == (trigger != nullptr && data->contains(trigger->name)),
          "there is a request if the trigger has one");
  if (invocation.request) {
    require(invocation.request->url.starts_with('/'), "the URL of a request is a path");
    require(invocation.request->headers.has("X-Forwarded-Proto"), "a request has its scheme");
  }
  for (const auto& [name, member] : invocation.metadata.items()) {
    const bool text = invocation.metadata_text(name).has_value();
    require(text || !invocation.metadata_integer(name), "a number is a text, too");
    require(text || !invocation.metadata_time(name), "an instant is a text, too");
  }
  const auto again = parse_invocation(envelope_of(invocation, metadata), metadata);
  require(again && same(*again, invocation), "a written envelope is read back");
}

// What the host makes of a text of a reply.
std::string read_by_host(const std::string& encoded) { return from_base64(encoded).value_or(encoded); }

void check_reply(const InvocationResult& result, const FunctionMetadata& metadata) {
  const auto reply = to_reply(result, metadata);
  if (!reply) {
    require(reply.error().kind == ErrorKind::kInternal, "a result that cannot be said is our own mistake");
    return;
  }
  const auto json = parse_json(*reply);
  require(json && json->is_object(), "a reply is a JSON object");
  for (const auto& [name, value] : json->items()) {
    require(name == "Outputs" || name == "ReturnValue" || name == "Logs", "a reply has no other members");
  }
  require(json->contains("Logs") == !result.logs.empty(), "a reply has the lines of the log");
  for (const auto& [name, value] : result.outputs) {
    const Json* outputs = find_member(*json, "Outputs");
    const Json* output = name == "$return"    ? find_member(*json, "ReturnValue")
                         : outputs == nullptr ? nullptr
                                              : find_member(*outputs, name);
    require(output != nullptr, "a reply has each output");
    if (const auto* text = std::get_if<TextOutput>(&value)) {
      require(read_by_host(output->get<std::string>()) == text->text, "the host reads a text back");
    } else if (const auto* bytes = std::get_if<BytesOutput>(&value)) {
      require(read_by_host(output->get<std::string>()) == bytes->bytes, "the host reads bytes back");
    } else if (const auto* document = std::get_if<DocumentOutput>(&value)) {
      require(*output == document->document, "the host reads a document back");
    }
  }
}

// A function that gives back what it was given.
void check_echo(const Invocation& invocation, const FunctionMetadata& metadata) {
  InvocationResult request;
  InvocationResult all_texts;
  auto& messages = all_texts.outputs.emplace("output", MessagesOutput{}).first->second;
  for (const auto& [name, value] : invocation.inputs) {
    InvocationResult text{.outputs = {{"output", TextOutput{value.text}}}, .logs = {value.text}};
    check_reply(text, metadata);
    check_reply({.outputs = {{"output", BytesOutput{value.text}}}}, metadata);
    if (value.document) check_reply({.outputs = {{"output", DocumentOutput{*value.document}}}}, metadata);
    std::get<MessagesOutput>(messages).texts.push_back(value.text);
  }
  check_reply(all_texts, metadata);
  check_reply({.outputs = {{"$return", DocumentOutput{invocation.metadata}}}}, metadata);
  if (const auto& in = invocation.request) {
    check_reply({.outputs = {{"res", HttpResponse{.headers = in->headers, .body = in->body}}}}, metadata);
  }
}

void check(std::string_view body, const FunctionMetadata& metadata) {
  const auto invocation = parse_invocation(body, metadata);
  if (!invocation) {
    require(invocation.error().kind == ErrorKind::kInvalidArgument, "what is no envelope is an invalid argument");
    require(!contains(invocation.error().message, kPlantedToken), "no message quotes the envelope");
    require(invocation.error().message.size() <= 256, "messages are bounded");
    require_printable(invocation.error().message, "messages are printable");
    return;
  }
  check_invocation(*invocation, body, metadata);
  check_echo(*invocation, metadata);
}

}  // namespace

void fuzz_envelope(std::string_view input) {
  check(input, http_metadata());
  check(input, queue_metadata());
}

}  // namespace azf::test
