#include "azure/session_reply.h"

#include "core/time_text.h"
#include "http/message.h"

#include <algorithm>
#include <array>
#include <utility>

namespace azf::azure {
namespace {

enum class State { kRunning, kSucceeded, kFailed };

Error unexpected(std::string_view what) { return {ErrorKind::kUnexpectedResponse, std::string(what)}; }

std::string text_of(const Json& object, std::string_view name) {
  const Json* member = find_member(object, name);
  return member != nullptr && member->is_string() ? member->get<std::string>() : std::string();
}

std::optional<std::uint64_t> count_of(const Json& object, std::initializer_list<std::string_view> names) {
  for (const auto name : names) {
    const auto number = optional_integer(object, name);
    if (number && *number && **number >= 0) return static_cast<std::uint64_t>(**number);
  }
  return std::nullopt;
}

// What the first generation puts around its answers.
const Json& without_envelope(const Json& document) {
  const Json* properties = find_member(document, "properties");
  return properties != nullptr && properties->is_object() ? *properties : document;
}

std::optional<State> state_named(std::string_view status) {
  struct Name {
    std::string_view text;
    State state;
  };
  constexpr std::array<Name, 14> kNames = {{{"Succeeded", State::kSucceeded},
                                            {"Success", State::kSucceeded},
                                            {"Failed", State::kFailed},
                                            {"Failure", State::kFailed},
                                            {"Error", State::kFailed},
                                            {"Canceled", State::kFailed},
                                            {"Cancelled", State::kFailed},
                                            {"TimedOut", State::kFailed},
                                            {"Timeout", State::kFailed},
                                            {"NotStarted", State::kRunning},
                                            {"Running", State::kRunning},
                                            {"InProgress", State::kRunning},
                                            {"Pending", State::kRunning},
                                            {"Accepted", State::kRunning}}};
  const auto* found =
      std::ranges::find_if(kNames, [&](const Name& name) { return equal_ignoring_case(name.text, status); });
  return found == kNames.end() ? std::nullopt : std::optional(found->state);
}

// Why code failed, where its own error output does not tell.
std::string reason_of(const Json& body) {
  if (const Json* error = find_member(body, "error")) {
    if (error->is_string()) return error->get<std::string>();
    if (const Json* nested = find_member(*error, "error")) error = nested;
    if (auto message = text_of(*error, "message"); !message.empty()) return message;
    if (auto code = text_of(*error, "code"); !code.empty()) return code;
  }
  const Json* raw = find_member(body, "rawResult");
  return raw == nullptr ? std::string() : text_of(*raw, "error_message");
}

bool has_output(const Json& object) {
  return object.is_object() && (object.contains("stdout") || object.contains("stderr"));
}

// In characters, as the pool counts them.
std::size_t length_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

Execution execution_of(const Json& body, const Json& output, bool succeeded, std::chrono::milliseconds elapsed) {
  Execution execution{.succeeded = succeeded,
                      .standard_output = text_of(output, "stdout"),
                      .standard_error = text_of(output, "stderr"),
                      .duration = elapsed};
  for (const auto* name : {"executionResult", "result"}) {
    const Json* result = find_member(output, name);
    if (result == nullptr) continue;
    execution.result = *result;
    break;
  }
  if (!succeeded && execution.standard_error.empty()) execution.standard_error = reason_of(body);
  if (const auto duration = count_of(output, {"executionTimeInMilliseconds"})) {
    execution.duration = std::chrono::milliseconds(*duration);
  }
  const auto limit = count_of(output, {"outputStreamsMaxLength"});
  execution.truncated =
      limit && std::max(length_of(execution.standard_output), length_of(execution.standard_error)) >= *limit;
  return execution;
}

std::optional<SessionFile> file_of(const Json& item) {
  const Json& properties = without_envelope(item);
  SessionFile file{.name = text_of(properties, "filename"),
                   .size = count_of(properties, {"size", "sizeInBytes"}).value_or(0)};
  if (file.name.empty()) file.name = text_of(properties, "name");
  for (const auto* name : {"lastModifiedTime", "lastModifiedAt", "last_modified_time"}) {
    if (!file.modified) file.modified = parse_rfc3339(text_of(properties, name));
  }
  return file.name.empty() ? std::nullopt : std::optional(std::move(file));
}

bool is_folder(const Json& item) {
  const auto type = text_of(item, "type");
  return equal_ignoring_case(type, "directory") || equal_ignoring_case(type, "folder");
}

}  // namespace

Result<ExecutionReply> parse_execution_reply(std::string_view body, std::chrono::milliseconds elapsed) {
  const auto document = parse_json(body);
  if (!document || !document->is_object()) return unexpected("the reply is no JSON object");
  const Json& outer = without_envelope(*document);
  ExecutionReply reply{.id = text_of(outer, "id")};

  // What code gives may look like anything, so the second generation's `result` is one only where the first one's
  // members are not there.
  const Json* result = find_member(outer, "result");
  const Json& output = result != nullptr && has_output(*result) && !has_output(outer) ? *result : outer;

  const Json* status = find_member(outer, "status");
  auto state = std::optional<State>();
  if (status == nullptr) {
    // The oldest form has none.
    if (has_output(output)) state = find_member(outer, "error") == nullptr ? State::kSucceeded : State::kFailed;
  } else if (status->is_string()) {
    state = state_named(status->get_ref<const std::string&>());
  } else if (status->is_number_integer()) {
    state = *status == 0 ? State::kSucceeded : State::kFailed;  // the exit code of a shell
  }
  if (!state) return unexpected("the reply has no status that is known");
  if (*state != State::kRunning) {
    reply.execution = execution_of(outer, output, *state == State::kSucceeded, elapsed);
  }
  return reply;
}

Result<SessionFilePage> parse_session_files(std::string_view body) {
  const auto document = parse_json(body);
  if (!document || !document->is_structured()) return unexpected("the reply is no JSON object or array");
  const Json* value = find_member(*document, "value");
  const Json& items = value != nullptr ? *value : *document;
  SessionFilePage page{.next_link = text_of(*document, "nextLink")};
  const auto add = [&](const Json& item) {
    if (is_folder(item)) return true;
    auto file = file_of(item);
    if (!file) return false;
    page.files.push_back(*std::move(file));
    return true;
  };
  const bool all = items.is_array() ? std::ranges::all_of(items, add) : add(items);
  if (!all) return unexpected("the reply has a file without a name");
  return page;
}

}  // namespace azf::azure
