#include "server/http_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define CPPHTTPLIB_USE_POLL  // select() cannot wait on descriptors of 1024 and above
#define CPPHTTPLIB_REQUEST_URI_MAX_LENGTH 65536
#define CPPHTTPLIB_HEADER_MAX_LENGTH 65536
#define CPPHTTPLIB_HEADER_MAX_COUNT 512
#define CPPHTTPLIB_MAX_LINE_LENGTH 131072
#include "core/mutex.h"

#include <httplib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace azf {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kWorkerRetiresAfter{30'000};
constexpr milliseconds kLingerLimit{1'000};
constexpr std::size_t kReadBytes = std::size_t{16} << 10;
constexpr std::size_t kWriteBufferBytes = std::size_t{64} << 10;
// A longer probe is served all the same, by a worker.
constexpr std::size_t kProbeLimit = std::size_t{2} << 10;
constexpr std::string_view kProbeAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

// Waits until `socket` has one of `events` or has ended; false on time-out or error. With `stop` it also ends, with
// false, when that event is signalled and the socket has nothing.
bool wait_for(int socket, short events, milliseconds limit, int stop = -1) {
  const auto end = steady_clock::now() + limit;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    std::array<pollfd, 2> watched = {pollfd{socket, events, 0}, pollfd{stop, POLLIN, 0}};
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(std::max(left, milliseconds(0)).count()));
    if (ready < 0 && errno == EINTR) continue;
    return ready > 0 && watched[0].revents != 0;
  }
}

// A socket as httplib reads and writes it. Reads are buffered, and the bytes of a request's head are kept as they
// came, because httplib hands out header values percent-decoded. Writes are collected, so that a small response is
// one segment.
class ConnectionStream final : public httplib::Stream {
 public:
  ConnectionStream(int socket, const HttpServerOptions& options) : socket_(socket), options_(options) {}

  // Blocks until a further request begins; false when the peer is gone or idle too long, or at a stop.
  bool wait_for_request(int stop) { return begin_ < end_ || wait_for(socket_, POLLIN, options_.idle_timeout, stop); }

  void begin_head() {
    head_.clear();
    in_head_ = true;
    head_deadline_ = steady_clock::now() + options_.head_timeout;
  }
  // The head as it came, from the request line to the empty line.
  const std::string& end_head() {
    in_head_ = false;
    return head_;
  }
  [[nodiscard]] bool head_begun() const { return !head_.empty(); }
  [[nodiscard]] bool head_too_long() const { return head_.size() > options_.head_limit_bytes; }

  bool flush() {
    std::string_view rest(output_);
    while (!rest.empty()) {
      const ssize_t sent = ::send(socket_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        rest.remove_prefix(static_cast<std::size_t>(sent));
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        if (!wait_for(socket_, POLLOUT, options_.stall_timeout)) return false;
      } else if (errno != EINTR) {
        return false;
      }
    }
    output_.clear();
    return true;
  }

  // Closes so that the peer can still read the response: what it goes on sending is thrown away for a while, because
  // unread bytes would turn the close into a reset.
  void linger() {
    ::shutdown(socket_, SHUT_WR);
    const auto end = steady_clock::now() + kLingerLimit;
    while (steady_clock::now() < end && wait_for(socket_, POLLIN, kLingerLimit) &&
           ::recv(socket_, input_.data(), input_.size(), 0) > 0) {
    }
  }

  ssize_t read(char* bytes, std::size_t size) override {
    if (in_head_ && head_too_long()) return -1;
    if (begin_ == end_ && !fill()) return -1;
    const std::size_t taken = std::min(size, end_ - begin_);
    std::copy_n(input_.data() + begin_, taken, bytes);
    begin_ += taken;
    if (in_head_) head_.append(bytes, taken);
    return static_cast<ssize_t>(taken);
  }

  ssize_t write(const char* bytes, std::size_t size) override {
    output_.append(bytes, size);
    if (output_.size() >= kWriteBufferBytes && !flush()) return -1;
    return static_cast<ssize_t>(size);
  }

  [[nodiscard]] bool is_readable() const override {
    return begin_ < end_ || wait_for(socket_, POLLIN, milliseconds(0));
  }
  [[nodiscard]] bool is_writable() const override { return true; }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  [[nodiscard]] socket_t socket() const override { return socket_; }

 private:
  bool fill() {
    if (!flush()) return false;  // the peer may wait for an interim response
    while (true) {
      const auto limit =
          in_head_ ? std::chrono::ceil<milliseconds>(head_deadline_ - steady_clock::now()) : options_.stall_timeout;
      if (!wait_for(socket_, POLLIN, limit)) return false;
      const ssize_t received = ::recv(socket_, input_.data(), input_.size(), MSG_DONTWAIT);
      if (received > 0) {
        begin_ = 0;
        end_ = static_cast<std::size_t>(received);
        return true;
      }
      if (received == 0 || (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)) return false;
    }
  }

  int socket_;
  const HttpServerOptions& options_;
  std::array<char, kReadBytes> input_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string output_;
  std::string head_;
  bool in_head_ = false;
  steady_clock::time_point head_deadline_;
};

bool is_space(char c) { return c == ' ' || c == '\t'; }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Reads the head of a request that httplib has accepted: values as they came, in their order. Nothing if a line is
// not `name: value`, or holds a control character.
std::optional<Headers> parse_head(std::string_view head) {
  Headers headers;
  head.remove_prefix(std::min(head.find("\r\n"), head.size() - 2) + 2);
  while (!head.starts_with("\r\n")) {
    const auto end = head.find("\r\n");
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = head.substr(0, end);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || line.find_first_of(" \t") < colon) return std::nullopt;
    if (!is_field_value(line)) return std::nullopt;
    headers.add(std::string(line.substr(0, colon)), std::string(trimmed(line.substr(colon + 1))));
    head.remove_prefix(end + 2);
  }
  return headers;
}

// Fields of a response that are the server's alone.
bool is_framing(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Transfer-Encoding") ||
         equal_ignoring_case(name, "Connection");
}

// One request and its response, as they pass through httplib.
struct Exchange {
  ConnectionStream& stream;
  HttpRequest request = {};
  std::string_view refusal = {};  // why the request is not passed on; empty if it is
  bool answered = false;          // by the handler, not by httplib or by a refusal
  bool close = false;
  int status = 0;
  Headers headers = {};  // of the response, as the handler gave them
};

// httplib calls its handlers without any context of the caller's; each thread serves one exchange at a time.
Exchange*& current_exchange() {
  thread_local Exchange* exchange = nullptr;
  return exchange;
}

std::string_view problem_title(int status) {
  switch (status) {
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 431: return "Request Header Fields Too Large";
    default: return "Bad Request";
  }
}

// Every request is given one path once its target has been read: routing is not httplib's business here. The pattern
// has a parameter because patterns without one become regular expressions, which cost time at start and per request.
constexpr const char* kOnlyPath = "/r";
constexpr const char* kOnlyPattern = "/:r";

// httplib's reading and writing of one request and response, without its sockets, threads and routes.
class Http1 final : public httplib::Server {
 public:
  explicit Http1(const HttpServer::Handler& handler, std::size_t body_limit_bytes) : handler_(handler) {
    set_payload_max_length(body_limit_bytes);
    set_pre_routing_handler([](const httplib::Request&, httplib::Response& response) {
      if (current_exchange()->refusal.empty()) return HandlerResponse::Unhandled;
      response.status = 400;
      return HandlerResponse::Handled;
    });
    set_error_handler(
        HandlerWithResponse([](const httplib::Request&, httplib::Response& response) { return explain(response); }));
    set_header_writer(write_headers);
    const auto with_body_read = [this](const httplib::Request& request, httplib::Response& response) {
      answer(request.body, response);
    };
    const auto with_body_unread = [this](const httplib::Request&, httplib::Response& response,
                                         const httplib::ContentReader& read_content) {
      std::string body;
      const bool complete = read_content([&body](const char* bytes, std::size_t size) {
        body.append(bytes, size);
        return true;
      });
      if (complete) answer(std::move(body), response);
    };
    Get(kOnlyPattern, with_body_read);  // also HEAD
    Options(kOnlyPattern, with_body_read);
    Post(kOnlyPattern, with_body_unread);
    Put(kOnlyPattern, with_body_unread);
    Patch(kOnlyPattern, with_body_unread);
    Delete(kOnlyPattern, with_body_unread);
  }

  // Serves one request; false when the connection must end.
  bool serve_one(ConnectionStream& stream, bool stopping) {
    Exchange exchange{.stream = stream};
    current_exchange() = &exchange;
    exchange.close = stopping;
    stream.begin_head();
    bool closed_by_peer = false;
    const bool written = process_request(stream, {}, 0, {}, 0, stopping, closed_by_peer,
                                         [&exchange](httplib::Request& request) { take_over(request, exchange); });
    current_exchange() = nullptr;
    const bool flushed = stream.flush();
    if (flushed && !exchange.answered && stream.head_begun()) stream.linger();
    return written && flushed && exchange.answered && !exchange.close && !closed_by_peer;
  }

 private:
  // Called when the head has been read: keeps what the handler needs, and leaves httplib what frames the body.
  static void take_over(httplib::Request& request, Exchange& exchange) {
    auto headers = parse_head(exchange.stream.end_head());
    const auto method = parse_method(request.method);
    const bool chunked = request.has_header("Transfer-Encoding");
    if (!headers || !method || !request.target.starts_with('/') ||
        std::any_of(request.target.begin(), request.target.end(), is_control)) {
      exchange.refusal = "The request line or a header field is malformed.";
    } else if (const auto hosts = request.get_header_value_count("Host");
               hosts > 1 || (hosts == 0 && request.version == "HTTP/1.1")) {
      exchange.refusal = "Exactly one Host header field is needed.";
    } else if (request.get_header_value_count("Content-Length") + request.get_header_value_count("Transfer-Encoding") >
               1) {
      exchange.refusal = "The body is framed more than once.";
    } else if (method == Method::kTrace || method == Method::kConnect) {
      exchange.refusal = "This method is not supported.";
    } else if (chunked && method != Method::kPost && method != Method::kPut && method != Method::kPatch) {
      exchange.refusal = "This method takes no chunked body.";
    }
    if (exchange.refusal.empty()) {
      exchange.request = {.method = *method, .url = request.target, .headers = *std::move(headers), .body = {}};
    }
    // Without these httplib reads the body as bytes: no multipart parsing, no decompression, no ranges of replies.
    for (const char* name : {"Content-Type", "Content-Encoding", "Accept-Encoding", "Range", "If-Range"}) {
      request.headers.erase(name);
    }
    request.ranges.clear();
    // Without any framing there is no body (RFC 9112 section 6.3); httplib would read until the peer closes.
    if (!chunked && !request.has_header("Content-Length")) request.set_header("Content-Length", "0");
    request.path = kOnlyPath;
  }

  void answer(std::string body, httplib::Response& response) const {
    Exchange& exchange = *current_exchange();
    exchange.request.body = std::move(body);
    HttpResponse reply = handler_(exchange.request);
    exchange.answered = true;
    exchange.status = response.status = reply.status;
    exchange.headers = std::move(reply.headers);
    response.body = std::move(reply.body);
  }

  // Gives a body to what httplib refuses by itself, and to our own refusals.
  static HandlerResponse explain(httplib::Response& response) {
    Exchange& exchange = *current_exchange();
    if (exchange.answered) return HandlerResponse::Unhandled;
    if (exchange.stream.head_too_long()) response.status = 431;
    exchange.status = response.status;
    std::string body = R"({"title":")";
    body.append(problem_title(response.status)).append(R"(","status":)").append(std::to_string(response.status));
    if (!exchange.refusal.empty()) body.append(R"(,"detail":")").append(exchange.refusal).append("\"");
    response.body = body.append("}");
    response.headers.erase("Content-Length");
    response.set_header("Content-Length", std::to_string(response.body.size()));
    exchange.headers = {{"Content-Type", "application/problem+json"}};
    return HandlerResponse::Unhandled;
  }

  // Writes the handler's headers in their order; of httplib's own only the framing, which follows from the body.
  static ssize_t write_headers(httplib::Stream& stream, httplib::Headers& headers) {
    const Exchange& exchange = *current_exchange();
    std::string text;
    const auto append = [&text](std::string_view name, std::string_view value) {
      text.append(name).append(": ").append(value).append("\r\n");
    };
    for (const auto& [name, value] : exchange.headers) {
      if (is_framing(name) || !is_field_name(name) || !is_field_value(value)) continue;
      append(name, value);
    }
    const bool bodiless = exchange.status == 204 || exchange.status == 304;
    for (const char* name : {"Content-Length", "Transfer-Encoding"}) {
      const auto found = headers.find(name);
      if (found != headers.end() && !bodiless) append(name, found->second);
    }
    if (!exchange.answered || exchange.close) append("Connection", "close");
    text.append("\r\n");
    return stream.write(text.data(), text.size());
  }

  const HttpServer::Handler& handler_;
};

}  // namespace

// Accepts connections, and gives each a thread from its first request until it is closed. Threads are started when all
// are busy, and retire when they have been idle for a while.
class HttpServer::Connections {
 public:
  Connections(Listener listener, Handler handler, ProbeTest is_probe, const Logger& log, HttpServerOptions options)
      : listener_(std::move(listener)),
        log_(log),
        options_(options),
        handler_(std::move(handler)),
        is_probe_(std::move(is_probe)),
        http_(handler_, options_.body_limit_bytes),
        stop_event_(::eventfd(0, EFD_CLOEXEC)) {
    if (stop_event_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }

  ~Connections() {
    stop(milliseconds::max());
    ::close(stop_event_);
  }

  void run(int interrupt) {
    {
      const MutexLock lock(mutex_);
      if (stopping_) return;
      accepting_ = true;
    }
    while (wait_for_events(interrupt)) {
      // From behind, because what is dealt with is replaced by the last one.
      for (std::size_t i = silent_.size(); i-- > 0;) {
        if (events_[kFixedEvents + i].revents != 0 || silent_[i].close_at <= steady_clock::now()) hear(i);
      }
      if (events_[kListener].revents != 0) accept_one();
    }
    const MutexLock lock(mutex_);
    accepting_ = false;
    done_.notify_all();
  }

  bool stop(milliseconds grace) {
    const auto end = grace == milliseconds::max() ? steady_clock::time_point::max() : steady_clock::now() + grace;
    const bool ended = wait_for_workers(end);
    join_finished();
    return ended;
  }

 private:
  // A connection on which nothing has come yet but probes. It costs no thread.
  struct Silent {
    int socket;
    steady_clock::time_point close_at;
  };
  enum FixedEvent : std::size_t { kListener, kStop, kInterrupt, kFixedEvents };

  // Waits for the listener, a silent connection, or the end of the longest silence; false when `run` is to end.
  bool wait_for_events(int interrupt) {
    events_.assign({{listener_.descriptor(), POLLIN, 0}, {stop_event_, POLLIN, 0}, {interrupt, POLLIN, 0}});
    auto until = steady_clock::time_point::max();
    for (const Silent& connection : silent_) {
      events_.push_back({connection.socket, POLLIN, 0});
      until = std::min(until, connection.close_at);
    }
    int limit = -1;
    if (!silent_.empty()) {
      const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
      limit = static_cast<int>(std::max(left, milliseconds(0)).count());
    }
    if (::poll(events_.data(), events_.size(), limit) < 0) {
      for (pollfd& event : events_) event.revents = 0;  // interrupted, or short of memory: look again
    }
    return events_[kStop].revents == 0 && events_[kInterrupt].revents == 0;
  }

  void accept_one() {
    const int socket = ::accept4(listener_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    if (socket >= 0) {
      const int on = 1;
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      silent_.push_back({socket, steady_clock::now() + options_.idle_timeout});
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      log_.error("cannot accept a connection", {{"error", std::generic_category().message(errno)}});
      std::this_thread::sleep_for(milliseconds(100));  // others must close before this can succeed
    }
  }

  // Something has come on a silent connection, or nothing for too long.
  void hear(std::size_t index) {
    Silent& connection = silent_[index];
    std::array<char, kProbeLimit> bytes;
    const ssize_t count = ::recv(connection.socket, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count > 0) {
      const std::size_t probe = probe_length({bytes.data(), static_cast<std::size_t>(count)});
      if (probe == 0) {
        admit(connection.socket);
      } else if (::recv(connection.socket, bytes.data(), probe, 0) == static_cast<ssize_t>(probe) &&
                 ::send(connection.socket, kProbeAnswer.data(), kProbeAnswer.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
                     static_cast<ssize_t>(kProbeAnswer.size())) {
        connection.close_at = steady_clock::now() + options_.idle_timeout;
        return;
      } else {
        ::close(connection.socket);
      }
    } else {
      ::close(connection.socket);
    }
    connection = silent_.back();
    silent_.pop_back();
  }

  // The length of the probe that stands at the beginning of `bytes`; 0 if something else does, or only a part of it.
  [[nodiscard]] std::size_t probe_length(std::string_view bytes) const {
    constexpr std::string_view kRequestLine = "GET / HTTP/1.1\r\n";
    const auto end = bytes.find("\r\n\r\n");
    if (!bytes.starts_with(kRequestLine) || end == std::string_view::npos) return 0;
    auto headers = parse_head(bytes.substr(0, end + 4));
    if (!headers || headers->all("Host").size() != 1) return 0;
    for (const char* name : {"Connection", "Content-Length", "Expect", "Transfer-Encoding"}) {
      if (headers->has(name)) return 0;
    }
    return is_probe_({.method = Method::kGet, .url = "/", .headers = *std::move(headers)}) ? end + 4 : 0;
  }

  bool wait_for_workers(steady_clock::time_point end) {
    const MutexLock lock(mutex_);
    if (!stopping_) {
      stopping_ = true;
      const std::uint64_t one = 1;
      (void)!::write(stop_event_, &one, sizeof one);  // never read: it wakes every waiting thread
      work_.notify_all();
    }
    while (accepting_) done_.wait(mutex_);  // it ends at once
    listener_.close();
    for (const Silent& connection : silent_) ::close(connection.socket);
    silent_.clear();
    while (!workers_.empty()) {
      if (end == steady_clock::time_point::max()) {
        done_.wait(mutex_);
      } else if (!done_.wait_until(mutex_, end)) {
        return workers_.empty();
      }
    }
    return true;
  }

  // Threads are joined, never detached: one that still winds up while `main` returns would meet libraries that are
  // already torn down.
  void join_finished() {
    std::list<std::thread> finished;
    {
      const MutexLock lock(mutex_);
      finished.swap(finished_);
    }
    for (std::thread& worker : finished) worker.join();
  }

  void admit(int socket) {
    join_finished();
    const MutexLock lock(mutex_);
    waiting_.push_back(socket);
    if (waiting_.size() > idle_workers_ && workers_.size() < options_.connection_limit) {
      const auto self = workers_.emplace(workers_.end());
      try {
        *self = std::thread([this, self] { work(self); });
      } catch (const std::system_error&) {  // no more threads: the connection waits for one that exists
        workers_.erase(self);
      }
    } else {
      work_.notify_one();
    }
  }

  void work(std::list<std::thread>::iterator self) {
    while (const auto socket = next_connection()) serve(*socket);
    const MutexLock lock(mutex_);
    finished_.splice(finished_.end(), workers_, self);
    done_.notify_all();
  }

  std::optional<int> next_connection() {
    const auto retire_at = steady_clock::now() + kWorkerRetiresAfter;
    const MutexLock lock(mutex_);
    ++idle_workers_;
    while (waiting_.empty() && !stopping_ && work_.wait_until(mutex_, retire_at)) {
    }
    --idle_workers_;
    if (waiting_.empty()) return std::nullopt;
    const int socket = waiting_.front();
    waiting_.pop_front();
    return socket;
  }

  void serve(int socket) {
    ConnectionStream stream(socket, options_);
    while (stream.wait_for_request(stop_event_) && http_.serve_one(stream, stopping())) {
    }
    ::close(socket);
  }

  bool stopping() {
    const MutexLock lock(mutex_);
    return stopping_;
  }

  Listener listener_;
  const Logger& log_;
  const HttpServerOptions options_;
  const Handler handler_;
  const ProbeTest is_probe_;
  Http1 http_;
  const int stop_event_;

  // Of the accepting thread; of `stop` once that has ended.
  std::vector<Silent> silent_;
  std::vector<pollfd> events_;

  Mutex mutex_;
  ConditionVariable work_;
  ConditionVariable done_;
  std::deque<int> waiting_ GUARDED_BY(mutex_);
  std::size_t idle_workers_ GUARDED_BY(mutex_) = 0;
  std::list<std::thread> workers_ GUARDED_BY(mutex_);
  std::list<std::thread> finished_ GUARDED_BY(mutex_);
  bool accepting_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
};

HttpServer::HttpServer(Listener listener, Handler handler, ProbeTest is_probe, const Logger& log,
                       HttpServerOptions options)
    : connections_(
          std::make_unique<Connections>(std::move(listener), std::move(handler), std::move(is_probe), log, options)) {}

HttpServer::~HttpServer() = default;

void HttpServer::run(int interrupt) { connections_->run(interrupt); }

bool HttpServer::stop(milliseconds grace) { return connections_->stop(grace); }

}  // namespace azf
