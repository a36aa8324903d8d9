#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "server/request_reader.h"

#define CPPHTTPLIB_USE_POLL
#define CPPHTTPLIB_REQUEST_URI_MAX_LENGTH 65536
#define CPPHTTPLIB_HEADER_MAX_LENGTH 65536
#define CPPHTTPLIB_HEADER_MAX_COUNT 512
#define CPPHTTPLIB_MAX_LINE_LENGTH 131072
#include <httplib.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace azf::test {
namespace {

// Gives an input to httplib, and throws its response away.
class InputStream final : public httplib::Stream {
 public:
  explicit InputStream(std::string_view input) : input_(input) {}
  [[nodiscard]] std::size_t consumed() const { return consumed_; }

  ssize_t read(char* bytes, std::size_t size) override {
    const auto taken = input_.substr(consumed_, size);
    std::ranges::copy(taken, bytes);
    consumed_ += taken.size();
    return static_cast<ssize_t>(taken.size());
  }
  ssize_t write(const char*, std::size_t size) override { return static_cast<ssize_t>(size); }
  [[nodiscard]] bool is_readable() const override { return true; }
  [[nodiscard]] bool is_writable() const override { return true; }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  [[nodiscard]] socket_t socket() const override { return -1; }

 private:
  std::string_view input_;
  std::size_t consumed_ = 0;
};

// The values of each name, names in lower case.
using Fields = std::map<std::string, std::vector<std::string>>;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return result;
}

// A request as it was understood, and how many bytes it was.
struct Understood {
  std::string method;
  std::string target;
  std::string version;
  Fields fields;
  std::string body;
  std::string_view bytes;  // as it came
};

std::optional<Understood> read_by_us(std::string_view input) {
  const RequestLimits limits;
  RequestReader reader(limits);
  std::string_view rest = input;
  if (reader.read(rest) != RequestReader::Progress::kComplete) return std::nullopt;
  const HttpRequest& request = reader.request();
  Understood understood{.method = std::string(to_string(request.method)),
                        .target = request.url,
                        .version = reader.is_http_1_0() ? "HTTP/1.0" : "HTTP/1.1",
                        .fields = {},
                        .body = request.body,
                        .bytes = input.substr(0, input.size() - rest.size())};
  for (const auto& [name, value] : request.headers) understood.fields[lower(name)].emplace_back(value);
  return understood;
}

// Reads with httplib what comes before its sockets and routes.
class Httplib final : public httplib::Server {
 public:
  Httplib() {
    // Every request has this path; see `take_head`.
    constexpr const char* kPattern = "/:r";
    const auto take_body = [this](const httplib::Request& request, httplib::Response&) {
      understood_.body = request.body;
      accepted_ = true;
    };
    Get(kPattern, take_body);  // also HEAD
    Options(kPattern, take_body);
    Post(kPattern, take_body);
    Put(kPattern, take_body);
    Patch(kPattern, take_body);
    Delete(kPattern, take_body);
  }

  std::optional<Understood> read(std::string_view input) {
    understood_ = {};
    accepted_ = false;
    InputStream stream(input);
    bool closed = false;
    process_request(stream, {}, 0, {}, 0, false, closed, [this](httplib::Request& request) { take_head(request); });
    understood_.bytes = input.substr(0, stream.consumed());
    return accepted_ ? std::optional(understood_) : std::nullopt;
  }

 private:
  void take_head(httplib::Request& request) {
    understood_.method = request.method;
    understood_.target = request.target;
    understood_.version = request.version;
    for (const auto& [name, value] : request.headers) understood_.fields[lower(name)].push_back(value);
    // Its own words about the connection.
    for (const auto& [name, value] : {std::pair("remote_addr", ""), std::pair("remote_port", "0"),
                                      std::pair("local_addr", ""), std::pair("local_port", "0")}) {
      const auto found = understood_.fields.find(name);
      auto& values = found->second;
      values.erase(std::ranges::find(values, value));
      if (values.empty()) understood_.fields.erase(found);
    }
    // What it would do with a body beyond reading it: multipart, decompression, ranges.
    for (const char* name : {"Content-Type", "Content-Encoding", "Accept-Encoding", "Range", "If-Range"}) {
      request.headers.erase(name);
    }
    request.ranges.clear();
    if (!request.has_header("Content-Length") && !request.has_header("Transfer-Encoding")) {
      request.set_header("Content-Length", "0");
    }
    request.path = "/r";
  }

  Understood understood_;
  bool accepted_ = false;
};

// From here on: the rows of the table in README.md, "Where cpp-httplib reads otherwise".

constexpr std::string_view kEmptyLine = "\r\n";

bool may_be_refused(const Understood& ours) {
  const std::string behind_head = lower(ours.bytes.substr(ours.bytes.find("\r\n\r\n")));
  const bool type_in_trailers = ours.fields.contains("transfer-encoding") && contains(behind_head, "\r\ncontent-type:");
  return ours.fields.contains("range") || type_in_trailers;
}

bool leaves_body_unread(const Understood& ours) {
  return ours.method == "DELETE" && ours.fields.contains("transfer-encoding");
}

bool is_absolute_form_of(std::string_view target, std::string_view url) {
  const std::string start = lower(target.substr(0, 8));
  return (start.starts_with("http://") || start == "https://") &&
         (target.ends_with(url) || target.ends_with(url.substr(1)));
}

Fields decoded(Fields fields) {
  for (auto& [name, values] : fields) {
    if (name == "location" || name == "referer") continue;
    for (std::string& value : values) value = httplib::detail::decode_url(value, false);
  }
  return fields;
}

Fields sorted(Fields fields) {
  for (auto& [name, values] : fields) std::ranges::sort(values);
  return fields;
}

}  // namespace

// Requests of one connection. What we accept httplib must accept, too, and understand likewise; the reverse does not
// hold, as it is the more lenient one.
void fuzz_request_differential(std::string_view input) {
  static Httplib httplib;
  while (auto ours = read_by_us(input)) {
    const std::size_t skipped = input.starts_with(kEmptyLine) ? kEmptyLine.size() : 0;
    auto theirs = httplib.read(input.substr(skipped));
    if (!theirs && may_be_refused(*ours)) return;
    require(theirs.has_value(), "httplib accepts what we accept");
    require(ours->method == theirs->method, "the method is the same");
    require(ours->version == theirs->version, "the version is the same");
    if (ours->target != theirs->target) {
      require(is_absolute_form_of(theirs->target, ours->target), "the target is the same");
      ours->fields.erase("host");
      theirs->fields.erase("host");
    }
    require(sorted(decoded(ours->fields)) == sorted(theirs->fields), "the header fields are the same");
    if (leaves_body_unread(*ours)) {
      require(theirs->body.empty() && theirs->bytes.size() + skipped < ours->bytes.size(),
              "the body of a DELETE is left unread");
    } else {
      require(ours->body == theirs->body, "the body is the same");
      require(ours->bytes.size() == theirs->bytes.size() + skipped, "the request ends at the same byte");
    }
    input.remove_prefix(ours->bytes.size());
  }
}

}  // namespace azf::test
