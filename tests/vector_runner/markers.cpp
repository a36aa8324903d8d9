#include "vector_runner/markers.h"

#include <array>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

namespace azf::test {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

std::string formatted(SystemTime time, const char* format) {
  const std::time_t epoch = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  gmtime_r(&epoch, &parts);
  std::array<char, 64> text{};
  return {text.data(), std::strftime(text.data(), text.size(), format, &parts)};
}

// As az writes it.
constexpr const char* kNaive = "%Y-%m-%d %H:%M:%S.000000";

std::optional<Json> time_marker(const std::string& name, SystemTime time) {
  const auto epoch = std::chrono::floor<seconds>(time.time_since_epoch()).count();
  if (name == "$epoch") return Json(epoch);
  if (name == "$epoch_str") return Json(std::to_string(epoch));
  if (name == "$epoch_ms_str") return Json(std::to_string(epoch * 1000));
  if (name == "$iso") return Json(formatted(time, "%Y-%m-%dT%H:%M:%SZ"));
  if (name == "$iso_plus2") return Json(formatted(time + hours(2), "%Y-%m-%dT%H:%M:%S+02:00"));
  if (name == "$us_date") return Json(formatted(time, "%m/%d/%Y %H:%M:%S +00:00"));
  if (name == "$rfc1123") return Json(formatted(time, "%a, %d %b %Y %H:%M:%S GMT"));
  if (name == "$local_naive") return Json(formatted(time, kNaive));
  if (name == "$naive_plus9") return Json(formatted(time + hours(9), kNaive));
  return std::nullopt;
}

std::optional<std::string> content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Json marker(const std::string& name, const Json& argument, const MarkerValues& values,
            std::vector<std::string>& problems) {
  if (name == "$fixture" && argument.is_string()) {
    for (const std::string& directory : values.fixture_directories) {
      if (auto content = content_of(directory + "/" + argument.get<std::string>())) return Json(*std::move(content));
    }
    problems.push_back("no fixture " + argument.get<std::string>());
    return "";
  }
  const bool repeat = name == "$repeat" && argument.is_array() && argument.size() == 2 &&
                      argument.front().is_string() && argument.back().is_number_unsigned();
  if (repeat) {
    std::string text;
    for (auto left = argument.back().get<std::size_t>(); left > 0; --left) text += argument.front().get<std::string>();
    return text;
  }
  if (argument.is_number_integer()) {
    if (auto value = time_marker(name, values.start + seconds(argument.get<std::int64_t>()))) return *std::move(value);
  }
  problems.push_back("unknown marker " + name + ": " + to_text(argument));
  return nullptr;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

Json filled_in(const Json& value, const MarkerValues& values, std::vector<std::string>& problems) {
  if (value.is_string()) return filled_in(value.get<std::string>(), values);
  if (value.is_object() && value.size() == 1 && value.begin().key().starts_with('$')) {
    return marker(value.begin().key(), value.begin().value(), values, problems);
  }
  Json result = value;
  if (result.is_structured()) {
    for (Json& each : result) each = filled_in(each, values, problems);
  }
  return result;
}

std::string filled_in(std::string text, const MarkerValues& values) {
  replace_all(text, "{{dir}}", values.directory);
  replace_all(text, "{{port}}", values.port);
  if (!values.arc_key_directory.empty()) replace_all(text, "/var/opt/azcmagent/tokens", values.arc_key_directory);
  return text;
}

}  // namespace azf::test
