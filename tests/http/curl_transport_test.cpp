#include "http/curl_transport.h"

#include "support/fake_clock.h"
#include "support/loopback_server.h"
#include "support/temporary_directory.h"
#include "support/test_certificates.h"

#include <doctest/doctest.h>

#include <atomic>
#include <barrier>
#include <future>
#include <thread>

using azf::CurlTransport;
using azf::Deadline;
using azf::Environment;
using azf::Error;
using azf::ErrorKind;
using azf::Headers;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::Method;
using azf::Repetition;
using azf::Result;
using azf::SendOptions;
using azf::Success;
using azf::test::LoopbackServer;
using azf::test::RawReply;
using azf::test::RawRequest;
using azf::test::TestCertificateAuthority;
using std::chrono::milliseconds;
using Then = azf::test::RawReply::Then;

namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

SendOptions plain_http() {
  SendOptions options;
  options.allow_plain_http = true;
  return options;
}

// A transport with its environment.
struct Client {
  explicit Client(Environment variables = {}) : environment(std::move(variables)) {}

  Result<HttpResponse> send(const HttpRequest& request, const SendOptions& options = plain_http()) {
    return transport.send(request, options);
  }
  Result<HttpResponse> get(const std::string& url, const SendOptions& options = plain_http()) {
    return send({.url = url}, options);
  }

  azf::SystemClock clock;
  Environment environment;
  CurlTransport transport{clock, environment, {.user_agent = "azf-test/1"}};
};

// Keeps what it is given.
struct Receiver final : azf::ReplyReceiver {
  bool begin(const HttpResponse& reply) override {
    head = reply;
    return takes_body;
  }
  Result<Success> receive(std::string_view bytes) override {
    if (failure) return *failure;
    body.append(bytes);
    return Success{};
  }

  bool takes_body = true;
  std::optional<Error> failure;
  HttpResponse head;
  std::string body;
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

// A server under TLS that counts the bytes which came through a handshake that both sides agreed on.
class TlsServer {
 public:
  explicit TlsServer(const azf::test::CertifiedKey& identity, Then then = Then::kNextRequest)
      : server_(
            [then](const RawRequest&) {
              return RawReply{kOk, then};
            },
            counting(azf::test::tls_channel(identity))) {}

  [[nodiscard]] std::string url(std::string_view target = "/token") const {
    return "https://127.0.0.1:" + std::to_string(server_.port()) + std::string(target);
  }
  [[nodiscard]] std::size_t http_bytes() const { return http_bytes_; }
  [[nodiscard]] std::size_t connections() const { return server_.connections(); }
  [[nodiscard]] std::vector<RawRequest> requests() const { return server_.requests(); }

 private:
  class Counting final : public azf::test::Channel {
   public:
    Counting(std::unique_ptr<azf::test::Channel> inner, std::atomic<std::size_t>& bytes)
        : inner_(std::move(inner)), bytes_(bytes) {}
    std::size_t read(char* buffer, std::size_t size) override {
      const auto count = inner_->read(buffer, size);
      bytes_ += count;
      return count;
    }
    bool write(std::string_view bytes) override { return inner_->write(bytes); }

   private:
    const std::unique_ptr<azf::test::Channel> inner_;
    std::atomic<std::size_t>& bytes_;
  };

  azf::test::ChannelFactory counting(azf::test::ChannelFactory inner) {
    return [this, inner = std::move(inner)](int socket) -> std::unique_ptr<azf::test::Channel> {
      auto channel = inner(socket);
      if (!channel) return nullptr;
      return std::make_unique<Counting>(std::move(channel), http_bytes_);
    };
  }

  std::atomic<std::size_t> http_bytes_ = 0;
  LoopbackServer server_;
};

SendOptions pinned_to(std::string sha1) {
  SendOptions options;
  options.use_proxy = false;
  options.pinned_certificate_sha1 = std::move(sha1);
  return options;
}

// An environment that trusts an authority.
Environment trusting(const TestCertificateAuthority& authority, const azf::test::TemporaryDirectory& directory) {
  Environment environment;
  environment.set("SSL_CERT_FILE", directory.write("ca.pem", authority.certificate()));
  return environment;
}

// A bound port that refuses, as nobody listens on it any more.
std::string refusing_url() { return LoopbackServer(RawReply{}).url("/token?sig=marker"); }

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("a request and its reply cross the wire unchanged") {
    LoopbackServer server(
        RawReply{"HTTP/1.1 201 Created\r\nX-One: 1\r\nx-two:  two words \r\nX-One: again\r\n"
                 "X-Empty:\r\nContent-Length: 4\r\n\r\nbody"});
    Client client;
    const auto reply = client.send({.method = Method::kPost,
                                    .url = server.url("/a//../b%2Fc?q=1&q=2"),
                                    .headers = {{"X-Custom", "v"}, {"X-Custom", "w"}, {"X-Nothing", ""}},
                                    .body = "grant=x"});
    REQUIRE(reply);
    CHECK(*reply ==
          HttpResponse{
              201,
              {{"X-One", "1"}, {"x-two", "two words"}, {"X-One", "again"}, {"X-Empty", ""}, {"Content-Length", "4"}},
              "body"});
    REQUIRE(server.requests().size() == 1);
    const auto seen = server.requests().front();
    CHECK(seen.request_line == "POST /a//../b%2Fc?q=1&q=2 HTTP/1.1");
    CHECK(seen.headers == Headers{{"Host", "127.0.0.1:" + std::to_string(server.port())},
                                  {"User-Agent", "azf-test/1"},
                                  {"Accept", "*/*"},
                                  {"X-Custom", "v"},
                                  {"X-Custom", "w"},
                                  {"X-Nothing", ""},
                                  {"Content-Length", "7"}});
    CHECK(seen.body == "grant=x");
  }

  TEST_CASE("every method is sent with the framing it needs") {
    struct Row {
      Method method;
      std::string body;
      std::optional<std::string_view> content_length;
    };
    LoopbackServer server(RawReply{"HTTP/1.1 204 No Content\r\n\r\n"});
    Client client;
    for (const auto& row : std::vector<Row>{{Method::kGet, "", std::nullopt},
                                            {Method::kGet, "query", "5"},
                                            {Method::kHead, "", std::nullopt},
                                            {Method::kPost, "", "0"},
                                            {Method::kPost, "form", "4"},
                                            {Method::kPut, "", "0"},
                                            {Method::kPut, "item", "4"},
                                            {Method::kPatch, "", "0"},
                                            {Method::kPatch, "change", "6"},
                                            {Method::kDelete, "", std::nullopt},
                                            {Method::kDelete, "why", "3"},
                                            {Method::kOptions, "", std::nullopt},
                                            {Method::kTrace, "", std::nullopt}}) {
      CAPTURE(azf::to_string(row.method));
      CAPTURE(row.body);
      const auto reply = client.send({.method = row.method, .url = server.url("/m"), .body = row.body});
      REQUIRE(reply);
      CHECK(reply->status == 204);
      const auto seen = server.requests().back();
      CHECK(seen.request_line == std::string(azf::to_string(row.method)) + " /m HTTP/1.1");
      CHECK(seen.headers.get("content-length") == row.content_length);
      CHECK(seen.body == row.body);
      for (const auto* name : {"Content-Type", "Expect", "Transfer-Encoding", "Accept-Encoding", "Cookie"}) {
        CHECK_FALSE(seen.headers.has(name));
      }
    }
    CHECK(server.connections() == 1);
  }

  TEST_CASE("framing fields of the caller are replaced by the right ones, his other fields win over ours") {
    LoopbackServer server(RawReply{kOk});
    Client client;
    REQUIRE(client.send({.method = Method::kPost,
                         .url = server.url(),
                         .headers = {{"content-length", "99"},
                                     {"Transfer-Encoding", "chunked"},
                                     {"Expect", "100-continue"},
                                     {"User-Agent", "mine"},
                                     {"Host", "other.example"},
                                     {"Content-Type", "text/plain"}},
                         .body = "abc"}));
    const auto seen = server.requests().front();
    CHECK(seen.headers.all("content-length") == std::vector<std::string_view>{"3"});
    CHECK_FALSE(seen.headers.has("transfer-encoding"));
    CHECK_FALSE(seen.headers.has("expect"));
    CHECK(seen.headers.all("user-agent") == std::vector<std::string_view>{"mine"});
    CHECK(seen.headers.all("host") == std::vector<std::string_view>{"other.example"});
    CHECK(seen.headers.all("content-type") == std::vector<std::string_view>{"text/plain"});
  }

  TEST_CASE("large bodies of any bytes arrive whole in both directions") {
    std::string bytes(3'000'000, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>((i * 7 + i / 251) % 256);
    LoopbackServer server([](const RawRequest& request) {
      return RawReply{"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" +
                      request.body};
    });
    Client client;
    auto options = plain_http();
    options.response_limit_bytes = bytes.size();
    const auto reply = client.send({.method = Method::kPut, .url = server.url(), .body = bytes}, options);
    REQUIRE(reply);
    CHECK(reply->body == bytes);
  }

  TEST_CASE("replies of every proper shape are read") {
    struct Row {
      std::string_view name;
      RawReply reply;
      HttpResponse expected;
    };
    for (const auto& row : std::vector<Row>{
             {"no content", {"HTTP/1.1 204 No Content\r\n\r\n"}, {204, {}, ""}},
             {"not modified", {"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"}, {304, {{"ETag", "x"}}, ""}},
             {"no reason", {"HTTP/1.1 418\r\nContent-Length: 0\r\n\r\n"}, {418, {{"Content-Length", "0"}}, ""}},
             {"error status with a body",
              {"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad"},
              {500, {{"Content-Length", "3"}}, "bad"}},
             {"chunked",
              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n"
               "X-Trailer: t\r\n\r\n"},
              {200, {{"Transfer-Encoding", "chunked"}}, "abc0123456789"}},
             {"until the end", {"HTTP/1.1 200 OK\r\n\r\nall of it", Then::kClose}, {200, {}, "all of it"}},
             {"HTTP/1.0", {"HTTP/1.0 200 OK\r\nA: b\r\n\r\nx", Then::kClose}, {200, {{"A", "b"}}, "x"}},
             {"bare line feeds", {"HTTP/1.1 200 OK\nContent-Length: 1\n\nx"}, {200, {{"Content-Length", "1"}}, "x"}},
             {"a folded field",
              {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nA: b\r\n  c\r\n\r\n"},
              {200, {{"Content-Length", "0"}, {"A", "b c"}}, ""}},
             {"interim replies are not the reply",
              {"HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + kOk},
              {200, {{"Content-Length", "2"}}, "ok"}},
             {"a redirect is not followed",
              {"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n"},
              {302, {{"Location", "/elsewhere"}, {"Content-Length", "0"}}, ""}},
             {"a challenge is not answered",
              {"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"},
              {401, {{"WWW-Authenticate", "Basic realm=x"}, {"Content-Length", "0"}}, ""}},
             {"a content coding is left as it is",
              {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b"},
              {200, {{"Content-Encoding", "gzip"}, {"Content-Length", "2"}}, "\x1f\x8b"}}}) {
      CAPTURE(row.name);
      LoopbackServer server(row.reply);
      Client client;
      const auto reply = client.get(server.url());
      REQUIRE(reply);
      CHECK(*reply == row.expected);
      CHECK(server.requests().size() == 1);
    }
  }

  TEST_CASE("the reply to HEAD has the length of a body and no body") {
    LoopbackServer server(RawReply{"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"});
    Client client;
    const auto reply = client.send({.method = Method::kHead, .url = server.url()});
    REQUIRE(reply);
    CHECK(*reply == HttpResponse{200, {{"Content-Length", "99999999"}}, ""});
    CHECK(client.send({.method = Method::kHead, .url = server.url()}));
    CHECK(server.connections() == 1);
  }

  TEST_CASE("what is no usable reply is an error that names method and URL, never the query") {
    struct Row {
      std::string_view name;
      RawReply reply;
      ErrorKind kind;
      std::string_view reason;
    };
    for (const auto& row : std::vector<Row>{
             {"closed at once", {"", Then::kClose}, ErrorKind::kTransport, "without a reply"},
             {"reset at once", {"", Then::kReset}, ErrorKind::kTransport, ""},
             {"cut in the status line", {"HTTP/1.1 2", Then::kClose}, ErrorKind::kTransport, "without a reply"},
             {"cut after the status line",
              {"HTTP/1.1 200 OK\r\n", Then::kClose},
              ErrorKind::kTransport,
              "closed inside the reply"},
             {"cut in the header",
              {"HTTP/1.1 200 OK\r\nContent-Le", Then::kClose},
              ErrorKind::kTransport,
              "closed inside the reply"},
             {"cut before the header's end",
              {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", Then::kClose},
              ErrorKind::kTransport,
              "closed inside the reply"},
             {"cut after an interim reply",
              {"HTTP/1.1 100 Continue\r\n\r\n", Then::kClose},
              ErrorKind::kTransport,
              "without a reply"},
             {"cut in the body",
              {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Then::kClose},
              ErrorKind::kTransport,
              "closed inside the reply"},
             {"cut in a chunk",
              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", Then::kClose},
              ErrorKind::kTransport,
              "closed inside the reply"},
             {"cut before the last chunk",
              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", Then::kClose},
              ErrorKind::kTransport,
              "closed inside the reply"},
             {"reset in the body",
              {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf", Then::kReset},
              ErrorKind::kTransport,
              ""},
             {"not HTTP", {"SSH-2.0-OpenSSH\r\n\r\n", Then::kClose}, ErrorKind::kUnexpectedResponse, "not valid HTTP"},
             {"a bad length",
              {"HTTP/1.1 200 OK\r\nContent-Length: ten\r\n\r\n0123456789"},
              ErrorKind::kUnexpectedResponse,
              "not valid HTTP"},
             {"a bad chunk size",
              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"},
              ErrorKind::kTransport,
              ""},
             {"an endless header",
              {"HTTP/1.1 200 OK\r\nA: " + std::string(400'000, 'a') + "\r\n\r\n"},
              ErrorKind::kUnexpectedResponse,
              "header is too long"},
             {"an unknown transfer coding",
              {"HTTP/1.1 200 OK\r\nTransfer-Encoding: rot13\r\n\r\nbxnl", Then::kClose},
              ErrorKind::kUnexpectedResponse,
              "not valid HTTP"}}) {
      CAPTURE(row.name);
      LoopbackServer server(row.reply);
      Client client;
      const auto reply = client.get(server.url("/token?sig=marker"));
      if (reply) CAPTURE(reply->status);
      REQUIRE_FALSE(reply);
      CAPTURE(reply.error().message);
      CHECK(reply.error().kind == row.kind);
      CHECK(reply.error().message.starts_with("GET " + server.url("/token") + ": "));
      CHECK(contains(reply.error().message, row.reason));
      CHECK_FALSE(contains(reply.error().message, "marker"));
    }
  }

  TEST_CASE("a reply may be as long as the limit and not a byte longer, with or without a length") {
    struct Row {
      std::string_view name;
      std::string head;
      std::string tail;
    };
    for (const auto& row : std::vector<Row>{
             {"length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde", ""},
             {"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n", "0\r\n\r\n"},
             {"until the end", "HTTP/1.1 200 OK\r\n\r\nabcde", ""}}) {
      CAPTURE(row.name);
      LoopbackServer server(RawReply{row.head + row.tail, Then::kClose});
      Client client;
      auto options = plain_http();
      options.response_limit_bytes = 5;
      const auto fits = client.get(server.url(), options);
      REQUIRE(fits);
      CHECK(fits->body == "abcde");

      options.response_limit_bytes = 4;
      const auto too_long = client.get(server.url(), options);
      REQUIRE_FALSE(too_long);
      CHECK(too_long.error().kind == ErrorKind::kUnexpectedResponse);
      CHECK(contains(too_long.error().message, "longer than 4 bytes"));
    }
  }

  TEST_CASE("a refused connection says so") {
    Client client;
    const auto reply = client.get(refusing_url());
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kTransport);
    CHECK(contains(reply.error().message, "Connection refused"));
    CHECK_FALSE(contains(reply.error().message, "marker"));
  }

  TEST_CASE("a name that cannot be resolved says so") {
    Client client;
    // libcurl resolves no name of this domain (RFC 7686), so that nothing leaves the machine.
    const auto reply = client.get("http://example.onion/");
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kTransport);
    CHECK(contains(reply.error().message, "GET http://example.onion/: the host name cannot be resolved"));
  }

  TEST_CASE("the try's limit ends a wait for the reply, and for the rest of a reply") {
    for (const char* bytes : {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}) {
      CAPTURE(bytes);
      LoopbackServer server(RawReply{bytes});
      Client client;
      auto options = plain_http();
      options.try_timeout = milliseconds(60);
      const auto reply = client.get(server.url(), options);
      REQUIRE_FALSE(reply);
      CHECK(reply.error().kind == ErrorKind::kTimeout);
      CHECK(contains(reply.error().message, *bytes == '\0' ? "before a reply came" : "inside the reply"));
    }
  }

  TEST_CASE("the connect limit covers the TLS handshake") {
    LoopbackServer server([](const RawRequest&) { return RawReply{}; });  // takes the handshake for a request's head
    Client client;
    SendOptions options;
    options.connect_timeout = milliseconds(60);
    const auto reply = client.get("https://127.0.0.1:" + std::to_string(server.port()) + "/", options);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kTimeout);
    CHECK(contains(reply.error().message, "before a connection stood"));
  }

  TEST_CASE("the deadline bounds both limits") {
    LoopbackServer server(RawReply{});
    Client client;
    auto options = plain_http();
    options.connect_timeout = options.try_timeout = milliseconds::max();
    options.deadline = Deadline::after(client.clock, milliseconds(60));
    const auto reply = client.get(server.url(), options);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kTimeout);
  }

  TEST_CASE("after the deadline nothing is sent") {
    LoopbackServer server(RawReply{kOk});
    const azf::test::FakeClock clock;
    const Environment environment;
    CurlTransport transport(clock, environment);
    auto options = plain_http();
    options.deadline = Deadline::after(clock, milliseconds(0));
    const auto reply = transport.send({.url = server.url()}, options);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kTimeout);
    CHECK(server.connections() == 0);
  }

  TEST_CASE("limits of zero are short, not endless") {
    LoopbackServer server(RawReply{});
    Client client;
    auto options = plain_http();
    options.try_timeout = options.connect_timeout = milliseconds(0);
    const auto reply = client.get(server.url(), options);
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kTimeout);
  }

  TEST_CASE("plain http is refused unless it is allowed") {
    LoopbackServer server(RawReply{kOk});
    Client client;
    const auto reply = client.get(server.url("/x?sig=marker"), SendOptions{});
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kInvalidArgument);
    CHECK(reply.error().message == "GET " + server.url("/x") + ": plain http is not allowed here; use https");
    CHECK(server.connections() == 0);
  }

  TEST_CASE("a request that cannot be sent as it is meant is refused, its contents not repeated") {
    LoopbackServer server(RawReply{kOk});
    Client client;
    for (const auto& request :
         std::vector<HttpRequest>{{.url = "marker"},
                                  {.url = "http://marker@127.0.0.1/"},
                                  {.url = "file:///marker"},
                                  {.method = Method::kConnect, .url = server.url()},
                                  {.method = Method::kHead, .url = server.url(), .body = "marker"},
                                  {.method = Method::kTrace, .url = server.url(), .body = "marker"},
                                  {.url = server.url(), .headers = {{"A", "marker\r\nB: c"}}},
                                  {.url = server.url(), .headers = {{"A", "marker\n"}}},
                                  {.url = server.url(), .headers = {{"A", std::string("marker\0", 7)}}},
                                  {.url = server.url(), .headers = {{"marker name", "v"}}},
                                  {.url = server.url(), .headers = {{"marker:", "v"}}},
                                  {.url = server.url(), .headers = {{"", "marker"}}}}) {
      const auto reply = client.send(request);
      REQUIRE_FALSE(reply);
      CAPTURE(reply.error().message);
      CHECK(reply.error().kind == ErrorKind::kInvalidArgument);
      CHECK_FALSE(contains(reply.error().message, "marker"));
    }
    CHECK(server.connections() == 0);
  }

  TEST_CASE("a connection is used again, and replaced when the server has closed it") {
    LoopbackServer server([](const RawRequest& request) {
      const bool last = contains(request.request_line, "/last");
      return RawReply{kOk, last ? Then::kClose : Then::kNextRequest};
    });
    Client client;
    CHECK(client.get(server.url("/first")));
    CHECK(client.get(server.url("/last")));
    CHECK(server.connections() == 1);
    CHECK(client.get(server.url("/next")));
    CHECK(server.connections() == 2);
  }

  TEST_CASE("requests to several servers in turn keep a connection to each") {
    LoopbackServer one(RawReply{kOk});
    LoopbackServer two(RawReply{kOk});
    Client client;
    for (int i = 0; i < 5; ++i) {
      CHECK(client.get(one.url()));
      CHECK(client.get(two.url()));
    }
    CHECK(one.connections() == 1);
    CHECK(two.connections() == 1);
  }

  TEST_CASE("one TLS handshake for 100 sequential calls") {
    const TestCertificateAuthority authority;
    const azf::test::TemporaryDirectory directory;
    TlsServer server(authority.issue({.names = {"127.0.0.1"}}));
    Client client(trusting(authority, directory));
    for (int i = 0; i < 100; ++i) {
      REQUIRE(client.send({.method = Method::kPost, .url = server.url("/chat"), .body = "{}"}, {}).value().status ==
              200);
    }
    CHECK(server.requests().size() == 100);
    CHECK(server.connections() == 1);
  }

  TEST_CASE("as many connections as callers at once, and each of them is used again") {
    constexpr int kCallers = 16;
    const TestCertificateAuthority authority;
    const azf::test::TemporaryDirectory directory;
    std::barrier all_there(kCallers);
    LoopbackServer server(
        [&](const RawRequest&) {
          all_there.arrive_and_wait();
          return RawReply{kOk};
        },
        azf::test::tls_channel(authority.issue({.names = {"127.0.0.1"}})));
    LoopbackServer other(RawReply{kOk});
    Client client(trusting(authority, directory));
    REQUIRE(client.get(other.url()));
    for (int round = 0; round < 3; ++round) {
      std::vector<std::future<Result<HttpResponse>>> calls;
      for (int i = 0; i < kCallers; ++i) {
        calls.push_back(std::async(std::launch::async, [&] {
          return client.get("https://127.0.0.1:" + std::to_string(server.port()) + "/", {});
        }));
      }
      for (auto& call : calls) CHECK(call.get());
    }
    CHECK(server.connections() == kCallers);
    REQUIRE(client.get(other.url()));
    CHECK(other.connections() == 1);
  }

  TEST_CASE("a burst to one server costs another one no connection, and leaves as many as may be kept") {
    constexpr int kCallers = 6;
    std::barrier all_there(kCallers);
    LoopbackServer busy([&](const RawRequest& request) {
      if (contains(request.request_line, "/burst")) all_there.arrive_and_wait();
      return RawReply{kOk};
    });
    LoopbackServer quiet(RawReply{kOk});
    const azf::SystemClock clock;
    const Environment environment;
    CurlTransport transport(clock, environment, {.user_agent = {}, .max_idle_handles = 3});
    REQUIRE(transport.send({.url = quiet.url()}, plain_http()));
    const auto burst = [&] {
      std::vector<std::future<Result<HttpResponse>>> calls;
      for (int i = 0; i < kCallers; ++i) {
        calls.push_back(
            std::async(std::launch::async, [&] { return transport.send({.url = busy.url("/burst")}, plain_http()); }));
      }
      for (auto& call : calls) CHECK(call.get());
    };
    burst();
    REQUIRE(transport.send({.url = quiet.url()}, plain_http()));
    CHECK(quiet.connections() == 1);
    burst();
    CHECK(busy.connections() == 2 * kCallers - 2);
  }

  TEST_CASE("HTTP/2 is offered to a TLS server, before HTTP/1.1") {
    std::promise<std::string> greeting;
    LoopbackServer server([](const RawRequest&) { return RawReply{}; },
                          [&](int socket) -> std::unique_ptr<azf::test::Channel> {
                            std::string bytes(4096, '\0');
                            bytes.resize(azf::test::plain_channel(socket)->read(bytes.data(), bytes.size()));
                            greeting.set_value(bytes);
                            return nullptr;
                          });
    Client client;
    CHECK_FALSE(client.get("https://127.0.0.1:" + std::to_string(server.port()) + "/", {}));
    CHECK(contains(greeting.get_future().get(), "\x02h2\x08http/1.1"));
  }

  TEST_CASE("a failure does not spoil the requests after it") {
    std::atomic<int> count{0};
    LoopbackServer server([&](const RawRequest&) {
      return count++ == 0 ? RawReply{"x", Then::kReset} : RawReply{kOk};
    });
    Client client;
    CHECK_FALSE(client.get(server.url()));
    CHECK(client.get(server.url()).value().body == "ok");
  }

  TEST_CASE("S-12: a connection that is closed without a reply is no reason to send again what must not be") {
    struct Row {
      const char* name;
      bool repeatable;
      std::string body;
      std::size_t requests;
    };
    for (const auto& row : {Row{"with a body", false, "code", 2}, Row{"without a body", false, "", 2},
                            Row{"harmless, and sent again by libcurl", true, "code", 3}}) {
      CAPTURE(row.name);
      std::atomic<int> count{0};
      LoopbackServer server([&](const RawRequest&) {
        return ++count == 1 ? RawReply{kOk} : count == 2 ? RawReply{"", Then::kClose} : RawReply{kOk};
      });
      Client client;
      REQUIRE(client.get(server.url()));
      auto options = plain_http();
      options.repeatable = row.repeatable;
      const auto reply = client.send({.method = Method::kPost, .url = server.url(), .body = row.body}, options);
      CHECK(reply.has_value() == row.repeatable);
      CHECK(server.requests().size() == row.requests);
      CHECK(server.requests()[1].body == row.body);
      if (reply) continue;
      CHECK(reply.error().kind == ErrorKind::kTransport);
      CHECK(reply.error().repetition == Repetition::kIfHarmless);
    }
  }

  TEST_CASE("requests that must not be sent twice use connections again") {
    LoopbackServer server(RawReply{kOk});
    Client client;
    auto options = plain_http();
    options.repeatable = false;
    const std::string large(1 << 20, 'x');
    for (const auto& body : {std::string("a"), large, std::string("b")}) {
      CHECK(client.send({.method = Method::kPost, .url = server.url(), .body = body}, options));
      CHECK(server.requests().back().body == body);
      CHECK(server.requests().back().headers.get("content-length") == std::to_string(body.size()));
    }
    CHECK(server.connections() == 1);
  }

  TEST_CASE("an error says whether the request was surely not sent") {
    Client client;
    CHECK(client.get(refusing_url()).error().repetition == Repetition::kSafe);
    CHECK(client.get("http://no-such-host.invalid/").error().repetition == Repetition::kSafe);

    LoopbackServer silent(RawReply{});
    auto options = plain_http();
    options.try_timeout = milliseconds(150);
    CHECK(client.get(silent.url(), options).error().repetition == Repetition::kIfHarmless);
    // The same server under https never ends the handshake.
    options.connect_timeout = milliseconds(100);
    LoopbackServer deaf([](const RawRequest&) { return RawReply{}; });
    const auto handshake = client.get("https://127.0.0.1:" + std::to_string(deaf.port()) + "/", options);
    CHECK(handshake.error().kind == ErrorKind::kTimeout);
    CHECK(handshake.error().repetition == Repetition::kSafe);
    options.deadline = Deadline::after(client.clock, milliseconds(0));
    CHECK(client.get(silent.url(), options).error().repetition == Repetition::kInVain);
  }

  TEST_CASE("eight threads send at once, and every one gets its own reply") {
    LoopbackServer server([](const RawRequest& request) {
      return RawReply{"HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" +
                      request.body};
    });
    Client client;
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int id = 0; id < 8; ++id) {
      threads.emplace_back([&, id] {
        for (int i = 0; i < 25; ++i) {
          const auto body = std::to_string(id) + "/" + std::to_string(i);
          const auto reply = client.send({.method = Method::kPost, .url = server.url(), .body = body});
          if (reply && reply->body == body) ++right;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(right == 8 * 25);
    CHECK(server.connections() <= 8);
  }

  TEST_CASE("the proxy that the environment names gets the absolute URL") {
    LoopbackServer proxy(RawReply{kOk});
    for (const char* variable : {"http_proxy", "all_proxy", "ALL_PROXY"}) {
      CAPTURE(variable);
      Environment environment;
      environment.set(variable, "http://user:marker@127.0.0.1:" + std::to_string(proxy.port()));
      Client client(environment);
      REQUIRE(client.get("http://service.example:81/x?y"));
      const auto seen = proxy.requests().back();
      CHECK(seen.request_line == "GET http://service.example:81/x?y HTTP/1.1");
      CHECK(seen.headers.get("host") == "service.example:81");
      CHECK(seen.headers.has("proxy-authorization"));
    }
  }

  TEST_CASE("I-10: no proxy is asked where it must not be, is exempted, or is named by HTTP_PROXY alone") {
    LoopbackServer proxy(RawReply{"HTTP/1.1 502 Proxy\r\nContent-Length: 0\r\n\r\n"});
    LoopbackServer server(RawReply{kOk});
    const auto proxy_url = "http://127.0.0.1:" + std::to_string(proxy.port());
    struct Row {
      std::map<std::string, std::string, std::less<>> variables;
      bool use_proxy;
    };
    for (const auto& row : std::vector<Row>{{{{"http_proxy", proxy_url}}, false},
                                            {{{"all_proxy", proxy_url}}, false},
                                            {{{"http_proxy", proxy_url}, {"NO_PROXY", "a.example,127.0.0.1"}}, true},
                                            {{{"http_proxy", proxy_url}, {"no_proxy", "127.0.0.0/8"}}, true},
                                            {{{"http_proxy", proxy_url}, {"no_proxy", "*"}}, true},
                                            {{{"HTTP_PROXY", proxy_url}}, true},
                                            {{{"https_proxy", proxy_url}}, true}}) {
      CAPTURE(row.variables.begin()->first);
      Client client{Environment(row.variables)};
      auto options = plain_http();
      options.use_proxy = row.use_proxy;
      const auto reply = client.get(server.url(), options);
      REQUIRE(reply);
      CHECK(reply->body == "ok");
    }
    CHECK(proxy.connections() == 0);
  }

  TEST_CASE("I-10: https asks its proxy for a tunnel, and a refusal names the variable, not the proxy's password") {
    LoopbackServer proxy(RawReply{"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"});
    for (const char* variable : {"https_proxy", "HTTPS_PROXY", "ALL_PROXY"}) {
      CAPTURE(variable);
      Environment environment;
      environment.set(variable, "http://user:marker@127.0.0.1:" + std::to_string(proxy.port()));
      Client client(environment);
      const auto reply =
          client.send({.url = "https://service.example/x?sig=marker", .headers = {{"Authorization", "Bearer marker"}}});
      REQUIRE_FALSE(reply);
      CAPTURE(reply.error().message);
      CHECK(reply.error().kind == ErrorKind::kTransport);
      CHECK(contains(reply.error().message, "the proxy answered CONNECT with status 403"));
      CHECK(contains(reply.error().message, variable));
      CHECK_FALSE(contains(reply.error().message, "marker"));
      CHECK(proxy.requests().back().request_line == "CONNECT service.example:443 HTTP/1.1");
      CHECK_FALSE(proxy.requests().back().headers.has("authorization"));
    }
  }

  TEST_CASE("a malformed or unreachable proxy is named by its variable, its password never shown") {
    const auto port = refusing_url().substr(std::string_view("http://127.0.0.1:").size());
    for (const std::string& proxy : {std::string("http://user:marker@bad host"), std::string("foo://user:marker@h"),
                                     std::string("http://user:marker@example.onion:1"),
                                     "http://user:marker@127.0.0.1:" + port.substr(0, port.find('/'))}) {
      Environment environment;
      environment.set("http_proxy", proxy);
      Client client(environment);
      const auto reply = client.get("http://service.example/");
      REQUIRE_FALSE(reply);
      CAPTURE(reply.error().message);
      CHECK(reply.error().kind == ErrorKind::kTransport);
      CHECK(contains(reply.error().message, "http_proxy"));
      CHECK_FALSE(contains(reply.error().message, "marker"));
    }
  }

  TEST_CASE("I-68: a server with a certificate of a trusted authority is believed, and no other") {
    const TestCertificateAuthority authority;
    const TestCertificateAuthority stranger("stranger");
    const azf::test::TemporaryDirectory directory;
    Environment environment;
    environment.set("SSL_CERT_FILE", directory.write("ca.pem", authority.certificate()));
    using std::chrono::hours;

    struct Row {
      std::string_view name;
      azf::test::CertifiedKey identity;
      std::string_view reason;  // empty: believed
    };
    for (const auto& row :
         std::vector<Row>{{"right host", authority.issue({.names = {"localhost", "127.0.0.1"}}), ""},
                          {"wrong host", authority.issue({.names = {"other.example"}}), "127.0.0.1"},
                          {"expired", authority.issue({{"127.0.0.1"}, hours(-2), hours(-1)}), "expired"},
                          {"not yet valid", authority.issue({{"127.0.0.1"}, hours(1), hours(2)}), "not yet valid"},
                          {"self-signed", azf::test::self_signed({.names = {"127.0.0.1"}}), "self-signed"},
                          {"stranger", stranger.issue({.names = {"127.0.0.1"}}), "unable to get local issuer"}}) {
      CAPTURE(row.name);
      LoopbackServer server([](const RawRequest&) { return RawReply{kOk}; }, azf::test::tls_channel(row.identity));
      Client client(environment);
      const auto url = "https://127.0.0.1:" + std::to_string(server.port()) + "/token";
      const auto reply = client.get(url + "?sig=marker", SendOptions{});
      if (row.reason.empty()) {
        REQUIRE(reply);
        CHECK(reply->body == "ok");
        CHECK(client.get(url, SendOptions{}));
        CHECK(server.connections() == 1);
        continue;
      }
      REQUIRE_FALSE(reply);
      CAPTURE(reply.error().message);
      CHECK(reply.error().kind == ErrorKind::kUnexpectedResponse);
      CHECK(contains(reply.error().message, "GET " + url + ": the server's certificate is not trusted: "));
      CHECK(contains(reply.error().message, row.reason));
      CHECK(contains(reply.error().message, directory.path() + "/ca.pem (SSL_CERT_FILE)"));
      CHECK_FALSE(contains(reply.error().message, "marker"));
      CHECK(server.requests().empty());
    }
  }

  TEST_CASE("a CA file that cannot be read is named") {
    const TestCertificateAuthority authority;
    LoopbackServer server([](const RawRequest&) { return RawReply{kOk}; },
                          azf::test::tls_channel(authority.issue({.names = {"127.0.0.1"}})));
    Environment environment;
    environment.set("CURL_CA_BUNDLE", "/no/such/ca.pem");
    Client client(environment);
    const auto reply = client.get("https://127.0.0.1:" + std::to_string(server.port()) + "/");
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kInvalidArgument);
    CHECK(contains(reply.error().message, "the CA certificates cannot be read: /no/such/ca.pem (CURL_CA_BUNDLE)"));
  }

  TEST_CASE("a server that does not speak TLS is reported as such") {
    LoopbackServer server([](const RawRequest&) { return RawReply{}; },
                          [](int socket) -> std::unique_ptr<azf::test::Channel> {
                            (void)azf::test::plain_channel(socket)->write("HTTP/1.1 400 Bad Request\r\n\r\n");
                            return azf::test::plain_channel(socket);
                          });
    Client client;
    const auto reply = client.get("https://127.0.0.1:" + std::to_string(server.port()) + "/");
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kTransport);
    CHECK(contains(reply.error().message, "the TLS handshake failed"));
  }

  TEST_CASE("through a tunnel the far server is verified, and the proxy's own header is not part of the reply") {
    const TestCertificateAuthority authority;
    const azf::test::TemporaryDirectory directory;
    LoopbackServer proxy([](const RawRequest&) { return RawReply{kOk}; },
                         azf::test::tls_channel(authority.issue({.names = {"service.example"}}),
                                                "HTTP/1.1 200 Established\r\nX-Proxy: 1\r\n\r\n"));
    Environment environment;
    environment.set("SSL_CERT_FILE", directory.write("ca.pem", authority.certificate()));
    environment.set("HTTPS_PROXY", "http://127.0.0.1:" + std::to_string(proxy.port()));
    Client client(environment);
    const auto reply = client.get("https://service.example:8443/x", SendOptions{});
    REQUIRE(reply);
    CHECK(*reply == HttpResponse{200, {{"Content-Length", "2"}}, "ok"});
    REQUIRE(proxy.requests().size() == 1);
    CHECK(proxy.requests().front().request_line == "GET /x HTTP/1.1");
    CHECK(proxy.requests().front().headers.get("host") == "service.example:8443");

    const auto other = client.get("https://other.example/", SendOptions{});
    REQUIRE_FALSE(other);
    CHECK(contains(other.error().message, "certificate is not trusted"));
  }

  TEST_CASE("I-3: a redirect is handed out, and its location not asked") {
    LoopbackServer elsewhere(RawReply{kOk});
    for (const char* status :
         {"301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"}) {
      CAPTURE(status);
      LoopbackServer server(RawReply{"HTTP/1.1 " + std::string(status) + "\r\nLocation: " + elsewhere.url("/other") +
                                     "\r\nContent-Length: 0\r\n\r\n"});
      Client client;
      const auto reply = client.send({.url = server.url(), .headers = {{"X-IDENTITY-HEADER", "marker"}}});
      REQUIRE(reply);
      CHECK(reply->status / 100 == 3);
      CHECK(server.requests().size() == 1);
    }
    CHECK(elsewhere.connections() == 0);
  }

  TEST_CASE("I-4: the Host field carries a port that is not the scheme's own") {
    LoopbackServer server(RawReply{kOk});
    Client client;
    REQUIRE(client.get(server.url("/msi/token")));
    REQUIRE(client.get("http://localhost:" + std::to_string(server.port()) + "/msi/token"));
    CHECK(server.requests().at(0).headers.get("host") == "127.0.0.1:" + std::to_string(server.port()));
    CHECK(server.requests().at(1).headers.get("host") == "localhost:" + std::to_string(server.port()));
  }

  TEST_CASE("I-40: the pinned certificate is believed without an authority, and whatever name and date it has") {
    const TestCertificateAuthority authority;
    using std::chrono::hours;
    for (const auto& identity :
         {azf::test::self_signed({.names = {"127.0.0.1"}}), azf::test::self_signed({.names = {"other.example"}}),
          azf::test::self_signed({{"127.0.0.1"}, hours(-2), hours(-1)}), authority.issue({.names = {"127.0.0.1"}})}) {
      TlsServer server(identity);
      Environment environment;
      environment.set("SSL_CERT_FILE", "/no/such/ca.pem");
      Client client(environment);
      std::string spaced;
      for (const char c : azf::test::sha1_of(identity)) {
        if (spaced.size() % 3 == 2) spaced.push_back(':');
        spaced.push_back(c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c);
      }
      for (const auto& pin : {azf::test::sha1_of(identity), spaced}) {
        CAPTURE(pin);
        const auto reply = client.get(server.url(), pinned_to(pin));
        REQUIRE(reply);
        CHECK(reply->body == "ok");
      }
      CHECK(server.connections() == 2);  // none is used again
    }
  }

  TEST_CASE(
      "I-40: a certificate that is not the pinned one gets no byte of HTTP, even if an authority vouches for it") {
    const TestCertificateAuthority authority;
    const azf::test::TemporaryDirectory directory;
    const auto other = azf::test::sha1_of(azf::test::self_signed({.names = {"127.0.0.1"}}));
    const HttpRequest request{.url = "", .headers = {{"Secret", "marker"}}};
    for (const auto& identity :
         {azf::test::self_signed({.names = {"127.0.0.1"}}), authority.issue({.names = {"127.0.0.1"}})}) {
      TlsServer server(identity);
      Client client(trusting(authority, directory));
      auto with_url = request;
      with_url.url = server.url();
      const auto reply = client.send(with_url, pinned_to(other));
      REQUIRE_FALSE(reply);
      CAPTURE(reply.error().message);
      CHECK(reply.error().kind == ErrorKind::kUnexpectedResponse);
      CHECK(reply.error().message == "GET " + server.url() + ": the server's certificate is not the pinned one");
      CHECK(server.connections() == 1);
      CHECK(server.http_bytes() == 0);
    }
  }

  TEST_CASE("I-40: a pin is looked at where a session could be resumed or a connection used again") {
    const TestCertificateAuthority authority;
    const azf::test::TemporaryDirectory directory;
    const auto identity = authority.issue({.names = {"127.0.0.1"}});
    const auto other = azf::test::sha1_of(azf::test::self_signed({.names = {"127.0.0.1"}}));
    for (const Then then : {Then::kNextRequest, Then::kClose}) {  // the connection stays, or only the session does
      CAPTURE(then == Then::kClose);
      TlsServer server(identity, then);
      Client client(trusting(authority, directory));
      REQUIRE(client.get(server.url(), SendOptions{}));
      REQUIRE(client.get(server.url(), pinned_to(azf::test::sha1_of(identity))));
      const auto seen = server.http_bytes();
      for (int i = 0; i < 3; ++i) CHECK_FALSE(client.get(server.url(), pinned_to(other)));
      CHECK(server.http_bytes() == seen);
    }
  }

  TEST_CASE("I-40: what a pin has allowed is not allowed to a request without it") {
    const auto identity = azf::test::self_signed({.names = {"127.0.0.1"}});
    const TestCertificateAuthority authority;
    const azf::test::TemporaryDirectory directory;
    TlsServer server(identity);
    Client client(trusting(authority, directory));
    REQUIRE(client.get(server.url(), pinned_to(azf::test::sha1_of(identity))));
    const auto reply = client.get(server.url(), SendOptions{});
    REQUIRE_FALSE(reply);
    CHECK(contains(reply.error().message, "certificate is not trusted"));
  }

  TEST_CASE("I-40: a pin that is none, or that plain http cannot keep, is refused before anything is sent") {
    LoopbackServer server(RawReply{kOk});
    Client client;
    auto options = plain_http();
    options.pinned_certificate_sha1 = std::string(40, 'a');
    CHECK(client.get(server.url(), options).error().kind == ErrorKind::kInvalidArgument);
    options.pinned_certificate_sha1 = "00";
    CHECK(client.get("https://127.0.0.1:1/", options).error().kind == ErrorKind::kInvalidArgument);
    CHECK(server.connections() == 0);
  }

  TEST_CASE("certificates given for a request take the place of the system's, for that request only") {
    const TestCertificateAuthority system("system");
    const TestCertificateAuthority given("given");
    const azf::test::TemporaryDirectory directory;
    TlsServer of_system(system.issue({.names = {"127.0.0.1"}}));
    TlsServer of_given(given.issue({.names = {"127.0.0.1"}}));
    Client client(trusting(system, directory));
    SendOptions options;
    options.ca_certificates = given.certificate();
    for (int i = 0; i < 2; ++i) {
      CHECK(client.get(of_given.url(), options));
      CHECK(client.get(of_system.url(), SendOptions{}));
      CHECK_FALSE(client.get(of_given.url(), SendOptions{}));
      const auto reply = client.get(of_system.url(), options);
      REQUIRE_FALSE(reply);
      CHECK(reply.error().kind == ErrorKind::kUnexpectedResponse);
      CHECK(contains(reply.error().message, "CA certificates: those given for this request"));
    }
    // A connection goes back to requests that trust the same.
    CHECK(of_given.requests().size() == 2);
    CHECK(of_system.requests().size() == 2);

    options.ca_certificates = "not PEM";
    const auto reply = client.get(of_given.url(), options);
    REQUIRE_FALSE(reply);
    CAPTURE(reply.error().message);
    CHECK(reply.error().kind == ErrorKind::kInvalidArgument);
  }

  TEST_CASE("a connection with certificates of its own is used again by requests that trust the same") {
    const TestCertificateAuthority given("given");
    TlsServer server(given.issue({.names = {"127.0.0.1"}}));
    Client client;
    SendOptions options;
    options.ca_certificates = given.certificate();
    for (int i = 0; i < 3; ++i) CHECK(client.get(server.url(), options));
    CHECK(server.connections() == 1);
  }

  TEST_CASE("TLS asks for and verifies the given name, while connection and Host field stay those of the URL") {
    const TestCertificateAuthority authority;
    TlsServer server(authority.issue({.names = {"inner.example"}}));
    Client client;
    SendOptions options;
    options.ca_certificates = authority.certificate();
    CHECK_FALSE(client.get(server.url(), options));
    options.tls_server_name = "Inner.example";
    for (const auto& target : {"/a//../b?q=1", "?q", ""}) {
      CAPTURE(target);
      REQUIRE(client.get(server.url(target), options));
      const std::string rest(target);
      CHECK(server.requests().back().request_line ==
            "GET " + (rest.starts_with('/') ? rest : "/" + rest) + " HTTP/1.1");
      CHECK(server.requests().back().headers.all("host") ==
            std::vector<std::string_view>{server.url("").substr(std::string_view("https://").size())});
    }
    REQUIRE(client.send({.url = server.url(), .headers = {{"Host", "mine.example"}}}, options));
    CHECK(server.requests().back().headers.all("host") == std::vector<std::string_view>{"mine.example"});

    CHECK_FALSE(client.get(server.url(), {.ca_certificates = authority.certificate()}));  // no connection of the other
    options.tls_server_name = "outer.example";
    const auto reply = client.get(server.url(), options);
    REQUIRE_FALSE(reply);
    CHECK(contains(reply.error().message, "GET " + server.url() + ": the server's certificate is not trusted"));
  }

  TEST_CASE("the name asked for stands in the TLS greeting") {
    std::promise<std::string> greeting;
    LoopbackServer server([](const RawRequest&) { return RawReply{}; },
                          [&](int socket) -> std::unique_ptr<azf::test::Channel> {
                            std::string bytes(4096, '\0');
                            bytes.resize(azf::test::plain_channel(socket)->read(bytes.data(), bytes.size()));
                            greeting.set_value(bytes);
                            return nullptr;
                          });
    Client client;
    CHECK_FALSE(
        client.get("https://localhost:" + std::to_string(server.port()) + "/", {.tls_server_name = "inner.example"}));
    const auto seen = greeting.get_future().get();
    CHECK(contains(seen, "inner.example"));
    CHECK_FALSE(contains(seen, "localhost"));
  }

  TEST_CASE("a TLS name that is no host name is refused before anything is sent") {
    Client client;
    for (const std::string name : {"a b", "host:443", "host/path", "user@host", "[::1]", "a\r\nb", "127.1"}) {
      CAPTURE(name);
      CHECK(client.get("https://127.0.0.1:1/", {.tls_server_name = name}).error().kind == ErrorKind::kInvalidArgument);
    }
  }

  TEST_CASE("a receiver takes the head, then the body as it comes") {
    const LoopbackServer server(
        RawReply{"HTTP/1.1 201 Created\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"});
    Client client;
    Receiver receiver;
    auto options = plain_http();
    options.receiver = &receiver;
    options.response_limit_bytes = 1;  // is for what is kept in memory
    const auto response = client.get(server.url(), options);
    REQUIRE(response);
    CHECK(response->body.empty());
    CHECK(response->status == 201);
    CHECK(receiver.head.status == 201);
    CHECK(receiver.head.headers.get("x-a") == "1");
    CHECK(receiver.body == "abc");
  }

  TEST_CASE("a receiver may leave a body to the response, and gets the head of a reply without one") {
    Client client;
    Receiver receiver;
    receiver.takes_body = false;
    auto options = plain_http();
    options.receiver = &receiver;
    const LoopbackServer refusing(RawReply{"HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno"});
    CHECK(client.get(refusing.url(), options).value().body == "no");
    CHECK(receiver.body.empty());

    Receiver other;
    options.receiver = &other;
    const LoopbackServer empty(RawReply{"HTTP/1.1 204 No Content\r\n\r\n"});
    CHECK(client.get(empty.url(), options));
    CHECK(other.head.status == 204);
  }

  TEST_CASE("a receiver's error ends the transfer and is the outcome") {
    const LoopbackServer server(RawReply{"HTTP/1.1 200 OK\r\n\r\nabc"});
    Client client;
    Receiver receiver;
    receiver.failure = Error{ErrorKind::kInvalidArgument, "no room"};
    auto options = plain_http();
    options.receiver = &receiver;
    const auto response = client.get(server.url(), options);
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::kInvalidArgument);
    CHECK(contains(response.error().message, "no room"));
  }

  TEST_CASE("with a receiver the limits are for the head and for pauses, not for the whole") {
    Client client;
    Receiver receiver;
    auto options = plain_http();
    options.receiver = &receiver;
    options.try_timeout = milliseconds(50);
    options.idle_timeout = milliseconds(50);
    const LoopbackServer silent(RawReply{""});
    const auto no_head = client.get(silent.url(), options);
    REQUIRE_FALSE(no_head);
    CHECK(no_head.error().kind == ErrorKind::kTimeout);
    CHECK(contains(no_head.error().message, "no reply came within 50 ms"));

    const LoopbackServer stalling(RawReply{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"});
    const auto stalled = client.get(stalling.url(), options);
    REQUIRE_FALSE(stalled);
    CHECK(stalled.error().kind == ErrorKind::kTimeout);
    CHECK(contains(stalled.error().message, "nothing more came of the reply for 50 ms"));
    CHECK(receiver.body == "abc");
  }

  TEST_CASE("a request that nobody wants any more ends") {
    const LoopbackServer silent(RawReply{""});
    Client client;
    auto options = plain_http();
    options.cancelled = [] { return true; };
    const auto response = client.get(silent.url(), options);
    REQUIRE_FALSE(response);
    CHECK(response.error().kind == ErrorKind::kCancelled);
  }

  TEST_CASE("after stop a request under way fails within about a second, and a new one at once") {
    std::promise<void> arrived;
    LoopbackServer server([&](const RawRequest&) {
      arrived.set_value();
      return RawReply{};
    });
    Client client;
    auto under_way = std::async(std::launch::async, [&] { return client.get(server.url()); });
    arrived.get_future().wait();
    const auto stopped = client.clock.steady_now();
    client.transport.stop();
    const auto reply = under_way.get();
    CHECK(client.clock.steady_now() - stopped < milliseconds(3000));
    REQUIRE_FALSE(reply);
    CHECK(reply.error().kind == ErrorKind::kTransport);
    CHECK(reply.error().message == "GET " + server.url() + ": the program is ending");

    const auto late = client.get(server.url());
    REQUIRE_FALSE(late);
    CHECK(late.error().message == reply.error().message);
    CHECK(server.connections() == 1);
    // Only the one under way may have had its effect.
    CHECK(reply.error().repetition == Repetition::kIfHarmless);
    CHECK(late.error().repetition == Repetition::kInVain);
  }
}
