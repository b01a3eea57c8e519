#!/usr/bin/env bash
# publish.sh PUBLISHED: add what was published to the branch with the history, which is always a single commit,
# so that evidence that was pruned is gone from it and the branch stays small.
set -euo pipefail
branch=trueweight-reports
if git fetch --quiet --depth 1 origin "$branch"; then
  git worktree add --quiet --detach history FETCH_HEAD
else
  git worktree add --quiet --detach history
  git -C history rm -rfq --ignore-unmatch .
fi
cp -R "$1"/. history/
trueweight site history --prune --keep "${KEEP:-30}"
cd history
git checkout --quiet --orphan "new-$branch"
git add --all
git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \
  commit --quiet --message "Reports up to $(date -u +%Y-%m-%d)"
git push --quiet --force origin "HEAD:refs/heads/$branch"
