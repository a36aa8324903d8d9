#!/usr/bin/env bash
# Builds the release and its peers, measures them side by side, and writes the report. README.md has the method.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/bench/run.sh [--quick] [--out DIR] [OPTION OF load.mjs]...

Builds the release and its peers, measures start, load, memory, slow clients, request cases, cached tokens and
instructions, and writes RESULTS.md and its plot. Takes an hour. An idle machine gives the best figures; ratios hold on a
busier one, too, as all servers are measured in turns, and instruction counts on any.

  --quick    short runs, to see whether everything works; the report goes to the build folder
  --out DIR  where the report goes, by default beside this script
  --help     this text; tests/bench/load.mjs --help has the further options
TEXT
}

root=$(readlink -f "${BASH_SOURCE[0]%/*}/../..")
readonly root here="$root/tests/bench" build="$root/build/release"
readonly programs="$build/tests/bench"
readonly measurements="$programs/measurements"
readonly handler="$build/app/handler"
# The first is the one that start times are compared with.
readonly start_peers=(
  "$programs/azf_minimal_server"
  "$programs/hyper/release/hyper-server"
  "$programs/go_server"
  "$programs/azf_httplib_server"
  "$here/peers/node/server.mjs"
)

# No handler may look for an identity endpoint of the platform.
export AZURE_POD_IDENTITY_AUTHORITY_HOST=http://127.0.0.1:9 AZURE_AUTHORITY_HOST=http://127.0.0.1:9

note() { printf 'bench: %s\n' "$*" >&2; }

# answered PORT: whether GET / is answered now.
answered() {
  local connection status=''
  { exec {connection}<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return
  printf 'GET / HTTP/1.1\r\nHost: 127.0.0.1:%s\r\n\r\n' "$1" >&"$connection"
  read -r _ status _ <&"$connection" || true
  exec {connection}>&-
  [[ $status == 200 ]]
}

# start_instructions PROGRAM: how many are run in the program, not in the kernel, from its start past its first answer
# until SIGTERM ends it.
start_instructions() {
  local program=$1 log port=$((20000 + RANDOM % 10000)) process
  log=$(mktemp)
  FUNCTIONS_CUSTOMHANDLER_PORT=$port valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" \
    "$program" >/dev/null 2>&1 &
  process=$!
  until answered "$port"; do
    kill -0 "$process" 2>/dev/null || {
      note "$program ended under valgrind:"
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

measure_start() {
  local runs=$1 peer options=()
  for peer in "${start_peers[@]}"; do options+=(--peer "$peer"); done
  read_anew "$handler" "${start_peers[@]}"
  "$programs/azf_start_benchmark" --json --runs "$runs" "${options[@]}" "$handler" >"$measurements/start.json"
}

count_start_instructions() {
  local program
  for program in "$handler" "${start_peers[0]}"; do
    printf '%12s  %s\n' "$(start_instructions "$program")" "${program##*/}"
  done >"$measurements/start_instructions.txt"
}

main() {
  local out=$here start_runs=200 load_options=() slow_options=() status=0
  while (($# > 0)); do
    case $1 in
      --quick)
        [[ $out != "$here" ]] || out=$measurements
        start_runs=20
        load_options+=(--quick)
        slow_options+=(--seconds 5)
        ;;
      --help | -h)
        usage
        return
        ;;
      --out)
        [[ $# -ge 2 ]] || { note "--out needs a folder" && return 2; }
        out=$2
        shift
        ;;
      *) load_options+=("$1") ;;
    esac
    shift
  done

  "$root/scripts/setup.sh" --bench
  "$here/build.sh"
  rm -rf -- "$measurements"
  mkdir -p -- "$measurements" "$out"
  note "start and memory at rest"
  measure_start "$start_runs"
  note "load"
  node "$here/load.mjs" --out "$measurements/load.json" "${load_options[@]}"
  note "slow clients"
  "$here/slow_attacks.sh" --out "$measurements/slow_attacks.json" "${slow_options[@]}" >/dev/null
  note "request cases"
  node "$here/load/cases.mjs" --out "$measurements/cases.json"
  note "cached tokens"
  "$programs/azf_token_cache_benchmark" >"$measurements/token_cache.txt" || status=1
  note "instructions"
  count_start_instructions
  "$here/instructions.sh" --json "$measurements/instructions.json" || status=1
  node "$here/load/report.mjs" "$measurements" "$out"
  note "the report is $out/RESULTS.md"
  return "$status"
}

main "$@"
