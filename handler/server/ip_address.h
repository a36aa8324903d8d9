#pragma once

#include "core/result.h"

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace azf {

/// An IPv4 or IPv6 address without port and zone. An IPv6 address that stands for an IPv4 one (`::ffff:10.0.0.4`) is
/// that IPv4 address. Value.
class IpAddress {
 public:
  /// 127.0.0.1
  static IpAddress loopback();
  /// Nothing if the family is neither AF_INET nor AF_INET6.
  static std::optional<IpAddress> of(const sockaddr_storage& address);

  /// Of 127.0.0.0/8, or ::1.
  [[nodiscard]] bool is_loopback() const;
  /// 0.0.0.0 or ::, which as a listening address means every interface.
  [[nodiscard]] bool is_unspecified() const;
  /// 4 or 16 of them, most significant first.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const { return {bytes_.data(), size_}; }
  /// AF_INET or AF_INET6.
  [[nodiscard]] int family() const { return size_ == 4 ? AF_INET : AF_INET6; }
  /// For bind(2); `port` in host byte order.
  [[nodiscard]] sockaddr_storage with_port(std::uint16_t port) const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  /// 4 or 16 bytes.
  explicit IpAddress(std::span<const std::uint8_t> bytes);

  std::array<std::uint8_t, 16> bytes_{};
  std::size_t size_;
};

/// In host byte order; `address` is of AF_INET or AF_INET6.
std::uint16_t port_of(const sockaddr_storage& address);

/// Reads a literal such as `10.0.0.4` or `fd00::4`: no name, no brackets, no zone.
std::optional<IpAddress> parse_ip_address(std::string_view text);

/// As it is usually written: `10.0.0.4`, `fd00::4`.
std::string to_string(const IpAddress& address);

/// All addresses that begin with the same bits. Value.
struct AddressRange {
  IpAddress first;
  unsigned prefix_bits = 0;  ///< 1 to 32 or 128

  /// Whether `address` is of this family and range.
  [[nodiscard]] bool contains(const IpAddress& address) const;

  friend bool operator==(const AddressRange&, const AddressRange&) = default;
};

/// Reads an address, or a range in CIDR notation: `10.1.0.0/16`, `fd00::/8`. Everybody (`/0`, `0.0.0.0`, `::`) is no
/// range, nor is one with bits set behind its prefix, where a digit may be missing. The error's message is what was
/// expected, to stand behind "must be"; kind `kInvalidArgument`.
Result<AddressRange> parse_address_range(std::string_view text);

}  // namespace azf
