#pragma once

#include <string>
#include <string_view>

namespace azf::azure {

/// Whether a text can stand in an XML document at all: UTF-8, and no control character but tab, line feed and carriage
/// return, no U+FFFE and no U+FFFF (XML 1.0, section 2.2). Such characters cannot be escaped either.
bool is_xml_text(std::string_view text);

/// A text as the content of an element. A reader gives it back as it was, carriage returns included.
std::string xml_escaped(std::string_view text);

}  // namespace azf::azure
