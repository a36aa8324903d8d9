#!/usr/bin/env bash
# Builds and runs all tests: unit tests, and end-to-end tests of the release app under the emulated Functions host.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/test.sh [--preset PRESET] [CTEST OPTION...]
       scripts/test.sh --vectors DIR [OPTION...]

Builds and runs all tests; ends with ctest's summary. The end-to-end tests run against the release build, the program
that is deployed.

  --preset PRESET  build and test this preset alone, end to end too: asan-ubsan, tsan, debug
  CTEST OPTION     handed to ctest, such as: -R identity, --rerun-failed, -V
  --vectors DIR    only play the recorded scenarios (*.json) of that folder, in the form that
                   tests/vectors/identity/README.md describes; ends with: N passed, N failed
  OPTION           handed to azf_vector_tests, such as: --only ID, -v, --help

TEXT
}

preset=""
vectors=""
case ${1:-} in
  -h | --help) usage && exit 0 ;;
  --preset)
    [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
    preset=$2
    shift 2
    ;;
  --vectors)
    [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
    vectors=$(realpath -m -- "$2")
    shift 2
    ;;
esac
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh --test
if [[ -n $vectors ]]; then
  scripts/build.sh debug azf_vector_tests
  exec build/debug/tests/vector_runner/azf_vector_tests "$@" "$vectors"
fi
scripts/build.sh "${preset:-debug}"
if [[ -z $preset ]]; then
  scripts/build.sh release handler
  export AZF_APP_DIR=$PWD/build/release/app
fi
# Two at a time: many of them wait more than they compute.
exec ctest --preset "${preset:-debug}" --parallel "$(nproc)" "$@"
