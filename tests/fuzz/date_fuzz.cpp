#include "core/time_text.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"

#include <chrono>

namespace azf::test {

void fuzz_date(std::string_view input) {
  for (const auto time : {parse_rfc3339(input), parse_http_date(input), parse_us_date(input)}) {
    if (!time) continue;
    const std::string text = to_rfc3339(*time);
    require(text.size() == 20 && text.ends_with('Z'), "RFC 3339 has one width");
    require_printable(text, "RFC 3339 is printable");
    // Close to the borders of the clock an offset may lead to a year that is not read any more.
    const auto again = parse_rfc3339(text);
    require(!again || *again == std::chrono::floor<std::chrono::seconds>(*time), "a written date is read back");
    require(again || text.starts_with("1677") || text.starts_with("2262"), "a written date is read");
    require(to_rfc3339_milliseconds(*time).size() == 24, "milliseconds have one width");
  }
}

}  // namespace azf::test
