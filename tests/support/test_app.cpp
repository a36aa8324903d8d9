#include "support/test_app.h"

#include "functions/function_list.h"

#include <doctest/doctest.h>

#include <utility>

namespace azf::test {

namespace {

// With those of host.json, so that none is looked for.
Environment environment_of(const std::map<std::string, std::string>& settings) {
  Environment environment;
  environment.set("AzureFunctionsJobHost__extensions__http__routePrefix", "api");
  environment.set("AzureFunctionsJobHost__functionTimeout", "00:05:00");
  for (const auto& [name, value] : settings) environment.set(name, value);
  return environment;
}

}  // namespace

TestApp::TestApp(const std::map<std::string, std::string>& settings)
    : environment_(environment_of(settings)), router_(Router::create(functions::all_functions(services_)).value()) {}

HttpResponse TestApp::get(std::string target) const { return send({.url = std::move(target)}); }

HttpResponse TestApp::post(std::string target, std::string body, std::string content_type) const {
  return send({.method = Method::kPost,
               .url = std::move(target),
               .headers = {{"Content-Type", std::move(content_type)}},
               .body = std::move(body)});
}

HttpResponse TestApp::send(const HttpRequest& request) const {
  BufferedExchange exchange(request);
  auto response = send(request, exchange.streams());
  return std::move(exchange).response(std::move(response));
}

HttpResponse TestApp::send(const HttpRequest& request, const Exchange& exchange) const {
  return dispatcher_.handle(request, exchange);
}

HttpResponse TestApp::invoke(std::string_view function, const Json& data) const {
  Json encoded = Json::object();
  for (const auto& [name, value] : data.items()) encoded[name] = host_value(value);
  return post("/" + std::string(function), to_text({{"Data", std::move(encoded)}, {"Metadata", Json::object()}}));
}

Json host_value(const Json& value) { return value.is_object() ? value : Json(to_text(value)); }

Json json_body(const HttpResponse& response) {
  auto json = parse_json(response.body);
  REQUIRE_MESSAGE(json.has_value(), response.body);
  return std::move(*json);
}

}  // namespace azf::test
