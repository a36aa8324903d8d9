// A custom handler that does what a test tells it to, by arguments and by `replies.json` in its working directory:
// `{"<path>": {"status": 200, "headers": [["name", "value"]], "body": "text or any JSON", "drop": true}}`. What it was
// `"pieces": ["a", "b"]` in place of a body are streamed, and with `"endless": true` the reply has no end: when its
// taker goes, that is one more thing seen, `{"abandoned": "<path>"}`. What it was
// asked is served at `/api/seen?count=N`, which answers once N other requests have come in; `/api/exit?exit_code=N`
// ends the process.
//
// --log FILE        append a line with the arguments at every start
// --crashes N CODE  at the first N starts (counted in FILE) exit with CODE before listening
// --print TEXT      write TEXT to standard output; --complain TEXT to standard error
// --close-probe     answer GET / by closing the connection
// --mute-probe      never answer GET /
// --deaf            never listen
// --ignore-term     ignore SIGTERM

#include "core/clock.h"
#include "core/json.h"
#include "core/mutex.h"
#include "emulator/variables.h"
#include "emulator/wire/coding.h"
#include "emulator/wire/http_server.h"

#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using azf::Json;
using azf::Mutex;
using azf::MutexLock;
using azf::emulator::find_header;
using azf::emulator::find_parameter;
using azf::emulator::json_reply;
using azf::emulator::Reply;
using azf::emulator::ReplyWriter;
using azf::emulator::Request;

// Zero for what is no number.
int parse_number(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

struct Orders {
  std::string log_file;
  std::string output;
  std::string complaint;
  int crashes = 0;
  int crash_code = 0;
  bool close_probe = false;
  bool mute_probe = false;
  bool deaf = false;
};

Orders parse_orders(const std::vector<std::string>& words) {
  Orders orders;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--log") orders.log_file = words[++i];
    if (words[i] == "--crashes") {
      orders.crashes = parse_number(words[++i]);
      orders.crash_code = parse_number(words[++i]);
    }
    if (words[i] == "--print") orders.output = words[++i];
    if (words[i] == "--complain") orders.complaint = words[++i];
    if (words[i] == "--close-probe") orders.close_probe = true;
    if (words[i] == "--mute-probe") orders.mute_probe = true;
    if (words[i] == "--deaf") orders.deaf = true;
    if (words[i] == "--ignore-term") std::signal(SIGTERM, SIG_IGN);
  }
  return orders;
}

// How many starts the log has, this one included.
int log_start(const std::string& file, const std::vector<std::string>& words) {
  std::ofstream log(file, std::ios::app);
  for (const auto& word : words) log << word << ' ';
  log << '\n' << std::flush;
  std::ifstream reader(file);
  int lines = 0;
  for (std::string line; std::getline(reader, line);) ++lines;
  return lines;
}

class FakeHandler {
 public:
  explicit FakeHandler(const Orders& orders) : orders_(orders) {
    std::ifstream file("replies.json");
    auto replies = azf::parse_json(std::string(std::istreambuf_iterator<char>(file), {}));
    if (replies) replies_ = *replies;
  }

  std::optional<Reply> answer(const Request& request, ReplyWriter& writer) {
    const std::string path(request.path());
    const auto query = azf::emulator::parse_parameters(request.query());
    const std::string* invocation = find_header(request.headers, "X-Azure-Functions-InvocationId");
    if (path == "/" && invocation == nullptr) return probed();
    if (path == "/api/seen") return seen(static_cast<std::size_t>(parse_number(*find_parameter(query, "count"))));
    if (path == "/api/exit") ::_exit(parse_number(*find_parameter(query, "exit_code")));
    remember(request);
    const Json* reply = azf::find_member(replies_, path);
    if (reply == nullptr) return json_reply(200, Json::object());
    if (azf::find_member(*reply, "drop") != nullptr) return std::nullopt;
    if (const Json* pieces = azf::find_member(*reply, "pieces")) {
      return stream(path, *pieces, azf::find_member(*reply, "endless") != nullptr, writer);
    }
    return scripted(*reply);
  }

 private:
  std::optional<Reply> probed() const {
    if (orders_.mute_probe) ::pause();
    if (orders_.close_probe) return std::nullopt;
    return Reply{};
  }

  std::optional<Reply> stream(const std::string& path, const Json& pieces, bool endless, ReplyWriter& writer) {
    (void)writer.begin({200, "", {{"Content-Type", "text/event-stream"}}, ""});
    for (const Json& piece : pieces) (void)writer.write(piece.get<std::string>());
    if (!endless) return Reply{};
    while (!writer.abandoned()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const MutexLock lock(mutex_);
    seen_.push_back({{"abandoned", path}});
    changed_.notify_all();
    return std::nullopt;
  }

  static Reply scripted(const Json& json) {
    Reply reply;
    reply.status = static_cast<int>(azf::optional_integer(json, "status")->value_or(200));
    if (const Json* headers = azf::find_member(json, "headers")) {
      for (const auto& pair : *headers)
        reply.headers.push_back({pair[0].get<std::string>(), pair[1].get<std::string>()});
    }
    if (const Json* body = azf::find_member(json, "body")) {
      reply.body = body->is_string() ? body->get<std::string>() : azf::to_text(*body);
    }
    return reply;
  }

  void remember(const Request& request) {
    Json headers = Json::array();
    for (const auto& field : request.headers) headers.push_back({field.name, field.value});
    const MutexLock lock(mutex_);
    seen_.push_back({{"method", request.method},
                     {"target", request.target},
                     {"headers", std::move(headers)},
                     {"body", request.body}});
    changed_.notify_all();
  }

  Reply seen(std::size_t count) {
    const MutexLock lock(mutex_);
    while (seen_.size() < count) changed_.wait(mutex_);
    return json_reply(200, seen_);
  }

  const Orders orders_;
  Json replies_;
  Mutex mutex_;
  azf::ConditionVariable changed_;
  Json seen_ GUARDED_BY(mutex_) = Json::array();
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  const Orders orders = parse_orders(words);
  const int start = orders.log_file.empty() ? 1 : log_start(orders.log_file, words);
  if (!orders.output.empty()) std::puts(orders.output.c_str());
  if (!orders.complaint.empty()) std::fprintf(stderr, "%s\n", orders.complaint.c_str());
  std::fflush(stdout);
  if (start <= orders.crashes) return orders.crash_code;
  if (orders.deaf) ::pause();

  const auto variables = azf::emulator::parse_variables(environ);
  const auto port = variables.find("FUNCTIONS_CUSTOMHANDLER_PORT");
  if (port == variables.end()) return 2;
  auto listener = azf::emulator::listen_loopback(parse_number(port->second));
  if (!listener) return 3;
  const azf::SystemClock clock;
  FakeHandler handler(orders);
  const azf::emulator::HttpServer server(
      std::move(*listener),
      [&handler](const Request& request, ReplyWriter& writer) { return handler.answer(request, writer); }, clock);
  while (true) ::pause();
}
