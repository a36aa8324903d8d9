#pragma once

#include <cstddef>
#include <sys/types.h>

namespace azf {

/// How many processors this process may use at once, at least 1.
std::size_t usable_processors();

/// Whether a thread of this process runs or would run if it had a processor, as opposed to one that waits for something
/// (proc(5), state `R`). False where the system does not tell. Costs some microseconds.
bool is_runnable(pid_t thread);

}  // namespace azf
