#pragma once

#include "core/error.h"

#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

namespace azf {

/// What a result of type `R` can be made from, besides its own kind and its error.
template <typename U, typename R>
concept ValueFor =
    !std::is_same_v<std::remove_cvref_t<U>, R> && !std::is_same_v<std::remove_cvref_t<U>, typename R::error_type> &&
    std::is_convertible_v<U&&, typename R::value_type>;

/// A value, or the reason why there is none. The member names are those of `std::expected`, which GCC 12 has in no
/// C++20 mode; replace this type by it when the toolchain moves. `value()` and `error()` on the wrong alternative
/// throw `std::logic_error`: that is a bug of the caller, not an outcome. Value.
template <typename T, typename E = Error>
class [[nodiscard]] Result {
  static_assert(!std::is_same_v<T, E>);

 public:
  using value_type = T;
  using error_type = E;

  template <ValueFor<Result> U>
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the concept leaves copies and moves alone
  Result(U&& value) : outcome_(std::in_place_index<0>, std::forward<U>(value)) {}
  Result(E error) : outcome_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const noexcept { return outcome_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  T& value() & { return checked(std::get_if<0>(&outcome_)); }
  const T& value() const& { return checked(std::get_if<0>(&outcome_)); }
  T&& value() && { return std::move(checked(std::get_if<0>(&outcome_))); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const E& error() const& { return checked(std::get_if<1>(&outcome_)); }
  E&& error() && { return std::move(checked(std::get_if<1>(&outcome_))); }

 private:
  template <typename P>
  static P& checked(P* alternative) {
    if (alternative == nullptr) throw std::logic_error("azf::Result: the other alternative is set");
    return *alternative;
  }

  std::variant<T, E> outcome_;
};

/// Success without a value, for operations that only may fail: `return Success{};`.
struct Success {
  friend bool operator==(Success, Success) = default;
};

}  // namespace azf
