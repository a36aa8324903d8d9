#pragma once

#include "azure/service_connection.h"
#include "azure/service_error.h"
#include "azure/service_policy.h"
#include "core/clock.h"
#include "core/environment.h"
#include "core/json.h"
#include "core/result.h"
#include "http/message.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::azure {

inline constexpr auto kGraphSetting = "MICROSOFT_GRAPH_ENDPOINT";

/// Microsoft Graph, and how it is called. Value.
struct Graph {
  /// `https`, without query, without a slash at its end.
  std::string url = "https://graph.microsoft.com";
  /// Whether it is a stand-in of the emulator.
  bool demo = false;

  [[nodiscard]] ServiceDescription description() const;

  friend bool operator==(const Graph&, const Graph&) = default;
};

/// From `kGraphSetting` (see `find_service_endpoint`); without it and without a stand-in the global cloud's.
Result<Graph> load_graph(const Environment& environment);

/// A user of the directory; what the directory does not say is empty. Value.
struct GraphUser {
  std::string id;
  std::string display_name{};
  std::string mail{};
  std::string user_principal_name{};

  friend bool operator==(const GraphUser&, const GraphUser&) = default;
};

/// Which users are asked for. Value.
struct UserQuery {
  static constexpr int kMostPerPage = 999;

  /// Users on a page: 1 to `kMostPerPage`.
  int top = 100;
  /// An OData filter, such as `startswith(displayName,'A')`; empty: all.
  std::string filter{};
  /// `UserPage::continuation` of the page before, asked for with the same `top` and `filter`; empty: the first page.
  std::string continuation{};
};

/// A page of users. Value.
struct UserPage {
  std::vector<GraphUser> users{};
  /// Where the next page begins: a text for Graph alone to understand. Empty on the last page.
  std::string continuation{};

  friend bool operator==(const UserPage&, const UserPage&) = default;
};

/// Whether a filter is one of those that Graph answers only with `ConsistencyLevel: eventual` and `$count=true`
/// ("Advanced query capabilities on Microsoft Entra ID objects": `endsWith`, `ne`, `not`, `$count`, and comparisons
/// with null). What stands in quotes does not count.
bool needs_eventual_consistency(std::string_view filter);

/// Reads users, by a token of the app itself (Microsoft Graph REST API v1.0). Thread-safe.
class GraphClient {
 public:
  /// `connection`, which is that of the graph's description, and `clock` must outlive this object.
  GraphClient(ServiceConnection& connection, Graph graph, const Clock& clock);

  /// A link to a next page that leads to another host is `kUnexpectedReply`.
  Result<UserPage, ServiceError> list_users(const UserQuery& query, const CallOptions& options);

  /// The user of that object id or user principal name. `me` is `kInvalidRequest` before anything is sent, as no
  /// user stands behind the token of an app.
  Result<GraphUser, ServiceError> get_user(std::string_view id, const CallOptions& options);

 private:
  Result<Json, ServiceError> get(const std::string& url, const Headers& headers, const CallOptions& options);

  ServiceConnection& connection_;
  const Graph graph_;
  const Clock& clock_;
};

}  // namespace azf::azure
