#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "identity/tool_output.h"

#include <algorithm>
#include <set>
#include <string>

namespace azf::test {
namespace {

constexpr std::string_view kSignature = "planted-signature-5a1d";

std::string redacted(const std::string& text) {
  std::string result = identity::redacted_tool_text(text);
  require(result.size() <= 4096 + 3, "a tool's words are bounded");
  // Bytes that were not UTF-8 before need not be so afterwards.
  if (is_utf8(text)) require_printable(result, "a tool's words are printable");
  return result;
}

}  // namespace

void fuzz_tool_text(std::string_view input) {
  redacted(std::string(input));
  const std::string messages = identity::azure_developer_cli_message(input);
  require(messages.size() <= input.size(), "messages are taken out of the output");
  redacted(messages);

  const auto numbers = identity::aadsts_numbers(input);
  require(numbers.size() <= 16 && std::ranges::all_of(numbers, [](int number) { return number > 0; }),
          "Entra's numbers are positive, and bounded");
  require(std::set<int>(numbers.begin(), numbers.end()).size() == numbers.size(), "each of them comes once");

  // libFuzzer learns the texts that are searched for, and writes them itself.
  if (contains(input, kSignature) || contains(input, kPlantedToken)) return;
  // Whatever stands around a token, even at its border, must not bring it to light.
  const auto [before, behind] = split_at_line_break(input);
  const std::string json_web_token =
      std::string(before).append("eyJhbGciOiJub25lIn0.eyJhdWQiOiJ4In0.").append(kSignature).append(behind);
  require(!contains(redacted(json_web_token), kSignature), "a JSON web token is redacted");

  // An escape sequence could eat the member's name, on a terminal too.
  if (contains(before, "\x1b")) return;
  const std::string member =
      std::string(before).append("\"accessToken\": \"").append(kPlantedToken).append("\"").append(behind);
  require(!contains(redacted(member), kPlantedToken), "the value of accessToken is redacted");
}

}  // namespace azf::test
