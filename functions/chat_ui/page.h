#pragma once

#include <string_view>

namespace azf::functions {

/// The page of `chat-ui`, made of page.html, style.css and script.js when the program is built. Value.
struct ChatPage {
  /// Complete: it refers to no other file.
  std::string_view html;
  /// SHA-256, 32 bytes, of what stands in its one style element, and in its one script element.
  std::string_view style_digest;
  std::string_view script_digest;
};

extern const ChatPage kChatPage;

}  // namespace azf::functions
