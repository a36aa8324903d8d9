#include "identity/tool_token_file.h"

#include "core/json.h"
#include "identity/azure_cli_credential.h"
#include "identity/credential_fixture.h"
#include "support/fake_credential.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/types.h>
#include <thread>
#include <unistd.h>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using std::filesystem::perms;
using test::CredentialFixture;
using test::FakeCredential;
using test::kVaultScope;

struct TokenFileFixture : CredentialFixture {
  TokenFileFixture() : CredentialFixture(std::vector<test::FakeTransport::Reply>{}) {
    environment.set("AZF_TOOL_TOKEN_CACHE", path);
  }

  /// A tool credential as a new run of the program has it: each of its tokens lives for `life`.
  std::unique_ptr<TokenCredential> new_run(std::string token, std::chrono::seconds life = 1h,
                                           KeptTokenOwner owner = {"tenant subscription", "/nonexistent"},
                                           std::string name = "AzureCliCredential") {
    auto tool = std::make_unique<FakeCredential>(
        name, [this, name, token, life](const TokenRequestContext&, Deadline) -> TokenResult {
          ++runs;
          return test::fake_token(token, clock.system_now() + life, std::nullopt, name);
        });
    return with_token_file(std::move(tool), services(), std::move(owner));
  }
  static std::string get(TokenCredential& credential, const TokenRequestContext& context = {{kVaultScope}, "", ""}) {
    const auto result = credential.get_token(context, Deadline::never());
    REQUIRE(result);
    return std::string((*result)->token.expose());
  }
  [[nodiscard]] std::string content() const {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] std::size_t warnings() const {
    const auto lines = sink.lines();
    return static_cast<std::size_t>(
        std::ranges::count_if(lines, [](const auto& line) { return line.first == LogLevel::kWarning; }));
  }
  /// That the file is not used, with one warning that says `why`.
  void check_ignored(const std::string& why) {
    const auto credential = new_run("fresh");
    CHECK(get(*credential) == "fresh");
    CHECK(get(*credential) == "fresh");
    CHECK(runs == 2);
    CHECK(warnings() == 1);
    CAPTURE(sink.text());
    CHECK(sink.text().find(why) != std::string::npos);
    CHECK(sink.text().find("AZF_TOOL_TOKEN_CACHE") != std::string::npos);
    CHECK(sink.text().find("fresh") == std::string::npos);
  }

  test::TemporaryDirectory directory;
  std::string path = directory.path() + "/tokens.json";
  int runs = 0;
};

const TokenRequestContext kVault{{kVaultScope}, "", ""};

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("a developer tool's token is kept for the next run, in a file for its owner alone") {
    TokenFileFixture f;
    CHECK(f.get(*f.new_run("token-1")) == "token-1");
    struct stat status {};
    REQUIRE(::stat(f.path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);

    const auto result = f.new_run("token-2")->get_token(kVault, Deadline::never());
    REQUIRE(result);
    CHECK((*result)->token == Secret("token-1"));
    CHECK((*result)->expires_on == f.clock.system_now() + 1h);
    CHECK((*result)->credential == "AzureCliCredential");
    CHECK((*result)->attempts.front().source == "kept in " + f.path + " by an earlier run");
    CHECK(f.runs == 1);
    CHECK(f.warnings() == 0);
    CHECK(std::distance(std::filesystem::directory_iterator(f.directory.path()), {}) == 1);
  }

  TEST_CASE("without AZF_TOOL_TOKEN_CACHE the credential is the tool's own") {
    TokenFileFixture f;
    f.environment.set("AZF_TOOL_TOKEN_CACHE", "");
    auto tool = std::make_unique<FakeCredential>("AzureCliCredential");
    const TokenCredential* const before = tool.get();
    CHECK(with_token_file(std::move(tool), f.services(), {}).get() == before);
  }

  TEST_CASE("a kept token is for the same credential, account, login, tenant and scopes only") {
    TokenFileFixture f;
    const std::string login = f.directory.write("login/profile.json", "{}");
    const KeptTokenOwner owner{"tenant subscription", login};
    CHECK(f.get(*f.new_run("token-1", 1h, owner)) == "token-1");

    CHECK(f.get(*f.new_run("a", 1h, owner), {{"https://storage.azure.com/.default"}, "", ""}) == "a");
    CHECK(f.get(*f.new_run("b", 1h, owner), {{kVaultScope}, "contoso.com", ""}) == "b");
    CHECK(f.get(*f.new_run("c", 1h, {"other subscription", login})) == "c");
    CHECK(f.get(*f.new_run("d", 1h, owner, "AzurePowerShellCredential")) == "d");
    CHECK(f.get(*f.new_run("e", 1h, owner)) == "token-1");
    CHECK(f.get(*f.new_run("f", 1h, owner), {{kVaultScope}, "contoso.com", ""}) == "b");

    f.directory.write("login/profile.json", "{\"another\":\"login\"}");
    CHECK(f.get(*f.new_run("g", 1h, owner)) == "g");
  }

  TEST_CASE("who asks a second time in one run wants another token") {
    TokenFileFixture f;
    CHECK(f.get(*f.new_run("token-1")) == "token-1");
    const auto credential = f.new_run("token-2");
    CHECK(f.get(*credential) == "token-1");
    CHECK(f.get(*credential) == "token-2");
    CHECK(f.get(*f.new_run("token-3")) == "token-2");
  }

  TEST_CASE("a kept token is handed out until five minutes before its end, and not before it was issued") {
    const struct {
      std::chrono::seconds passed;
      bool kept;
    } rows[] = {{0s, true},  {55min, true}, {55min + 1s, false}, {59min, false},
                {2h, false}, {-1s, false},  {-2h, false}};
    for (const auto& row : rows) {
      CAPTURE(row.passed.count());
      TokenFileFixture f;
      CHECK(f.get(*f.new_run("token-1")) == "token-1");
      f.clock.jump_wall_clock(row.passed);
      CHECK(f.get(*f.new_run("token-2")) == (row.kept ? "token-1" : "token-2"));
    }
  }

  TEST_CASE("a token that ends within five minutes is not kept, and ended ones leave the file") {
    TokenFileFixture f;
    CHECK(f.get(*f.new_run("short", 4min)) == "short");
    CHECK_FALSE(std::filesystem::exists(f.path));
    CHECK(f.get(*f.new_run("ended"), {{"https://storage.azure.com/.default"}, "", ""}) == "ended");
    f.clock.advance(2h);
    CHECK(f.get(*f.new_run("token-2")) == "token-2");
    CHECK(f.content().find("ended") == std::string::npos);
  }

  TEST_CASE("a long-lived kept token keeps its time of refresh until that has passed") {
    TokenFileFixture f;
    CHECK(f.get(*f.new_run("token-1", 24h)) == "token-1");
    const auto early = f.new_run("token-2")->get_token(kVault, Deadline::never());
    REQUIRE(early);
    CHECK((*early)->refresh_on == f.clock.system_now() + 12h);
    f.clock.advance(13h);
    const auto late = f.new_run("token-2")->get_token(kVault, Deadline::never());
    REQUIRE(late);
    CHECK((*late)->token == Secret("token-1"));
    CHECK_FALSE((*late)->refresh_on.has_value());
  }

  TEST_CASE("claims pass by the kept token and replace it") {
    TokenFileFixture f;
    CHECK(f.get(*f.new_run("token-1")) == "token-1");
    CHECK(f.get(*f.new_run("token-2"), {{kVaultScope}, "", "{}"}) == "token-2");
    CHECK(f.get(*f.new_run("token-3")) == "token-2");
  }

  TEST_CASE("a failure of the tool is handed on and keeps nothing") {
    TokenFileFixture f;
    auto tool = std::make_unique<FakeCredential>(
        "AzureCliCredential",
        std::vector<TokenResult>{test::fake_refusal(ErrorKind::kCredentialUnavailable, "not logged in")});
    const auto result = with_token_file(std::move(tool), f.services(), {})->get_token(kVault, Deadline::never());
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
    CHECK_FALSE(std::filesystem::exists(f.path));
  }

  TEST_CASE("a file that is open to others is not used, and stays as it is") {
    for (const auto mode : {perms::owner_read | perms::owner_write | perms::group_write,
                            perms::owner_read | perms::owner_write | perms::others_read}) {
      TokenFileFixture f;
      f.get(*f.new_run("token-1"));
      f.runs = 0;
      const std::string before = f.content();
      std::filesystem::permissions(f.path, mode);
      f.check_ignored("open to others");
      CHECK(f.content() == before);
    }
  }

  TEST_CASE("a file in a directory that others can write to is not used") {
    for (const auto mode : {perms::group_write, perms::others_write}) {
      TokenFileFixture f;
      std::filesystem::permissions(f.directory.path(), perms::owner_all | mode);
      f.check_ignored("others can write to its directory");
      CHECK_FALSE(std::filesystem::exists(f.path));
    }
  }

  TEST_CASE("symbolic links are not followed, neither the file nor its directory") {
    TokenFileFixture f;
    const std::string elsewhere = f.directory.write("elsewhere.json", "untouched");
    std::filesystem::permissions(elsewhere, perms::owner_read | perms::owner_write);
    std::filesystem::create_symlink(elsewhere, f.path);
    f.check_ignored("symbolic link");
    CHECK(std::filesystem::is_symlink(f.path));

    TokenFileFixture g;
    std::filesystem::create_directory(g.directory.path() + "/real");
    std::filesystem::permissions(g.directory.path() + "/real", perms::owner_all);
    std::filesystem::create_directory_symlink(g.directory.path() + "/real", g.directory.path() + "/link");
    g.environment.set("AZF_TOOL_TOKEN_CACHE", g.directory.path() + "/link/tokens.json");
    g.check_ignored("symbolic link");
    CHECK(std::filesystem::is_empty(g.directory.path() + "/real"));
  }

  TEST_CASE("a file or directory of another user is not used") {
    if (::geteuid() != 0) return;  // only root can give files away
    TokenFileFixture f;
    f.get(*f.new_run("token-1"));
    f.runs = 0;
    REQUIRE(::chown(f.path.c_str(), 12345, 12345) == 0);
    f.check_ignored("belongs to another user");

    TokenFileFixture g;
    REQUIRE(::chown(g.directory.path().c_str(), 12345, 12345) == 0);
    g.check_ignored("its directory belongs to another user");
    REQUIRE(::chown(g.directory.path().c_str(), 0, 0) == 0);
  }

  TEST_CASE("what is no file in an existing directory is not used") {
    for (const std::string path : {"tokens.json", "./tokens.json", "/", "/nonexistent-folder/tokens.json"}) {
      CAPTURE(path);
      TokenFileFixture f;
      f.environment.set("AZF_TOOL_TOKEN_CACHE", path);
      f.check_ignored("is not used");
    }
    TokenFileFixture f;
    REQUIRE(::mkfifo(f.path.c_str(), 0600) == 0);
    f.check_ignored("it is no file");
  }

  TEST_CASE("a file that says nothing, or too much, is replaced") {
    const std::string key = R"("key":"AzureCliCredential|tenant subscription|/nonexistent|none||)" + kVaultScope + "\"";
    const std::string rows[] = {
        "",
        "not json",
        "[]",
        R"({"version":2,"tokens":[{)" + key + R"(,"token":"bad","issued_at":1767323000,"expires_on":1767329000}]})",
        R"({"version":1,"tokens":{}})",
        R"({"version":1,"tokens":[7,{},{)" + key + R"(,"token":"bad","issued_at":1767323000}]})",
        R"({"version":1,"tokens":[{)" + key + R"(,"token":7,"issued_at":1767323000,"expires_on":1767329000}]})",
        R"({"version":1,"tokens":[{)" + key +
            R"(,"token":"bad\r\nX: y","issued_at":1767323000,"expires_on":1767329000}]})",
        R"({"version":1,"tokens":[{)" + key +
            R"(,"token":"bad","issued_at":1767323000,"expires_on":99999999999999999}]})",
        R"({"version":1,"tokens":[{)" + key + R"(,"token":"bad","issued_at":1767323000,"expires_on":1767329000}]})" +
            std::string(300000, ' '),
    };
    for (const std::string& row : rows) {
      CAPTURE(row);
      TokenFileFixture f;
      f.directory.write("tokens.json", row);
      std::filesystem::permissions(f.path, perms::owner_read | perms::owner_write);
      CHECK(f.get(*f.new_run("token-1")) == "token-1");
      CHECK(f.get(*f.new_run("token-2")) == "token-1");
      CHECK(f.content().find("bad") == std::string::npos);
      CHECK(f.warnings() == 0);
    }
    TokenFileFixture f;  // that the rows above are refused for what is wrong in them
    f.directory.write("tokens.json", R"({"version":1,"tokens":[{)" + key +
                                         R"(,"token":"good","issued_at":1767323000,"expires_on":1767329000}]})");
    std::filesystem::permissions(f.path, perms::owner_read | perms::owner_write);
    CHECK(f.get(*f.new_run("token-1")) == "good");
  }

  TEST_CASE("the file holds the newest tokens only, and nothing that does not fit") {
    TokenFileFixture f;
    const auto credential = f.new_run("token-1");
    for (int i = 0; i < 70; ++i) {
      f.get(*credential, {{"https://" + std::to_string(i) + ".example/.default"}, "", ""});
      f.clock.advance(1s);
    }
    const auto root = parse_json(f.content());
    REQUIRE(root);
    REQUIRE(find_member(*root, "tokens") != nullptr);
    CHECK(find_member(*root, "tokens")->size() == 64);
    CHECK(f.content().find("https://5.example") == std::string::npos);
    CHECK(f.content().find("https://69.example") != std::string::npos);

    TokenFileFixture g;
    CHECK(g.get(*g.new_run(std::string(300000, 'x'))).size() == 300000);
    CHECK_FALSE(std::filesystem::exists(g.path));
    CHECK(g.warnings() == 1);
  }

  TEST_CASE("runs that write at once leave a whole file behind") {
    TokenFileFixture f;
    std::vector<std::thread> threads;
    std::vector<std::unique_ptr<TokenCredential>> credentials;
    for (int i = 0; i < 4; ++i) {
      auto tool = std::make_unique<FakeCredential>("AzureCliCredential",
                                                   [&f](const TokenRequestContext&, Deadline) -> TokenResult {
                                                     return test::fake_token("token", f.clock.system_now() + 1h);
                                                   });
      auto services = f.services();
      services.new_guid = random_guid;
      credentials.push_back(with_token_file(std::move(tool), services, {std::to_string(i), ""}));
    }
    for (auto& credential : credentials) {
      threads.emplace_back([&credential] {
        for (int i = 0; i < 50; ++i) {
          (void)credential->get_token({{"https://" + std::to_string(i) + ".example/.default"}, "", ""},
                                      Deadline::never());
        }
      });
    }
    for (std::thread& each : threads) each.join();
    CHECK(parse_json(f.content()));
    CHECK(f.warnings() == 0);
    CHECK(std::distance(std::filesystem::directory_iterator(f.directory.path()), {}) == 1);
  }

  TEST_CASE("credentials of developer tools keep their tokens in the file by themselves") {
    TokenFileFixture f;
    f.processes.set_answer([&](const ProcessCommand&) -> Result<ProcessOutput> {
      return ProcessOutput{0, Secret(R"({"accessToken":"token-1","expires_on":)" + f.epoch_in(1h) + "}"), ""};
    });
    for (const std::string subscription : {"one", "two", "one"}) {
      auto az = create_azure_cli_credential({.subscription = subscription}, f.services());
      REQUIRE(az);
      CHECK(f.get(**az) == "token-1");
    }
    CHECK(f.processes.commands().size() == 2);
  }
}

}  // namespace azf::identity
