#include "azure/session_reply.h"
#include "core/json.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"

#include <chrono>

namespace azf::test {
namespace {

constexpr std::chrono::milliseconds kElapsed{70};

void require_quiet(const Error& error) {
  require(error.kind == ErrorKind::kUnexpectedResponse, "what is no reply is an unexpected response");
  require(!contains(error.message, kPlantedToken), "no message quotes the reply");
  require_printable(error.message, "messages are printable");
}

}  // namespace

void fuzz_session_reply(std::string_view input) {
  const auto reply = azure::parse_execution_reply(input, kElapsed);
  if (!reply) {
    require_quiet(reply.error());
  } else if (reply->execution) {
    const auto& execution = *reply->execution;
    require(execution.duration.count() >= 0, "no execution ends before it began");
    require(is_utf8(execution.standard_output) && is_utf8(execution.standard_error), "outputs are UTF-8");
    require(execution.standard_output.size() + execution.standard_error.size() <= 2 * input.size(),
            "outputs are parts of the reply");
    require(to_text(execution.result).size() <= 6 * input.size() + 4, "the result is a part of the reply");
  }

  const auto page = azure::parse_session_files(input);
  if (!page) return require_quiet(page.error());
  require(is_utf8(page->next_link), "the link is text");
  for (const auto& file : page->files) require(!file.name.empty() && is_utf8(file.name), "a file has a name");
}

}  // namespace azf::test
