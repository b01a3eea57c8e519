#!/usr/bin/env bash
# change.sh BEFORE RUN FILE: what changed, as markdown; `worse` is true if a metric got worse beyond chance.
set -euo pipefail
worse=false
if [ -f "$1/manifest.json" ]; then
  code=0
  trueweight compare "$1" "$2" --format markdown -o "$3" --fail-if-worse || code=$?
  if [ "$code" = 1 ]; then worse=true; fi
  if [ "$code" -gt 1 ]; then printf 'The run before this one cannot be compared with it: it asked other things.\n' >"$3"; fi
else
  printf 'There is no earlier run to compare with.\n' >"$3"
fi
echo "worse=$worse" >>"${GITHUB_OUTPUT:-/dev/null}"
cat "$3" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
