#!/usr/bin/env bash
# The main job: builds the app and serves it, under Azure Functions Core Tools where they are installed, else under the
# emulated Functions host of this repository.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/run.sh [--port PORT] [--emulator] [--identity KIND]

Builds the app and serves its functions on http://localhost:PORT. Ctrl-C ends everything.

Where `func` (Azure Functions Core Tools 4) is installed, it is the host, and tokens come from your own environment:
AZURE_* variables or a managed identity. Else the emulated host serves, with emulated identity endpoints; no network
is needed.

  --port PORT      where to serve (default: 7071)
  --emulator       use the emulated host even if func is installed
  --identity KIND  which identity the emulated host offers: app-service (default), imds, entra, none and
                   others; see tests/emulator/README.md
  --help           this text
TEXT
}

port=7071
identity=app-service
emulator=""
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --port | --identity)
      [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
      [[ $1 == --port ]] && port=$2 || identity=$2
      shift 2
      ;;
    --emulator) emulator=yes && shift ;;
    *) printf 'run: unknown option %s\n\n' "$1" >&2 && usage >&2 && exit 2 ;;
  esac
done
if [[ ! $port =~ ^[0-9]{1,5}$ ]] || ((10#$port > 65535)); then
  printf 'run: --port must be a number between 0 and 65535, got "%s"\n' "$port" >&2
  exit 2
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
app=build/release/app

# For people: `func` and the emulated host add time and level themselves.
export AZF_LOG_FORMAT=${AZF_LOG_FORMAT:-text}

# exec: signals then reach the host itself, and no shell is left between.
if [[ -z $emulator ]] && command -v func >/dev/null; then
  scripts/build.sh release handler
  # Only for this machine: neither staged by the build nor packaged.
  cp local.settings.json "$app/"
  printf '%s\n' "Tokens come from your environment: DefaultAzureCredential tries AZURE_* variables, workload identity and managed identity." \
    "See which one wins: curl 'http://localhost:$port/api/token-status'" >&2
  cd "$app"
  exec func start --port "$port"
fi
scripts/build.sh release handler azf_emulator
command -v python3 >/dev/null || scripts/setup.sh --emulator ||
  printf 'run: without python3 the emulated sessions run no code\n' >&2
exec build/release/tests/emulator/emulator host --app-root "$app" --port "$port" --identity "$identity"
