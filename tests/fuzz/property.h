#pragma once

#include "core/clock.h"

#include <string_view>

namespace azf::test {

/// Ends the program by SIGABRT, which every sanitizer and doctest report, and names the promise that was broken.
void require(bool holds, std::string_view promise);

/// The wall clock of all targets: 2026-01-02T03:04:05Z.
SystemTime fuzz_now();

/// Stands for a token in the inputs of the corpus. No message may contain it.
inline constexpr std::string_view kPlantedToken = "planted-token-5a1d";

/// One-line text for people: well-formed UTF-8 without control characters, those of ISO 6429's second set included.
void require_printable(std::string_view text, std::string_view promise);

bool is_utf8(std::string_view text);
bool contains(std::string_view text, std::string_view part);

/// An input of two parts: what stands before the first line break, and behind it.
struct TwoParts {
  std::string_view first;
  std::string_view second;
};
TwoParts split_at_line_break(std::string_view input);

}  // namespace azf::test
