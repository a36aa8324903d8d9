#include "conformance/request_cases.h"

#include <string>
#include <string_view>

namespace azf::test {
namespace {

std::string old(std::string_view fields) { return std::string("GET /x HTTP/1.0\r\n").append(fields).append("\r\n"); }

}  // namespace

Topic connection_cases() {
  const std::vector<std::string> kept = {"!Connection: close"};
  return {
      "connection",
      {
          {"HTTP/1.1", "9112 9.3", get(), accept().saying(kept), must_accept().and_keep()},
          {"keep-alive", "9112 9.3", get("Connection: keep-alive\r\n"), accept().saying(kept),
           must_accept().and_keep()},
          {"empty", "9110 7.6.1", get("Connection:\r\n"), accept().saying(kept), must_accept().and_keep()},
          {"another option", "9110 7.6.1", get("Connection: x\r\n"), accept().saying(kept), must_accept().and_keep()},
          {"an option that ends in close", "9110 7.6.1", get("Connection: x-close\r\n"), accept().saying(kept),
           must_accept().and_keep()},
          {"an option that begins with close", "9110 7.6.1", get("Connection: closed\r\n"), accept().saying(kept),
           must_accept().and_keep()},
          {"close in another field", "9112 9.6", get("X-Connection: close\r\n"), accept().saying(kept),
           must_accept().and_keep()},

          {"close", "9112 9.6", get("Connection: close\r\n"), accept_last({"GET /x"}), must_accept().and_end()},
          {"close in upper case", "9110 7.6.1", get("Connection: CLOSE\r\n"), accept_last(), must_accept().and_end()},
          {"name in lower case", "9110 5.1", get("connection: Close\r\n"), accept_last(), must_accept().and_end()},
          {"close first", "9110 7.6.1", get("Connection: close, x\r\n"), accept_last(), must_accept().and_end()},
          {"close last", "9110 7.6.1", get("Connection: x, close\r\n"), accept_last(), must_accept().and_end()},
          {"close without blanks around", "9110 7.6.1", get("Connection: x,close,y\r\n"), accept_last(),
           must_accept().and_end()},
          {"close with blanks around", "9110 5.6.1", get("Connection: x \t,\t close \t\r\n"), accept_last(),
           must_accept().and_end()},
          {"close behind empty members", "9110 5.6.1", get("Connection: ,, close\r\n"), accept_last(),
           must_accept().and_end()},
          {"close in a second field", "9110 5.3", get("Connection: x\r\nConnection: close\r\n"), accept_last(),
           must_accept().and_end()},
          {"keep-alive and close", "9112 9.3", get("Connection: keep-alive, close\r\n"), accept_last(),
           must_accept().and_end()},
          {"close and keep-alive in a second field", "9112 9.3", get("Connection: close\r\nConnection: keep-alive\r\n"),
           accept_last(), must_accept().and_end()},
          {"close and a body", "9112 9.6", post("Connection: close\r\nContent-Length: 5\r\n", "hello"),
           accept_last({"body: hello"}), must_accept().and_end()},
          {"close and chunks", "9112 9.6",
           post("Connection: close\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
           accept_last({"body: hello"}), must_accept().and_end()},
          {"close and HEAD", "9112 9.6", "HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", accept_last(),
           must_accept().and_end()},

          {"HTTP/1.0", "9112 9.3", old(""), accept_last({"GET /x"}), must_accept().and_end()},
          {"HTTP/1.0, close", "9112 9.3", old("Connection: close\r\n"), accept_last(), must_accept().and_end()},
          {"HTTP/1.0, another option", "9112 9.3", old("Connection: x\r\n"), accept_last(), must_accept().and_end()},
          {"HTTP/1.0, keep-alive", "9112 9.3", old("Connection: keep-alive\r\n"),
           accept({"GET /x"}).saying({"Connection: keep-alive"}), may_accept()},
          {"HTTP/1.0, keep-alive in another letter case", "9110 7.6.1", old("Connection: Keep-Alive\r\n"),
           accept().saying({"Connection: keep-alive"}), may_accept()},
          {"HTTP/1.0, keep-alive in a list", "9110 7.6.1", old("Connection: x, keep-alive\r\n"),
           accept().saying({"Connection: keep-alive"}), may_accept()},
          {"HTTP/1.0, keep-alive and a body", "9112 9.3",
           "POST /x HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
           accept({"body: hello"}).saying({"Connection: keep-alive"}), may_accept()},
          {"HTTP/1.0, keep-alive and close", "9112 9.3", old("Connection: keep-alive, close\r\n"), accept_last(),
           must_accept().and_end()},
          {"HTTP/1.0, only the field Keep-Alive", "9112 9.3", old("Keep-Alive: timeout=5\r\n"), accept_last(),
           must_accept().and_end()},
          {"HTTP/1.0, Proxy-Connection", "9112 9.3", old("Proxy-Connection: keep-alive\r\n"), accept_last(),
           must_accept().and_end()},

          {"Upgrade to h2c", "9110 7.8",
           get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"),
           accept({"GET /x"}).saying({"!Upgrade: *"}), may_accept()},
          {"Upgrade to WebSocket", "9110 7.8",
           get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
           accept({"GET /x"}).saying({"!Upgrade: *"}), may_accept()},
          {"Upgrade to what nobody knows", "9110 7.8", get("Connection: Upgrade\r\nUpgrade: x/1\r\n"),
           accept({"GET /x"}), may_accept()},
          {"Upgrade and a body", "9110 7.8",
           post("Connection: Upgrade\r\nUpgrade: x/1\r\nContent-Length: 5\r\n", "hello"), accept({"body: hello"}),
           may_accept()},
          {"Upgrade in HTTP/1.0", "9110 7.8", old("Connection: Upgrade\r\nUpgrade: h2c\r\n"), accept_last({"GET /x"}),
           must_accept().and_end()},
      },
  };
}

Topic expect_cases() {
  const std::string_view head = "Expect: 100-continue\r\nContent-Length: 5\r\n";
  return {
      "Expect",
      {
          {"content after the interim reply", "9110 10.1.1", post(head, ""),
           accept({"body: hello"}).with_interim(Interim::kMust), must_accept().with_interim(Interim::kMust), "hello"},
          {"letter case", "9110 10.1.1", post("expect: 100-CONTINUE\r\nContent-Length: 5\r\n", ""),
           accept({"body: hello"}).with_interim(Interim::kMust), must_accept().with_interim(Interim::kMust), "hello"},
          {"chunks after the interim reply", "9110 10.1.1",
           post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", ""),
           accept({"body: hello"}).with_interim(Interim::kMust), must_accept().with_interim(Interim::kMust),
           "5\r\nhello\r\n0\r\n\r\n"},
          {"and close", "9110 10.1.1", post("Connection: close\r\nExpect: 100-continue\r\nContent-Length: 5\r\n", ""),
           accept_last({"body: hello"}).with_interim(Interim::kMust),
           must_accept().and_end().with_interim(Interim::kMust), "hello"},
          {"for PUT", "9110 10.1.1", "PUT /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
           accept({"PUT /x", "body: hello"}).with_interim(Interim::kMust), must_accept().with_interim(Interim::kMust),
           "hello"},
          {"content at once", "9110 10.1.1", post(head, "hello"), accept({"body: hello"}).with_interim(Interim::kMay),
           must_accept()},
          {"some content at once", "9110 10.1.1", post(head, "hel"),
           accept({"body: hello"}).with_interim(Interim::kMay), not_asked(), "lo"},
          {"no content", "9110 10.1.1", get("Expect: 100-continue\r\n"), accept({"body: "}), must_accept()},
          {"content of length zero", "9110 10.1.1", post("Expect: 100-continue\r\nContent-Length: 0\r\n", ""),
           accept({"body: "}), must_accept()},
          {"HTTP/1.0", "9110 10.1.1", "POST /x HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
           accept_last({"body: hello"}), must_accept().and_end().with_interim(Interim::kNever)},
          {"too much content", "9110 10.1.1", post("Expect: 100-continue\r\nContent-Length: 65537\r\n", ""),
           refuse(413), not_asked()},
          {"wrong length", "9110 10.1.1", post("Expect: 100-continue\r\nContent-Length: x\r\n", ""), refuse(400),
           must_refuse({400}).and_end()},
          {"unknown method", "9110 10.1.1",
           "BREW /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", refuse(501),
           not_asked()},
          {"no Host", "9110 10.1.1", "POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
           refuse(400), must_refuse({400})},
          {"another expectation", "9110 15.5.18", post("Expect: x\r\nContent-Length: 5\r\n", "hello"), refuse(417),
           may_accept()},
          {"another expectation, no content", "9110 15.5.18", get("Expect: 200-ok\r\n"), refuse(417), may_accept()},
          {"100-continue and another one", "9110 15.5.18",
           post("Expect: 100-continue, x\r\nContent-Length: 5\r\n", "hello"), refuse(417), may_accept()},
          {"100-continue with a value", "9110 15.5.18",
           post("Expect: 100-continue=1\r\nContent-Length: 5\r\n", "hello"), refuse(417), may_accept()},
      },
  };
}

Topic pipelining_cases() {
  const std::string last = get("Connection: close\r\n");
  return {
      "pipelining",
      {
          {"two", "9112 9.3.2", get() + get(), accept().after(1), must_accept()},
          {"ten", "9112 9.3.2", repeated(get(), 10), accept().after(9), must_accept()},
          {"a hundred", "9112 9.3.2", repeated(get(), 100), accept().after(99), must_accept()},
          {"in order", "9112 9.3.2", get() + "GET /y HTTP/1.1\r\nHost: h\r\n\r\n", accept({"GET /y"}).after(1),
           must_accept()},
          {"body before", "9112 9.3.2", post("Content-Length: 5\r\n", "hello") + get(),
           accept({"GET /x", "body: "}).after(1), must_accept()},
          {"body behind", "9112 9.3.2", get() + post("Content-Length: 5\r\n", "hello"),
           accept({"body: hello"}).after(1), must_accept()},
          {"chunks before", "9112 9.3.2", chunked("5\r\nhello\r\n0\r\n\r\n") + get(),
           accept({"GET /x", "body: "}).after(1), must_accept()},
          {"chunks and trailer before", "9112 9.3.2", chunked("5\r\nhello\r\n0\r\nX: v\r\n\r\n") + get(),
           accept({"GET /x", "body: "}).after(1), must_accept()},
          {"HEAD before", "9112 6.3", "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n" + get(), accept({"GET /x"}).after(1),
           must_accept()},
          {"empty line between", "9112 2.2", post("Content-Length: 5\r\n", "hello") + "\r\n" + get(),
           accept({"GET /x"}).after(1), should_accept()},
          {"two empty lines between", "9112 2.2", get() + "\r\n\r\n" + get(), refuse(400).after(1), not_asked()},
          {"bytes between", "9112 6.3", post("Content-Length: 5\r\n", "hello!") + get(), refuse({400, 501}).after(1),
           not_asked()},
          {"the second wrong", "9112 9.3.2", get() + get("X : v\r\n"), refuse(400).after(1), not_asked()},
          {"the second the last", "9112 9.3.2", get() + last, accept_last().after(1), must_accept().and_end()},
          {"the second HTTP/1.0", "9112 9.3.2", get() + old(""), accept_last().after(1), must_accept().and_end()},
          {"the first HTTP/1.0, kept alive", "9112 9.3.2", old("Connection: keep-alive\r\n") + get(), accept().after(1),
           not_asked()},
          {"nothing behind the last", "9112 9.6", last + get(), accept_last(), may_accept().and_end()},
          {"nothing behind a wrong one", "9112 9.6", get("X : v\r\n") + get(), refuse(400), must_refuse({400})},
      },
  };
}

}  // namespace azf::test
