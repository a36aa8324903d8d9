// The functions of the benchmark on cpp-httplib with its own listen() and thread pool, and nlohmann/json. Chosen over
// the defaults: only TCP_NODELAY, without which its two writes per answer wait for the client's delayed ACK.
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>

using httplib::Request;
using httplib::Response;
using nlohmann::json;

namespace {

constexpr const char* kJsonContent = "application/json; charset=utf-8";

void parse(const Request& request, Response& response) {
  const json order = json::parse(request.body);
  std::int64_t quantity_sum = 0;
  std::int64_t cents_sum = 0;
  const json& lines = order.at("lines");
  for (const json& line : lines) {
    const auto quantity = line.at("quantity").get<std::int64_t>();
    quantity_sum += quantity;
    cents_sum += quantity * line.at("unit_cents").get<std::int64_t>();
  }
  const json total = {{"lines", lines.size()},
                      {"order_id", order.at("order_id")},
                      {"quantity", quantity_sum},
                      {"total_cents", cents_sum}};
  response.set_content(total.dump(), kJsonContent);
}

void relay(const Request& request, Response& response) {
  const json envelope = json::parse(request.body);
  const auto text = json::parse(envelope.at("Data").at("message").get<std::string>()).get<std::string>();
  const auto is_first_byte = [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; };
  const auto length = std::ranges::count_if(text, is_first_byte);
  const json reply = {{"Outputs", {{"output", text + " (" + std::to_string(length) + ")"}}}};
  response.set_content(reply.dump(), kJsonContent);
}

}  // namespace

int main() {
  const char* const port = std::getenv("FUNCTIONS_CUSTOMHANDLER_PORT");
  if (port == nullptr) return EXIT_FAILURE;
  httplib::Server server;
  server.set_tcp_nodelay(true);
  server.set_exception_handler([](const Request&, Response& response, const std::exception_ptr&) {
    response.status = httplib::StatusCode::BadRequest_400;
  });
  if (std::getenv("AZF_PEER_ANSWERS_ALL") != nullptr) {
    // For the request cases of tests/conformance: only the protocol decides.
    const auto anything = [](const Request&, Response&) {};
    server.Get(".*", anything);
    server.Post(".*", anything);
    server.Put(".*", anything);
    server.Patch(".*", anything);
    server.Delete(".*", anything);
    server.Options(".*", anything);
  }
  server.Get("/", [](const Request&, Response&) {});
  server.Get("/api/hello",
             [](const Request&, Response& response) { response.set_content("Hello, world!", "text/plain"); });
  server.Post("/api/parse", parse);
  server.Post("/relay", relay);
  server.Get("/api/block", [](const Request&, Response& response) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    response.set_content("done", "text/plain");
  });
  return server.listen("127.0.0.1", std::atoi(port)) ? EXIT_SUCCESS : EXIT_FAILURE;
}
