#!/usr/bin/env bash
# site.sh SITE: the site of the reports in this checkout, if any, and of those in the branch with the history, if any.
# Its index links docs/, which the workflow builds after it.
set -euo pipefail
mkdir -p all
if [ -d reports ]; then cp -R reports/. all/; fi
if git fetch --quiet --depth 1 origin trueweight-reports; then git archive FETCH_HEAD | tar -x -C all; fi
trueweight site all -o "$1" --keep "${KEEP:-30}" --docs docs/
