#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "http/message.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace azf {

/// Replies of some statuses may have a number of repetitions of their own. Value.
struct RetryRule {
  std::vector<int> statuses;
  /// Repetitions after replies of these statuses, counted apart from all others.
  int max_retries = 0;
  /// Where the last of these repetitions began sooner than this after the first try, there are more, until one began
  /// later. Their waits are not shorter than the computed ones, even if the reply allows it.
  std::chrono::milliseconds persist_for{0};
};

/// When and how often a request is sent again. Only `RetryingTransport` acts on it, the program's one retry loop.
/// The wait before repetition n (n = 1, 2, ...) is `base_delay * factor(n)`, at most `delay_limit`, times a random
/// number in [0.8, 1.3); a reply's Retry-After (seconds or HTTP date), retry-after-ms or x-ms-retry-after-ms takes
/// its place, and ends the loop where it is longer than `retry_after_limit`. Value.
struct RetryPolicy {
  enum class Growth { kDoubling, kDoublingLessOne };  ///< factor 2^(n-1), or 2^n - 1 as azcore of Go has it

  /// Repetitions after the first try, of replies with one of `statuses` and of tries without a reply; 0 sends once.
  int max_retries = 0;
  std::chrono::milliseconds base_delay{800};
  std::chrono::milliseconds delay_limit{60'000};
  Growth growth = Growth::kDoublingLessOne;
  std::chrono::milliseconds retry_after_limit{60'000};
  /// No repetition starts later than this after the first try began.
  std::chrono::milliseconds total_limit{60'000};
  /// Reply statuses that are worth another try.
  std::vector<int> statuses;
  /// Statuses that are repeated in another way. They need not be among `statuses`.
  std::vector<RetryRule> rules{};
  /// Whether a try without any reply (`kTransport`, `kTimeout` of that try) is repeated.
  bool on_transport_errors = true;

  static RetryPolicy none() { return {}; }
};

/// Takes a reply piece by piece, while it comes: for replies that are shown at once or are too large for memory.
class ReplyReceiver {
 public:
  virtual ~ReplyReceiver() = default;
  /// Called once, before the body, with the status and header fields of the final reply. Whether this object takes the
  /// body; else it is read as a whole into the response that `send` returns, as is right for error replies.
  virtual bool begin(const HttpResponse& head) = 0;
  /// The next bytes. An error ends the transfer and is what `send` returns. May wait; that time counts for no limit but
  /// the deadline.
  virtual Result<Success> receive(std::string_view bytes) = 0;
};

/// How one request is to be sent. Value.
struct SendOptions {
  /// Gives up for good, all tries and waits together.
  Deadline deadline = Deadline::never();
  /// Limit for name look-up, TCP and TLS of one try.
  std::chrono::milliseconds connect_timeout{10'000};
  /// Limit for one try as a whole.
  std::chrono::milliseconds try_timeout{30'000};
  /// A longer reply body is `kUnexpectedResponse`.
  std::size_t response_limit_bytes = std::size_t{1} << 20;
  /// Plain `http` is refused unless this is set; it is for link-local and loopback identity endpoints only.
  bool allow_plain_http = false;
  /// Identity endpoints of the platform must never be asked through a proxy: it would see their secret.
  bool use_proxy = true;
  /// SHA-1 of the one certificate that the server may show, as hexadecimal digits in any case, blanks and colons
  /// between them ignored. It takes the place of the CA certificates and of the check of the host's name, and is looked
  /// at in every TLS handshake, that of an `https` proxy included. Such a request has a connection of its own. Empty:
  /// no pin. A text that is not a SHA-1, or a URL that is not `https`, is `kInvalidArgument`.
  std::string pinned_certificate_sha1{};
  /// PEM text of CA certificates that the server is checked against instead of the system's; empty for those.
  std::string ca_certificates{};
  /// Name to ask for and to verify in TLS instead of the URL's host; empty for that one. The connection and the `Host`
  /// field stay those of the URL, but `no_proxy` is compared with this name. Plain `http` does not heed it.
  std::string tls_server_name{};
  RetryPolicy retry = RetryPolicy::none();
  /// Whether a reply is not worth another try, whatever `retry` says of its status. Empty: its status decides.
  std::function<bool(const HttpResponse&)> is_final{};
  /// Takes the body of the reply instead of `HttpResponse::body`. Null: none. It must outlive the call. A request is
  /// not repeated once it has taken the head. With it `try_timeout` is the limit for the head alone, `idle_timeout` the
  /// one between two pieces of the body.
  ReplyReceiver* receiver = nullptr;
  std::chrono::milliseconds idle_timeout{60'000};
  /// Asked about once a second, by the calling thread; true ends the call with `kCancelled`. Empty: never.
  std::function<bool()> cancelled{};
};

/// Sends requests. A reply of any status is a success here; only "no usable reply" is an error: `kTransport` and
/// `kTimeout`, which another try may mend; `kCancelled`, which `SendOptions::cancelled` asked for;
/// `kUnexpectedResponse` (reply too long, no HTTP, a certificate that is not trusted) and `kInvalidArgument` (URL,
/// header field, CA certificates), which it would not. Redirects are never followed, TLS is always verified.
/// Implementations are thread-safe.
class HttpTransport {
 public:
  virtual ~HttpTransport() = default;
  virtual Result<HttpResponse> send(const HttpRequest& request, const SendOptions& options) = 0;
};

}  // namespace azf
