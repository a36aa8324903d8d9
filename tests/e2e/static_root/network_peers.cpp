// The network that the handler meets in its empty root: names, an authority over HTTPS, and a proxy. Meant for a
// network namespace of its own, because it takes the DNS port.
//
//   azf_static_root_peers ZONE DIRECTORY
//
// Writes ca.pem, which the authority's certificate is signed by, and other-ca.pem, which it is not, and then
// `<port of the authority> <port of the proxy>` to standard output. What is asked of whom goes to DIRECTORY/events,
// a line each: `dns NAME`, `authority REQUEST-LINE`, `proxy REQUEST-LINE`. Runs until it is killed.
#include "dns_server.h"
#include "support/loopback_server.h"
#include "support/test_certificates.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fcntl.h>
#include <fstream>
#include <net/if.h>
#include <string>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace azf::test {
namespace {

constexpr std::uint16_t kDnsPort = 53;

// A new network namespace has a loopback interface, but it is down.
void bring_loopback_up() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::snprintf(request.ifr_name, sizeof request.ifr_name, "lo");
  if (::ioctl(socket, SIOCGIFFLAGS, &request) == 0) {
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (::ioctl(socket, SIOCSIFFLAGS, &request) == 0) {
      ::close(socket);
      return;
    }
  }
  throw std::system_error(errno, std::generic_category(), "loopback interface");
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream file(path);
  file << content << std::flush;
  if (!file) throw std::runtime_error("cannot write " + path);
}

class Events {
 public:
  explicit Events(const std::string& path)
      : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {
    if (file_ < 0) throw std::system_error(errno, std::generic_category(), path);
  }

  // Thread-safe: a line is one write.
  void add(std::string_view who, std::string_view what) const {
    const std::string line = std::string(who) + " " + std::string(what) + "\n";
    if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::abort();
  }

 private:
  const int file_;
};

RawReply token_reply() {
  const std::string body = R"({"token_type":"Bearer","expires_in":3599,"access_token":"token-of-the-test-authority"})";
  return {.bytes = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                   std::to_string(body.size()) + "\r\n\r\n" + body};
}

[[noreturn]] void run(const std::string& zone, const std::string& directory) {
  bring_loopback_up();
  const TestCertificateAuthority trusted;
  const TestCertificateAuthority other("other authority");
  write_file(directory + "/ca.pem", trusted.certificate());
  write_file(directory + "/other-ca.pem", other.certificate());

  const Events events(directory + "/events");
  const auto answering_as = [&events](const char* who) {
    return [&events, who](const RawRequest& request) {
      events.add(who, request.request_line);
      return token_reply();
    };
  };
  const auto identity = trusted.issue({.names = {"login." + zone}});
  const DnsServer dns(kDnsPort, zone, [&events](std::string_view name) { events.add("dns", name); });
  const LoopbackServer authority(answering_as("authority"), tls_channel(identity));
  // The proxy does not connect further, but speaks for the authority itself.
  const LoopbackServer proxy(answering_as("proxy"),
                             tls_channel(identity, "HTTP/1.1 200 Connection established\r\n\r\n"));
  std::printf("%u %u\n", authority.port(), proxy.port());
  std::fflush(stdout);
  while (true) ::pause();
}

}  // namespace
}  // namespace azf::test

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s ZONE DIRECTORY\n", argv[0]);
    return 2;
  }
  try {
    azf::test::run(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
}
