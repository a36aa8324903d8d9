#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace azf::test {

/// A DNS server (RFC 1035) on UDP of 127.0.0.1 that knows one zone: every name in it has the address 127.0.0.1 and no
/// other record; names outside it do not exist.
class DnsServer {
 public:
  /// Called on the server's thread with each name that is asked for, in lower case, before it is answered.
  using Listener = std::function<void(std::string_view name)>;

  /// Answers when it returns. Throws `std::system_error` where the port cannot be bound.
  DnsServer(std::uint16_t port, std::string zone, Listener asked);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

 private:
  void serve() const;

  const std::string zone_;
  const Listener asked_;
  int socket_ = -1;
  std::thread thread_;
};

}  // namespace azf::test
