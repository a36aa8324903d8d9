#pragma once

#include "core/result.h"
#include "http/message.h"

#include <string>

namespace azf::azure {

/// Why a storage service did not do what it was asked for. Value.
struct StorageError {
  /// Without a reply as the transport or the credential has it. Else by the status: `kNotFound` for 404,
  /// `kAuthenticationFailed` for 401 and 403, `kUnexpectedResponse` for 5xx, `kInvalidArgument` for the others.
  Error error;
  /// Of the reply; 0 without one.
  int status = 0;
  /// The service's own name for it: `BlobNotFound`, `ConditionNotMet`; letters and digits, empty if it has none.
  std::string code{};
  /// Those of the reply: `ETag`, `Content-Range`, `Retry-After`, ...
  Headers headers{};
};

template <typename T>
using StorageResult = Result<T, StorageError>;

/// What a reply that is no success says. Its code is that of `x-ms-error-code`, as the reply to HEAD has no body, else
/// that of the XML in the body.
StorageError storage_error(const HttpResponse& reply);

}  // namespace azf::azure
