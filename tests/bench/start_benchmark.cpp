// Measures how long a custom handler takes from its start to its first answer, and what it keeps resident. Figures of
// one machine say little, so peers are measured in the same run, in turns, and the ratios to them are what counts.
#include "core/json.h"
#include "started_program.h"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace azf::bench {
namespace {

// After this time a program that has nothing to do has come to rest.
constexpr std::chrono::milliseconds kSettling{100};

struct Options {
  std::vector<std::string> programs;
  std::vector<std::string> peers;
  std::size_t runs = 200;
  std::size_t memory_runs = 5;
  std::optional<double> max_ratio;
  std::optional<double> max_rss_kib;
  bool json = false;
};

struct Samples {
  std::string program;
  std::vector<double> start_us{};
  std::vector<double> resident_kib{};
  std::vector<double> anonymous_kib{};
  std::vector<double> processor_us{};
  std::vector<double> page_faults{};
};

struct Summary {
  std::string program;
  double median_us;
  double min_us;
  double p90_us;
  double ratio;  ///< of the medians, to the first peer
  double processor_us;
  double resident_kib;
  double anonymous_kib;
  double page_faults;
};

double quantile(std::vector<double> values, double share) {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void measure_once(Samples& samples, bool with_memory) {
  using Microseconds = std::chrono::duration<double, std::micro>;
  StartedProgram program(samples.program);
  samples.start_us.push_back(Microseconds(program.wait_for_answer()).count());
  if (with_memory) {
    std::this_thread::sleep_for(kSettling);
    const auto memory = program.resident_memory();
    samples.resident_kib.push_back(static_cast<double>(memory.total_kib));
    samples.anonymous_kib.push_back(static_cast<double>(memory.anonymous_kib));
  }
  const auto usage = program.stop();
  samples.processor_us.push_back(Microseconds(usage.processor_time).count());
  samples.page_faults.push_back(static_cast<double>(usage.page_faults));
}

// The peers' samples come last.
std::vector<Samples> measure(const Options& options) {
  std::vector<Samples> all;
  for (const auto& program : options.programs) all.push_back({.program = program});
  for (const auto& peer : options.peers) all.push_back({.program = peer});
  for (const auto& samples : all) StartedProgram(samples.program).wait_for_answer();  // brings the file into memory
  for (std::size_t run = 0; run < options.runs; ++run) {
    for (auto& samples : all) measure_once(samples, run < options.memory_runs);
  }
  return all;
}

std::vector<Summary> summarize(const std::vector<Samples>& all, const Options& options) {
  const double peer_us = quantile(all[options.programs.size()].start_us, 0.5);
  std::vector<Summary> summaries;
  for (const auto& samples : all) {
    const double median_us = quantile(samples.start_us, 0.5);
    summaries.push_back({.program = samples.program,
                         .median_us = median_us,
                         .min_us = quantile(samples.start_us, 0),
                         .p90_us = quantile(samples.start_us, 0.9),
                         .ratio = median_us / peer_us,
                         .processor_us = quantile(samples.processor_us, 0.5),
                         .resident_kib = quantile(samples.resident_kib, 0.5),
                         .anonymous_kib = quantile(samples.anonymous_kib, 0.5),
                         .page_faults = quantile(samples.page_faults, 0.5)});
  }
  return summaries;
}

void print_table(const std::vector<Summary>& summaries) {
  std::printf("%9s %7s %7s %6s %7s %7s %8s %9s  %s\n", "median us", "min us", "p90 us", "ratio", "cpu us", "faults",
              "RSS KiB", "anon KiB", "program");
  for (const auto& s : summaries) {
    std::printf("%9.0f %7.0f %7.0f %6.2f %7.0f %7.0f %8.0f %9.0f  %s\n", s.median_us, s.min_us, s.p90_us, s.ratio,
                s.processor_us, s.page_faults, s.resident_kib, s.anonymous_kib, s.program.c_str());
  }
}

void print_json(const std::vector<Summary>& summaries, std::size_t runs) {
  Json programs = Json::array();
  for (const auto& s : summaries) {
    programs.push_back({{"program", s.program},
                        {"start_us", {{"median", s.median_us}, {"min", s.min_us}, {"p90", s.p90_us}}},
                        {"ratio_to_first_peer", s.ratio},
                        {"processor_us", s.processor_us},
                        {"rss_kib", s.resident_kib},
                        {"anonymous_kib", s.anonymous_kib},
                        {"page_faults", s.page_faults}});
  }
  std::printf("%s\n", Json({{"runs", runs}, {"programs", std::move(programs)}}).dump(2).c_str());
}

// Whether all programs but the peers keep the limits; says which do not.
bool within_limits(const std::vector<Summary>& summaries, const Options& options) {
  bool within = true;
  for (const auto& s : std::span(summaries).first(options.programs.size())) {
    if (options.max_ratio && s.ratio > *options.max_ratio) {
      within = false;
      std::fprintf(stderr, "%s takes %.2f times as long as the first peer, the limit is %.2f\n", s.program.c_str(),
                   s.ratio, *options.max_ratio);
    }
    if (options.max_rss_kib && s.resident_kib > *options.max_rss_kib) {
      within = false;
      std::fprintf(stderr, "%s keeps %.0f KiB resident, the limit is %.0f\n", s.program.c_str(), s.resident_kib,
                   *options.max_rss_kib);
    }
  }
  return within;
}

int run(const Options& options) {
  const auto summaries = summarize(measure(options), options);
  if (options.json) {
    print_json(summaries, options.runs);
  } else {
    print_table(summaries);
  }
  return within_limits(summaries, options) ? 0 : 1;
}

}  // namespace
}  // namespace azf::bench

int main(int argc, char** argv) {
  azf::bench::Options options;
  CLI::App app("Measures the time from start to first answered GET /, and resident memory, of custom handlers.");
  app.add_option("program", options.programs, "Programs to measure")->required()->check(CLI::ExistingFile);
  app.add_option("--peer", options.peers, "Program to compare with; ratios are to the first of several")
      ->required()
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::ExistingFile);
  app.add_option("--runs", options.runs, "Starts of each program")->check(CLI::Range(1, 100000))->capture_default_str();
  app.add_option("--memory-runs", options.memory_runs, "In how many of them to wait for rest and look at memory")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  app.add_option("--max-ratio", options.max_ratio,
                 "Exit with 1 if a median is more than this many times the first peer's");
  app.add_option("--max-rss-kib", options.max_rss_kib, "Exit with 1 if more is resident");
  app.add_flag("--json", options.json, "Print JSON instead of a table");
  CLI11_PARSE(app, argc, argv);
  try {
    return azf::bench::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
