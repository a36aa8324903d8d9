// Against the queues of Azurite, with tokens of the emulated managed identity. The environment names both; what stands
// in the queues `from-sdk` and `from-here` the official client has put there, or will take.
#include "azure/queue_client.h"

#include "azure/service_connections.h"
#include "azure/service_endpoint.h"
#include "core/clock.h"
#include "core/environment.h"
#include "core/executor.h"
#include "core/log.h"
#include "http/curl_transport.h"
#include "http/retrying_transport.h"
#include "identity/default_azure_credential.h"
#include "identity/posix_process_runner.h"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace {

using azf::azure::QueueClient;
using azf::azure::ServiceErrorKind;
using std::chrono::seconds;

// Markup, an entity, and beyond ASCII. run.mjs has the same text, for a client that loses line breaks.
constexpr std::string_view kText = "<&>]]>\t&amp; \"Zoë\" €";
const std::string kLines = std::string(kText) + "\r\n\r";

/// The program's own objects, as `main` builds them.
class Queues {
 public:
  QueueClient open(std::string_view name) {
    const auto endpoint = azf::azure::find_service_endpoint(environment_, "AZURE_STORAGE_QUEUE_ENDPOINT").value();
    return QueueClient({.connection = connections_.connect(azf::azure::storage_service("queue")),
                        .endpoint = endpoint.url,
                        .clock = clock_},
                       name);
  }

 private:
  azf::SystemClock clock_;
  const azf::Environment environment_{::environ};
  azf::StandardStreamsSink sink_{STDERR_FILENO};
  const azf::Logger log_{sink_, clock_, azf::LogLevel::kWarning, azf::LogFormat::kText};
  azf::CurlTransport curl_{clock_, environment_};
  azf::RetryingTransport transport_{curl_, clock_};
  azf::identity::PosixProcessRunner processes_{environment_, clock_};
  azf::ThreadExecutor executor_{log_};
  const azf::identity::CredentialServices services_{environment_, transport_, clock_, log_, processes_, executor_};
  const std::unique_ptr<azf::identity::TokenCredential> credential_ =
      azf::identity::make_default_azure_credential({}, services_).value();
  azf::azure::ServiceConnections connections_{curl_, *credential_, services_};
};

TEST_SUITE("azurite") {
  TEST_CASE("a queue is made, and made again") {
    Queues queues;
    const auto queue = queues.open("made-twice");
    CHECK(queue.create({}).has_value());
    CHECK(queue.create({}).has_value());
    CHECK(queue.peek(1, {}).value().empty());
  }

  TEST_CASE("S-19: a message goes round: sent, seen, received, kept, changed and deleted") {
    Queues queues;
    const auto queue = queues.open("round");
    REQUIRE(queue.create({}).has_value());
    const auto sent = queue.send(kLines, {.lifetime = seconds(600)}, {});
    REQUIRE(sent.has_value());

    const auto seen = queue.peek(32, {}).value();
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].id == sent->id);
    CHECK(seen[0].text == kLines);
    CHECK(seen[0].pop_receipt.empty());

    const auto received = queue.receive({.count = 32, .invisible = seconds(300)}, {}).value();
    REQUIRE(received.size() == 1);
    CHECK(received[0].text == kLines);
    CHECK(received[0].dequeue_count == 1);
    CHECK(received[0].inserted.has_value());
    CHECK(queue.receive({}, {}).value().empty());

    const auto kept = queue.update({received[0].id, received[0].pop_receipt, {}}, seconds(0), "<new>\r", {});
    REQUIRE(kept.has_value());
    CHECK(kept->pop_receipt != received[0].pop_receipt);
    const auto again = queue.receive({.invisible = seconds(300)}, {}).value();
    REQUIRE(again.size() == 1);
    CHECK(again[0].text == "<new>\r");
    CHECK(again[0].dequeue_count == 2);

    CHECK_FALSE(queue.remove(again[0].id, received[0].pop_receipt, {}).has_value());
    CHECK(queue.remove(again[0].id, again[0].pop_receipt, {}).has_value());
    CHECK(queue.peek(1, {}).value().empty());
  }

  TEST_CASE("several messages come at once, in their order") {
    Queues queues;
    const auto queue = queues.open("several");
    REQUIRE(queue.create({}).has_value());
    for (const auto* text : {"1", "2", "3"}) REQUIRE(queue.send(text, {}, {}).has_value());
    std::vector<std::string> texts;
    for (const auto& message : queue.receive({.count = 32}, {}).value()) texts.push_back(message.text);
    CHECK(texts == std::vector<std::string>{"1", "2", "3"});
  }

  TEST_CASE("a queue that is not there is told by its code") {
    Queues queues;
    const auto peeked = queues.open("missing").peek(1, {});
    REQUIRE_FALSE(peeked.has_value());
    CHECK(peeked.error().code == "QueueNotFound");
    CHECK(peeked.error().kind == ServiceErrorKind::kNotConfigured);
  }

  TEST_CASE("what the official client has sent is read, and the other way round") {
    Queues queues;
    const auto messages = queues.open("from-sdk").receive({}, {});
    REQUIRE(messages.has_value());
    REQUIRE(messages->size() == 1);
    CHECK(messages->front().text == kText);
    const auto queue = queues.open("from-here");
    REQUIRE(queue.create({}).has_value());
    CHECK(queue.send(kText, {}, {}).has_value());
  }
}

}  // namespace
