#!/usr/bin/env bash
# Puts the official Azure identity library for JavaScript and this program through the same scenarios, against the
# emulated identity endpoints, and compares what they send and get. tests/differential/README.md says what is compared.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/differential.sh [--preset debug|release] [--only TEXT] [--verbose]

Builds the handler and the emulator, installs the official library into build/differential, runs all scenarios and
prints a table. Exit code 1 on a difference that is not explained.

  --preset PRESET  which build to run (default: debug)
  --only TEXT      only scenarios with this text in their names
  --verbose        show the compared requests on stderr
  --help           this text
TEXT
}

preset=debug
arguments=()
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --preset | --only)
      [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
      if [[ $1 == --preset ]]; then preset=$2; else arguments+=(--only "$2"); fi
      shift 2
      ;;
    --verbose) arguments+=(--verbose) && shift ;;
    *) printf 'differential: unknown option %s\n\n' "$1" >&2 && usage >&2 && exit 2 ;;
  esac
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."

note() { printf 'differential: %s\n' "$*" >&2; }

# Clients read the keys of Azure Arc from this folder alone.
readonly arc_keys=/var/opt/azcmagent/tokens
readonly arc_mark=/var/opt/azcmagent/made-by-differential # so that what a killed run left is no obstacle
run=()
prepare_arc_keys() {
  if [[ -e /var/opt/azcmagent && ! -e $arc_mark ]]; then
    note "/var/opt/azcmagent is there: this machine has the agent of Azure Arc, whose keys must not be touched"
    return 1
  fi
  if mkdir -p "$arc_keys" 2>/dev/null; then
    touch "$arc_mark"
    trap 'rm -rf /var/opt/azcmagent' EXIT
  else
    # Without root: a /var/opt of our own, for these processes alone.
    # shellcheck disable=SC2016  # expanded by the inner shell
    run=(unshare --user --map-root-user --mount sh -c 'mount -t tmpfs tmpfs /var/opt && mkdir -p "$0" && exec "$@"' "$arc_keys")
  fi
}

modules=$PWD/build/differential
node=$(scripts/node.sh tests/differential "$modules")
cp tests/differential/{official.mjs,network_guard.mjs} "$modules/"
scripts/build.sh "$preset" handler azf_emulator
note "comparing with node $("$node" --version)"
"$node" --test --test-reporter=dot tests/differential/compare.test.mjs >&2
prepare_arc_keys
"${run[@]}" "$node" tests/differential/run.mjs --emulator "build/$preset/tests/emulator/emulator" \
  --handler "build/$preset/app/handler" --modules "$modules" --arc-key-dir "$arc_keys" "${arguments[@]}"
