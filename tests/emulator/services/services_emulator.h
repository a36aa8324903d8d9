#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/mutex.h"
#include "core/result.h"
#include "emulator/identity/identity_emulator.h"
#include "emulator/services/stand_in.h"
#include "emulator/stop_signal.h"
#include "emulator/variables.h"
#include "emulator/wire/http_server.h"
#include "emulator/wire/message.h"
#include "emulator/wire/reply_writer.h"
#include "emulator/wire/stream.h"
#include "emulator/wire/tls.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::emulator {

/// How the stand-ins are to be played. Value.
struct ServicesOptions {
  /// 0 takes a free one.
  int port = 0;
  /// Between two events of a streamed answer.
  std::chrono::milliseconds stream_pace{20};
  /// Exists; the sessions' files are below it.
  std::filesystem::path state_folder;
};

/// Stand-ins of the Azure services that the functions use, on one HTTPS port of 127.0.0.1, with the certificate of the
/// emulated Entra. They take tokens of the emulated tenant alone, and their script and journal are those of the
/// identity endpoints, under the names `openai`, `session-pool`, `key-vault`, `graph` and `blob`. Where the script
/// restarts one of them, all go away together, as they share the port. Thread-safe.
class ServicesEmulator {
 public:
  /// `kTransport` when the port is taken. `identity` and `clock` outlive the emulator.
  static Result<std::unique_ptr<ServicesEmulator>> start(const ServicesOptions& options, IdentityEmulator& identity,
                                                         const Clock& clock);
  ServicesEmulator(const ServicesEmulator&) = delete;
  ServicesEmulator& operator=(const ServicesEmulator&) = delete;
  ~ServicesEmulator();

  /// What a handler needs to find the stand-ins, and to trust their certificate.
  [[nodiscard]] Variables variables() const;
  /// Addresses for scripts.
  [[nodiscard]] Json describe() const;

 private:
  // A stand-in and where it is.
  struct Service {
    std::string name;
    std::string url;
    // The setting that names it to the handler, without `AZF_DEMO_`.
    std::string setting;
    std::unique_ptr<StandIn> stand_in;
  };
  // What serves from one start to the next: TLS sessions of one are nothing to the other.
  struct Run {
    TlsContext tls;
    std::unique_ptr<HttpServer> server{};
  };

  ServicesEmulator(FileDescriptor listener, IdentityEmulator& identity, const Clock& clock);
  std::optional<Reply> handle(const Request& request, ReplyWriter& writer);
  EndpointScript::Scene play(const Request& request);
  void add(std::string name, std::string url, std::string setting, std::unique_ptr<StandIn> stand_in);
  [[nodiscard]] Result<Success> serve() REQUIRES(mutex_);
  void restart(std::chrono::milliseconds away);

  const FileDescriptor listener_;
  IdentityEmulator& identity_;
  const Clock& clock_;
  const int port_;
  std::vector<Service> services_;
  StopSignal stop_;

  Mutex mutex_;
  // Those that are over stay to the end, as their requests may still be under way.
  std::vector<std::unique_ptr<Run>> runs_ GUARDED_BY(mutex_);
  bool away_ GUARDED_BY(mutex_) = false;
};

}  // namespace azf::emulator
