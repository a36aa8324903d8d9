#!/usr/bin/env bash
# Puts the official clients of Azure services for JavaScript before the emulator's stand-ins, and checks that they get
# what they expect. tests/service_clients/README.md says more.
set -euo pipefail

readonly minimum_node=20

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

note() { printf 'service_clients: %s\n' "$*" >&2; }

# Installs what package-lock.json says, unless that is what is there, and puts the tests beside it.
install_modules() {
  local sources=tests/service_clients stamp
  mkdir -p "$modules"
  cp "$sources"/{package.json,package-lock.json,.npmrc} "$sources"/*.mjs tests/differential/{emulator,processes}.mjs \
    "$modules/"
  stamp=$(cat "$sources/package.json" "$sources/package-lock.json" | sha256sum)
  [[ -f $modules/installed && $(<"$modules/installed") == "$stamp" ]] && return
  note "installing openai, @azure/keyvault-secrets and @azure/identity"
  (cd "$modules" && npm ci --no-audit --no-fund --ignore-scripts --loglevel=error >&2)
  printf '%s' "$stamp" >"$modules/installed"
}

scripts/setup.sh --node --emulator
if (($(node --print 'process.versions.node.split(".")[0]') < minimum_node)); then
  note "node $(node --version) is older than $minimum_node, which the clients need"
  exit 1
fi
modules=$PWD/build/service_clients
install_modules
scripts/build.sh "$preset" azf_emulator
emulator=$PWD/build/$preset/tests/emulator/emulator
cd "$modules"
node run.mjs "$emulator" ./*.test.mjs
