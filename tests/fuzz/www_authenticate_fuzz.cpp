#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "http/challenge.h"
#include "identity/arc_key.h"

#include <cstddef>
#include <string>

namespace azf::test {
namespace {

constexpr std::size_t kLongest = std::size_t{16} * 1024;

std::size_t size_of(const Challenge& challenge) {
  std::size_t size = challenge.scheme.size() + challenge.token68.size();
  for (const auto& [name, value] : challenge.parameters) size += name.size() + value.size();
  return size;
}

std::string quoted(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text.push_back('\\');
    text.push_back(c);
  }
  return text + '"';
}

// RFC 9110 section 11.6.1.
std::string field_of(const std::vector<Challenge>& challenges) {
  std::string text;
  for (const Challenge& challenge : challenges) {
    if (!text.empty()) text += ", ";
    text += challenge.scheme;
    if (!challenge.token68.empty()) text += " " + challenge.token68;
    std::string_view before = " ";
    for (const auto& [name, value] : challenge.parameters) {
      text.append(before).append(name).append("=").append(quoted(value));
      before = ", ";
    }
  }
  return text;
}

}  // namespace

void fuzz_www_authenticate(std::string_view input) {
  const auto challenges = parse_challenges(input);
  std::size_t size = 0;
  for (const Challenge& challenge : challenges) {
    require(is_field_name(challenge.scheme), "a scheme is a token");
    require(challenge.token68.empty() || challenge.parameters.empty(), "a challenge has token68 or parameters");
    for (const auto& [name, value] : challenge.parameters) {
      require(is_field_name(name), "a parameter's name is a token");
      require(challenge.parameter(name).has_value(), "a parameter is found by its name");
    }
    size += size_of(challenge);
  }
  require(size <= input.size() && size <= kLongest, "challenges are not larger than their field");

  const std::string field = field_of(challenges);
  if (field.size() <= kLongest) require(parse_challenges(field) == challenges, "written challenges are read back");
  const Headers headers = {{"WWW-Authenticate", std::string(input)}, {"www-authenticate", field}};
  require(field.size() > kLongest || parse_challenges(headers).size() == 2 * challenges.size(), "all fields are read");

  const auto path = identity::parse_arc_challenge({{"WWW-Authenticate", std::string(input)}});
  if (path) {
    require(!path->empty() && !contains(*path, "=") && input.ends_with(*path), "Arc's path is the field's, without =");
  } else {
    require(path.error().kind == ErrorKind::kUnexpectedResponse, "another challenge is an unexpected response");
    require(!contains(path.error().message, kPlantedToken), "the message does not quote the field");
  }
}

}  // namespace azf::test
