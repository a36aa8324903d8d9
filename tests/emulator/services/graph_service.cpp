#include "emulator/services/graph_service.h"

#include "core/time_text.h"
#include "emulator/identity/json_web_token.h"
#include "emulator/wire/coding.h"

#include <array>
#include <charconv>
#include <functional>
#include <optional>
#include <regex>
#include <utility>

namespace azf::emulator {
namespace {

constexpr std::string_view kUsers = "/v1.0/users";
constexpr std::size_t kDefaultPage = 100;
constexpr std::size_t kLargestPage = 999;

Json person(std::string id, const std::string& given, const std::string& surname, std::string principal_name,
            const char* job) {
  return {{"id", std::move(id)},
          {"displayName", given + " " + surname},
          {"givenName", given},
          {"surname", surname},
          {"mail", principal_name},
          {"userPrincipalName", principal_name},
          {"jobTitle", job},
          {"officeLocation", nullptr},
          {"mobilePhone", nullptr},
          {"businessPhones", Json::array()},
          {"preferredLanguage", "en-US"}};
}

Json directory(const User& user) {
  struct Name {
    const char* given;
    const char* surname;
    const char* job;
  };
  constexpr auto kPeople = std::to_array<Name>({{"Ada", "Anders", "Engineer"},
                                                {"Adele", "Vance", "Retail Manager"},
                                                {"Bruno", "Becker", "Designer"},
                                                {"Chen", "Li", "Analyst"},
                                                {"Dalia", "Haddad", "Engineer"},
                                                {"Emre", "Yilmaz", "Support"},
                                                {"Fatima", "Khan", "Director"},
                                                {"Grace", "O'Neill", "Engineer"},
                                                {"Hugo", "Martin", "Accountant"},
                                                {"Ines", "Santos", "Researcher"},
                                                {"Jürgen", "Weiß", "Engineer"}});
  Json users = Json::array({person(user.object_id, "Emulated", "User", user.principal_name, "Developer")});
  int number = 0;
  for (const auto& each : kPeople) {
    const std::string id = "a0000000-0000-4000-8000-0000000000" + std::to_string(++number + 10);
    users.push_back(
        person(id, each.given, each.surname, "person" + std::to_string(number) + "@emulator.invalid", each.job));
  }
  return users;
}

// What a `$filter` lets through; nothing when it is not understood.
std::optional<std::function<bool(const Json&)>> parse_filter(const std::string& text) {
  static const std::regex kStartsWith(R"(\s*startswith\(\s*(\w+)\s*,\s*'((?:[^']|'')*)'\s*\)\s*)", std::regex::icase);
  static const std::regex kEquals(R"(\s*(\w+)\s+eq\s+'((?:[^']|'')*)'\s*)", std::regex::icase);
  std::smatch match;
  const bool begins = std::regex_match(text, match, kStartsWith);
  if (!begins && !std::regex_match(text, match, kEquals)) return std::nullopt;
  const std::string name = match[1];
  // A quote within a text is written twice.
  const std::string wanted = to_lower(std::regex_replace(match[2].str(), std::regex("''"), "'"));
  return [=](const Json& user) {
    const Json* value = find_member(user, name);
    if (value == nullptr || !value->is_string()) return false;
    const std::string lower = to_lower(value->get<std::string>());
    return begins ? lower.starts_with(wanted) : lower == wanted;
  };
}

// A user with the members that `$select` names alone; with all of them when it names none.
Json selected(const Json& user, std::string_view names) {
  if (names.empty()) return user;
  Json part = Json::object();
  while (!names.empty()) {
    const auto end = std::min(names.find(','), names.size());
    const std::string name(trimmed(names.substr(0, end)));
    names.remove_prefix(std::min(end + 1, names.size()));
    if (const auto member = user.find(name); member != user.end()) part[name] = *member;
  }
  return part;
}

std::optional<std::size_t> parse_number(const std::string& text) {
  std::size_t number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

GraphService::GraphService(std::string url, const User& user, const TokenIssuer& issuer, const Clock& clock)
    : url_(std::move(url)), tokens_(std::string(kAudience), issuer, clock), clock_(clock), users_(directory(user)) {}

Reply GraphService::error_reply(int status, std::string code, std::string message) const {
  const std::string id = new_guid();
  std::string date = to_rfc3339(clock_.system_now());
  date.pop_back();  // Graph writes it without the zone
  return json_reply(status, {{"error",
                              {{"code", std::move(code)},
                               {"message", std::move(message)},
                               {"innerError", {{"date", date}, {"request-id", id}, {"client-request-id", id}}}}}});
}

Reply GraphService::failure(int status) const {
  switch (status) {
    case 401: return error_reply(401, "InvalidAuthenticationToken", "Access token is empty, expired or invalid.");
    case 403:
      return error_reply(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
    case 404: return error_reply(404, "Request_ResourceNotFound", "Resource does not exist.");
    case 429: {
      Reply reply = error_reply(429, "TooManyRequests", "Too many requests. Retry after the time given.");
      reply.headers.push_back({"Retry-After", "2"});
      return reply;
    }
    default: return error_reply(status, "generalException", "The service failed.");
  }
}

Reply GraphService::handle(const Request& request, std::string_view path) {
  Reply reply = answer(request, path);
  reply.headers.push_back({"request-id", new_guid()});
  if (const std::string* id = find_header(request.headers, "client-request-id")) {
    reply.headers.push_back({"client-request-id", *id});
  }
  return reply;
}

Reply GraphService::answer(const Request& request, std::string_view path) const {
  const BearerFinding finding = tokens_.look(request);
  if (finding.flaw == TokenFlaw::kMissing) {
    return error_reply(401, "InvalidAuthenticationToken", "Access token is empty.");
  }
  if (finding.flaw != TokenFlaw::kNone) {
    return error_reply(401, "InvalidAuthenticationToken", std::string(explain(finding.flaw)));
  }
  if (request.method != "GET") return error_reply(405, "MethodNotAllowed", "The stand-in's directory is only read.");
  if (path == kUsers) return list(request);
  if (path == "/v1.0/me") return me(finding.claims);
  if (!path.starts_with(std::string(kUsers) + "/")) {
    return error_reply(400, "BadRequest", "Resource not found for the segment '" + std::string(path) + "'.");
  }
  const std::string id = percent_decoded(path.substr(kUsers.size() + 1));
  const Parameters query = parse_parameters(request.query());
  const std::string* select = find_parameter(query, "$select");
  for (const auto& user : users_) {
    if (!equal_ignoring_case(text_claim(user, "id"), id) &&
        !equal_ignoring_case(text_claim(user, "userPrincipalName"), id)) {
      continue;
    }
    Json body = selected(user, select == nullptr ? "" : *select);
    body["@odata.context"] = url_ + "/v1.0/$metadata#users/$entity";
    return json_reply(200, body);
  }
  return error_reply(404, "Request_ResourceNotFound",
                     "Resource '" + id +
                         "' does not exist or one of its queried reference-property objects are not "
                         "present.");
}

Reply GraphService::me(const Json& claims) const {
  if (text_claim(claims, "idtyp") != "user") {
    return error_reply(400, "BadRequest", "/me request is only valid with delegated authentication flow.");
  }
  for (const auto& user : users_) {
    if (text_claim(user, "id") == text_claim(claims, "oid")) return json_reply(200, user);
  }
  return failure(404);
}

Reply GraphService::list(const Request& request) const {
  const Parameters query = parse_parameters(request.query());
  const auto value = [&](std::string_view name) {
    const std::string* found = find_parameter(query, name);
    return found == nullptr ? std::string() : *found;
  };
  for (const auto& [name, text] : query) {
    if (name != "$top" && name != "$select" && name != "$filter" && name != "$skiptoken" && name != "$orderby") {
      return error_reply(400, "BadRequest", "The stand-in does not know the query option '" + name + "'.");
    }
  }
  std::size_t top = kDefaultPage;
  if (const std::string* text = find_parameter(query, "$top")) {
    const auto number = parse_number(*text);
    if (!number || *number < 1 || *number > kLargestPage) {
      return error_reply(400, "Request_UnsupportedQuery",
                         "Invalid page size specified: '" + *text + "'. Must be between 1 and 999 inclusive.");
    }
    top = *number;
  }
  const std::string filter_text = value("$filter");
  using Filter = std::function<bool(const Json&)>;
  const auto filter =
      filter_text.empty() ? std::optional<Filter>([](const Json&) { return true; }) : parse_filter(filter_text);
  if (!filter) return error_reply(400, "BadRequest", "Invalid filter clause");
  const std::string token = value("$skiptoken");
  const auto skip = token.empty() ? std::optional<std::size_t>(0) : parse_number(parse_base64url(token).value_or(""));
  if (!skip) return error_reply(400, "Directory_ExpiredPageToken", "The specified page token value has expired.");

  Json page = Json::array();
  std::size_t matches = 0;
  for (const auto& user : users_) {
    if (!(*filter)(user)) continue;
    if (matches++ >= *skip && page.size() < top) page.push_back(selected(user, value("$select")));
  }
  Json body{{"@odata.context", url_ + "/v1.0/$metadata#users"}};
  if (*skip + page.size() < matches) {
    std::string next = url_ + "/v1.0/users?$top=" + std::to_string(top);
    for (const char* name : {"$select", "$filter"}) {
      if (!value(name).empty()) next.append("&").append(name).append("=").append(percent_encoded(value(name)));
    }
    body["@odata.nextLink"] = next + "&$skiptoken=" + to_base64url(std::to_string(*skip + page.size()));
  }
  body["value"] = std::move(page);
  return json_reply(200, body);
}

}  // namespace azf::emulator
