#!/usr/bin/env bash
# Asks every function of a running app once, on this machine or in Azure, and says what works, what does not, and what
# to do about it. Needs bash and curl only.
set -euo pipefail

readonly all_checks=(greet health chat-ui token-status chat execute session-files agent secret files users)

usage() {
  cat <<TEXT
Usage: scripts/smoke.sh BASE_URL [--key KEY] [--only NAME]... [--timeout SECONDS] [--json]

Asks every function of the app at BASE_URL, such as http://localhost:7071 or https://APP.azurewebsites.net, and prints
a table. A function whose settings are missing is skipped, with the name of the setting. What is written, a file and a
session of code, is removed again or ends by itself.

  --key KEY          function or host key; "-" reads it from standard input. Also: AZF_SMOKE_KEY in the environment,
                     which no list of processes shows
  --only NAME        only this function; may be repeated: ${all_checks[*]}
  --prefix PREFIX    the app's route prefix (default: api)
  --timeout SECONDS  for each request (default: 120)
  --json             print one JSON object instead of the table
  --help             this text

Exit code: 0 nothing failed, 1 something failed, 2 wrong usage.
TEXT
}

fail_usage() {
  printf 'smoke: %s\n' "$*" >&2
  exit 2
}

base=""
key=${AZF_SMOKE_KEY:-}
only=()
prefix=api
timeout_s=120
format=table
while (($# > 0)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --key | --only | --prefix | --timeout)
      (($# >= 2)) || fail_usage "$1 needs a value; see --help"
      case $1 in
        --key) key=$2 ;;
        --only) only+=("$2") ;;
        --prefix) prefix=$2 ;;
        --timeout) timeout_s=$2 ;;
      esac
      shift
      ;;
    --json) format=json ;;
    -*) fail_usage "unknown option $1; see --help" ;;
    *)
      [[ -z $base ]] || fail_usage "one BASE_URL at most; see --help"
      base=$1
      ;;
  esac
  shift
done
[[ $base =~ ^https?://[^/[:space:]]+/?$ ]] || fail_usage "BASE_URL must be like https://APP.azurewebsites.net, got \"$base\""
[[ $timeout_s =~ ^[1-9][0-9]*$ ]] || fail_usage "--timeout must be a number of seconds, got \"$timeout_s\""
for name in "${only[@]}"; do
  [[ " ${all_checks[*]} " == *" $name "* ]] || fail_usage "--only knows: ${all_checks[*]}; got \"$name\""
done
[[ $key != - ]] || IFS= read -r key || true
[[ $key != *[[:cntrl:]]* ]] || fail_usage "the key has a control character"
command -v curl >/dev/null || fail_usage "curl is not installed"
base=${base%/}
root=$base/${prefix:+$prefix/}

# --- one request -------------------------------------------------------------------------------------------------

folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT

quoted() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# ask METHOD PATH [CURL OPTION...]: sets `status` (000 without an answer), `content_type`, `took_ms`, `body`, `curl_error`.
# The key goes to curl by a pipe: arguments can be read by everybody on this machine.
ask() {
  local method=$1 path=$2 line
  shift 2
  : | tee "$folder/body" >"$folder/head"
  line=$({
    printf 'url = %s\n' "$(quoted "$root$path")"
    [[ -z $key ]] || printf 'header = %s\n' "$(quoted "x-functions-key: $key")"
  } | curl --config - --request "$method" --silent --show-error --max-time "$timeout_s" --output "$folder/body" \
    --dump-header "$folder/head" --write-out '%{http_code} %{time_total} %{content_type}' "$@" 2>"$folder/error") || true
  read -r status took_ms content_type <<<"$line" || true
  took_ms=$(awk -v seconds="${took_ms:-0}" 'BEGIN { printf "%d", seconds * 1000 }')
  status=${status:-000}
  body=$(tr -d '\0' <"$folder/body")
  curl_error=$(head -n 1 "$folder/error")
  curl_error=${curl_error#curl: }
  [[ -z $curl_error ]] || status=000
}

post_json() {
  local path=$1 json=$2
  shift 2
  ask POST "$path" --header 'content-type: application/json' --data-binary "$json" "$@"
}

# member NAME: the first string of that name in `body`, without its escapes.
member() {
  local pattern="\"$1\"[[:space:]]*:[[:space:]]*\"(([^\"\\\\]|\\\\.)*)\"" text
  [[ $body =~ $pattern ]] || return 0
  text=${BASH_REMATCH[1]}
  text=${text//\\n/ }
  text=${text//\\\"/\"}
  printf '%s' "${text//\\\\/\\}"
}

# --- results -----------------------------------------------------------------------------------------------------

passed=0 failed=0 skipped=0
rows=()
next_steps=()           # in the order in which they came up
declare -A wanted_by=() # by next step: the names of the checks that it is for
declare -A colors=([passed]='' [failed]='' [skipped]='' [end]='')
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
  colors=([passed]=$'\e[32m' [failed]=$'\e[31m' [skipped]=$'\e[33m' [end]=$'\e[0m')
fi

json_text() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

# report NAME RESULT REASON [NEXT_STEP]
report() {
  local name=$1 result=$2 reason=$3 next=${4:-}
  case $result in
    passed) passed=$((passed + 1)) ;;
    failed) failed=$((failed + 1)) ;;
    skipped) skipped=$((skipped + 1)) ;;
  esac
  if [[ $format == json ]]; then
    rows+=("{\"name\":$(json_text "$name"),\"result\":\"$result\",\"status\":$((10#$status)),\"duration_ms\":$took_ms,\"reason\":$(json_text "$reason"),\"next_step\":$(json_text "$next")}")
    return
  fi
  # What a service says may have characters that move the cursor.
  reason=${reason//[[:cntrl:]]/ }
  printf '%-15s %s%-8s%s %6s %8s ms  %s\n' "$name" "${colors[$result]}" "$result" "${colors[end]}" "$status" "$took_ms" "$reason"
  [[ -n $next ]] || return 0
  [[ -n ${wanted_by[$next]:-} ]] || next_steps+=("$next")
  wanted_by[$next]+="${wanted_by[$next]:+, }$name"
}

# What to do about the answer that `ask` got, where the app has not said it.
next_step() {
  case $status in
    000)
      case $base in
        *localhost* | *127.0.0.1*) echo "start the app: scripts/run.sh" ;;
        *) echo "look at the address, and whether the app is started: az functionapp show --name APP --resource-group GROUP --query state" ;;
      esac
      ;;
    401)
      if [[ -n $key ]]; then
        echo "the key is not one of this app: az functionapp keys list --name APP --resource-group GROUP"
      else
        echo "this function wants a key: --key KEY; az functionapp keys list --name APP --resource-group GROUP"
      fi
      ;;
    404) echo "the function is not deployed there: scripts/build.sh release, then deploy build/release/app; or --prefix" ;;
    429) echo "too many requests: ask again later" ;;
    502 | 503 | 504) echo "look at the app's log; if nothing answers at all, the handler did not start" ;;
  esac
}

# Whether `body` is a problem document, so that the function itself has answered.
is_problem() { [[ $content_type == application/problem+json* ]]; }

# fail NAME [REASON]: reports a failure, or a skip if the app says that a setting is missing.
fail() {
  local name=$1 reason=${2:-} detail code
  detail=$(member detail)
  code=$(member code)
  if is_problem && [[ $code == not_configured && $detail == *"is not set"* ]]; then
    report "$name" skipped "${detail%%:*}"
  elif is_problem; then
    report "$name" failed "${code:+$code: }${detail:-$(member title)}"
  elif [[ $status == 000 ]]; then
    report "$name" failed "${curl_error:-no answer}" "$(next_step)"
  else
    report "$name" failed "${reason:-unexpected answer}" "$(next_step)"
  fi
}

# expect NAME STATUS [TEXT...]: reports whether the answer has that status and all texts. Fails if not.
expect() {
  local name=$1 wanted=$2 text
  shift 2
  if [[ $status != "$wanted" ]]; then
    fail "$name" "status $status instead of $wanted"
    return 1
  fi
  for text in "$@"; do
    if [[ $body != *"$text"* ]]; then
      fail "$name" "the answer does not have: $text"
      return 1
    fi
  done
  local remark=""
  ! grep -qi '^x-azf-demo:' "$folder/head" || remark="demo: a stand-in answered"
  report "$name" passed "$remark"
}

# --- checks ------------------------------------------------------------------------------------------------------

check_greet() {
  ask GET greet/smoke
  expect greet 200 'Hello, smoke!'
}

check_health() {
  ask GET health/live
  expect 'health live' 200 '"live":true'
  ask GET health/ready
  if [[ $status == 503 && $body == *'"ready":false'* ]]; then
    report 'health ready' failed "not ready: $(member reason)" "handler doctor in the app, or /api/token-status, says why"
    return
  fi
  expect 'health ready' 200 '"ready":true'
}

check_chat_ui() {
  ask GET chat-ui
  expect chat-ui 200 '<title>Agent</title>'
}

check_token_status() {
  ask GET token-status
  expect token-status 200 '"credential"'
}

readonly chat_question='{"messages":[{"role":"user","content":"Say hello in one word."}]'
check_chat() {
  post_json chat "$chat_question}"
  expect chat 200 '"content"'
  post_json chat "$chat_question,\"stream\":true}"
  expect 'chat stream' 200 'event: done'
}

check_execute() {
  post_json execute '{"code":"print(6 * 7)"}'
  expect execute 200 '"status":"succeeded"' '42'
}

check_session_files() {
  local path
  post_json execute '{"code":"print(1)"}'
  if [[ $status != 200 ]]; then
    fail 'session-files' "no session: execute answered with status $status"
    return
  fi
  path=sessions/$(member session)/files
  printf 'smoke' >"$folder/smoke.txt"
  ask POST "$path" --form "file=@$folder/smoke.txt"
  expect 'session put' 201 || return
  ask GET "$path"
  expect 'session list' 200 'smoke.txt'
  ask GET "$path/smoke.txt"
  expect 'session get' 200 'smoke'
  ask DELETE "$path/smoke.txt"
  expect 'session delete' 204
}

readonly agent_question='{"question":"What is 6 * 7? Compute it by running code."'
check_agent() {
  post_json agent "$agent_question}"
  expect agent 200 '"answer"' '"code"' '42'
  post_json agent "$agent_question,\"stream\":true}"
  expect 'agent stream' 200 'event: code' 'event: output' 'event: done'
}

check_secret() {
  ask GET secrets
  expect secret 200 '"names"'
}

check_files() {
  # Another name each time, so that two runs do not meet.
  local path="files/smoke-test-$$-$RANDOM.txt"
  ask PUT "$path" --header 'content-type: text/plain' --data-binary 'smoke'
  expect 'files put' 201 || return
  ask GET "$path"
  expect 'files get' 200 'smoke'
  ask GET 'files/'
  expect 'files list' 200 "${path#files/}"
  ask DELETE "$path"
  expect 'files delete' 204
}

check_users() {
  ask GET 'users?top=1'
  expect users 200 '"users"'
}

((${#only[@]} > 0)) || only=("${all_checks[@]}")
[[ $format == json ]] || printf '%-15s %-8s %6s %11s  %s\n' function result status time reason
for name in "${only[@]}"; do
  "check_${name//-/_}" || true
done

if [[ $format == json ]]; then
  joined=$(IFS=, && printf '%s' "${rows[*]}")
  printf '{"base_url":%s,"passed":%d,"failed":%d,"skipped":%d,"checks":[%s]}\n' \
    "$(json_text "$base")" "$passed" "$failed" "$skipped" "$joined"
else
  ((${#next_steps[@]} == 0)) || printf '\nWhat to do:\n'
  for step in "${next_steps[@]}"; do
    printf '  %s:\n      %s\n' "${wanted_by[$step]}" "$step"
  done
  printf '\n%d passed, %d failed, %d skipped: %s\n' "$passed" "$failed" "$skipped" "$base"
fi
((failed == 0))
