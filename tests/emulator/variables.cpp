#include "emulator/variables.h"

#include <string_view>

namespace azf::emulator {

Variables parse_variables(const char* const* entries) {
  Variables variables;
  for (; *entries != nullptr; ++entries) {
    const std::string_view entry(*entries);
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    variables.insert_or_assign(std::string(entry.substr(0, equals)), std::string(entry.substr(equals + 1)));
  }
  return variables;
}

}  // namespace azf::emulator
