#!/usr/bin/env bash
# Counts what the handler executes for one request of workloads a to d, and compares it with instruction_limits.txt.
#
#   tests/bench/instructions.sh [--set] [--json FILE]
#
# Ends with 1 if a workload is more than 3 % above its limit. --set writes what was counted into the file as the new
# limits. Unlike times, the counts are the same on a busy machine.
set -euo pipefail

here=$(readlink -f "${BASH_SOURCE[0]%/*}")
for tool in node valgrind; do
  command -v "$tool" >/dev/null || {
    printf 'instructions: %s is not installed; scripts/setup.sh --bench installs it\n' "$tool" >&2
    exit 1
  }
done
log=$(mktemp)
trap 'rm -f -- "$log"' EXIT
"$here/build.sh" azf_bench_handler >"$log" 2>&1 || {
  tail -n 20 "$log" >&2
  exit 1
}
node "$here/load/instructions.mjs" "$@"
