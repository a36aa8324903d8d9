#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf {

/// The request methods of RFC 9110 section 9 and RFC 5789.
enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kTrace, kConnect };

/// `GET`, `HEAD`, ... as they stand on the wire.
std::string_view to_string(Method method);
/// Accepts any letter case, because function.json has lower case; nothing for an unknown method.
std::optional<Method> parse_method(std::string_view text);

/// `Not Found` for 404; empty for a status without a registered phrase (IANA, HTTP Status Code Registry).
std::string_view reason_phrase(int status);

/// Whether two ASCII texts are equal but for letter case; used for header names, host names and settings.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Whether a text may be the name of a header field: the `token` of RFC 9110 section 5.6.2.
bool is_field_name(std::string_view text);
/// Whether a text may be the value of a header field: no control character but the tab, so no line break.
bool is_field_value(std::string_view text);

/// Header fields in the order in which they were added; a name may occur several times and is compared without
/// regard to letter case. All text lies in one buffer, so that a request with many fields costs two allocations, and
/// none when the object is used again. Value.
class Headers {
 public:
  /// A field's name and value. Valid until the headers change.
  struct Field {
    std::string_view name;
    std::string_view value;

    friend bool operator==(const Field&, const Field&) = default;
  };
  class Iterator;

  Headers() = default;
  Headers(std::initializer_list<Field> fields);

  /// The first value of that name. Valid until the headers change.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  /// All values of that name, in order.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }

  /// Adds a further field of that name.
  void add(std::string_view name, std::string_view value);
  /// Replaces all fields of that name by one.
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  /// Removes all fields, and keeps the memory for others.
  void clear();

  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;
  [[nodiscard]] std::size_t size() const { return places_.size(); }
  [[nodiscard]] bool empty() const { return places_.empty(); }

  friend bool operator==(const Headers& a, const Headers& b);

 private:
  // Of a field in `text_`: the name, and behind it the value.
  struct Place {
    std::size_t begin;
    std::size_t name_size;
    std::size_t value_size;
  };
  [[nodiscard]] Field field(const Place& place) const;

  std::string text_;  // all of its bytes may be written; names and values have the first `used_`
  std::size_t used_ = 0;
  std::vector<Place> places_;
};

/// Walks over the fields, which it makes as it goes.
class Headers::Iterator {
 public:
  using iterator_concept = std::forward_iterator_tag;
  using iterator_category = std::input_iterator_tag;
  using value_type = Field;
  using difference_type = std::ptrdiff_t;
  using reference = Field;
  using pointer = void;

  Iterator() = default;
  Field operator*() const { return headers_->field(headers_->places_[index_]); }
  Iterator& operator++() {
    ++index_;
    return *this;
  }
  Iterator operator++(int) { return {headers_, index_++}; }
  friend bool operator==(const Iterator&, const Iterator&) = default;

 private:
  friend class Headers;
  Iterator(const Headers* headers, std::size_t index) : headers_(headers), index_(index) {}

  const Headers* headers_ = nullptr;
  std::size_t index_ = 0;
};

/// The number in Content-Length; nothing where there is none, or something else.
std::optional<std::uint64_t> content_length(const Headers& headers);

/// One HTTP request, received or to be sent. It may hold tokens, so nothing prints it. Value.
struct HttpRequest {
  Method method = Method::kGet;
  /// Received: the origin form, path and query as they stood on the wire, beginning with `/`.
  /// To be sent: an absolute `http` or `https` URL.
  std::string url{};
  Headers headers{};
  /// Bytes, after removal of any transfer coding; content codings are left as they are.
  std::string body{};

  friend bool operator==(const HttpRequest&, const HttpRequest&) = default;
};

/// One HTTP reply, received or to be sent. Value.
struct HttpResponse {
  int status = 200;
  Headers headers{};
  std::string body{};

  friend bool operator==(const HttpResponse&, const HttpResponse&) = default;
};

}  // namespace azf
