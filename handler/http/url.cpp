#include "http/url.h"

#include "core/number_text.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>

namespace azf {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_unreserved(char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string decode(std::string_view text, char plus) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        result.push_back(static_cast<char>(high * 16 + low));
        i += 2;
        continue;
      }
    }
    result.push_back(text[i] == '+' ? plus : text[i]);
  }
  return result;
}

Error invalid(std::string_view what) {
  return Error{ErrorKind::kInvalidArgument, "not a usable URL: " + std::string(what)};
}

// Blanks, control characters and bytes beyond ASCII must be percent-encoded; a backslash is read as `/` by some
// clients and not by others, which lets two of them see different hosts.
bool may_stand_in_url(char c) { return c > ' ' && c < '\x7f' && c != '\\'; }

// `127.1`, `0x7f000001` and the like are addresses for some resolvers and names for others.
bool is_ambiguous_ipv4(const std::string& host) {
  std::string_view rest(host);
  if (rest.ends_with('.')) rest.remove_suffix(1);
  const auto last = rest.substr(rest.rfind('.') + 1);  // npos + 1 is 0: the whole host
  const bool number = std::ranges::all_of(last, is_digit) || (last.starts_with("0x"));
  in_addr address{};
  return number && inet_pton(AF_INET, host.c_str(), &address) != 1;
}

unsigned default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

Result<std::string> parse_host(std::string_view text) {
  if (text.starts_with('[')) {
    auto host = lower(text.substr(1, text.size() - 2));
    in6_addr address{};
    if (inet_pton(AF_INET6, host.c_str(), &address) != 1) return invalid("the IPv6 address is malformed");
    return host;
  }
  if (text.empty()) return invalid("it has no host");
  const auto in_name = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_'; };
  if (!std::ranges::all_of(text, in_name)) return invalid("the host has a character that no host name has");
  auto host = lower(text);
  if (is_ambiguous_ipv4(host)) return invalid("the host looks like an IPv4 address and is none");
  return host;
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      result.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    result.push_back('%');
    result.push_back(kHex[byte >> 4U]);
    result.push_back(kHex[byte & 15U]);
  }
  return result;
}

std::string percent_decode(std::string_view text) { return decode(text, '+'); }

std::string form_encode(const std::vector<NameValue>& fields) {
  std::string result;
  for (const auto& [name, value] : fields) {
    if (!result.empty()) result.push_back('&');
    result += percent_encode(name);
    result.push_back('=');
    result += percent_encode(value);
  }
  return result;
}

std::vector<NameValue> form_decode(std::string_view text) {
  std::vector<NameValue> fields;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    if (part.empty()) continue;
    const auto equals = part.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1);
    fields.emplace_back(decode(part.substr(0, equals), ' '), decode(value, ' '));
  }
  return fields;
}

Target split_target(std::string_view target) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return {target, {}};
  return {target.substr(0, mark), target.substr(mark + 1)};
}

std::optional<std::string> query_parameter(std::string_view target, std::string_view name) {
  for (auto& [field_name, value] : form_decode(split_target(target).query)) {
    if (field_name == name) return std::move(value);
  }
  return std::nullopt;
}

Result<Url> parse_url(std::string_view text) {
  if (!std::ranges::all_of(text, may_stand_in_url)) {
    return invalid("it has a character that must be percent-encoded");
  }
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return invalid("it is not absolute; it must begin with https://");
  Url url;
  url.scheme = lower(text.substr(0, scheme_end));
  if (url.scheme != "https" && url.scheme != "http") return invalid("the scheme is neither https nor http");
  if (text.find('#') != std::string_view::npos) return invalid("it has a fragment (#...)");

  const auto rest = text.substr(scheme_end + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?"));
  if (authority.find('@') != std::string_view::npos) return invalid("it has user information (...@host)");
  const auto bracket = authority.find(']');
  if (authority.starts_with('[') && bracket == std::string_view::npos) {
    return invalid("the IPv6 address has no closing bracket");
  }
  const auto host_end = authority.starts_with('[') ? bracket + 1 : authority.find(':');
  auto host = parse_host(authority.substr(0, host_end));
  if (!host) return std::move(host).error();
  url.host = std::move(*host);

  url.port = default_port(url.scheme);
  auto port = host_end < authority.size() ? authority.substr(host_end) : std::string_view();
  if (!port.empty()) {
    if (port.front() != ':') return invalid("something other than a port follows the host");
    port.remove_prefix(1);
  }
  if (!port.empty()) {
    const auto number = parse_number<std::uint16_t>(port);
    if (!number || *number == 0) return invalid("the port is not a number from 1 to 65535");
    url.port = *number;
  }

  const auto target = split_target(rest.substr(authority.size()));
  url.path = target.path.empty() ? "/" : std::string(target.path);
  url.query = target.query;
  return url;
}

std::string without_query(const Url& url) {
  const bool ipv6 = url.host.find(':') != std::string::npos;
  auto text = url.scheme + "://" + (ipv6 ? "[" + url.host + "]" : url.host);
  if (url.port != default_port(url.scheme)) text += ":" + std::to_string(url.port);
  return text + url.path;
}

std::string with_query(std::string_view url, const std::vector<NameValue>& fields) {
  std::string result(url);
  if (fields.empty()) return result;
  const auto mark = url.find('?');
  if (mark == std::string_view::npos) {
    result.push_back('?');
  } else if (mark + 1 != url.size() && !url.ends_with('&')) {
    result.push_back('&');
  }
  return result + form_encode(fields);
}

}  // namespace azf
