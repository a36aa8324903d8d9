#include "http/message.h"

#include "core/number_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace azf {
namespace {

struct MethodName {
  Method method;
  std::string_view name;
};

constexpr std::array<MethodName, 9> kMethodNames = {{
    {Method::kGet, "GET"},
    {Method::kHead, "HEAD"},
    {Method::kPost, "POST"},
    {Method::kPut, "PUT"},
    {Method::kPatch, "PATCH"},
    {Method::kDelete, "DELETE"},
    {Method::kOptions, "OPTIONS"},
    {Method::kTrace, "TRACE"},
    {Method::kConnect, "CONNECT"},
}};

constexpr char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

}  // namespace

std::string_view to_string(Method method) {
  for (const auto& row : kMethodNames) {
    if (row.method == method) return row.name;
  }
  return "UNKNOWN";
}

std::optional<Method> parse_method(std::string_view text) {
  for (const auto& row : kMethodNames) {
    if (equal_ignoring_case(row.name, text)) return row.method;
  }
  return std::nullopt;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 102: return "Processing";
    case 103: return "Early Hints";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 207: return "Multi-Status";
    case 208: return "Already Reported";
    case 226: return "IM Used";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 305: return "Use Proxy";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 424: return "Failed Dependency";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 506: return "Variant Also Negotiates";
    case 507: return "Insufficient Storage";
    case 508: return "Loop Detected";
    case 511: return "Network Authentication Required";
    default: return {};
  }
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  // Most often the case is the same, too.
  return a.size() == b.size() && (a == b || std::ranges::equal(a, b, {}, ascii_lower, ascii_lower));
}

namespace {

// Sixteen bytes that are looked at together, by whatever instructions the processor has for that.
using Block [[gnu::vector_size(16)]] = std::uint8_t;
using Marks [[gnu::vector_size(16)]] = std::int8_t;  // of a comparison: nothing but ones where it holds
constexpr std::size_t kHalfBlock = sizeof(Block) / 2;

// Whether `mark` marks no byte of a text, which has at least half a block.
bool has_none_of(Marks (*mark)(Block), std::string_view text) {
  Block block{};
  Marks found{};
  if (text.size() >= sizeof block) {
    const char* const last = text.data() + text.size() - sizeof block;
    for (const char* at = text.data(); at < last; at += sizeof block) {
      std::memcpy(&block, at, sizeof block);
      found |= mark(block);
    }
    std::memcpy(&block, last, sizeof block);
    found |= mark(block);
  } else {
    std::memcpy(&block, text.data(), kHalfBlock);
    std::memcpy(reinterpret_cast<char*>(&block) + kHalfBlock, text.data() + text.size() - kHalfBlock, kHalfBlock);
    found = mark(block);
  }
  std::array<std::uint64_t, 2> halves{};
  std::memcpy(&halves, &found, sizeof halves);
  return (halves[0] | halves[1]) == 0;
}

// The token characters of nearly all names; the others are left to the table.
Marks unusual_in_name(Block block) {
  const Block letter = (block | std::uint8_t{0x20}) - std::uint8_t{'a'};
  const Block digit = block - std::uint8_t{'0'};
  return (letter >= std::uint8_t{26}) & (digit >= std::uint8_t{10}) & (block != std::uint8_t{'-'});
}

Marks controls(Block block) {
  return ((block < std::uint8_t{0x20}) & (block != std::uint8_t{'\t'})) | (block == std::uint8_t{0x7f});
}

bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

}  // namespace

bool is_field_name(std::string_view text) {
  if (text.size() >= kHalfBlock && has_none_of(unusual_in_name, text)) return true;
  constexpr auto kToken = [] {
    std::array<bool, 256> table{};
    for (const char c :
         std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~")) {
      table[static_cast<unsigned char>(c)] = true;
    }
    return table;
  }();
  bool token = !text.empty();
  for (const char c : text) token &= kToken[static_cast<unsigned char>(c)];
  return token;
}

bool is_field_value(std::string_view text) {
  return text.size() >= kHalfBlock ? has_none_of(controls, text) : std::ranges::all_of(text, is_text);
}

Headers::Headers(std::initializer_list<Field> fields) {
  for (const auto& [name, value] : fields) add(name, value);
}

Headers::Field Headers::field(const Place& place) const {
  const std::string_view text(text_);
  return {text.substr(place.begin, place.name_size), text.substr(place.begin + place.name_size, place.value_size)};
}

Headers::Iterator Headers::begin() const { return {this, 0}; }
Headers::Iterator Headers::end() const { return {this, places_.size()}; }

bool operator==(const Headers& a, const Headers& b) { return std::ranges::equal(a, b); }

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const auto& place : places_) {
    if (place.name_size != name.size()) continue;
    const auto found = field(place);
    if (equal_ignoring_case(found.name, name)) return found.value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& field : *this) {
    if (equal_ignoring_case(field.name, name)) values.push_back(field.value);
  }
  return values;
}

void Headers::add(std::string_view name, std::string_view value) {
  const std::size_t end = used_ + name.size() + value.size();
  std::string old;  // kept while its parts are copied, as name and value may be such
  if (end > text_.size()) {
    old = std::exchange(text_, std::string(std::max(end, 2 * text_.size()), '\0'));
    old.copy(text_.data(), used_);  // no more than there is: what was moved from has lost its text
  }
  char* const begin = text_.data() + used_;
  std::copy(value.begin(), value.end(), std::copy(name.begin(), name.end(), begin));
  places_.push_back({used_, name.size(), value.size()});
  used_ = end;
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(places_, [&](const Place& place) { return equal_ignoring_case(field(place).name, name); });
}

void Headers::clear() {
  used_ = 0;
  places_.clear();
}

std::optional<std::uint64_t> content_length(const Headers& headers) {
  return parse_number<std::uint64_t>(headers.get("Content-Length").value_or(""));
}

}  // namespace azf
