#include "runtime/function_metadata.h"

#include <algorithm>

namespace azf {
namespace {

constexpr std::size_t kNameLimit = 128;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_letter_or_digit(char c) { return is_letter(c) || (c >= '0' && c <= '9'); }

bool is_function_name(std::string_view name) {
  const auto allowed = [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; };
  return !name.empty() && name.size() <= kNameLimit && is_letter(name.front()) && std::ranges::all_of(name, allowed) &&
         !equal_ignoring_case(name, "host");
}

bool is_binding_name(std::string_view name) {
  return name == "$return" || (!name.empty() && name.size() <= kNameLimit && is_letter(name.front()) &&
                               std::ranges::all_of(name, is_letter_or_digit));
}

// What is missing in a binding, or nothing.
std::string_view lack(const HttpTrigger&) { return {}; }
std::string_view lack(const HttpOutput&) { return {}; }
std::string_view lack(const TimerTrigger& timer) { return timer.schedule.empty() ? "needs a schedule" : ""; }
std::string_view lack(const QueueTrigger& queue) { return queue.queue_name.empty() ? "needs a queue name" : ""; }
std::string_view lack(const QueueOutput& queue) { return queue.queue_name.empty() ? "needs a queue name" : ""; }
std::string_view lack(const GenericBinding& binding) {
  if (binding.type.empty()) return "needs a type";
  if (!binding.properties.is_object()) return "has properties that are not a JSON object";
  for (const auto member : {"type", "direction", "name"}) {
    if (binding.properties.contains(member)) return "repeats type, direction or name among its properties";
  }
  return {};
}

}  // namespace

Result<Success> validate(const FunctionMetadata& metadata) {
  const auto invalid = [&metadata](const std::string& what) {
    return Error{ErrorKind::kInvalidArgument, "function \"" + metadata.name + "\" " + what};
  };
  if (!is_function_name(metadata.name)) {
    return invalid("needs another name: a letter, then letters, digits, _ and -, at most 128 in all, not \"host\"");
  }
  if (std::ranges::count_if(metadata.bindings, is_trigger) != 1) return invalid("must have exactly one trigger");

  for (auto binding = metadata.bindings.begin(); binding != metadata.bindings.end(); ++binding) {
    const auto name = binding_name(*binding);
    const auto invalid_binding = [&](std::string_view what) {
      return invalid("has a binding \"" + std::string(name) + "\" that " + std::string(what));
    };
    if (!is_binding_name(name)) {
      return invalid_binding("needs another name: a letter, then letters and digits, at most 128 in all");
    }
    const auto same_name = [&](const Binding& other) { return equal_ignoring_case(binding_name(other), name); };
    if (std::any_of(metadata.bindings.begin(), binding, same_name)) {
      return invalid_binding("has the name of another one");
    }
    const auto missing = std::visit([](const auto& alternative) { return lack(alternative); }, *binding);
    if (!missing.empty()) return invalid_binding(missing);
  }
  return Success{};
}

const HttpTrigger* http_trigger(const FunctionMetadata& metadata) {
  for (const auto& binding : metadata.bindings) {
    if (const auto* trigger = std::get_if<HttpTrigger>(&binding)) return trigger;
  }
  return nullptr;
}

const Binding* find_binding(const FunctionMetadata& metadata, std::string_view name) {
  const auto found =
      std::ranges::find_if(metadata.bindings, [name](const Binding& binding) { return binding_name(binding) == name; });
  return found == metadata.bindings.end() ? nullptr : &*found;
}

bool is_http_in_and_out(const FunctionMetadata& metadata) {
  const auto is = [&metadata](std::size_t index, std::string_view type) {
    return equal_ignoring_case(binding_type(metadata.bindings[index]), type);
  };
  return metadata.bindings.size() == 2 &&
         ((is(0, "httpTrigger") && is(1, "http")) || (is(1, "httpTrigger") && is(0, "http")));
}

}  // namespace azf
