#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "identity/tool_output.h"

#include <algorithm>

namespace azf::test {
namespace {

void require_reply(const Result<identity::TokenReply>& reply) {
  if (!reply) {
    require(reply.error().kind == ErrorKind::kUnexpectedResponse, "other output is an unexpected response");
    require(!contains(reply.error().message, kPlantedToken), "no message quotes the output");
    require(reply.error().message.size() <= 256, "messages are bounded");
    require_printable(reply.error().message, "messages are printable");
    return;
  }
  const std::string_view token = reply->token.expose();
  require(!token.empty() && std::ranges::all_of(token, [](char c) { return c > ' ' && c < '\x7f'; }),
          "a token fits a header field");
  require(reply->expires_on > fuzz_now(), "the token lives");
  require(!reply->refresh_on || (*reply->refresh_on > fuzz_now() && *reply->refresh_on < reply->expires_on),
          "refresh is due while the token lives");
  require(reply->refresh_token.empty(), "tools print no refresh token");
}

std::optional<SystemTime> unknown_zone(SystemTime /*reading*/) { return std::nullopt; }

}  // namespace

void fuzz_tool_output(std::string_view input) {
  require_reply(identity::parse_azure_cli_output(input, fuzz_now(), identity::instant_of_local_clock));
  require_reply(identity::parse_azure_cli_output(input, fuzz_now(), unknown_zone));
  require_reply(identity::parse_azure_developer_cli_output(input, fuzz_now()));
  require_reply(identity::parse_azure_powershell_output(input, fuzz_now()));
}

}  // namespace azf::test
