#pragma once

#include <span>
#include <string_view>

namespace azf::test {

/// Feeds foreign bytes to a parser and checks what the parser promises for any input. Ends the program where a promise
/// does not hold.
struct FuzzTarget {
  std::string_view name;  ///< also the folder of its inputs in `corpus`
  void (*run)(std::string_view input);
};

/// All targets, sorted by name.
std::span<const FuzzTarget> fuzz_targets();

void fuzz_base64(std::string_view input);
void fuzz_certificate(std::string_view input);
void fuzz_chunked_decoder(std::string_view input);
void fuzz_claims(std::string_view input);
void fuzz_date(std::string_view input);
void fuzz_envelope(std::string_view input);
void fuzz_multipart(std::string_view input);
void fuzz_query(std::string_view input);
void fuzz_request_differential(std::string_view input);
void fuzz_request_reader(std::string_view input);
void fuzz_route_template(std::string_view input);
void fuzz_session_reply(std::string_view input);
void fuzz_sse_reader(std::string_view input);
void fuzz_token_claims(std::string_view input);
void fuzz_token_refusal(std::string_view input);
void fuzz_token_reply(std::string_view input);
void fuzz_tool_output(std::string_view input);
void fuzz_tool_text(std::string_view input);
void fuzz_url(std::string_view input);
void fuzz_www_authenticate(std::string_view input);

}  // namespace azf::test
