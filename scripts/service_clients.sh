#!/usr/bin/env bash
# Puts the official clients of Azure services for JavaScript before the emulator's stand-ins, and checks that they get
# what they expect. tests/service_clients/README.md says more.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/service_clients.sh [--preset debug|release]

Builds the emulator, installs the official clients into build/service_clients and runs them against the stand-ins.

  --preset PRESET  which build to run (default: debug)
  --help           this text
TEXT
}

preset=debug
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --preset)
      [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
      preset=$2
      shift 2
      ;;
    *) printf 'service_clients: unknown option %s\n\n' "$1" >&2 && usage >&2 && exit 2 ;;
  esac
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh --emulator
modules=$PWD/build/service_clients
node=$(scripts/node.sh tests/service_clients "$modules")
scripts/build.sh "$preset" azf_emulator
"$node" tests/service_clients/run.mjs --emulator "build/$preset/tests/emulator/emulator" --modules "$modules" \
  tests/service_clients/*.test.mjs
