#include "emulator/wire/message.h"

#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>
#include <utility>

namespace azf::emulator {

const std::string* find_header(const Headers& headers, std::string_view name) {
  const auto found = std::find_if(headers.begin(), headers.end(),
                                  [&](const HeaderField& field) { return equal_ignoring_case(field.name, name); });
  return found == headers.end() ? nullptr : &found->value;
}

std::vector<std::string> header_values(const Headers& headers, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& field : headers) {
    if (equal_ignoring_case(field.name, name)) values.push_back(field.value);
  }
  return values;
}

bool header_has_token(const Headers& headers, std::string_view name, std::string_view token) {
  for (const auto& value : header_values(headers, name)) {
    std::string_view rest(value);
    while (!rest.empty()) {
      const auto end = std::min(rest.find(','), rest.size());
      if (equal_ignoring_case(trimmed(rest.substr(0, end)), token)) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return false;
}

void remove_header(Headers& headers, std::string_view name) {
  std::erase_if(headers, [&](const HeaderField& field) { return equal_ignoring_case(field.name, name); });
}

void set_header(Headers& headers, std::string name, std::string value) {
  remove_header(headers, name);
  headers.push_back({std::move(name), std::move(value)});
}

std::string_view Request::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string_view Request::query() const {
  const auto mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

std::string_view reason_phrase(int status) {
  constexpr auto kPhrases = std::to_array<std::pair<int, std::string_view>>({
      {100, "Continue"},
      {200, "OK"},
      {201, "Created"},
      {202, "Accepted"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {405, "Method Not Allowed"},
      {408, "Request Timeout"},
      {409, "Conflict"},
      {410, "Gone"},
      {412, "Precondition Failed"},
      {413, "Payload Too Large"},
      {415, "Unsupported Media Type"},
      {416, "Range Not Satisfiable"},
      {422, "Unprocessable Entity"},
      {429, "Too Many Requests"},
      {431, "Request Header Fields Too Large"},
      {500, "Internal Server Error"},
      {501, "Not Implemented"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  });
  const auto* found =
      std::find_if(kPhrases.begin(), kPhrases.end(), [&](const auto& phrase) { return phrase.first == status; });
  return found == kPhrases.end() ? std::string_view() : found->second;
}

Reply json_reply(int status, const Json& body) {
  return text_reply(status, to_text(body), "application/json; charset=utf-8");
}

Reply text_reply(int status, std::string body, std::string content_type) {
  return {status, "", {{"Content-Type", std::move(content_type)}}, std::move(body)};
}

}  // namespace azf::emulator
