#pragma once

#include "cli/command_line.h"
#include "core/clock.h"
#include "core/environment.h"
#include "core/log.h"
#include "runtime/host_configuration.h"
#include "runtime/router.h"
#include "server/handler_options.h"
#include "server/listener.h"
#include "server/process_watch.h"

namespace azf::cli {

/// Puts `--listen` and `--allow` in the place of the variables that they stand for.
void apply(const ServeCommand& command, Environment& environment);

/// The listening socket for the command: its own port, else the host's, else, where `serve` was spelled out, 8080.
Result<Listener> listen(const ServeCommand& command, const HandlerOptions& options);

/// Serves until there is a reason to stop, then lets requests in flight end. Returns the exit code: 0 after a signal;
/// 1 when the host seems gone, because a host that is still there restarts what ended by anything but 0.
int serve(Listener listener, ProcessWatch& watch, const HandlerOptions& options, const Router& router,
          const HostConfiguration& host, const Clock& clock, const Logger& log);

}  // namespace azf::cli
