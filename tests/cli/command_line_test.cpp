#include "cli/command_line.h"

#include "cli/serve.h"
#include "server/ip_address.h"

#include <doctest/doctest.h>

using azf::cli::Command;
using azf::cli::DoctorCommand;
using azf::cli::Finished;
using azf::cli::FunctionsCommand;
using azf::cli::parse_command_line;
using azf::cli::ServeCommand;
using azf::cli::TokenCommand;

namespace {

Command parse(std::vector<std::string> arguments) { return parse_command_line(std::move(arguments), "1.2.3"); }

}  // namespace

TEST_SUITE("cli") {
  TEST_CASE("without a command it serves where the host says") {
    const auto command = parse({});
    REQUIRE(std::holds_alternative<ServeCommand>(command));
    CHECK_FALSE(std::get<ServeCommand>(command).explicitly);
    CHECK_FALSE(std::get<ServeCommand>(command).port.has_value());
  }

  TEST_CASE("serve takes a port") {
    const auto command = parse({"serve", "--port", "8081"});
    REQUIRE(std::holds_alternative<ServeCommand>(command));
    CHECK(std::get<ServeCommand>(command).explicitly);
    CHECK(std::get<ServeCommand>(command).port == 8081);
  }

  TEST_CASE("serve takes an address and who may connect there, in the place of the settings") {
    const auto command = std::get<ServeCommand>(
        parse({"serve", "--listen", "::", "--allow", "10.0.0.4,10.1.0.0/16", "--allow", "fd00::/8"}));
    CHECK(command.listen == "::");
    CHECK(command.allow == std::vector<std::string>{"10.0.0.4", "10.1.0.0/16", "fd00::/8"});

    azf::Environment environment;
    environment.set("AZF_LISTEN_ADDRESS", "10.0.0.9");
    environment.set("AZF_ALLOWED_CLIENTS", "10.0.0.8");
    azf::cli::apply(std::get<ServeCommand>(parse({"serve"})), environment);
    CHECK(environment.get("AZF_LISTEN_ADDRESS") == "10.0.0.9");
    CHECK(environment.get("AZF_ALLOWED_CLIENTS") == "10.0.0.8");
    azf::cli::apply(command, environment);
    CHECK(environment.get("AZF_LISTEN_ADDRESS") == "::");
    CHECK(environment.get("AZF_ALLOWED_CLIENTS") == "10.0.0.4,10.1.0.0/16,fd00::/8");
  }

  TEST_CASE("it listens on the address and port that were asked for") {
    azf::HandlerOptions options;
    CHECK_FALSE(azf::cli::listen({}, options));
    const ServeCommand free_port{.port = 0, .explicitly = true};
    CHECK(azf::cli::listen(free_port, options)->authority().starts_with("127.0.0.1:"));
    options.listen_address = *azf::parse_ip_address("127.0.0.2");
    const auto listener = azf::cli::listen(free_port, options);
    REQUIRE(listener);
    CHECK(listener->authority().starts_with("127.0.0.2:"));
    options.port = listener->port();
    CHECK_FALSE(azf::cli::listen({}, options));  // that listener has it
    CHECK(azf::cli::listen(free_port, options));
  }

  TEST_CASE("functions are listed as a table or as JSON, or written to a folder") {
    CHECK(std::get<FunctionsCommand>(parse({"functions"})).format == FunctionsCommand::Format::kTable);
    CHECK(std::get<FunctionsCommand>(parse({"functions", "--format", "json"})).format ==
          FunctionsCommand::Format::kJson);
    CHECK(std::get<FunctionsCommand>(parse({"functions", "--write", "app"})).write_to == "app");
  }

  TEST_CASE("token takes scopes, a credential and one identity") {
    const auto command =
        std::get<TokenCommand>(parse({"token", "--scope", "a/.default", "--credential", "managedidentitycredential",
                                      "--tenant", "t", "--resource-id", "/subscriptions/1", "--output", "token"}));
    CHECK(command.scopes == std::vector<std::string>{"a/.default"});
    CHECK(command.credential == "managedidentitycredential");
    CHECK(command.options.tenant_id == "t");
    CHECK(command.options.resource_id == "/subscriptions/1");
    CHECK(command.output == TokenCommand::Output::kToken);
  }

  TEST_CASE("doctor takes scopes instead of its own, a credential, a format and a time-out") {
    const auto plain = std::get<DoctorCommand>(parse({"doctor"}));
    CHECK(plain.scopes == std::vector<std::string>{"https://management.azure.com/.default"});
    CHECK(plain.credential == "DefaultAzureCredential");
    CHECK(plain.format == DoctorCommand::Format::kText);
    CHECK_FALSE(plain.offline);
    CHECK(plain.timeout == std::chrono::seconds(10));
    const auto command = std::get<DoctorCommand>(parse({"doctor", "--scope", "a", "--scope", "b", "--credential", "c",
                                                        "--format", "json", "--offline", "--timeout", "3"}));
    CHECK(command.scopes == std::vector<std::string>{"a", "b"});
    CHECK(command.credential == "c");
    CHECK(command.format == DoctorCommand::Format::kJson);
    CHECK(command.offline);
    CHECK(command.timeout == std::chrono::seconds(3));
  }

  TEST_CASE("wrong usage is exit code 2 with the reason and a hint") {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"bogus"},
                                                      {"--bogus"},
                                                      {"serve", "--port", "x"},
                                                      {"serve", "--port", "65536"},
                                                      {"serve", "--port", "-1"},
                                                      {"serve", "--listen", "localhost"},
                                                      {"serve", "--listen", "0.0.0.0:80"},
                                                      {"serve", "--allow", "proxy"},
                                                      {"serve", "--allow", "10.0.0.4,10.0.0.5/8"},
                                                      {"serve", "--allow", "0.0.0.0/0"},
                                                      {"functions", "--format", "xml"},
                                                      {"token"},
                                                      {"token", "--scope"},
                                                      {"token", "--scope", "a", "--client-id", "c", "--object-id", "o"},
                                                      {"token", "--scope", "a", "--output", "yaml"},
                                                      {"doctor", "--format", "yaml"},
                                                      {"doctor", "--timeout", "0"},
                                                      {"doctor", "--timeout", "601"},
                                                      {"serve", "functions"}}) {
      CAPTURE(arguments.front());
      CAPTURE(arguments.back());
      const auto command = parse(arguments);
      REQUIRE(std::holds_alternative<Finished>(command));
      CHECK(std::get<Finished>(command).exit_code == 2);
      CHECK(std::get<Finished>(command).text.starts_with("handler: "));
      CHECK(std::get<Finished>(command).text.ends_with("Try: handler --help\n"));
    }
  }

  TEST_CASE("help and version are printed and end well") {
    CHECK(std::get<Finished>(parse({"--version"})).text == "handler 1.2.3\n");
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                      {"serve", "--help"},
                                                      {"functions", "-h"},
                                                      {"token", "--help"},
                                                      {"doctor", "--help"}}) {
      const auto finished = std::get<Finished>(parse(arguments));
      CHECK(finished.exit_code == 0);
      CHECK(finished.text.find("Usage: handler") != std::string::npos);
    }
  }
}
