#include "azure/xml_text.h"

#include "core/utf8.h"

#include <algorithm>

namespace azf::azure {

bool is_xml_text(std::string_view text) {
  const auto is_forbidden = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  };
  return std::ranges::none_of(text, is_forbidden) && text.find("\xef\xbf\xbe") == std::string_view::npos &&
         text.find("\xef\xbf\xbf") == std::string_view::npos && is_utf8(text);
}

std::string xml_escaped(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': escaped.append("&amp;"); break;
      case '<': escaped.append("&lt;"); break;
      case '>': escaped.append("&gt;"); break;
      // A reader takes it for a line feed where it stands as it is (XML 1.0, section 2.11).
      case '\r': escaped.append("&#xD;"); break;
      default: escaped.push_back(c);
    }
  }
  return escaped;
}

}  // namespace azf::azure
