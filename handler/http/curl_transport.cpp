#include "http/curl_transport.h"

#include "core/mutex.h"
#include "http/ca_bundle.h"
#include "http/certificate_pin.h"
#include "http/proxy.h"
#include "http/url.h"

#include <climits>
#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <new>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <sys/socket.h>
#include <system_error>
#include <utility>
#include <vector>

namespace azf {
namespace {

using std::chrono::milliseconds;

struct EasyDeleter {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
};
using EasyHandle = std::unique_ptr<CURL, EasyDeleter>;

struct ListDeleter {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListDeleter>;

EasyHandle new_handle() {
  EasyHandle handle(curl_easy_init());
  if (!handle) throw std::bad_alloc();
  return handle;
}

// Fails only for want of memory, or with a libcurl that was built without something this file depends on.
template <typename T>
void set(const EasyHandle& handle, CURLoption option, T value) {
  const CURLcode code = curl_easy_setopt(handle.get(), option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK) {
    throw std::logic_error("this libcurl does not support option " + std::to_string(option) +
                           " as it is used here: " + curl_easy_strerror(code));
  }
}

template <typename T>
T get(const EasyHandle& handle, CURLINFO what) {
  T value{};
  curl_easy_getinfo(handle.get(), what, &value);
  return value;
}

// What a connection must have been made with to serve a request. Connections of requests that differ in it are kept
// apart by us, as libcurl need not know everything that decides.
struct Trust {
  std::optional<CertificatePin> pin{};
  std::string ca_certificates{};
  std::string server_name{};

  friend bool operator==(const Trust&, const Trust&) = default;
};

Result<Trust> trust_for(const Url& url, const SendOptions& options) {
  const auto invalid = [](std::string text) { return Error{ErrorKind::kInvalidArgument, std::move(text)}; };
  Trust trust;
  if (!options.pinned_certificate_sha1.empty()) {
    trust.pin = parse_certificate_pin(options.pinned_certificate_sha1);
    if (!trust.pin) return invalid("the pinned certificate is not a SHA-1: 40 hexadecimal digits");
    if (url.scheme != "https") return invalid("a pinned certificate needs https");
  }
  if (url.scheme != "https") return trust;
  trust.ca_certificates = options.ca_certificates;
  if (options.tls_server_name.empty()) return trust;
  const auto named = parse_url("https://" + options.tls_server_name);
  if (!named || !equal_ignoring_case(named->host, options.tls_server_name)) {
    return invalid("the TLS server name is not a host name");
  }
  trust.server_name = named->host;
  return trust;
}

std::string host_in_url(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// `host[:port]` as it stands in the URL's own Host field.
std::string authority_of(const Url& url) {
  const auto text = without_query(url);
  const auto begin = url.scheme.size() + 3;
  return text.substr(begin, text.find('/', begin) - begin);
}

// What makes the request unfit to be sent; empty if nothing does.
std::string_view problem_of(const HttpRequest& request, const Url& url, const SendOptions& options) {
  if (url.scheme != "https" && !options.allow_plain_http) return "plain http is not allowed here; use https";
  if (request.method == Method::kConnect) return "CONNECT is for proxies only";
  if (!request.body.empty() && (request.method == Method::kHead || request.method == Method::kTrace)) {
    return "a request of this method has no body";
  }
  for (const auto& [name, value] : request.headers) {
    if (!is_field_name(name)) return "a header name has a character that none may have";
    if (!is_field_value(value)) return "a header value has a control character";
  }
  return {};
}

void append(HeaderList& list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list.get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list.release();
  list.reset(longer);
}

HeaderList header_list(const Headers& headers, const std::string& host) {
  HeaderList list;
  append(list, "Expect:");  // libcurl takes a name without a value as "do not send this one of yours"
  if (!host.empty() && !headers.has("host")) append(list, "Host: " + host);
  if (!headers.has("content-type")) append(list, "Content-Type:");
  for (const auto& [name, value] : headers) {
    const bool framing = equal_ignoring_case(name, "content-length") ||
                         equal_ignoring_case(name, "transfer-encoding") || equal_ignoring_case(name, "expect");
    if (framing) continue;
    std::string line(name);
    append(list, value.empty() ? line.append(";") : line.append(": ").append(value));  // `;` says: an empty value
  }
  return list;
}

// A request body that can be read once. libcurl itself sends a request again where a connection that it used before is
// closed without a reply; with a body that it cannot have twice it must not.
struct SingleUseBody {
  std::string_view left;
};

std::size_t read_body(char* buffer, std::size_t /*always_one*/, std::size_t size, void* context) noexcept {
  auto& left = static_cast<SingleUseBody*>(context)->left;
  const std::size_t count = left.copy(buffer, size);
  left.remove_prefix(count);
  return count;
}

// The handle refers to all of them from now on. `single_use` is the body of a request that must not be sent again, else
// null.
void apply_request(const EasyHandle& handle, const HttpRequest& request, const HeaderList& headers,
                   SingleUseBody* single_use) {
  set(handle, CURLOPT_URL, request.url.c_str());
  set(handle, CURLOPT_PATH_AS_IS, 1L);
  set(handle, CURLOPT_HTTPHEADER, headers.get());
  set(handle, CURLOPT_HEADEROPT, long{CURLHEADER_SEPARATE});  // a proxy gets none of our header fields

  const bool has_content_by_definition =
      request.method == Method::kPost || request.method == Method::kPut || request.method == Method::kPatch;
  if (request.method == Method::kHead) {
    set(handle, CURLOPT_NOBODY, 1L);
    return;  // nothing but reading, so it may be sent again
  }
  if (has_content_by_definition || !request.body.empty()) {
    set(handle, CURLOPT_POST, 1L);
    if (single_use == nullptr) {
      set(handle, CURLOPT_POSTFIELDS, request.body.data());
    } else {
      set(handle, CURLOPT_READFUNCTION, &read_body);
      set(handle, CURLOPT_READDATA, single_use);
    }
    set(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  // Without a body only a connection of its own keeps libcurl from it.
  if (single_use != nullptr && request.body.empty()) set(handle, CURLOPT_FRESH_CONNECT, 1L);
  set(handle, CURLOPT_CUSTOMREQUEST, std::string(to_string(request.method)).c_str());
}

struct Limits {
  milliseconds connect;
  milliseconds total;
};

// libcurl reads zero as "no limit", and takes no more than INT_MAX.
// A reply that a receiver takes may last; `Transfer` looks whether it still moves.
Limits limits_of(const SendOptions& options, std::chrono::nanoseconds remaining) {
  const auto left = std::chrono::floor<milliseconds>(remaining);
  const auto bounded = [left](milliseconds limit) {
    return std::clamp(std::min(limit, left), milliseconds(1), milliseconds(INT_MAX));
  };
  const auto unlimited = milliseconds(INT_MAX);
  return {bounded(options.connect_timeout), bounded(options.receiver == nullptr ? options.try_timeout : unlimited)};
}

void apply_limits(const EasyHandle& handle, const Limits& limits) {
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.total.count()));
}

// Child processes must not inherit a connection that carries tokens. libcurl itself does not ask for this flag.
curl_socket_t open_socket(void* /*context*/, curlsocktype /*purpose*/, curl_sockaddr* address) noexcept {
  return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// libcurl has no option for a TLS name other than the URL's host. So the URL names that one, and the connection goes
// where the request's own URL says.
struct Detour {
  std::string url;
  HeaderList connect_to;
};

Detour detour(const std::string& request_url, const Url& url, const Trust& trust) {
  Detour result;
  const auto port = std::to_string(url.port);
  const auto authority_end = request_url.find_first_of("/?", url.scheme.size() + 3);
  result.url = url.scheme + "://" + host_in_url(trust.server_name) + ":" + port;
  if (authority_end != std::string::npos) result.url.append(request_url, authority_end);
  append(result.connect_to, "::" + host_in_url(url.host) + ":" + port);  // whatever host and port the URL names
  return result;
}

CURLcode pin_tls_context(CURL* /*handle*/, void* tls_context, void* pin) noexcept {
  pin_server_certificate(tls_context, *static_cast<const CertificatePin*>(pin));
  return CURLE_OK;
}

// Whom TLS believes: after apply_security, whose certificates stay those for proxies. The handle refers to `trust`.
void apply_trust(const EasyHandle& handle, const Trust& trust) {
  if (!trust.ca_certificates.empty()) {
    const auto& pem = trust.ca_certificates;
    curl_blob blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY};
    set(handle, CURLOPT_CAINFO, static_cast<char*>(nullptr));
    set(handle, CURLOPT_CAPATH, static_cast<char*>(nullptr));
    set(handle, CURLOPT_CAINFO_BLOB, &blob);
  }
  if (!trust.pin) return;
  // The pin alone decides. SSL_VERIFYPEER stays on: should the callback ever be left out, nobody is believed.
  set(handle, CURLOPT_CAINFO, static_cast<char*>(nullptr));
  set(handle, CURLOPT_CAPATH, static_cast<char*>(nullptr));
  set(handle, CURLOPT_CAINFO_BLOB, static_cast<curl_blob*>(nullptr));
  set(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  set(handle, CURLOPT_SSL_CTX_FUNCTION, &pin_tls_context);
  set(handle, CURLOPT_SSL_CTX_DATA, &*trust.pin);
  // A resumed session shows no certificate, and a reused connection has shown it to somebody else.
  set(handle, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  set(handle, CURLOPT_FRESH_CONNECT, 1L);
  set(handle, CURLOPT_FORBID_REUSE, 1L);
}

void apply_security(const EasyHandle& handle, const CaBundle& ca, const SendOptions& options) {
  set(handle, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
  set(handle, CURLOPT_PROTOCOLS_STR, options.allow_plain_http ? "http,https" : "https");
  set(handle, CURLOPT_FOLLOWLOCATION, 0L);
  set(handle, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  // Without CURLOPT_NETRC, CURLOPT_COOKIEFILE and CURLOPT_ACCEPT_ENCODING libcurl does none of these three.
  const char* file = ca.file ? ca.file->path.c_str() : nullptr;
  const char* directory = ca.directory ? ca.directory->path.c_str() : nullptr;
  set(handle, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  set(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  set(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  set(handle, CURLOPT_CAINFO, file);
  set(handle, CURLOPT_CAPATH, directory);
  set(handle, CURLOPT_PROXY_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  set(handle, CURLOPT_PROXY_CAINFO, file);
  set(handle, CURLOPT_PROXY_CAPATH, directory);
}

// Both options are always set: where they are not, libcurl reads the process's variables itself.
void apply_proxy(const EasyHandle& handle, const std::optional<Proxy>& proxy, const Environment& environment) {
  set(handle, CURLOPT_PROXY, proxy ? proxy->url.c_str() : "");
  set(handle, CURLOPT_NOPROXY, proxy ? std::string(proxy_exemptions(environment)).c_str() : "*");
}

constexpr std::string_view kEnding = "the program is ending";

// libcurl reports success for a reply that ends inside its header.
struct ReplyHead {
  bool complete = false;
};

std::size_t receive_head_line(char* data, std::size_t /*always_one*/, std::size_t size, void* context) noexcept {
  const std::string_view line(data, size);
  auto& head = *static_cast<ReplyHead*>(context);
  if (line.starts_with("HTTP/")) head.complete = false;  // of an interim reply, a proxy's, or the final one
  if (line == "\r\n" || line == "\n") head.complete = true;
  return size;
}

// Those of the final reply alone: libcurl keeps 1xx replies, a proxy's answer to CONNECT and trailers apart.
Headers received_headers(const EasyHandle& handle) {
  Headers headers;
  constexpr int kLastReply = -1;
  curl_header* field = nullptr;
  while ((field = curl_easy_nextheader(handle.get(), CURLH_HEADER, kLastReply, field)) != nullptr) {
    headers.add(field->name, field->value);
  }
  return headers;
}

int status_of(const EasyHandle& handle) { return static_cast<int>(get<long>(handle, CURLINFO_RESPONSE_CODE)); }

// One reply as it comes, and what may end it before its time.
struct Transfer {
  const EasyHandle& handle;
  const SendOptions& options;
  const Clock& clock;
  const std::atomic<bool>& stopped;
  SteadyTime last_move;

  bool sent = false;  // a first byte of the request can have gone out
  std::string body{};
  bool begun = false;     // the receiver knows the head
  bool received = false;  // and takes the body
  std::optional<Error> failure{};
  std::exception_ptr exception{};

  void begin() {
    if (std::exchange(begun, true) || options.receiver == nullptr) return;
    received = options.receiver->begin({status_of(handle), received_headers(handle), {}});
  }

  bool take(std::string_view bytes) {
    begin();
    if (received) {
      auto outcome = options.receiver->receive(bytes);
      if (!outcome) failure = std::move(outcome).error();
    } else if (bytes.size() > options.response_limit_bytes - body.size()) {
      failure = Error{ErrorKind::kUnexpectedResponse,
                      "the reply is longer than " + std::to_string(options.response_limit_bytes) + " bytes"};
    } else {
      body.append(bytes);
    }
    last_move = clock.steady_now();
    return !failure;
  }

  // Why it must end now.
  [[nodiscard]] std::optional<Error> interruption() const {
    if (stopped) {
      return Error{ErrorKind::kTransport, std::string(kEnding), sent ? Repetition::kIfHarmless : Repetition::kInVain};
    }
    if (options.cancelled && options.cancelled()) {
      return Error{ErrorKind::kCancelled, "ended, because whoever asked for it has gone"};
    }
    if (options.receiver == nullptr) return std::nullopt;
    const auto limit = begun ? options.idle_timeout : options.try_timeout;
    if (clock.steady_now() - last_move < limit) return std::nullopt;
    const auto text = std::to_string(limit.count()) + " ms";
    return Error{ErrorKind::kTimeout,
                 begun ? "nothing more came of the reply for " + text : "no reply came within " + text};
  }
};

// Called when a connection stands, new or used before.
int note_sending(void* context, char* /*peer*/, char* /*own*/, int /*peer_port*/, int /*own_port*/) noexcept {
  static_cast<Transfer*>(context)->sent = true;
  return CURL_PREREQFUNC_OK;
}

std::size_t receive_body(char* data, std::size_t /*always_one*/, std::size_t size, void* context) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  try {
    return transfer.take({data, size}) ? size : CURL_WRITEFUNC_ERROR;
  } catch (...) {
    transfer.exception = std::current_exception();
    return CURL_WRITEFUNC_ERROR;
  }
}

// libcurl calls it about once a second even when nothing moves.
int check_for_end(void* context, curl_off_t /*to_receive*/, curl_off_t /*received*/, curl_off_t /*to_send*/,
                  curl_off_t /*sent*/) noexcept {
  auto& transfer = *static_cast<Transfer*>(context);
  try {
    if (auto reason = transfer.interruption()) transfer.failure = std::move(reason);
  } catch (...) {
    transfer.exception = std::current_exception();
  }
  return transfer.failure || transfer.exception ? 1 : 0;
}

std::string stage_of(const EasyHandle& handle) {
  if (get<curl_off_t>(handle, CURLINFO_NAMELOOKUP_TIME_T) == 0) return "while the host name was being resolved";
  if (get<curl_off_t>(handle, CURLINFO_PRETRANSFER_TIME_T) == 0) return "before a connection stood";
  if (get<curl_off_t>(handle, CURLINFO_STARTTRANSFER_TIME_T) == 0) return "before a reply came";
  return "inside the reply";
}

std::string elapsed(const EasyHandle& handle) {
  return std::to_string(get<curl_off_t>(handle, CURLINFO_TOTAL_TIME_T) / 1000) + " ms";
}

std::string system_reason(const EasyHandle& handle) {
  const long number = get<long>(handle, CURLINFO_OS_ERRNO);
  return number == 0 ? "" : ": " + std::system_category().message(static_cast<int>(number));
}

struct Failure {
  CURLcode code;
  // libcurl's own words. They may repeat the proxy's URL with its password, so they are used for TLS only.
  std::string_view detail;
  const EasyHandle& handle;
  const std::optional<Proxy>& proxy;
  const CaBundle& ca;
  const Trust& trust;
};

std::string trusted_certificates(const Failure& f) {
  return f.trust.ca_certificates.empty() ? describe(f.ca) : "those given for this request";
}

Error explain(const Failure& f) {
  const std::string by_proxy = f.proxy ? " (a proxy is set by " + f.proxy->variable + ")" : "";
  const auto transport = [](std::string text) { return Error{ErrorKind::kTransport, std::move(text)}; };
  const auto unexpected = [](std::string text) { return Error{ErrorKind::kUnexpectedResponse, std::move(text)}; };

  if (const long status = get<long>(f.handle, CURLINFO_HTTP_CONNECTCODE); status != 0 && status / 100 != 2) {
    return transport("the proxy answered CONNECT with status " + std::to_string(status) + by_proxy);
  }
  switch (f.code) {
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorKind::kTimeout, "timed out after " + elapsed(f.handle) + ", " + stage_of(f.handle) + by_proxy};
    case CURLE_COULDNT_RESOLVE_HOST:
      return transport("the host name cannot be resolved; check its spelling and this machine's DNS settings" +
                       by_proxy);
    case CURLE_COULDNT_RESOLVE_PROXY:
      return transport("the proxy's name is malformed or cannot be resolved" + by_proxy);
    case CURLE_COULDNT_CONNECT: return transport("no connection" + system_reason(f.handle) + by_proxy);
    case CURLE_PEER_FAILED_VERIFICATION:
      if (f.trust.pin) return unexpected("the server's certificate is not the pinned one");
      return unexpected("the server's certificate is not trusted: " + std::string(f.detail) +
                        "; CA certificates: " + trusted_certificates(f));
    case CURLE_SSL_CERTPROBLEM:  // of CURLOPT_CAINFO_BLOB; this program shows no certificate of its own
    case CURLE_SSL_CACERT_BADFILE:
      return {ErrorKind::kInvalidArgument, "the CA certificates cannot be read: " + trusted_certificates(f)};
    case CURLE_SSL_CONNECT_ERROR: return transport("the TLS handshake failed: " + std::string(f.detail) + by_proxy);
    case CURLE_SEND_FAIL_REWIND:
      return transport("the connection was closed without a reply, and the request may have had its effect" + by_proxy);
    case CURLE_GOT_NOTHING: return transport("the connection was closed without a reply" + by_proxy);
    case CURLE_PARTIAL_FILE: return transport("the connection was closed inside the reply" + by_proxy);
    case CURLE_UNSUPPORTED_PROTOCOL:  // "HTTP/0.9", libcurl's name for a reply without a status line
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return unexpected("the reply is not valid HTTP");
    case CURLE_TOO_LARGE: return unexpected("the reply's header is too long");
    case CURLE_URL_MALFORMAT: return {ErrorKind::kInvalidArgument, "libcurl does not accept the URL"};
    default: return transport(curl_easy_strerror(f.code) + system_reason(f.handle) + by_proxy);
  }
}

// libcurl as a whole, from the first request on.
struct Library {
  explicit Library(const Environment& environment) : ca(find_ca_bundle(environment)) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::bad_alloc();
  }
  ~Library() { curl_global_cleanup(); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  const CaBundle ca;
};

// Handles that nobody uses now. A handle holds its own connections and TLS sessions, so it is handed out for the server
// and the trust that it was used with and no other. What is surplus goes from the server that has most, so that a burst
// of requests to one costs no other its connection. Thread-safe.
class IdleHandles {
 public:
  explicit IdleHandles(std::size_t limit) : limit_(limit) {}

  EasyHandle take(const std::string& server, const Trust& trust) {
    {
      const MutexLock lock(mutex_);
      // The one used last: its connection is the least likely to have been closed meanwhile.
      const auto found = std::find_if(idle_.rbegin(), idle_.rend(),
                                      [&](const Idle& idle) { return idle.server == server && idle.trust == trust; });
      if (found != idle_.rend()) {
        auto handle = std::move(found->handle);
        idle_.erase(std::next(found).base());
        return handle;
      }
    }
    return new_handle();
  }

  void put(std::string server, Trust trust, EasyHandle handle) {
    curl_easy_reset(handle.get());  // forgets the request, keeps connections, TLS sessions and resolved names
    EasyHandle surplus;             // destroyed after the lock, as that closes connections
    const MutexLock lock(mutex_);
    idle_.push_back({std::move(server), std::move(trust), std::move(handle)});
    if (idle_.size() <= limit_) return;
    const auto least_missed = oldest_of_most();
    surplus = std::move(least_missed->handle);
    idle_.erase(least_missed);
  }

 private:
  struct Idle {
    std::string server;
    Trust trust;
    EasyHandle handle;
  };

  std::vector<Idle>::iterator oldest_of_most() REQUIRES(mutex_) {
    std::map<std::string_view, std::size_t> counts;
    for (const Idle& idle : idle_) ++counts[idle.server];
    return std::ranges::max_element(idle_, {}, [&](const Idle& idle) { return counts[idle.server]; });
  }

  const std::size_t limit_;
  Mutex mutex_;
  std::vector<Idle> idle_ GUARDED_BY(mutex_);
};

}  // namespace

class CurlTransport::Engine {
 public:
  Engine(const Clock& clock, const Environment& environment, CurlTransportOptions options)
      : clock_(clock), environment_(environment), options_(std::move(options)), idle_(options_.max_idle_handles) {}

  Result<HttpResponse> send(const HttpRequest& request, const SendOptions& options) {
    const auto url = parse_url(request.url);
    if (!url) return with_context(url.error(), to_string(request.method));
    const auto where = std::string(to_string(request.method)) + " " + without_query(*url);
    if (const auto problem = problem_of(request, *url, options); !problem.empty()) {
      return Error{ErrorKind::kInvalidArgument, where + ": " + std::string(problem)};
    }
    auto trust = trust_for(*url, options);
    if (!trust) return with_context(std::move(trust).error(), where);
    if (stopped_) return Error{ErrorKind::kTransport, where + ": " + std::string(kEnding), Repetition::kInVain};
    if (options.deadline.passed(clock_)) {
      return Error{ErrorKind::kTimeout, where + ": not sent, as the deadline has passed", Repetition::kInVain};
    }
    std::call_once(started_, [this] { library_.emplace(environment_); });

    auto outcome = exchange(request, *url, options, *std::move(trust));
    if (!outcome) return with_context(std::move(outcome).error(), where);
    return outcome;
  }

  void stop() { stopped_ = true; }

 private:
  Result<HttpResponse> exchange(const HttpRequest& request, const Url& url, const SendOptions& options, Trust trust) {
    const auto server = url.scheme + "://" + url.host + ":" + std::to_string(url.port);
    const bool detoured = !trust.server_name.empty();
    const auto headers = header_list(request.headers, detoured ? authority_of(url) : "");
    const auto way = detoured ? detour(request.url, url, trust) : Detour{};
    const auto proxy = options.use_proxy ? find_proxy(environment_, url.scheme) : std::nullopt;
    std::array<char, CURL_ERROR_SIZE> detail{};
    ReplyHead head;

    auto handle = trust.pin ? new_handle() : idle_.take(server, trust);
    Transfer transfer{handle, options, clock_, stopped_, clock_.steady_now()};
    SingleUseBody body{request.body};
    apply_request(handle, request, headers, options.repeatable ? nullptr : &body);
    if (detoured) {
      set(handle, CURLOPT_URL, way.url.c_str());
      set(handle, CURLOPT_CONNECT_TO, way.connect_to.get());
    }
    apply_limits(handle, limits_of(options, options.deadline.remaining(clock_)));
    apply_security(handle, library_->ca, options);
    apply_trust(handle, trust);
    apply_proxy(handle, proxy, environment_);
    if (!options_.user_agent.empty()) set(handle, CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(handle, CURLOPT_HEADERFUNCTION, &receive_head_line);
    set(handle, CURLOPT_HEADERDATA, &head);
    set(handle, CURLOPT_PREREQFUNCTION, &note_sending);
    set(handle, CURLOPT_PREREQDATA, &transfer);
    set(handle, CURLOPT_WRITEFUNCTION, &receive_body);
    set(handle, CURLOPT_WRITEDATA, &transfer);
    set(handle, CURLOPT_ERRORBUFFER, detail.data());
    set(handle, CURLOPT_NOPROGRESS, 0L);
    set(handle, CURLOPT_XFERINFOFUNCTION, &check_for_end);
    set(handle, CURLOPT_XFERINFODATA, &transfer);

    CURLcode code = curl_easy_perform(handle.get());
    if (transfer.exception) std::rethrow_exception(transfer.exception);
    const auto status = status_of(handle);
    if (code == CURLE_OK && (!head.complete || status < 200)) code = CURLE_PARTIAL_FILE;
    // A handle that failed is not used again, so that nothing it remembers, such as a DNS server, outlives the fault.
    auto failure = std::move(transfer.failure);
    if (!failure && code != CURLE_OK) failure = explain({code, detail.data(), handle, proxy, library_->ca, trust});
    if (failure) {
      if (!transfer.sent && failure->repetition == Repetition::kIfHarmless) failure->repetition = Repetition::kSafe;
      return *std::move(failure);
    }
    transfer.begin();  // of a reply without a body
    HttpResponse response{status, received_headers(handle), std::move(transfer.body)};
    if (!trust.pin) idle_.put(server, std::move(trust), std::move(handle));
    return response;
  }

  const Clock& clock_;
  const Environment& environment_;
  const CurlTransportOptions options_;

  std::atomic<bool> stopped_ = false;
  std::once_flag started_;
  std::optional<Library> library_;  // written under started_
  IdleHandles idle_;
};

CurlTransport::CurlTransport(const Clock& clock, const Environment& environment, CurlTransportOptions options)
    : engine_(std::make_unique<Engine>(clock, environment, std::move(options))) {}

CurlTransport::~CurlTransport() = default;

Result<HttpResponse> CurlTransport::send(const HttpRequest& request, const SendOptions& options) {
  return engine_->send(request, options);
}

void CurlTransport::stop() { engine_->stop(); }

}  // namespace azf
