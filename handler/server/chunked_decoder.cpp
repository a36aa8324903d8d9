#include "server/chunked_decoder.h"

#include "http/message.h"
#include "server/field_line.h"

#include <algorithm>
#include <charconv>

namespace azf {
namespace {

// With its extensions. A chunk's size has at most 15 digits, so that it cannot overflow, whatever is added to it.
constexpr std::size_t kSizeLineLimit = 256;
constexpr std::size_t kSizeDigits = 15;

// `;name=value` or `;name="value"`, any number of them (RFC 9112 section 7.1.1). Blanks around them, which the RFC
// calls bad, are refused: they have been read as part of the size.
bool are_extensions(std::string_view text) {
  while (!text.empty()) {
    if (text.front() != ';') return false;
    text.remove_prefix(1);
    const auto name_end = std::min(text.find_first_of(";="), text.size());
    if (!is_field_name(text.substr(0, name_end))) return false;
    text.remove_prefix(name_end);
    if (!text.starts_with('=')) continue;
    text.remove_prefix(1);
    if (text.starts_with('"')) {
      const std::size_t end = quoted_string_length(text);
      if (end == 0) return false;
      text.remove_prefix(end);
    } else {
      const auto value_end = std::min(text.find(';'), text.size());
      if (!is_field_name(text.substr(0, value_end))) return false;
      text.remove_prefix(value_end);
    }
  }
  return true;
}

}  // namespace

void ChunkedDecoder::reset() { *this = {}; }

bool ChunkedDecoder::take_size(std::string_view line) {
  const char* const begin = line.data();
  const auto [end, error] = std::from_chars(begin, begin + line.size(), chunk_left_, 16);
  const auto digits = static_cast<std::size_t>(end - begin);
  // `from_chars` takes a minus sign for no unsigned number, and never a plus sign or a prefix.
  return error == std::errc() && digits <= kSizeDigits && are_extensions(line.substr(digits));
}

ChunkedDecoder::Progress ChunkedDecoder::take_trailer(std::string_view line, const ChunkedLimits& limits) {
  trailer_bytes_ += line.size();
  if (trailer_bytes_ > limits.trailer_bytes || ++trailer_count_ > limits.trailer_count) {
    return Progress::kTrailersTooLarge;
  }
  return parse_field_line(line) ? Progress::kNeedsMore : Progress::kMalformed;
}

ChunkedDecoder::Progress ChunkedDecoder::decode(std::string_view& input, std::string& body,
                                                const ChunkedLimits& limits) {
  while (!input.empty()) {
    if (part_ == Part::kData) {
      const auto taken = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_left_, input.size()));
      body.append(input.substr(0, taken));
      input.remove_prefix(taken);
      chunk_left_ -= taken;
      if (chunk_left_ == 0) part_ = Part::kDataEnd;
      continue;
    }
    const std::size_t line_limit = part_ == Part::kSize      ? kSizeLineLimit
                                   : part_ == Part::kDataEnd ? 0
                                                             : limits.trailer_bytes;
    const auto line = line_.take(input, line_limit);
    if (!line) {
      if (!line_.over_limit()) return Progress::kNeedsMore;
      return part_ == Part::kTrailers ? Progress::kTrailersTooLarge : Progress::kMalformed;
    }
    if (part_ == Part::kSize) {
      if (!take_size(*line)) return Progress::kMalformed;
      if (chunk_left_ > limits.body_bytes - body.size()) return Progress::kBodyTooLarge;
      part_ = chunk_left_ == 0 ? Part::kTrailers : Part::kData;
    } else if (part_ == Part::kDataEnd) {
      if (!line->empty()) return Progress::kMalformed;
      part_ = Part::kSize;
    } else if (line->empty()) {
      return Progress::kComplete;
    } else if (const auto progress = take_trailer(*line, limits); progress != Progress::kNeedsMore) {
      return progress;
    }
  }
  return Progress::kNeedsMore;
}

}  // namespace azf
