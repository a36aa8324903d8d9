#include "azure/xml_reader.h"

#include "azure/xml_text.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace azf::azure {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_in_name(char c) { return begins_name(c) || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == ':'; }

void append_utf8(std::string& text, std::uint32_t code) {
  const auto put = [&text](std::uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  const auto put_rest = [&](int shift) { put(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0 | (code >> 6));
  } else if (code < 0x10000) {
    put(0xe0 | (code >> 12));
    put_rest(6);
  } else {
    put(0xf0 | (code >> 18));
    put_rest(12);
    put_rest(6);
  }
  put_rest(0);
}

// `#10`, `#xD`: what stands between `&` and `;`.
std::optional<std::string> character_of(std::string_view reference) {
  reference.remove_prefix(1);
  const bool hexadecimal = reference.starts_with('x');
  if (hexadecimal) reference.remove_prefix(1);
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(reference.data(), reference.data() + reference.size(), code, hexadecimal ? 16 : 10);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (error != std::errc() || end != reference.data() + reference.size() || code > 0x10ffff || surrogate) {
    return std::nullopt;
  }
  std::string character;
  append_utf8(character, code);
  if (!is_xml_text(character)) return std::nullopt;
  return character;
}

std::optional<std::string> replacement_of(std::string_view reference) {
  if (reference == "amp") return "&";
  if (reference == "lt") return "<";
  if (reference == "gt") return ">";
  if (reference == "quot") return "\"";
  if (reference == "apos") return "'";
  return reference.starts_with('#') ? character_of(reference) : std::nullopt;
}

// Reads a document from left to right. The first problem ends it: every step says whether there was none.
class Reader {
 public:
  explicit Reader(std::string_view document) : document_(document), rest_(document) {}

  Result<XmlElement> read() {
    XmlElement root;
    const bool good = read_declaration() && skip_misc() && read_element(root, 1) && skip_misc() &&
                      (rest_.empty() || fail("something behind the root element"));
    if (good) return root;
    return Error{ErrorKind::kInvalidArgument,
                 std::string(problem_) + " at byte " + std::to_string(document_.size() - rest_.size())};
  }

 private:
  bool fail(std::string_view problem) {
    problem_ = problem;
    return false;
  }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  bool skip_blanks() {
    const auto begin = rest_;
    rest_.remove_prefix(static_cast<std::size_t>(std::ranges::find_if_not(rest_, is_blank) - rest_.begin()));
    return begin.size() != rest_.size();
  }
  bool skip_behind(std::string_view token) {
    const auto end = rest_.find(token);
    if (end == std::string_view::npos) return fail("an end that is missing");
    rest_.remove_prefix(end + token.size());
    return true;
  }

  bool read_declaration() {
    if (!is_xml_text(document_)) return fail("a character that no document may have");
    take(kByteOrderMark);
    return true;
  }

  // Comments, processing instructions and blanks. The declaration has the form of such an instruction.
  bool skip_misc() {
    while (true) {
      skip_blanks();
      if (take("<?")) {
        if (!skip_behind("?>")) return false;
      } else if (rest_.starts_with("<!--")) {
        if (!skip_comment()) return false;
      } else {
        return true;
      }
    }
  }
  bool skip_comment() {
    rest_.remove_prefix(4);
    return skip_behind("--") && (take(">") || fail("two hyphens inside a comment"));
  }

  bool read_name(std::string& name) {
    const auto end = std::ranges::find_if_not(rest_, is_in_name);
    name.assign(rest_.begin(), end);
    if (name.empty() || !begins_name(name.front())) return fail("no name");
    rest_.remove_prefix(name.size());
    return true;
  }

  bool read_element(XmlElement& element, std::size_t depth) {
    if (!take("<")) return fail("no element");
    if (depth > kMaxXmlDepth) return fail("elements nested too deeply");
    if (++elements_ > kMaxXmlElements) return fail("too many elements");
    if (!read_name(element.name) || !read_attributes(element)) return false;
    if (take("/>")) return true;
    if (!take(">")) return fail("a tag without an end");
    return read_content(element, depth);
  }

  bool read_attributes(XmlElement& element) {
    while (skip_blanks() && !rest_.starts_with('/') && !rest_.starts_with('>')) {
      auto& [name, value] = element.attributes.emplace_back();
      if (!read_name(name)) return false;
      skip_blanks();
      if (!take("=")) return fail("an attribute without a value");
      skip_blanks();
      if (!rest_.starts_with('"') && !rest_.starts_with('\'')) return fail("a value without quotes");
      const auto end = rest_.find(rest_.front(), 1);
      if (end == std::string_view::npos) return fail("a value without an end");
      if (rest_.substr(0, end).find('<') != std::string_view::npos) return fail("a tag inside a value");
      const auto quoted = rest_.substr(1, end - 1);
      if (!append_text(value, quoted)) return false;
      rest_.remove_prefix(end + 1);
      const auto same_name = [&element](const auto& other) { return other.first == element.attributes.back().first; };
      if (std::ranges::count_if(element.attributes, same_name) > 1) return fail("two attributes of one name");
    }
    return true;
  }

  // Up to the end tag, and with it.
  bool read_content(XmlElement& element, std::size_t depth) {
    while (true) {
      const auto text = rest_.substr(0, rest_.find('<'));
      if (text.find("]]>") != std::string_view::npos) return fail("the end of a section that has not begun");
      if (!append_text(element.text, text)) return false;
      rest_.remove_prefix(text.size());
      if (rest_.empty()) return fail("an element without an end");
      if (take("</")) return read_end(element.name);
      if (take("<![CDATA[")) {
        const auto section = rest_.substr(0, rest_.find("]]>"));
        append_lines(element.text, section);
        if (!skip_behind("]]>")) return false;
      } else if (rest_.starts_with("<!--") || rest_.starts_with("<?")) {
        if (!(rest_.starts_with("<?") ? skip_behind("?>") : skip_comment())) return false;
      } else if (!read_element(element.children.emplace_back(), depth + 1)) {
        return false;
      }
    }
  }
  bool read_end(std::string_view name) {
    std::string ended;
    if (!read_name(ended)) return false;
    skip_blanks();
    return (ended == name && take(">")) || fail("an end of another element");
  }

  bool append_text(std::string& to, std::string_view text) {
    while (true) {
      const auto plain = text.substr(0, text.find('&'));
      append_lines(to, plain);
      text.remove_prefix(plain.size());
      if (text.empty()) return true;
      const auto end = text.find(';');
      const auto character = end == std::string_view::npos ? std::nullopt : replacement_of(text.substr(1, end - 1));
      if (!character) return fail("an entity that is none of XML's own");
      to.append(*character);
      text.remove_prefix(end + 1);
    }
  }

  // XML 1.0, section 2.11: every line end is read as a line feed.
  static void append_lines(std::string& to, std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\r') {
        to.push_back(text[i]);
      } else if (i + 1 == text.size() || text[i + 1] != '\n') {
        to.push_back('\n');
      }
    }
  }

  const std::string_view document_;
  std::string_view rest_;
  std::string_view problem_{};
  std::size_t elements_ = 0;
};

}  // namespace

const XmlElement* XmlElement::child(std::string_view child_name) const {
  const auto found = std::ranges::find(children, child_name, &XmlElement::name);
  return found == children.end() ? nullptr : &*found;
}

std::string_view XmlElement::child_text(std::string_view child_name) const {
  const XmlElement* found = child(child_name);
  return found == nullptr ? std::string_view() : std::string_view(found->text);
}

std::string_view XmlElement::attribute(std::string_view attribute_name) const {
  for (const auto& [known, value] : attributes) {
    if (known == attribute_name) return value;
  }
  return {};
}

Result<XmlElement> parse_xml(std::string_view document) { return Reader(document).read(); }

}  // namespace azf::azure
