#include "identity/attempt_json.h"

#include <string>

namespace azf::identity {
namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

}  // namespace

Json attempts_json(const std::vector<Attempt>& attempts) {
  Json list = Json::array();
  for (const Attempt& attempt : attempts) {
    list.push_back({{"name", attempt.credential},
                    {"outcome", to_string(attempt.outcome)},
                    {"code", text_or_null(attempt.code)},
                    {"source", text_or_null(attempt.source)},
                    {"looked_for", text_or_null(attempt.looked_for)},
                    {"reason", attempt.reason},
                    {"next_step", text_or_null(attempt.next_step)},
                    {"duration_ms", attempt.duration ? Json(attempt.duration->count()) : Json()}});
  }
  return list;
}

}  // namespace azf::identity
