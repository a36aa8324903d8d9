#!/usr/bin/env bash
# Drives the page of chat-ui in a real Chromium: before an agent that plays scenes, and before the app itself under the
# emulated Functions host, with its stand-ins.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/page_test.sh [--preset debug|release] [--only TEXT]

Installs Chromium and, into build/page, Playwright; builds and starts the app; runs all cases. Screenshots are in
build/page/screenshots. Exit code 1 if a case fails.

  --preset PRESET  which build to run (default: debug)
  --only TEXT      only cases with this text in their names
  --help           this text

Environment:
  CHROMIUM  another Chromium than /usr/bin/chromium
TEXT
}

preset=debug
arguments=()
while (($# > 0)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --preset | --only)
      [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
      if [[ $1 == --preset ]]; then preset=$2; else arguments+=(--test-name-pattern "$2"); fi
      shift 2
      ;;
    *) printf 'page test: unknown option %s\n\n' "$1" >&2 && usage >&2 && exit 2 ;;
  esac
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly modules=$PWD/build/page
note() { printf 'page test: %s\n' "$*" >&2; }

scripts/setup.sh --page
node=$(scripts/node.sh tests/page "$modules")
scripts/build.sh "$preset" handler azf_emulator

state=$(mktemp -d)
host=""
# shellcheck disable=SC2317  # called by trap
end() {
  [[ -z $host ]] || kill -TERM "$host" 2>/dev/null || true
  [[ -z $host ]] || wait "$host" 2>/dev/null || true
  rm -rf -- "$state"
}
trap end EXIT

"build/$preset/tests/emulator/emulator" host --app-root "build/$preset/app" --port 0 --require-keys \
  --ready-file "$state/ready" >"$modules/host.log" 2>&1 &
host=$!
until [[ -s $state/ready ]]; do
  kill -0 "$host" 2>/dev/null || { note "the host did not start" && cat "$modules/host.log" >&2 && exit 1; }
  sleep 0.1
done

rm -rf "$modules/screenshots" && mkdir "$modules/screenshots"
PAGE_TEST_MODULES=$modules PAGE_TEST_SCREENSHOTS=$modules/screenshots PAGE_TEST_READY_FILE=$state/ready \
  "$node" --test --test-reporter=spec "${arguments[@]}" tests/page/*.test.mjs
note "screenshots: build/page/screenshots"
