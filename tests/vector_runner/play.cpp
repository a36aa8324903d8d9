#include "vector_runner/play.h"

#include "core/executor.h"
#include "core/log.h"
#include "http/retrying_transport.h"
#include "identity/attempt_json.h"
#include "identity/credential_services.h"
#include "support/memory_log.h"
#include "vector_runner/credentials.h"

#include <cstdlib>
#include <ctime>
#include <exception>
#include <filesystem>
#include <fstream>
#include <latch>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

namespace azf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLongestBackgroundWork{30};

void write_file(const std::string& directory, const std::string& name, const std::string& content) {
  const std::filesystem::path path = std::filesystem::path(directory) / name;
  if (!path.lexically_normal().string().starts_with(directory + "/")) {
    throw std::runtime_error("a file outside of the scenario's folder: " + name);
  }
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

// Local time is read by C functions, which know one zone for the whole process.
class TimeZone {
 public:
  TimeZone(const std::string& name, std::vector<std::string>& problems) {
    std::string zone = name.empty() ? "UTC0" : ":" + name;
    if (!name.empty() && !std::filesystem::exists("/usr/share/zoneinfo/" + name)) {
      // A machine without zone files still can play the one zone that markers know.
      if (name != "Asia/Tokyo") problems.push_back("this machine does not know the time zone " + name);
      zone = "JST-9";
    }
    set(zone);
  }
  ~TimeZone() { set("UTC0"); }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;

 private:
  static void set(const std::string& zone) {
    setenv("TZ", zone.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): no other thread runs now
    tzset();
  }
};

CallOutcome call(identity::TokenCredential& credential, const Step& step, const Clock& clock) {
  CallOutcome outcome;
  const SteadyTime began = clock.steady_now();
  const auto result =
      credential.get_token({step.scopes, step.tenant_id, step.claims, step.enable_cae}, Deadline::never());
  outcome.took = std::chrono::ceil<milliseconds>(clock.steady_now() - began);
  if (!result) {
    outcome.error = result.error().to_error();
    outcome.attempts = to_text(identity::attempts_json(result.error().attempts));
    return outcome;
  }
  outcome.token = std::string((*result)->token.expose());
  outcome.attempts = to_text(identity::attempts_json((*result)->attempts));
  outcome.expires_in = std::chrono::floor<seconds>((*result)->expires_on - clock.system_now());
  return outcome;
}

// All callers at once.
std::vector<CallOutcome> call_in_parallel(identity::TokenCredential& credential, const Step& step, const Clock& clock,
                                          std::vector<std::string>& problems) {
  std::vector<CallOutcome> outcomes(step.parallel);
  std::vector<std::string> thrown(step.parallel);
  std::latch all_ready(static_cast<std::ptrdiff_t>(step.parallel));
  std::vector<std::thread> callers;
  for (std::size_t i = 0; i < step.parallel; ++i) {
    callers.emplace_back([&, i] {
      all_ready.arrive_and_wait();
      try {
        outcomes[i] = call(credential, step, clock);
      } catch (const std::exception& exception) {
        thrown[i] = exception.what();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  for (const std::string& what : thrown) {
    if (!what.empty()) problems.push_back("get_token threw: " + what);
  }
  return outcomes;
}

}  // namespace

Observation play(const Given& given, const MarkerValues& values, std::vector<std::string>& problems) {
  Observation seen;
  const Json* password_option = find_member(given.options, "certificate_password");
  const std::string password =
      password_option != nullptr && password_option->is_string() ? password_option->get<std::string>() : "";
  const auto place_file = [&](const std::string& name, const std::string& content) {
    write_file(values.directory, name, content);
    for (KnownCertificate& each : certificates_in(content, password)) seen.certificates.push_back(std::move(each));
  };
  for (const auto& [name, content] : given.files) place_file(name, content);
  std::filesystem::create_directories(values.arc_key_directory);
  for (const auto& [name, content] : given.arc_keys) write_file(values.arc_key_directory, name, content);

  const TimeZone time_zone(given.time_zone, problems);
  const Environment environment(given.environment);
  FakeClock clock;
  StandInTransport transport(given.replies, given.on_socket ? values.port : "", environment, clock);
  RetryingTransport retrying(transport, clock, [] { return 0.0; });
  ScriptedTools tools(given.tools, clock);
  MemoryLogSink sink;
  const Logger log(sink, clock, LogLevel::kDebug, LogFormat::kJson);
  ThreadExecutor executor(log);
  const identity::CredentialServices services{environment, retrying, clock, log, tools, executor};

  const ScenarioPlaces places{values.directory, values.arc_key_directory, values.directory + "/no-agent"};
  const auto credential = create_scenario_credential(given.options, places, services, problems);
  if (!problems.empty()) return seen;

  std::size_t calls = 0;
  for (const Step& step : given.steps) {
    switch (step.op) {
      case Step::Op::kGetToken: {
        std::vector<CallOutcome> outcomes(1);
        if (!credential) {
          outcomes.front().error = credential.error();
        } else {
          outcomes = call_in_parallel(**credential, step, clock, problems);
        }
        for (CallOutcome& outcome : outcomes) {
          outcome.call = calls;
          seen.outcomes.push_back(std::move(outcome));
        }
        ++calls;
        break;
      }
      case Step::Op::kAdvanceClock:
      case Step::Op::kSleep: clock.advance(step.duration); break;
      case Step::Op::kWriteFile: place_file(step.file_name, step.file_content); break;
    }
    if (!executor.wait_idle(kLongestBackgroundWork)) problems.emplace_back("work in the background does not end");
  }
  seen.sent = transport.sent();
  seen.command_lines = tools.command_lines();
  seen.log = sink.text();
  return seen;
}

}  // namespace azf::test
