#include "server/ip_address.h"

#include "core/number_text.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cstring>
#include <netinet/in.h>

namespace azf {
namespace {

constexpr std::size_t kIpv4Bytes = 4;
constexpr std::size_t kIpv6Bytes = 16;
// RFC 4291 section 2.5.5.2: an IPv4 address stands behind these.
constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned kMappedPrefixBits = 96;

bool is_mapped(std::span<const std::uint8_t> bytes) {
  return bytes.size() == kIpv6Bytes && std::ranges::equal(bytes.first(kMappedPrefix.size()), kMappedPrefix);
}

Error expected(std::string what) { return {ErrorKind::kInvalidArgument, std::move(what)}; }

// The first address of the range that `address` is in.
std::array<std::uint8_t, kIpv6Bytes> without_host_bits(std::span<const std::uint8_t> address, unsigned prefix_bits) {
  std::array<std::uint8_t, kIpv6Bytes> bytes{};
  std::ranges::copy(address, bytes.begin());
  for (unsigned bit = prefix_bits; bit < address.size() * 8; ++bit) {
    bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> bit % 8));
  }
  return bytes;
}

}  // namespace

IpAddress::IpAddress(std::span<const std::uint8_t> bytes) : size_(is_mapped(bytes) ? kIpv4Bytes : bytes.size()) {
  std::ranges::copy(bytes.last(size_), bytes_.begin());
}

IpAddress IpAddress::loopback() { return IpAddress(std::array<std::uint8_t, kIpv4Bytes>{127, 0, 0, 1}); }

std::optional<IpAddress> IpAddress::of(const sockaddr_storage& address) {
  std::array<std::uint8_t, kIpv6Bytes> bytes{};
  if (address.ss_family == AF_INET) {
    const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(address);
    std::memcpy(bytes.data(), &ipv4.sin_addr, kIpv4Bytes);
    return IpAddress(std::span(bytes).first(kIpv4Bytes));
  }
  if (address.ss_family == AF_INET6) {
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(address);
    std::memcpy(bytes.data(), &ipv6.sin6_addr, kIpv6Bytes);
    return IpAddress(bytes);
  }
  return std::nullopt;
}

bool IpAddress::is_loopback() const {
  if (size_ == kIpv4Bytes) return bytes_[0] == 127;
  return bytes_.back() == 1 && std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto byte) { return byte == 0; });
}

bool IpAddress::is_unspecified() const {
  return std::ranges::all_of(bytes(), [](auto byte) { return byte == 0; });
}

sockaddr_storage IpAddress::with_port(std::uint16_t port) const {
  sockaddr_storage address{};
  if (size_ == kIpv4Bytes) {
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(address);
    ipv4.sin_family = AF_INET;
    ipv4.sin_port = htons(port);
    std::memcpy(&ipv4.sin_addr, bytes_.data(), size_);
  } else {
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(address);
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(port);
    std::memcpy(&ipv6.sin6_addr, bytes_.data(), size_);
  }
  return address;
}

std::uint16_t port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  const std::string literal(text);
  sockaddr_storage address{};
  if (::inet_pton(AF_INET, literal.c_str(), &reinterpret_cast<sockaddr_in&>(address).sin_addr) == 1) {
    address.ss_family = AF_INET;
  } else if (::inet_pton(AF_INET6, literal.c_str(), &reinterpret_cast<sockaddr_in6&>(address).sin6_addr) == 1) {
    address.ss_family = AF_INET6;
  }
  return IpAddress::of(address);
}

std::string to_string(const IpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.family(), address.bytes().data(), text.data(), text.size());
  return text.data();
}

bool AddressRange::contains(const IpAddress& address) const {
  if (address.family() != first.family()) return false;
  const auto start = without_host_bits(address.bytes(), prefix_bits);
  return std::ranges::equal(std::span(start).first(first.bytes().size()), first.bytes());
}

Result<AddressRange> parse_address_range(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view literal = text.substr(0, slash);
  const auto address = parse_ip_address(literal);
  const Error malformed = expected("addresses or ranges such as 10.0.0.4 or 10.1.0.0/16");
  if (!address) return malformed;
  const auto most = static_cast<unsigned>(address->bytes().size() * 8);
  unsigned bits = most;
  if (slash != std::string_view::npos) {
    const auto number = parse_number<unsigned>(text.substr(slash + 1));
    if (!number) return malformed;
    bits = *number;
    // The prefix of an IPv4 address that is written as IPv6 counts its first 96 bits too.
    if (address->family() == AF_INET && literal.find(':') != std::string_view::npos) {
      if (bits < kMappedPrefixBits) return malformed;
      bits -= kMappedPrefixBits;
    }
    if (bits > most) return malformed;
  }
  if (bits == 0 || (bits == most && address->is_unspecified())) {
    return expected("ranges that leave somebody out: what allows everybody is no list of clients");
  }
  const auto start = without_host_bits(address->bytes(), bits);
  if (!std::ranges::equal(std::span(start).first(address->bytes().size()), address->bytes())) {
    return expected("ranges that begin with their first address, as 10.1.0.0/16 does");
  }
  return AddressRange{*address, bits};
}

}  // namespace azf
