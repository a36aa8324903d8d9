#include "http/challenge.h"

#include <algorithm>
#include <cstddef>
#include <iterator>

namespace azf {
namespace {

constexpr std::size_t kLongest = std::size_t{16} * 1024;

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// Reads one field value from its front to its end; every step moves on.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] char next() const { return rest_.empty() ? '\0' : rest_.front(); }
  void skip() { rest_.remove_prefix(std::min<std::size_t>(1, rest_.size())); }
  void skip_blanks() { skip_while(is_blank); }
  void skip_blanks_and_commas() {
    skip_while([](char c) { return is_blank(c) || c == ','; });
  }
  void skip_past_comma() {
    skip_while([](char c) { return c != ','; });
    skip();
  }

  // The longest `token`, perhaps empty.
  std::string_view token() {
    std::size_t size = 0;
    while (size < rest_.size() && is_field_name(rest_.substr(size, 1))) ++size;
    return take(size);
  }

  // A parameter's value. Unquoted, it ends at a blank or comma.
  std::string value() {
    if (next() != '"') {
      const auto end = std::ranges::find_if(rest_, [](char c) { return is_blank(c) || c == ','; });
      return std::string(take(static_cast<std::size_t>(end - rest_.begin())));
    }
    skip();
    std::string text;
    while (!at_end() && next() != '"') {
      if (next() == '\\' && rest_.size() > 1) skip();
      text.push_back(next());
      skip();
    }
    skip();
    return text;
  }

  // `abc==`, if that is all up to the next comma.
  std::optional<std::string> token68() {
    const auto ends = [](char c) { return c == ','; };
    std::string_view text =
        rest_.substr(0, static_cast<std::size_t>(std::ranges::find_if(rest_, ends) - rest_.begin()));
    const std::size_t size = text.size();
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    std::string_view digits = text;
    while (digits.ends_with('=')) digits.remove_suffix(1);
    const auto is_digit = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
             std::string_view("-._~+/").find(c) != std::string_view::npos;
    };
    if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
    take(size);
    return std::string(text);
  }

  // `name =`, if that comes next.
  std::optional<std::string> parameter_name() {
    const std::string_view before = rest_;
    const std::string_view name = token();
    skip_blanks();
    if (!name.empty() && next() == '=') {
      skip();
      skip_blanks();
      return std::string(name);
    }
    rest_ = before;
    return std::nullopt;
  }

 private:
  template <typename Predicate>
  void skip_while(Predicate matches) {
    while (!rest_.empty() && matches(rest_.front())) rest_.remove_prefix(1);
  }
  std::string_view take(std::size_t size) {
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

void read_parameters(Reader& reader, Challenge& challenge) {
  while (auto name = reader.parameter_name()) {
    challenge.parameters.emplace_back(*std::move(name), reader.value());
    reader.skip_blanks_and_commas();
  }
}

}  // namespace

std::optional<std::string_view> Challenge::parameter(std::string_view name) const {
  const auto found =
      std::ranges::find_if(parameters, [&](const auto& each) { return equal_ignoring_case(each.first, name); });
  if (found == parameters.end()) return std::nullopt;
  return found->second;
}

std::vector<Challenge> parse_challenges(std::string_view field_value) {
  std::vector<Challenge> challenges;
  Reader reader(field_value.substr(0, kLongest));
  reader.skip_blanks_and_commas();
  while (!reader.at_end()) {
    Challenge challenge;
    challenge.scheme = reader.token();
    if (challenge.scheme.empty() || !(reader.at_end() || reader.next() == ',' || is_blank(reader.next()))) {
      reader.skip_past_comma();
      reader.skip_blanks_and_commas();
      continue;
    }
    reader.skip_blanks();
    if (auto token68 = reader.token68()) {
      challenge.token68 = *std::move(token68);
    } else {
      read_parameters(reader, challenge);
    }
    challenges.push_back(std::move(challenge));
    reader.skip_blanks_and_commas();
  }
  return challenges;
}

std::vector<Challenge> parse_challenges(const Headers& headers) {
  std::vector<Challenge> challenges;
  for (const std::string_view value : headers.all("www-authenticate")) {
    auto more = parse_challenges(value);
    challenges.insert(challenges.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
  return challenges;
}

}  // namespace azf
