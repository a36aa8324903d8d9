#!/usr/bin/env bash
# Holds many slow connections open against each server, and measures how others are served meanwhile.
#
#   tests/bench/slow_attacks.sh [--servers LIST] [--connections N] [--seconds N] [--out FILE]
#
# Prints a table in Markdown; --out writes what was measured as JSON, for load/report.mjs. tests/bench/build.sh must have
# built the servers.
set -euo pipefail

here=$(readlink -f "${BASH_SOURCE[0]%/*}")
for tool in node slowhttptest; do
  command -v "$tool" >/dev/null || {
    printf 'slow attacks: %s is not installed; scripts/setup.sh --bench installs it\n' "$tool" >&2
    exit 1
  }
done
node "$here/load/slow_attacks.mjs" "$@"
