#include "emulator/services/multipart.h"

#include "emulator/wire/coding.h"

#include <algorithm>
#include <utility>

namespace azf::emulator {
namespace {

// The value of `name=value` or `name="value"` among parameters after semicolons; `\"` and `\\` are unescaped.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  for (auto at = header.find(';'); at != std::string_view::npos;) {
    header = trimmed(header.substr(at + 1));
    const auto equals = header.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const bool wanted = equal_ignoring_case(trimmed(header.substr(0, equals)), name);
    header.remove_prefix(equals + 1);
    std::string value;
    std::size_t end = 0;
    if (header.starts_with('"')) {
      for (end = 1; end < header.size() && header[end] != '"'; ++end) {
        if (header[end] == '\\' && end + 1 < header.size()) ++end;
        value.push_back(header[end]);
      }
      if (end == header.size()) return std::nullopt;
    } else {
      end = std::min(header.find(';'), header.size());
      value = trimmed(header.substr(0, end));
    }
    if (wanted) return value;
    at = header.find(';', end);
  }
  return std::nullopt;
}

std::optional<FormPart> parse_part(std::string_view text) {
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  FormPart part;
  part.content = text.substr(head_end + 4);
  std::string_view head = text.substr(0, head_end);
  while (!head.empty()) {
    const auto end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const auto colon = std::min(line.find(':'), line.size());
    const std::string_view value = trimmed(line.substr(std::min(colon + 1, line.size())));
    if (equal_ignoring_case(line.substr(0, colon), "Content-Type")) part.content_type = value;
    if (!equal_ignoring_case(line.substr(0, colon), "Content-Disposition")) continue;
    if (!to_lower(value).starts_with("form-data")) return std::nullopt;
    part.name = parameter(value, "name").value_or("");
    part.file_name = parameter(value, "filename").value_or("");
  }
  if (part.name.empty()) return std::nullopt;
  return part;
}

}  // namespace

std::optional<std::vector<FormPart>> parse_form_data(std::string_view content_type, std::string_view body) {
  if (!to_lower(content_type).starts_with("multipart/form-data")) return std::nullopt;
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > 70) return std::nullopt;
  const std::string first = "--" + *boundary;
  const std::string delimiter = "\r\n" + first;
  if (!body.starts_with(first)) return std::nullopt;
  body.remove_prefix(first.size());
  std::vector<FormPart> parts;
  while (!body.starts_with("--")) {
    const auto end = body.find(delimiter);
    if (!body.starts_with("\r\n") || end == std::string_view::npos) return std::nullopt;
    auto part = parse_part(body.substr(2, end - 2));
    if (!part) return std::nullopt;
    parts.push_back(std::move(*part));
    body.remove_prefix(end + delimiter.size());
  }
  return parts;
}

}  // namespace azf::emulator
