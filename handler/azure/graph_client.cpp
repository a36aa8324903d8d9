#include "azure/graph_client.h"

#include "azure/next_link.h"
#include "azure/service_endpoint.h"
#include "http/url.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstddef>
#include <utility>

namespace azf::azure {
namespace {

constexpr auto kName = "graph";
constexpr std::string_view kFields = "$select=id,displayName,mail,userPrincipalName";

// Of the national clouds, each with tokens of its own ("Microsoft Graph national cloud deployments").
constexpr std::array<std::string_view, 4> kClouds = {"https://graph.microsoft.com", "https://graph.microsoft.us",
                                                     "https://dod-graph.microsoft.us",
                                                     "https://microsoftgraph.chinacloudapi.cn"};

constexpr auto kNoMe =
    "there is no `me`: the token is the app's own, and no user stands behind it; ask for a user by object id or user "
    "principal name, /users/{id}";

ServiceError invalid_request(std::string message) {
  return to_service_error(kName, {ErrorKind::kInvalidArgument, std::move(message)});
}

ServiceError unexpected_reply(std::string message) {
  return to_service_error(kName, {ErrorKind::kUnexpectedResponse, std::move(message)});
}

std::string_view advice_on(const HttpResponse& reply, std::string_view code) {
  switch (reply.status) {
    case 400:
      if (reply.body.find("/me request is only valid with delegated") != std::string::npos) return kNoMe;
      return "it does not understand the request: look at the filter";
    case 401:
      return "it does not accept the token: look at /api/token-status?scope=https://graph.microsoft.com/.default";
    case 403:
      if (code == "Authorization_RequestDenied") {
        return "grant the app's identity the application permission User.Read.All of Microsoft Graph, by an app role "
               "assignment with an administrator's consent; a new token, within 24 hours or after a restart, has it";
      }
      return "the app's identity may not do this";
    case 404: return "the directory has no such user";
    default: return {};
  }
}

ServiceError refusal_error(const HttpResponse& reply, SystemTime now) {
  ServiceError error = parse_service_error(kName, reply, now);
  if (const auto advice = advice_on(reply, error.code); !advice.empty()) error.message.append(": ").append(advice);
  return error;
}

std::string text_of(const Json& user, std::string_view name) {
  const Json* text = find_member(user, name);
  return text != nullptr && text->is_string() ? text->get<std::string>() : std::string();
}

Result<GraphUser> parse_user(const Json& json) {
  auto id = required_string(json, "id");
  if (!id) return id.error();
  return GraphUser{.id = *std::move(id),
                   .display_name = text_of(json, "displayName"),
                   .mail = text_of(json, "mail"),
                   .user_principal_name = text_of(json, "userPrincipalName")};
}

// An object id, or a user principal name such as `ada_example.com#EXT#@contoso.com`. What could lead to another path is
// refused, even where it would be escaped.
bool is_user_id(std::string_view id) {
  constexpr std::size_t kLimit = 1024;
  return !id.empty() && id.size() <= kLimit && id != "." && id != ".." && std::ranges::all_of(id, [](char c) {
    return c > ' ' && c != 0x7f && c != '/' && c != '\\' && c != '?' && c != '%';
  });
}

// The filter in lower case, without what stands in quotes.
std::string without_literals(std::string_view filter) {
  std::string text;
  bool quoted = false;
  for (const char c : filter) {
    if (c == '\'') quoted = !quoted;
    if (!quoted) text.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  }
  return text;
}

}  // namespace

ServiceDescription Graph::description() const {
  const bool known = std::ranges::find(kClouds, url) != kClouds.end();
  return {.name = kName, .scopes = {(known ? url : std::string(kClouds.front())) + "/.default"}};
}

Result<Graph> load_graph(const Environment& environment) {
  if (!environment.has(kGraphSetting) && !environment.has(std::string("AZF_DEMO_") + kGraphSetting)) return Graph{};
  auto endpoint = find_service_endpoint(environment, kGraphSetting);
  if (!endpoint) return endpoint.error();
  return Graph{std::move(endpoint->url), endpoint->demo};
}

bool needs_eventual_consistency(std::string_view filter) {
  const std::string text = " " + without_literals(filter);
  return std::ranges::any_of(
      std::to_array<std::string_view>({"endswith(", " ne ", " not ", " not(", "(not ", "(not(", "$count", " null"}),
      [&](std::string_view part) { return text.find(part) != std::string::npos; });
}

GraphClient::GraphClient(ServiceConnection& connection, Graph graph, const Clock& clock)
    : connection_(connection), graph_(std::move(graph)), clock_(clock) {}

Result<UserPage, ServiceError> GraphClient::list_users(const UserQuery& query, const CallOptions& options) {
  if (query.top < 1 || query.top > UserQuery::kMostPerPage) {
    return invalid_request("the number of users on a page is 1 to " + std::to_string(UserQuery::kMostPerPage));
  }
  // Graph wants the `$` of a parameter's name as it is.
  std::string url = graph_.url + "/v1.0/users?";
  url.append(kFields).append("&$top=").append(std::to_string(query.top));
  Headers headers = {{"Accept", "application/json"}};
  if (!query.filter.empty()) url.append("&$filter=").append(percent_encode(query.filter));
  if (needs_eventual_consistency(query.filter)) {
    url.append("&$count=true");
    headers.set("ConsistencyLevel", "eventual");
  }
  if (!query.continuation.empty()) url.append("&$skiptoken=").append(percent_encode(query.continuation));

  const auto reply = get(url, headers, options);
  if (!reply) return reply.error();
  const Json* users = find_member(*reply, "value");
  if (users == nullptr || !users->is_array()) return unexpected_reply("the reply has no list of users");
  UserPage page;
  for (const Json& json : *users) {
    auto user = parse_user(json);
    if (!user) return unexpected_reply(user.error().message);
    page.users.push_back(*std::move(user));
  }
  const auto link = optional_string(*reply, "@odata.nextLink");
  if (!link) return unexpected_reply(link.error().message);
  if (!*link) return page;
  const auto next = parse_next_link(**link, graph_.url);
  if (!next) return unexpected_reply(next.error().message);
  auto continuation = query_parameter("?" + next->query, "$skiptoken");
  if (!continuation || continuation->empty()) return unexpected_reply("the link to the next page has no $skiptoken");
  page.continuation = *std::move(continuation);
  return page;
}

Result<GraphUser, ServiceError> GraphClient::get_user(std::string_view id, const CallOptions& options) {
  if (equal_ignoring_case(id, "me")) return invalid_request(kNoMe);
  if (!is_user_id(id)) return invalid_request("an object id or user principal name is expected");
  const std::string url = graph_.url + "/v1.0/users/" + percent_encode(id) + "?" + std::string(kFields);
  const auto reply = get(url, {{"Accept", "application/json"}}, options);
  if (!reply) return reply.error();
  auto user = parse_user(*reply);
  if (!user) return unexpected_reply(user.error().message);
  return *std::move(user);
}

Result<Json, ServiceError> GraphClient::get(const std::string& url, const Headers& headers,
                                            const CallOptions& options) {
  const auto reply = connection_.send({.url = url, .headers = headers}, options);
  if (!reply) return to_service_error(kName, reply.error());
  if (reply->status != 200) return refusal_error(*reply, clock_.system_now());
  auto json = parse_json(reply->body);
  if (!json) return unexpected_reply("the reply is " + json.error().message);
  return *std::move(json);
}

}  // namespace azf::azure
