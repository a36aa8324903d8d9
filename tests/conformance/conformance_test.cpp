#include "conformance/echo_server.h"
#include "conformance/request_cases.h"
#include "conformance/table_run.h"
#include "conformance/verdict.h"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

using azf::test::Duty;
using azf::test::EchoServer;
using azf::test::escaped;
using azf::test::Observation;
using azf::test::PeerVerdict;
using azf::test::RequestCase;
using azf::test::Task;
using azf::test::Topic;

namespace {

std::string report(const RequestCase& request_case, const Observation& observation, const std::string& fault) {
  std::string text = request_case.name + " (" + full_rule(request_case) + "): " + fault;
  text.append("\n  bytes:    ").append(escaped(request_case.bytes));
  if (!request_case.then.empty()) text.append("\n  then:     ").append(escaped(request_case.then));
  text.append("\n  expected: ").append(expected_of_ours(request_case));
  text.append("\n  got:      ").append(to_string(observation));
  for (const auto& reply : observation.replies) {
    for (const auto& line : reply.head) text.append("\n            ").append(escaped(line));
    text.append("\n            ").append(escaped(reply.body));
  }
  return text;
}

// The first fault of each case in which there was one.
using Faults = std::map<const RequestCase*, std::string>;

void fail(const std::vector<Topic>& topics, const Faults& faults) {
  for (const Topic& topic : topics) {
    for (const RequestCase& request_case : topic.cases) {
      const auto found = faults.find(&request_case);
      if (found == faults.end()) continue;
      const std::string text = topic.name + ": " + found->second;
      FAIL_CHECK(text);
    }
  }
}

Faults play(const std::vector<Task>& tasks) {
  Faults faults;
  run_tasks(tasks, [&](std::size_t index, const Observation& observation) {
    const Task& task = tasks[index];
    const RequestCase& request_case = *task.request_case;
    auto fault = fault_of_ours(request_case, observation);
    if (!fault) {
      // What ours must do is correct for any server; else the row contradicts itself.
      if (request_case.peers.duty == Duty::kNotAsked) return;
      const auto verdict = judge_peer(request_case, observation);
      if (verdict.score != PeerVerdict::Score::kFailed) return;
      fault = "as the row has it for us, but not for peers: " + verdict.reason;
    }
    if (task.options.split_at) fault->append(", split at ").append(std::to_string(*task.options.split_at));
    faults.try_emplace(&request_case, report(request_case, observation, *fault));
  });
  return faults;
}

std::vector<Task> whole(const std::vector<Topic>& topics, std::uint16_t port) {
  std::vector<Task> tasks;
  for (const Topic& topic : topics) {
    for (const RequestCase& request_case : topic.cases) tasks.push_back({&request_case, {.port = port}});
  }
  return tasks;
}

}  // namespace

TEST_SUITE("conformance") {
  TEST_CASE("our server does with each request what the table says") {
    const auto topics = azf::test::request_cases();
    const EchoServer server;
    fail(topics, play(whole(topics, server.port())));
  }

  TEST_CASE("a request that comes in two pieces is the same request, wherever it is cut") {
    constexpr std::size_t kShort = 200;
    const auto topics = azf::test::request_cases();
    const EchoServer server;
    const auto failed_whole = play(whole(topics, server.port()));
    std::vector<Task> tasks;
    for (const Topic& topic : topics) {
      for (const RequestCase& request_case : topic.cases) {
        if (request_case.bytes.size() > kShort || failed_whole.contains(&request_case)) continue;
        for (std::size_t at = 1; at < request_case.bytes.size(); ++at) {
          tasks.push_back({&request_case, {.port = server.port(), .split_at = at}});
        }
      }
    }
    fail(topics, play(tasks));
  }

  TEST_CASE("a case is known by its topic and name") {
    std::set<std::string> names;
    std::size_t cases = 0;
    for (const Topic& topic : azf::test::request_cases()) {
      for (const RequestCase& request_case : topic.cases) {
        CAPTURE(request_case.name);
        CHECK(names.insert(topic.name + ": " + request_case.name).second);
        ++cases;
      }
    }
    CHECK(cases >= 600);
  }
}
