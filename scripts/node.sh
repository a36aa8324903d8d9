#!/usr/bin/env bash
# Installs npm packages into a folder, and finds a Node.js that can run them.
set -euo pipefail

readonly minimum_node=20
# What is fetched by npm where the machine's own is older.
readonly node_version=22.23.3

usage() {
  cat <<'TEXT'
Usage: scripts/node.sh SOURCES FOLDER

Installs what SOURCES/package-lock.json says into FOLDER, unless that is what is there, and prints the path of a Node.js
that is new enough: the machine's own, else one from npm. Installs Node.js and npm first where that is permitted.
TEXT
}

[[ ${1:-} != -h && ${1:-} != --help ]] || { usage && exit 0; }
[[ $# -eq 2 ]] || { usage >&2 && exit 2; }
cd "$(dirname "${BASH_SOURCE[0]}")/.."
sources=$1
folder=$2

note() { printf 'node: %s\n' "$*" >&2; }
quiet=(--no-audit --no-fund --ignore-scripts --loglevel=error)

install_modules() {
  local stamp
  mkdir -p "$folder"
  cp "$sources"/{package.json,package-lock.json,.npmrc} "$folder/"
  stamp=$(cat "$sources/package.json" "$sources/package-lock.json" | sha256sum)
  [[ -f $folder/installed && $(<"$folder/installed") == "$stamp" ]] && return
  note "installing the packages of $sources"
  (cd "$folder" && npm ci "${quiet[@]}" >&2)
  printf '%s' "$stamp" >"$folder/installed"
}

find_node() {
  local architecture
  if (($(node --print 'process.versions.node.split(".")[0]') >= minimum_node)); then
    command -v node
    return
  fi
  case $(uname -m) in
    x86_64) architecture=x64 ;;
    aarch64) architecture=arm64 ;;
    *) note "node $(node --version) is older than $minimum_node, and npm has none for this machine" && return 1 ;;
  esac
  local own=$folder/node
  if [[ ! -x $own/node_modules/node-linux-$architecture/bin/node ]]; then
    note "node $(node --version) is older than $minimum_node: installing $node_version"
    mkdir -p "$own"
    (cd "$own" && printf '{"private":true}' >package.json &&
      npm install "${quiet[@]}" --save-exact "node-linux-$architecture@$node_version" >&2)
  fi
  printf '%s\n' "$own/node_modules/node-linux-$architecture/bin/node"
}

scripts/setup.sh --node >&2
install_modules
find_node
