#include "azure/next_link.h"

#include <string>

namespace azf::azure {

Result<Url> parse_next_link(std::string_view link, std::string_view endpoint) {
  auto next = parse_url(link);
  if (!next) return Error{ErrorKind::kUnexpectedResponse, "the link to the next page is not a URL"};
  const auto own = parse_url(endpoint);
  if (!own) return own.error();
  if (next->scheme != own->scheme || next->host != own->host || next->port != own->port) {
    return Error{ErrorKind::kUnexpectedResponse,
                 "the link to the next page is refused, as it leads to another host than " + own->host};
  }
  return next;
}

}  // namespace azf::azure
