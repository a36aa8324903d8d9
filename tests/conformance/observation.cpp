#include "conformance/observation.h"

#include "http/message.h"
#include "support/raw_connection.h"

#include <algorithm>
#include <charconv>
#include <thread>
#include <utility>

namespace azf::test {
namespace {

using std::chrono::milliseconds;
using Parsed = std::optional<std::pair<Reply, std::size_t>>;

constexpr std::string_view kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
constexpr std::string_view kNext = "GET /next HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
// Enough for a server that waits for events to read the first piece by itself.
constexpr std::chrono::microseconds kBetweenPieces{200};

// `content-TYPE` as `Content-Type`.
std::string usual_case(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const bool begins = text.empty() || text.back() == '-';
    if (begins && c >= 'a' && c <= 'z') {
      text += static_cast<char>(c - 'a' + 'A');
    } else if (!begins && c >= 'A' && c <= 'Z') {
      text += static_cast<char>(c - 'A' + 'a');
    } else {
      text += c;
    }
  }
  return text;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

std::vector<std::string> head_lines(std::string_view head) {
  std::vector<std::string> lines;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    const auto colon = line.find(':');
    if (lines.empty() || colon == std::string_view::npos) {
      lines.emplace_back(line);
    } else {
      lines.push_back(usual_case(line.substr(0, colon)) + ": " + std::string(trimmed(line.substr(colon + 1))));
    }
  }
  return lines;
}

std::optional<std::string_view> field(const Reply& reply, std::string_view name) {
  for (const std::string_view line : reply.head) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) return line.substr(name.size() + 2);
  }
  return std::nullopt;
}

template <typename Number>
std::optional<Number> number(std::string_view text, int base) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Parsed no_reply(std::string_view bytes) {
  return std::pair{Reply{.status = -1, .body = std::string(bytes)}, bytes.size()};
}

// The rest of a reply whose body is chunked and begins at `at`.
Parsed parse_chunks(Reply reply, std::string_view bytes, std::size_t at) {
  for (;;) {
    const auto line_end = bytes.find("\r\n", at);
    if (line_end == std::string_view::npos) return std::nullopt;
    const auto line = bytes.substr(at, line_end - at);
    const auto size = number<std::size_t>(trimmed(line.substr(0, line.find(';'))), 16);
    if (!size || *size > bytes.max_size() / 2) return no_reply(bytes);
    at = line_end + 2;
    if (*size == 0) break;
    if (bytes.size() < at + *size + 2) return std::nullopt;
    reply.body.append(bytes.substr(at, *size));
    if (bytes.substr(at + *size, 2) != "\r\n") return no_reply(bytes);
    at += *size + 2;
  }
  // The trailer section ends as a head does.
  const auto end = bytes.find("\r\n\r\n", at - 2);
  if (end == std::string_view::npos) return std::nullopt;
  return std::pair{std::move(reply), end + 4};
}

Parsed parse_body(Reply reply, std::string_view bytes, std::size_t at, bool ended) {
  if (const auto coding = field(reply, "Transfer-Encoding")) {
    return equal_ignoring_case(*coding, "chunked") ? parse_chunks(std::move(reply), bytes, at) : no_reply(bytes);
  }
  std::size_t length = bytes.size() - at;
  if (const auto text = field(reply, "Content-Length")) {
    const auto said = number<std::size_t>(*text, 10);
    if (!said) return no_reply(bytes);
    if (*said > length) return std::nullopt;
    length = *said;
  } else if (!ended) {
    return std::nullopt;
  }
  reply.body = bytes.substr(at, length);
  return std::pair{std::move(reply), at + length};
}

// One connection, on which replies are collected.
class Exchange {
 public:
  Exchange(const ObservationOptions& options, bool first_is_head)
      : connection_(options.port), patience_(options.patience), bodiless_(first_is_head) {}

  void send(std::string_view bytes, std::optional<std::size_t> split_at = std::nullopt) {
    if (split_at) {
      connection_.try_send(bytes.substr(0, *split_at));
      std::this_thread::sleep_for(kBetweenPieces);
      bytes.remove_prefix(*split_at);
    }
    connection_.try_send(bytes);
  }

  void send_no_more() { connection_.shutdown_writing(); }

  // Reads until there are so many replies, final ones or all; false if the server does not get as far.
  bool read(std::size_t final_replies) {
    return read_while([&] { return finals_ < final_replies; });
  }
  bool read_any() {
    return read_while([&] { return finals_ + observed_.interim_replies == 0; });
  }
  void read_to_end() {
    read_while([] { return true; });
  }

  [[nodiscard]] std::size_t finals() const { return finals_; }

  Observation finish(bool unprompted) {
    if (!bytes_.empty()) observed_.replies.push_back({.status = -1, .body = std::move(bytes_)});
    observed_.unprompted = unprompted;
    switch (connection_.ending()) {
      case RawConnection::Ending::kNone: observed_.ending = Observation::Ending::kOpen; break;
      case RawConnection::Ending::kClosed: observed_.ending = Observation::Ending::kEnded; break;
      case RawConnection::Ending::kReset: observed_.ending = Observation::Ending::kReset; break;
    }
    return std::move(observed_);
  }

 private:
  template <typename Condition>
  bool read_while(Condition more) {
    while (more()) {
      if (connection_.ending() != RawConnection::Ending::kNone) return false;
      const std::string bytes = connection_.read_some(patience_);
      const bool ended = connection_.ending() != RawConnection::Ending::kNone;
      if (bytes.empty() && !ended) return false;
      bytes_.append(bytes);
      collect(ended);
    }
    return true;
  }

  void collect(bool ended) {
    while (!bytes_.empty()) {
      auto parsed = parse_reply(bytes_, ended, bodiless_ && finals_ == 0);
      if (!parsed) return;
      bytes_.erase(0, parsed->second);
      if (!parsed->first.interim()) {
        ++finals_;
      } else if (finals_ == 0) {
        ++observed_.interim_replies;
      }
      observed_.replies.push_back(std::move(parsed->first));
    }
  }

  RawConnection connection_;
  const milliseconds patience_;
  const bool bodiless_;
  std::string bytes_;
  std::size_t finals_ = 0;
  Observation observed_;
};

}  // namespace

Parsed parse_reply(std::string_view bytes, bool ended, bool bodiless) {
  constexpr std::string_view kBeginning = "HTTP/1.";
  const auto common = std::min(bytes.size(), kBeginning.size());
  if (bytes.substr(0, common) != kBeginning.substr(0, common)) return no_reply(bytes);
  const auto head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  Reply reply{.head = head_lines(bytes.substr(0, head_end))};
  const std::string_view line = reply.head.front();
  // `HTTP/1.1 200`, and perhaps a reason.
  const auto status = line.size() < 12 ? std::nullopt : number<int>(line.substr(9, 3), 10);
  if (!status || line[8] != ' ' || *status < 100 || *status > 599) return no_reply(bytes);
  reply.status = *status;
  if (bodiless || *status < 200 || *status == 204 || *status == 304) return std::pair{std::move(reply), head_end + 4};
  return parse_body(std::move(reply), bytes, head_end + 4, ended);
}

Observation observe(const RequestCase& request_case, const ObservationOptions& options) {
  const Ours& ours = request_case.ours;
  const bool refused = !ours.kept && ours.statuses.front() >= 400;
  const std::string_view behind = refused && !request_case.cut ? kSmuggled : std::string_view();
  Exchange exchange(options, request_case.bytes.starts_with("HEAD "));
  bool unprompted = false;
  if (request_case.then.empty()) {
    exchange.send(request_case.bytes + std::string(behind), options.split_at);
    if (request_case.cut) exchange.send_no_more();
  } else {
    exchange.send(request_case.bytes, options.split_at);
    unprompted = !exchange.read_any();
    if (exchange.finals() == 0) exchange.send(request_case.then + std::string(behind));
  }
  if (ours.kept && exchange.read(ours.replies)) exchange.send(kNext);
  exchange.read_to_end();
  return exchange.finish(unprompted);
}

std::string to_string(const Observation& observation) {
  std::string text;
  for (const Reply& reply : observation.replies) {
    text.append(reply.status < 0 ? "not a reply: \"" + escaped(reply.body) + "\"" : std::to_string(reply.status));
    text.append(", ");
  }
  if (observation.replies.empty()) text = "no reply, ";
  switch (observation.ending) {
    case Observation::Ending::kOpen: return text + "still open";
    case Observation::Ending::kEnded: return text + "ended";
    case Observation::Ending::kReset: return text + "reset";
  }
  return text;
}

}  // namespace azf::test
