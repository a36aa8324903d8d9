#!/usr/bin/env bash
# Runs the files function and the queue client against Azurite, the storage emulator of Microsoft, beside the official
# clients for JavaScript. tests/azurite/README.md says what is checked.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: scripts/azurite.sh [--preset debug|release]

Builds the app, the emulator and the queue test, installs Azurite and the official clients into build/azurite, and runs
all of them on loopback, with tokens of the emulated managed identity. Exit code 1 if a check fails.

  --preset PRESET  which build to run (default: debug)
  --help           this text
TEXT
}

preset=debug
while [[ $# -gt 0 ]]; do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --preset)
      [[ $# -ge 2 ]] || { usage >&2 && exit 2; }
      preset=$2
      shift 2
      ;;
    *) printf 'azurite: unknown option %s\n\n' "$1" >&2 && usage >&2 && exit 2 ;;
  esac
done
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/setup.sh --test
modules=$PWD/build/azurite
node=$(scripts/node.sh tests/azurite "$modules")
scripts/build.sh "$preset" handler azf_emulator azf_azurite_queue_test

# Azurite takes tokens over HTTPS alone. Made anew each time, and trusted by nobody else.
certificate=$(mktemp -d)
trap 'rm -rf "$certificate"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=azurite \
  -addext subjectAltName=IP:127.0.0.1 -keyout "$certificate/key.pem" -out "$certificate/certificate.pem" 2>/dev/null

NODE_EXTRA_CA_CERTS=$certificate/certificate.pem "$node" --test-reporter=spec tests/azurite/run.mjs \
  --emulator "build/$preset/tests/emulator/emulator" --app "build/$preset/app" \
  --queue-test "build/$preset/tests/azurite/azf_azurite_queue_test" --modules "$modules" \
  --certificate "$certificate/certificate.pem" --key "$certificate/key.pem"
