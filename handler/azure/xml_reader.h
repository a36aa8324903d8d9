#pragma once

#include "core/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::azure {

/// Deeper and larger documents are refused. The longest list of blobs has 5000 entries with some 30 elements each.
inline constexpr std::size_t kMaxXmlDepth = 32;
inline constexpr std::size_t kMaxXmlElements = 250'000;

/// An element of a document. Value.
struct XmlElement {
  std::string name{};
  std::vector<std::pair<std::string, std::string>> attributes{};
  /// Its own text, that of its children left out.
  std::string text{};
  std::vector<XmlElement> children{};

  /// The first child of that name, or null.
  [[nodiscard]] const XmlElement* child(std::string_view child_name) const;
  /// The text of the first child of that name; empty without one.
  [[nodiscard]] std::string_view child_text(std::string_view child_name) const;
  /// The value of an attribute; empty without it.
  [[nodiscard]] std::string_view attribute(std::string_view attribute_name) const;
};

/// Reads one document, UTF-8 with or without a byte order mark, and gives its root: of XML 1.0 the part that services
/// send. A document type, and with it every entity but the five of XML itself, is refused, names are of ASCII, and
/// comments and processing instructions are skipped. Fails with `kInvalidArgument`; the message gives the byte offset,
/// never the text.
Result<XmlElement> parse_xml(std::string_view document);

}  // namespace azf::azure
