#!/usr/bin/env bash
# Builds the fuzz targets and lets libFuzzer run each of them for some time, from the inputs kept in tests/fuzz/corpus.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/fuzz.sh [--seconds N] [--seed N] [--except] [TARGET...]
       scripts/fuzz.sh --list

Builds the fuzz targets with clang, AddressSanitizer and UndefinedBehaviorSanitizer and runs them, as many at a time as
there are processors. Ends with a table. Exit code 1 if an input breaks a promise: it is kept, and the command that
runs it again is printed.

  --seconds N  how long each target runs (default: 60)
  --seed N     begin from this random number, so that two short runs do much the same (default: another each time)
  --except     run all but the named targets
  --list       only print the names of the targets
  TARGET       run these alone

Environment:
  AZF_FUZZ_DIR     where new inputs, logs and crashing inputs go (default: azf-fuzz in the user's cache folder);
                   a later run begins with the inputs that earlier ones have found
  AZF_DEPS_PREFIX  as for scripts/build.sh
TEXT
}

fail() {
  printf 'fuzz: %s\n' "$*" >&2
  exit 2
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly binaries=build/fuzz/tests/fuzz
readonly corpus=tests/fuzz/corpus
seconds=60
seed=0 # libFuzzer takes another one each time
except=no
targets=()
all=()
for folder in "$corpus"/*/; do
  all+=("$(basename "$folder")")
done
while (($# > 0)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --list) printf '%s\n' "${all[@]}" && exit 0 ;;
    --seconds)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "--seconds needs a positive number"
      seconds=$2
      shift
      ;;
    --seed)
      [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || fail "--seed needs a positive number"
      seed=$2
      shift
      ;;
    --except) except=yes ;;
    -*) usage >&2 && exit 2 ;;
    *)
      [[ -d $corpus/$1 ]] || fail "there is no target $1; see --list"
      targets+=("$1")
      ;;
  esac
  shift
done
if [[ $except == yes ]]; then
  mapfile -t targets < <(printf '%s\n' "${all[@]}" | grep -vxF -f <(printf '%s\n' "${targets[@]}"))
  ((${#targets[@]} > 0)) || fail "--except leaves no target"
fi
((${#targets[@]} > 0)) || targets=("${all[@]}")
work=${AZF_FUZZ_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/azf-fuzz}
mkdir -p "$work"

scripts/build.sh fuzz "${targets[@]/#/azf_fuzz_}"

# The names that a target's inputs are made of.
dictionary_of() {
  case $1 in
    chunked_decoder | request_differential | request_reader) echo http ;;
    query) echo url ;;
    claims | session_reply | token_claims | token_refusal | token_reply | tool_output) echo json ;;
    *) echo "$1" ;;
  esac
}

# Runs one target; its exit code is libFuzzer's, written to a file as several run at once.
run() {
  local target=$1 options dictionary
  dictionary=tests/fuzz/dictionaries/$(dictionary_of "$target").dict
  mkdir -p "$work/corpus/$target" "$work/crashes/$target"
  # -timeout is what makes "ends in bounded time" a promise of every target.
  options=(-max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=8192 -seed="$seed" -print_final_stats=1
    -artifact_prefix="$work/crashes/$target/")
  [[ ! -f $dictionary ]] || options+=(-dict="$dictionary")
  local code=0
  "$binaries/azf_fuzz_$target" "${options[@]}" "$work/corpus/$target" "$corpus/$target" \
    >"$work/$target.log" 2>&1 </dev/null || code=$?
  echo "$code" >"$work/$target.code"
}

printf 'fuzz: %s targets for %s s each, %s at a time; new inputs go to %s\n' \
  "${#targets[@]}" "$seconds" "$(nproc)" "$work" >&2
running=0
for target in "${targets[@]}"; do
  rm -f -- "$work/$target.code"
  if ((running == $(nproc))); then
    wait -n
    running=$((running - 1))
  fi
  run "$target" &
  running=$((running + 1))
done
wait

stat_of() { sed -n "s/^stat::$2: *//p" "$work/$1.log" | tail -n 1; }

failed=()
printf '%-20s %12s %8s %9s %7s  %s\n' target runs seconds coverage inputs result
for target in "${targets[@]}"; do
  log=$work/$target.log
  code=$(cat "$work/$target.code" 2>/dev/null || echo none)
  result=ok
  if [[ $code != 0 ]]; then
    result=FAILED
    failed+=("$target")
  fi
  took=$(sed -n 's/^Done [0-9]* runs in \([0-9]*\) second.*/\1/p' "$log" | tail -n 1)
  coverage=$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1 | cut -d ' ' -f 2 || true)
  inputs=$(grep -oE 'corp: [0-9]+' "$log" | tail -n 1 | cut -d ' ' -f 2 || true)
  printf '%-20s %12s %8s %9s %7s  %s\n' "$target" "$(stat_of "$target" number_of_executed_units)" "${took:--}" \
    "${coverage:--}" "${inputs:--}" "$result"
done

((${#failed[@]} > 0)) || exit 0
for target in "${failed[@]}"; do
  log=$work/$target.log
  printf '\n== %s\n' "$target"
  grep -E -m 3 '^broken promise|^SUMMARY|^==[0-9]+== ?ERROR|runtime error' "$log" || tail -n 5 "$log"
  input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  echo "all of its output: $log"
  [[ -z $input ]] || printf 'to run it again: %s/azf_fuzz_%s %s\n' "$binaries" "$target" "$input"
done
exit 1
