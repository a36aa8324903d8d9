#include "cli/doctor_checks.h"

#include "azure/service_policy.h"
#include "cli/doctor_variables.h"
#include "cli/port_holder.h"
#include "core/base64.h"
#include "core/time_text.h"
#include "http/ca_bundle.h"
#include "http/proxy.h"
#include "http/url.h"
#include "identity/advice.h"
#include "identity/certificate.h"
#include "identity/managed_identity_source.h"
#include "identity/secret_file.h"
#include "identity/tenant.h"
#include "identity/text.h"
#include "identity/token_claims.h"
#include "identity/token_endpoint.h"
#include "runtime/function_json.h"
#include "runtime/host_configuration.h"
#include "server/handler_options.h"
#include "server/listener.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace azf::cli {
namespace {

using identity::Problem;
using std::chrono::seconds;

std::string_view advice(Problem problem) { return identity::next_step_for(identity::to_string(problem)); }

std::string text_of(const Environment& environment, std::string_view name) {
  return std::string(environment.get(name).value_or(""));
}

std::string reason_of(int error) { return std::generic_category().message(error); }

Result<std::string> read_file(const std::filesystem::path& path) {
  std::error_code none;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, none)) {
    return Error{ErrorKind::kNotFound, std::filesystem::exists(path, none) ? "cannot be read" : "does not exist"};
  }
  return std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The host's files may hold comments, which the strict reader of core/json.h does not take.
Result<Json> read_object(const std::filesystem::path& path) {
  auto text = read_file(path);
  if (!text) return std::move(text).error();
  auto json = Json::parse(*text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
  if (!json.is_object()) return Error{ErrorKind::kInvalidArgument, "is not a JSON object"};
  return json;
}

bool is_executable_file(const std::filesystem::path& path) {
  std::error_code none;
  return std::filesystem::is_regular_file(path, none) && ::access(path.c_str(), X_OK) == 0;
}

SendOptions one_try(const Clock& clock, std::chrono::milliseconds timeout) {
  SendOptions options;
  options.deadline = Deadline::after(clock, timeout);
  options.connect_timeout = timeout;
  options.try_timeout = timeout;
  return options;
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return lower;
}

// When the token ends by its own word; nothing if it does not say.
std::optional<SystemTime> end_of_jwt(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto payload = from_base64url(token.substr(first + 1, second - first - 1));
  if (!payload) return std::nullopt;
  const auto json = parse_json(*payload);
  if (!json) return std::nullopt;
  const auto end = optional_integer(*json, "exp");
  constexpr std::int64_t kLatest = 253'402'300'799;  // of year 9999
  if (!end || !*end || **end < 0 || **end > kLatest) return std::nullopt;
  return SystemTime(seconds(**end));
}

struct PemCount {
  std::size_t good = 0;
  std::size_t damaged = 0;
};

PemCount count_certificates(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  constexpr char kSequence = 0x30;  // how the DER form of every certificate begins
  PemCount count;
  for (auto at = text.find(kBegin); at != std::string_view::npos; at = text.find(kBegin, at)) {
    at += kBegin.size();
    const auto end = std::min(text.find(kEnd, at), text.find(kBegin, at));
    const auto der = end == std::string_view::npos ? std::nullopt : from_base64(text.substr(at, end - at));
    ++(der && der->starts_with(kSequence) ? count.good : count.damaged);
  }
  return count;
}

void look_at_ca_file(const CaLocation& file, Check& check) {
  const bool by_variable = file.origin != "well-known place";
  const std::string step =
      by_variable ? "let " + file.origin + " name a file of PEM certificates, or unset it to use the system's"
                  : "install the package ca-certificates anew";
  const std::string name = file.path + " (" + file.origin + ")";
  const auto text = read_file(file.path);
  if (!text) return check.fail("the file " + name + " " + text.error().message, step);
  if (text->empty()) return check.fail("the file " + name + " is empty: no server is trusted", step);
  const PemCount count = count_certificates(*text);
  if (count.good == 0) return check.fail("the file " + name + " holds no PEM certificate: no server is trusted", step);
  check.found.push_back("the file " + name + " holds " + std::to_string(count.good) +
                        (count.good == 1 ? " certificate" : " certificates"));
  if (count.damaged != 0) check.warn(std::to_string(count.damaged) + " more of them are damaged", step);
}

void look_at_ca_directory(const CaLocation& directory, bool alone, Check& check) {
  const std::string name = directory.path + " (" + directory.origin + ")";
  std::size_t files = 0;
  bool readable = false;
  for (std::string_view rest = directory.path; !rest.empty();) {
    const auto end = std::min(rest.find(':'), rest.size());
    std::error_code failure;
    std::filesystem::directory_iterator entries(rest.substr(0, end), failure);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (failure) continue;
    readable = true;
    files += static_cast<std::size_t>(std::distance(begin(entries), std::filesystem::end(entries)));
  }
  if (readable && files != 0)
    return check.found.push_back("the directory " + name + " holds " + std::to_string(files) + " files");
  const std::string finding = "the directory " + name + (readable ? " is empty" : " cannot be read");
  constexpr std::string_view kStep = "let SSL_CERT_DIR name a directory of hashed certificates, or unset it";
  alone ? check.fail(finding, kStep) : check.warn(finding, kStep);
}

std::string authority_description(const std::string& authority, const Environment& environment) {
  const auto tenant = environment.get("AZURE_TENANT_ID");
  if (!tenant || !identity::check_tenant_id(*tenant)) {
    return authority + "/common/discovery/instance?api-version=1.1&authorization_endpoint=" +
           percent_encode("https://login.microsoftonline.com/common/oauth2/v2.0/authorize");
  }
  const std::string tenant_url = authority + "/" + std::string(*tenant);
  return tenant_url + (identity::is_adfs(*tenant) ? "" : "/v2.0") + "/.well-known/openid-configuration";
}

void judge_authority(const HttpResponse& response, bool of_tenant, Check& check) {
  const std::string answer = "answered with status " + std::to_string(response.status);
  if (response.status / 100 == 2 && parse_json(response.body)) return check.found.push_back(answer);
  if (response.status / 100 == 2 || response.status / 100 == 3) {
    return check.warn(answer + ", but not with what Entra would say", advice(Problem::kUnexpectedReply));
  }
  if (of_tenant && (response.status == 400 || response.status == 404)) {
    return check.warn(answer + ": it does not know the tenant that AZURE_TENANT_ID names",
                      identity::next_step_for("AADSTS90002"));
  }
  if (response.status >= 500) return check.warn(answer + ": it is there, but not well", "try again in some minutes");
  check.found.push_back(answer);
}

std::string step_for(const Error& error, const Environment& environment) {
  const auto says = [&error](std::string_view words) { return error.message.find(words) != std::string::npos; };
  if (says("not trusted") || says("CA certificates")) return std::string(advice(Problem::kServerNotTrusted));
  if (error.kind == ErrorKind::kUnexpectedResponse) return std::string(advice(Problem::kUnexpectedReply));
  if (const auto proxy = find_proxy(environment, "https"); proxy && says(proxy->variable)) {
    return "check that the proxy of " + proxy->variable + " answers and may be used from here; or unset " +
           proxy->variable + ", or exempt the host by no_proxy";
  }
  if (says("resolved")) return "check this machine's DNS settings (/etc/resolv.conf), and that it has a network at all";
  return "check network and firewall: TCP to this host and port must be allowed; set HTTPS_PROXY where a proxy is "
         "needed";
}

bool holds_functions(const AppFolder& folder) {
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path, failure)) {
    if (std::filesystem::exists(entry.path() / "function.json", failure)) return true;
  }
  return false;
}

std::string where(const AppFolder& folder) {
  return folder.path.string() +
         (folder.variable.empty() ? " (the current folder)" : " (" + std::string(folder.variable) + ")");
}

constexpr std::string_view kNoAppFolder =
    "run this in the app's folder, or let AzureWebJobsScriptRoot name it; `handler functions --write FOLDER` makes the "
    "functions' folders";

void append(std::string& list, std::string_view name) { list.append(list.empty() ? "" : ", ").append(name); }

// What is wrong, a line each. The step is that of the first one.
void report_settings(const Error& problems, std::string_view step, Check& check) {
  std::string_view next_step = step;
  for (std::string_view rest = problems.message; !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    // What follows shows the value, which a log of the same machine may hold, but a report for others may not.
    const std::string_view line = rest.substr(0, end);
    check.fail(std::string(line.substr(0, line.find(", got "))), std::exchange(next_step, ""));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

// By its name, or by how it looks, as app settings are named by whoever writes them.
bool is_secret_setting(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 6> kNames = {"secret",    "password",         "token",
                                                      "accesskey", "connectionstring", "apikey"};
  constexpr std::array<std::string_view, 5> kMarks = {
      "AccountKey=", "SharedAccessKey=", "SharedAccessSignature=", "Password=", "Pwd="};
  constexpr std::array<std::string_view, 3> kHarmless = {"_file", "_path", "token_credentials"};
  if (value.empty() || value.starts_with("@Microsoft.KeyVault(") || value == "UseDevelopmentStorage=true") return false;
  const auto holds = [](std::string_view text, const auto& words) {
    return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != std::string_view::npos; });
  };
  const std::string lower = lower_case(name);
  if (holds(value, kMarks)) return true;
  return (holds(lower, kNames) || lower.ends_with("key")) && !holds(lower, kHarmless);
}

std::string secret_settings(const Json& settings) {
  std::string names;
  const auto look = [&names](const Json* group, bool all) {
    const auto* object = group == nullptr ? nullptr : group->get_ptr<const Json::object_t*>();
    if (object == nullptr) return;
    for (const auto& [name, value] : *object) {
      const auto* text = value.template get_ptr<const std::string*>();
      if (text != nullptr && ((all && !text->empty()) || is_secret_setting(name, *text)))
        append(names, identity::printable(name, 100));
    }
  };
  look(find_setting(settings, {"Values"}), false);
  look(find_setting(settings, {"ConnectionStrings"}), true);
  return names;
}

std::string describe_token(const identity::AccessToken& token, SystemTime now) {
  const auto claims = identity::read_token_claims(token.token.expose());
  const auto minutes = std::chrono::floor<std::chrono::minutes>(token.expires_on - now).count();
  return "by " + token.credential + ": principal " + claims.principal_id.value_or("unknown") + ", tenant " +
         claims.tenant_id.value_or("unknown") + ", expires " + to_rfc3339(token.expires_on) + " (in " +
         std::to_string(minutes) + " min)";
}

const identity::Attempt* refusal_in(const identity::CredentialError& error) {
  const auto failed = std::ranges::find(error.attempts, identity::AttemptOutcome::kFailed, &identity::Attempt::outcome);
  return failed == error.attempts.end() ? nullptr : &*failed;
}

std::string describe_refusal(const identity::CredentialError& error) {
  std::string text = "no token (" + std::string(to_string(error.kind)) + ")";
  if (const auto* failed = refusal_in(error))
    text.append(", ").append(failed->credential).append(": ").append(failed->code);
  if (!error.correlation_id.empty()) text.append(", correlation id ").append(error.correlation_id);
  return text;
}

// What to do about a chain without a token: the refusal that ended it tells, if there is one.
std::string step_for(const identity::CredentialError& error) {
  const auto* failed = refusal_in(error);
  if (failed == nullptr && error.attempts.size() == 1) failed = &error.attempts.front();
  if (failed != nullptr && failed->code == identity::to_string(Problem::kAuthorityUnreachable)) {
    return "get the check authority well first: " + failed->credential + " needs it";
  }
  if (failed != nullptr && !failed->next_step.empty()) return failed->credential + ": " + failed->next_step;
  if (error.kind == ErrorKind::kTimeout) return "raise --timeout; see how long each attempt took";
  return "no credential is set up here: in Azure turn on a managed identity, on a development machine run `az login`, "
         "elsewhere set AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret, certificate or federated token";
}

}  // namespace

bool Selection::is_only(std::string_view name, const Environment& environment) const {
  if (!equal_ignoring_case(credential, "DefaultAzureCredential")) return equal_ignoring_case(credential, name);
  return equal_ignoring_case(identity::trimmed(environment.get("AZURE_TOKEN_CREDENTIALS").value_or("")), name);
}

Check check_settings(const Environment& environment) {
  Check check{.id = "settings", .title = "Settings of the handler"};
  const auto options = load_handler_options(environment);
  if (options) {
    check.found.push_back("all understood; requests may go on for " + std::to_string(options->drain_limit.count()) +
                          " s after a stop signal");
  } else {
    report_settings(options.error(), "correct it: without that the handler does not start", check);
  }
  if (const auto services = azure::check_service_settings(environment); !services) {
    report_settings(services.error(), "correct it: without that calls to this service fail", check);
  }
  if (const auto set = azure::service_settings(environment); !set.empty()) {
    std::string names;
    for (const std::string& name : set) append(names, name);
    check.found.push_back("for services: " + names);
  }
  return check;
}

Check check_identity_source(const Environment& environment, const Selection& selection, HttpTransport* transport,
                            const Clock& clock, std::chrono::seconds timeout, const std::string& arc_agent_path) {
  Check check{.id = "identity_source", .title = "Managed identity"};
  const auto& source = identity::detect_managed_identity_source(environment, arc_agent_path);
  const bool imds = source.manner == identity::ManagedIdentitySource::Manner::kMetadataService;
  const std::string name(source.name);
  const auto built = source.build(environment, "https://management.azure.com", {});
  if (!built) {
    check.fail(name + ": " + built.error().reason,
               built.error().next_step.empty() ? advice(Problem::kInvalidSetting) : built.error().next_step);
    return check;
  }
  HttpRequest request;  // a new one: that of the source holds the secret
  request.url = built->request.url.substr(0, built->request.url.find('?'));
  check.found.push_back((imds ? "no variable tells of a source, so it would be IMDS, at " : name + ", at ") +
                        request.url);
  if (transport == nullptr) {
    check.status = CheckStatus::kSkipped;
    check.found.emplace_back("not asked whether it answers: --offline");
    return check;
  }

  SendOptions options = one_try(clock, imds ? std::min(timeout, seconds(1)) : timeout);
  options.allow_plain_http = true;
  options.use_proxy = false;
  options.pinned_certificate_sha1 = built->pinned_certificate_sha1;
  const auto reply = transport->send(request, options);
  const bool needed = !imds || selection.is_only("ManagedIdentityCredential", environment);
  if (reply && imds && identity::is_not_from_imds(*reply)) {
    const std::string finding = "something else answers there, with status " + std::to_string(reply->status);
    needed ? check.fail(finding, advice(Problem::kImdsForeign))
           : check.found.push_back(finding + ": not on an Azure machine");
  } else if (reply) {
    check.found.push_back("it answers (status " + std::to_string(reply->status) +
                          " to a request without the headers that it asks for)");
  } else if (needed) {
    check.fail("no answer: " + reply.error().message,
               advice(imds ? Problem::kImdsUnreachable : Problem::kIdentityEndpointUnreachable));
  } else {
    check.found.emplace_back("no answer, as is normal outside Azure: there is no managed identity here");
  }
  return check;
}

Check check_federated_token_file(const Environment& environment, SystemTime now) {
  Check check{.id = "federated_token_file", .title = "Federated token file"};
  const std::string path = text_of(environment, "AZURE_FEDERATED_TOKEN_FILE");
  if (path.empty()) {
    check.found.emplace_back("AZURE_FEDERATED_TOKEN_FILE is not set: no workload identity here");
    return check;
  }
  const auto content = identity::load_secret_file(path);
  if (!content) {
    check.fail(content.error().message, advice(Problem::kTokenFileUnusable));
    return check;
  }
  const std::string_view token = identity::trimmed(content->expose());
  if (token.empty()) {
    check.fail(path + " is empty", advice(Problem::kTokenFileUnusable));
    return check;
  }
  const auto end = end_of_jwt(token);
  if (end && *end <= now) {
    check.fail(
        path + " holds a token that ended at " + to_rfc3339(*end),
        "find out why its issuer no longer renews the file (in Kubernetes: the projected volume, the pod's age)");
    return check;
  }
  check.found.push_back(
      path + " can be read" +
      (end ? "; its token is good until " + to_rfc3339(*end) : "; its token does not say when it ends"));
  return check;
}

Check check_certificate_file(const Environment& environment) {
  Check check{.id = "certificate_file", .title = "Client certificate"};
  const std::string path = text_of(environment, "AZURE_CLIENT_CERTIFICATE_PATH");
  if (path.empty()) {
    check.found.emplace_back("AZURE_CLIENT_CERTIFICATE_PATH is not set");
    return check;
  }
  const auto content = identity::load_secret_file(path);
  if (!content) {
    check.fail(content.error().message, advice(Problem::kCertificateUnusable));
    return check;
  }
  const Secret password = environment.get_secret("AZURE_CLIENT_CERTIFICATE_PASSWORD").value_or(Secret());
  const auto certificate = identity::load_certificate(content->expose(), password);
  if (!certificate) {
    check.fail(path + ": " + certificate.error().message, advice(Problem::kCertificateUnusable));
    return check;
  }
  check.found.push_back(path + " holds a certificate with its key, and " +
                        std::to_string(certificate->chain().size() - 1) + " more certificates");
  return check;
}

Check check_developer_tools(const Environment& environment, const Selection& selection) {
  struct Tool {
    std::string_view program;
    std::string_view credential;
  };
  constexpr std::array kTools = {Tool{"az", "AzureCliCredential"}, Tool{"azd", "AzureDeveloperCliCredential"},
                                 Tool{"pwsh", "AzurePowerShellCredential"}};
  Check check{.id = "developer_tools", .title = "Developer tools on PATH"};
  for (const auto& [program, credential] : kTools) {
    std::string place;
    for (std::string_view rest = environment.get("PATH").value_or(""); !rest.empty() && place.empty();) {
      const auto end = std::min(rest.find(':'), rest.size());
      const auto candidate = std::filesystem::path(rest.substr(0, end)) / program;
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (candidate.is_absolute() && is_executable_file(candidate)) place = candidate;
    }
    std::string finding(program);
    if (!place.empty()) {
      check.found.push_back(finding.append(": ").append(place));
    } else if (selection.is_only(credential, environment)) {
      check.fail(finding.append(": not found, but ").append(credential).append(" is selected"),
                 advice(Problem::kToolNotFound));
    } else {
      check.found.push_back(finding.append(": not found"));
    }
  }
  return check;
}

Check check_tool_token_cache(const Environment& environment) {
  Check check{.id = "tool_token_cache", .title = "Kept tokens of developer tools"};
  const std::string path = text_of(environment, "AZF_TOOL_TOKEN_CACHE");
  constexpr std::string_view kStep =
      "make it yours alone (`chmod 600` for the file, `chmod go-w` for its folder), or name another file";
  struct ::stat status {};
  struct ::stat folder {};
  if (path.empty()) {
    check.found.emplace_back("AZF_TOOL_TOKEN_CACHE is not set: none are kept");
  } else if (!path.starts_with('/')) {
    check.warn("AZF_TOOL_TOKEN_CACHE is not an absolute path, so it is not used", "name an absolute path");
  } else if (::lstat(std::filesystem::path(path).parent_path().c_str(), &folder) != 0) {
    check.warn("the folder of " + path + " cannot be used: " + reason_of(errno), kStep);
  } else if (!S_ISDIR(folder.st_mode) || folder.st_uid != ::geteuid() || (folder.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    check.warn("the folder of " + path +
                   " is a link, belongs to another user or is writable by others, so the file is not used",
               kStep);
  } else if (::lstat(path.c_str(), &status) != 0) {
    errno == ENOENT ? check.found.push_back(path + " is not there yet; it will be made")
                    : check.warn(path + " cannot be used: " + reason_of(errno), kStep);
  } else if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) {
    check.warn(path + " is no file of this user, so it is not used", kStep);
  } else if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    check.warn(path + " is open to others, so it is not used: whoever can read it can use its tokens", kStep);
  } else {
    check.found.push_back(path + " is open to this user only");
  }
  return check;
}

Check check_proxy(const Environment& environment) {
  Check check{.id = "proxy", .title = "Proxy"};
  const auto proxy = find_proxy(environment, "https");
  if (!proxy) {
    check.found.emplace_back("none is set: Entra is asked directly");
    return check;
  }
  const std::string place = proxy_place(proxy->url);
  if (place.empty()) {
    check.warn(proxy->variable + " is set, but is not clearly the URL of a proxy",
               "write it as http://HOST:PORT; percent-encode what is special in user and password");
    return check;
  }
  check.found.push_back(place + " (" + proxy->variable + ")" +
                        (proxy->url.find('@') == std::string::npos ? "" : ", with a user"));
  check.found.push_back(proxy_exemptions(environment).empty() ? "no host is exempt (no_proxy)"
                                                              : "some hosts are exempt (no_proxy)");
  return check;
}

Check check_dns(const Environment& environment, const NameLookup& look_up, seconds timeout) {
  Check check{.id = "dns", .title = "Name look-up"};
  const auto proxy = find_proxy(environment, "https");
  const auto authority = identity::authority_host({}, environment);
  const std::string proxy_host_and_port = proxy ? proxy_place(proxy->url) : std::string();
  const auto url = parse_url(proxy ? "http://" + proxy_host_and_port : authority ? *authority : std::string());
  if (!url || !look_up) {
    check.status = CheckStatus::kSkipped;
    check.found.emplace_back(look_up ? "there is no name to look up: see the checks proxy and authority"
                                     : "no name server was asked: --offline");
    return check;
  }
  const std::string whose = proxy ? " (the proxy of " + proxy->variable + ")" : " (the authority)";
  const auto addresses = look_up(url->host, timeout);
  if (!addresses) {
    check.fail(url->host + whose + ": " + addresses.error().message,
               addresses.error().kind == ErrorKind::kNotFound
                   ? "check the spelling of the name, and the name servers in /etc/resolv.conf"
                   : "check the name servers in /etc/resolv.conf, and that they can be reached");
    return check;
  }
  std::string list;
  for (const std::string& address : *addresses) list.append(list.empty() ? "" : ", ").append(address);
  check.found.push_back(url->host + whose + " is at " + list);
  return check;
}

Check check_tls_trust(const Environment& environment, const std::string& root) {
  Check check{.id = "tls_trust", .title = "Trusted certificates"};
  const CaBundle bundle = find_ca_bundle(environment, root);
  if (bundle.empty())
    check.fail("none were found: no server is trusted", "install ca-certificates, or name a file by SSL_CERT_FILE");
  if (bundle.file) look_at_ca_file(*bundle.file, check);
  if (bundle.directory) look_at_ca_directory(*bundle.directory, /*alone=*/!bundle.file, check);
  return check;
}

AuthorityReply check_authority(const Environment& environment, HttpTransport* transport, const Clock& clock,
                               std::chrono::seconds timeout) {
  AuthorityReply result{.check = {.id = "authority", .title = "Microsoft Entra"}, .clock_ahead = {}};
  Check& check = result.check;
  const auto authority = identity::authority_host({}, environment);
  if (!authority) {
    check.fail(authority.error().message, "correct AZURE_AUTHORITY_HOST, or unset it for the public cloud");
    return result;
  }
  const bool by_variable = environment.has("AZURE_AUTHORITY_HOST");
  check.found.push_back(*authority + (by_variable ? " (AZURE_AUTHORITY_HOST)" : " (the public cloud)"));
  if (transport == nullptr) {
    check.status = CheckStatus::kSkipped;
    check.found.emplace_back("not asked whether it answers: --offline");
    return result;
  }

  HttpRequest request;
  request.url = authority_description(*authority, environment);
  const auto reply = transport->send(request, one_try(clock, timeout));
  const SystemTime now = clock.system_now();
  if (!reply) {
    check.fail(reply.error().message, step_for(reply.error(), environment));
    return result;
  }
  judge_authority(*reply, request.url.ends_with("openid-configuration"), check);
  if (const auto date = parse_http_date(reply->headers.get("date").value_or(""))) {
    result.clock_ahead = std::chrono::round<seconds>(now - *date);
  }
  return result;
}

Check check_clock(std::optional<std::chrono::seconds> clock_ahead) {
  Check check{.id = "clock", .title = "Clock"};
  if (!clock_ahead) {
    check.status = CheckStatus::kSkipped;
    check.found.emplace_back("not compared: no reply of Entra with its time");
    return check;
  }
  const auto difference = std::chrono::abs(*clock_ahead);
  std::string finding = "this machine's clock is " + std::to_string(difference.count()) + " s " +
                        (clock_ahead->count() < 0 ? "behind" : "ahead of") + " Entra's";
  if (difference > std::chrono::minutes(5)) {
    check.fail(std::move(finding), advice(Problem::kClockSkew));
  } else if (difference > std::chrono::minutes(1)) {
    check.warn(std::move(finding), advice(Problem::kClockSkew));
  } else {
    check.found.push_back(std::move(finding));
  }
  return check;
}

AppFolder app_folder(const Environment& environment, const std::filesystem::path& current) {
  for (const std::string_view variable : {"FUNCTIONS_APP_ROOT_PATH", "AzureWebJobsScriptRoot"}) {
    if (const auto path = environment.get(variable)) return {std::filesystem::path(*path), variable};
  }
  return {current, {}};
}

Check check_host_json(const AppFolder& folder) {
  Check check{.id = "host_json", .title = "host.json"};
  const auto path = folder.path / "host.json";
  const auto json = read_object(path);
  if (!json) {
    const std::string finding = "host.json in " + where(folder) + " " + json.error().message;
    const bool elsewhere =
        json.error().kind == ErrorKind::kNotFound && folder.variable.empty() && !holds_functions(folder);
    elsewhere ? check.warn(finding, kNoAppFolder)
              : check.fail(finding, "put the app's host.json there: without it the host does not start");
    return check;
  }
  check.found.push_back(path.string());
  const Json* executable = find_setting(*json, {"customHandler", "description", "defaultExecutablePath"});
  const auto* program = executable == nullptr ? nullptr : executable->get_ptr<const std::string*>();
  if (const Json* version = find_setting(*json, {"version"}); version == nullptr || *version != "2.0") {
    check.fail("version is not \"2.0\"", "set \"version\": \"2.0\": the host takes no other");
  }
  if (find_setting(*json, {"customHandler"}) == nullptr) {
    check.fail("there is no customHandler: the host would not start this program",
               "add \"customHandler\": {\"description\": {\"defaultExecutablePath\": \"handler\"}, "
               "\"enableForwardingHttpRequest\": true}");
  } else if (program == nullptr || program->empty()) {
    check.fail("customHandler.description.defaultExecutablePath is missing",
               "set it to the name of this program's file");
  } else if (!is_executable_file(folder.path / *program)) {
    const std::string finding =
        "the program that defaultExecutablePath names is not in this folder, or cannot be executed";
    // Without functions this is where the app is made, not where it runs.
    holds_functions(folder) ? check.fail(finding, "copy the program there, and `chmod +x` it")
                            : check.warn(finding, kNoAppFolder);
  }
  return check;
}

Check check_function_folders(const AppFolder& folder, std::span<const Function> functions) {
  Check check{.id = "function_folders", .title = "Functions"};
  const std::string step = "write them anew: handler functions --write " + folder.path.string();
  std::string missing;
  std::string different;
  for (const Function& function : functions) {
    const FunctionMetadata& metadata = function.metadata;
    const auto there = read_object(folder.path / metadata.name / "function.json");
    const auto ours = parse_json(to_function_json(metadata));
    if (!there) {
      append(missing, metadata.name);
    } else if (!ours || *there != *ours) {
      append(different, metadata.name);
    }
  }
  std::string foreign;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path, failure)) {
    const std::string name = entry.path().filename();
    const bool known = std::ranges::any_of(functions, [&](const Function& each) { return each.metadata.name == name; });
    if (!known && std::filesystem::exists(entry.path() / "function.json", failure))
      append(foreign, identity::printable(name, 100));
  }
  if (!missing.empty() && !holds_functions(folder)) {
    check.warn("there are no functions' folders in " + where(folder), kNoAppFolder);
    return check;
  }
  if (!missing.empty()) check.fail("no usable function.json for " + missing + ": the host does not know them", step);
  if (!different.empty()) check.warn("function.json says something else than this program for " + different, step);
  if (!foreign.empty()) check.warn("the host would load functions that this program does not have: " + foreign, step);
  if (check.status == CheckStatus::kOk) {
    check.found.push_back("the folders of all " + std::to_string(functions.size()) +
                          " functions agree with this program");
  }
  return check;
}

Check check_local_settings(const AppFolder& folder) {
  Check check{.id = "local_settings", .title = "local.settings.json"};
  const auto path = folder.path / "local.settings.json";
  const auto json = read_object(path);
  if (!json) {
    std::error_code none;
    if (std::filesystem::exists(path, none)) {
      check.warn(path.string() + " " + json.error().message, "correct it: `func start` reads it");
    } else {
      check.found.emplace_back("none, as is right outside of development");
    }
    return check;
  }
  const Json* encrypted = find_setting(*json, {"IsEncrypted"});
  const std::string names = secret_settings(*json);
  if (names.empty() || (encrypted != nullptr && *encrypted == true)) {
    check.found.push_back(path.string() + " holds no secrets in the clear");
    return check;
  }
  check.warn(path.string() + " holds secrets: " + names,
             "remove them: `az login` gives tokens on a development machine; never deploy or commit this file");
  struct ::stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    check.warn("every user of this machine can read it", "chmod 600 " + path.string());
  }
  return check;
}

Check check_port(const Environment& environment) {
  Check check{.id = "port", .title = "Port"};
  std::string_view variable = "FUNCTIONS_CUSTOMHANDLER_PORT";
  if (!environment.has(variable)) variable = "FUNCTIONS_HTTPWORKER_PORT";
  const auto text = environment.get(variable);
  if (!text) {
    check.found.emplace_back(
        "FUNCTIONS_CUSTOMHANDLER_PORT is not set here; the host sets it when it starts the handler");
    return check;
  }
  const auto port = parse_port(*text);
  if (!port) {
    check.fail(std::string(variable) + " is not a port between 1 and 65535",
               "leave it to the host to set it, or use `handler serve --port`");
    return check;
  }
  const auto options = load_handler_options(environment);
  const IpAddress address = options ? options->listen_address : IpAddress::loopback();
  if (const auto listener = Listener::create(*port, address)) {
    check.found.push_back("port " + std::to_string(*port) + " is free");
    return check;
  }
  const auto holder = find_port_holder(*port);
  const std::string finding = "port " + std::to_string(*port) + " is in use by ";
  if (!holder) {
    check.fail(finding + "a process that this user may not see, or cannot be bound",
               "find it as root: `ss -ltnp`; or let the host choose another port");
  } else if (holder->program == "handler") {
    check.found.push_back(finding + "a handler that is running already (process " + std::to_string(holder->process) +
                          ")");
  } else {
    check.fail(finding + holder->program + " (process " + std::to_string(holder->process) + ")",
               "end that process, or let the host choose another port");
  }
  return check;
}

TokenReplies check_tokens(identity::TokenCredential& credential, const std::vector<std::string>& scopes,
                          const Clock& clock, std::chrono::seconds timeout) {
  TokenReplies replies{.check = {.id = "tokens", .title = "Tokens by " + std::string(credential.name())},
                       .attempts = {}};
  for (const std::string& scope : scopes) {
    const auto token =
        credential.get_token({.scopes = {scope}, .tenant_id = {}, .claims = {}}, Deadline::after(clock, timeout));
    if (token) {
      replies.check.found.push_back(scope + ": " + describe_token(**token, clock.system_now()));
      replies.attempts.push_back({scope, (*token)->attempts});
      continue;
    }
    const identity::CredentialError& error = token.error();
    const std::string step = step_for(error);
    const bool said = std::ranges::find(replies.check.next_steps, step) != replies.check.next_steps.end();
    replies.check.fail(scope + ": " + describe_refusal(error), said ? std::string() : step);
    replies.attempts.push_back({scope, error.attempts});
  }
  return replies;
}

}  // namespace azf::cli
