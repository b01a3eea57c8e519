#!/usr/bin/env bash
# One run of trueweight for the action: inputs come as TW_* variables, keys as the variables that providers.toml names.
# Ends with 0 whatever the verdict, which goes to the outputs: later steps still have a report to publish.
set -euo pipefail

if [ "${TW_EVENT:-}" = pull_request_target ]; then
  echo "::error::trueweight does not run on pull_request_target: it would hand your keys to a stranger's providers.toml. Use pull_request."
  exit 2
fi

python=$(command -v python3 || command -v python)
work=$(mktemp -d)
fleet_pid=
finish() {
  if [ -n "$fleet_pid" ]; then kill "$fleet_pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

start_fleet() {
  # The same ports on every machine, so that shards ask providers of the same address and can be merged.
  trueweight fleet serve --port "${TW_FLEET_PORT:-18181}" >"$work/fleet.toml" &
  fleet_pid=$!
  for _ in $(seq 600); do
    if grep -q '^# ready' "$work/fleet.toml"; then return; fi
    if ! kill -0 "$fleet_pid" 2>/dev/null; then break; fi
    sleep 0.1
  done
  echo "::error::the simulated providers did not start"
  exit 3
}

note() { printf '> %s\n\n' "$1" >>"$GITHUB_STEP_SUMMARY"; }

providers=$TW_PROVIDERS
bar=$TW_BAR
if [ "${TW_EVENT:-}" = pull_request ] && [ "${TW_HEAD:-}" != "${TW_HERE:-}" ]; then
  providers=fleet
  bar=
  note "This pull request comes from a fork, which has no keys: simulated providers were asked, and nobody was judged."
fi
if [ "$providers" = fleet ]; then
  start_fleet
  providers=$work/fleet.toml
fi

if [ "$TW_ONLY_PROBE" = true ]; then
  code=0
  mkdir -p "$TW_OUT"
  # A switch of thinking has to be found once, too.
  if [[ " $TW_ARGUMENTS " == *" --thinking "* ]]; then switches=(--switches); else switches=(); fi
  trueweight ping --providers "$providers" --json "${switches[@]+"${switches[@]}"}" >"$TW_OUT/probe.json" || code=$?
  if [ "$code" = 3 ]; then code=0; fi # a provider that does not answer is for the shards to report
  printf 'run=%s\nexit-code=%s\n' "$TW_OUT" "$code" >>"$GITHUB_OUTPUT"
  exit 0
fi

read -r -d '' -a suites <<<"$TW_SUITES" || true
read -r -d '' -a more <<<"$TW_ARGUMENTS" || true
arguments=(run --providers "$providers" --out "$TW_OUT")
for suite in "${suites[@]}"; do arguments+=(--suite "$suite"); done
if [ -n "$bar" ]; then arguments+=(--bar "$bar"); fi
if [ -n "$TW_BUDGET" ]; then arguments+=(--budget "$TW_BUDGET"); fi
if [ -n "$TW_SHARD" ]; then arguments+=(--shard "$TW_SHARD"); fi
if [ -n "$TW_PROBE" ]; then arguments+=(--probe-from "$TW_PROBE"); fi
if [ "${#more[@]}" -gt 0 ]; then arguments+=("${more[@]}"); fi

# Whatever a model says in the log, the runner takes no orders from it.
token=$("$python" -c 'import secrets; print(secrets.token_hex(16))')
echo "::stop-commands::$token"
code=0
trueweight "${arguments[@]}" || code=$?
verdicts='{}'
counts='{"fail": 0, "inconclusive": 0, "pass": 0}'
report=
public=
if [ -f "$TW_OUT/summary.json" ]; then
  report=$TW_OUT/report.html
  trueweight report "$TW_OUT" --format markdown -o "$work/report.md" >/dev/null
  head -c 1000000 "$work/report.md" >>"$GITHUB_STEP_SUMMARY" # the runner refuses more than a mebibyte
  public=$TW_OUT-public/report
  trueweight site "$TW_OUT-public" --add "$TW_OUT" --name report
  if [ -n "$bar" ] && [ -z "$TW_SHARD" ]; then
    trueweight gate "$TW_OUT" --json >"$work/gate.json" || true
    # JSON in ASCII on one line: a provider's name cannot begin another output.
    verdicts=$("$python" -c 'import json,sys; print(json.dumps({n: v["outcome"] for n, v in json.load(open(sys.argv[1]))["providers"].items()}))' "$work/gate.json")
    counts=$("$python" -c 'import json,sys; print(json.dumps(json.load(open(sys.argv[1]))["counts"], sort_keys=True))' "$work/gate.json")
  fi
else
  note "trueweight ended with exit code $code before there was anything to report; the log says why."
fi
echo "::$token::"

{
  echo "verdicts=$verdicts"
  echo "counts=$counts"
  echo "report=$report"
  echo "public=$public"
  echo "run=$TW_OUT"
  echo "exit-code=$code"
} >>"$GITHUB_OUTPUT"
