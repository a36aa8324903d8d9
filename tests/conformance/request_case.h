#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace azf::test {

/// Among permitted statuses: no reply at all. The connection ended, or the server waits for more.
inline constexpr int kNoReply = 0;

/// How large a body our server takes while the table is run against it.
inline constexpr std::size_t kBodyLimitBytes = std::size_t{64} << 10;

/// Whether `100 Continue` comes before the final reply.
enum class Interim { kNever, kMay, kMust };

/// How our server reacts to a case: to the letter, as it leaves no choice open. Value.
struct Ours {
  /// What the last reply may have as its status.
  std::vector<int> statuses{200};
  /// How many final replies there are; all but the last are 200.
  std::size_t replies = 1;
  /// Whether the connection then serves another request; else it ends, and nothing behind the case is answered.
  bool kept = true;
  Interim interim = Interim::kNever;
  /// Lines in the head of the last reply, as `matches` reads them.
  std::vector<std::string> said{};
  /// Lines of `echo`: what the handler was given by the last request.
  std::vector<std::string> seen{};

  /// The same, and the last reply has these lines in its head.
  [[nodiscard]] Ours saying(std::vector<std::string> lines) const;
  /// The same, but this many requests before it are answered by 200.
  [[nodiscard]] Ours after(std::size_t replies_before) const;
  [[nodiscard]] Ours with_interim(Interim when) const;
};

/// 200, and the connection is kept. `seen`: lines of `echo`.
Ours accept(std::vector<std::string> seen = {});
/// 200 with `Connection: close`, and the connection ends.
Ours accept_last(std::vector<std::string> seen = {});
/// The status with `Connection: close` and a problem document, and the connection ends.
Ours refuse(int status);
/// The same with any of these.
Ours refuse(std::vector<int> statuses);
/// Another status than 200 from the handler, and the connection is kept.
Ours answer(int status);
/// An incomplete request: the connection ends, with a refusal before it or without, but never with success.
Ours give_up();

/// How far the rule binds any server. A peer that does what a `Should` advises against passes, and is counted.
enum class Duty { kNotAsked, kMustAccept, kShouldAccept, kMay, kShouldRefuse, kMustRefuse };

/// What is correct for any server, whose handler answers 200 to everything. Value.
struct Peers {
  Duty duty = Duty::kMay;
  /// A refusal has one of these statuses; if there are none, any 4xx or 5xx, or no reply.
  std::vector<int> statuses{};
  /// Where the message ends is in doubt, or it was said to be the last one: whatever the reply, the connection ends,
  /// and nothing behind the case is answered.
  bool last = false;
  /// The connection must be kept after acceptance; else it may be.
  bool kept = false;
  Interim interim = Interim::kMay;
  /// Lines in the head of the first reply.
  std::vector<std::string> said{};

  [[nodiscard]] Peers and_end() const;
  [[nodiscard]] Peers and_keep() const;
  [[nodiscard]] Peers saying(std::vector<std::string> lines) const;
  [[nodiscard]] Peers with_interim(Interim when) const;
};

Peers must_accept();
Peers should_accept();
/// The rule leaves it to the server.
Peers may_accept();
/// The rule leaves it to the server, but names the status of a refusal.
Peers may_accept_or(std::vector<int> statuses);
Peers should_refuse();
/// Any 4xx or 5xx, or no reply: the rule says that it is not to be acted on, but not what to answer.
Peers must_refuse();
/// The rule names the status.
Peers must_refuse(std::vector<int> statuses);
/// The row tests a choice of our own, such as a limit or what our handler returns.
Peers not_asked();

/// One request, or several, as bytes, and how a server may react. Value.
struct RequestCase {
  std::string name;
  /// `9112 3.2` is RFC 9112 section 3.2.
  std::string rule;
  std::string bytes;
  Ours ours;
  Peers peers;
  /// Sent when the first reply has come, unless that is a final one.
  std::string then{};
  /// The client then says that it sends no more.
  bool cut = false;
};

/// Cases about one thing. Value.
struct Topic {
  std::string name;
  std::vector<RequestCase> cases;
};

/// `GET /x HTTP/1.1` with `Host: h` and these further field lines, each with its line break.
std::string get(std::string_view fields = {});
/// `POST /x HTTP/1.1` likewise, and what follows the head.
std::string post(std::string_view fields, std::string_view body);
/// `POST /x HTTP/1.1` with `Transfer-Encoding: chunked`, and what follows the head.
std::string chunked(std::string_view body);

std::string repeated(std::string_view text, std::size_t times);

/// `RFC 9112 section 3.2`.
std::string full_rule(const RequestCase& request_case);

/// Whether a line has that form: `*` stands for any text, `#` for a digit.
bool matches(std::string_view pattern, std::string_view line);

/// The bytes as a C string literal would have them, without quotes; of long ones the beginning and the size.
std::string escaped(std::string_view bytes);

}  // namespace azf::test
