#include "core/base64.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"

#include <string>

namespace azf::test {

void fuzz_base64(std::string_view input) {
  const std::string standard = to_base64(input);
  require(is_base64(standard) && from_base64(standard) == input, "Base64 of any bytes is read back");
  require(standard.size() == (input.size() + 2) / 3 * 4, "Base64 has four digits for three bytes");
  require(from_base64url(to_base64url(input)) == input, "Base64url of any bytes is read back");

  const auto bytes = from_base64(input);
  require(bytes.has_value() == is_base64(input), "is_base64 says what from_base64 does");
  if (bytes) {
    require(bytes->size() <= input.size() / 4 * 3, "decoding does not grow");
    require(from_base64(to_base64(*bytes)) == *bytes, "what was decoded survives another round");
  }
  const auto url_bytes = from_base64url(input);
  require(!url_bytes || to_base64url(*url_bytes) == input, "Base64url has one form only");
}

}  // namespace azf::test
