#include "azure/graph_client.h"
#include "core/number_text.h"
#include "functions/demo.h"
#include "functions/function_list.h"
#include "functions/service_call.h"
#include "functions/service_problem.h"
#include "http/url.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::functions {
namespace {

using azure::Graph;
using azure::GraphClient;
using azure::GraphUser;
using azure::UserQuery;

constexpr std::chrono::seconds kCallLimit{30};
constexpr std::size_t kTextLimit = 4096;

Json described(const GraphUser& user) {
  return {{"id", user.id},
          {"display_name", user.display_name},
          {"mail", user.mail},
          {"user_principal_name", user.user_principal_name}};
}

Problem wrong(std::string field, std::string message) {
  return {.status = 400, .errors = {{std::move(field), std::move(message)}}};
}

Result<UserQuery, Problem> parse_query(std::string_view url) {
  UserQuery query;
  if (const auto top = query_parameter(url, "top")) {
    const auto number = parse_number<int>(*top);
    if (!number || *number < 1 || *number > UserQuery::kMostPerPage) {
      return wrong("top", "must be a number from 1 to " + std::to_string(UserQuery::kMostPerPage));
    }
    query.top = *number;
  }
  query.filter = query_parameter(url, "filter").value_or("");
  if (query.filter.size() > kTextLimit) return wrong("filter", "is too long");
  query.continuation = query_parameter(url, "next").value_or("");
  if (query.continuation.size() > kTextLimit) return wrong("next", "is not what a page before has given");
  return query;
}

HttpResponse list(GraphClient& graph, const HttpRequest& request, const azure::CallOptions& options,
                  const InvocationContext& context) {
  const auto query = parse_query(request.url);
  if (!query) return to_response(query.error(), context.invocation_id);
  const auto page = graph.list_users(*query, options);
  if (!page) return respond_with(page.error(), context);
  Json users = Json::array();
  for (const GraphUser& user : page->users) users.push_back(described(user));
  return json_response(
      {{"users", std::move(users)}, {"next", page->continuation.empty() ? Json() : Json(page->continuation)}});
}

HttpResponse show(GraphClient& graph, std::string_view id, const azure::CallOptions& options,
                  const InvocationContext& context) {
  const auto user = graph.get_user(id, options);
  return user ? json_response(described(*user)) : respond_with(user.error(), context);
}

HttpResponse respond(const Services& services, const Graph& graph, const HttpRequest& request,
                     const InvocationContext& context) {
  auto options = call_options(context);
  options.deadline = context.deadline.or_sooner(services.clock, kCallLimit);
  GraphClient client(services.azure.connect(graph.description()), graph, services.clock);
  const auto id = context.route_values.get("id");
  return id ? show(client, *id, options, context) : list(client, request, options, context);
}

// An app that is not told where its directory is need not use it, so it does without a token for it.
std::vector<std::string> declared_scopes(const Environment& environment, const Result<Graph>& graph) {
  if (!graph || (!graph->demo && !environment.has(azure::kGraphSetting))) return {};
  return graph->description().scopes;
}

}  // namespace

/// GET /api/users?top=...&filter=...&next=...: a page of the directory's users; `next` of its reply, put into the next
/// request with the same `top` and `filter`, gives the next page. GET /api/users/{id}: one user, by object id or user
/// principal name. There is no `me`, since the app asks as itself.
Function users(const Services& services) {
  const auto graph = azure::load_graph(services.environment);
  return http_function(
      "users", {.route = "users/{id?}", .methods = {Method::kGet}, .auth_level = AuthLevel::kFunction},
      [services, graph](const HttpRequest& request, const InvocationContext& context) -> Result<HttpResponse> {
        if (!graph) return respond_with(azure::not_configured(graph.error()), context);
        auto response = respond(services, *graph, request, context);
        response.headers.set("Cache-Control", "no-store");
        if (graph->demo) mark_demo(response);
        return response;
      },
      declared_scopes(services.environment, graph));
}

}  // namespace azf::functions
