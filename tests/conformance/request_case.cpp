#include "conformance/request_case.h"

#include <cstdio>
#include <utility>

namespace azf::test {

Ours Ours::saying(std::vector<std::string> lines) const {
  Ours ours = *this;
  ours.said.insert(ours.said.end(), lines.begin(), lines.end());
  return ours;
}

Ours Ours::after(std::size_t replies_before) const {
  Ours ours = *this;
  ours.replies = replies_before + 1;
  return ours;
}

Ours Ours::with_interim(Interim when) const {
  Ours ours = *this;
  ours.interim = when;
  return ours;
}

Ours accept(std::vector<std::string> seen) { return {.seen = std::move(seen)}; }

Ours accept_last(std::vector<std::string> seen) {
  return {.kept = false, .said = {"Connection: close"}, .seen = std::move(seen)};
}

Ours refuse(int status) { return refuse(std::vector{status}); }

Ours refuse(std::vector<int> statuses) {
  return {.statuses = std::move(statuses),
          .kept = false,
          .said = {"Connection: close", "Content-Type: application/problem+json"}};
}

Ours answer(int status) { return {.statuses = {status}}; }

Ours give_up() { return {.statuses = {400, 408, kNoReply}, .kept = false}; }

Peers Peers::and_end() const {
  Peers peers = *this;
  peers.last = true;
  return peers;
}

Peers Peers::and_keep() const {
  Peers peers = *this;
  peers.kept = true;
  return peers;
}

Peers Peers::saying(std::vector<std::string> lines) const {
  Peers peers = *this;
  peers.said = std::move(lines);
  return peers;
}

Peers Peers::with_interim(Interim when) const {
  Peers peers = *this;
  peers.interim = when;
  return peers;
}

Peers must_accept() { return {.duty = Duty::kMustAccept}; }
Peers should_accept() { return {.duty = Duty::kShouldAccept}; }
Peers may_accept() { return {.duty = Duty::kMay}; }
Peers may_accept_or(std::vector<int> statuses) { return {.duty = Duty::kMay, .statuses = std::move(statuses)}; }
Peers should_refuse() { return {.duty = Duty::kShouldRefuse}; }
Peers must_refuse() { return {.duty = Duty::kMustRefuse}; }
Peers must_refuse(std::vector<int> statuses) { return {.duty = Duty::kMustRefuse, .statuses = std::move(statuses)}; }
Peers not_asked() { return {.duty = Duty::kNotAsked}; }

std::string get(std::string_view fields) {
  return std::string("GET /x HTTP/1.1\r\nHost: h\r\n").append(fields).append("\r\n");
}

std::string post(std::string_view fields, std::string_view body) {
  return std::string("POST /x HTTP/1.1\r\nHost: h\r\n").append(fields).append("\r\n").append(body);
}

std::string chunked(std::string_view body) { return post("Transfer-Encoding: chunked\r\n", body); }

std::string repeated(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all.append(text);
  return all;
}

std::string full_rule(const RequestCase& request_case) {
  const auto space = request_case.rule.find(' ');
  return "RFC " + request_case.rule.substr(0, space) + " section" + request_case.rule.substr(space);
}

bool matches(std::string_view pattern, std::string_view line) {
  const auto fits = [](char form, char c) { return form == '#' ? c >= '0' && c <= '9' : form == c; };
  // Whenever it goes wrong, the latest star takes one character more.
  constexpr auto kNone = std::string_view::npos;
  std::size_t star = kNone;
  std::size_t taken = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < line.size();) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = i;
    } else if (at < pattern.size() && fits(pattern[at], line[i])) {
      ++at;
      ++i;
    } else if (star != kNone) {
      at = star + 1;
      i = ++taken;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == kNone;
}

std::string escaped(std::string_view bytes) {
  constexpr std::size_t kShown = 400;
  std::string text;
  for (const char c : bytes.substr(0, kShown)) {
    switch (c) {
      case '\r': text += "\\r"; break;
      case '\n': text += "\\n"; break;
      case '\t': text += "\\t"; break;
      case '\\': text += "\\\\"; break;
      default:
        if (c >= ' ' && c < '\x7f') {
          text += c;
        } else {
          char code[5];
          std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
          text += code;
        }
    }
  }
  if (bytes.size() > kShown) text.append("... (").append(std::to_string(bytes.size())).append(" bytes)");
  return text;
}

}  // namespace azf::test
