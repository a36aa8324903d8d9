#!/usr/bin/env bash
# Runs scripts/smoke.sh against the app under the emulated Functions host, and checks what it finds and how it ends.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/smoke_test.sh [--preset debug|release]

Builds the app, starts it with its stand-ins under the emulated host, which asks for keys, and runs the smoke test with
the right key, a wrong one and none, and against a port where nothing listens. Exit code 1 if anything is not as it
should be.

  --preset PRESET  which build to run (default: debug)
  --help           this text
TEXT
}

preset=debug
while (($# > 0)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --preset)
      [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
      preset=$2
      shift 2
      ;;
    *) printf 'smoke test: unknown option %s\n\n' "$1" >&2 && usage >&2 && exit 2 ;;
  esac
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/build.sh "$preset" handler azf_emulator

folder=$(mktemp -d)
host=""
# shellcheck disable=SC2317  # called by trap
end() {
  [[ -z $host ]] || kill -TERM "$host" 2>/dev/null || true
  [[ -z $host ]] || wait "$host" 2>/dev/null || true
  rm -rf -- "$folder"
}
trap end EXIT

start_host() {
  rm -f -- "$folder/ready"
  "build/$preset/tests/emulator/emulator" host --app-root "build/$preset/app" --port 0 --ready-file "$folder/ready" "$@" \
    >"$folder/host.log" 2>&1 &
  host=$!
  until [[ -s $folder/ready ]]; do
    kill -0 "$host" 2>/dev/null || { echo "smoke test: the host did not start" >&2 && cat "$folder/host.log" >&2 && exit 1; }
    sleep 0.1
  done
  url=$(grep -oE '"url":"http://127\.0\.0\.1:[0-9]+"' "$folder/ready" | head -n 1 | cut -d '"' -f 4)
  key=$(sed -nE 's/.*"keys":\{"function":"([^"]*)".*/\1/p' "$folder/ready")
}

stop_host() {
  kill -TERM "$host"
  wait "$host" || true
  host=""
}

# A curl that writes down how it was called, before the real one.
mkdir "$folder/bin"
real_curl=$(command -v curl)
# shellcheck disable=SC2016  # for the script that is written
printf '#!/bin/sh\nprintf "%%s\\n" "$*" >>"%s"\nexec "%s" "$@"\n' "$folder/calls" "$real_curl" >"$folder/bin/curl"
chmod +x "$folder/bin/curl"

wrong=0
# check NAME EXIT_CODE TEXT ARGUMENT...: runs the smoke test, which must end so and print a line that matches TEXT.
check() {
  local name=$1 expected=$2 text=$3 code=0
  shift 3
  PATH=$folder/bin:$PATH scripts/smoke.sh "$@" >"$folder/output" 2>&1 || code=$?
  if ((code == expected)) && grep -qE -e "$text" "$folder/output"; then
    printf 'ok      %s\n' "$name"
  else
    printf 'WRONG   %s: exit code %s instead of %s, or no line like: %s\n' "$name" "$code" "$expected" "$text"
    sed 's/^/        /' "$folder/output"
    wrong=1
  fi
}

start_host --require-keys
check 'every function works' 0 '^[0-9]+ passed, 0 failed, 0 skipped: ' "$url" --key "$key"
if grep -qF -- "$key" "$folder/calls"; then echo "WRONG   the key is an argument of curl" && wrong=1; fi
check 'the key may come from standard input' 0 '^1 passed' "$url" --key - --only token-status <<<"$key"
AZF_SMOKE_KEY=$key check 'the key may come from the environment' 0 '^1 passed' "$url" --only token-status
check 'a wrong key fails, and it says what to do' 1 'the key is not one of this app' "$url" --key wrong --only token-status
check 'no key fails, and it says what to do' 1 'this function wants a key' "$url" --only token-status
check 'functions for everybody need none' 0 '^1 passed, 0 failed, 0 skipped' "$url" --only greet
check 'JSON' 0 '^\{"base_url":"http://127\.0\.0\.1:[0-9]+","passed":1,"failed":0,"skipped":0,"checks":\[\{"name":"greet","result":"passed","status":200,"duration_ms":[0-9]+,"reason":"","next_step":""\}\]\}$' \
  "$url" --only greet --json
check 'what is not deployed there fails' 1 'the function is not deployed there' "$url" --prefix elsewhere --only greet
check 'an unknown name is wrong usage' 2 '--only knows: greet ' "$url" --only nothing
check 'no address is wrong usage' 2 'BASE_URL must be like' --only greet
stop_host
check 'an app that does not run' 1 'start the app: scripts/run.sh' "$url" --only greet

# Settings that are missing are no failure, but are told.
start_host --services off
check 'without settings what needs them is skipped' 0 'AZURE_OPENAI_ENDPOINT is not set' "$url" --only chat --only greet
stop_host
exit "$wrong"
