#include "core/clock.h"

#include "support/fake_clock.h"

#include <doctest/doctest.h>

#include <thread>

using azf::Deadline;
using azf::test::FakeClock;
using namespace std::chrono_literals;

TEST_SUITE("core") {
  TEST_CASE("a deadline passes when its duration has, and not before") {
    FakeClock clock;
    const Deadline deadline = Deadline::after(clock, 2s);
    CHECK(deadline.remaining(clock) == 2s);
    clock.advance(1999ms);
    CHECK_FALSE(deadline.passed(clock));
    clock.advance(1ms);
    CHECK(deadline.passed(clock));
    clock.advance(1h);
    CHECK(deadline.remaining(clock) == 0s);
  }

  TEST_CASE("a deadline does not follow the wall clock") {
    FakeClock clock;
    const Deadline deadline = Deadline::after(clock, 2s);
    clock.jump_wall_clock(24h);
    CHECK(deadline.remaining(clock) == 2s);
  }

  TEST_CASE("never is never, however long one waits") {
    FakeClock clock;
    clock.advance(24h * 365);
    CHECK_FALSE(Deadline::never().passed(clock));
    CHECK(Deadline::never().remaining(clock) == std::chrono::nanoseconds::max());
    CHECK_FALSE(Deadline::never().instant().has_value());
  }

  TEST_CASE("the sooner of two deadlines wins") {
    FakeClock clock;
    CHECK(Deadline::never().or_sooner(clock, 3s).remaining(clock) == 3s);
    CHECK(Deadline::after(clock, 2s).or_sooner(clock, 3s).remaining(clock) == 2s);
    CHECK(Deadline::after(clock, 4s).or_sooner(clock, 3s).remaining(clock) == 3s);
  }

  TEST_CASE("a duration too large to add does not wrap round into the past") {
    FakeClock clock;
    CHECK_FALSE(Deadline::after(clock, std::chrono::nanoseconds::max()).passed(clock));
  }

  TEST_CASE("sleeps of the real clock end when the program does, and begin no more") {
    azf::SystemClock clock;
    const auto began = clock.steady_now();
    std::thread sleeper([&] { clock.sleep_for(10min); });
    clock.end_sleeps();
    sleeper.join();
    clock.sleep_for(10min);
    CHECK(clock.steady_now() - began < 1min);
  }

  TEST_CASE("a sleep of the real clock lasts as long as it should") {
    const azf::SystemClock clock;
    const auto began = clock.steady_now();
    clock.sleep_for(-1s);
    clock.sleep_for(20ms);
    CHECK(clock.steady_now() - began >= 20ms);
  }
}
