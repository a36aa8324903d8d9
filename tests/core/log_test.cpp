#include "core/log.h"

#include "core/json.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using azf::LogFormat;
using azf::Logger;
using azf::LogLevel;
using azf::test::FakeClock;
using azf::test::MemoryLogSink;

namespace {

bool has_warning_mark(std::string line) {
  for (char& c : line) c = static_cast<char>(c | 0x20);
  return line.find("warn") != std::string::npos;
}

}  // namespace

TEST_SUITE("core") {
  TEST_CASE("a record is one JSON object with level, time, message, scope and fields, in this order") {
    FakeClock clock;
    MemoryLogSink sink;
    const Logger log(sink, clock, LogLevel::kInfo, LogFormat::kJson);
    log.with("invocation_id", "42").info("served", {{"status", "200"}});
    REQUIRE(sink.lines().size() == 1);
    CHECK(
        sink.lines()[0].second ==
        R"({"level":"info","time":"2026-01-02T03:04:05.000Z","message":"served","invocation_id":"42","status":"200"})");
  }

  TEST_CASE("H-10: a record is one line whatever its text holds") {
    FakeClock clock;
    MemoryLogSink sink;
    for (const auto format : {LogFormat::kJson, LogFormat::kText}) {
      Logger(sink, clock, LogLevel::kInfo, format).info("a\nLanguageWorkerConsoleLog b\r\x1b[31m", {{"f", "x\ny"}});
    }
    for (const auto& [level, line] : sink.lines()) {
      CAPTURE(line);
      CHECK(line.find_first_of("\n\r\x1b") == std::string::npos);
      CHECK_FALSE(line.starts_with("LanguageWorkerConsoleLog"));
    }
  }

  TEST_CASE("H-10: the host sees a warning as a warning and an error as an error") {
    FakeClock clock;
    MemoryLogSink sink;
    for (const auto format : {LogFormat::kJson, LogFormat::kText}) {
      const Logger log(sink, clock, LogLevel::kInfo, format);
      log.warning("disk is nearly full");
      log.error("Warning: the WARNed-of thing happened", {{"field", "warn"}});
    }
    for (const auto& [level, line] : sink.lines()) {
      CAPTURE(line);
      CHECK(has_warning_mark(line) == (level == LogLevel::kWarning));
    }
    const auto error = azf::parse_json(sink.lines()[1].second);
    REQUIRE(error);
    CHECK(azf::required_string(*error, "message").value() == "Warning: the WARNed-of thing happened");
  }

  TEST_CASE("records below the minimum level are not written") {
    FakeClock clock;
    MemoryLogSink sink;
    const Logger log(sink, clock, LogLevel::kWarning, LogFormat::kJson);
    log.debug("d");
    log.info("i");
    log.warning("w");
    CHECK(sink.lines().size() == 1);
  }

  TEST_CASE("level names are read as they are written") {
    for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
      CHECK(azf::parse_log_level(azf::to_string(level)) == level);
    }
    CHECK_FALSE(azf::parse_log_level("verbose").has_value());
  }
}
