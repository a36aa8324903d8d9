#!/usr/bin/env bash
# Builds what tests/bench measures, as release.
#
#   tests/bench/build.sh              everything, the peers in Rust and Go included
#   tests/bench/build.sh TARGET...    only these targets of CMake
#
# Compilers of other languages are not installed: scripts/setup.sh --bench does that.
set -euo pipefail

root=$(readlink -f "${BASH_SOURCE[0]%/*}/../..")
readonly root build="$root/build/release" peers="$root/tests/bench/peers"
readonly programs="$build/tests/bench"

build_with_cmake() { "$root/scripts/build.sh" release -DAZF_BENCH=ON "$@"; }

build_rust() (
  cd "$peers/hyper"
  cargo build --release --offline --target-dir "$programs/hyper"
)

build_go() (
  cd "$peers/go"
  GOCACHE=$build/go-cache go build -trimpath -o "$programs/go_server" .
)

main() {
  if (($# > 0)); then
    build_with_cmake "$@"
    return
  fi
  build_with_cmake handler azf_bench_handler azf_minimal_server azf_epoll_server azf_httplib_server \
    azf_start_benchmark azf_token_cache_benchmark azf_request_cases
  build_rust
  build_go
}

main "$@" >&2
