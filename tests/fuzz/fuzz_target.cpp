#include "fuzz/fuzz_target.h"

#include <array>

namespace azf::test {

std::span<const FuzzTarget> fuzz_targets() {
  static constexpr auto kTargets = std::to_array<FuzzTarget>({
      {"base64", fuzz_base64},
      {"certificate", fuzz_certificate},
      {"chunked_decoder", fuzz_chunked_decoder},
      {"claims", fuzz_claims},
      {"date", fuzz_date},
      {"envelope", fuzz_envelope},
      {"multipart", fuzz_multipart},
      {"query", fuzz_query},
      {"request_differential", fuzz_request_differential},
      {"request_reader", fuzz_request_reader},
      {"route_template", fuzz_route_template},
      {"session_reply", fuzz_session_reply},
      {"sse_reader", fuzz_sse_reader},
      {"token_claims", fuzz_token_claims},
      {"token_refusal", fuzz_token_refusal},
      {"token_reply", fuzz_token_reply},
      {"tool_output", fuzz_tool_output},
      {"tool_text", fuzz_tool_text},
      {"url", fuzz_url},
      {"www_authenticate", fuzz_www_authenticate},
  });
  return kTargets;
}

}  // namespace azf::test
