#include "runtime/binding.h"

namespace azf {
namespace {

struct Shape {
  std::string_view type;
  BindingDirection direction;
};

Shape shape(const HttpTrigger&) { return {"httpTrigger", BindingDirection::kIn}; }
Shape shape(const HttpOutput&) { return {"http", BindingDirection::kOut}; }
Shape shape(const TimerTrigger&) { return {"timerTrigger", BindingDirection::kIn}; }
Shape shape(const QueueTrigger&) { return {"queueTrigger", BindingDirection::kIn}; }
Shape shape(const QueueOutput&) { return {"queue", BindingDirection::kOut}; }
Shape shape(const GenericBinding& binding) { return {binding.type, binding.direction}; }

Shape shape_of(const Binding& binding) {
  return std::visit([](const auto& alternative) { return shape(alternative); }, binding);
}

}  // namespace

std::string_view binding_type(const Binding& binding) { return shape_of(binding).type; }

std::string_view binding_name(const Binding& binding) {
  return std::visit([](const auto& alternative) -> std::string_view { return alternative.name; }, binding);
}

BindingDirection binding_direction(const Binding& binding) { return shape_of(binding).direction; }

DataType binding_data_type(const Binding& binding) {
  if (const auto* queue = std::get_if<QueueTrigger>(&binding)) return queue->data_type;
  const auto* generic = std::get_if<GenericBinding>(&binding);
  if (generic == nullptr || generic->direction == BindingDirection::kOut) return DataType::kText;
  const Json* data_type = find_member(generic->properties, "dataType");
  const auto* text = data_type == nullptr ? nullptr : data_type->get_ptr<const std::string*>();
  return text != nullptr && equal_ignoring_case(*text, "binary") ? DataType::kBinary : DataType::kText;
}

bool is_trigger(const Binding& binding) {
  constexpr std::string_view kSuffix = "Trigger";
  const auto type = binding_type(binding);
  return type.size() >= kSuffix.size() && equal_ignoring_case(type.substr(type.size() - kSuffix.size()), kSuffix);
}

std::string_view to_string(AuthLevel level) {
  switch (level) {
    case AuthLevel::kAnonymous: return "anonymous";
    case AuthLevel::kFunction: return "function";
    case AuthLevel::kAdmin: return "admin";
  }
  return "function";
}

std::string_view to_string(BindingDirection direction) {
  switch (direction) {
    case BindingDirection::kIn: return "in";
    case BindingDirection::kOut: return "out";
    case BindingDirection::kInOut: return "inout";
  }
  return "in";
}

}  // namespace azf
