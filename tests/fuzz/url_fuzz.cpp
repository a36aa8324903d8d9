#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "http/url.h"

#include <algorithm>
#include <string>

namespace azf::test {

void fuzz_url(std::string_view input) {
  const auto url = parse_url(input);
  if (!url) {
    require(url.error().kind == ErrorKind::kInvalidArgument, "what is no URL is an invalid argument");
    require(!contains(url.error().message, kPlantedToken), "the message does not repeat the text");
    require(url.error().message.size() <= 128, "messages are bounded");
    return;
  }
  require(url->scheme == "https" || url->scheme == "http", "the scheme is https or http");
  require(!url->host.empty() && std::ranges::none_of(url->host, [](char c) { return c >= 'A' && c <= 'Z'; }),
          "the host is in lower case");
  require(url->host.find_first_of("/?#@\\[] ") == std::string::npos, "the host is a host");
  require(url->port >= 1 && url->port <= 65535, "the port is a port");
  require(url->path.starts_with('/'), "the path begins with a slash");

  const std::string shown = without_query(*url);
  const std::string whole = url->query.empty() ? shown : shown + "?" + url->query;
  const auto again = parse_url(whole);
  require(again && *again == *url, "a written URL is read back");
  const auto longer = parse_url(with_query(whole, {{"name", std::string(input)}}));
  require(longer && longer->host == url->host && longer->port == url->port && longer->path == url->path,
          "a further query field changes the query only");
  require(longer->query.ends_with("name=" + percent_encode(input)), "a further query field is there");
}

}  // namespace azf::test
