#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::emulator {

/// One part of a `multipart/form-data` body (RFC 7578). Value.
struct FormPart {
  std::string name;
  /// Empty for a part that is no file.
  std::string file_name;
  std::string content_type;
  std::string content;
};

/// The parts of a body with that `Content-Type`; nothing when type or body is malformed.
std::optional<std::vector<FormPart>> parse_form_data(std::string_view content_type, std::string_view body);

}  // namespace azf::emulator
