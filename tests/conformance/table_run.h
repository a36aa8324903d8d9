#pragma once

#include "conformance/observation.h"
#include "conformance/request_case.h"

#include <cstddef>
#include <functional>
#include <vector>

namespace azf::test {

/// One observation to be made. Value; the case belongs to the caller.
struct Task {
  const RequestCase* request_case = nullptr;
  ObservationOptions options{};
};

/// Makes the observations, several at once, in any order. `done` is called once for each, by one thread at a time.
/// Returns when all are made. Throws std::runtime_error if one cannot be made.
void run_tasks(const std::vector<Task>& tasks, const std::function<void(std::size_t index, Observation)>& done);

}  // namespace azf::test
