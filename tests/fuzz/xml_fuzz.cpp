#include "azure/xml_reader.h"
#include "azure/xml_text.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"

#include <algorithm>
#include <string>

namespace azf::test {
namespace {

using azure::XmlElement;

std::string written(const XmlElement& element) {
  std::string text = "<" + element.name;
  for (const auto& [name, value] : element.attributes) {
    text.append(" ").append(name).append("='");
    for (const char c : azure::xml_escaped(value)) text += c == '\'' ? std::string("&apos;") : std::string(1, c);
    text.append("'");
  }
  text.append(">").append(azure::xml_escaped(element.text));
  for (const XmlElement& child : element.children) text += written(child);
  return text.append("</").append(element.name).append(">");
}

bool same(const XmlElement& a, const XmlElement& b) {
  if (a.name != b.name || a.attributes != b.attributes || a.text != b.text || a.children.size() != b.children.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.children.size(); ++i) {
    if (!same(a.children[i], b.children[i])) return false;
  }
  return true;
}

// How deep it is; all its texts are such as a document may have.
std::size_t checked_depth(const XmlElement& element) {
  require(!element.name.empty(), "an element has a name");
  require(azure::is_xml_text(element.text), "a text could stand in a document");
  for (const auto& [name, value] : element.attributes) {
    require(!name.empty() && azure::is_xml_text(value), "an attribute has a name, and a value that could stand there");
  }
  std::size_t depth = 0;
  for (const XmlElement& child : element.children) depth = std::max(depth, checked_depth(child));
  return depth + 1;
}

}  // namespace

void fuzz_xml(std::string_view input) {
  if (azure::is_xml_text(input)) {
    const auto root = azure::parse_xml("<a>" + azure::xml_escaped(input) + "</a>");
    require(root && root->text == input, "an escaped text is read back as it was");
  }
  const auto root = azure::parse_xml(input);
  if (!root) {
    require(root.error().kind == ErrorKind::kInvalidArgument, "what is no document is an invalid argument");
    require(!contains(root.error().message, kPlantedToken), "the message does not repeat the text");
    require(root.error().message.size() <= 128, "messages are bounded");
    return;
  }
  require(checked_depth(*root) <= azure::kMaxXmlDepth, "the depth is limited");
  const auto again = azure::parse_xml(written(*root));
  require(again && same(*root, *again), "a written document is read back");
}

}  // namespace azf::test
