#pragma once

#include "core/error.h"
#include "core/json.h"
#include "http/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace azf {

/// One wrong part of a request.
struct FieldError {
  std::string field;    ///< as the caller knows it: `name`, `scope`
  std::string message;  ///< what is expected there
};

/// A problem document (RFC 9457). It is shown to the caller as it is, so nothing of our inside belongs in it. Value.
struct Problem {
  int status = 500;
  /// Short, the same for all problems of this kind. Empty is the phrase of the status.
  std::string title = {};
  /// What is wrong with this request, and what to do about it. Empty is left out.
  std::string detail = {};
  /// Wrong fields; empty is left out.
  std::vector<FieldError> errors = {};
  /// Further members of the document: an object.
  Json extensions = Json::object();
};

/// The one table of statuses: what an error that ends a function means to its caller.
int http_status(ErrorKind kind);

/// What a caller may know of an error. The message is shown for `kInvalidArgument` and `kNotFound` only, which are
/// about the request; all others are about us, and are found in the log by the invocation id.
Problem to_problem(const Error& error);

/// The document, with the invocation id as member `invocationId`.
Json to_document(const Problem& problem, std::string_view invocation_id);
/// That document as a response, `application/problem+json`.
HttpResponse to_response(const Problem& problem, std::string_view invocation_id);

}  // namespace azf
