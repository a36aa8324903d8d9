#!/usr/bin/env bash
# Builds one CMake preset, after making sure that compiler and libraries are there. Quick when nothing has changed.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/build.sh PRESET [-DNAME=VALUE...] [TARGET...]

Installs missing packages where that is permitted, builds the third-party libraries once, configures the preset and
builds the targets (default: all). Progress goes to stderr.

  PRESET         debug, release, asan-ubsan, tsan, clang-checks or fuzz
  -DNAME=VALUE   an option for CMake, which this build folder keeps

Environment:
  AZF_DEPS_PREFIX  libraries from elsewhere (OpenSSL, libcurl, cpp-httplib); scripts/deps.sh is then not run
TEXT
}

case ${1:-} in
  -h | --help) usage && exit 0 ;;
  "" | -*) usage >&2 && exit 2 ;;
esac
preset=$1
shift
options=()
while [[ ${1:-} == -D* ]]; do
  options+=("$1")
  shift
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."

note() { printf 'build: %s\n' "$*" >&2; }

if [[ -z ${AZF_DEPS_PREFIX:-} ]]; then
  checks=()
  [[ $preset != clang-checks && $preset != fuzz ]] || checks=(--checks)
  scripts/setup.sh "${checks[@]}"
  AZF_DEPS_PREFIX=$(scripts/deps.sh)
  export AZF_DEPS_PREFIX
fi
# A compiler cache, where there is one, makes the second clone as quick as the second build.
if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER:-ccache}
  # Another clone compiles the same files in another folder, and shall find them.
  export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
fi

log=build/$preset-configure.log
cache=build/$preset/CMakeCache.txt
mkdir -p build
# CMake keeps what it has once found, even where newer libraries stand elsewhere now.
if [[ -f $cache ]] && ! grep -qF "OPENSSL_INCLUDE_DIR:PATH=$AZF_DEPS_PREFIX/" "$cache"; then
  options+=(--fresh)
fi
note "configuring $preset"
if ! cmake --preset "$preset" "${options[@]}" >"$log" 2>&1; then
  note "configuring failed; its last lines (all of it: $log):"
  tail -n 20 "$log" | sed 's/^/    /' >&2
  exit 1
fi
targets=()
[[ $# -eq 0 ]] || targets=(--target "$@")
note "building $preset${*:+: $*}"
cmake --build --preset "$preset" "${targets[@]}" >&2
