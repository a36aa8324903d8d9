#include "http/multipart.h"

#include "http/message.h"

#include <algorithm>
#include <array>
#include <utility>

namespace azf {
namespace {

constexpr std::size_t kLongestBoundary = 70;  // RFC 2046 section 5.1.1
constexpr std::size_t kLongestHead = std::size_t{8} << 10;
constexpr std::string_view kLineEnd = "\r\n";

Error malformed(std::string_view what) {
  return {ErrorKind::kInvalidArgument, "the form is malformed: " + std::string(what)};
}

std::string_view without_blanks(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// If `text` begins with `part`, takes it off.
bool take(std::string_view& text, std::string_view part) {
  if (!text.starts_with(part)) return false;
  text.remove_prefix(part.size());
  return true;
}

// The value of a field such as `form-data; name="x"; filename=y`, taken apart.
struct FieldValue {
  std::string_view kind;
  std::vector<std::pair<std::string_view, std::string_view>> parameters;

  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const {
    const auto found =
        std::ranges::find_if(parameters, [&](const auto& entry) { return equal_ignoring_case(entry.first, name); });
    return found == parameters.end() ? std::nullopt : std::optional(found->second);
  }
};

// Takes `=value` off, quoted or not.
std::optional<std::string_view> take_value(std::string_view& text) {
  if (!take(text, "=")) return std::nullopt;
  if (!take(text, "\"")) {
    const auto value = text.substr(0, text.find_first_of("; \t"));
    text.remove_prefix(value.size());
    return is_field_name(value) ? std::optional(value) : std::nullopt;
  }
  const auto end = text.find('"');
  if (end == std::string_view::npos) return std::nullopt;
  const auto value = text.substr(0, end);
  text.remove_prefix(end + 1);
  // Some writers mean it as an escape, others as itself.
  return value.find('\\') == std::string_view::npos ? std::optional(value) : std::nullopt;
}

std::optional<FieldValue> parse_field_value(std::string_view text) {
  if (!is_field_value(text)) return std::nullopt;
  FieldValue value{.kind = without_blanks(text.substr(0, text.find(';'))), .parameters = {}};
  text = without_blanks(text.substr(std::min(text.find(';'), text.size())));
  while (!text.empty()) {
    if (!take(text, ";")) return std::nullopt;
    text = without_blanks(text);
    if (text.empty()) break;  // a semicolon at the end
    const auto name = text.substr(0, text.find('='));
    text.remove_prefix(name.size());
    const auto parameter = take_value(text);
    if (!parameter || !is_field_name(name) || value.parameter(name)) return std::nullopt;
    value.parameters.emplace_back(name, *parameter);
    text = without_blanks(text);
  }
  return value;
}

bool is_boundary(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kLongestBoundary && !text.ends_with(' ') && std::ranges::all_of(text, allowed);
}

Result<std::string> boundary_of(std::string_view content_type) {
  const auto value = parse_field_value(content_type);
  if (!value || !equal_ignoring_case(value->kind, "multipart/form-data")) {
    return malformed("the Content-Type is not multipart/form-data with a boundary");
  }
  const auto boundary = value->parameter("boundary").value_or("");
  if (!is_boundary(boundary)) return malformed("the Content-Type has no usable boundary");
  return std::string(boundary);
}

// The head of a part, without the empty line behind it.
Result<FormPart> parse_head(std::string_view head) {
  std::optional<FieldValue> disposition;
  std::optional<std::string_view> content_type;
  while (!head.empty()) {
    const auto line = head.substr(0, head.find(kLineEnd));
    head.remove_prefix(std::min(line.size() + kLineEnd.size(), head.size()));
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    if (colon == std::string_view::npos || !is_field_name(name)) return malformed("a part has a line that is no field");
    const auto value = without_blanks(line.substr(colon + 1));
    if (!is_field_value(value)) return malformed("a part has a field with a control character");
    if (equal_ignoring_case(name, "Content-Disposition")) {
      if (disposition) return malformed("a part has two Content-Disposition fields");
      disposition = parse_field_value(value);
      if (!disposition) return malformed("a Content-Disposition cannot be read");
    } else if (equal_ignoring_case(name, "Content-Type")) {
      if (content_type) return malformed("a part has two Content-Type fields");
      content_type = value;
    } else if (equal_ignoring_case(name, "Content-Transfer-Encoding")) {
      constexpr std::array<std::string_view, 3> kAsItIs = {"7bit", "8bit", "binary"};
      if (std::ranges::none_of(kAsItIs, [&](auto known) { return equal_ignoring_case(value, known); })) {
        return malformed("a part has a transfer encoding");
      }
    }
  }
  if (!disposition || !equal_ignoring_case(disposition->kind, "form-data")) {
    return malformed("a part is no form-data by its Content-Disposition");
  }
  const auto name = disposition->parameter("name").value_or("");
  if (name.empty()) return malformed("a part has no name");
  FormPart part{.name = std::string(name), .content_type = std::string(content_type.value_or(""))};
  if (const auto filename = disposition->parameter("filename")) part.filename = std::string(*filename);
  return part;
}

void append_quoted(std::string& text, std::string_view value) {
  text += '"';
  for (const char c : value) {
    switch (c) {
      case '"': text += "%22"; break;
      case '\r': text += "%0D"; break;
      case '\n': text += "%0A"; break;
      default: text += c;
    }
  }
  text += '"';
}

}  // namespace

bool has_form_data(std::string_view content_type) {
  return equal_ignoring_case(without_blanks(content_type.substr(0, content_type.find(';'))), "multipart/form-data");
}

Result<std::vector<FormPart>> parse_form_data(std::string_view content_type, std::string_view body) {
  const auto boundary = boundary_of(content_type);
  if (!boundary) return boundary.error();
  const std::string first = "--" + *boundary;
  const std::string delimiter = std::string(kLineEnd) + first;
  if (!take(body, first)) return malformed("it does not begin with its boundary");

  std::vector<FormPart> parts;
  while (!take(body, "--")) {
    if (!take(body, kLineEnd)) return malformed("something stands behind a boundary");
    if (parts.size() == kMostFormParts) {
      return malformed("it has more than " + std::to_string(kMostFormParts) + " parts");
    }
    const auto head_end = body.substr(0, kLongestHead).find("\r\n\r\n");
    if (head_end == std::string_view::npos) return malformed("a part has no end of its fields, or too many");
    auto part = parse_head(body.substr(0, head_end));
    if (!part) return std::move(part).error();
    body.remove_prefix(head_end + 2 * kLineEnd.size());
    const auto content_end = body.find(delimiter);
    if (content_end == std::string_view::npos) return malformed("a part has no boundary at its end");
    part->content = body.substr(0, content_end);
    parts.push_back(*std::move(part));
    body.remove_prefix(content_end + delimiter.size());
  }
  if (!body.empty() && body != kLineEnd) return malformed("something stands behind the last boundary");
  return parts;
}

std::string to_form_data(const std::vector<FormPart>& parts, std::string_view boundary) {
  std::size_t size = 0;
  for (const auto& part : parts) size += part.content.size() + kLongestHead;
  std::string body;
  body.reserve(size);
  for (const auto& part : parts) {
    body.append("--").append(boundary).append("\r\nContent-Disposition: form-data; name=");
    append_quoted(body, part.name);
    if (part.filename) {
      body += "; filename=";
      append_quoted(body, *part.filename);
    }
    if (!part.content_type.empty()) body.append("\r\nContent-Type: ").append(part.content_type);
    body.append("\r\n\r\n").append(part.content).append(kLineEnd);
  }
  return body.append("--").append(boundary).append("--\r\n");
}

}  // namespace azf
