#include "azure/service_endpoint.h"
#include "core/base64.h"
#include "functions/chat_ui/page.h"
#include "functions/function_list.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace azf::functions {
namespace {

// The services that an answer of the agent comes of.
constexpr std::array<std::string_view, 2> kEndpointSettings = {"AZURE_OPENAI_ENDPOINT",
                                                               "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT"};

bool uses_stand_ins(const Environment& environment) {
  return std::ranges::any_of(kEndpointSettings, [&](std::string_view setting) {
    const auto endpoint = azure::find_service_endpoint(environment, setting);
    return endpoint && endpoint->demo;
  });
}

std::string html_for(const Environment& environment) {
  constexpr std::string_view root = "<html lang=\"en\"";
  std::string html(kChatPage.html);
  // Said before the first answer. The page's script looks for it.
  if (uses_stand_ins(environment)) html.insert(html.find(root) + root.size(), " data-demo");
  return html;
}

// Only what stands in the page runs, only this app is asked, and no text becomes HTML (trusted types).
std::string content_security_policy() {
  const auto source = [](std::string_view digest) { return "'sha256-" + to_base64(digest) + "'"; };
  return "default-src 'none'; script-src " + source(kChatPage.script_digest) + "; style-src " +
         source(kChatPage.style_digest) +
         "; img-src data:; connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
         "require-trusted-types-for 'script'; trusted-types 'none'";
}

HttpResponse page_for(const Environment& environment) {
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"},
                      {"Content-Security-Policy", content_security_policy()},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cross-Origin-Opener-Policy", "same-origin"},
                      // Asked for again after each deployment; not `no-store`, with which a browser forgets the
                      // conversation when its reader goes back and forth.
                      {"Cache-Control", "no-cache"}},
          .body = html_for(environment)};
}

}  // namespace

/// GET /api/chat-ui: a page to talk with the agent. It asks `agent`, `execute` and `session-files` of this app, with a
/// function key that the reader types in, so that the page itself needs none.
Function chat_ui(const Services& services) {
  // Made when it is asked for: most starts of the program are for something else.
  return http_function(
      "chat-ui", {.route = "chat-ui", .methods = {Method::kGet}, .auth_level = AuthLevel::kAnonymous},
      [&environment = services.environment](const HttpRequest&, const InvocationContext&) -> Result<HttpResponse> {
        return page_for(environment);
      });
}

}  // namespace azf::functions
