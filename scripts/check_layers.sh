#!/usr/bin/env bash
# Checks that no source file includes what its layer must not see. All layers share one include root, so the linker
# alone would not notice. Prints each offending line; exit code 1 if there is one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

bad=0
# allow FOLDER REGEX: project headers that files below FOLDER may include.
allow() {
  local found
  found=$(grep -rnE '^ *# *include "' "$1" --include='*.h' --include='*.cpp' | grep -vE "include \"($2)" || true)
  [[ -z $found ]] || { printf '%s\n' "$found" && bad=1; }
}
# only HEADER REGEX: third-party headers, and the only files that may include them.
only() {
  local found
  found=$(grep -rnE "^ *# *include <$1" handler functions --include='*.h' --include='*.cpp' | grep -vE "^($2):" || true)
  [[ -z $found ]] || { printf '%s\n' "$found" && bad=1; }
}

allow handler/core 'core/'
allow handler/http '(core|http)/'
allow handler/identity '(core|http|identity)/'
allow handler/azure '(core|http|identity|azure)/'
allow handler/runtime '(core|http|runtime)/|azure/service_connections\.h|identity/token_credential\.h'
allow handler/server '(core|http|server)/'
allow handler/cli '(core|http|identity|azure|runtime|server|cli)/'
allow functions '(core|http|azure|runtime|functions)/|identity/(attempt_json|token_(credential|claims))\.h'

only curl/ 'handler/http/curl_transport\.cpp'
only 'ares\.h' 'handler/http/name_lookup\.cpp'
only openssl/ 'handler/(azure/session_identifier|http/certificate_pin|identity/certificate)\.cpp'
only httplib '$^' # nowhere: DECISIONS.md, record 29
only CLI/ 'handler/cli/command_line\.cpp'
only nlohmann/ 'handler/core/(json|secret)\.h'

((bad == 0)) && echo "layers: every include is allowed"
exit "$bad"
