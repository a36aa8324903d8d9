#include "azure/storage_service.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace azf::azure {
namespace {

// Old enough for sovereign clouds and Azure Stack; a token needs 2017-11-09 or later.
constexpr auto kVersion = "2021-12-02";

}  // namespace

ServiceDescription storage_service(std::string name) {
  return {.name = std::move(name),
          .scopes = {"https://storage.azure.com/.default"},
          .policy = {.retry = {.max_retries = 3, .statuses = {408, 429, 500, 502, 503, 504}}}};
}

StorageService::StorageService(ServiceConnection& connection, GuidSource new_guid)
    : connection_(connection), new_guid_(std::move(new_guid)) {}

StorageResult<HttpResponse> StorageService::send(HttpRequest request, std::initializer_list<int> expected,
                                                 const CallOptions& options) {
  request.headers.set("x-ms-version", kVersion);
  request.headers.set("x-ms-client-request-id", new_guid_());
  auto reply = connection_.send(request, options);
  if (!reply) return StorageError{std::move(reply).error()};
  if (std::ranges::find(expected, reply->status) == expected.end()) return storage_error(*reply);
  return *std::move(reply);
}

StorageError unexpected_reply(std::string what) {
  return {{ErrorKind::kUnexpectedResponse, "the reply of the storage service: " + std::move(what)}};
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace azf::azure
