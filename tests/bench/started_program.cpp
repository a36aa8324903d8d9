#include "started_program.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <optional>
#include <spawn.h>
#include <stdexcept>
#include <string_view>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace azf::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kPortVariable = "FUNCTIONS_CUSTOMHANDLER_PORT=";
constexpr std::chrono::seconds kPatience{10};
// The host waits 25 ms between two probes. What is measured here is the program, so the probe asks all the time.
constexpr std::chrono::microseconds kPause{20};

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

sockaddr_in loopback(std::uint32_t address, std::uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(port);
  name.sin_addr.s_addr = htonl(address);
  return name;
}

const sockaddr* generic(const sockaddr_in& name) { return reinterpret_cast<const sockaddr*>(&name); }

std::uint16_t free_port() {
  const int socket = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  auto name = loopback(INADDR_LOOPBACK, 0);
  socklen_t size = sizeof name;
  checked(::bind(socket, generic(name), size), "bind");
  checked(::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &size), "getsockname");
  ::close(socket);
  return ntohs(name.sin_port);
}

// A connected socket, or nothing while nobody listens.
std::optional<int> try_connect(std::uint16_t port) {
  const int socket = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  // From 127.0.0.2: from 127.0.0.1 the kernel may choose `port` as the source too, and the socket connect to itself.
  const int on = 1;
  checked(::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on), "IP_BIND_ADDRESS_NO_PORT");
  const auto source = loopback(INADDR_LOOPBACK + 1, 0);
  checked(::bind(socket, generic(source), sizeof source), "bind");
  const timeval patience{kPatience.count(), 0};
  checked(::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "SO_RCVTIMEO");
  const auto target = loopback(INADDR_LOOPBACK, port);
  if (::connect(socket, generic(target), sizeof target) == 0) return socket;
  ::close(socket);
  return std::nullopt;
}

// The bytes of one answer without a body; fewer where the peer closes or falls silent.
std::string ask(int socket, std::uint16_t port) {
  const std::string request = "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n\r\n";
  std::string answer;
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return answer;
  }
  std::array<char, 4096> block{};
  while (!answer.ends_with("\r\n\r\n")) {
    const ssize_t count = ::recv(socket, block.data(), block.size(), 0);
    if (count <= 0) break;
    answer.append(block.data(), static_cast<std::size_t>(count));
  }
  return answer;
}

bool is_success(std::string_view answer) { return answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"); }

std::chrono::microseconds duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

void pause_briefly() {
  // Not a sleep: waking up from one costs more than what is measured.
  const auto end = steady_clock::now() + kPause;
  while (steady_clock::now() < end) {
  }
}

}  // namespace

StartedProgram::StartedProgram(const std::string& path) : path_(path), port_(free_port()) {
  const std::string port = std::string(kPortVariable) + std::to_string(port_);
  std::vector<char*> environment;
  for (char** entry = ::environ; *entry != nullptr; ++entry) {
    if (!std::string_view(*entry).starts_with(kPortVariable)) environment.push_back(*entry);
  }
  environment.push_back(const_cast<char*>(port.c_str()));
  environment.push_back(nullptr);
  const std::array<char*, 2> arguments = {path_.data(), nullptr};

  std::array<int, 2> output{};
  checked(::pipe2(output.data(), O_CLOEXEC | O_NONBLOCK), "pipe2");
  output_ = output[0];
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output[1], STDERR_FILENO);
  started_ = steady_clock::now();
  const int code = ::posix_spawn(&process_, path_.c_str(), &actions, nullptr, arguments.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(output[1]);
  if (code != 0) {
    ::close(output_);
    throw std::system_error(code, std::generic_category(), path_);
  }
}

StartedProgram::~StartedProgram() {
  if (process_ > 0) stop();
  ::close(output_);
}

std::chrono::nanoseconds StartedProgram::wait_for_answer() {
  while (steady_clock::now() - started_ < kPatience) {
    if (const auto socket = try_connect(port_)) {
      const std::string answer = ask(*socket, port_);
      const auto taken = steady_clock::now() - started_;
      ::close(*socket);
      if (!is_success(answer)) fail("did not answer GET / with an empty 200");
      return taken;
    }
    pause_briefly();
    siginfo_t ended{};
    if (::waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 && ended.si_pid != 0) {
      fail("ended by itself");
    }
  }
  fail("did not listen");
}

ResidentMemory StartedProgram::resident_memory() const {
  // Not the VmRSS of `status`: that is counted per processor and may miss many pages.
  std::ifstream file("/proc/" + std::to_string(process_) + "/smaps_rollup");
  ResidentMemory memory;
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("Rss:")) memory.total_kib = std::atoll(line.c_str() + std::strlen("Rss:"));
    if (line.starts_with("Anonymous:")) memory.anonymous_kib = std::atoll(line.c_str() + std::strlen("Anonymous:"));
  }
  if (memory.total_kib == 0) throw std::runtime_error(path_ + ": its smaps_rollup cannot be read");
  return memory;
}

Usage StartedProgram::stop() {
  ::kill(process_, SIGKILL);
  rusage usage{};
  ::wait4(process_, nullptr, 0, &usage);
  process_ = -1;
  return {.processor_time = duration_of(usage.ru_utime) + duration_of(usage.ru_stime), .page_faults = usage.ru_minflt};
}

void StartedProgram::fail(const std::string& what) {
  std::string message = path_ + " " + what + "; its output:\n";
  std::array<char, 4096> block{};
  ssize_t count = 0;
  while ((count = ::read(output_, block.data(), block.size())) > 0) {
    message.append(block.data(), static_cast<std::size_t>(count));
  }
  throw std::runtime_error(message);
}

}  // namespace azf::bench
