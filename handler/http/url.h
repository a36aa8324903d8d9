#pragma once

#include "core/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf {

using NameValue = std::pair<std::string, std::string>;

/// Percent-encodes everything but the unreserved characters of RFC 3986 section 2.3 (a blank becomes `%20`).
std::string percent_encode(std::string_view text);

/// Decodes `%XX`; a `%` that two hexadecimal digits do not follow stays as it is. `+` is left alone.
std::string percent_decode(std::string_view text);

/// `name=value&...`, both sides percent-encoded: a query, or an `application/x-www-form-urlencoded` body.
std::string form_encode(const std::vector<NameValue>& fields);
/// The reverse, in order, repeats kept; `+` is a blank, a name without `=` has an empty value, empty parts are dropped.
std::vector<NameValue> form_decode(std::string_view text);

/// An origin-form target, split at the first `?`: the path as it stands on the wire, the query without the `?`.
struct Target {
  std::string_view path;
  std::string_view query;
};
/// Views into `target`.
Target split_target(std::string_view target);

/// The first value of a query parameter of a received target, decoded.
std::optional<std::string> query_parameter(std::string_view target, std::string_view name);

/// The parts of an absolute URL that decisions depend on. `host` is lower case and without brackets; `port` is the
/// scheme's default where the URL has none; `path` begins with `/`; `query` has no `?`.
struct Url {
  std::string scheme;
  std::string host;
  unsigned port = 0;
  std::string path;
  std::string query;

  friend bool operator==(const Url&, const Url&) = default;
};

/// An absolute `http` or `https` URL without user information and fragment; anything else is `kInvalidArgument`,
/// with a message that says what is wrong and does not repeat the text.
Result<Url> parse_url(std::string_view text);

/// `scheme://host[:port]/path`, the port only if it is not the scheme's own. For messages: a query may hold secrets.
std::string without_query(const Url& url);

/// Adds query fields to a URL that may already have a query.
std::string with_query(std::string_view url, const std::vector<NameValue>& fields);

}  // namespace azf
