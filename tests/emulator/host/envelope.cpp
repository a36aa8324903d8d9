#include "emulator/host/envelope.h"

#include "core/time_text.h"
#include "emulator/host/binding_value.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace azf::emulator {
namespace {

std::string joined(const std::vector<std::string>& texts) {
  std::string text;
  for (const auto& part : texts) text.append(text.empty() ? "" : ",").append(part);
  return text;
}

// Header names without repeats, in their first spelling, each with all values.
std::vector<std::pair<std::string, std::vector<std::string>>> grouped_headers(const Headers& headers) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (const auto& field : headers) {
    const bool known = std::any_of(groups.begin(), groups.end(),
                                   [&](const auto& group) { return equal_ignoring_case(group.first, field.name); });
    if (!known) groups.emplace_back(field.name, header_values(headers, field.name));
  }
  return groups;
}

std::string media_type(const Request& request) {
  const std::string* type = find_header(request.headers, "Content-Type");
  return type == nullptr ? "" : to_lower(trimmed(std::string_view(*type).substr(0, type->find(';'))));
}

// As Newtonsoft.Json writes a UTC DateTime: seven digits of fraction.
std::string precise_time(SystemTime time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const auto ticks = std::chrono::duration_cast<std::chrono::nanoseconds>(time - second).count() / 100;
  std::array<char, 16> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%07dZ", static_cast<int>(ticks));
  std::string text = to_rfc3339(second);
  text.pop_back();
  return text + fraction.data();
}

// Of kind "local" at a host whose zone is UTC, as the timer's schedule has it.
std::string local_time(SystemTime time) {
  std::string text = to_rfc3339(time);
  return text.replace(text.size() - 1, 1, "+00:00");
}

void add_system_data(BindingData& data, const FunctionDefinition& function, SystemTime now) {
  data.set("sys", Json{{"MethodName", function.name}, {"UtcNow", precise_time(now)}, {"RandGuid", new_guid()}});
}

// The inputs beside the trigger read from services that do not exist here: each is missing, which is written as the
// text of null.
Json envelope_of(const FunctionDefinition& function, Json trigger, const BindingData& data) {
  Json inputs = Json::object();
  for (const auto& binding : function.bindings) {
    if (binding.direction == Direction::kIn) inputs[binding.name] = encode_value(Json());
  }
  inputs[function.trigger().name] = std::move(trigger);
  return {{"Data", std::move(inputs)}, {"Metadata", data.encoded()}};
}

Json claim(std::string type, std::string value) {
  return {{"Issuer", "LOCAL AUTHORITY"},  {"OriginalIssuer", "LOCAL AUTHORITY"},
          {"Properties", Json::object()}, {"Type", std::move(type)},
          {"Value", std::move(value)},    {"ValueType", "http://www.w3.org/2001/XMLSchema#string"}};
}

Json identities(Caller caller) {
  constexpr std::string_view kClaims = "http://schemas.microsoft.com/2017/07/functions/claims/";
  const std::string prefix(kClaims);
  Json claims = Json::array();
  if (caller == Caller::kDeveloper) claims.push_back(claim(prefix + "authlevel", "Admin"));
  if (caller == Caller::kKey) {
    claims.push_back(claim(prefix + "authlevel", "Function"));
    claims.push_back(claim(prefix + "keyid", "default"));
  }
  const bool known = caller != Caller::kAnonymous;
  return Json::array({{{"AuthenticationType", known ? Json("WebJobsAuthLevel") : Json()},
                       {"IsAuthenticated", known},
                       {"Actor", nullptr},
                       {"BootstrapContext", nullptr},
                       {"Claims", std::move(claims)},
                       {"Label", nullptr},
                       {"Name", nullptr},
                       {"NameClaimType", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"},
                       {"RoleClaimType", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"}}});
}

// The trigger's text as the function gets it, and its members as binding data when it is a JSON object.
Json text_trigger(const Binding& trigger, std::string_view body, BindingData& data) {
  if (trigger.is_binary()) return encode_value(BinaryValue{std::string(body)});
  if (auto object = parse_json(body)) data.merge(*object);
  return encode_value(Json(std::string(body)));
}

}  // namespace

std::vector<std::pair<std::string, std::vector<std::string>>> grouped_query(std::string_view query) {
  std::vector<std::pair<std::string, std::vector<std::string>>> groups;
  for (auto& [name, value] : parse_parameters(query)) {
    const auto found = std::find_if(groups.begin(), groups.end(), [&, &wanted = name](const auto& group) {
      return equal_ignoring_case(group.first, wanted);
    });
    if (found == groups.end()) {
      groups.emplace_back(std::move(name), std::vector{std::move(value)});
    } else {
      found->second.push_back(std::move(value));
    }
  }
  return groups;
}

Json http_envelope(const FunctionDefinition& function, const Request& request, const RouteValues& values, Caller caller,
                   SystemTime now) {
  const std::string* host = find_header(request.headers, "Host");
  // A body without a length in front is not seen by the host's request reader.
  const bool has_body = !request.body.empty() && find_header(request.headers, "Content-Length") != nullptr;
  const std::string type = media_type(request);

  Json trigger{{"Url", "http://" + (host == nullptr ? std::string("localhost") : *host) + request.target},
               {"Method", request.method},
               {"Query", Json::object()},
               {"Headers", Json::object()},
               {"Params", Json::object()},
               {"Identities", identities(caller)}};
  BindingData data;
  Json last_query_values = Json::object();
  Json header_texts = Json::object();
  if (has_body) {
    const bool binary = type == "application/octet-stream" || type.starts_with("multipart/");
    trigger["Body"] = binary ? to_base64(request.body) : request.body;
    if (type.ends_with("json")) {
      if (auto object = parse_json(request.body)) data.merge(*object);
    }
  }
  for (const auto& [name, group] : grouped_query(request.query())) {
    trigger["Query"][name] = joined(group);
    last_query_values[name] = group.back();
    if (!equal_ignoring_case(name, "code")) data.set(name, Json(group.back()));
  }
  for (const auto& [name, group] : grouped_headers(request.headers)) {
    trigger["Headers"][name] = group;
    header_texts[name] = joined(group);
  }
  for (const auto& [name, value] : values) {
    trigger["Params"][name] = value ? Json(*value) : Json();
    if (value) data.set(name, Json(*value));
  }
  data.set("Query", std::move(last_query_values));
  data.set("Headers", std::move(header_texts));
  add_system_data(data, function, now);
  return envelope_of(function, std::move(trigger), data);
}

Json timer_envelope(const FunctionDefinition& function, const TimerFiring& firing, SystemTime now) {
  Json status;
  if (firing.status) {
    // .NET's "no date" has no zone.
    status = {{"Last", firing.status->last ? local_time(*firing.status->last) : "0001-01-01T00:00:00"},
              {"Next", local_time(firing.status->next)},
              {"LastUpdated", local_time(firing.status->last_updated)}};
  }
  BindingData data;
  add_system_data(data, function, now);
  return envelope_of(function,
                     {{"Schedule", {{"AdjustForDST", firing.is_cron}}},
                      {"ScheduleStatus", std::move(status)},
                      {"IsPastDue", firing.is_past_due}},
                     data);
}

Json queue_envelope(const FunctionDefinition& function, const QueueMessage& message, SystemTime now) {
  BindingData data;
  data.set("DequeueCount", Json(message.dequeue_count));
  data.set("ExpirationTime", DateTimeOffsetValue{message.expires});
  data.set("Id", Json(message.id));
  data.set("InsertionTime", DateTimeOffsetValue{message.inserted});
  data.set("NextVisibleTime", DateTimeOffsetValue{message.next_visible});
  data.set("PopReceipt", Json(message.pop_receipt));
  Json trigger = text_trigger(function.trigger(), message.body, data);
  add_system_data(data, function, now);
  return envelope_of(function, std::move(trigger), data);
}

Json text_envelope(const FunctionDefinition& function, std::string_view input, SystemTime now) {
  BindingData data;
  Json trigger = text_trigger(function.trigger(), input, data);
  add_system_data(data, function, now);
  return envelope_of(function, std::move(trigger), data);
}

}  // namespace azf::emulator
