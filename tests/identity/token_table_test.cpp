#include "identity/token_table.h"

#include "support/fake_clock.h"
#include "support/fake_credential.h"

#include <doctest/doctest.h>

#include <atomic>
#include <string>
#include <thread>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using Rows = std::vector<std::shared_ptr<const TokenTable::Row>>;

std::shared_ptr<const TokenTable::Row> row(TokenRequestContext request, const std::string& token, ClockReading until) {
  return std::make_shared<const TokenTable::Row>(std::move(request), *test::fake_token(token, until.system), until);
}

std::string text_of(const std::shared_ptr<const AccessToken>& token) {
  return token == nullptr ? "none" : std::string(token->token.expose());
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("a published token is found by the spelling of its request") {
    const test::FakeClock clock;
    const ClockReading now = clock.coarse_now();
    const ClockReading later{now.system + 1h, now.steady + 1h};
    TokenTable table;
    CHECK(text_of(table.find({.scopes = {"a"}}, now)) == "none");

    table.publish({row({.scopes = {"a"}}, "1", later), row({.scopes = {"a", "b"}}, "2", later),
                   row({.scopes = {"a"}, .tenant_id = "t"}, "3", later),
                   row({.scopes = {"a"}, .tenant_id = {}, .claims = {}, .enable_cae = true}, "4", later)});
    CHECK(text_of(table.find({.scopes = {"a"}}, now)) == "1");
    CHECK(text_of(table.find({.scopes = {"a", "b"}}, now)) == "2");
    CHECK(text_of(table.find({.scopes = {"a"}, .tenant_id = "t"}, now)) == "3");
    CHECK(text_of(table.find({.scopes = {"a"}, .tenant_id = {}, .claims = {}, .enable_cae = true}, now)) == "4");
    CHECK(text_of(table.find({.scopes = {"b", "a"}}, now)) == "none");
    CHECK(text_of(table.find({.scopes = {"A"}}, now)) == "none");
    CHECK(text_of(table.find({.scopes = {}}, now)) == "none");

    table.publish({row({.scopes = {"a"}}, "5", later)});
    CHECK(text_of(table.find({.scopes = {"a"}}, now)) == "5");
    CHECK(text_of(table.find({.scopes = {"a", "b"}}, now)) == "none");
  }

  TEST_CASE("either clock ends a published token") {
    const test::FakeClock clock;
    const ClockReading now = clock.coarse_now();
    const ClockReading later{now.system + 1h, now.steady + 1h};
    TokenTable table;
    table.publish({row({.scopes = {"a"}}, "1", later)});
    CHECK(text_of(table.find({.scopes = {"a"}}, {later.system - 1ns, later.steady - 1ns})) == "1");
    CHECK(text_of(table.find({.scopes = {"a"}}, {later.system, now.steady})) == "none");
    CHECK(text_of(table.find({.scopes = {"a"}}, {now.system, later.steady})) == "none");
  }

  TEST_CASE("a token lives as long as somebody uses it, and no longer than it is published") {
    const test::FakeClock clock;
    const ClockReading later{clock.system_now() + 1h, clock.steady_now() + 1h};
    const auto token = *test::fake_token("1", later.system);
    std::weak_ptr<const AccessToken> watched = token;
    TokenTable table;
    {
      auto only = token;
      table.publish({std::make_shared<const TokenTable::Row>(TokenRequestContext{.scopes = {"a"}}, only, later)});
    }
    auto used = table.find({.scopes = {"a"}}, clock.coarse_now());
    table.publish({});
    CHECK(text_of(used) == "1");
    used.reset();
    CHECK(watched.use_count() == 1);  // the one of this test
  }

  TEST_CASE("readers see one of the published tokens while they are replaced") {
    const test::FakeClock clock;
    const ClockReading now = clock.coarse_now();
    const ClockReading later{now.system + 1h, now.steady + 1h};
    TokenTable table;
    table.publish({row({.scopes = {"a"}}, "token", later)});
    std::atomic<bool> stop = false;
    std::atomic<int> wrong = 0;
    {
      std::vector<std::jthread> readers;
      for (int i = 0; i < 4; ++i) {
        readers.emplace_back([&] {
          const TokenRequestContext request{.scopes = {"a"}};
          while (!stop) wrong += text_of(table.find(request, now)) == "token" ? 0 : 1;
        });
      }
      for (int i = 0; i < 500; ++i) {
        Rows rows = {row({.scopes = {"a"}}, "token", later)};
        for (int other = 0; other < i % 7; ++other) {
          rows.push_back(row({.scopes = {"other-" + std::to_string(other)}}, "other", later));
        }
        table.publish(rows);
      }
      stop = true;
    }
    CHECK(wrong == 0);
  }
}

}  // namespace azf::identity
