#include "core/json.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "identity/token_reply.h"

namespace azf::test {

void fuzz_token_reply(std::string_view input) {
  const SystemTime now = fuzz_now();
  const auto reply = identity::parse_token_reply(input, now);
  if (!reply) {
    require(reply.error().kind == ErrorKind::kUnexpectedResponse, "what is no reply is an unexpected response");
    require(!contains(reply.error().message, kPlantedToken), "no message quotes the token");
    require(reply.error().message.size() <= 256, "messages are bounded");
    require_printable(reply.error().message, "messages are printable");
    return;
  }
  const auto json = parse_json(input);
  require(json && required_string(*json, "access_token").value() == reply->token.expose(), "the token is the reply's");
  require(!reply->token.empty(), "a token is not empty");
  require(reply->expires_on >= now, "a token has not ended before it was asked for");
  require(!reply->refresh_on || (*reply->refresh_on > now && *reply->refresh_on < reply->expires_on),
          "refresh is due while the token lives");
}

}  // namespace azf::test
