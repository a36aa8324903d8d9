#include "e2e/handler_app.h"
#include "e2e/hosted_app.h"
#include "support/child_process.h"
#include "support/raw_connection.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <map>
#include <signal.h>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using azf::Json;
using azf::test::header_of;
using azf::test::HostedApp;
using azf::test::json_body;
using azf::test::RawConnection;

namespace {

using namespace std::chrono_literals;

using Environment = std::map<std::string, std::string>;

constexpr auto kQuestion = R"({"messages":[{"role":"user","content":"Say hello."}]})";
constexpr auto kStreamedQuestion = R"({"messages":[{"role":"user","content":"Say hello."}],"stream":true})";

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

int status_of(const std::string& response) {
  int status = 0;
  if (response.size() > 12) std::from_chars(response.data() + 9, response.data() + 12, status);
  return status;
}

// What a stand-in has made says so, in the header and in a JSON body.
void check_marked(const std::string& response) {
  CHECK(header_of(response, "X-AZF-Demo") == "stand-in");
  if (contains(header_of(response, "Content-Type"), "json")) CHECK(json_body(response).value("demo", false));
}

Json checked_json(const std::string& response, int status) {
  CAPTURE(response);
  REQUIRE(status_of(response) == status);
  check_marked(response);
  return json_body(response);
}

// Code for a session, a new one or that of an earlier response.
std::string run(const HostedApp& app, const std::string& code, const std::string& session = "") {
  Json body = {{"code", code}};
  if (!session.empty()) body["session"] = session;
  return app.post("/api/execute", body.dump());
}

void ask_for_stream(RawConnection& connection, const std::string& target = "/api/chat",
                    const std::string& body = kStreamedQuestion) {
  connection.send("POST " + target +
                  " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n"
                  "Content-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body);
}

// The whole of such a response, which comes in chunks.
std::string streamed_chat(const HostedApp& app) {
  RawConnection connection(app.port());
  ask_for_stream(connection);
  return connection.read_to_end();
}

// The body of such a response. One that breaks off is an empty text.
std::string dechunked(std::string_view response) {
  std::string body;
  response.remove_prefix(response.find("\r\n\r\n") + 4);
  while (true) {
    std::size_t size = 0;
    const auto line = response.find("\r\n");
    if (line == std::string_view::npos) return {};
    std::from_chars(response.data(), response.data() + line, size, 16);
    if (size == 0) return body;
    body.append(response.substr(line + 2, size));
    response.remove_prefix(std::min(response.size(), line + 2 + size + 2));
  }
}

using Events = std::vector<std::pair<std::string, Json>>;

// Type and data of each event of a stream.
Events events_of(const std::string& response) {
  CHECK(contains(header_of(response, "Content-Type"), "text/event-stream"));
  CHECK(header_of(response, "X-AZF-Demo") == "stand-in");
  Events events;
  std::istringstream lines(dechunked(response));
  std::string type;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("event: ")) type = line.substr(7);
    if (line.starts_with("data: ")) events.emplace_back(type, azf::parse_json(line.substr(6)).value());
  }
  return events;
}

// The type of the last event of such a response.
std::string end_of(const std::string& response) {
  const Events events = events_of(response);
  return events.empty() ? "" : events.back().first;
}

std::string text_of(const Events& events) {
  std::string text;
  for (const auto& [type, data] : events) {
    if (type == "text") text += data.value("delta", "");
  }
  return text;
}

// What comes until `text` stands in it.
std::string read_until(RawConnection& connection, std::string_view text) {
  std::string received;
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!contains(received, text)) {
    REQUIRE(connection.ending() == RawConnection::Ending::kNone);
    REQUIRE(std::chrono::steady_clock::now() < end);
    received += connection.read_some(20ms);
  }
  return received;
}

template <typename Condition>
bool comes_true(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(10ms);
  }
  return true;
}

// Open connections of this machine to a port on loopback, by the kernel's table.
std::size_t connections_to(std::uint16_t port) {
  std::size_t count = 0;
  std::ifstream table("/proc/net/tcp");
  std::string line;
  std::getline(table, line);
  while (std::getline(table, line)) {
    std::istringstream columns(line);
    std::string number, local, remote, state;
    columns >> number >> local >> remote >> state;
    unsigned remote_port = 0;
    const auto colon = remote.find(':');
    std::from_chars(remote.data() + colon + 1, remote.data() + remote.size(), remote_port, 16);
    count += state == "01" && remote_port == port ? 1 : 0;
  }
  return count;
}

/// The app with its stand-ins, which a test tells how to answer.
class ServicesApp : public HostedApp {
 public:
  using HostedApp::HostedApp;

  /// What a stand-in answers next; see the emulator's control interface.
  void script(const std::string& service, const Json& steps) const {
    CHECK(status_of(post("/emulator/replies/" + service, steps.dump())) < 300);
  }
  /// What a stand-in was asked so far.
  [[nodiscard]] std::vector<Json> asked(const std::string& service) const {
    std::vector<Json> requests;
    for (const Json& request : json_body(get("/emulator/journal")).value("requests", Json::array())) {
      if (request.value("endpoint", "") == service) requests.push_back(request);
    }
    return requests;
  }
  [[nodiscard]] std::uint16_t services_port() const {
    const std::string url = ready_file().value("services", Json::object()).value("openai_url", "");
    const auto host = url.find("//127.0.0.1:");
    std::uint16_t port = 0;
    if (host != std::string::npos) std::from_chars(url.data() + host + 12, url.data() + url.size(), port);
    return port;
  }
};

/// The stand-ins without a host, for a handler that a test starts itself.
class ServicesAlone {
 public:
  ServicesAlone()
      : emulator_(AZF_EMULATOR, {.arguments = {"identity", "--services", "--print-env", "--ready-file",
                                               directory_.path() + "/ready.json"},
                                 .environment = azf::test::quiet_environment(),
                                 .directory = {}}) {
    // Written after the variables.
    REQUIRE(comes_true([this] { return std::ifstream(directory_.path() + "/ready.json").good(); }));
  }

  /// What a handler needs to find them, one variable each line as `export NAME='VALUE'`.
  [[nodiscard]] Environment variables() const {
    Environment variables;
    std::istringstream lines(emulator_.standard_output());
    for (std::string line; std::getline(lines, line);) {
      const auto equals = line.find('=');
      if (!line.starts_with("export ") || equals == std::string::npos) continue;
      variables[line.substr(7, equals - 7)] = line.substr(equals + 2, line.size() - equals - 3);
    }
    return variables;
  }
  void script(const std::string& service, const Json& steps) const {
    std::ifstream file(directory_.path() + "/ready.json");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::string url = azf::parse_json(text).value().value("url", "");
    std::uint16_t port = 0;
    std::from_chars(url.data() + url.rfind(':') + 1, url.data() + url.size(), port);
    RawConnection connection(port);
    const std::string body = steps.dump();
    connection.send("POST /emulator/replies/" + service + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n" + body);
    CHECK(status_of(connection.read_response()) < 300);
  }
  /// From now on nobody listens.
  void stop() {
    emulator_.signal(SIGTERM);
    CHECK(emulator_.wait());
  }

 private:
  azf::test::TemporaryDirectory directory_;
  azf::test::ChildProcess emulator_;
};

// A service that starts anew in the middle of the next request, and is back well before the last try.
Json restart(Json more = Json::object()) {
  more["restart"] = true;
  more.emplace("away_ms", 500);
  return more;
}

// The status and the number of bytes of a file that is read to its end, whole or not.
std::pair<int, std::size_t> read_file(const ServicesApp& app, const std::string& target) {
  RawConnection connection(app.port());
  connection.send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const auto response = connection.read_to_end();
  return {status_of(response), response.size() - response.find("\r\n\r\n") - 4};
}

// Of one job, which has an answer or an error.
Json result_of_job(const ServicesApp& app, const std::string& id) {
  (void)app.post("/emulator/queues/agent-jobs",
                 azf::to_text({{"id", id}, {"question", "The sum of the numbers 1 to 10?"}}));
  const Json results = json_body(app.get_until("/emulator/queues/agent-results", id));
  for (const Json& message : results.at("messages")) {
    const Json result = azf::parse_json(message.value("text", "")).value();
    if (result.value("id", "") == id) return result;
  }
  return {};
}

// An answer of a stand-in, and what the app makes of it.
struct Refusal {
  Json script;
  int status;
  std::string code;
  std::string detail;
};

}  // namespace

TEST_SUITE("e2e") {
  TEST_CASE("S-1, S-2: chat answers from the model, with a token for it alone") {
    const ServicesApp app;
    const Json answer = checked_json(app.post("/api/chat", kQuestion), 200);
    CHECK_FALSE(answer.value("content", "").empty());
    CHECK(answer.value("finish_reason", "") == "stop");
    CHECK(answer.at("usage").value("total_tokens", 0) > 0);
    const auto asked = app.asked("openai");
    REQUIRE(asked.size() == 1);
    CHECK(asked[0].at("query").contains("api-version"));
    CHECK(asked[0].at("assertions").at("authorization").at("claims").value("aud", "") ==
          "https://cognitiveservices.azure.com");
    CHECK_FALSE(contains(app.log(), "eyJ"));  // how every JWT begins
  }

  TEST_CASE("S-3: a streamed chat has the same text as a whole one") {
    const ServicesApp app;
    const Json whole = checked_json(app.post("/api/chat", kQuestion), 200);
    const Events events = events_of(streamed_chat(app));
    REQUIRE(events.size() > 2);
    CHECK(text_of(events) == whole.value("content", "?"));
    CHECK(events.back().first == "done");
    CHECK(events.back().second.value("content", "") == whole.value("content", "?"));
    CHECK(events.back().second.value("demo", false));
  }

  TEST_CASE("the text of a stream comes while it is made, and a caller who goes ends the call to the model") {
    const ServicesApp app;
    app.script("openai", {{"pace_ms", 1'000}});
    const auto port = app.services_port();
    {
      RawConnection connection(app.port());
      ask_for_stream(connection);
      CHECK_FALSE(contains(read_until(connection, "event: text"), "event: done"));
      CHECK(connections_to(port) > 0);
    }
    CHECK(comes_true([&] { return connections_to(port) == 0; }));
    CHECK(comes_true([&] { return contains(app.log(), "cancelled"); }));
    checked_json(app.post("/api/chat", kQuestion), 200);
  }

  TEST_CASE("after the start connections to the services stand before anybody asks") {
    const ServicesApp app({}, {{"AZF_WARM_UP", "on"}});
    CHECK(comes_true([&] { return connections_to(app.services_port()) > 0; }));
  }

  TEST_CASE("S-7: a stream that breaks off in the middle ends with an error, and the next one works") {
    const ServicesApp app;
    app.script("openai", Json::array({{{"cut_after", 900}}, {{"drop", true}}}));
    const Events broken = events_of(streamed_chat(app));
    REQUIRE(broken.size() > 1);
    CHECK(broken.front().first == "text");
    CHECK(broken.back().first == "error");
    CHECK(broken.back().second.value("demo", false));
    CHECK(app.asked("openai").size() == 1);  // what has begun is not asked for again
    // The service is away, and back again.
    CHECK(status_of(app.post("/api/chat", kQuestion)) >= 200);
    CHECK(events_of(streamed_chat(app)).back().first == "done");
  }

  TEST_CASE("S-6, S-8: what the model refuses is waited for, tried with another token, or explained") {
    const ServicesApp app;
    app.script("openai", {{"status", 429}, {"headers", {{"retry-after-ms", "20"}, {"Retry-After", "300"}}}});
    checked_json(app.post("/api/chat", kQuestion), 200);
    CHECK(app.asked("openai").size() == 2);

    app.script("openai", {{"status", 401}});
    checked_json(app.post("/api/chat", kQuestion), 200);
    const auto asked = app.asked("openai");
    REQUIRE(asked.size() == 4);
    CHECK(asked[2].at("secrets").at("authorization") != asked[3].at("secrets").at("authorization"));

    const Refusal rows[] = {
        {{{"status", 401}, {"times", 2}}, 502, "", ""},
        {{{"status", 403}}, 502, "", "Cognitive Services OpenAI User"},
        {{{"status", 429}, {"headers", {{"Retry-After", "300"}}}}, 429, "", ""},
        {{{"status", 200}, {"body", "<html>no JSON</html>"}}, 502, "unexpected_reply", ""},
    };
    for (const Refusal& row : rows) {
      const auto& [script, status, code, detail] = row;
      CAPTURE(row.script.dump());
      app.script("openai", script);
      const auto response = app.post("/api/chat", kQuestion);
      const Json problem = checked_json(response, status);
      if (!code.empty()) CHECK(problem.value("code", "") == code);
      CHECK(contains(problem.value("detail", ""), detail));
      CHECK(header_of(response, "Retry-After") == (status == 429 ? "300" : ""));
      CHECK_FALSE(contains(response, "<html>"));
    }
  }

  TEST_CASE("code runs in a session, which keeps what it has made and belongs to its caller") {
    const ServicesApp app;
    const Json first = checked_json(run(app, "x = 6 * 7\nprint(x)\nx"), 200);
    CHECK(first.value("status", "") == "succeeded");
    CHECK(first.value("stdout", "") == "42\n");
    const std::string session = first.value("session", "");
    CHECK(checked_json(run(app, "print(x + 1)", session), 200).value("stdout", "") == "43\n");
    const Json failed = checked_json(run(app, "1/0"), 200);
    CHECK(failed.value("status", "") == "failed");
    CHECK(contains(failed.value("stderr", ""), "ZeroDivisionError"));
    CHECK(status_of(run(app, "1", "guessed")) == 404);

    // S-10: the pool's identifier of the session is known to nobody else.
    for (const Json& asked : app.asked("session-pool")) {
      CHECK(asked.at("query").value("identifier", "") == "(hidden)");
      CHECK(asked.at("assertions").at("authorization").at("claims").value("aud", "") == "https://dynamicsessions.io");
    }
    CHECK_FALSE(contains(app.log(), "identifier="));
  }

  TEST_CASE("S-12: code that may have run is not run again") {
    const ServicesApp app;
    app.script("session-pool", {{"drop", true}});
    CHECK(status_of(run(app, "print(1)")) == 502);
    CHECK(app.asked("session-pool").size() == 1);
    app.script("session-pool", {{"status", 429}, {"headers", {{"Retry-After", "300"}}}});
    const auto response = run(app, "print(1)");
    checked_json(response, 429);
    CHECK(header_of(response, "Retry-After") == "300");
    app.script("session-pool", {{"status", 403}});
    const Json problem = checked_json(run(app, "print(1)"), 502);
    CHECK(contains(problem.value("detail", ""), "Session Executor"));
  }

  TEST_CASE("a file goes into a session, is changed there, and comes back") {
    const ServicesApp app;
    const std::string session = checked_json(run(app, "print(1)"), 200).value("session", "");
    const std::string files = "/api/sessions/" + session + "/files";
    const std::string form =
        "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"in.txt\"\r\n"
        "Content-Type: text/plain\r\n\r\nhello\r\n--b--\r\n";
    RawConnection connection(app.port());
    connection.send(
        "POST " + files +
        " HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: " +
        std::to_string(form.size()) + "\r\n\r\n" + form);
    const auto uploaded = connection.read_response();
    CAPTURE(uploaded);
    CHECK(status_of(uploaded) / 100 == 2);
    const std::string code = "open('out.txt','w').write(open('in.txt').read().upper())";
    const Json made = checked_json(run(app, code, session), 200);
    CAPTURE(made.dump());
    CHECK(made.value("status", "") == "succeeded");
    std::vector<std::string> names;
    for (const Json& file : checked_json(app.get(files), 200).value("files", Json::array())) {
      names.push_back(file.value("name", ""));
    }
    std::ranges::sort(names);
    CHECK(names == std::vector<std::string>{"in.txt", "out.txt"});
    const auto content = app.get(files + "/out.txt");
    check_marked(content);
    CHECK(content.ends_with("\r\n\r\nHELLO"));
    CHECK(status_of(app.remove(files + "/out.txt")) / 100 == 2);
    CHECK(status_of(app.get(files + "/out.txt")) == 404);
  }

  TEST_CASE("the agent computes its answer by code that really runs") {
    const ServicesApp app;
    const std::string question = R"({"question":"What is 12 * (3 + 4)?"})";
    const Json answer = checked_json(app.post("/api/agent", question), 200);
    CHECK(contains(answer.value("answer", ""), "84"));
    REQUIRE(answer.at("steps").size() == 1);
    CHECK(answer.at("steps").at(0).value("status", "") == "succeeded");
    CHECK(answer.value("rounds", 0) == 2);
    // Its session is its caller's, who may go on with it.
    CHECK(checked_json(run(app, "print('still here')", answer.value("session", "")), 200).value("status", "") ==
          "succeeded");

    RawConnection connection(app.port());
    ask_for_stream(connection, "/api/agent", R"({"question":"What is 12 * (3 + 4)?","stream":true})");
    const Events events = events_of(connection.read_to_end());
    std::vector<std::string> types;
    for (const auto& [type, data] : events) {
      if (types.empty() || types.back() != type) types.push_back(type);
    }
    CHECK(types == std::vector<std::string>{"session", "code", "output", "text", "done"});
    CHECK(contains(text_of(events), "84"));
    CHECK(events.front().second.value("demo", false));
  }

  TEST_CASE("an agent that gets no answer says so, with what it has done; so does a job") {
    const ServicesApp app;
    const auto looping = app.post("/api/agent", R"({"question":"[stand-in:tool-loop] 1 + 1"})");
    CAPTURE(looping);
    CHECK(status_of(looping) >= 400);
    check_marked(looping);
    CHECK(json_body(looping).at("steps").size() > 1);

    (void)app.post("/emulator/queues/agent-jobs", R"({"id":"job-1","question":"The sum of the numbers 1 to 10?"})");
    const auto results = app.get_until("/emulator/queues/agent-results", "job-1");
    CHECK(contains(results, "55"));
    CHECK_FALSE(contains(app.log(), "eyJ"));
  }

  TEST_CASE("S-14: the vault's challenge is answered once; a secret shows no value unless that is allowed") {
    const ServicesApp app;
    const Json secret = checked_json(app.get("/api/secrets/demo-greeting"), 200);
    CHECK(secret.value("name", "") == "demo-greeting");
    CHECK(secret.value("enabled", false));
    CHECK_FALSE(secret.contains("value"));
    CHECK(app.asked("key-vault").size() == 2);
    const auto older = app.get("/api/secrets/demo-greeting?version=" + secret.value("version", ""));
    CHECK(checked_json(older, 200).value("version", "?") == secret.value("version", ""));
    const auto asked = app.asked("key-vault");
    REQUIRE(asked.size() == 3);
    CHECK(asked[0].value("status", 0) == 401);
    CHECK_FALSE(asked[0].at("headers").contains("authorization"));
    CHECK(asked[2].at("assertions").at("authorization").at("claims").value("aud", "") == "https://vault.localhost");
    CHECK_FALSE(contains(app.log(), "hello from the stand-in"));

    const Refusal rows[] = {
        {{}, 404, "SecretNotFound", "no such secret"},
        {{{"status", 429}, {"headers", {{"Retry-After", "300"}}}}, 429, "Throttled", ""},
        {{{"status", 403}}, 502, "ForbiddenByRbac", "Key Vault Secrets User"},
    };
    for (const Refusal& row : rows) {
      const auto& [script, status, code, detail] = row;
      CAPTURE(row.code);
      if (!script.is_null()) app.script("key-vault", script);
      const Json problem = checked_json(app.get("/api/secrets/nothing"), status);
      CHECK(problem.value("code", "") == code);
      CHECK(contains(problem.value("detail", ""), detail));
    }
    CHECK(checked_json(app.get("/api/secrets/disabled-secret"), 409).value("code", "") == "SecretDisabled");
    CHECK(checked_json(app.get("/api/secrets/forbidden-secret"), 502).value("code", "") == "ForbiddenByRbac");
    CHECK(checked_json(app.get("/api/secrets"), 200).at("names").size() > 25);  // of more than one page

    const ServicesApp open({}, {{"AZF_SECRET_VALUES", "allow"}});
    const auto shown = open.get("/api/secrets/demo-greeting");
    CHECK(checked_json(shown, 200).value("value", "") == "hello from the stand-in for Key Vault");
    CHECK(header_of(shown, "Cache-Control") == "no-store");
    CHECK_FALSE(contains(open.log(), "hello from the stand-in"));
  }

  TEST_CASE("a file is put, read, listed and removed") {
    const ServicesApp app;
    const std::string target = "/api/files/reports/a%20b%23%C3%BC.txt";
    const auto put = app.put(target, "hello", "Content-Type: text/plain\r\n");
    CAPTURE(put);
    CHECK(status_of(put) / 100 == 2);
    check_marked(put);
    const auto read = app.get(target);
    CHECK(read.ends_with("\r\n\r\nhello"));
    check_marked(read);
    CHECK(contains(app.get("/api/files/reports/"), "a b#ü.txt"));
    CHECK(status_of(app.remove(target)) / 100 == 2);
    checked_json(app.get(target), 404);
    app.script("blob", {{"status", 403}});
    const Json problem = checked_json(app.get("/api/files/reports/"), 502);
    CHECK(contains(problem.value("detail", ""), "Storage Blob Data"));
  }

  TEST_CASE("S-20: users come page by page; there is no me; a throttled directory is waited for") {
    const ServicesApp app;
    Json page = checked_json(app.get("/api/users?top=2"), 200);
    REQUIRE(page.at("users").size() == 2);
    CHECK_FALSE(page.at("users").at(0).value("user_principal_name", "").empty());
    const Json first = page;
    std::size_t pages = 1;
    for (; page.at("next").is_string() && pages < 100; ++pages) {
      page = checked_json(app.get("/api/users?top=2&next=" + page.value("next", "")), 200);
      CHECK(page.at("users") != first.at("users"));
    }
    CHECK(pages > 1);
    CHECK(page.at("next").is_null());
    const std::string id = first.at("users").at(0).value("id", "");
    CHECK(checked_json(app.get("/api/users/" + id), 200).value("id", "") == id);
    CHECK(contains(checked_json(app.get("/api/users/me"), 400).value("detail", ""), "/users/{id}"));

    const auto before = app.asked("graph").size();
    app.script("graph", {{"status", 429}, {"headers", {{"Retry-After", "1"}}}});
    checked_json(app.get("/api/users"), 200);
    CHECK(app.asked("graph").size() == before + 2);
    app.script("graph", {{"status", 403}});
    CHECK(contains(checked_json(app.get("/api/users"), 502).value("detail", ""), "User.Read.All"));
  }

  TEST_CASE("as in Azure, stand-ins serve only where they are allowed") {
    const ServicesApp allowed({"--mode", "azure"});
    checked_json(allowed.get("/api/users?top=1"), 200);
    CHECK(checked_json(run(allowed, "print(6*7)"), 200).value("stdout", "") == "42\n");

    const ServicesApp refused({}, {{"WEBSITE_INSTANCE_ID", "0123456789abcdef"}});
    for (const auto& response :
         {refused.post("/api/chat", kQuestion), run(refused, "1"), refused.get("/api/secrets/demo-greeting"),
          refused.get("/api/files/"), refused.get("/api/users")}) {
      CAPTURE(response);
      CHECK(status_of(response) == 503);
      CHECK(header_of(response, "X-AZF-Demo").empty());
      CHECK(json_body(response).value("code", "") == "not_configured");
      CHECK(contains(json_body(response).value("detail", ""), "AZF_DEMO=allow"));
    }
  }

  TEST_CASE("without its own HTTP the host gets the same answers in envelopes, a stream as a whole") {
    const ServicesApp app({}, {{"AzureFunctionsJobHost__customHandler__enableForwardingHttpRequest", "false"},
                               {"AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest", "false"}});
    CHECK_FALSE(checked_json(app.post("/api/chat", kQuestion), 200).value("content", "").empty());
    const auto streamed = app.post("/api/chat", kStreamedQuestion);
    CAPTURE(streamed);
    CHECK(contains(streamed, "event: done"));
    checked_json(app.get("/api/secrets/demo-greeting"), 200);
  }

  TEST_CASE("a host that only forwards gives a stream as a whole, in order") {
    const ServicesApp app({}, {{"AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest", "false"}});
    const auto streamed = app.post("/api/chat", kStreamedQuestion);
    CHECK_FALSE(header_of(streamed, "Content-Length").empty());
    CHECK(streamed.find("event: text") < streamed.find("event: done"));
  }

  TEST_CASE("a handler that dies in the middle of a stream breaks it off, and its successor serves") {
    ServicesApp app;
    app.script("openai", {{"pace_ms", 600'000}});
    RawConnection connection(app.port());
    ask_for_stream(connection);
    CHECK(comes_true([&] { return app.asked("openai").size() == 1; }));
    const Json before = app.ready_file();
    ::kill(before.value("handler_pid", -1), SIGKILL);
    CHECK_FALSE(contains(connection.read_to_end(), "event: done"));
    CHECK(comes_true([&] {
      const Json now = app.ready_file();
      return now.is_object() && now.value("handler_pid", -1) != before.value("handler_pid", -1);
    }));
    checked_json(app.post("/api/chat", kQuestion), 200);
  }

  TEST_CASE("a service that starts anew in the middle of a request is asked again where that does no harm") {
    const ServicesApp app;
    const std::string session = checked_json(run(app, "open('a.txt','w').write('a')"), 200).value("session", "");
    const std::string files = "/api/sessions/" + session + "/files";
    const struct {
      std::string name;
      const char* service;
      int status;
      std::function<std::string()> call;
    } rows[] = {
        {"chat", "openai", 200, [&] { return app.post("/api/chat", kQuestion); }},
        {"agent", "openai", 200, [&] { return app.post("/api/agent", R"({"question":"What is 2 + 3?"})"); }},
        {"session-files, upload", "session-pool", 201, [&] { return app.post(files + "?name=b.txt", "b"); }},
        {"session-files, list", "session-pool", 200, [&] { return app.get(files); }},
        // The session has begun anew, too, and its files are gone.
        {"session-files, download", "session-pool", 404, [&] { return app.get(files + "/b.txt"); }},
        {"session-files, remove", "session-pool", 404, [&] { return app.remove(files + "/b.txt"); }},
        {"secret", "key-vault", 200, [&] { return app.get("/api/secrets/demo-greeting"); }},
        {"files, put", "blob", 201, [&] { return app.put("/api/files/a", "content"); }},
        {"files, get", "blob", 200, [&] { return app.get("/api/files/a"); }},
        {"files, list", "blob", 200, [&] { return app.get("/api/files/"); }},
        {"files, remove", "blob", 204, [&] { return app.remove("/api/files/a"); }},
        {"users", "graph", 200, [&] { return app.get("/api/users"); }},
    };
    for (const auto& row : rows) {
      const auto& [name, service, status, call] = row;
      CAPTURE(row.name);
      const auto before = app.asked(service).size();
      app.script(service, restart());
      const auto response = call();
      CAPTURE(response);
      CHECK(status_of(response) == status);
      const auto asked = app.asked(service);
      REQUIRE(asked.size() > before + 1);
      CHECK(asked[before].at("status").is_null());
      CHECK(asked[before + 1].at("path") == asked[before].at("path"));
    }

    app.script("openai", restart());
    CHECK(end_of(streamed_chat(app)) == "done");
    app.script("openai", restart());
    CHECK(contains(result_of_job(app, "job-1").value("answer", ""), "55"));
  }

  TEST_CASE("S-12: code that had begun when its service started anew is not run again, and the next one runs") {
    const ServicesApp app;
    const auto executions = [&] {
      return std::ranges::count_if(app.asked("session-pool"), [](const Json& request) {
        return request.value("path", "").ends_with("/code/execute");
      });
    };
    const std::string session = checked_json(run(app, "x = 1"), 200).value("session", "");
    // Before the code is run, and after it.
    for (const Json& step : {restart(), restart({{"cut_after", 0}})}) {
      const auto before = executions();
      app.script("session-pool", step);
      const Json problem = json_body(run(app, "print(2)", session));
      CHECK(problem.value("status", 0) == 502);
      CHECK(problem.value("code", "") == "unreachable");
      CHECK(executions() == before + 1);
      const Json next = checked_json(run(app, "x", session), 200);
      CHECK(contains(next.value("stderr", ""), "NameError"));  // the session is another one
    }

    const std::string question = R"({"question":"What is 12 * (3 + 4)?"})";
    auto before = executions();
    app.script("session-pool", restart());
    CHECK(status_of(app.post("/api/agent", question)) == 502);
    CHECK(executions() == before + 1);
    CHECK(contains(checked_json(app.post("/api/agent", question), 200).value("answer", ""), "84"));

    before = executions();
    app.script("session-pool", restart());
    CHECK(result_of_job(app, "job-1").at("error").value("status", 0) == 502);
    CHECK(executions() == before + 1);
    CHECK(contains(result_of_job(app, "job-2").value("answer", ""), "55"));
  }

  TEST_CASE("what had begun to come when its service started anew breaks off, and the next one is whole") {
    const ServicesApp app;
    app.script("openai", restart({{"cut_after", 900}}));
    const Events broken = events_of(streamed_chat(app));
    REQUIRE(broken.size() > 1);
    CHECK(broken.front().first == "text");
    CHECK(broken.back().first == "error");
    CHECK(app.asked("openai").size() == 1);
    CHECK(end_of(streamed_chat(app)) == "done");

    const std::string content(200'000, 'c');
    CHECK(status_of(app.put("/api/files/large", content)) == 201);
    app.script("blob", restart({{"cut_after", 70'000}}));
    const auto part = read_file(app, "/api/files/large");
    CHECK(part.first == 200);
    CHECK(part.second < content.size());
    CHECK(app.asked("blob").size() == 2);
    CHECK(read_file(app, "/api/files/large") == std::pair(200, content.size()));

    const std::string session = checked_json(run(app, "1"), 200).value("session", "");
    const std::string files = "/api/sessions/" + session + "/files";
    CHECK(status_of(app.post(files + "?name=large", content)) == 201);
    app.script("session-pool", restart({{"cut_after", 70'000}}));
    const auto part_of_session = read_file(app, files + "/large");
    CHECK(part_of_session.first == 200);
    CHECK(part_of_session.second < content.size());
    CHECK(app.asked("session-pool").size() == 3);
    CHECK(status_of(app.post(files + "?name=large", content)) == 201);
    CHECK(read_file(app, files + "/large") == std::pair(200, content.size()));
  }

  TEST_CASE("a write with a condition is not repeated after its service started anew, and the next one is done") {
    const ServicesApp app;
    app.script("blob", restart());
    CHECK(status_of(app.put("/api/files/new", "1", "If-None-Match: *\r\n")) == 502);
    CHECK(app.asked("blob").size() == 1);
    CHECK(status_of(app.put("/api/files/new", "1", "If-None-Match: *\r\n")) == 201);
    CHECK(status_of(app.put("/api/files/new", "1", "If-None-Match: *\r\n")) == 412);
  }

  TEST_CASE("connections that idled while their service started anew cost no call, not even one that is made once") {
    const ServicesApp app;
    const auto run_at_once = [&] {
      std::vector<std::string> responses(4);
      std::vector<std::thread> callers;
      for (auto& response : responses) {
        callers.emplace_back([&] { response = run(app, "import time; time.sleep(0.3)"); });
      }
      for (auto& caller : callers) caller.join();
      return responses;
    };
    for (const auto& response : run_at_once()) checked_json(response, 200);
    const auto port = app.services_port();
    CHECK(connections_to(port) >= 4);
    app.script("graph", restart());
    checked_json(app.get("/api/users"), 200);
    for (const auto& response : run_at_once()) checked_json(response, 200);
  }

  TEST_CASE("a service that was taken for down while it started anew is used again without anybody's doing") {
    const ServicesApp app({}, {{"AZF_OPENAI_BREAKER_FAILURES", "2"}, {"AZF_OPENAI_BREAKER_SECONDS", "1"}});
    app.script("openai", restart({{"away_ms", 3'000}}));
    CHECK(status_of(app.post("/api/chat", kQuestion)) == 502);
    CHECK(contains(app.log(), "a service is taken for down"));
    CHECK(status_of(app.post("/api/chat", kQuestion)) == 502);
    CHECK(comes_true([&] { return status_of(app.post("/api/chat", kQuestion)) == 200; }));
    CHECK(contains(app.log(), "a service is back"));
  }

  TEST_CASE("a service that takes too long, and one that is gone, cost their caller no more than its time") {
    ServicesAlone services;
    auto variables = services.variables();
    variables["AzureFunctionsJobHost__functionTimeout"] = "00:00:02";
    variables["AzureFunctionsJobHost__extensions__http__routePrefix"] = "api";
    const azf::test::StartedHandler handler(variables);
    constexpr auto kType = "Content-Type: application/json\r\n";
    for (const char* service : {"openai", "session-pool", "key-vault", "graph", "blob"}) {
      services.script(service, {{"delay_ms", 600'000}, {"times", -1}});
    }
    const auto answers = [&] {
      return std::vector<std::string>{
          handler.post("/api/chat", kType, kQuestion), handler.post("/api/execute", kType, R"({"code":"1"})"),
          handler.get("/api/secrets/demo-greeting"), handler.get("/api/users"), handler.get("/api/files/")};
    };
    for (const auto& response : answers()) {
      CAPTURE(response);
      checked_json(response, 504);
    }
    services.stop();
    for (const auto& response : answers()) {
      CAPTURE(response);
      CHECK((status_of(response) == 502 || status_of(response) == 504));
      check_marked(response);
    }
  }
}
