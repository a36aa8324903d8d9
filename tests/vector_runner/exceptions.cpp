#include "vector_runner/exceptions.h"

#include "vector_runner/field_reader.h"
#include "vector_runner/scenario.h"

#include <algorithm>

namespace azf::test {

Result<std::vector<ArguedException>> parse_exceptions(std::string_view text) {
  const auto json = parse_json(text);
  if (!json) return json.error();
  if (!json->is_array()) return Error{ErrorKind::kInvalidArgument, "the exceptions are not a list"};

  std::vector<ArguedException> exceptions;
  std::vector<std::string> problems;
  for (const Json& each : *json) {
    const std::string path = "exception " + std::to_string(exceptions.size() + 1);
    FieldReader reader(&each, path, problems);
    ArguedException exception{reader.text("id"), reader.text("field"), Json(), reader.text("why")};
    const Json* ours = reader.any("ours");
    if (ours != nullptr) exception.ours = *ours;
    reader.finish();
    if (exception.id.empty() || exception.why.empty() || ours == nullptr) {
      problems.push_back(path + " needs id, field, ours and why");
    }
    if (!is_judged_field(exception.field) || exception.field == "either") {
      problems.push_back(path + ": no field of an expectation: " + exception.field);
    }
    const bool twice = std::ranges::any_of(exceptions, [&](const ArguedException& other) {
      return other.id == exception.id && other.field == exception.field;
    });
    if (twice) problems.push_back(path + ": there is another one for this field");
    exceptions.push_back(std::move(exception));
  }
  if (!problems.empty()) return Error{ErrorKind::kInvalidArgument, problems.front()};
  return exceptions;
}

}  // namespace azf::test
