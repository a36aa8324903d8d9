// The smallest server that a Functions host takes for a custom handler: no runtime but C's, one connection at a time,
// the same answer to everything. What it needs from exec to its first answer is the least that any static program does.
#define _GNU_SOURCE  // accept4
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(void) {
  static const char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  const char* const port = getenv("FUNCTIONS_CUSTOMHANDLER_PORT");
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET};
  if (port == NULL || listener < 0) return 1;
  address.sin_port = htons((unsigned short)atoi(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(listener, (const struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 16) != 0) {
    return 1;
  }
  for (;;) {
    char request[4096];
    const int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (connection < 0) return 1;
    while (read(connection, request, sizeof request) > 0) {
      if (write(connection, kAnswer, sizeof kAnswer - 1) < 0) break;
    }
    close(connection);
  }
}
