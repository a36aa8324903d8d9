#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <iosfwd>
#include <memory>
#include <string_view>

namespace azf {

/// Bytes that must never be printed: a token, a client secret, a key. Move-only; a copy is asked for by name
/// (`clone`), reading too (`expose`, at the last line before the wire). Stream output and JSON conversion do not
/// compile. The bytes live in one heap block that is overwritten when the value dies or is assigned to. Value.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  [[nodiscard]] Secret clone() const;

  /// The bytes; valid as long as this value is neither moved from, assigned to, nor destroyed.
  [[nodiscard]] std::string_view expose() const noexcept;

  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Compares all bytes whatever they are, so that the time taken tells only the sizes.
  friend bool operator==(const Secret& a, const Secret& b) noexcept;

 private:
  void wipe() noexcept;

  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;
void to_json(nlohmann::json&, const Secret&) = delete;

}  // namespace azf
