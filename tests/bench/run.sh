#!/usr/bin/env bash
# Builds the release and measures it: time from start to first answered request, resident memory, instructions, and
# what a cached token costs.
#
#   tests/bench/run.sh [option of the start benchmark]...
#
# For example `--runs 500`, or `--max-ratio 1.5 --max-rss-kib 6144` to fail where a goal is missed. An idle machine
# gives the best figures; the ratio to the smallest C server and the instruction counts hold on a busy one too.
set -euo pipefail

root=$(readlink -f "${BASH_SOURCE[0]%/*}/../..")
readonly root build="$root/build/release"
readonly handler="$build/app/handler" peer="$build/tests/bench/azf_minimal_server"
readonly benchmark="$build/tests/bench/azf_start_benchmark"
readonly token_cache="$build/tests/bench/azf_token_cache_benchmark"

note() { printf '%s\n' "$*" >&2; }

build() {
  AZF_DEPS_PREFIX=$("$root/scripts/deps.sh")
  export AZF_DEPS_PREFIX
  cmake --preset release -S "$root" -DAZF_BENCH=ON >&2
  cmake --build "$build" --target handler azf_minimal_server azf_start_benchmark azf_token_cache_benchmark >&2
}

# answered PORT: whether GET / is answered now.
answered() {
  local connection status=''
  { exec {connection}<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return
  printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n' "$1" >&"$connection"
  read -r _ status _ <&"$connection" || true
  exec {connection}>&-
  [[ $status == 200 ]]
}

# instructions PROGRAM: how many are run in the program, not in the kernel, from its start past its first answer until
# SIGTERM ends it.
instructions() {
  local program=$1 log port=$((20000 + RANDOM % 10000)) process
  log=$(mktemp)
  FUNCTIONS_CUSTOMHANDLER_PORT=$port valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" \
    "$program" >/dev/null 2>&1 &
  process=$!
  until answered "$port"; do
    kill -0 "$process" 2>/dev/null || {
      note "bench: $program ended under valgrind:"
      cat "$log" >&2
      rm -f -- "$log"
      return 1
    }
    sleep 0.05
  done
  kill -TERM "$process"
  wait "$process" || true
  sed -n 's/.*Collected : //p' "$log"
  rm -f -- "$log"
}

# Files that were just written lie in the page cache in larger pieces than files that were read, which saves faults. A
# deployed program was read.
read_anew() {
  local file
  for file in "$@"; do
    sync -- "$file"
    dd if="$file" iflag=nocache count=0 status=none
    cat -- "$file" >/dev/null
  done
}

main() {
  local program status=0
  "$root/scripts/setup.sh"
  build
  read_anew "$handler" "$peer"
  printf 'Start and memory, in turns with the smallest C server\n'
  "$benchmark" --peer "$peer" "$@" "$handler" || status=$?
  printf '\nInstructions from start to end, with one request (callgrind)\n'
  if ! command -v valgrind >/dev/null; then
    printf 'skipped: valgrind is not installed (scripts/setup.sh --checks installs it)\n'
    return "$status"
  fi
  for program in "$handler" "$peer"; do
    printf '%12s  %s\n' "$(instructions "$program")" "$program"
  done
  printf '\nCached tokens\n'
  "$token_cache" || status=1
  return "$status"
}

main "$@"
