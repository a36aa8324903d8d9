#!/usr/bin/env bash
# Proves that the release binary needs nothing of the machine it runs on: in a root file system that holds the binary
# and a CA bundle and nothing else, it serves HTTP, resolves host names, and speaks HTTPS and plain HTTP.
#
#   tests/e2e/static_root/run.sh HANDLER PEERS
#
# HANDLER is the release build of the handler, PEERS the program azf_static_root_peers. Ends with 1 at the first check
# that does not hold, and with 77 where the kernel forbids this user the namespaces that the proof takes.
set -euo pipefail

readonly size_limit=$((8 * 1024 * 1024))
readonly exit_skipped=77
readonly zone=azf.test
readonly tenant=11111111-2222-3333-4444-555555555555
readonly token=token-of-the-test-authority
readonly namespaces=(--net --mount --pid --fork --kill-child)

PATH=$PATH:/usr/sbin:/sbin # chroot is there, and not every user looks there
export LC_ALL=C

ok() { printf 'ok %s\n' "$*"; }
die() {
  printf 'static_root: %s\n' "$*" >&2
  exit 1
}

# --- outside: the file -------------------------------------------------------------------------------------------

check_file() {
  local handler=$1 description size
  description=$(file --brief "$handler")
  [[ $description == *'statically linked'* ]] || die "file says: $description"
  ok 'file says statically linked'
  if readelf --program-headers --wide "$handler" | grep -qw INTERP; then die 'it has a program interpreter'; fi
  ok 'readelf shows no INTERP'
  size=$(stat --format %s "$handler")
  ((size <= size_limit)) || die "stripped it has $size bytes, more than $size_limit"
  ok "stripped it has $size bytes, at most $size_limit"
}

# Sets `enter` to the command that runs another in namespaces of its own.
find_namespaces() {
  enter=(unshare --user --map-root-user "${namespaces[@]}")
  if "${enter[@]}" chroot / true 2>/dev/null; then return; fi
  enter=(unshare "${namespaces[@]}")
  if ((EUID == 0)) && "${enter[@]}" chroot / true 2>/dev/null; then return; fi
  printf 'static_root: skipped: this kernel or container forbids user, network, mount or pid namespaces, or chroot\n' >&2
  exit "$exit_skipped"
}

# --- inside: the run ---------------------------------------------------------------------------------------------

# in_root NAME=VALUE... -- ARGUMENT...: becomes the handler in its root. For subshells.
in_root() {
  local variables=()
  while [[ $1 != -- ]]; do
    variables+=("$1")
    shift
  done
  shift
  exec env -i "${variables[@]}" "$(command -v chroot)" "$root" /handler "$@" 2>&1
}

# get_token CREDENTIAL NAME=VALUE...
get_token() {
  local credential=$1
  shift
  in_root SSL_CERT_FILE=/ca.pem "AZURE_AUTHORITY_HOST=https://login.$zone:$authority_port" "AZURE_TENANT_ID=$tenant" \
    AZURE_CLIENT_ID=client AZURE_CLIENT_SECRET=a-secret "$@" -- \
    token --credential "$credential" --scope https://vault.azure.net/.default --output token
}

# http_status PORT PATH
http_status() {
  local connection status
  exec {connection}<>"/dev/tcp/127.0.0.1/$1"
  printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nConnection: close\r\n\r\n' "$2" "$1" >&"$connection"
  read -r _ status _ <&"$connection"
  exec {connection}>&-
  printf '%s' "$status"
}

forget_events() { : >"$work/events"; }
happened() { grep -qxF -- "$1" "$work/events"; }
expect() { happened "$1" || die "expected '$1', but this happened: $(tr '\n' ';' <"$work/events")"; }

check_serving() {
  local output line port='' handler path status
  exec {output}< <(in_root -- serve --port 0)
  handler=$!
  while [[ -z $port ]] && read -r line <&"$output"; do
    if [[ $line =~ http://127\.0\.0\.1:([0-9]+) ]]; then port=${BASH_REMATCH[1]}; fi
  done
  [[ -n $port ]] || die "handler serve ended: $line"
  for path in / /api/health/live; do
    status=$(http_status "$port" "$path")
    [[ $status == 200 ]] || die "GET $path was answered $status"
    ok "GET $path is answered 200"
  done
  kill -TERM "$handler"
  wait "$handler" || die "after SIGTERM it ended with $?"
  exec {output}<&-
  ok 'ends with 0 after SIGTERM'
}

check_https() {
  local credential output
  cp "$work/ca.pem" "$root/ca.pem"
  for credential in ClientSecretCredential EnvironmentCredential; do
    forget_events
    output=$(get_token "$credential") || die "$credential: $output"
    [[ $output == "$token" ]] || die "$credential printed: $output"
    expect "dns login.$zone"
    expect "authority POST /$tenant/oauth2/v2.0/token HTTP/1.1"
    ok "$credential: HTTPS to login.$zone, resolved by our DNS server, trusted by /ca.pem"
  done
}

check_wrong_ca() {
  local output
  cp "$work/other-ca.pem" "$root/ca.pem"
  forget_events
  if output=$(get_token ClientSecretCredential); then die "with a wrong CA it printed: $output"; fi
  [[ $output == *'/ca.pem'* ]] || die "with a wrong CA it does not name the file: $output"
  if grep -q '^authority' "$work/events"; then die 'with a wrong CA it sent its request all the same'; fi
  ok 'a certificate of another CA is refused, the message names /ca.pem'
}

check_plain_http() {
  local output
  cp "$work/ca.pem" "$root/ca.pem"
  forget_events
  output=$(get_token ClientSecretCredential "HTTPS_PROXY=http://proxy.$zone:$proxy_port") || die "by proxy: $output"
  [[ $output == "$token" ]] || die "by proxy it printed: $output"
  expect "dns proxy.$zone"
  expect "proxy POST /$tenant/oauth2/v2.0/token HTTP/1.1"
  if happened "dns login.$zone"; then die 'it resolved the name that its proxy is to resolve'; fi
  ok "plain HTTP to proxy.$zone, resolved by our DNS server, HTTPS through it"
}

inside() {
  local output peers_output
  readonly work=$1 root=$1/root
  exec {peers_output}< <(exec "$2" "$zone" "$work")
  read -r authority_port proxy_port <&"$peers_output" || die 'the peers did not start'
  readonly authority_port proxy_port

  output=$(in_root -- --version) || die "--version: $output"
  [[ $output == handler\ * ]] || die "--version printed: $output"
  ok "--version prints: $output"
  check_serving
  check_https
  check_wrong_ca
  check_plain_http
}

main() {
  if [[ ${1:-} == --inside ]]; then
    inside "$2" "$3"
    return
  fi
  (($# == 2)) || die "usage: ${BASH_SOURCE[0]} HANDLER PEERS"
  local work enter
  work=$(mktemp --directory)
  # shellcheck disable=SC2064  # the name as it is now
  trap "rm -rf -- '$work'" EXIT
  mkdir "$work/root"
  strip -o "$work/root/handler" "$1"
  check_file "$work/root/handler"
  find_namespaces
  "${enter[@]}" bash "$(readlink -f "${BASH_SOURCE[0]}")" --inside "$work" "$(readlink -f "$2")"
}

main "$@"
