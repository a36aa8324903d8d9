// The handler where the machine gives it too little: descriptors, memory, time to end.
#include "e2e/handler_app.h"
#include "support/raw_connection.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <signal.h>
#include <stdexcept>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <vector>

using azf::test::free_port;
using azf::test::RawConnection;
using azf::test::StartedHandler;
using namespace std::chrono_literals;

namespace {

// The sanitizers map terabytes of address space.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kAddressSpaceCanBeLimited = false;
#else
constexpr bool kAddressSpaceCanBeLimited = true;
#endif

const std::string kProbe = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string kGreet = "GET /api/greet/Ada HTTP/1.1\r\nHost: h\r\n\r\n";

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// Waits for it as long as a slow machine may take.
bool complains(StartedHandler& handler, std::string_view text) {
  for (int i = 0; i < 3000 && !contains(handler.process().standard_error(), text); ++i) {
    std::this_thread::sleep_for(10ms);
  }
  return contains(handler.process().standard_error(), text);
}

std::string ask(RawConnection& connection, std::string_view request) {
  connection.send(request);
  return connection.read_response();
}

std::vector<std::unique_ptr<RawConnection>> connections(std::uint16_t port, int number) {
  std::vector<std::unique_ptr<RawConnection>> list;
  for (int i = 0; i < number; ++i) list.push_back(std::make_unique<RawConnection>(port));
  return list;
}

// Empty if the connection ended without a response.
std::string answer_if_any(std::uint16_t port, std::string_view head, const std::string& body) {
  try {
    RawConnection connection(port);
    connection.send(head);
    connection.try_send(body);  // the handler may have answered, or given up, before the end
    return connection.read_response();
  } catch (const std::runtime_error&) {
    return {};
  }
}

}  // namespace

TEST_SUITE("e2e") {
  TEST_CASE("without descriptors it serves the connections that it has, says so once, and accepts again later") {
    StartedHandler handler({}, free_port(), {{RLIMIT_NOFILE, {.rlim_cur = 40, .rlim_max = 40}}});
    auto early = connections(handler.port(), 10);
    for (const auto& each : early) CHECK(contains(ask(*each, kGreet), "Hello, Ada!"));
    auto many = connections(handler.port(), 60);
    CHECK(complains(handler, "cannot accept connections"));

    for (const auto& each : early) CHECK(contains(ask(*each, kGreet), "Hello, Ada!"));
    RawConnection late(handler.port());
    late.send(kGreet);
    CHECK(late.read_some(300ms).empty());
    CHECK(late.ending() == RawConnection::Ending::kNone);

    many.clear();
    CHECK(contains(late.read_response(), "Hello, Ada!"));
    for (const auto& each : early) CHECK(contains(ask(*each, kProbe), "200 OK"));
    CHECK(contains(handler.get("/api/greet/Ada"), "Hello, Ada!"));
    CHECK(count(handler.process().standard_error(), "cannot accept connections") == 1);
  }

  TEST_CASE("it may have as many connections as the hard limit of descriptors allows, whatever the soft limit is") {
    StartedHandler handler({}, free_port(), {{RLIMIT_NOFILE, {.rlim_cur = 40, .rlim_max = 300}}});
    const auto many = connections(handler.port(), 200);
    for (const auto& each : many) CHECK(contains(ask(*each, kGreet), "Hello, Ada!"));
    CHECK(handler.process().standard_error().empty());
  }

  TEST_CASE("requests too large for its memory cost their own connections, and the others are served on" *
            doctest::skip(!kAddressSpaceCanBeLimited)) {
    constexpr rlim_t kMemory = rlim_t{200} << 20;
    StartedHandler handler({}, free_port(), {{RLIMIT_AS, {.rlim_cur = kMemory, .rlim_max = kMemory}}});
    const std::string bytes(60'000'000, 'x');
    const std::string envelope = R"({"Data":{"message":")" + std::string(20'000'000, 'x') + R"("},"Metadata":{}})";
    const auto post = [](std::string_view target, const std::string& body) {
      return std::string("POST ").append(target).append(
          " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n");
    };
    std::atomic<int> large_ones_under_way = 12;
    std::vector<std::thread> clients;
    for (int i = 0; i < 12; ++i) {
      clients.emplace_back([&, i] {
        const bool enveloped = i % 2 == 0;
        answer_if_any(handler.port(), post(enveloped ? "/relay" : "/api/greet", enveloped ? envelope : bytes),
                      enveloped ? envelope : bytes);
        --large_ones_under_way;
      });
    }
    int answered = 0;
    while (large_ones_under_way > 0) {
      if (contains(answer_if_any(handler.port(), kGreet, {}), "Hello, Ada!")) ++answered;
    }
    for (auto& client : clients) client.join();
    CHECK(answered > 0);
    CHECK(complains(handler, "out of memory"));
    CHECK(contains(handler.get("/api/greet/Ada"), "Hello, Ada!"));
    handler.process().signal(SIGTERM);
    CHECK(handler.process().wait().value_or(-1) == 0);
  }

  TEST_CASE("H-08: under load SIGTERM ends it with exit code 0, and no answer is cut off") {
    StartedHandler handler;
    std::atomic<int> answers = 0;
    std::atomic<int> cut_off = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < 4; ++i) {
      clients.emplace_back([&, i] {
        while (true) {
          try {
            RawConnection connection(handler.port());
            if (i == 0) {  // goes away before its answer: writing to it must not end the handler
              connection.send(kGreet + kGreet + kGreet);
              continue;
            }
            for (int n = 0; n < 20; ++n) {
              if (!connection.try_send(kGreet)) return;
              const std::string response = connection.read_some(20s);
              if (response.empty()) return;
              ++(contains(response, "Hello, Ada!") ? answers : cut_off);
            }
          } catch (const std::runtime_error&) {
            return;  // nobody listens any more
          }
        }
      });
    }
    while (answers < 500) std::this_thread::sleep_for(1ms);
    handler.process().signal(SIGTERM);
    const auto exit_code = handler.process().wait();
    INFO(handler.process().standard_error());
    CHECK(exit_code.value_or(-1) == 0);
    for (auto& client : clients) client.join();
    CHECK(cut_off == 0);
    CHECK(contains(handler.process().standard_output(), "stopped"));
    CHECK(handler.process().standard_error().empty());
  }
}
