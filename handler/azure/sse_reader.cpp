#include "azure/sse_reader.h"

#include <utility>

namespace azf::azure {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

}  // namespace

void SseReader::append(std::string_view bytes) {
  buffer_.erase(0, line_begin_);
  searched_ -= line_begin_;
  line_begin_ = 0;
  buffer_.append(bytes);
}

Result<std::optional<SseEvent>> SseReader::next() {
  while (auto line = next_line()) {
    event_bytes_ += line->size();
    if (event_bytes_ > limit_bytes_) break;
    if (std::exchange(at_begin_, false) && line->starts_with(kByteOrderMark))
      line->remove_prefix(kByteOrderMark.size());
    if (!line->empty()) {
      take_field(*line);
      continue;
    }
    auto event = std::exchange(event_, {});
    event_bytes_ = 0;
    if (std::exchange(has_data_, false)) return std::optional(std::move(event));
  }
  if (event_bytes_ + (buffer_.size() - line_begin_) > limit_bytes_) {
    event_bytes_ = limit_bytes_ + 1;
    return Error{ErrorKind::kUnexpectedResponse,
                 "an event of the stream is longer than " + std::to_string(limit_bytes_) + " bytes"};
  }
  return std::optional<SseEvent>();
}

// Without its end; valid until the next bytes are added.
std::optional<std::string_view> SseReader::next_line() {
  // The second half of a line end that came apart from the first.
  if (after_carriage_return_ && line_begin_ < buffer_.size()) {
    after_carriage_return_ = false;
    if (buffer_[line_begin_] == '\n') searched_ = ++line_begin_;
  }
  const auto end = buffer_.find_first_of("\r\n", searched_);
  if (end == std::string::npos) {
    searched_ = buffer_.size();
    return std::nullopt;
  }
  const std::string_view line(buffer_.data() + line_begin_, end - line_begin_);
  after_carriage_return_ = buffer_[end] == '\r';
  searched_ = line_begin_ = end + 1;
  return line;
}

void SseReader::take_field(std::string_view line) {
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "event") event_.type = value;
  if (name != "data") return;
  if (std::exchange(has_data_, true)) event_.data += '\n';
  event_.data += value;
}

}  // namespace azf::azure
