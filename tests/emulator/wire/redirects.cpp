#include "emulator/wire/redirects.h"

#include <string>
#include <utility>

namespace azf::emulator {
namespace {

constexpr int kRedirectLimit = 50;

bool is_redirect(int status) {
  return status == 300 || status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

bool becomes_get(int status, const std::string& method) {
  return status == 303 ? method != "GET" && method != "HEAD" : (status <= 302 && method == "POST");
}

}  // namespace

Result<Reply> send_following_redirects(LoopbackClient& client, Request request, Deadline deadline) {
  const std::string origin = "http://127.0.0.1:" + std::to_string(client.port());
  for (int redirect = 0;; ++redirect) {
    auto reply = client.send(request, deadline);
    if (!reply || !is_redirect(reply->status) || redirect == kRedirectLimit) return reply;
    const std::string* location = find_header(reply->headers, "Location");
    if (location == nullptr) return reply;
    std::string target = *location;
    if (target.starts_with(origin)) target.erase(0, origin.size());
    if (!target.starts_with('/') || target.starts_with("//")) {
      return Error{ErrorKind::kTransport, "the handler redirects the host to another server"};
    }
    if (becomes_get(reply->status, request.method)) {
      request.method = "GET";
      request.body.clear();
      for (const char* name : {"Content-Length", "Content-Type", "Transfer-Encoding"}) {
        remove_header(request.headers, name);
      }
    }
    request.target = std::move(target);
  }
}

}  // namespace azf::emulator
