#include "server/line_reader.h"

namespace azf {

std::optional<std::string_view> LineReader::take(std::string_view& input, std::size_t limit_bytes) {
  if (taken_) reset();
  const auto end = input.find('\n');
  const bool complete = end != std::string_view::npos;
  std::string_view line = complete ? input.substr(0, end + 1) : input;
  input.remove_prefix(line.size());
  // Two more for the line's end: whether these bytes are one shows when the line is complete.
  if (kept_.size() + line.size() > limit_bytes + 2) {
    over_limit_ = true;
    return std::nullopt;
  }
  if (!complete || !kept_.empty()) {
    kept_.append(line);
    line = kept_;
    taken_ = complete;
  }
  if (!complete) return std::nullopt;
  if (line.size() >= 2 && line[line.size() - 2] == '\r') line.remove_suffix(2);
  over_limit_ = line.size() > limit_bytes;
  if (over_limit_) return std::nullopt;
  return line;
}

void LineReader::reset() {
  kept_.clear();
  taken_ = false;
  over_limit_ = false;
}

}  // namespace azf
