#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf {

/// The request methods of RFC 9110 section 9 and RFC 5789.
enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kTrace, kConnect };

/// `GET`, `HEAD`, ... as they stand on the wire.
std::string_view to_string(Method method);
/// Accepts any letter case, because function.json has lower case; nothing for an unknown method.
std::optional<Method> parse_method(std::string_view text);

/// Whether two ASCII texts are equal but for letter case; used for header names, host names and settings.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Whether a text may be the name of a header field: the `token` of RFC 9110 section 5.6.2.
bool is_field_name(std::string_view text);
/// Whether a text may be the value of a header field: no control character but the tab, so no line break.
bool is_field_value(std::string_view text);

/// Header fields in the order in which they were added; a name may occur several times and is compared without
/// regard to letter case. Value.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The first value of that name. Valid until the headers change.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  /// All values of that name, in order.
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }

  /// Adds a further field of that name.
  void add(std::string name, std::string value);
  /// Replaces all fields of that name by one.
  void set(std::string name, std::string value);
  void remove(std::string_view name);

  [[nodiscard]] auto begin() const { return fields_.begin(); }
  [[nodiscard]] auto end() const { return fields_.end(); }
  [[nodiscard]] std::size_t size() const { return fields_.size(); }
  [[nodiscard]] bool empty() const { return fields_.empty(); }

  friend bool operator==(const Headers&, const Headers&) = default;

 private:
  std::vector<Field> fields_;
};

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
