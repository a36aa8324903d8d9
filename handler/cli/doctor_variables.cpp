#include "cli/doctor_variables.h"

#include "core/guid.h"
#include "http/message.h"
#include "http/url.h"
#include "identity/credential_factory.h"
#include "identity/tenant.h"
#include "identity/text.h"
#include "server/handler_options.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <initializer_list>
#include <string_view>
#include <system_error>

namespace azf::cli {
namespace {

enum class Shape { kSecret, kId, kUrl, kPath, kProxy, kAddresses, kWord };

struct Variable {
  std::string_view name;
  Shape shape;
};

// All that this program reads, and those of the Functions host and of other Azure SDKs that a reader may look for.
constexpr auto kVariables = std::to_array<Variable>({
    {"AZURE_TENANT_ID", Shape::kId},
    {"AZURE_CLIENT_ID", Shape::kId},
    {"AZURE_CLIENT_SECRET", Shape::kSecret},
    {"AZURE_CLIENT_CERTIFICATE_PATH", Shape::kPath},
    {"AZURE_CLIENT_CERTIFICATE_PASSWORD", Shape::kSecret},
    {"AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", Shape::kWord},
    {"AZURE_USERNAME", Shape::kId},
    {"AZURE_PASSWORD", Shape::kSecret},
    {"AZURE_FEDERATED_TOKEN_FILE", Shape::kPath},
    {"AZURE_AUTHORITY_HOST", Shape::kUrl},
    {"AZURE_TOKEN_CREDENTIALS", Shape::kWord},
    {"AZURE_ADDITIONALLY_ALLOWED_TENANTS", Shape::kId},
    {"AZURE_IDENTITY_DISABLE_MULTITENANTAUTH", Shape::kWord},
    {"AZURE_POD_IDENTITY_AUTHORITY_HOST", Shape::kUrl},
    {"AZURE_KUBERNETES_TOKEN_PROXY", Shape::kUrl},
    {"AZURE_KUBERNETES_CA_FILE", Shape::kPath},
    {"AZURE_KUBERNETES_CA_DATA", Shape::kSecret},
    {"AZURE_KUBERNETES_SNI_NAME", Shape::kId},
    {"AZURE_SERVICE_CONNECTION_ID", Shape::kId},
    {"AZURESUBSCRIPTION_CLIENT_ID", Shape::kId},
    {"AZURESUBSCRIPTION_TENANT_ID", Shape::kId},
    {"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", Shape::kId},
    {"AZURE_CONFIG_DIR", Shape::kPath},
    {"AZD_CONFIG_DIR", Shape::kPath},
    {"IDENTITY_ENDPOINT", Shape::kUrl},
    {"IDENTITY_HEADER", Shape::kSecret},
    {"IDENTITY_SERVER_THUMBPRINT", Shape::kSecret},
    {"IMDS_ENDPOINT", Shape::kUrl},
    {"MSI_ENDPOINT", Shape::kUrl},
    {"MSI_SECRET", Shape::kSecret},
    {"DEFAULT_IDENTITY_CLIENT_ID", Shape::kId},
    {"SYSTEM_ACCESSTOKEN", Shape::kSecret},
    {"SYSTEM_OIDCREQUESTURI", Shape::kUrl},
    {"AZF_IDENTITY_PIN", Shape::kId},
    {"AZF_TOOL_TIMEOUT_SECONDS", Shape::kWord},
    {"AZF_TOOL_TOKEN_CACHE", Shape::kPath},
    {"AZF_CLIENT_ASSERTION_FILE", Shape::kPath},
    {"AZF_CLIENT_ASSERTION_COMMAND", Shape::kSecret},
    {"AZF_USER_ASSERTION_FILE", Shape::kPath},
    {"AZF_LOG_LEVEL", Shape::kWord},
    {"AZF_LOG_FORMAT", Shape::kWord},
    {"AZF_DRAIN_SECONDS", Shape::kWord},
    {"AZF_LISTEN_ADDRESS", Shape::kAddresses},
    {"AZF_ALLOWED_CLIENTS", Shape::kAddresses},
    {"AZF_CLIENT_OWNER_CHECK", Shape::kWord},
    {"AZURE_OPENAI_ENDPOINT", Shape::kUrl},
    {"AZURE_OPENAI_DEPLOYMENT", Shape::kId},
    {"AZURE_OPENAI_API_VERSION", Shape::kId},
    {"AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", Shape::kUrl},
    {"SESSION_POOL_API_VERSION", Shape::kId},
    {"SESSION_POOL_AUDIENCE", Shape::kId},
    {"AZF_SESSION_KEY", Shape::kSecret},
    {"AZURE_KEY_VAULT_ENDPOINT", Shape::kUrl},
    {"AZF_SECRET_VALUES", Shape::kId},
    {"AZURE_STORAGE_BLOB_ENDPOINT", Shape::kUrl},
    {"AZF_FILES_CONTAINER", Shape::kId},
    {"MICROSOFT_GRAPH_ENDPOINT", Shape::kUrl},
    {"AZF_AGENT_MAX_ROUNDS", Shape::kWord},
    {"AZF_AGENT_TIME_SECONDS", Shape::kWord},
    {"AZF_AGENT_OUTPUT_BYTES", Shape::kWord},
    {"AZF_AGENT_TOTAL_OUTPUT_BYTES", Shape::kWord},
    {"AZF_DEMO", Shape::kId},
    {"AZF_WARM_UP", Shape::kWord},
    {"FUNCTIONS_CUSTOMHANDLER_PORT", Shape::kWord},
    {"FUNCTIONS_HTTPWORKER_PORT", Shape::kWord},
    {"FUNCTIONS_APP_ROOT_PATH", Shape::kPath},
    {"FUNCTIONS_WORKER_RUNTIME", Shape::kWord},
    {"FUNCTIONS_EXTENSION_VERSION", Shape::kWord},
    {"AzureWebJobsScriptRoot", Shape::kPath},
    {"AzureWebJobsStorage", Shape::kSecret},
    {"AzureFunctionsJobHost__extensions__http__routePrefix", Shape::kId},
    {"AzureFunctionsJobHost__functionTimeout", Shape::kWord},
    {"WEBSITE_SKU", Shape::kWord},
    {"CURL_CA_BUNDLE", Shape::kPath},
    {"SSL_CERT_FILE", Shape::kPath},
    {"SSL_CERT_DIR", Shape::kPath},
    {"https_proxy", Shape::kProxy},
    {"HTTPS_PROXY", Shape::kProxy},
    {"http_proxy", Shape::kProxy},
    {"HTTP_PROXY", Shape::kProxy},
    {"all_proxy", Shape::kProxy},
    {"ALL_PROXY", Shape::kProxy},
    {"no_proxy", Shape::kId},
    {"NO_PROXY", Shape::kId},
});

// Words that are no secret wherever they stand.
bool is_word_of_settings(std::string_view value) {
  constexpr std::array<std::string_view, 12> kWords = {"prod", "dev",   "json", "text",  "debug",  "info",
                                                       "warn", "error", "true", "false", "custom", "Dynamic"};
  const auto same = [value](std::string_view word) { return equal_ignoring_case(word, value); };
  const auto digits = std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
  return (digits && value.size() <= 5) || std::ranges::any_of(kWords, same) ||
         std::ranges::any_of(identity::known_credentials(), same, &identity::CredentialDescription::name);
}

bool may_be_shown(Shape shape, std::string_view value) {
  switch (shape) {
    case Shape::kUrl: {
      const auto url = parse_url(value);
      return url && url->query.empty();
    }
    case Shape::kPath: {
      std::error_code none;
      return value.starts_with('/') && std::filesystem::exists(value, none);
    }
    case Shape::kProxy: return !proxy_place(value).empty() && value.find('@') == std::string_view::npos;
    case Shape::kAddresses: {
      const auto is_range = [](std::string_view item) { return parse_address_range(item) || parse_ip_address(item); };
      return std::ranges::all_of(list_items(value), is_range);
    }
    case Shape::kWord: return is_word_of_settings(value);
    case Shape::kSecret:
    case Shape::kId: break;
  }
  return false;
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

std::string joined(const std::vector<std::string_view>& names) {
  std::string text;
  for (const auto name : names) text.append(text.empty() ? "" : ", ").append(name);
  return text.empty() ? "none" : text;
}

bool has_stray_ends(std::string_view value) {
  const bool quoted =
      value.size() > 1 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  return quoted || identity::trimmed(value).size() != value.size();
}

// What the environment says, rule by rule.
class Contradictions {
 public:
  Contradictions(const Environment& environment, Check& check) : environment_(environment), check_(check) {}

  void find() {
    proof_of_an_application();
    ids();
    identity_endpoints();
    tls_and_proxies();
    stray_ends();
    account_keys();
  }

 private:
  [[nodiscard]] bool has(std::string_view name) const { return environment_.has(name); }

  // `name` works only together with all of the others.
  void needs(std::string_view name, std::initializer_list<std::string_view> others) {
    if (!has(name)) return;
    std::vector<std::string_view> missing;
    for (const auto other : others) {
      if (!has(other)) missing.push_back(other);
    }
    if (missing.empty()) return;
    check_.warn(std::string(name) + " is set without " + joined(missing),
                "set " + joined(missing) + ", or unset " + std::string(name));
  }

  void proof_of_an_application() {
    for (const auto name : {"AZURE_CLIENT_SECRET", "AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_FEDERATED_TOKEN_FILE"}) {
      needs(name, {"AZURE_TENANT_ID", "AZURE_CLIENT_ID"});
    }
    needs("AZURE_CLIENT_CERTIFICATE_PASSWORD", {"AZURE_CLIENT_CERTIFICATE_PATH"});
    needs("AZURE_SERVICE_CONNECTION_ID", {"SYSTEM_ACCESSTOKEN", "SYSTEM_OIDCREQUESTURI"});
    if (has("AZURE_CLIENT_SECRET") && has("AZURE_CLIENT_CERTIFICATE_PATH")) {
      check_.warn("AZURE_CLIENT_SECRET and AZURE_CLIENT_CERTIFICATE_PATH are both set: the certificate is not used",
                  "unset the one that is not meant");
    }
    if (has("AZURE_PASSWORD")) {
      check_.warn("AZURE_PASSWORD is set, but signing in with a user's password is retired and not supported",
                  "unset AZURE_PASSWORD; use a managed identity, a federated credential or a certificate");
    }
  }

  void ids() {
    if (const auto tenant = environment_.get("AZURE_TENANT_ID"); tenant && !identity::check_tenant_id(*tenant)) {
      check_.warn("AZURE_TENANT_ID is neither a tenant's id nor its domain name", "correct AZURE_TENANT_ID");
    }
    if (const auto client = environment_.get("AZURE_CLIENT_ID"); client && !is_guid(*client)) {
      check_.warn("AZURE_CLIENT_ID is not the id of an application: a GUID is expected", "correct AZURE_CLIENT_ID");
    }
  }

  void identity_endpoints() {
    needs("IDENTITY_HEADER", {"IDENTITY_ENDPOINT"});
    if (!has("IMDS_ENDPOINT")) needs("IDENTITY_ENDPOINT", {"IDENTITY_HEADER"});
    needs("IDENTITY_SERVER_THUMBPRINT", {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"});
    needs("MSI_SECRET", {"MSI_ENDPOINT"});
  }

  void tls_and_proxies() {
    if (has("CURL_CA_BUNDLE") && has("SSL_CERT_FILE")) {
      check_.warn("CURL_CA_BUNDLE and SSL_CERT_FILE are both set: SSL_CERT_FILE is not used", "unset one of them");
    }
    for (const auto& [lower, upper] : {std::pair("https_proxy", "HTTPS_PROXY"), std::pair("http_proxy", "HTTP_PROXY"),
                                       std::pair("all_proxy", "ALL_PROXY"), std::pair("no_proxy", "NO_PROXY")}) {
      if (!has(lower) || !has(upper)) continue;
      const bool same = environment_.get(lower) == environment_.get(upper);
      check_.warn(std::string(lower) + " and " + upper + " are both set" +
                      (same ? ", to the same" : ", to different values") + ": this program takes " + lower,
                  "keep one spelling of them, as other programs may take the other one");
    }
    if (has("HTTP_PROXY") && !has("http_proxy")) {
      check_.warn("HTTP_PROXY is set in capitals only, which this program does not read", "set http_proxy instead");
    }
  }

  void stray_ends() {
    for (const auto& [name, shape] : kVariables) {
      const auto value = environment_.get(name);
      if (!value || !has_stray_ends(*value)) continue;
      check_.warn(std::string(name) + " has blanks, a line break or quotation marks around its value",
                  "set " + std::string(name) + " anew, without them");
    }
  }

  // App settings reach the handler as variables, those of local.settings.json too.
  void account_keys() {
    for (const auto& [name, value] : environment_.entries()) {
      if (!name.starts_with("AzureWebJobs") || value.find("AccountKey=") == std::string::npos) continue;
      check_.warn(identity::printable(name, 100) + " holds an account key",
                  "use an identity-based connection, such as AzureWebJobsStorage__accountName, which needs no key");
    }
  }

  const Environment& environment_;
  Check& check_;
};

}  // namespace

ValueFilter::ValueFilter(const Environment& environment) {
  constexpr std::size_t kShortest = 4;
  for (const auto& [name, shape] : kVariables) {
    const auto value = environment.get(name);
    if (!value || may_be_shown(shape, *value)) continue;
    // Messages of other layers show at most so much of a setting.
    auto cut = identity::printable(*value, 100);
    if (cut.ends_with("...")) cut.resize(cut.size() - 3);
    for (std::string text : {std::string(*value), cut, std::string(identity::trimmed(*value))}) {
      if (text.size() < kShortest) continue;
      replacements_.push_back({std::move(text), "[" + std::string(name) + "]", shape == Shape::kWord});
    }
  }
  std::ranges::stable_sort(replacements_, std::ranges::greater(),
                           [](const Replacement& replacement) { return replacement.value.size(); });
}

std::string ValueFilter::operator()(std::string text) const {
  for (const auto& [value, name, whole_words] : replacements_) {
    for (auto at = text.find(value); at != std::string::npos;) {
      const auto end = at + value.size();
      const bool inside =
          (at > 0 && is_letter_or_digit(text[at - 1])) || (end < text.size() && is_letter_or_digit(text[end]));
      const bool replaced = !(whole_words && inside);
      if (replaced) text.replace(at, value.size(), name);
      at = text.find(value, at + (replaced ? name.size() : value.size()));
    }
  }
  return text;
}

Check ValueFilter::operator()(Check check) const {
  for (auto* const text : {&check.worst, &check.worst_next_step}) *text = (*this)(std::move(*text));
  for (auto* const list : {&check.found, &check.next_steps, &check.details}) {
    for (std::string& text : *list) text = (*this)(std::move(text));
  }
  return check;
}

identity::Attempt ValueFilter::operator()(identity::Attempt attempt) const {
  for (auto* const text : {&attempt.source, &attempt.looked_for, &attempt.reason, &attempt.next_step}) {
    *text = (*this)(std::move(*text));
  }
  return attempt;
}

std::string proxy_place(std::string_view url) {
  const auto scheme = url.find("://");
  const bool has_scheme = scheme != std::string_view::npos;
  if (has_scheme) url.remove_prefix(scheme + 3);
  // A password may hold an unescaped `@` or `/`: then nobody can tell for sure where the host begins.
  const auto at = url.rfind('@');
  if (at != std::string_view::npos && url.find_first_of("/?#") < at) return {};
  if (at != std::string_view::npos) url.remove_prefix(at + 1);
  url = url.substr(0, url.find_first_of("/?#"));
  const auto colon = url.rfind(':');
  const bool has_port = colon != std::string_view::npos && parse_port(url.substr(colon + 1)).has_value();
  const std::string_view host = has_port ? url.substr(0, colon) : url;
  const bool in_brackets = host.starts_with('[') && host.ends_with(']');
  const bool is_name = !host.empty() && std::ranges::all_of(host, [in_brackets](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-' || (in_brackets && (c == ':' || c == '[' || c == ']'));
  });
  return is_name && (has_scheme || has_port) ? std::string(url) : std::string();
}

Check check_variables(const Environment& environment, const std::vector<std::string>& setting_errors) {
  Check check{.id = "variables", .title = "Environment variables"};
  std::vector<std::string_view> set;
  std::vector<std::string_view> empty;
  std::vector<std::string_view> absent;
  for (const auto& [name, shape] : kVariables) {
    if (environment.has(name)) {
      set.push_back(name);
    } else {
      (environment.entries().contains(name) ? empty : absent).push_back(name);
    }
  }
  check.found.push_back("set: " + joined(set));
  if (!empty.empty()) check.found.push_back("set but empty, which counts as not set: " + joined(empty));
  check.found.push_back("not set: " + std::to_string(absent.size()) +
                        " others that this program knows (--format json lists them)");
  check.details.push_back("not set: " + joined(absent));
  for (const std::string& error : setting_errors) check.warn(error, "correct the variable that this names");
  Contradictions(environment, check).find();
  return check;
}

}  // namespace azf::cli
