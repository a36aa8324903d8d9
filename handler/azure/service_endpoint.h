#pragma once

#include "core/environment.h"
#include "core/result.h"

#include <string>
#include <string_view>

namespace azf::azure {

/// Where a service is. Value.
struct ServiceEndpoint {
  /// `https`, without query, without a slash at its end.
  std::string url;
  /// Whether it is a stand-in of the emulator, which every reply that comes of it has to say.
  bool demo = false;

  friend bool operator==(const ServiceEndpoint&, const ServiceEndpoint&) = default;
};

/// The endpoint that a setting names, such as `AZURE_OPENAI_ENDPOINT`. Without it, that of the emulator's stand-in: the
/// setting of the same name with `AZF_DEMO_` in front, which only the emulator sets. In Azure, which the platform's own
/// variables tell, stand-ins are refused unless `AZF_DEMO=allow`. Fails with `kInvalidArgument`, naming the setting,
/// where there is no endpoint or it is none.
Result<ServiceEndpoint> find_service_endpoint(const Environment& environment, std::string_view setting);

}  // namespace azf::azure
