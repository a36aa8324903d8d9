#!/usr/bin/env bash
# Drives the handler with quick and with slow clients at once, and checks every answer.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/load_test.sh [--preset PRESET] [--seconds N]

Builds and starts the handler, and lets wrk send for N seconds, all at the same time: requests on many keep-alive
connections, each on a new connection, with bodies, and envelopes of the Functions host; while slow clients send their
heads byte by byte or take no answers. Fails on a wrong answer, a connection that fails, or an exit code other than 0,
which a sanitizer's report gives, too.

  --preset PRESET  debug (default), release, asan-ubsan or tsan
  --seconds N      how long (default: 5)
  --help           this text
TEXT
}

preset=debug
seconds=5
while (($# > 0)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --preset | --seconds)
      [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
      [[ $1 == --preset ]] && preset=$2 || seconds=$2
      shift 2
      ;;
    *) printf 'load test: unknown option %s\n\n' "$1" >&2 && usage >&2 && exit 2 ;;
  esac
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { printf 'load test: --seconds must be a number, got "%s"\n' "$seconds" >&2 && exit 2; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly answer_limit_s=30
readonly slow_clients=50
readonly host_headers=('X-Azure-Functions-InvocationId: 86423128-a18a-4f44-b4a3-e8bee4f19a0e')
# A free port cannot be reserved for another program; below the range from which the kernel takes those of clients.
readonly port=$((20000 + RANDOM % 10000))

folder=$(mktemp -d)
processes=()
# shellcheck disable=SC2317  # called by trap
end() {
  kill -KILL "${processes[@]}" 2>/dev/null || true
  rm -rf -- "$folder"
}
trap end EXIT

note() { printf 'load test: %s\n' "$*"; }

# answer_to TARGET: the first line of the answer; fails if there is none.
answer_to() {
  local connection line
  { exec {connection}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return
  printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n' "$1" >&"$connection"
  read -r -t "$answer_limit_s" line <&"$connection" || line=''
  exec {connection}>&-
  printf '%s\n' "${line%$'\r'}"
}

start_handler() {
  # Not the staged one, which has no symbols for a report. No identity endpoint of the platform may be looked for. What a
  # sanitizer finds ends the handler; threads are left behind on purpose where it is told to end at once.
  AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:9 AZURE_AUTHORITY_HOST=http://127.0.0.1:9 \
    TSAN_OPTIONS=report_thread_leaks=0:halt_on_error=1 FUNCTIONS_CUSTOMHANDLER_PORT=$port \
    FUNCTIONS_APP_ROOT_PATH=$PWD/build/$preset/app \
    "build/$preset/handler/handler" >/dev/null 2>"$folder/errors" &
  handler=$!
  processes+=("$handler")
  until [[ $(answer_to /) == 'HTTP/1.1 200 OK' ]]; do
    kill -0 "$handler" 2>/dev/null || { note "the handler did not start" && cat "$folder/errors" >&2 && exit 1; }
    sleep 0.05
  done
}

# drive NAME CONNECTIONS PATH ARGUMENT...: lets wrk send in the background; tests/load/answers.lua has the arguments.
declare -A drivers=()
drive() {
  local name=$1 connections=$2 path=$3
  shift 3
  wrk --threads 1 --connections "$connections" --duration "${seconds}s" --timeout "${answer_limit_s}s" \
    --script tests/load/answers.lua "http://127.0.0.1:$port$path" -- "$@" >"$folder/$name" 2>&1 &
  drivers[$name]=$!
  processes+=("$!")
}

# Half of them send one head for ever, the others ask and do not read. What becomes of them is their own affair.
go_slowly() {
  local connections=() connection i
  trap '' PIPE
  for ((i = 0; i < slow_clients; ++i)); do
    exec {connection}<>"/dev/tcp/127.0.0.1/$port"
    connections+=("$connection")
  done
  while true; do
    for ((i = 0; i < slow_clients; ++i)); do
      if ((i % 2 == 0)); then
        printf 'G' >&"${connections[i]}" || true
      else
        printf 'GET /api/greet HTTP/1.1\r\nHost: h\r\n\r\n' >&"${connections[i]}" || true
      fi
    done
    sleep 0.1
  done
}

scripts/setup.sh --load
scripts/build.sh "$preset" handler
printf '{"name":"Ada","padding":"%s"}' "$(head -c 60000 /dev/zero | tr '\0' x)" >"$folder/greeting"
printf '{"Data":{"message":"\\"hello\\""},"Metadata":{"Id":"\\"1\\"","DequeueCount":"1"}}' >"$folder/envelope"
start_handler

(go_slowly 2>/dev/null) &
slow=$!
processes+=("$slow")
drive keep-alive 200 /api/greet/Ada 'Hello, Ada!'
drive new-connections 20 /api/greet/Ada 'Hello, Ada!' GET '' 'Connection: close'
drive bodies 20 /api/greet 'Hello, Ada!' POST "$folder/greeting" 'Content-Type: application/json'
# The text output is Base64 for the host: {"length":5,...
drive envelopes 50 /relay '{"Outputs":{"output":"eyJsZW5ndGgiOjUs' POST "$folder/envelope" 'Content-Type: application/json' "${host_headers[@]}"

status=0
for name in "${!drivers[@]}"; do
  if wait "${drivers[$name]}"; then result=passed; else result=FAILED status=1; fi
  printf '%-16s %s: %s\n' "$name" "$result" "$(grep -A 2 'answers,' "$folder/$name" || cat "$folder/$name")"
done
[[ $(answer_to /api/greet/Ada) == 'HTTP/1.1 200 OK' ]] || { note "it does not answer any more" && status=1; }
# Heads that have begun are waited for; without them it ends in order, and a sanitizer looks for leaks.
kill -KILL "$slow"
wait "$slow" 2>/dev/null || true
kill -TERM "$handler" 2>/dev/null || true
code=0
wait "$handler" || code=$?
((code == 0)) || { note "the handler ended with exit code $code" && status=1; }
((status == 0)) || cat "$folder/errors" >&2
exit "$status"
