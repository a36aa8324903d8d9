#include "azure/storage_service.h"

#include "azure/storage_error.h"

#include <algorithm>
#include <utility>

namespace azf::azure {
namespace {

// Old enough for sovereign clouds and Azure Stack. For a token it must be 2017-11-09 or later.
constexpr auto kVersion = "2021-12-02";

}  // namespace

ServiceDescription storage_service(std::string name) {
  return {.name = std::move(name), .scopes = {"https://storage.azure.com/.default"}};
}

Result<HttpResponse, ServiceError> send_to_storage(const StorageAccess& access, HttpRequest request,
                                                   std::initializer_list<int> expected, const CallOptions& options) {
  const std::string& service = access.connection.description().name;
  request.headers.set("x-ms-version", kVersion);
  request.headers.set("x-ms-client-request-id", access.new_guid());
  auto reply = access.connection.send(request, options);
  if (!reply) return to_service_error(service, reply.error());
  if (std::ranges::find(expected, reply->status) == expected.end()) {
    return parse_storage_error(service, *reply, access.clock.system_now());
  }
  return *std::move(reply);
}

}  // namespace azf::azure
