// The least that an HTTP server with an event loop can do for a request: no parser, no routes, one thread, the same
// bytes for everything that is read. Other servers are measured against it to see what their work costs.
#define _GNU_SOURCE  // accept4
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { kEvents = 256 };

int main(void) {
  static const char kAnswer[] =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\n"
      "Hello, world!";
  const char* const port = getenv("FUNCTIONS_CUSTOMHANDLER_PORT");
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int loop = epoll_create1(EPOLL_CLOEXEC);
  const int on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET};
  struct epoll_event event = {.events = EPOLLIN};
  if (port == NULL || listener < 0 || loop < 0) return 1;
  event.data.fd = listener;
  address.sin_port = htons((unsigned short)atoi(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(listener, (const struct sockaddr*)&address, sizeof address) != 0 || listen(listener, SOMAXCONN) != 0 ||
      epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event) != 0) {
    return 1;
  }
  for (;;) {
    struct epoll_event events[kEvents];
    const int count = epoll_wait(loop, events, kEvents, -1);
    for (int i = 0; i < count; ++i) {
      const int socket = events[i].data.fd;
      char request[8192];
      if (socket == listener) {
        event.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (event.data.fd < 0) continue;
        setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_ctl(loop, EPOLL_CTL_ADD, event.data.fd, &event);
      } else if (read(socket, request, sizeof request) <= 0 ||
                 write(socket, kAnswer, sizeof kAnswer - 1) != (ssize_t)sizeof kAnswer - 1) {
        close(socket);
      }
    }
  }
}
