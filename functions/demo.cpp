#include "functions/demo.h"

#include "runtime/json_message.h"

namespace azf::functions {

void mark_demo(Json& document) { document["demo"] = true; }

void mark_demo(HttpResponse& response) {
  response.headers.set("X-AZF-Demo", "stand-in");
  if (!has_json_content(response.headers)) return;
  auto document = parse_json(response.body);
  if (!document || !document->is_object()) return;
  mark_demo(*document);
  response.body = to_text(*document);
}

}  // namespace azf::functions
