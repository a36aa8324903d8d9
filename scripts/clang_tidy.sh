#!/usr/bin/env bash
# Runs clang-tidy on one source, unless it has passed before with the same bytes: CMake calls this in its place (preset
# clang-checks). clang-tidy takes 10 s for a source and no compiler cache knows it; what it says depends only on the
# preprocessed source with its comments, the configuration, the arguments and the program.
#
#   scripts/clang_tidy.sh [OPTION...] SOURCE -- COMPILER ARGUMENT...
#
# What passed is remembered as empty files in azf-clang-tidy of the user's cache folder; AZF_TIDY_CACHE=off forgets.
set -euo pipefail

readonly cache=${XDG_CACHE_HOME:-$HOME/.cache}/azf-clang-tidy
root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")

options=()
while (($# > 0)) && [[ $1 != -- ]]; do
  options+=("$1")
  shift
done
if [[ ${AZF_TIDY_CACHE:-} == off || $# -lt 2 ]]; then
  exec clang-tidy "${options[@]}" "$@"
fi

# The compiler's arguments, the source among them, without those that name or ask for output.
preprocess=()
for ((i = 3; i <= $#; ++i)); do
  case ${!i} in
    -o | -MF | -MT | -MQ) ((++i)) ;;
    -c | -MD | -MMD) ;;
    *) preprocess+=("${!i}") ;;
  esac
done
# Another clone has the same files in another folder.
mark=$cache/$(
  {
    clang-tidy --version
    cat "$root/.clang-tidy"
    printf '%s\n' "${options[@]}" "${preprocess[@]}"
    "$2" "${preprocess[@]}" -E -C
  } | sed "s|$root||g" | sha256sum | cut -c 1-40
)
if [[ -e $mark ]]; then
  touch "$mark"
  exit 0
fi
clang-tidy "${options[@]}" "$@"
mkdir -p "$cache"
: >"$mark"
# What no source has asked for in a long time.
find "$cache" -type f -mtime +30 -delete
