#include "emulator/host/ncrontab.h"

#include "emulator/wire/coding.h"

#include <charconv>
#include <string>
#include <vector>

namespace azf::emulator {
namespace {

using std::chrono::days;
using std::chrono::seconds;

struct FieldRule {
  std::string_view name;
  int first;
  int last;
  // Names for first, first + 1, ...
  std::string_view names;
};

constexpr std::array<FieldRule, 6> kFields = {{
    {"second", 0, 59, ""},
    {"minute", 0, 59, ""},
    {"hour", 0, 23, ""},
    {"day", 1, 31, ""},
    {"month", 1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"},
    {"day of week", 0, 6, "sun mon tue wed thu fri sat"},
}};

// Long enough to meet a 29th of February that falls on a given day of the week.
constexpr days kSearchLimit{366 * 40};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || text.front() == '-' || status != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

// A number, or a name by its first three letters.
std::optional<int> parse_value(std::string_view text, const FieldRule& rule) {
  auto number = parse_number(text);
  if (!number && text.size() >= 3 && !rule.names.empty()) {
    const auto at = rule.names.find(to_lower(text.substr(0, 3)));
    if (at != std::string_view::npos && at % 4 == 0) number = rule.first + static_cast<int>(at / 4);
  }
  // Sunday may be written as 7.
  if (number == 7 && rule.last == 6) number = 0;
  if (!number || *number < rule.first || *number > rule.last) return std::nullopt;
  return number;
}

// `*`, `5`, `1-5`, each with `/2` behind, and lists of these.
bool parse_field(std::string_view text, const FieldRule& rule, std::bitset<60>& allowed) {
  for (const auto item : split(text, ',')) {
    const auto slash = item.find('/');
    const auto range = item.substr(0, slash);
    const auto step = slash == std::string_view::npos ? std::optional(1) : parse_number(item.substr(slash + 1));
    if (!step || *step < 1) return false;
    int first = rule.first;
    int last = rule.last;
    if (range != "*") {
      const auto dash = range.find('-');
      const auto from = parse_value(range.substr(0, dash), rule);
      const auto to = dash == std::string_view::npos ? from : parse_value(range.substr(dash + 1), rule);
      if (!from || !to) return false;
      first = *from;
      // `5/10` begins at 5 and goes on to the end of the range.
      last = dash == std::string_view::npos && slash != std::string_view::npos ? rule.last : *to;
      // A range that ends on Sunday as the seventh day.
      if (last < first && rule.last == 6 && last == 0) {
        allowed.set(0);
        last = rule.last;
      }
      if (last < first) return false;
    }
    for (int value = first; value <= last; value += *step) allowed.set(static_cast<std::size_t>(value));
  }
  return true;
}

}  // namespace

std::optional<seconds> parse_time_span(std::string_view text) {
  int day = 0;
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    const auto number = parse_number(text.substr(0, dot));
    if (!number) return std::nullopt;
    day = *number;
    text.remove_prefix(dot + 1);
  }
  const auto parts = split(text, ':');
  if (parts.size() != 3) return std::nullopt;
  const auto hour = parse_number(parts[0]);
  const auto minute = parse_number(parts[1]);
  const auto second = parse_number(parts[2]);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59) return std::nullopt;
  return days(day) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

Result<TimerSchedule> TimerSchedule::parse(std::string_view text) {
  if (const auto span = parse_time_span(text); span && span->count() > 0) return TimerSchedule(*span);
  std::vector<std::string_view> parts;
  for (const auto part : split(text, ' ')) {
    if (!part.empty()) parts.push_back(part);
  }
  if (parts.size() == 5) parts.insert(parts.begin(), "0");
  if (parts.size() != kFields.size()) {
    return Error{ErrorKind::kInvalidArgument,
                 "the schedule \"" + std::string(text) + "\" has neither five nor six fields and is no time span"};
  }
  CronFields fields;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (!parse_field(parts[i], kFields[i], fields[i])) {
      return Error{ErrorKind::kInvalidArgument, "the schedule \"" + std::string(text) +
                                                    "\" has a wrong field for the " + std::string(kFields[i].name)};
    }
  }
  return TimerSchedule(fields);
}

std::optional<SystemTime> TimerSchedule::next_after(SystemTime time) const {
  if (const auto* span = std::get_if<seconds>(&rule_)) return time + *span;
  const auto& [second, minute, hour, day, month, weekday] = std::get<CronFields>(rule_);
  const auto allows = [](const std::bitset<60>& field, auto value) {
    return field.test(static_cast<std::size_t>(value));
  };
  const auto start = std::chrono::floor<seconds>(time) + seconds(1);
  const auto first_day = std::chrono::floor<days>(start);
  for (auto date = first_day; date < first_day + kSearchLimit; date += days(1)) {
    const std::chrono::year_month_day calendar(date);
    if (!allows(month, static_cast<unsigned>(calendar.month())) ||
        !allows(day, static_cast<unsigned>(calendar.day())) ||
        !allows(weekday, std::chrono::weekday(date).c_encoding())) {
      continue;
    }
    const auto earliest = date == first_day ? (start - date).count() : 0;
    for (auto h = earliest / 3600; h < 24; ++h) {
      if (!allows(hour, h)) continue;
      for (auto m = h == earliest / 3600 ? earliest / 60 % 60 : 0; m < 60; ++m) {
        if (!allows(minute, m)) continue;
        const bool same_minute = h * 60 + m == earliest / 60;
        for (auto s = same_minute ? earliest % 60 : 0; s < 60; ++s) {
          if (allows(second, s)) return date + std::chrono::hours(h) + std::chrono::minutes(m) + seconds(s);
        }
      }
    }
  }
  return std::nullopt;
}

}  // namespace azf::emulator
