#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// Takes lines from bytes that come in pieces. A line that lies whole in one piece, as nearly all do, is not copied.
/// Used by one thread at a time.
class LineReader {
 public:
  /// The next line without its CRLF, and without the bytes of it in `input`; valid until the next call and as long as
  /// the input is. Nothing while its end has not come: then all input is consumed and kept. `limit_bytes` is for the
  /// line without its end; after nothing, `over_limit` says whether it is already longer.
  ///
  /// A line feed without a carriage return before it does not end a line as RFC 9112 section 2.2 would let it: the line
  /// is given with the line feed at its end, which no rule of the callers accepts.
  std::optional<std::string_view> take(std::string_view& input, std::size_t limit_bytes);

  /// Whether the line that has been begun, or was just taken, is longer than the limit.
  [[nodiscard]] bool over_limit() const { return over_limit_; }
  /// Whether no part of a line is kept.
  [[nodiscard]] bool empty() const { return kept_.empty() || taken_; }
  /// Forgets everything.
  void reset();

 private:
  std::string kept_;
  bool taken_ = false;  // `kept_` has been given out, and is to be forgotten
  bool over_limit_ = false;
};

}  // namespace azf
