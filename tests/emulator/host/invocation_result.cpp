#include "emulator/host/invocation_result.h"

#include "core/time_text.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace azf::emulator {
namespace {

constexpr std::string_view kPlainText = "text/plain; charset=utf-8";

Error failed(std::string message) { return {ErrorKind::kUnexpectedResponse, std::move(message)}; }

// Newtonsoft.Json matches members to a .NET object without letter case.
const Json* member_of(const Json& object, std::string_view name) {
  for (const auto& [key, value] : object.items()) {
    if (equal_ignoring_case(key, name)) return &value;
  }
  return nullptr;
}

bool is_json_media_type(std::string_view content_type) {
  const auto end = std::min(content_type.find(';'), content_type.size());
  const std::string type = to_lower(trimmed(content_type.substr(0, end)));
  const std::string parameters = to_lower(content_type.substr(end));
  const bool foreign_charset =
      parameters.find("charset=") != std::string::npos && parameters.find("utf-8") == std::string::npos;
  return (type == "application/json" || type == "text/json") && !foreign_charset;
}

// A number or boolean as .NET writes it; any other value as JSON.
std::string scalar_text(const Json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>();
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  return to_text(value);
}

std::string indented(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

// The host's parser turns texts that look like an ISO 8601 date into dates; one of them alone comes out like this.
std::optional<std::string> mangled_date(const std::string& text) {
  if (text.size() < 19 || text[4] != '-' || text[10] != 'T') return std::nullopt;
  const auto time = parse_rfc3339(text);
  if (!time) return std::nullopt;
  const std::string iso = to_rfc3339(*time);
  return iso.substr(5, 2) + "/" + iso.substr(8, 2) + "/" + iso.substr(0, 4) + " " + iso.substr(11, 8);
}

std::string item_text(const Json& item) {
  if (item.is_structured()) return indented(item);
  if (item.is_string()) {
    if (auto date = mangled_date(item.get_ref<const std::string&>())) return *date;
  }
  return scalar_text(item);
}

// An object, or the text of one.
std::optional<Json> as_object(const Json& value) {
  if (value.is_object()) return value;
  if (!value.is_string()) return std::nullopt;
  auto parsed = parse_json(value.get_ref<const std::string&>());
  if (!parsed || !parsed->is_object()) return std::nullopt;
  return std::move(*parsed);
}

int status_of(const Json* value) {
  constexpr int kDefault = 200;
  if (value == nullptr) return kDefault;
  if (value->is_number_integer()) return value->get<int>();
  if (!value->is_string()) return kDefault;
  const auto& text = value->get_ref<const std::string&>();
  int status = 0;
  const auto [end, outcome] = std::from_chars(text.data(), text.data() + text.size(), status);
  return outcome == std::errc() && end == text.data() + text.size() ? status : kDefault;
}

// A response object: `statusCode`, `headers`, `body`, nothing else.
Result<Reply> response_of(const Json& object, const Json* status, bool compact_body) {
  Reply reply;
  reply.status = status_of(status);
  if (const Json* headers = member_of(object, "headers"); headers != nullptr && headers->is_object()) {
    for (const auto& [name, value] : headers->items()) {
      const std::string text = scalar_text(value);
      const bool one_line = std::none_of(text.begin(), text.end(), [](char c) { return c == '\r' || c == '\n'; });
      if (value.is_null() || !one_line || name.empty() || name.find_first_of(" :\r\n") != std::string::npos) {
        return failed("the header \"" + name + "\" of the http output is invalid");
      }
      reply.headers.push_back({name, text});
    }
  }
  const Json* body = member_of(object, "body");
  if (body == nullptr || body->is_null()) return reply;
  reply.body = body->is_structured() ? (compact_body ? to_text(*body) : indented(*body)) : scalar_text(*body);
  if (find_header(reply.headers, "Content-Type") == nullptr) {
    reply.headers.push_back({"Content-Type", std::string(kPlainText)});
  }
  return reply;
}

// An http output named `$return`.
Result<Reply> returned_response(const Json& value) {
  if (value.is_null()) return Reply{204, "", {}, ""};
  if (value.is_string()) {
    if (auto bytes = parse_dotnet_base64(value.get_ref<const std::string&>())) return Reply{200, "", {}, *bytes};
  }
  if (auto object = as_object(value)) {
    if (member_of(*object, "body") == nullptr) return text_reply(200, indented(*object));
    const Json* status = member_of(*object, "statusCode");
    return response_of(*object, status != nullptr ? status : member_of(*object, "status"), true);
  }
  return text_reply(200, value.is_structured() ? indented(value) : scalar_text(value));
}

Result<Success> read_logs(const Json* logs, std::vector<std::string>& texts) {
  if (logs == nullptr || logs->is_null()) return Success{};
  if (!logs->is_array()) return failed("Invalid HttpResponseMessage: \"Logs\" is not an array");
  for (const auto& entry : *logs) {
    if (entry.is_structured()) return failed("Invalid HttpResponseMessage: an element of \"Logs\" is not a text");
    texts.push_back(entry.is_null() ? "" : scalar_text(entry));
  }
  return Success{};
}

}  // namespace

Result<InvocationResult> parse_invocation_reply(const Reply& reply, const FunctionDefinition& function) {
  if (reply.status < 200 || reply.status > 299) {
    const std::string reason(reply.reason.empty() ? reason_phrase(reply.status) : std::string_view(reply.reason));
    return failed("Response status code does not indicate success: " + std::to_string(reply.status) + " (" + reason +
                  ").");
  }
  InvocationResult result;
  if (reply.body.empty()) {
    result.hangs = true;
    return result;
  }
  const std::string* type = find_header(reply.headers, "Content-Type");
  if (type == nullptr || !is_json_media_type(*type)) {
    return failed("Invalid HttpResponseMessage: unsupported media type " +
                  (type == nullptr ? "(none)" : "\"" + *type + "\""));
  }
  auto json = parse_json(reply.body);
  if (!json) return with_context(failed(json.error().message), "Invalid HttpResponseMessage");
  if (json->is_null()) {
    result.hangs = true;
    return result;
  }
  if (!json->is_object()) return failed("Invalid HttpResponseMessage: the body is not a JSON object");

  if (auto logs = read_logs(member_of(*json, "Logs"), result.logs); !logs) return std::move(logs).error();
  if (const Json* outputs = member_of(*json, "Outputs"); outputs != nullptr && !outputs->is_null()) {
    if (!outputs->is_object()) return failed("Invalid HttpResponseMessage: \"Outputs\" is not an object");
    result.has_outputs = true;
    result.outputs = *outputs;
  }
  if (const Json* value = member_of(*json, "ReturnValue")) result.return_value = *value;
  const bool has_return_binding = std::any_of(function.bindings.begin(), function.bindings.end(),
                                              [](const Binding& binding) { return binding.name == "$return"; });
  if (!has_return_binding && result.return_value.is_object()) {
    result.has_outputs = true;
    for (const auto& [name, value] : result.return_value.items()) result.outputs[name] = value;
  }
  return result;
}

Result<Reply> http_output(const InvocationResult& result, const FunctionDefinition& function) {
  const Binding* output = function.find_output("http");
  if (output == nullptr) return Reply{204, "", {}, ""};
  if (output->name == "$return") return returned_response(result.return_value);
  if (!result.has_outputs) return Reply{204, "", {}, ""};
  const auto value = result.outputs.find(output->name);
  if (value == result.outputs.end()) return text_reply(200, "{}");
  const auto object = as_object(*value);
  if (!object) return failed("the http output \"" + output->name + "\" is not a JSON object");
  return response_of(*object, member_of(*object, "statusCode"), false);
}

std::vector<std::string> collected_output(const InvocationResult& result, const Binding& output) {
  Json value;
  if (output.name == "$return") {
    value = result.return_value;
  } else if (const auto found = result.outputs.find(output.name); found != result.outputs.end()) {
    value = *found;
  }
  if (value.is_null()) return {};
  if (value.is_string()) {
    const std::string text = value.get<std::string>();
    if (!output.is_binary()) {
      if (auto bytes = parse_dotnet_base64(text)) return {std::move(*bytes)};
    }
    const auto shape = trimmed(text);
    const bool structured =
        (shape.starts_with('{') && shape.ends_with('}')) || (shape.starts_with('[') && shape.ends_with(']'));
    auto parsed = structured ? parse_json(text) : Result<Json>(Json());
    if (!structured || !parsed) return {item_text(value)};
    value = std::move(*parsed);
  }
  if (!value.is_array()) return {item_text(value)};
  std::vector<std::string> items;
  for (const auto& element : value) items.push_back(item_text(element));
  return items;
}

}  // namespace azf::emulator
