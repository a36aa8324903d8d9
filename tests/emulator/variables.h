#pragma once

#include <functional>
#include <map>
#include <string>

namespace azf::emulator {

/// Variables of a process, or app settings, which become variables.
using Variables = std::map<std::string, std::string, std::less<>>;

/// Of `NAME=value` strings, ended by a null pointer, as the C library's `environ`.
Variables parse_variables(const char* const* entries);

}  // namespace azf::emulator
