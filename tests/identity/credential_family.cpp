#include "identity/credential_family.h"

#include "identity/application_certificate.h"
#include "identity/attempt_json.h"
#include "identity/caching_credential.h"
#include "identity/credential_factory.h"
#include "identity/managed_identity_credential.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace azf::test {
namespace {

using namespace std::chrono_literals;
using identity::ProcessCommand;
using identity::ProcessOutput;
using identity::TokenCredential;
using Reply = FakeTransport::Reply;

void as_application(FamilyFixture& f) {
  f.environment.set("AZURE_TENANT_ID", kTenant);
  f.environment.set("AZURE_CLIENT_ID", kClient);
}

void with_secret(FamilyFixture& f) {
  as_application(f);
  f.environment.set("AZURE_CLIENT_SECRET", f.plant("client secret"));
}

void with_certificate(FamilyFixture& f) {
  as_application(f);
  const ApplicationCertificate& certificate = application_certificate();
  f.environment.set("AZURE_CLIENT_CERTIFICATE_PATH",
                    f.directory.write("application.pem", certificate.encrypted_key + certificate.certificate));
  f.environment.set("AZURE_CLIENT_CERTIFICATE_PASSWORD", std::string(kCertificatePassword));
  f.plant("certificate password", std::string(kCertificatePassword), false);
  for (const std::string* key : {&certificate.encrypted_key, &certificate.key}) {
    const auto second_line = key->find('\n', key->find('\n') + 1) + 1;
    f.plant("private key", key->substr(second_line, 64), false);
  }
}

void with_assertion_file(FamilyFixture& f) {
  as_application(f);
  f.environment.set("AZF_CLIENT_ASSERTION_FILE", f.directory.write("assertion", f.plant("client assertion")));
}

void with_assertion_command(FamilyFixture& f) {
  as_application(f);
  f.assertion_program = "make-assertion";
  f.environment.set("AZF_CLIENT_ASSERTION_COMMAND", "make-assertion --for entra");
}

void on_behalf_of_user(FamilyFixture& f) {
  f.environment.set("AZF_USER_ASSERTION_FILE", f.directory.write("user", f.plant("user assertion")));
}

void on_app_service(FamilyFixture& f) {
  f.environment.set("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token");
  f.environment.set("IDENTITY_HEADER", f.plant("identity header"));
}

constexpr auto kNothing = [](FamilyFixture&) {};

Result<std::unique_ptr<TokenCredential>> create_on_arc(FamilyFixture& f) {
  identity::ManagedIdentityOptions options;
  options.arc_key_directory = f.directory.path() + "/tokens";
  auto created = identity::create_managed_identity_credential(options, f.services());
  if (!created) return created;
  return std::make_unique<identity::CachingCredential>(*std::move(created), f.services());
}

const FamilyMember kFamily[] = {
    {"DefaultAzureCredential", "environment", with_secret},
    {"DefaultAzureCredential", "App Service", on_app_service},
    {"DefaultAzureCredential", "IMDS", kNothing},
    {"DefaultAzureCredential", "developer tools",
     [](FamilyFixture& f) { f.environment.set("AZURE_TOKEN_CREDENTIALS", "dev"); }},
    {"EnvironmentCredential", "secret", with_secret},
    {"EnvironmentCredential", "certificate", with_certificate},
    {"WorkloadIdentityCredential", "",
     [](FamilyFixture& f) {
       as_application(f);
       f.environment.set("AZURE_FEDERATED_TOKEN_FILE", f.directory.write("federated", f.plant("federated token")));
     }},
    {"ManagedIdentityCredential", "App Service", on_app_service},
    {"ManagedIdentityCredential", "IMDS", kNothing},
    {"ManagedIdentityCredential", "Service Fabric",
     [](FamilyFixture& f) {
       on_app_service(f);
       f.environment.set("IDENTITY_ENDPOINT", "https://localhost:2377/metadata/identity/oauth2/token");
       f.environment.set("IDENTITY_SERVER_THUMBPRINT", "0123456789abcdef0123456789abcdef01234567");
     }},
    {"ManagedIdentityCredential", "Azure ML",
     [](FamilyFixture& f) {
       f.environment.set("MSI_ENDPOINT", "http://127.0.0.1:46808/MSI/auth");
       f.environment.set("MSI_SECRET", f.plant("MSI secret"));
     }},
    {"ManagedIdentityCredential", "Cloud Shell",
     [](FamilyFixture& f) { f.environment.set("MSI_ENDPOINT", "http://localhost:50342/oauth2/token"); }},
    {"ManagedIdentityCredential", "Azure Arc",
     [](FamilyFixture& f) {
       f.environment.set("IDENTITY_ENDPOINT", "http://127.0.0.1:40342/metadata/identity/oauth2/token");
       f.environment.set("IMDS_ENDPOINT", "http://127.0.0.1:40342");
       f.arc_challenge = "Basic realm=" + f.directory.write("tokens/a.key", f.plant("key of Azure Arc"));
     },
     create_on_arc},
    {"ClientSecretCredential", "", with_secret},
    {"ClientCertificateCredential", "", with_certificate},
    {"ClientAssertionCredential", "file", with_assertion_file},
    {"ClientAssertionCredential", "command", with_assertion_command},
    {"AzurePipelinesCredential", "",
     [](FamilyFixture& f) {
       f.environment.set("SYSTEM_OIDCREQUESTURI", "https://dev.azure.com/org/project/_apis/oidctoken");
       f.environment.set("SYSTEM_ACCESSTOKEN", f.plant("system access token"));
       f.environment.set("AZURESUBSCRIPTION_TENANT_ID", kTenant);
       f.environment.set("AZURESUBSCRIPTION_CLIENT_ID", kClient);
       f.environment.set("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", kClient);
     }},
    {"OnBehalfOfCredential", "secret",
     [](FamilyFixture& f) {
       with_secret(f);
       on_behalf_of_user(f);
     }},
    {"OnBehalfOfCredential", "certificate",
     [](FamilyFixture& f) {
       with_certificate(f);
       on_behalf_of_user(f);
     }},
    {"OnBehalfOfCredential", "assertion",
     [](FamilyFixture& f) {
       with_assertion_command(f);
       on_behalf_of_user(f);
     }},
    {"DeviceCodeCredential", "", kNothing},
    {"AzureCliCredential", "", kNothing},
    {"AzurePowerShellCredential", "", kNothing},
    {"AzureDeveloperCliCredential", "", kNothing},
    {"DeveloperToolsCredential", "", kNothing},
};

// Every field that any endpoint has for its words, and every header that anybody reads.
HttpResponse refusal(int status, const std::string& echo) {
  const Json body = {{"error", echo},
                     {"error_description", "AADSTS7000299: got " + echo + "\r\nTrace ID: " + echo},
                     {"error_codes", {7000299}},
                     {"error_uri", echo},
                     {"timestamp", echo},
                     {"trace_id", echo},
                     {"correlation_id", echo},
                     {"suberror", echo},
                     {"claims", to_text(Json{{"access_token", {{"acrs", echo}}}})},
                     {"message", echo},
                     {"statusCode", status}};
  HttpResponse response = json_reply(status, to_text(body));
  for (const auto* name : {"WWW-Authenticate", "Location", "x-ms-request-id", "client-request-id", "x-vss-e2eid",
                           "x-msedge-ref", "Date", "Retry-After", "Set-Cookie", "Server"}) {
    response.headers.add(name, echo);
  }
  return response;
}

template <int status>
Reply refuse(const std::string& echo, const std::string& /*token*/) {
  return refusal(status, echo);
}

template <int status>
Reply page(const std::string& echo, const std::string& token) {
  return HttpResponse{
      status, {{"Content-Type", "text/html"}}, "<html><title>" + token + "</title>" + echo + " unreachable</html>"};
}

Reply ok(const Json& body) { return json_reply(200, to_text(body)); }

const FailingReply kReplies[] = {
    {"no reply",
     [](const std::string& echo, const std::string&) -> Reply {
       return Error{ErrorKind::kTransport, "broken off after " + echo};
     }},
    {"no reply in time",
     [](const std::string& echo, const std::string&) -> Reply {
       return Error{ErrorKind::kTimeout, echo};
     }},
    {"certificate not trusted",
     [](const std::string& echo, const std::string&) -> Reply {
       return Error{ErrorKind::kUnexpectedResponse, echo};
     }},
    {"302", refuse<302>},
    {"400", refuse<400>},
    {"401", refuse<401>},
    {"403", refuse<403>},
    {"404", refuse<404>},
    {"410", refuse<410>},
    {"429", refuse<429>},
    {"500", refuse<500>},
    {"503", refuse<503>},
    {"400 with an error object",
     [](const std::string& echo, const std::string&) -> Reply {
       return json_reply(400, to_text(Json{{"error", {{"code", echo}, {"message", echo}, {"innererror", echo}}}}));
     }},
    {"400 with a long text",
     [](const std::string& echo, const std::string&) -> Reply {
       std::string text;
       while (text.size() < 10'000) text += echo + " ";
       return json_reply(400, to_text(Json{{"error", text}, {"error_description", text}, {"correlation_id", text}}));
     }},
    {"400 with other types",
     [](const std::string& echo, const std::string&) -> Reply {
       return json_reply(400, to_text(Json{{"error", {echo}}, {"error_description", {{"text", echo}}}}));
     }},
    {"400 with broken JSON",
     [](const std::string& echo, const std::string&) -> Reply { return json_reply(400, R"({"error":")" + echo); }},
    {"400 without a body",
     [](const std::string&, const std::string&) -> Reply {
       return HttpResponse{400, {}, ""};
     }},
    {"a page with 200", page<200>},
    {"a page with 403", page<403>},
    {"a page with 502", page<502>},
    {"200 with broken JSON",
     [](const std::string&, const std::string& token) -> Reply {
       return json_reply(200, R"({"token_type":"Bearer","expires_in":3599,"access_token":")" + token);
     }},
    {"200 without a token",
     [](const std::string& echo, const std::string& token) -> Reply {
       return ok({{"expires_in", 3599}, {"id_token", token}, {"refresh_token", token}, {"error_description", echo}});
     }},
    {"200 with a list for a token",
     [](const std::string&, const std::string& token) -> Reply {
       return ok({{"expires_in", 3599}, {"access_token", {token}}, {"oidcToken", {token}}, {"device_code", {token}}});
     }},
    {"200 with a token that is no word",
     [](const std::string&, const std::string& token) -> Reply {
       return ok({{"expires_in", 3599}, {"access_token", token + "\r\n" + token}});
     }},
    {"200 with a token of another type",
     [](const std::string&, const std::string& token) -> Reply {
       return ok({{"expires_in", 3599}, {"access_token", token}, {"token_type", token}});
     }},
    {"200 without an expiry",
     [](const std::string&, const std::string& token) -> Reply {
       return ok({{"access_token", token}});
     }},
    {"200 with a text for an expiry",
     [](const std::string&, const std::string& token) -> Reply {
       return ok({{"access_token", token}, {"expires_in", token}, {"expires_on", token}});
     }},
    {"200 with an expiry in the past",
     [](const std::string&, const std::string& token) -> Reply {
       return ok({{"access_token", token}, {"expires_in", -5}, {"expires_on", "1500000000"}});
     }},
    {"200 with a list", [](const std::string&, const std::string& token) -> Reply { return ok(Json::array({token})); }},
};

Result<ProcessOutput> ended(int exit_code, const std::string& output, const std::string& words) {
  return ProcessOutput{exit_code, Secret(output), words};
}

const FailingTool kTools[] = {
    {"not installed",
     [](const std::string&, const std::string&) -> Result<ProcessOutput> {
       return Error{ErrorKind::kNotFound, "not on PATH"};
     }},
    {"too slow",
     [](const std::string&, const std::string&) -> Result<ProcessOutput> {
       return Error{ErrorKind::kTimeout, "killed after 13 s"};
     }},
    {"cannot be started",
     [](const std::string&, const std::string&) -> Result<ProcessOutput> {
       return Error{ErrorKind::kInternal, "no more processes"};
     }},
    {"a failure that repeats the token",
     [](const std::string& echo, const std::string& token) {
       return ended(1, "", "ERROR: the service refused " + token + " and " + echo);
     }},
    {"a failure with the token as a member",
     [](const std::string&, const std::string& token) {
       return ended(1, "", R"(ERROR: {"accessToken": ")" + token + R"(", "token": ")" + token + R"("})");
     }},
    {"a failure with the token as a field",
     [](const std::string&, const std::string& token) {
       return ended(2, "", "Authorization: Bearer " + token + "\naccess_token=" + token + "&refresh_token=" + token);
     }},
    {"a message in JSON lines",
     [](const std::string&, const std::string& token) {
       const std::string line =
           to_text(Json{{"type", "consoleMessage"}, {"data", {{"message", "ERROR: got " + token}}}});
       return ended(1, line + "\n", to_text(Json{{"error", {{"message", "got " + token}}}}));
     }},
    {"nobody logged in",
     [](const std::string&, const std::string& token) {
       return ended(1, "", "Please run 'az login', `azd auth login` or Run Connect-AzAccount to login. Was: " + token);
     }},
    {"Entra's words",
     [](const std::string&, const std::string& token) {
       return ended(1, "", "AADSTS50076: multi-factor authentication is required; assertion=" + token);
     }},
    {"a broken output",
     [](const std::string&, const std::string& token) { return ended(0, R"({"accessToken":")" + token, token); }},
    {"an output of another type",
     [](const std::string&, const std::string& token) {
       return ended(0, to_text(Json{{"accessToken", {token}}, {"token", {token}}, {"Token", {token}}}), "");
     }},
    {"an output without an expiry",
     [](const std::string&, const std::string& token) {
       return ended(0, to_text(Json{{"accessToken", token}, {"token", token}, {"Token", token}, {"expiresOn", token}}),
                    "");
     }},
    {"no output", [](const std::string&, const std::string&) { return ended(0, "", ""); }},
    {"killed", [](const std::string&, const std::string& token) { return ended(137, token, token); }},
};

// Decoded as forms are, so that what was encoded for the wire is found as well.
std::string text_of(const HttpRequest& request) {
  std::string text = request.url + "\n" + request.body + "\n";
  for (const auto& [name, value] : form_decode(request.body)) text += value + "\n";
  for (const auto& [name, value] : request.headers) text.append(value).append("\n");
  return text;
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

std::span<const FamilyMember> credential_family() { return kFamily; }
std::span<const FailingReply> failing_replies() { return kReplies; }
std::span<const FailingTool> failing_tools() { return kTools; }

FamilyFixture::FamilyFixture(const FamilyMember& member)
    : CredentialFixture([this](const HttpRequest& request) { return answer(request); }), member_(member) {
  processes.set_answer([this](const ProcessCommand& command) { return run(command); });
  member.configure(*this);
}

std::unique_ptr<TokenCredential> FamilyFixture::create() {
  if (member_.create != nullptr) {
    auto created = member_.create(*this);
    REQUIRE(created);
    return *std::move(created);
  }
  identity::CredentialOptions options;
  options.show_device_code = [this](const identity::DeviceCodePrompt& prompt) {
    prompts_.push_back(prompt.user_code + " " + prompt.verification_uri + " " + prompt.message);
  };
  auto created = identity::create_credential(member_.credential, options, services());
  REQUIRE(created);
  return *std::move(created);
}

std::string FamilyFixture::plant(const std::string& name) {
  // In the shape of a token, which is how programs know one that they have not been told.
  std::string value = "eyJ" + std::to_string(1000 + secrets_.size()) + "-planted-" + name;
  std::ranges::replace(value, ' ', '-');
  value += R"(.a+b/c=&"d\e)";  // what forms and JSON escape
  plant(name, value, true);
  return value;
}

void FamilyFixture::plant(const std::string& name, const std::string& value, bool is_sent) {
  secrets_.push_back({name, value});
  sent_[value] = {is_sent};
}

void FamilyFixture::fail_after(std::size_t count, std::optional<FailingReply> reply, std::optional<FailingTool> tool) {
  working_ = count;
  failing_reply_ = reply;
  failing_tool_ = tool;
}

std::vector<std::string> FamilyFixture::wrongly_sent_or_kept() const {
  std::vector<std::string> names;
  for (const PlantedSecret& secret : secrets_) {
    const auto sent = sent_.find(secret.value);
    if (sent != sent_.end() && sent->second.expected != sent->second.seen) names.push_back(secret.name);
  }
  return names;
}

void FamilyFixture::learn_from(const HttpRequest& request) {
  told_.clear();
  const std::string text = text_of(request);
  for (const PlantedSecret& secret : secrets_) {
    if (!holds(text, secret.value)) continue;
    told_.insert(secret.value);
    if (const auto sent = sent_.find(secret.value); sent != sent_.end()) sent->second.seen = true;
  }
  // What a credential has made itself, such as an assertion that a certificate has signed.
  for (const auto& [name, value] : form_decode(request.body)) {
    if (name == "client_assertion" && told_.insert(value).second) {
      secrets_.push_back({"signed assertion", value});
    }
  }
}

std::string FamilyFixture::echo() const {
  std::string text;
  for (const std::string& each : told_) text += (text.empty() ? "" : " ") + each;
  return text.empty() ? "nothing" : text;
}

HttpResponse FamilyFixture::token_reply() {
  const std::string number = std::to_string(++tokens_);
  const auto issue = [&](const std::string& name) {
    secrets_.push_back({name, "eyJ" + number + "-issued-" + name + ".signature"});
    return secrets_.back().value;
  };
  return json_reply(200, to_text(Json{{"token_type", "Bearer"},
                                      {"expires_in", 7200},
                                      {"access_token", issue("access-token")},
                                      {"refresh_token", issue("refresh-token")},
                                      {"id_token", issue("id-token")}}));
}

Reply FamilyFixture::answer(const HttpRequest& request) {
  learn_from(request);
  events_.push_back(false);
  if (events_.size() > working_) {
    if (!failing_reply_) return Error{ErrorKind::kTransport, "this world has ended"};
    const std::string token = "eyJ0-issued-by-failing-server.signature";
    secrets_.push_back({"token of a failing server", token});
    return failing_reply_->reply(echo(), token);
  }
  const auto issue = [&](const std::string& name) {
    secrets_.push_back({name, "eyJ7-issued-" + name + ".signature"});
    return secrets_.back().value;
  };
  if (request.url.ends_with("/devicecode")) {
    return ok({{"device_code", issue("device-code")},
               {"user_code", "ABC"},
               {"verification_uri", "https://microsoft.com/devicelogin"},
               {"interval", 5},
               {"expires_in", 900}});
  }
  if (holds(request.url, "/_apis/oidctoken")) return ok({{"oidcToken", issue("OIDC-token")}});
  if (!arc_challenge.empty() && !request.headers.has("Authorization")) {
    HttpResponse reply = json_reply(401, "{}");
    reply.headers.add("WWW-Authenticate", arc_challenge);
    return reply;
  }
  const bool is_probe = holds(request.url, "169.254.169.254") && !request.headers.has("Metadata");
  if (is_probe) return json_reply(400, R"({"error":"invalid_request","error_description":"no Metadata header"})");
  return token_reply();
}

Result<ProcessOutput> FamilyFixture::run(const ProcessCommand& command) {
  events_.push_back(true);
  const bool makes_assertion = !assertion_program.empty() && command.program == assertion_program;
  if (events_.size() > working_) {
    if (!failing_tool_) return Error{ErrorKind::kNotFound, "this world has ended"};
    const std::string token = "eyJhbGciOiJ-printed-by-failing-tool.signature";
    secrets_.push_back({"token of a failing tool", token});
    return failing_tool_->output(echo(), token);
  }
  if (makes_assertion) {
    if (assertion_.empty()) assertion_ = plant("assertion of a command");
    return ended(0, assertion_ + "\n", "");
  }
  const std::string token = "eyJ" + std::to_string(++tokens_) + "-printed-access-token.signature";
  secrets_.push_back({"printed token", token});
  return ended(0,
               to_text(Json{{"accessToken", token},
                            {"token", token},
                            {"Token", token},
                            {"expires_on", std::stoll(epoch_in(2h))},
                            {"ExpiresOn", std::stoll(epoch_in(2h))},
                            {"expiresOn", to_rfc3339(clock.system_now() + 2h)}}),
               "");
}

std::string FamilyFixture::visible(const identity::TokenResult& result) const {
  std::string text = sink.text();
  for (const HttpRequest& request : http.requests()) text += request.url + "\n";
  for (const ProcessCommand& command : processes.commands()) {
    text += command.program + "\n";
    for (const std::string& argument : command.arguments) text += argument + "\n";
  }
  for (const std::string& prompt : prompts_) text += prompt + "\n";
  if (!result) return text + visible_in(result.error());
  for (const identity::Attempt& attempt : (*result)->attempts) text += message_of(attempt) + "\n";
  return text + to_text(attempts_json((*result)->attempts)) + (*result)->credential;
}

std::string visible_in(const identity::CredentialError& error) {
  std::string text = error.message + "\n" + error.to_error().message + "\n" + error.correlation_id + "\n" +
                     error.oauth_error + "\n" + error.claims + "\n" + to_text(attempts_json(error.attempts)) + "\n";
  for (const identity::Attempt& each : error.attempts) {
    for (const std::string* field :
         {&each.credential, &each.code, &each.source, &each.looked_for, &each.reason, &each.next_step}) {
      text += *field + "\n";
    }
  }
  return text;
}

}  // namespace azf::test
