#include "runtime/function_metadata.h"

#include <doctest/doctest.h>

#include <string>

using azf::Binding;
using azf::BindingDirection;
using azf::FunctionMetadata;
using azf::GenericBinding;
using azf::HttpOutput;
using azf::HttpTrigger;
using azf::is_http_in_and_out;
using azf::QueueOutput;
using azf::QueueTrigger;
using azf::TimerTrigger;
using azf::validate;

namespace {

FunctionMetadata timer_function(std::string name) {
  return {.name = std::move(name), .bindings = {TimerTrigger{.schedule = "0 * * * * *"}}};
}

std::string fault(FunctionMetadata metadata) {
  const auto valid = validate(metadata);
  return valid ? "" : valid.error().message;
}

}  // namespace

TEST_SUITE("runtime") {
  TEST_CASE("function names follow the host's rule") {
    for (const std::string& name :
         {std::string("a"), std::string("Greet"), std::string("a-b_c9"), std::string(128, 'x'), std::string("hosts")}) {
      CAPTURE(name);
      CHECK(validate(timer_function(name)));
    }
    for (const std::string& name : {std::string(), std::string("9a"), std::string("_a"), std::string("a b"),
                                    std::string("a/b"), std::string("a.b"), std::string("host"), std::string("HOST"),
                                    std::string(129, 'x'), std::string("\xc3\xa9")}) {
      CAPTURE(name);
      CHECK_FALSE(validate(timer_function(name)));
    }
  }

  TEST_CASE("a function has exactly one trigger") {
    CHECK(fault({.name = "f", .bindings = {}}) == "function \"f\" must have exactly one trigger");
    CHECK(fault({.name = "f", .bindings = {HttpOutput{}}}) == "function \"f\" must have exactly one trigger");
    CHECK(fault({.name = "f", .bindings = {HttpTrigger{}, TimerTrigger{.schedule = "x"}}}) ==
          "function \"f\" must have exactly one trigger");
    CHECK(fault({.name = "f", .bindings = {GenericBinding{.type = "eventGridTRIGGER", .name = "e"}}}).empty());
  }

  TEST_CASE("binding names follow the host's rule and differ") {
    const auto named = [](std::string name) {
      return FunctionMetadata{.name = "f", .bindings = {HttpTrigger{}, HttpOutput{.name = std::move(name)}}};
    };
    for (const auto* name : {"res", "R9", "$return"}) CHECK(fault(named(name)).empty());
    for (const auto* name : {"", "9r", "a_b", "a-b", "$other"}) {
      CAPTURE(name);
      CHECK(fault(named(name)).find("needs another name") != std::string::npos);
    }
    CHECK(fault(named("REQ")) == "function \"f\" has a binding \"REQ\" that has the name of another one");
  }

  TEST_CASE("a binding without what it needs is refused") {
    CHECK(fault({.name = "f", .bindings = {TimerTrigger{}}}) ==
          "function \"f\" has a binding \"timer\" that needs a schedule");
    CHECK(fault({.name = "f", .bindings = {QueueTrigger{}}}).find("needs a queue name") != std::string::npos);
    CHECK(fault({.name = "f", .bindings = {HttpTrigger{}, QueueOutput{}}}).find("needs a queue name") !=
          std::string::npos);
    CHECK(fault({.name = "f", .bindings = {HttpTrigger{}, GenericBinding{.name = "g"}}}).find("needs a type") !=
          std::string::npos);
    CHECK(
        fault({.name = "f",
               .bindings = {HttpTrigger{}, GenericBinding{.type = "blob", .name = "g", .properties = {{"name", "h"}}}}})
            .find("repeats type, direction or name") != std::string::npos);
    CHECK(
        fault({.name = "f", .bindings = {HttpTrigger{}, GenericBinding{.type = "blob", .name = "g", .properties = 7}}})
            .find("not a JSON object") != std::string::npos);
  }

  TEST_CASE("only one HTTP trigger and one HTTP output are HTTP in and out") {
    CHECK(is_http_in_and_out({.name = "f", .bindings = {HttpTrigger{}, HttpOutput{}}}));
    CHECK(is_http_in_and_out({.name = "f", .bindings = {HttpOutput{.name = "$return"}, HttpTrigger{}}}));
    CHECK(is_http_in_and_out(
        {.name = "f",
         .bindings = {GenericBinding{.type = "HTTPTrigger", .name = "a"},
                      GenericBinding{.type = "HTTP", .direction = BindingDirection::kOut, .name = "b"}}}));
    CHECK_FALSE(is_http_in_and_out({.name = "f", .bindings = {HttpTrigger{}}}));
    CHECK_FALSE(is_http_in_and_out({.name = "f", .bindings = {HttpTrigger{}, QueueOutput{.queue_name = "q"}}}));
    CHECK_FALSE(
        is_http_in_and_out({.name = "f", .bindings = {HttpTrigger{}, HttpOutput{}, QueueOutput{.queue_name = "q"}}}));
  }

  TEST_CASE("bindings know their type, direction, name and kind of data") {
    const Binding binary = QueueTrigger{.queue_name = "q", .data_type = azf::DataType::kBinary};
    CHECK(binding_type(binary) == "queueTrigger");
    CHECK(binding_name(binary) == "message");
    CHECK(binding_direction(binary) == BindingDirection::kIn);
    CHECK(binding_data_type(binary) == azf::DataType::kBinary);
    CHECK(is_trigger(binary));

    const Binding blob = GenericBinding{.type = "blob", .name = "file", .properties = {{"dataType", "Binary"}}};
    CHECK(binding_data_type(blob) == azf::DataType::kBinary);
    CHECK_FALSE(is_trigger(blob));
    CHECK(binding_data_type(GenericBinding{.type = "blob", .name = "file", .properties = {{"dataType", 7}}}) ==
          azf::DataType::kText);
    CHECK(binding_direction(HttpOutput{}) == BindingDirection::kOut);

    const FunctionMetadata metadata{.name = "f", .bindings = {HttpTrigger{.route = "r"}, HttpOutput{}}};
    REQUIRE(http_trigger(metadata) != nullptr);
    CHECK(http_trigger(metadata)->route == "r");
    CHECK(http_trigger(timer_function("g")) == nullptr);
    CHECK(find_binding(metadata, "res") == &metadata.bindings[1]);
    CHECK(find_binding(metadata, "Res") == nullptr);
  }
}
