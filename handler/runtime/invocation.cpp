#include "runtime/invocation.h"

#include "core/base64.h"
#include "core/number_text.h"
#include "core/time_text.h"
#include "core/utf8.h"
#include "http/url.h"

#include <algorithm>
#include <utility>

namespace azf {
namespace {

Error invalid(const std::string& what) { return {ErrorKind::kInvalidArgument, what}; }

std::string in_quotes(std::string_view name) { return "\"" + std::string(name) + "\""; }

// The host turns bytes into Base64 and everything that is no object into the JSON text of the value; older ones and
// some extensions send texts plain. A text that is not JSON is therefore taken as it is.
std::optional<InputValue> decode_text(const std::string& encoded) {
  auto parsed = parse_json(encoded);
  if (!parsed) return InputValue{.text = encoded};
  if (parsed->is_null()) return std::nullopt;
  if (auto* text = parsed->get_ptr<std::string*>()) return InputValue{.text = std::move(*text)};
  return InputValue{.text = encoded, .document = std::move(*parsed)};
}

// Nothing for an input without value. `binding` is null for a member that function.json does not have.
Result<std::optional<InputValue>> decode_input(std::string_view name, Json& value, const Binding* binding) {
  if (value.is_null()) return std::optional<InputValue>();
  const auto* encoded = value.get_ptr<const std::string*>();
  if (encoded == nullptr) return std::optional(InputValue{.document = std::move(value)});
  if (binding == nullptr || binding_data_type(*binding) == DataType::kText) return decode_text(*encoded);

  // `null` is Base64, too. A trigger always has a value; any other input may be missing, which is far likelier than
  // just these three bytes.
  if (*encoded == "null" && !is_trigger(*binding)) return std::optional<InputValue>();
  if (auto bytes = from_base64(*encoded)) return std::optional(InputValue{.text = std::move(*bytes)});
  // Several values at once come as a JSON array.
  auto values = decode_text(*encoded);
  if (values && values->document) return values;
  return invalid("member " + in_quotes(name) + " of \"Data\" must be Base64, as the binding is declared binary");
}

// Absolute URL to origin form. Done by hand, because a URL that the host accepted is not ours to judge.
std::string origin_form(std::string_view url) {
  const auto authority = url.find("://");
  if (authority != std::string_view::npos) url.remove_prefix(authority + 3);
  const auto path = url.find_first_of("/?");
  if (path == std::string_view::npos) return "/";
  return (url[path] == '?' ? "/" : "") + std::string(url.substr(path));
}

void add_headers(const Json& data, Headers& headers) {
  const Json* members = find_member(data, "Headers");
  if (members == nullptr || !members->is_object()) return;
  for (const auto& [name, values] : members->items()) {
    if (const auto* value = values.get_ptr<const std::string*>()) headers.add(name, *value);
    if (!values.is_array()) continue;
    for (const auto& value : values) {
      if (value.is_string()) headers.add(name, value.get_ref<const std::string&>());
    }
  }
}

bool is_binary_content(const Headers& headers) {
  const auto type = headers.get("Content-Type").value_or("");
  const auto begins_with = [type](std::string_view start) {
    return equal_ignoring_case(type.substr(0, start.size()), start);
  };
  return begins_with("application/octet-stream") || begins_with("multipart/");
}

Result<HttpRequest> decode_request(Json& data) {
  auto url = required_string(data, "Url");
  if (!url) return std::move(url).error();
  const auto method_name = required_string(data, "Method");
  if (!method_name) return method_name.error();
  const auto method = parse_method(*method_name);
  if (!method) return invalid("member \"Method\" is not a known HTTP method");

  HttpRequest request{.method = *method, .url = origin_form(*url), .headers = {}, .body = {}};
  add_headers(data, request.headers);
  if (!request.headers.has("X-Forwarded-Proto")) {
    request.headers.add("X-Forwarded-Proto", url->substr(0, std::min(url->find("://"), url->size())));
  }
  const auto body = data.find("Body");
  if (body == data.end() || body->is_null()) return request;
  auto* text = body->get_ptr<std::string*>();
  if (text == nullptr) return invalid("member \"Body\" must be a string, got " + std::string(body->type_name()));
  if (!is_binary_content(request.headers)) {
    request.body = std::move(*text);
  } else if (auto bytes = from_base64(*text)) {
    request.body = std::move(*bytes);
  } else {
    return invalid("member \"Body\" must be Base64, as its content type is binary");
  }
  return request;
}

RouteValues decode_route_values(const Json& data) {
  RouteValues values;
  const Json* params = find_member(data, "Params");
  if (params == nullptr || !params->is_object()) return values;
  for (const auto& [name, value] : params->items()) {
    if (value.is_string()) values.add(name, value.get_ref<const std::string&>());
  }
  return values;
}

Error internal(const std::string& what) { return {ErrorKind::kInternal, what}; }

// The host reads such a text as a date and writes it out in another form (Newtonsoft.Json, `DateParseHandling`).
bool looks_like_date(std::string_view text) {
  constexpr std::size_t kTimeMark = 10;
  return text.starts_with("/Date(") ||
         (text.size() > kTimeMark && text[0] >= '0' && text[0] <= '9' && text[kTimeMark] == 'T');
}

// The host reads such a text as JSON, splits an array into messages, and indents an object.
bool looks_like_json(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n\v\f");
  return first != std::string_view::npos && (text[first] == '{' || text[first] == '[');
}

Json encode_text(const std::string& text) {
  const bool altered_by_host = is_base64(text) || looks_like_date(text) || looks_like_json(text) || !is_utf8(text);
  return altered_by_host ? to_base64(text) : text;
}

Result<Json> encode(const TextOutput& output) { return encode_text(output.text); }
Result<Json> encode(const BytesOutput& output) { return Json(to_base64(output.bytes)); }

Result<Json> encode(const MessagesOutput& output) {
  if (output.texts.size() == 1) return encode_text(output.texts.front());
  // The host does not decode the elements of an array, so there is no way to protect them.
  for (const auto& text : output.texts) {
    if (looks_like_date(text)) return internal("has a message in the form of a date, which the host would rewrite");
    if (!is_utf8(text)) return internal("has a message that is not UTF-8, which an array cannot hold");
  }
  return Json(output.texts);
}

Result<Json> encode(const DocumentOutput& output) {
  if (!output.document.is_object() && !output.document.is_array()) {
    return internal("has a document that is neither a JSON object nor an array");
  }
  return output.document;
}

Result<Json> encode(const HttpResponse& response) {
  constexpr auto kRemedy =
      "; set customHandler.enableForwardingHttpRequest in host.json, so that the host forwards requests";
  if (!is_utf8(response.body)) return internal(std::string("has a body that is not text") + kRemedy);
  Json headers = Json::object();
  for (const auto& [name, value] : response.headers) {
    const auto same_name = [&field = name](const Headers::Field& other) {
      return equal_ignoring_case(other.name, field);
    };
    if (std::ranges::count_if(response.headers, same_name) > 1) {
      return internal("has the header " + in_quotes(name) + " more than once" + kRemedy);
    }
    headers[std::string(name)] = value;
  }
  // An empty body is said, too: `$return` is read as a response only if it has the member.
  return Json{{"statusCode", response.status}, {"headers", std::move(headers)}, {"body", response.body}};
}

Result<Json> encode_output(std::string_view name, const OutputValue& value, const FunctionMetadata& metadata) {
  const auto* binding = find_binding(metadata, name);
  if (binding == nullptr || binding_direction(*binding) == BindingDirection::kIn) {
    return internal("is not declared as an output of the function");
  }
  const bool is_http = equal_ignoring_case(binding_type(*binding), "http");
  if (is_http != std::holds_alternative<HttpResponse>(value)) {
    return internal(is_http ? "needs an HttpResponse" : "cannot take an HttpResponse");
  }
  return std::visit([](const auto& output) { return encode(output); }, value);
}

}  // namespace

const InputValue* Invocation::input(std::string_view binding) const {
  const auto found = inputs.find(binding);
  return found == inputs.end() ? nullptr : &found->second;
}

std::optional<std::string> Invocation::metadata_text(std::string_view name) const {
  const Json* member = find_member(metadata, name);
  const auto* encoded = member == nullptr ? nullptr : member->get_ptr<const std::string*>();
  if (encoded == nullptr) return std::nullopt;
  auto value = decode_text(*encoded);
  if (!value) return std::nullopt;
  return std::move(value->text);
}

std::optional<std::int64_t> Invocation::metadata_integer(std::string_view name) const {
  const auto text = metadata_text(name);
  return text ? parse_number<std::int64_t>(*text) : std::nullopt;
}

std::optional<SystemTime> Invocation::metadata_time(std::string_view name) const {
  const auto text = metadata_text(name);
  return text ? parse_rfc3339(*text) : std::nullopt;
}

Result<Invocation> parse_invocation(std::string_view body, const FunctionMetadata& metadata) {
  auto envelope = parse_json(body);
  if (!envelope) return std::move(envelope).error();
  if (!envelope->is_object()) return invalid("an invocation must be a JSON object");
  const auto data = envelope->find("Data");
  if (data == envelope->end() || !data->is_object()) return invalid("member \"Data\" must be an object");
  const auto trigger_metadata = envelope->find("Metadata");
  if (trigger_metadata == envelope->end() || !trigger_metadata->is_object()) {
    return invalid("member \"Metadata\" must be an object");
  }

  Invocation invocation;
  invocation.metadata = std::move(*trigger_metadata);
  for (auto& [name, value] : data->get_ref<Json::object_t&>()) {
    const auto* binding = find_binding(metadata, name);
    if (binding != nullptr && equal_ignoring_case(binding_type(*binding), "httpTrigger")) {
      auto request = decode_request(value);
      if (!request) return with_context(std::move(request).error(), "HTTP trigger " + in_quotes(name));
      invocation.request = std::move(*request);
      invocation.route_values = decode_route_values(value);
      continue;
    }
    auto input = decode_input(name, value, binding);
    if (!input) return std::move(input).error();
    if (*input) invocation.inputs.emplace(name, std::move(**input));
  }
  return invocation;
}

Result<std::string> to_reply(const InvocationResult& result, const FunctionMetadata& metadata) {
  Json reply = Json::object();
  Json outputs = Json::object();
  for (const auto& [name, value] : result.outputs) {
    auto encoded = encode_output(name, value, metadata);
    if (!encoded) return with_context(std::move(encoded).error(), "output " + in_quotes(name));
    (name == "$return" ? reply["ReturnValue"] : outputs[name]) = std::move(*encoded);
  }
  if (!outputs.empty()) reply["Outputs"] = std::move(outputs);
  if (!result.logs.empty()) reply["Logs"] = result.logs;
  return to_text(reply);
}

}  // namespace azf
