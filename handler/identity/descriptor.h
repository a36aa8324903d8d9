#pragma once

namespace azf::identity {

/// A file descriptor of this program, closed at the end. Value, move-only.
class Descriptor {
 public:
  /// Takes what a system call returned; a negative number is no descriptor.
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }

  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool open() const { return number_ >= 0; }
  /// Leaves `errno` alone.
  void close() noexcept;

 private:
  int number_;
};

}  // namespace azf::identity
