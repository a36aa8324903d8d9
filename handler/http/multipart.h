#pragma once

#include "core/result.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf {

/// One field of a form. Value; `content` is a view into the body that it was read from, or is to be written from.
struct FormPart {
  std::string name;
  /// Of a file; any text without control characters, so not yet a name that a file may have.
  std::optional<std::string> filename{};
  /// Empty if the part has none.
  std::string content_type{};
  std::string_view content{};

  friend bool operator==(const FormPart&, const FormPart&) = default;
};

/// A form has no more parts than that.
inline constexpr std::size_t kMostFormParts = 16;

/// Whether a Content-Type is `multipart/form-data`, whatever its parameters.
bool has_form_data(std::string_view content_type);

/// The parts of a `multipart/form-data` body (RFC 7578), at most `kMostFormParts`, in order. Strict: what two readers
/// may read differently is refused, such as text before the first boundary or behind the last, bare line feeds, a
/// boundary line with something behind it, backslashes in quoted values, repeated parameters and transfer encodings.
/// Fails with `kInvalidArgument`; the message says what is wrong and repeats none of it.
Result<std::vector<FormPart>> parse_form_data(std::string_view content_type, std::string_view body);

/// The body of a form with that boundary, which no content may have in it. A quote or line break in a name becomes
/// `%22`, `%0D`, `%0A`, as browsers write them (WHATWG, "HTML", multipart form data).
std::string to_form_data(const std::vector<FormPart>& parts, std::string_view boundary);

}  // namespace azf
