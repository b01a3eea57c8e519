#!/usr/bin/env bash
# gate.sh RUN PUBLISHED: step summary, the public part of the run, and the exit code as an output.
# BAR: whether there is one. MERGED: exit code of merging, which stands where there is no bar.
set -euo pipefail
trueweight report "$1" --format markdown -o report.md >/dev/null
head -c 900000 report.md >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
trueweight site "$2" --add "$1"
code=${MERGED:-0}
if [ -n "${BAR:-}" ]; then
  code=0
  trueweight gate "$1" || code=$?
fi
echo "exit-code=$code" >>"${GITHUB_OUTPUT:-/dev/null}"
if [ "$code" = 2 ]; then exit 2; fi
