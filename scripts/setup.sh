#!/usr/bin/env bash
# Makes sure the packages needed to build are installed. Asks only dpkg when nothing is missing, so other scripts may
# call it every time.
set -euo pipefail

readonly minimum_cmake=3.25

# shellcheck disable=SC2054  # one array, written by purpose
readonly build_packages=(
  # toolchain
  g++ cmake ninja-build make perl pkg-config file
  # scripts/deps.sh: source packages, and the key that verifies them
  dpkg-dev ca-certificates debian-archive-keyring
  # libraries that can be linked statically as Debian packages them
  libc-ares-dev libnghttp2-dev zlib1g-dev nlohmann-json3-dev libcli11-dev
  # header only; CMake asks for it unless the tests are switched off
  doctest-dev
)
# The tests make throw-away certificates and PFX files.
readonly test_packages=(openssl)
# The emulated session pool runs it. Asked for by command, as any python3 will do.
readonly emulator_packages=(python3)
# The official libraries that scripts/differential.sh and scripts/azurite.sh compare with. Asked for by command: who has node from
# elsewhere has npm in the same package.
readonly node_packages=(nodejs npm)
# libclang-rt-dev is the runtime of the sanitizers and of the fuzzer; llvm has the symbolizer that makes their reports
# readable. ccache saves CI from compiling what has not changed.
readonly check_packages=(ccache clang clang-format clang-tidy libclang-rt-dev llvm valgrind)
# What scripts/load_test.sh drives the handler with.
readonly load_packages=(wrk)
# What tests/bench measures with, and the ecosystems that it compares with. Compilers and node are asked for by command.
readonly bench_packages=(
  slowhttptest valgrind
  librust-hyper-dev librust-serde-derive-dev librust-serde-dev librust-serde-json-dev librust-tokio-dev
)

usage() {
  cat <<'TEXT'
Usage: scripts/setup.sh [--test] [--checks] [--load] [--node] [--bench]

Installs the Debian packages that are missing. Without root or passwordless sudo it prints the command to run instead.

  --test      also what the tests need
  --emulator  also what the emulated services need: python3
  --checks    also what .ci/run needs: clang and its tools, valgrind
  --load      also what scripts/load_test.sh needs: wrk
  --node      also what scripts/differential.sh, scripts/azurite.sh and scripts/service_clients.sh need: Node.js with npm
  --bench     also what tests/bench/run.sh needs: wrk, slowhttptest, valgrind, Node.js, Go, Rust with hyper
  --help      this text
TEXT
}

note() { printf '%s\n' "$*" >&2; }

missing_packages() {
  local package
  declare -A installed=()
  while read -r package; do
    installed[$package]=yes
  done < <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p')
  for package in "$@"; do
    [[ -n ${installed[$package]:-} ]] || printf '%s\n' "$package"
  done
}

install_with_apt() {
  local missing=("$@") as_root=() log
  local install=(apt-get install --yes --no-install-recommends "${missing[@]}")

  note "setup: missing: ${missing[*]}"
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
      note "setup: installing them needs root. Run this, then try again:"
      note "    sudo apt-get update && sudo ${install[*]}"
      return 1
    fi
    as_root=(sudo -n)
  fi

  log=$(mktemp)
  # A third-party source that cannot be reached must not stop us: what counts is whether the packages can be had.
  note "setup: [1/2] updating the package lists"
  "${as_root[@]}" apt-get update >"$log" 2>&1 </dev/null ||
    note "setup: apt-get update reported: $(grep -m 1 '^E:' "$log" || echo 'an error')"
  note "setup: [2/2] installing ${#missing[@]} packages"
  if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive "${install[@]}" >>"$log" 2>&1 </dev/null; then
    note "setup: apt-get install failed; its last lines (all of it: $log):"
    tail -n 20 "$log" | sed 's/^/    /' >&2
    return 1
  fi
  rm -f -- "$log"

  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} == 0)) || {
    note "setup: still missing: ${missing[*]}"
    return 1
  }
  note "setup: done"
}

has_header() { printf '#include <%s>\n' "$1" | g++ -std=c++20 -E -x c++ - >/dev/null 2>&1; }

# Elsewhere than on Debian we cannot install; we can say what is needed, and look whether it is there.
check_tools() {
  local missing=() tool header version
  note "setup: no apt-get here. Needed: a C++20 compiler (g++ 12 or newer), CMake $minimum_cmake or newer, Ninja, make,"
  note "setup: perl, pkg-config, and the libraries c-ares, nghttp2, zlib (with static archives), nlohmann_json, CLI11,"
  note "setup: doctest. scripts/deps.sh needs apt: supply static OpenSSL, libcurl and cpp-httplib by another way, and"
  note "setup: name their place in CMAKE_PREFIX_PATH."
  for tool in g++ cmake ninja make perl pkg-config file "$@"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if command -v cmake >/dev/null; then
    version=$(cmake --version | sed -n '1s/^cmake version //p')
    [[ $(printf '%s\n' "$minimum_cmake" "$version" | sort -V | head -n 1) == "$minimum_cmake" ]] ||
      missing+=("cmake >= $minimum_cmake (found $version)")
  fi
  if command -v g++ >/dev/null; then
    for header in ares.h nghttp2/nghttp2.h zlib.h nlohmann/json.hpp CLI/CLI.hpp doctest/doctest.h; do
      has_header "$header" || missing+=("<$header>")
    done
  fi
  ((${#missing[@]} == 0)) && return
  note "setup: not found: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')"
  return 1
}

main() {
  local packages=("${build_packages[@]}") tools=() missing
  while (($# > 0)); do
    case $1 in
      --test)
        packages+=("${test_packages[@]}")
        tools+=(openssl python3)
        command -v python3 >/dev/null || packages+=("${emulator_packages[@]}")
        ;;
      --emulator)
        tools+=(python3)
        command -v python3 >/dev/null || packages+=("${emulator_packages[@]}")
        ;;
      --node)
        tools+=(node npm)
        { command -v node && command -v npm; } >/dev/null || packages+=("${node_packages[@]}")
        ;;
      --load)
        tools+=(wrk)
        packages+=("${load_packages[@]}")
        ;;
      --bench)
        tools+=(wrk slowhttptest valgrind node go cargo)
        packages+=("${load_packages[@]}" "${bench_packages[@]}")
        command -v node >/dev/null || packages+=(nodejs)
        command -v go >/dev/null || packages+=(golang-go)
        command -v cargo >/dev/null || packages+=(cargo rustc)
        ;;
      --checks)
        packages+=("${check_packages[@]}")
        tools+=(clang++ clang-format clang-tidy valgrind)
        ;;
      --help | -h)
        usage
        return
        ;;
      *)
        note "setup: unknown option $1; see --help"
        return 1
        ;;
    esac
    shift
  done

  if ! command -v apt-get >/dev/null; then
    check_tools "${tools[@]}"
    return
  fi
  mapfile -t missing < <(missing_packages "${packages[@]}")
  ((${#missing[@]} == 0)) || install_with_apt "${missing[@]}"
}

main "$@"
