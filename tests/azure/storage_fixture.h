#pragma once

#include "azure/service_fixture.h"
#include "azure/storage_service.h"

#include <string>
#include <utility>
#include <vector>

namespace azf::test {

/// A storage service whose replies the test scripts; GUIDs are counted.
class StorageFixture : public ServiceFixture {
 public:
  explicit StorageFixture(std::string service)
      : ServiceFixture(std::vector<FakeTransport::Reply>()), service_(std::move(service)) {}

  azure::StorageAccess access() {
    return {.connection = connections.connect(azure::storage_service(service_)),
            .endpoint = "https://a." + service_ + ".core.windows.net",
            .clock = clock,
            .new_guid = [this] { return "guid-" + std::to_string(++guids_); }};
  }

 private:
  const std::string service_;
  int guids_ = 0;
};

}  // namespace azf::test
