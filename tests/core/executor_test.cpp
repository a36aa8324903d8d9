#include "core/executor.h"

#include "support/fake_clock.h"
#include "support/memory_log.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <string>

namespace {

struct Fixture {
  azf::test::FakeClock clock;
  azf::test::MemoryLogSink sink;
  azf::Logger log{sink, clock, azf::LogLevel::kInfo, azf::LogFormat::kJson};
};

}  // namespace

TEST_SUITE("core/executor") {
  TEST_CASE("tasks are run, those that wait too, before the executor ends") {
    Fixture f;
    std::atomic<int> done = 0;
    {
      azf::ThreadExecutor executor(f.log, 2);
      for (int i = 0; i < 20; ++i) CHECK(executor.post("count", [&] { ++done; }));
    }
    CHECK(done == 20);
    CHECK(f.sink.text().empty());
  }

  TEST_CASE("a task for which there is no place is dropped") {
    Fixture f;
    std::latch release(1);
    azf::ThreadExecutor executor(f.log, 1, 1);
    CHECK(executor.post("first", [&] { release.wait(); }));
    bool posted = true;
    for (int i = 0; i < 2; ++i) posted = executor.post("further", [] {});
    CHECK_FALSE(posted);
    CHECK_FALSE(executor.wait_idle(std::chrono::milliseconds(1)));
    release.count_down();
    CHECK(executor.wait_idle(std::chrono::minutes(1)));
  }

  TEST_CASE("a task that throws is an error in the log, and others go on") {
    Fixture f;
    std::atomic<int> done = 0;
    {
      azf::ThreadExecutor executor(f.log, 1);
      executor.post("one", [] { throw std::logic_error("a mistake"); });
      executor.post("two", [] { throw 2; });
      executor.post("three", [&] { ++done; });
    }
    CHECK(done == 1);
    const std::string text = f.sink.text();
    CHECK(text.find(R"("task":"one","reason":"uncaught exception: a mistake")") != std::string::npos);
    CHECK(text.find(R"("task":"two","reason":"uncaught exception of an unknown type")") != std::string::npos);
    CHECK(text.find(R"("level":"error")") != std::string::npos);
  }
}
