#pragma once

#include "conformance/request_case.h"

#include <vector>

namespace azf::test {

Topic request_line_cases();
Topic method_cases();
Topic target_cases();
Topic version_cases();
Topic field_cases();
Topic host_cases();
Topic content_length_cases();
Topic transfer_encoding_cases();
Topic chunk_cases();
Topic trailer_cases();
Topic incomplete_cases();
Topic limit_cases();
Topic expect_cases();
Topic connection_cases();
Topic pipelining_cases();
Topic response_cases();

/// The whole table: how a server must read HTTP/1.1 (RFC 9112, RFC 9110), and what it must answer. Names are unique
/// within a topic.
std::vector<Topic> request_cases();

}  // namespace azf::test
