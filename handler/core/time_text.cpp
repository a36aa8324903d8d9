#include "core/time_text.h"

#include <array>
#include <chrono>
#include <cstdint>

namespace azf {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The abbreviations of RFC 9110.
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

// Reads a date text from left to right; every step fails softly.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool done() const { return rest_.empty(); }

  bool literal(char expected) {
    if (rest_.empty() || rest_.front() != expected) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool word(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  // Between `least` and `most` decimal digits.
  bool number(std::size_t least, std::size_t most, int& value) {
    std::size_t digits = 0;
    value = 0;
    while (digits < most && digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9') {
      value = value * 10 + (rest_[digits] - '0');
      ++digits;
    }
    if (digits < least) return false;
    rest_.remove_prefix(digits);
    return true;
  }

  void skip_digits() {
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') rest_.remove_prefix(1);
  }

  bool month(int& value) {
    for (std::size_t i = 0; i < kMonths.size(); ++i) {
      if (word(kMonths[i])) {
        value = static_cast<int>(i) + 1;
        return true;
      }
    }
    return false;
  }

 private:
  std::string_view rest_;
};

struct Fields {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  minutes offset{0};
};

std::optional<SystemTime> to_time(const Fields& f) {
  const std::chrono::year_month_day date{std::chrono::year(f.year), std::chrono::month(static_cast<unsigned>(f.month)),
                                         std::chrono::day(static_cast<unsigned>(f.day))};
  // The system clock counts nanoseconds in 64 bits: other years would overflow it.
  if (!date.ok() || f.year < 1678 || f.year > 2261) return std::nullopt;
  if (f.hour > 23 || f.minute > 59 || f.second > 60) return std::nullopt;
  return SystemTime(std::chrono::sys_days(date)) + hours(f.hour) + minutes(f.minute) + seconds(f.second) - f.offset;
}

bool clock_time(Scanner& in, Fields& f) {
  return in.number(1, 2, f.hour) && in.literal(':') && in.number(2, 2, f.minute) && in.literal(':') &&
         in.number(2, 2, f.second);
}

// `Z`, `+hh:mm`, `-hh:mm`, `+hhmm`, or nothing for UTC.
bool zone(Scanner& in, Fields& f) {
  if (in.done() || in.literal('Z') || in.literal('z')) return true;
  const bool east = in.literal('+');
  if (!east && !in.literal('-')) return false;
  int hour = 0;
  int minute = 0;
  if (!in.number(2, 2, hour)) return false;
  (void)in.literal(':');
  if (!in.number(2, 2, minute) || hour > 23 || minute > 59) return false;
  f.offset = (east ? 1 : -1) * (hours(hour) + minutes(minute));
  return true;
}

// With leading zeros, the last `digits` digits. This is in each line of the log, where snprintf would cost more than
// the rest of the line.
void append_digits(std::string& text, std::int64_t number, std::size_t digits) {
  text.append(digits, '0');
  for (std::size_t i = 1; i <= digits; ++i, number /= 10) text[text.size() - i] = static_cast<char>('0' + number % 10);
}

}  // namespace

std::string to_rfc3339(SystemTime time) {
  auto text = to_rfc3339_milliseconds(time);
  text.erase(text.size() - 5, 4);
  return text;
}

std::string to_rfc3339_milliseconds(SystemTime time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::milliseconds>(time - day));
  std::string text;
  text.reserve(sizeof "2026-01-02T03:04:05.678Z");
  append_digits(text, static_cast<int>(date.year()), 4);
  append_digits(text.append("-"), static_cast<unsigned>(date.month()), 2);
  append_digits(text.append("-"), static_cast<unsigned>(date.day()), 2);
  append_digits(text.append("T"), clock.hours().count(), 2);
  append_digits(text.append(":"), clock.minutes().count(), 2);
  append_digits(text.append(":"), clock.seconds().count(), 2);
  append_digits(text.append("."), clock.subseconds().count(), 3);
  return text.append("Z");
}

std::string to_http_date(SystemTime time) {
  const auto day = std::chrono::floor<days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<seconds>(time - day));
  std::string text(kWeekdays[std::chrono::weekday(day).c_encoding()]);
  append_digits(text.append(", "), static_cast<unsigned>(date.day()), 2);
  text.append(" ").append(kMonths[static_cast<unsigned>(date.month()) - 1]);
  append_digits(text.append(" "), static_cast<int>(date.year()), 4);
  append_digits(text.append(" "), clock.hours().count(), 2);
  append_digits(text.append(":"), clock.minutes().count(), 2);
  append_digits(text.append(":"), clock.seconds().count(), 2);
  return text.append(" GMT");
}

std::optional<SystemTime> parse_rfc3339(std::string_view text) {
  Scanner in(text);
  Fields f;
  if (!in.number(4, 4, f.year) || !in.literal('-') || !in.number(2, 2, f.month) || !in.literal('-') ||
      !in.number(2, 2, f.day)) {
    return std::nullopt;
  }
  if (!in.literal('T') && !in.literal('t') && !in.literal(' ')) return std::nullopt;
  if (!clock_time(in, f)) return std::nullopt;
  if (in.literal('.')) in.skip_digits();
  (void)in.literal(' ');
  if (!zone(in, f) || !in.done()) return std::nullopt;
  return to_time(f);
}

std::optional<SystemTime> parse_http_date(std::string_view text) {
  const auto comma = text.find(", ");
  if (comma != 3) return std::nullopt;
  Scanner in(text.substr(comma + 2));
  Fields f;
  if (!in.number(2, 2, f.day) || !in.literal(' ') || !in.month(f.month) || !in.literal(' ') ||
      !in.number(4, 4, f.year) || !in.literal(' ') || !clock_time(in, f) || !in.word(" GMT") || !in.done()) {
    return std::nullopt;
  }
  return to_time(f);
}

std::optional<SystemTime> parse_us_date(std::string_view text) {
  Scanner in(text);
  Fields f;
  if (!in.number(1, 2, f.month) || !in.literal('/') || !in.number(1, 2, f.day) || !in.literal('/') ||
      !in.number(4, 4, f.year) || !in.literal(' ') || !clock_time(in, f)) {
    return std::nullopt;
  }
  if (in.word(" AM") || in.word(" PM")) {
    const bool afternoon = text.find(" PM") != std::string_view::npos;
    if (f.hour < 1 || f.hour > 12) return std::nullopt;
    f.hour = f.hour % 12 + (afternoon ? 12 : 0);
  }
  (void)in.literal(' ');
  if (!zone(in, f) || !in.done()) return std::nullopt;
  return to_time(f);
}

}  // namespace azf
