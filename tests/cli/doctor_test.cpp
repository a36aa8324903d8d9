#include "cli/doctor.h"

#include "cli/doctor_checks.h"
#include "cli/doctor_variables.h"
#include "core/base64.h"
#include "identity/application_certificate.h"
#include "runtime/function_json.h"
#include "server/listener.h"
#include "support/fake_clock.h"
#include "support/fake_credential.h"
#include "support/fake_process_runner.h"
#include "support/fake_transport.h"
#include "support/memory_log.h"
#include "support/temporary_directory.h"
#include "support/test_certificates.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <map>

using namespace std::chrono_literals;
using azf::Environment;
using azf::Error;
using azf::ErrorKind;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::Json;
using azf::cli::AppFolder;
using azf::cli::Check;
using azf::cli::CheckStatus;
using azf::cli::Diagnosis;
using azf::cli::DoctorCommand;
using azf::cli::Selection;
using azf::test::FakeClock;
using azf::test::FakeTransport;
using azf::test::TemporaryDirectory;

namespace {

using Variables = std::map<std::string, std::string, std::less<>>;

constexpr auto kTenant = "11111111-1111-4111-8111-111111111111";
constexpr auto kClient = "22222222-2222-4222-8222-222222222222";

std::string text_of(const Check& check) {
  std::string text;
  for (const auto* const list : {&check.found, &check.next_steps, &check.details}) {
    for (const std::string& line : *list) text.append(line).append("\n");
  }
  return text;
}

bool says(const Check& check, std::string_view words) { return text_of(check).find(words) != std::string::npos; }

class NoExecutor final : public azf::Executor {
 public:
  bool post(std::string_view /*name*/, std::function<void()> /*task*/) override { return false; }
};

// Everything that the doctor looks at, on a machine of its own.
struct Machine {
  explicit Machine(Variables variables, FakeTransport::Reply reply = Error{ErrorKind::kTransport, "no connection"})
      : environment(std::move(variables)), transport([reply](const HttpRequest&) { return reply; }) {
    std::filesystem::create_directories(folder.path() + "/etc/ssl/certs");
  }

  Diagnosis diagnose(const DoctorCommand& command = {}) {
    const azf::identity::CredentialServices credentials{environment, transport, clock, log, processes, executor};
    return azf::cli::diagnose(
        command,
        {.credentials = credentials,
         .functions = functions,
         .current_folder = folder.path() + "/app",
         .root = folder.path(),
         .look_up = [](const std::string&, std::chrono::milliseconds) { return std::vector<std::string>{"192.0.2.1"}; },
         .progress = [this](std::string_view title) { titles.emplace_back(title); }});
  }

  TemporaryDirectory folder;
  Environment environment;
  FakeClock clock;
  azf::test::MemoryLogSink sink;
  azf::Logger log{sink, clock, azf::LogLevel::kDebug, azf::LogFormat::kJson};
  FakeTransport transport;
  azf::test::FakeProcessRunner processes;
  NoExecutor executor;
  std::vector<azf::Function> functions;
  std::vector<std::string> titles;
};

const Check& check_in(const Diagnosis& diagnosis, std::string_view id) {
  for (const Check& check : diagnosis.checks) {
    if (check.id == id) return check;
  }
  FAIL("no check " << std::string(id));
  return diagnosis.checks.front();
}

azf::Function greeting() {
  return azf::http_function(
      "greet", {.route = "greet", .methods = {azf::Method::kGet}, .auth_level = {}},
      [](const HttpRequest&, const azf::InvocationContext&) -> azf::Result<HttpResponse> { return HttpResponse{}; });
}

Check of_variables(Variables variables, const std::vector<std::string>& errors = {}) {
  return azf::cli::check_variables(Environment(std::move(variables)), errors);
}

azf::cli::AuthorityReply ask_authority(const Variables& variables, FakeTransport::Reply reply) {
  FakeTransport transport({std::move(reply)});
  const FakeClock clock;
  return azf::cli::check_authority(Environment(variables), &transport, clock, 10s);
}

std::string jwt_that_ends(azf::SystemTime end) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(end.time_since_epoch()).count();
  return "e30." + azf::to_base64url("{\"exp\":" + std::to_string(seconds) + "}") + ".c2ln";
}

}  // namespace

TEST_SUITE("doctor") {
  TEST_CASE("variables are named, set or not, and contradictions are warnings") {
    const Check plain = of_variables({{"AZURE_TENANT_ID", kTenant}, {"AZURE_CLIENT_ID", ""}});
    CHECK(plain.status == CheckStatus::kOk);
    CHECK(says(plain, "set: AZURE_TENANT_ID\n"));
    CHECK(says(plain, "counts as not set: AZURE_CLIENT_ID\n"));
    CHECK(says(plain, "IDENTITY_HEADER"));

    struct Row {
      Variables variables;
      std::string_view finding;
    };
    const Row rows[] = {
        {{{"AZURE_CLIENT_SECRET", "s3cret"}}, "AZURE_CLIENT_SECRET is set without AZURE_TENANT_ID, AZURE_CLIENT_ID"},
        {{{"AZURE_FEDERATED_TOKEN_FILE", "/f"}, {"AZURE_CLIENT_ID", kClient}}, "FILE is set without AZURE_TENANT_ID"},
        {{{"IDENTITY_ENDPOINT", "http://127.0.0.1:9/"}}, "IDENTITY_ENDPOINT is set without IDENTITY_HEADER"},
        {{{"https_proxy", "http://a:1"}, {"HTTPS_PROXY", "http://b:1"}}, "this program takes https_proxy"},
        {{{"HTTP_PROXY", "http://a:1"}}, "capitals only"},
        {{{"CURL_CA_BUNDLE", "/a"}, {"SSL_CERT_FILE", "/b"}}, "SSL_CERT_FILE is not used"},
        {{{"AZURE_CLIENT_ID", "my app"}}, "a GUID is expected"},
        {{{"AZURE_TENANT_ID", "a/b"}}, "AZURE_TENANT_ID is neither"},
        {{{"IDENTITY_HEADER", "x\n"}, {"IDENTITY_ENDPOINT", "http://127.0.0.1:9/"}}, "IDENTITY_HEADER has blanks"},
        {{{"AZURE_PASSWORD", "pw"}}, "retired"},
        {{{"AzureWebJobsStorage", "AccountName=a;AccountKey=k"}}, "AzureWebJobsStorage holds an account key"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.finding);
      const Check check = of_variables(row.variables);
      CHECK(check.status == CheckStatus::kWarning);
      CHECK(says(check, row.finding));
      CHECK_FALSE(check.worst_next_step.empty());
    }
  }

  TEST_CASE("settings of credentials that cannot be right are warnings of the variables, without their values") {
    Machine machine(Variables{{"AZURE_TOKEN_CREDENTIALS", "NoSuchMarker"},
                              {"AZF_IDENTITY_PIN", "PinMarker" + std::string(200, 'x')},
                              {"AZF_TOOL_TIMEOUT_SECONDS", "soonMarker"}});
    const Diagnosis diagnosis = machine.diagnose({.offline = true});
    const Check& check = check_in(diagnosis, "variables");
    CHECK(check.status == CheckStatus::kWarning);
    CHECK(says(check, "AZURE_TOKEN_CREDENTIALS is [AZURE_TOKEN_CREDENTIALS]"));
    CHECK(says(check, "AZF_TOOL_TIMEOUT_SECONDS must be"));
    CHECK(azf::cli::report_json(diagnosis).dump().find("Marker") == std::string::npos);

    Machine pinned(Variables{{"AZF_IDENTITY_PIN", "PinMarker" + std::string(200, 'x')}});
    const Diagnosis of_pin = pinned.diagnose({.offline = true});
    CHECK(says(check_in(of_pin, "variables"), "AZF_IDENTITY_PIN is [AZF_IDENTITY_PIN]"));
    CHECK(azf::cli::report_json(of_pin).dump().find("Marker") == std::string::npos);
  }

  TEST_CASE("wrong settings of the handler are failures, without their values") {
    CHECK(azf::cli::check_settings(Environment()).status == CheckStatus::kOk);
    const Check check =
        azf::cli::check_settings(Environment(Variables{{"AZF_LOG_LEVEL", "loud"}, {"AZF_DRAIN_SECONDS", "-7"}}));
    CHECK(check.status == CheckStatus::kFailed);
    CHECK(says(check, "AZF_LOG_LEVEL must be debug, info, warn or error\n"));
    CHECK(says(check, "AZF_DRAIN_SECONDS must be"));
    CHECK_FALSE(says(check, "loud"));
    CHECK_FALSE(says(check, "-7"));
  }

  TEST_CASE("wrong settings of services are failures, right ones are listed") {
    const Check check = azf::cli::check_settings(
        Environment(Variables{{"AZF_OPENAI_MAX_RETRIES", "1"}, {"AZF_BLOB_MAX_RETRIES", "planted"}}));
    CHECK(check.status == CheckStatus::kFailed);
    CHECK(says(check, "AZF_BLOB_MAX_RETRIES must be a whole number between 0 and 10\n"));
    CHECK(says(check, "without that calls to this service fail"));
    CHECK(says(check, "for services: AZF_OPENAI_MAX_RETRIES, AZF_BLOB_MAX_RETRIES"));
    CHECK_FALSE(says(check, "planted"));
  }

  TEST_CASE("the identity source is asked without its secret, and any answer will do") {
    const FakeClock clock;
    const Environment app_service(Variables{{"IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token?code=query-marker"},
                                            {"IDENTITY_HEADER", "header-marker"}});
    FakeTransport transport({HttpResponse{.status = 401}});
    const Check check = azf::cli::check_identity_source(app_service, {}, &transport, clock, 10s, "/nowhere");
    CHECK(check.status == CheckStatus::kOk);
    CHECK(says(check, "App Service"));
    CHECK_FALSE(says(check, "marker"));
    REQUIRE(transport.requests().size() == 1);
    CHECK(transport.requests().front() == HttpRequest{.url = "http://127.0.0.1:9/msi/token"});
    CHECK_FALSE(transport.options().front().use_proxy);

    FakeTransport silent({Error{ErrorKind::kTransport, "no connection"}});
    const Check failed = azf::cli::check_identity_source(app_service, {}, &silent, clock, 10s, "/nowhere");
    CHECK(failed.status == CheckStatus::kFailed);
    CHECK(says(failed, "restart the app"));

    const Environment wrong(Variables{{"IDENTITY_ENDPOINT", "ftp://x"}, {"IDENTITY_HEADER", "header-marker"}});
    CHECK(azf::cli::check_identity_source(wrong, {}, nullptr, clock, 10s, "/nowhere").status == CheckStatus::kFailed);
  }

  TEST_CASE("IMDS may be missing, unless it is what is wanted") {
    const FakeClock clock;
    const Variables imds = {{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9"}};
    const auto look = [&](const Variables& variables, const Selection& selection, FakeTransport::Reply reply) {
      FakeTransport transport({std::move(reply)});
      const Check check =
          azf::cli::check_identity_source(Environment(variables), selection, &transport, clock, 10s, "/nowhere");
      CHECK(transport.options().front().try_timeout == 1s);
      CHECK(transport.requests().front().headers.empty());
      return check.status;
    };
    const Error none{ErrorKind::kTimeout, "timed out"};
    CHECK(look(imds, {}, none) == CheckStatus::kOk);
    CHECK(look(imds, {"managedidentitycredential"}, none) == CheckStatus::kFailed);
    auto selected = imds;
    selected.emplace("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential");
    CHECK(look(selected, {}, none) == CheckStatus::kFailed);
    CHECK(look(selected, {}, HttpResponse{.status = 400}) == CheckStatus::kOk);
    CHECK(look(selected, {}, HttpResponse{.status = 502}) == CheckStatus::kFailed);
    CHECK(look(imds, {}, HttpResponse{.status = 502}) == CheckStatus::kOk);
  }

  TEST_CASE("a federated token's file must be readable, and its token alive") {
    const TemporaryDirectory folder;
    const azf::SystemTime now = FakeClock().system_now();
    const auto look = [&](const std::string& path) {
      return azf::cli::check_federated_token_file(Environment(Variables{{"AZURE_FEDERATED_TOKEN_FILE", path}}), now);
    };
    CHECK(azf::cli::check_federated_token_file(Environment(), now).status == CheckStatus::kOk);
    CHECK(look(folder.write("good", jwt_that_ends(now + 1h))).status == CheckStatus::kOk);
    CHECK(look(folder.write("opaque", "opaque-marker")).status == CheckStatus::kOk);
    CHECK_FALSE(says(look(folder.path() + "/opaque"), "opaque-marker"));
    const Check old = look(folder.write("old", jwt_that_ends(now - 1h)));
    CHECK(old.status == CheckStatus::kFailed);
    CHECK(says(old, "ended at 2026-01-02T02:04:05Z"));
    CHECK(look(folder.write("empty", " \n")).status == CheckStatus::kFailed);
    CHECK(look(folder.path() + "/missing").status == CheckStatus::kFailed);
  }

  TEST_CASE("a client certificate's file must hold a certificate with its key") {
    const TemporaryDirectory folder;
    const auto look = [&](const std::string& path) {
      return azf::cli::check_certificate_file(Environment(Variables{{"AZURE_CLIENT_CERTIFICATE_PATH", path}})).status;
    };
    CHECK(azf::cli::check_certificate_file(Environment()).status == CheckStatus::kOk);
    const auto& certificate = azf::test::application_certificate();
    CHECK(look(folder.write("good", certificate.certificate + certificate.key)) == CheckStatus::kOk);
    CHECK(look(folder.write("no-key", certificate.certificate)) == CheckStatus::kFailed);
    CHECK(look(folder.write("junk", "junk")) == CheckStatus::kFailed);
    CHECK(look(folder.path() + "/missing") == CheckStatus::kFailed);
  }

  TEST_CASE("developer tools are found on PATH, and missed only by who has chosen them") {
    const TemporaryDirectory folder;
    std::filesystem::permissions(folder.write("bin/az", "#!"), std::filesystem::perms::owner_all);
    folder.write("bin/azd", "not executable");
    const std::string path = "relative:" + folder.path() + "/none:" + folder.path() + "/bin";
    const Check check = azf::cli::check_developer_tools(Environment(Variables{{"PATH", path}}), {});
    CHECK(check.status == CheckStatus::kOk);
    CHECK(check.found ==
          std::vector<std::string>{"az: " + folder.path() + "/bin/az", "azd: not found", "pwsh: not found"});
    const Environment selecting(Variables{{"PATH", path}, {"AZURE_TOKEN_CREDENTIALS", "AzurePowerShellCredential"}});
    CHECK(azf::cli::check_developer_tools(selecting, {}).status == CheckStatus::kFailed);
    CHECK(azf::cli::check_developer_tools(selecting, {"AzureCliCredential"}).status == CheckStatus::kOk);
  }

  TEST_CASE("kept tokens that others can read are a warning") {
    const TemporaryDirectory folder;
    const auto look = [&](const std::string& path) {
      return azf::cli::check_tool_token_cache(Environment(Variables{{"AZF_TOOL_TOKEN_CACHE", path}})).status;
    };
    CHECK(azf::cli::check_tool_token_cache(Environment()).status == CheckStatus::kOk);
    CHECK(look(folder.path() + "/new") == CheckStatus::kOk);
    CHECK(look("relative") == CheckStatus::kWarning);
    CHECK(look(folder.path() + "/none/new") == CheckStatus::kWarning);
    const std::string file = folder.write("tokens", "{}");
    std::filesystem::permissions(file, std::filesystem::perms(0644));
    CHECK(look(file) == CheckStatus::kWarning);
    std::filesystem::permissions(file, std::filesystem::perms(0600));
    CHECK(look(file) == CheckStatus::kOk);
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0777));
    CHECK(look(file) == CheckStatus::kWarning);
  }

  TEST_CASE("of a proxy only host and port are shown") {
    struct Row {
      std::string_view url;
      std::string_view place;
    };
    const Row rows[] = {
        {"http://user:marker@proxy.example:3128/", "proxy.example:3128"},
        {"http://proxy.example", "proxy.example"},
        {"proxy.example:3128", "proxy.example:3128"},
        {"http://[::1]:3128", "[::1]:3128"},
        {"http://user:mar@ker@proxy.example:1", "proxy.example:1"},
        {"http://user:mar/ker@proxy.example:1", ""},
        {"http://user:marker", ""},
        {"user:marker", ""},
        {"marker", ""},
        {"", ""},
    };
    for (const Row& row : rows) {
      CAPTURE(row.url);
      CHECK(azf::cli::proxy_place(row.url) == row.place);
      const Check check = azf::cli::check_proxy(Environment(Variables{{"HTTPS_PROXY", std::string(row.url)}}));
      CHECK_FALSE(says(check, "marker"));
      CHECK(check.status == (row.place.empty() && !row.url.empty() ? CheckStatus::kWarning : CheckStatus::kOk));
    }
  }

  TEST_CASE("the name of whom Entra is asked through is looked up") {
    using Addresses = azf::Result<std::vector<std::string>>;
    struct Row {
      std::string name;
      Variables variables;
      Addresses addresses;
      CheckStatus status;
      std::string says;
    };
    const Row rows[] = {
        {"the public cloud",
         {},
         std::vector<std::string>{"192.0.2.1", "2001:db8::1"},
         CheckStatus::kOk,
         "login.microsoftonline.com (the authority) is at 192.0.2.1, 2001:db8::1"},
        {"a proxy",
         {{"HTTPS_PROXY", "http://user:marker@proxy.example:3128"}},
         std::vector<std::string>{"192.0.2.1"},
         CheckStatus::kOk,
         "proxy.example (the proxy of HTTPS_PROXY) is at 192.0.2.1"},
        {"no such host",
         {{"AZURE_AUTHORITY_HOST", "https://nowhere.example"}},
         azf::Error{azf::ErrorKind::kNotFound, "there is no such host"},
         CheckStatus::kFailed,
         "nowhere.example (the authority): there is no such host"},
        {"no answer", {}, azf::Error{azf::ErrorKind::kTimeout, "in time"}, CheckStatus::kFailed, "in time"},
        {"no proxy's URL", {{"HTTPS_PROXY", "marker"}}, std::vector<std::string>{}, CheckStatus::kSkipped, "no name"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      std::string asked;
      const Check check = azf::cli::check_dns(
          Environment(row.variables),
          [&](const std::string& host, std::chrono::milliseconds) {
            asked = host;
            return row.addresses;
          },
          std::chrono::seconds(10));
      CHECK(check.status == row.status);
      CHECK(says(check, row.says));
      CHECK_FALSE(says(check, "marker"));
      CHECK(asked.find("marker") == std::string::npos);
    }
  }

  TEST_CASE("certificates to trust are counted, and a file without any is a failure") {
    const TemporaryDirectory folder;
    const auto look = [&](const std::string& path) {
      return azf::cli::check_tls_trust(Environment(Variables{{"SSL_CERT_FILE", path}}));
    };
    const std::string one = azf::test::TestCertificateAuthority().certificate();
    const Check good = look(folder.write("good.pem", one + "\n# next\n" + one));
    CHECK(good.status == CheckStatus::kOk);
    CHECK(says(good, "good.pem (SSL_CERT_FILE) holds 2 certificates"));
    const Check damaged =
        look(folder.write("damaged.pem", one + "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"));
    CHECK(damaged.status == CheckStatus::kWarning);
    CHECK(look(folder.write("cut.pem", one.substr(0, one.size() / 2))).status == CheckStatus::kFailed);
    CHECK(look(folder.write("junk.pem", "junk")).status == CheckStatus::kFailed);
    CHECK(says(look(folder.write("empty.pem", "")), "is empty"));
    CHECK(says(look(folder.path() + "/missing.pem"), "does not exist"));
    CHECK(look(folder.path()).status == CheckStatus::kFailed);

    CHECK(azf::cli::check_tls_trust(Environment(), folder.path() + "/none").status == CheckStatus::kFailed);
    folder.write("etc/ssl/certs/ca-certificates.crt", one);
    CHECK(azf::cli::check_tls_trust(Environment(), folder.path()).status == CheckStatus::kOk);
  }

  TEST_CASE("the authority is reachable with any answer; what cannot be Entra's is a warning") {
    const HttpResponse json{.status = 200, .body = "{}"};
    CHECK(ask_authority({}, json).check.status == CheckStatus::kOk);
    CHECK(ask_authority({}, HttpResponse{.status = 400, .body = "{}"}).check.status == CheckStatus::kOk);
    CHECK(ask_authority({}, HttpResponse{.status = 200, .body = "<html>"}).check.status == CheckStatus::kWarning);
    CHECK(ask_authority({}, HttpResponse{.status = 302}).check.status == CheckStatus::kWarning);
    CHECK(ask_authority({}, HttpResponse{.status = 503}).check.status == CheckStatus::kWarning);
    const auto no_tenant = ask_authority({{"AZURE_TENANT_ID", kTenant}}, HttpResponse{.status = 400});
    CHECK(no_tenant.check.status == CheckStatus::kWarning);
    CHECK(says(no_tenant.check, "check AZURE_TENANT_ID and AZURE_AUTHORITY_HOST"));
    CHECK(ask_authority({{"AZURE_AUTHORITY_HOST", "http://x"}}, json).check.status == CheckStatus::kFailed);
  }

  TEST_CASE("an authority that does not answer is a failure that says where to look") {
    struct Row {
      Variables variables;
      Error error;
      std::string_view step;
    };
    const Row rows[] = {
        {{}, {ErrorKind::kTransport, "no connection: Connection refused"}, "check network and firewall"},
        {{}, {ErrorKind::kTransport, "the host name cannot be resolved"}, "DNS settings"},
        {{}, {ErrorKind::kUnexpectedResponse, "the server's certificate is not trusted: x"}, "let SSL_CERT_FILE name"},
        {{}, {ErrorKind::kInvalidArgument, "the CA certificates cannot be read: /x"}, "let SSL_CERT_FILE name"},
        {{{"HTTPS_PROXY", "http://p:1"}},
         {ErrorKind::kTransport, "no connection (a proxy is set by HTTPS_PROXY)"},
         "the proxy of HTTPS_PROXY answers"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.error.message);
      const auto reply = ask_authority(row.variables, row.error);
      CHECK(reply.check.status == CheckStatus::kFailed);
      CHECK(says(reply.check, row.step));
      CHECK_FALSE(reply.clock_ahead.has_value());
    }
  }

  TEST_CASE("the clock is compared with the Date of the authority's reply") {
    const auto reply = ask_authority(
        {}, HttpResponse{.status = 200, .headers = {{"Date", "Fri, 02 Jan 2026 03:02:05 GMT"}}, .body = "{}"});
    CHECK(reply.clock_ahead == 120s);
    CHECK(azf::cli::check_clock(60s).status == CheckStatus::kOk);
    CHECK(azf::cli::check_clock(-61s).status == CheckStatus::kWarning);
    CHECK(says(azf::cli::check_clock(-61s), "61 s behind"));
    CHECK(azf::cli::check_clock(300s).status == CheckStatus::kWarning);
    CHECK(azf::cli::check_clock(301s).status == CheckStatus::kFailed);
    CHECK(azf::cli::check_clock(std::nullopt).status == CheckStatus::kSkipped);
  }

  TEST_CASE("host.json must start the program") {
    const TemporaryDirectory folder;
    const AppFolder named{folder.path(), "AzureWebJobsScriptRoot"};
    CHECK(azf::cli::check_host_json({folder.path(), ""}).status == CheckStatus::kWarning);  // not the app's folder
    CHECK(azf::cli::check_host_json(named).status == CheckStatus::kFailed);
    const auto look = [&](std::string_view content) {
      folder.write("host.json", content);
      return azf::cli::check_host_json(named).status;
    };
    constexpr std::string_view kGood =
        R"({"version":"2.0", /* comment */ "CustomHandler":{"description":{"defaultExecutablePath":"handler"}}})";
    CHECK(look("{") == CheckStatus::kFailed);
    CHECK(look(R"({"version":"2.0"})") == CheckStatus::kFailed);
    CHECK(look(R"({"version":"2.0","customHandler":{"description":{}}})") == CheckStatus::kFailed);
    CHECK(look(kGood) == CheckStatus::kWarning);  // where the app is made
    folder.write("greet/function.json", "{}");
    CHECK(look(kGood) == CheckStatus::kFailed);
    std::filesystem::permissions(folder.write("handler", "#!"), std::filesystem::perms::owner_all);
    CHECK(look(kGood) == CheckStatus::kOk);
    CHECK(look(R"({"customHandler":{"description":{"defaultExecutablePath":"handler"}}})") == CheckStatus::kFailed);
  }

  TEST_CASE("the app's folder is the one that a variable names, else the current one") {
    CHECK(azf::cli::app_folder(Environment(), "/here").path == "/here");
    CHECK(azf::cli::app_folder(Environment(Variables{{"AzureWebJobsScriptRoot", "/there"}}), "/here").path == "/there");
  }

  TEST_CASE("the functions' folders must agree with the program") {
    const TemporaryDirectory folder;
    const AppFolder place{folder.path(), ""};
    std::vector<azf::Function> functions;
    functions.push_back(greeting());
    const auto look = [&] { return azf::cli::check_function_folders(place, functions); };
    CHECK(look().status == CheckStatus::kWarning);
    folder.write("other/function.json", "{}");
    CHECK(look().status == CheckStatus::kFailed);
    folder.write("greet/function.json", "{}");
    const Check different = look();
    CHECK(different.status == CheckStatus::kWarning);
    CHECK(says(different, "something else than this program for greet"));
    CHECK(says(different, "does not have: other"));
    folder.write("greet/function.json", azf::to_function_json(functions.front().metadata));
    std::filesystem::remove_all(folder.path() + "/other");
    CHECK(look().status == CheckStatus::kOk);
  }

  TEST_CASE("secrets in local.settings.json are named, never shown") {
    const TemporaryDirectory folder;
    const AppFolder place{folder.path(), ""};
    const auto look = [&](std::string_view content) {
      folder.write("local.settings.json", content);
      std::filesystem::permissions(folder.path() + "/local.settings.json", std::filesystem::perms(0600));
      return azf::cli::check_local_settings(place);
    };
    CHECK(azf::cli::check_local_settings(place).status == CheckStatus::kOk);
    constexpr std::string_view kHarmless =
        R"json({"IsEncrypted":false,"Values":{"FUNCTIONS_WORKER_RUNTIME":"custom","AZURE_FEDERATED_TOKEN_FILE":"/f",
                "AzureWebJobsStorage":"UseDevelopmentStorage=true","KEY":"@Microsoft.KeyVault(SecretUri=x)"}})json";
    CHECK(look(kHarmless).status == CheckStatus::kOk);
    CHECK(look("{").status == CheckStatus::kWarning);
    constexpr std::string_view kSecrets =
        R"({"Values":{"AZURE_CLIENT_SECRET":"marker-1","SEARCH_KEY":"marker-2","Store":"AccountName=a;AccountKey=marker-3"},
            "ConnectionStrings":{"Db":"marker-4"}})";
    const Check check = look(kSecrets);
    CHECK(check.status == CheckStatus::kWarning);
    CHECK(says(check, "AZURE_CLIENT_SECRET, SEARCH_KEY, Store, Db"));
    CHECK_FALSE(says(check, "marker"));
    CHECK_FALSE(says(check, "every user"));
    std::filesystem::permissions(folder.path() + "/local.settings.json", std::filesystem::perms(0644));
    CHECK(says(azf::cli::check_local_settings(place), "every user of this machine can read it"));
    CHECK(look(R"({"IsEncrypted":true,"Values":{"KEY":"abc"}})").status == CheckStatus::kOk);
  }

  TEST_CASE("the port must be free, or it is said who has it") {
    const auto look = [](const std::string& port) {
      return azf::cli::check_port(Environment(Variables{{"FUNCTIONS_CUSTOMHANDLER_PORT", port}}));
    };
    CHECK(azf::cli::check_port(Environment()).status == CheckStatus::kOk);
    CHECK(look("port-marker").status == CheckStatus::kFailed);
    CHECK_FALSE(says(look("port-marker"), "marker"));
    std::string port;
    {
      const auto held = azf::Listener::create(0);
      REQUIRE(held.has_value());
      port = std::to_string(held->port());
      const Check check = look(port);
      CHECK(check.status == CheckStatus::kFailed);
      CHECK(says(check, "in use by azf_cli_tests (process "));
    }
    CHECK(look(port).status == CheckStatus::kOk);

    const auto elsewhere = azf::Listener::create(0, *azf::parse_ip_address("127.0.0.2"));
    REQUIRE(elsewhere.has_value());
    port = std::to_string(elsewhere->port());
    CHECK(look(port).status == CheckStatus::kOk);
    CHECK(azf::cli::check_port(
              Environment(Variables{{"FUNCTIONS_CUSTOMHANDLER_PORT", port}, {"AZF_LISTEN_ADDRESS", "127.0.0.2"}}))
              .status == CheckStatus::kFailed);
  }

  TEST_CASE("tokens are asked for by scope, and only what is known of them is shown") {
    const FakeClock clock;
    azf::test::FakeCredential credential("FakeCredential");
    credential.add_outcome(azf::test::fake_token(
        "e30." + azf::to_base64url(R"({"tid":"t-1","oid":"p-1"})") + ".token-marker", clock.system_now() + 1h));
    auto refusal = azf::test::fake_refusal(ErrorKind::kAuthenticationFailed, "refused");
    refusal.attempts.front().code = "AADSTS7000215";
    refusal.attempts.front().next_step = "use the secret's value, not its id";
    credential.add_outcome(refusal);
    const auto replies = azf::cli::check_tokens(credential, {"a", "b"}, clock, 7s);
    CHECK(replies.check.status == CheckStatus::kFailed);
    CHECK(says(replies.check,
               "a: by FakeCredential: principal p-1, tenant t-1, expires 2026-01-02T04:04:05Z (in 60 min)"));
    CHECK(says(replies.check, "b: no token (authentication_failed), FakeCredential: AADSTS7000215"));
    CHECK(says(replies.check, "use the secret's value, not its id"));
    CHECK_FALSE(says(replies.check, "marker"));
    REQUIRE(replies.attempts.size() == 2);
    CHECK(replies.attempts.back().scope == "b");
    CHECK(credential.deadlines().front().remaining(clock) == 7s);
  }

  TEST_CASE("a chain where nothing is set up says what could be") {
    const FakeClock clock;
    azf::test::FakeCredential credential("FakeCredential");
    auto refusal = azf::test::fake_refusal(ErrorKind::kCredentialUnavailable, "nothing");
    refusal.attempts.push_back(refusal.attempts.front());
    credential.add_outcome(refusal);
    CHECK(says(azf::cli::check_tokens(credential, {"a"}, clock, 7s).check, "no credential is set up here"));
  }

  TEST_CASE("the verdict counts, and failures decide the exit code") {
    const Check well{.id = "a", .title = "A"};
    Check warned{.id = "b", .title = "B"};
    warned.warn("w", "do b");
    Check broken{.id = "c", .title = "C"};
    broken.fail("f", "do c");
    Check also{.id = "d", .title = "D"};
    also.fail("g");
    struct Row {
      std::vector<Check> checks;
      std::string_view verdict;
      int exit_code;
    };
    const Row rows[] = {{{well}, "healthy", 0},
                        {{well, warned}, "healthy with 1 warning", 0},
                        {{warned, warned}, "healthy with 2 warnings", 0},
                        {{well, warned, broken}, "1 problem: c", 1},
                        {{broken, also}, "2 problems: c, d", 1}};
    for (const Row& row : rows) {
      const Diagnosis diagnosis{row.checks, {}};
      CHECK(azf::cli::verdict_of(diagnosis) == row.verdict);
      CHECK(azf::cli::exit_code_of(diagnosis) == row.exit_code);
      const std::string text = azf::cli::report_text(diagnosis, azf::cli::Colours::kOff);
      CHECK(text.ends_with("\n" + std::string(row.verdict) + "\n"));
      CHECK(text.find('\033') == std::string::npos);
      CHECK(azf::cli::report_text(diagnosis, azf::cli::Colours::kOn).find('\033') != std::string::npos);
    }
  }

  TEST_CASE("a failure outweighs warnings in what is shown first") {
    Check check{.id = "a", .title = "A"};
    check.warn("little", "later");
    check.fail("much", "now");
    check.warn("little more", "later");
    CHECK(check.status == CheckStatus::kFailed);
    CHECK(check.worst == "much");
    CHECK(check.worst_next_step == "now");
  }

  TEST_CASE("an authority out of reach is no fault where tokens come without it") {
    Check authority{.id = "authority", .title = "Entra"};
    authority.fail("no answer");
    const Check tokens{.id = "tokens", .title = "Tokens"};
    CHECK(azf::cli::exit_code_of(azf::cli::weighed({{authority, tokens}, {}})) == 0);
    Check none = tokens;
    none.fail("no token");
    CHECK(azf::cli::verdict_of(azf::cli::weighed({{authority, none}, {}})) == "2 problems: authority, tokens");
    none = tokens;
    none.status = CheckStatus::kSkipped;
    CHECK(azf::cli::exit_code_of(azf::cli::weighed({{authority, none}, {}})) == 1);
  }

  TEST_CASE("what to do is said of credentials that were asked, else of all") {
    using azf::identity::Attempt;
    using azf::identity::AttemptOutcome;
    const Attempt absent{.credential = "A", .outcome = AttemptOutcome::kUnavailable, .next_step = "set up A"};
    const Attempt refused{.credential = "B", .outcome = AttemptOutcome::kFailed, .code = "c", .next_step = "mend B"};
    const Check tokens{.id = "tokens", .title = "Tokens"};
    const auto report = [&](std::vector<Attempt> attempts) {
      return azf::cli::report_text({{tokens}, {{"scope", std::move(attempts)}}}, azf::cli::Colours::kOff);
    };
    CHECK(report({absent}).find("set up A") != std::string::npos);
    CHECK(report({absent, refused}).find("set up A") == std::string::npos);
    CHECK(report({absent, refused}).find("mend B") != std::string::npos);
  }

  TEST_CASE("the report as JSON has the documented shape") {
    Machine machine(Variables{{"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9"}});
    const Diagnosis diagnosis = machine.diagnose({.scopes = {"scope-a", "scope-b"}});
    const auto json = azf::parse_json(azf::cli::report_json(diagnosis).dump());
    REQUIRE(json.has_value());
    CHECK(json->size() == 4);
    CHECK(azf::find_member(*json, "verdict")->get<std::string>() == azf::cli::verdict_of(diagnosis));
    CHECK(azf::find_member(*json, "exit_code")->get<int>() == 1);
    std::vector<std::string> ids;
    for (const Json& check : *azf::find_member(*json, "checks")) {
      ids.push_back(azf::find_member(check, "id")->get<std::string>());
      for (const std::string_view name : {"title", "status"}) CHECK(azf::find_member(check, name)->is_string());
      for (const std::string_view name : {"found", "next_steps", "details"})
        CHECK(azf::find_member(check, name)->is_array());
      CHECK(azf::find_member(check, "duration_ms")->is_number_integer());
    }
    CHECK(ids == std::vector<std::string>{"variables", "settings", "identity_source", "federated_token_file",
                                          "certificate_file", "developer_tools", "tool_token_cache", "proxy", "dns",
                                          "tls_trust", "authority", "clock", "host_json", "function_folders",
                                          "local_settings", "port", "tokens"});
    CHECK(machine.titles.size() == ids.size());
    const Json& attempts = *azf::find_member(*json, "attempts");
    CHECK(attempts.size() == 12);
    CHECK(azf::find_member(attempts.front(), "scope")->get<std::string>() == "scope-a");
    CHECK(azf::find_member(attempts.back(), "scope")->get<std::string>() == "scope-b");
    CHECK(azf::find_member(attempts.front(), "name")->get<std::string>() == "EnvironmentCredential");
  }

  TEST_CASE("offline nothing is sent and nothing is run") {
    Machine machine(Variables{{"IDENTITY_ENDPOINT", "http://127.0.0.1:9/"}, {"IDENTITY_HEADER", "h"}});
    const Diagnosis diagnosis = machine.diagnose({.offline = true});
    CHECK(machine.transport.requests().empty());
    CHECK(machine.processes.commands().empty());
    for (const auto id : {"identity_source", "dns", "authority", "clock", "tokens"}) {
      CAPTURE(id);
      CHECK(check_in(diagnosis, id).status == CheckStatus::kSkipped);
    }
    CHECK(diagnosis.attempts.empty());
  }

  TEST_CASE("no value of a variable is in a report, whatever goes wrong") {
    Variables all;
    for (const auto* const name : {"AZURE_TENANT_ID",
                                   "AZURE_CLIENT_ID",
                                   "AZURE_CLIENT_SECRET",
                                   "AZURE_CLIENT_CERTIFICATE_PATH",
                                   "AZURE_CLIENT_CERTIFICATE_PASSWORD",
                                   "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",
                                   "AZURE_USERNAME",
                                   "AZURE_PASSWORD",
                                   "AZURE_FEDERATED_TOKEN_FILE",
                                   "AZURE_AUTHORITY_HOST",
                                   "AZURE_TOKEN_CREDENTIALS",
                                   "AZURE_ADDITIONALLY_ALLOWED_TENANTS",
                                   "AZURE_IDENTITY_DISABLE_MULTITENANTAUTH",
                                   "AZURE_POD_IDENTITY_AUTHORITY_HOST",
                                   "AZURE_KUBERNETES_TOKEN_PROXY",
                                   "AZURE_KUBERNETES_CA_FILE",
                                   "AZURE_KUBERNETES_CA_DATA",
                                   "AZURE_KUBERNETES_SNI_NAME",
                                   "AZURE_SERVICE_CONNECTION_ID",
                                   "IDENTITY_ENDPOINT",
                                   "IDENTITY_HEADER",
                                   "IDENTITY_SERVER_THUMBPRINT",
                                   "IMDS_ENDPOINT",
                                   "MSI_ENDPOINT",
                                   "MSI_SECRET",
                                   "DEFAULT_IDENTITY_CLIENT_ID",
                                   "SYSTEM_ACCESSTOKEN",
                                   "SYSTEM_OIDCREQUESTURI",
                                   "AZF_IDENTITY_PIN",
                                   "AZF_TOOL_TIMEOUT_SECONDS",
                                   "AZF_TOOL_TOKEN_CACHE",
                                   "AZF_LOG_LEVEL",
                                   "AZF_LOG_FORMAT",
                                   "AZF_DRAIN_SECONDS",
                                   "AZF_LISTEN_ADDRESS",
                                   "AZF_ALLOWED_CLIENTS",
                                   "AZF_CLIENT_OWNER_CHECK",
                                   "AZF_WARM_UP",
                                   "FUNCTIONS_CUSTOMHANDLER_PORT",
                                   "FUNCTIONS_HTTPWORKER_PORT",
                                   "FUNCTIONS_APP_ROOT_PATH",
                                   "AzureWebJobsScriptRoot",
                                   "AzureWebJobsStorage",
                                   "WEBSITE_SKU",
                                   "CURL_CA_BUNDLE",
                                   "SSL_CERT_FILE",
                                   "SSL_CERT_DIR",
                                   "https_proxy",
                                   "HTTPS_PROXY",
                                   "http_proxy",
                                   "HTTP_PROXY",
                                   "all_proxy",
                                   "ALL_PROXY",
                                   "no_proxy",
                                   "NO_PROXY",
                                   "AZD_CONFIG_DIR"}) {
      all.emplace(name, "Marker-of-" + std::string(name) + std::string(150, 'x'));
    }
    // Each of these lets another part of the program speak.
    const Variables well_formed = {{"AZURE_TENANT_ID", "marker-tenant"},
                                   {"AZURE_CLIENT_ID", "marker-client"},
                                   {"AZURE_CLIENT_SECRET", "marker-secret"},
                                   {"AZURE_AUTHORITY_HOST", "https://127.0.0.1:9"},
                                   {"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9"},
                                   {"HTTPS_PROXY", "http://marker-user:marker-password@127.0.0.1:9"}};
    const Variables platform = {{"IDENTITY_ENDPOINT", "http://127.0.0.1:9/?marker=marker"},
                                {"IDENTITY_HEADER", "marker-header"},
                                {"AZURE_CLIENT_ID", "marker-client"},
                                {"AZURE_CLIENT_CERTIFICATE_PATH", "/marker/certificate"},
                                {"AZURE_FEDERATED_TOKEN_FILE", "/marker/token"},
                                {"AZURE_TENANT_ID", "marker-tenant"}};
    for (const Variables& variables : {all, well_formed, platform}) {
      for (const auto* const credential :
           {"DefaultAzureCredential", "EnvironmentCredential", "WorkloadIdentityCredential",
            "ManagedIdentityCredential", "ClientCertificateCredential"}) {
        CAPTURE(credential);
        Machine machine(variables);
        const Diagnosis diagnosis = machine.diagnose({.credential = credential});
        for (std::string report :
             {azf::cli::report_json(diagnosis).dump(), azf::cli::report_text(diagnosis, azf::cli::Colours::kOff)}) {
          const auto at = report.find("arker");
          CAPTURE(report.substr(at == std::string::npos ? 0 : at - std::min<std::size_t>(at, 200), 300));
          CHECK(at == std::string::npos);
        }
      }
    }
  }

  TEST_CASE("a word that is no setting's value goes, but not out of longer words") {
    const azf::cli::ValueFilter filter(Environment(Variables{{"AZURE_TOKEN_CREDENTIALS", "Managed"}}));
    CHECK(filter(std::string("is Managed, not ManagedIdentityCredential")) ==
          "is [AZURE_TOKEN_CREDENTIALS], not ManagedIdentityCredential");
  }

  TEST_CASE("words of settings stay in texts, and short values too") {
    const Environment environment(Variables{{"AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential"},
                                            {"AZF_LOG_FORMAT", "text"},
                                            {"AZURE_USERNAME", "me"},
                                            {"AZURE_TENANT_ID", kTenant}});
    const azf::cli::ValueFilter filter(environment);
    CHECK(filter(std::string("ManagedIdentityCredential text me") + kTenant) ==
          "ManagedIdentityCredential text me[AZURE_TENANT_ID]");
  }

  TEST_CASE("addresses to listen on and of clients stay in texts, what is none does not") {
    const azf::cli::ValueFilter addresses(
        Environment(Variables{{"AZF_LISTEN_ADDRESS", "0.0.0.0"}, {"AZF_ALLOWED_CLIENTS", "10.0.0.4, fd00::/8"}}));
    CHECK(addresses(std::string("0.0.0.0 10.0.0.4, fd00::/8")) == "0.0.0.0 10.0.0.4, fd00::/8");
    const azf::cli::ValueFilter others(
        Environment(Variables{{"AZF_LISTEN_ADDRESS", "marker"}, {"AZF_ALLOWED_CLIENTS", "10.0.0.4,other"}}));
    CHECK(others(std::string("marker 10.0.0.4,other")) == "[AZF_LISTEN_ADDRESS] [AZF_ALLOWED_CLIENTS]");
  }
}
