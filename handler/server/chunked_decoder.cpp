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

void skip_blanks(std::string_view& text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
}

// Takes a token from the front; false if there is none.
bool skip_token(std::string_view& text) {
  const auto end = std::min(text.find_first_of("; \t="), text.size());
  const bool is_token = is_field_name(text.substr(0, end));
  text.remove_prefix(end);
  return is_token;
}

// `;name=value` or `;name="value"`, any number of them, with blanks where RFC 9112 section 7.1.1 makes recipients bear
// them. A blank that no extension follows is refused: it has been read as part of the size.
bool are_extensions(std::string_view text) {
  while (!text.empty()) {
    skip_blanks(text);
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    skip_blanks(text);
    if (!skip_token(text)) return false;
    const auto behind_name = text;
    skip_blanks(text);
    if (!text.starts_with('=')) {
      text = behind_name;
      continue;
    }
    text.remove_prefix(1);
    skip_blanks(text);
    const std::size_t quoted = quoted_string_length(text);
    text.remove_prefix(quoted);
    if (quoted == 0 && !skip_token(text)) return false;
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
