#!/usr/bin/env bash
# previous.sh DIR: put the nightly run before this one into DIR. Without one, there is no DIR, and that is no failure.
set -euo pipefail
list=(gh run list --workflow verify.yml --branch "$BRANCH" --status completed --limit 10)
for id in $("${list[@]}" --json databaseId,event --jq '.[] | select(.event != "pull_request") | .databaseId'); do
  if [ "$id" = "${GITHUB_RUN_ID:-}" ]; then continue; fi
  if gh run download "$id" --name trueweight-run --dir "$1"; then exit 0; fi
  rm -rf "$1"
done
echo "No earlier run has its record any more: nothing to compare with."
