#!/usr/bin/env bash
# Runs the tests that bear a number of a conformance checklist, and shows what became of each number.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/checklist.sh [--preset PRESET] identity|services

Builds the tests of credentials (numbers I-1 to I-69), or of calls to Azure services (S-1 to S-20), and of what stands
below them, runs those whose names begin with numbers of the list (`I-7: ...`, or `I-7, I-8: ...`) and prints a table:
number, result, seconds, names of the tests. Ends with: N of 69 passed. Exit code 1 if a number has no test, or one that
failed.

  --preset PRESET  which build to run: debug (default), release, asan-ubsan, tsan
  --help           this text
TEXT
}

preset=debug
list=""
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --preset)
      [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
      preset=$2
      shift 2
      ;;
    identity | services) list=$1 && shift ;;
    *) printf 'checklist: unknown argument %s\n\n' "$1" >&2 && usage >&2 && exit 2 ;;
  esac
done
case $list in
  identity) letter=I items=69 layers=(core http identity vector_runner) ;;
  services) letter=S items=20 layers=(http azure functions) ;;
  *) usage >&2 && exit 2 ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."

programs=("${layers[@]/#/azf_}")
scripts/setup.sh --test
scripts/build.sh "$preset" "${programs[@]/%/_tests}"

reports=build/$preset/checklist/$list
rm -rf "$reports" && mkdir -p "$reports"
broken=()
for layer in "${layers[@]}"; do
  code=0
  "build/$preset/tests/$layer/azf_${layer}_tests" --test-case="$letter-*" --reporters=junit --out="$reports/$layer" || code=$?
  # 1 is a test that failed, which the report says. Anything else, and no end of the report, is a program that broke.
  if ((code > 1)) || ! grep -q '</testsuites>' "$reports/$layer"; then broken+=("azf_${layer}_tests ($code)"); fi
done

table() {
  awk -v items="$items" -v letter="$letter" '
    function attribute(line, name,    text) {
      text = line
      if (!sub(".* " name "=\"", "", text)) return ""
      sub("\".*", "", text)
      gsub("&lt;", "<", text); gsub("&gt;", ">", text); gsub("&quot;", "\"", text); gsub("&apos;", "\047", text)
      gsub("&amp;", "\\&", text)
      return text
    }
    /<testcase / {
      name = attribute($0, "name")
      colon = index(name, ": ")
      count = split(substr(name, 1, colon - 1), current, ", ")
      for (i = 1; i <= count; ++i) {
        number = current[i]
        if (number !~ "^" letter "-[0-9]+$" || substr(number, 3) + 0 < 1 || substr(number, 3) + 0 > items) unknown[++unknowns] = name
        names[number] = names[number] (tests[number]++ ? "\n" : "") substr(name, colon + 2)
        seconds[number] += attribute($0, "time")
      }
    }
    /<failure|<error/ { for (i = 1; i <= count; ++i) failed[current[i]] = 1 }
    END {
      for (n = 1; n <= items; ++n) {
        number = letter "-" n
        result = !(number in tests) ? "missing" : number in failed ? "failed" : "passed"
        passed += result == "passed"
        lines = split(names[number], line, "\n")
        printf "%-5s %-8s %8.3f  %s\n", number, result, seconds[number], lines ? line[1] : "-"
        for (i = 2; i <= lines; ++i) printf "%25s%s\n", "", line[i]
      }
      for (i = 1; i <= unknowns; ++i) printf "no such number: %s\n", unknown[i]
      printf "%d of %d passed\n", passed, items
      exit !(passed == items && unknowns == 0)
    }' "$@"
}

result=0
table "${layers[@]/#/$reports/}" || result=1
if ((${#broken[@]} > 0)); then
  printf 'did not run to its end: %s\n' "${broken[@]}" >&2
  result=1
fi
exit "$result"
