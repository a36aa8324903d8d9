#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "identity/token_reply.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

// What developer tools print. Pure functions over foreign text; no message quotes a tool's standard output, as tokens
// are printed there.

/// Turns a reading of a local clock, given as if it were UTC, into the instant. Nothing where that cannot be said.
using LocalClock = std::optional<SystemTime> (*)(SystemTime reading);

/// By the zone of this process: the C library takes it from TZ or /etc/localtime. Of the two instants of the hour that
/// is repeated when summer time ends, the earlier one. Thread-safe as long as nobody changes the process's TZ; the
/// library has no call that takes a zone as an argument, which is why the parser below takes the clock as one.
std::optional<SystemTime> instant_of_local_clock(SystemTime reading);

// The parsers take the wall clock just before the tool was started. A token that has ended by it is refused, as are
// output without token or expiry and tokens of another type than Bearer: `kUnexpectedResponse`.

/// `az account get-access-token --output json`: `accessToken`; `expires_on` as seconds since 1970 (Azure CLI 2.54 and
/// later), else `expiresOn` as local time without zone.
Result<TokenReply> parse_azure_cli_output(std::string_view output, SystemTime now, LocalClock local_clock);

/// `azd auth token --output json`: `token`, and `expiresOn` as RFC 3339.
Result<TokenReply> parse_azure_developer_cli_output(std::string_view output, SystemTime now);

/// Of the script of AzurePowerShellCredential: `Token`, and `ExpiresOn` as seconds since 1970 or RFC 3339.
Result<TokenReply> parse_azure_powershell_output(std::string_view output, SystemTime now);

/// The messages among lines that the Azure Developer CLI printed with `--output json`, joined by blanks: of
/// `{"type":"consoleMessage","data":{"message":...}}`, and of `{"error":...}` since version 1.23.7. Empty if there is
/// none.
std::string azure_developer_cli_message(std::string_view output);

/// A tool's own words fit for a message: without terminal escapes and control characters, at most 4 KiB, and with
/// `REDACTED` in the place of what is or may be a token (JSON web tokens, values of names such as `accessToken`, and
/// any very long word).
std::string redacted_tool_text(std::string_view text);

/// Entra's numbers in a text: 50020 for `AADSTS50020`. In order, each once, at most 16.
std::vector<int> aadsts_numbers(std::string_view text);

}  // namespace azf::identity
