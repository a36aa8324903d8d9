// What many clients, slow clients and blocking handlers may do to each other: nothing but wait their turn.
#include "server/http_server.h"
#include "server/running_server.h"
#include "support/fake_clock.h"
#include "support/raw_connection.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <latch>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using azf::HttpRequest;
using azf::HttpResponse;
using azf::HttpServerOptions;
using azf::test::FakeClock;
using azf::test::RawConnection;
using azf::test::RunningServer;
using namespace std::chrono_literals;

namespace {

// More than the kernel keeps for both ends of a connection.
constexpr std::size_t kLargeBytes = 50'000'000;

// Any deadline this short makes the server look for passed ones each 10 ms of real time, also under a FakeClock.
constexpr std::chrono::milliseconds kLooksOften = 40ms;

HttpResponse answer(std::string body) { return {.status = 200, .headers = {}, .body = std::move(body)}; }
HttpResponse path(const HttpRequest& request) { return answer(request.url); }

std::string get(std::string_view target) {
  return std::string("GET ").append(target).append(" HTTP/1.1\r\nHost: h\r\n\r\n");
}
std::string post(std::string_view target, std::string_view body) {
  return std::string("POST ")
      .append(target)
      .append(" HTTP/1.1\r\nHost: h\r\nContent-Length: ")
      .append(std::to_string(body.size()))
      .append("\r\n\r\n")
      .append(body);
}
const std::string kProbe = "GET / HTTP/1.1\r\nHost: h\r\nX-Probe: 1\r\n\r\n";

std::string body_of(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }
std::string status_line(const std::string& response) { return response.substr(0, response.find("\r\n")); }
bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string ask(RawConnection& connection, std::string_view request) {
  connection.send(request);
  return connection.read_response();
}
std::string ask_anew(std::uint16_t port, std::string_view request) {
  RawConnection connection(port);
  return ask(connection, request);
}

// Bytes that are all wrong when one is missing.
std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 / 3 % 26);
  return text;
}

std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

// Counts how often the server's threads have looked at the time.
class CountingClock final : public azf::Clock {
 public:
  [[nodiscard]] azf::SystemTime system_now() const override { return clock_.system_now(); }
  [[nodiscard]] azf::SteadyTime steady_now() const override { return clock_.steady_now(); }
  [[nodiscard]] azf::ClockReading coarse_now() const override {
    ++readings_;
    return clock_.coarse_now();
  }
  void sleep_for(std::chrono::nanoseconds duration) const override { clock_.sleep_for(duration); }
  [[nodiscard]] int readings() const { return readings_; }

 private:
  azf::SystemClock clock_;
  mutable std::atomic<int> readings_ = 0;
};

// Holds handlers until it is opened.
class Gate {
 public:
  void pass() {
    ++arrived_;
    arrived_.notify_all();
    open_.wait();
  }
  void wait_for_arrivals(int count) const {
    for (int seen = arrived_; seen < count; seen = arrived_) arrived_.wait(seen);
  }
  void open() { open_.count_down(); }

 private:
  std::atomic<int> arrived_ = 0;
  std::latch open_{1};
};

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("a head must be complete in time, however short its pauses are") {
    FakeClock clock;
    const RunningServer server(path, {.idle_timeout = 1h, .head_timeout = 10s, .transfer_grace = kLooksOften}, &clock);
    struct Row {
      std::string what;
      std::string begin;
    };
    const std::vector<Row> rows = {
        {"the first request of a connection", ""},
        {"a later one", get("/first")},
        {"one behind an empty line", "\r\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.what);
      RawConnection connection(server.port());
      connection.send(row.begin);
      if (row.begin.starts_with("GET")) CHECK(body_of(connection.read_response()) == "/first");
      connection.send("GET / HTTP/1.1\r\nHost: h\r\nX: ");
      std::string response;
      int seconds = 0;
      for (; response.empty() && seconds < 100; ++seconds) {
        response = connection.read_some(30ms);
        clock.advance(1s);
        connection.try_send("a");
      }
      CHECK(seconds >= 10);
      CHECK(status_line(response) == "HTTP/1.1 408 Request Timeout");
      CHECK(contains(response, "Connection: close\r\n"));
      connection.read_to_end();
    }
  }

  TEST_CASE("a body must come at the least rate on the whole; a quicker one may take as long as it likes") {
    FakeClock clock;
    const HttpServerOptions options{
        .idle_timeout = 1h, .head_timeout = kLooksOften, .transfer_grace = 5s, .transfer_rate = 100, .worker_limit = 1};
    const RunningServer server([](const HttpRequest& request) { return answer(std::to_string(request.body.size())); },
                               options, &clock);
    struct Row {
      std::string what;
      std::string framing;
      std::string piece;  // one each half second, 20 in all
      std::string status;
    };
    const std::vector<Row> rows = {
        {"slow", "Content-Length: 200", std::string(10, 'x'), "HTTP/1.1 408 Request Timeout"},
        {"slow in chunks", "Transfer-Encoding: chunked", "5\r\nhello\r\n", "HTTP/1.1 408 Request Timeout"},
        {"nothing", "Content-Length: 200", "", "HTTP/1.1 408 Request Timeout"},
        {"quick", "Content-Length: 2000", std::string(100, 'x'), "HTTP/1.1 200 OK"},
    };
    RawConnection other(server.port());
    for (const auto& row : rows) {
      CAPTURE(row.what);
      RawConnection connection(server.port());
      connection.send("POST / HTTP/1.1\r\nHost: h\r\n" + row.framing + "\r\n\r\n");
      std::string response;
      for (int i = 0; i < 20 && response.empty(); ++i) {
        connection.try_send(row.piece);
        ask(other, get("/"));  // the one worker comes to it behind the piece
        clock.advance(500ms);
        response = connection.read_some(30ms);
      }
      if (response.empty()) response = connection.read_some(10s);
      CHECK(status_line(response) == row.status);
    }
  }

  TEST_CASE("a reader that takes nothing holds no worker, and is dropped") {
    FakeClock clock;
    const HttpServerOptions options{
        .idle_timeout = 1h, .head_timeout = kLooksOften, .transfer_grace = 10s, .worker_limit = 1};
    const std::string large = pattern(kLargeBytes);
    std::latch large_asked(1);
    const RunningServer server(
        [&](const HttpRequest& request) {
          if (request.url != "/large") return answer("small");
          large_asked.count_down();
          return answer(large);
        },
        options, &clock);
    RawConnection slow(server.port());
    slow.send(get("/large"));
    large_asked.wait();
    RawConnection other(server.port());
    for (int i = 0; i < 10; ++i) CHECK(body_of(ask(other, get("/small"))) == "small");
    clock.advance(11s);
    while (contains(ask_anew(server.port(), kProbe), "200 OK") && slow.read_some(0ms).empty()) {
    }
    CHECK(slow.read_to_end().size() < large.size());
    CHECK(body_of(ask_anew(server.port(), get("/small"))) == "small");
  }

  TEST_CASE("a large response reaches a slow reader whole") {
    const std::string large = pattern(kLargeBytes);
    const RunningServer server([&](const HttpRequest&) { return answer(large); });
    RawConnection connection(server.port());
    connection.send(get("/large"));
    std::string received;
    for (int i = 0; i < 50; ++i) {
      std::this_thread::sleep_for(2ms);
      received += connection.read_some(20s);
    }
    while (received.size() < large.size()) {
      const std::string more = connection.read_some(20s);
      REQUIRE_FALSE(more.empty());
      received += more;
    }
    received += connection.read_some(0ms);
    CHECK((body_of(received) == large));  // in brackets, so that a failure does not print it
  }

  TEST_CASE("pipelined requests are all answered, in order, to a client that sends them all before it reads") {
    const std::string large = pattern(1'000'000);
    const RunningServer server([&](const HttpRequest& request) { return answer(request.url + large); });
    RawConnection connection(server.port());
    std::string requests;
    for (int i = 0; i < 40; ++i)
      requests += i % 2 == 0 ? get("/" + std::to_string(i)) : post("/" + std::to_string(i), "x");
    connection.send(requests);
    for (int i = 0; i < 40; ++i) {
      const std::string body = body_of(connection.read_response());
      CHECK((body == "/" + std::to_string(i) + large));
    }
  }

  TEST_CASE("an idle connection is closed when its time is up, whether it has asked something or not") {
    FakeClock clock;
    const RunningServer server(path, {.idle_timeout = 60s, .transfer_grace = kLooksOften}, &clock);
    RawConnection silent(server.port());
    RawConnection used(server.port());
    CHECK(body_of(ask(used, get("/1"))) == "/1");
    clock.advance(50s);
    CHECK(body_of(ask(used, get("/2"))) == "/2");
    CHECK(silent.read_some(50ms).empty());
    CHECK(silent.ending() == RawConnection::Ending::kNone);
    clock.advance(20s);
    CHECK(silent.read_to_end().empty());
    CHECK(silent.ending() == RawConnection::Ending::kClosed);
    CHECK(body_of(ask(used, get("/3"))) == "/3");  // its time has begun anew
    for (int i = 0; i < 100 && used.ending() == RawConnection::Ending::kNone; ++i) {
      clock.advance(70s);  // again, as its time begins only some moments behind its answer
      CHECK(used.read_some(100ms).empty());
    }
    CHECK(used.ending() == RawConnection::Ending::kClosed);
  }

  TEST_CASE("after a refusal the client's end is awaited only for a while") {
    FakeClock clock;
    const RunningServer server(path, {.idle_timeout = 1h, .transfer_grace = kLooksOften, .connection_limit = 1},
                               &clock);
    RawConnection refused(server.port());
    CHECK(status_line(ask(refused, "no HTTP\r\n\r\n")) == "HTTP/1.1 400 Bad Request");
    CHECK(refused.read_to_end().empty());  // the server says no more, and waits for the client to see it
    RawConnection next(server.port());
    next.send(get("/next"));
    std::string response = next.read_some(200ms);
    CHECK(response.empty());
    for (int i = 0; i < 100 && response.empty(); ++i) {
      clock.advance(2s);
      response = next.read_some(200ms);
    }
    CHECK(body_of(response) == "/next");
  }

  TEST_CASE("when all workers are busy so many requests wait, the others are answered 503, and probes 200") {
    Gate gate;
    const RunningServer server(
        [&](const HttpRequest& request) {
          gate.pass();
          return path(request);
        },
        {.worker_limit = 1, .queue_limit = 3});
    RawConnection busy(server.port());
    busy.send(get("/busy"));
    gate.wait_for_arrivals(1);
    CHECK(contains(ask_anew(server.port(), kProbe), "200 OK"));

    std::vector<std::unique_ptr<RawConnection>> clients;
    for (int i = 0; i < 10; ++i) {
      clients.push_back(std::make_unique<RawConnection>(server.port()));
      clients.back()->send(get("/" + std::to_string(i)));
    }
    std::vector<std::size_t> turned_away;
    while (turned_away.size() < 7) {
      for (std::size_t i = 0; i < clients.size(); ++i) {
        const std::string response = clients[i]->read_some(1ms);
        if (response.empty()) continue;
        CHECK(status_line(response) == "HTTP/1.1 503 Service Unavailable");
        CHECK(contains(response, "\r\nRetry-After: 1\r\n"));
        turned_away.push_back(i);
      }
      CHECK(contains(ask_anew(server.port(), kProbe), "200 OK"));
    }
    gate.open();
    CHECK(body_of(busy.read_response()) == "/busy");
    for (std::size_t i = 0; i < clients.size(); ++i) {
      CAPTURE(i);
      const std::string target = "/" + std::to_string(i);
      const bool again = std::find(turned_away.begin(), turned_away.end(), i) != turned_away.end();
      if (again) clients[i]->send(get(target));  // on the same connection
      CHECK(body_of(clients[i]->read_response()) == target);
    }
    CHECK(contains(server.log(), "all workers are busy"));
  }

  TEST_CASE("there are as many workers as handlers that wait for each other, and few again afterwards") {
    const std::size_t before = threads_of_this_process();
    Gate gate;
    const RunningServer server(
        [&](const HttpRequest& request) {
          if (request.url == "/wait") gate.pass();
          return path(request);
        },
        {.worker_idle_timeout = 50ms});
    std::vector<std::unique_ptr<RawConnection>> clients;
    for (int i = 0; i < 200; ++i) {
      clients.push_back(std::make_unique<RawConnection>(server.port()));
      clients.back()->send(get("/wait"));
    }
    gate.wait_for_arrivals(200);
    CHECK(threads_of_this_process() >= before + 200);
    gate.open();
    for (const auto& client : clients) CHECK(body_of(client->read_response()) == "/wait");
    const std::size_t few = before + 1 + std::max(1U, std::thread::hardware_concurrency());
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (threads_of_this_process() > few && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(10ms);
    CHECK(threads_of_this_process() <= few);
    CHECK(body_of(ask_anew(server.port(), get("/after"))) == "/after");
  }

  TEST_CASE("a request never waits behind a busy worker while another one is idle") {
    for (int i = 0; i < 50; ++i) {
      Gate gate;
      const RunningServer server(
          [&](const HttpRequest& request) {
            gate.pass();
            return path(request);
          },
          {.worker_limit = 2, .worker_idle_timeout = 1h});
      RawConnection first(server.port());
      RawConnection second(server.port());
      first.send(kProbe + get("/1"));
      CHECK(contains(first.read_response(), "200 OK"));
      second.send(get("/2"));
      gate.wait_for_arrivals(2);
      gate.open();
      CHECK(body_of(first.read_response()) == "/1");
      CHECK(body_of(second.read_response()) == "/2");
    }
  }

  TEST_CASE("connections above the limit wait until others end, and waiting costs next to nothing") {
    const CountingClock clock;
    const RunningServer server(path, {.connection_limit = 3}, &clock);
    std::vector<std::unique_ptr<RawConnection>> clients;
    for (int i = 0; i < 6; ++i) {
      clients.push_back(std::make_unique<RawConnection>(server.port()));
      clients.back()->send(get("/" + std::to_string(i)));
    }
    for (std::size_t i = 0; i < 3; ++i) CHECK(body_of(clients[i]->read_response()) == "/" + std::to_string(i));

    const auto begin = std::chrono::steady_clock::now();
    const int readings = clock.readings();
    CHECK(clients[3]->read_some(500ms).empty());
    const auto elapsed = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    CHECK(clock.readings() - readings <= elapsed / 10ms);  // it looks each 100 ms whether there is room
    CHECK(body_of(ask(*clients[0], get("/on"))) == "/on");

    for (std::size_t i = 0; i < 3; ++i) clients[i].reset();
    for (std::size_t i = 3; i < 6; ++i) CHECK(body_of(clients[i]->read_response()) == "/" + std::to_string(i));
  }

  TEST_CASE("a client that has closed its half gets its answer") {
    const std::string large = pattern(kLargeBytes);
    const RunningServer server([&](const HttpRequest& request) {
      return request.url == "/large" ? answer(large) : answer(request.url + request.body);
    });
    struct Row {
      std::string what;
      std::string request;
      std::string body;  // of the last answer
    };
    const std::vector<Row> rows = {
        {"without a body", get("/a"), "/a"},
        {"with a body", post("/b", "hi"), "/bhi"},
        {"pipelined", get("/c") + get("/d"), "/d"},
        {"a large answer", get("/large"), large},
    };
    for (const auto& row : rows) {
      CAPTURE(row.what);
      RawConnection connection(server.port());
      connection.send(row.request);
      connection.shutdown_writing();
      CHECK(connection.read_to_end().ends_with("\r\n\r\n" + row.body));
      CHECK(connection.ending() == RawConnection::Ending::kClosed);
    }
  }

  TEST_CASE("a client that has closed its half gets its answer, too, when it had to wait for a worker") {
    Gate gate;
    const RunningServer server(
        [&](const HttpRequest& request) {
          gate.pass();
          return path(request);
        },
        {.worker_limit = 1});
    RawConnection busy(server.port());
    busy.send(get("/busy"));
    gate.wait_for_arrivals(1);
    RawConnection waiting(server.port());
    waiting.send(get("/waiting"));
    waiting.shutdown_writing();
    CHECK(contains(ask_anew(server.port(), kProbe), "200 OK"));
    gate.open();
    CHECK(body_of(waiting.read_to_end()) == "/waiting");
  }

  TEST_CASE("clients in bursts, many of which break off, leave the answers of the others right") {
    const std::string large = pattern(300'000);
    const RunningServer server([&](const HttpRequest& request) {
      return answer(request.url.ends_with("/large") ? request.url + large : request.url + request.body);
    });
    constexpr int kThreads = 4;
    constexpr int kBursts = 25;
    constexpr int kBurst = 20;
    std::atomic<int> right = 0;
    std::atomic<int> wrong = 0;
    const auto run = [&](unsigned seed) {
      std::mt19937 random(seed);
      for (int burst = 0; burst < kBursts; ++burst) {
        std::vector<std::unique_ptr<RawConnection>> clients;
        for (int i = 0; i < kBurst; ++i) clients.push_back(std::make_unique<RawConnection>(server.port()));
        for (const auto& client : clients) {
          const std::string target = "/" + std::to_string(random());
          const std::vector<std::pair<std::string, std::string>> kinds = {
              {get(target), target},
              {post(target, large.substr(0, random() % 100'000)), target},
              {get(target + "/large"), target + "/large" + large},
          };
          const auto& [request, expected] = kinds[random() % kinds.size()];
          const std::size_t sent = random() % 2 == 0 ? request.size() : random() % request.size();
          const std::size_t first = random() % (sent + 1);
          client->send(std::string_view(request).substr(0, first));
          client->send(std::string_view(request).substr(first, sent - first));
          if (sent < request.size() || random() % 4 == 0) continue;  // goes away without its answer
          const std::string body = body_of(client->read_response());
          ++(body.starts_with(expected) ? right : wrong);
        }
      }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < kThreads; ++i) threads.emplace_back(run, i);
    for (auto& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(right > kThreads * kBursts);
    CHECK(body_of(ask_anew(server.port(), get("/after"))) == "/after");
  }
}
