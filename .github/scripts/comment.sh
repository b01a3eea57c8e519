#!/usr/bin/env bash
# comment.sh FILE: say what changed, on the pull request, or in one issue if a nightly run got worse.
set -euo pipefail
if [ -L "$1" ] || [ ! -f "$1" ]; then
  echo "::error::$1 is not a regular file: a link could name any file of this machine"
  exit 2
fi
title="trueweight: a provider got worse"
{
  head -c 60000 "$1"
  printf '\n[All of it](%s)\n' "$RUN_URL"
} >body.md
if [ -n "${PULL_REQUEST:-}" ]; then
  gh pr comment "$PULL_REQUEST" --edit-last --create-if-none --body-file body.md
elif [ "${WORSE:-}" = true ]; then
  issue=$(gh issue list --state open --search "\"$title\" in:title" --json number,title --jq "map(select(.title == \"$title\"))[0].number // empty")
  if [ -n "$issue" ]; then
    gh issue comment "$issue" --body-file body.md
  else
    gh issue create --title "$title" --body-file body.md
  fi
fi
