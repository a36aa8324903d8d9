#include "vector_runner/vector_run.h"

#include "support/temporary_directory.h"
#include "vector_runner/comparison.h"
#include "vector_runner/exceptions.h"
#include "vector_runner/play.h"
#include "vector_runner/scenario.h"
#include "vector_runner/scenario_secrets.h"

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <ostream>
#include <set>
#include <utility>
#include <vector>

namespace azf::test {
namespace {

constexpr const char* kPort = "41999";

/// How one scenario ended. Value.
struct Verdict {
  std::string id;
  /// Empty where it passed.
  std::vector<std::string> differences;
  std::vector<std::string> words;
  bool by_exception = false;
  Observation seen;
};

std::optional<std::string> content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The expectation with our own values in place of its own.
Json with_exceptions(Json expect, const std::vector<ArguedException>& exceptions) {
  for (const ArguedException& exception : exceptions)
    expect.emplace(exception.field, Json()).first.value() = exception.ours;
  if (!exceptions.empty()) expect.erase("either");
  return expect;
}

class Judge {
 public:
  Judge(const Scenario& scenario, const MarkerValues& values, const Observation& seen,
        std::vector<std::string>& problems)
      : scenario_(scenario), values_(values), seen_(seen), problems_(problems) {
    recordings_ = parse_recordings(scenario.sdk, values);
  }

  std::vector<std::string> differences_with(const std::vector<ArguedException>& exceptions) {
    const Expectation expected = parse_expectation(with_exceptions(scenario_.expect, exceptions), values_, problems_);
    return differences(expected, recordings_, seen_);
  }

  // Exceptions that change nothing would hide that the program does what was recorded.
  std::vector<std::string> superfluous(const std::vector<ArguedException>& exceptions) {
    if (exceptions.empty()) return {};
    if (differences_with({}).empty())
      return {"the exception is no longer needed: the scenario's own expectation holds"};
    std::vector<std::string> found;
    for (const ArguedException& each : exceptions) {
      if (find_member(scenario_.expect, each.field) == nullptr) continue;  // it makes the check stricter
      std::vector<ArguedException> others = exceptions;
      std::erase_if(others, [&](const ArguedException& other) { return other.field == each.field; });
      if (!others.empty() && differences_with(others).empty()) {
        found.push_back("the exception for " + each.field + " is not needed");
      }
    }
    return found;
  }

 private:
  const Scenario& scenario_;
  const MarkerValues& values_;
  const Observation& seen_;
  std::vector<std::string>& problems_;
  std::vector<Recording> recordings_;
};

void judge(const Scenario& scenario, const std::vector<ArguedException>& exceptions, const VectorRunOptions& options,
           Verdict& verdict) {
  const TemporaryDirectory directory;
  const MarkerValues values{FakeClock().system_now(),
                            directory.path(),
                            kPort,
                            directory.path() + "/arc-keys",
                            {options.directory + "/files", options.further_fixtures}};
  std::vector<std::string> problems;
  const Given given = parse_given(scenario.given, values, problems);
  parse_expectation(scenario.expect, values, problems);
  if (problems.empty()) verdict.seen = play(given, values, problems);
  if (problems.empty()) {
    Judge judge(scenario, values, verdict.seen, problems);
    verdict.differences = judge.differences_with(exceptions);
    verdict.by_exception = !exceptions.empty();
    if (verdict.differences.empty()) verdict.differences = judge.superfluous(exceptions);
    const auto given_away = leaks(secrets_of(given), verdict.seen);
    verdict.differences.insert(verdict.differences.end(), given_away.begin(), given_away.end());
  }
  if (!problems.empty()) verdict.differences = problems;
}

Verdict run_scenario(const Scenario& scenario, const std::vector<ArguedException>& exceptions,
                     const VectorRunOptions& options) {
  Verdict verdict{scenario.id, {}, words_of(scenario.expect), false, {}};
  try {  // one scenario that breaks something of ours must not end the run
    judge(scenario, exceptions, options, verdict);
  } catch (const std::exception& exception) {
    verdict.differences = {std::string("exception: ") + exception.what()};
  }
  return verdict;
}

void tell(const Verdict& verdict, const VectorRunOptions& options, std::ostream& out) {
  const char* separator = options.verbose ? "\n    " : "; ";
  out << verdict.id << ": ";
  for (std::size_t i = 0; i < verdict.differences.size(); ++i) {
    out << (i == 0 && !options.verbose ? "" : separator) << verdict.differences[i];
  }
  if (!verdict.words.empty()) {
    out << (options.verbose ? "" : " (");
    for (std::size_t i = 0; i < verdict.words.size(); ++i) {
      out << (i == 0 && !options.verbose ? "" : separator) << verdict.words[i];
    }
    out << (options.verbose ? "" : ")");
  }
  out << '\n';
  if (!options.verbose) return;
  for (const CallOutcome& outcome : verdict.seen.outcomes) {
    out << "    call " << outcome.call + 1 << ": " << description_of(outcome);
    if (outcome.token) out << ", expires in " << outcome.expires_in.count() << " s";
    out << ", took " << outcome.took.count() << " ms\n";
  }
  for (const SentRequest& sent : verdict.seen.sent) out << "    sent: " << description_of(sent) << '\n';
  for (const auto& line : verdict.seen.command_lines) {
    out << "    ran:";
    for (const std::string& word : line) out << ' ' << word;
    out << '\n';
  }
}

std::vector<std::filesystem::path> scenario_files(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() == ".json") files.push_back(entry->path());
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace

int run_vectors(const VectorRunOptions& options, std::ostream& out, std::ostream& errors) {
  if (!std::filesystem::is_directory(options.directory)) {
    errors << "no such folder: " << options.directory << '\n';
    return 2;
  }
  const auto files = scenario_files(options.directory);
  if (files.empty()) {
    errors << "no scenario (*.json) in " << options.directory << '\n';
    return 2;
  }
  std::vector<ArguedException> exceptions;
  if (!options.exceptions_file.empty()) {
    const auto text = content_of(options.exceptions_file);
    auto parsed = text ? parse_exceptions(*text) : Error{ErrorKind::kNotFound, "it cannot be read"};
    if (!parsed) {
      errors << options.exceptions_file << ": " << parsed.error().message << '\n';
      return 2;
    }
    exceptions = std::move(*parsed);
  }

  std::size_t passed = 0;
  std::size_t failed = 0;
  std::size_t by_exception = 0;
  std::set<std::string> ids;
  const auto count = [&](const Verdict& verdict) {
    if (verdict.differences.empty()) {
      ++passed;
      if (verdict.by_exception) ++by_exception;
      return;
    }
    ++failed;
    tell(verdict, options, out);
  };
  for (const auto& path : files) {
    const auto text = content_of(path);
    const auto json = text ? parse_json(*text) : Error{ErrorKind::kNotFound, "it cannot be read"};
    std::vector<std::string> problems;
    if (!json) problems.push_back(json.error().message);
    const Scenario scenario = json ? parse_scenario(*json, path.stem(), problems)
                                   : Scenario{path.stem(), Json::object(), Json::object(), Json::object()};
    if (!options.only.empty() && scenario.id != options.only) continue;
    if (!ids.insert(scenario.id).second) problems.emplace_back("another file has the same id");
    if (!problems.empty()) {
      count({scenario.id, std::move(problems), {}, false, {}});
      continue;
    }
    std::vector<ArguedException> own = exceptions;
    std::erase_if(own, [&](const ArguedException& each) { return each.id != scenario.id; });
    count(run_scenario(scenario, own, options));
  }
  if (passed + failed == 0) {
    errors << "no scenario " << options.only << " in " << options.directory << '\n';
    return 2;
  }
  for (const ArguedException& each : exceptions) {
    if (!options.all_exceptions_apply || !options.only.empty() || !ids.insert(each.id).second) continue;
    count({each.id, {"there is an exception for it, and no such scenario"}, {}, false, {}});
  }
  if (by_exception > 0) out << by_exception << " judged by an exception\n";
  out << passed << " passed, " << failed << " failed\n";
  return failed == 0 ? 0 : 1;
}

}  // namespace azf::test
