#include "conformance/echo_server.h"
#include "conformance/request_cases.h"
#include "conformance/table_run.h"
#include "conformance/verdict.h"
#include "core/json.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <iomanip>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace azf::test {
namespace {

struct Options {
  std::uint16_t port = 0;
  std::string only;
  int patience_ms = 2'000;
  bool json = false;
  bool verbose = false;
};

// A case with what the server did.
struct Row {
  const Topic* topic = nullptr;
  const RequestCase* request_case = nullptr;
  Observation observation{};
  PeerVerdict verdict{};
};

// Of one topic, or of all.
struct Count {
  std::size_t total = 0;
  std::size_t passed = 0;
  std::size_t against_should = 0;

  void add(const PeerVerdict& verdict) {
    ++total;
    if (verdict.score != PeerVerdict::Score::kFailed) ++passed;
    if (verdict.score == PeerVerdict::Score::kAgainstShould) ++against_should;
  }
};

std::vector<Row> run(const std::vector<Topic>& topics, const Options& options) {
  std::optional<EchoServer> own;
  if (options.port == 0) own.emplace();
  const ObservationOptions how{.port = own ? own->port() : options.port,
                               .patience = std::chrono::milliseconds(options.patience_ms)};
  std::vector<Row> rows;
  std::vector<Task> tasks;
  for (const Topic& topic : topics) {
    for (const RequestCase& request_case : topic.cases) {
      if (request_case.peers.duty == Duty::kNotAsked) continue;
      if ((topic.name + ": " + request_case.name).find(options.only) == std::string::npos) continue;
      rows.push_back({&topic, &request_case});
      tasks.push_back({&request_case, how});
    }
  }
  run_tasks(tasks, [&](std::size_t index, Observation observation) {
    rows[index].verdict = judge_peer(*rows[index].request_case, observation);
    rows[index].observation = std::move(observation);
  });
  return rows;
}

std::string_view to_string(PeerVerdict::Score score) {
  switch (score) {
    case PeerVerdict::Score::kPassed: return "passed";
    case PeerVerdict::Score::kAgainstShould: return "passed against a SHOULD";
    case PeerVerdict::Score::kFailed: return "FAILED";
  }
  return {};
}

void print_count(const std::string& name, const Count& count) {
  std::cout << std::left << std::setw(20) << name << std::right << std::setw(4) << count.passed << " /" << std::setw(4)
            << count.total;
  if (count.against_should > 0) std::cout << "   " << count.against_should << " against a SHOULD";
  std::cout << "\n";
}

Count print_text(const std::vector<Row>& rows, bool verbose) {
  Count all;
  for (std::size_t i = 0; i < rows.size();) {
    Count count;
    const Topic* topic = rows[i].topic;
    for (; i < rows.size() && rows[i].topic == topic; ++i) count.add(rows[i].verdict);
    print_count(topic->name, count);
    all.total += count.total;
    all.passed += count.passed;
    all.against_should += count.against_should;
  }
  print_count("all", all);
  for (const Row& row : rows) {
    if (row.verdict.score != PeerVerdict::Score::kFailed && !verbose) continue;
    std::cout << "\n" << to_string(row.verdict.score) << "  " << row.topic->name << ": " << row.request_case->name;
    if (!row.verdict.reason.empty()) std::cout << ": " << row.verdict.reason;
    std::cout << "\n  rule     " << full_rule(*row.request_case) << ": " << expected_of_peers(*row.request_case)
              << "\n  bytes    " << escaped(row.request_case->bytes) << "\n  got      "
              << azf::test::to_string(row.observation) << "\n";
  }
  return all;
}

Count print_json(const std::vector<Row>& rows) {
  Count all;
  Json cases = Json::array();
  for (const Row& row : rows) {
    all.add(row.verdict);
    cases.push_back({{"topic", row.topic->name},
                     {"name", row.request_case->name},
                     {"rule", full_rule(*row.request_case)},
                     {"bytes", escaped(row.request_case->bytes)},
                     {"expected", expected_of_peers(*row.request_case)},
                     {"got", azf::test::to_string(row.observation)},
                     {"score", to_string(row.verdict.score)},
                     {"reason", row.verdict.reason}});
  }
  std::cout << to_text({{"total", all.total},
                        {"passed", all.passed},
                        {"against_should", all.against_should},
                        {"cases", std::move(cases)}})
            << "\n";
  return all;
}

}  // namespace
}  // namespace azf::test

int main(int argc, char** argv) {
  azf::test::Options options;
  CLI::App app(
      "Plays malformed and unusual HTTP/1.1 requests against a server, and counts what RFC 9112 and 9110 permit.");
  app.add_option("--port", options.port,
                 "Port of the server on 127.0.0.1; its handler reads the body and answers 200 "
                 "to everything. Without: our own server, in this process")
      ->check(CLI::Range(1, 65535));
  app.add_option("--only", options.only, "Only the cases whose `topic: name` contains this text");
  app.add_option("--patience-ms", options.patience_ms, "After this time without a byte the server is taken to wait")
      ->check(CLI::Range(1, 60'000))
      ->capture_default_str();
  app.add_flag("--json", options.json, "Print every case as JSON instead of the table");
  app.add_flag("--verbose", options.verbose, "Print the cases that passed, too");
  CLI11_PARSE(app, argc, argv);
  try {
    const auto topics = azf::test::request_cases();
    const auto rows = azf::test::run(topics, options);
    const auto count = options.json ? azf::test::print_json(rows) : azf::test::print_text(rows, options.verbose);
    return count.passed == count.total ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "azf_request_cases: %s\n", error.what());
    return 2;
  }
}
