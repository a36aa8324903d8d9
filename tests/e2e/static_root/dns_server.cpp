#include "dns_server.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace azf::test {
namespace {

// RFC 1035 section 4.1.
constexpr std::size_t kHeaderBytes = 12;
constexpr std::uint16_t kTypeA = 1;
constexpr std::uint8_t kNoError = 0;
constexpr std::uint8_t kNameError = 3;

struct Question {
  std::string name;
  std::uint16_t type;
  std::size_t end;  // offset of the first byte behind it
};

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

// The one question of a query; nothing where the message is not that.
std::optional<Question> parse_question(std::string_view message) {
  if (message.size() < kHeaderBytes || byte_at(message, 4) != 0 || byte_at(message, 5) != 1) return std::nullopt;
  Question question{};
  std::size_t at = kHeaderBytes;
  while (at < message.size() && byte_at(message, at) != 0) {
    const std::size_t length = byte_at(message, at);
    if (length > 63 || at + length + 1 > message.size()) return std::nullopt;
    if (!question.name.empty()) question.name.push_back('.');
    for (const char c : message.substr(at + 1, length)) {
      question.name.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c);
    }
    at += length + 1;
  }
  question.end = at + 5;  // the root label, type and class
  if (question.end > message.size()) return std::nullopt;
  question.type = static_cast<std::uint16_t>(byte_at(message, at + 1) << 8 | byte_at(message, at + 2));
  return question;
}

std::string reply_to(std::string_view query, const Question& question, bool known) {
  const bool has_address = known && question.type == kTypeA;
  std::string reply(query.substr(0, question.end));
  reply[2] = static_cast<char>(0x84 | (byte_at(query, 2) & 0x01));  // a reply, authoritative, recursion as desired
  reply[3] = static_cast<char>(known ? kNoError : kNameError);
  reply[7] = has_address ? 1 : 0;
  for (const std::size_t count : {6U, 8U, 9U, 10U, 11U}) reply[count] = 0;
  if (has_address) {
    constexpr std::string_view kAnswer(
        "\xc0\x0c"        // the name of the question
        "\0\1\0\1"        // type A, class IN
        "\0\0\0\x3c\0\4"  // a minute to live, four bytes
        "\x7f\0\0\1",
        16);  // 127.0.0.1
    reply.append(kAnswer);
  }
  return reply;
}

bool is_in_zone(std::string_view name, std::string_view zone) {
  if (!name.ends_with(zone)) return false;
  name.remove_suffix(zone.size());
  return name.empty() || name.ends_with('.');
}

}  // namespace

DnsServer::DnsServer(std::uint16_t port, std::string zone, Listener asked)
    : zone_(std::move(zone)), asked_(std::move(asked)), socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket_ < 0 || ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw std::system_error(errno, std::generic_category(), "DNS on 127.0.0.1:" + std::to_string(port));
  }
  thread_ = std::thread([this] { serve(); });
}

DnsServer::~DnsServer() {
  ::shutdown(socket_, SHUT_RDWR);
  thread_.join();
  ::close(socket_);
}

void DnsServer::serve() const {
  std::array<char, 512> buffer{};
  while (true) {
    sockaddr_in client{};
    socklen_t size = sizeof client;
    auto* const generic = reinterpret_cast<sockaddr*>(&client);
    const ssize_t received = ::recvfrom(socket_, buffer.data(), buffer.size(), 0, generic, &size);
    if (received <= 0) return;  // shut down
    const std::string_view query(buffer.data(), static_cast<std::size_t>(received));
    const auto question = parse_question(query);
    if (!question) continue;
    asked_(question->name);
    const std::string reply = reply_to(query, *question, is_in_zone(question->name, zone_));
    (void)::sendto(socket_, reply.data(), reply.size(), 0, generic, size);
  }
}

}  // namespace azf::test
