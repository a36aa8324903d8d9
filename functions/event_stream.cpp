#include "functions/event_stream.h"

#include "functions/demo.h"

#include <chrono>
#include <string>
#include <utility>

namespace azf::functions {
namespace {

constexpr std::chrono::seconds kLongestSilence{15};

}  // namespace

Result<Success> EventStream::send(std::string_view type, const Json& data) {
  if (!begun()) {
    HttpResponse head{.headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                                  {"Cache-Control", "no-store"},
                                  {"X-Accel-Buffering", "no"}}};
    if (origin_ == Origin::kStandIn) mark_demo(head);
    if (auto sent = response_.begin(head); !sent) return sent;
  }
  // JSON text has no line break outside of its escapes, so one data line is enough.
  return write(std::string("event: ").append(type).append("\ndata: ").append(to_text(data)).append("\n\n"));
}

Result<HttpResponse> EventStream::finish(Json data) { return end("done", std::move(data)); }

Result<HttpResponse> EventStream::fail(const Problem& problem, std::string_view invocation_id) {
  return end("error", to_document(problem, invocation_id));
}

bool EventStream::abandoned() {
  if (response_.abandoned()) return true;
  const bool silent = begun() && clock_.steady_now() - last_write_ >= kLongestSilence;
  return silent && !write(": still at work\n\n");
}

Result<HttpResponse> EventStream::end(std::string_view type, Json data) {
  if (origin_ == Origin::kStandIn) mark_demo(data);
  if (auto sent = send(type, data); !sent) return std::move(sent).error();
  return HttpResponse{};
}

Result<Success> EventStream::write(std::string_view text) {
  last_write_ = clock_.steady_now();
  return response_.write(text);
}

}  // namespace azf::functions
