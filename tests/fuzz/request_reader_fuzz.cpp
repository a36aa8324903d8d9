#include "fuzz/fuzz_target.h"
#include "fuzz/pieces.h"
#include "fuzz/property.h"
#include "server/field_line.h"
#include "server/request_reader.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace azf::test {
namespace {

struct Understood {
  HttpRequest request;
  bool keeps_alive;
  bool is_http_1_0;

  friend bool operator==(const Understood&, const Understood&) = default;
};

// What a connection brought: requests, and behind them an incomplete one, a refused one or nothing.
struct Reading {
  std::vector<Understood> requests{};
  int refused_status = 0;
  std::string_view refused_detail{};
  bool untouched = true;
  bool in_body = false;
  bool expects_continue = false;

  friend bool operator==(const Reading&, const Reading&) = default;
};

// With `takes_body` the bodies are taken out as they come, and put together here.
Reading read_all(const Pieces& pieces, const RequestLimits& limits, bool takes_body = false) {
  Reading reading;
  RequestReader reader(limits);
  std::string taken;
  for (std::string_view piece : pieces) {
    while (!piece.empty()) {
      const auto progress = reader.read(piece);
      if (takes_body) taken += reader.take_body();
      if (progress == RequestReader::Progress::kRefused) {
        reading.refused_status = reader.refusal().status;
        reading.refused_detail = reader.refusal().detail;
        return reading;
      }
      require(progress == RequestReader::Progress::kComplete || piece.empty(), "all input of a part is consumed");
      if (progress != RequestReader::Progress::kComplete) continue;
      reading.requests.push_back({reader.request(), reader.keeps_alive(), reader.is_http_1_0()});
      if (takes_body) reading.requests.back().request.body = std::exchange(taken, {});
      reader.reset();
      require(reader.untouched() && reader.request() == HttpRequest{.method = reader.request().method},
              "nothing is left after a reset");
    }
  }
  reading.untouched = reader.untouched();
  reading.in_body = reader.in_body();
  reading.expects_continue = reader.expects_continue();
  return reading;
}

void check_accepted(const Understood& understood, const RequestLimits& limits) {
  const HttpRequest& request = understood.request;
  const bool asks_server = request.url == "*" && request.method == Method::kOptions;
  require(request.url.starts_with('/') || asks_server, "the URL is a path, or OPTIONS asks the server");
  require(std::ranges::all_of(request.url, [](char c) { return c > ' ' && c < '\x7f' && c != '#'; }),
          "the URL has printable ASCII only, and no fragment");
  require(request.method != Method::kTrace && request.method != Method::kConnect, "TRACE and CONNECT are refused");

  std::size_t bytes = 0;
  for (const auto& [name, value] : request.headers) {
    require(is_field_name(name), "a name is a token");
    require(is_field_value(value), "a value has no control character");
    require(value.empty() || (!is_blank(value.front()) && !is_blank(value.back())), "a value has no blanks around it");
    bytes += name.size() + value.size();
  }
  // The authority of the target may have become a field.
  require(request.headers.size() <= limits.field_count + 1, "the number of fields is limited");
  require(bytes <= limits.fields_bytes + limits.request_line_bytes, "the size of the fields is limited");
  require(request.body.size() <= limits.body_bytes, "the size of the body is limited");

  const auto hosts = request.headers.all("Host").size();
  require(hosts == 1 || (hosts == 0 && understood.is_http_1_0), "there is one host, but for HTTP/1.0");
  const auto lengths = request.headers.all("Content-Length");
  const auto codings = request.headers.all("Transfer-Encoding").size();
  require(lengths.size() + codings <= 1, "the body is framed once");
  require(lengths.size() + codings == 1 || request.body.empty(), "a body is framed");
  require(codings == 0 || !understood.is_http_1_0, "HTTP/1.0 has no transfer coding");
}

std::string written(const Understood& understood) {
  const HttpRequest& request = understood.request;
  std::string text(to_string(request.method));
  text.append(" ").append(request.url).append(understood.is_http_1_0 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
  for (const auto& [name, value] : request.headers) text.append(name).append(":").append(value).append("\r\n");
  text.append("\r\n");
  if (!request.headers.has("Transfer-Encoding")) return text + request.body;
  for (const char c : request.body) text.append("1\r\n").append(1, c).append("\r\n");
  return text + "0\r\n\r\n";
}

void check(std::string_view input, const RequestLimits& limits) {
  const auto cuts = all_cuts(input);
  const Reading reading = read_all(cuts.front(), limits);
  for (const Pieces& pieces : cuts) {
    require(read_all(pieces, limits) == reading, "it does not matter in which pieces the input comes");
    require(read_all(pieces, limits, true) == reading, "it does not matter whether a body is taken out as it comes");
  }
  require(reading.refused_status == 0 || (reading.refused_status >= 400 && reading.refused_status < 600),
          "a refusal has the status of a failure");
  require_printable(reading.refused_detail, "a refusal says why in printable text");
  require((reading.refused_status == 0) == reading.refused_detail.empty(), "a refusal says why");
  require(!reading.expects_continue || reading.in_body, "the peer waits only before a body");

  // A name and a value keep their size without the blanks; the host may be a field more.
  RequestLimits wider = limits;
  wider.field_bytes += limits.request_line_bytes;
  wider.fields_bytes += limits.request_line_bytes + limits.field_count;
  wider.field_count += 1;
  for (const Understood& understood : reading.requests) {
    check_accepted(understood, limits);
    const Reading again = read_all({written(understood)}, wider);
    require(again.requests.size() == 1 && again.requests.front() == understood && again.untouched,
            "a written request is read back");
  }
}

}  // namespace

void fuzz_request_reader(std::string_view input) {
  check(input, {});
  // Small enough for a fuzzer to reach them.
  check(input, {.request_line_bytes = 48,
                .field_bytes = 40,
                .fields_bytes = 128,
                .field_count = 6,
                .body_bytes = 24,
                .trailer_bytes = 24,
                .trailer_count = 2});
}

}  // namespace azf::test
