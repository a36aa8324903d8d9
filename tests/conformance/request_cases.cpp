#include "conformance/request_cases.h"

namespace azf::test {

std::vector<Topic> request_cases() {
  return {request_line_cases(), method_cases(),     target_cases(),         version_cases(),
          field_cases(),        host_cases(),       content_length_cases(), transfer_encoding_cases(),
          chunk_cases(),        trailer_cases(),    incomplete_cases(),     limit_cases(),
          expect_cases(),       connection_cases(), pipelining_cases(),     response_cases()};
}

}  // namespace azf::test
