#!/usr/bin/env bash
# publish.sh HISTORY: push its reports as the branch with the history, which is always a single commit, so that evidence
# that was pruned is gone from it and the branch stays small. Runs nothing but git: its token can write.
#
# HISTORY comes from another job, which ran code, so nothing in it is trusted: only RUN/summary.json and RUN/report.html
# are taken, as regular files, and git never looks for a repository, attributes or hooks in it.
set -euo pipefail
shopt -s nullglob # without dotglob: no name that begins with a dot
export LC_ALL=C
branch=trueweight-reports
repository=$PWD/.git
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tree"
export GIT_INDEX_FILE=$work/index GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0

safe_git() {
  git --git-dir="$repository" --work-tree="$work/tree" -c core.hooksPath=/dev/null -c core.fsmonitor=false \
    -c core.attributesFile=/dev/null -c core.autocrlf=false -c protocol.ext.allow=never -c gc.auto=0 \
    -c commit.gpgSign=false "$@"
}

if [ -L "$repository" ] || [ ! -d "$repository" ]; then
  echo "::error::publish.sh needs the checkout of the repository as its working directory"
  exit 2
fi
if [ -L "$1" ] || [ ! -d "$1" ]; then
  echo "::error::there is no history to publish"
  exit 2
fi

taken=0
for run in "$1"/*; do
  name=${run##*/}
  if [ -L "$run" ] || [ ! -d "$run" ] || ! [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$ ]]; then
    continue
  fi
  for file in summary.json report.html; do
    if [ -f "$run/$file" ] && [ ! -L "$run/$file" ]; then
      blob=$(safe_git hash-object -w --no-filters --stdin <"$run/$file")
      printf '100644 %s\t%s/%s\n' "$blob" "$name" "$file" >>"$work/files"
      taken=$((taken + 1))
    fi
  done
done
if [ "$taken" = 0 ]; then
  echo "::error::the history has no report: nothing is published"
  exit 2
fi
safe_git update-index --index-info <"$work/files"
export GIT_AUTHOR_NAME="github-actions[bot]" GIT_AUTHOR_EMAIL="41898282+github-actions[bot]@users.noreply.github.com"
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
commit=$(safe_git commit-tree "$(safe_git write-tree)" -m "Reports up to $(date -u +%Y-%m-%d)")
safe_git push --quiet --force --no-verify origin "$commit:refs/heads/$branch"
echo "published: $taken files"
