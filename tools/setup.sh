#!/usr/bin/env bash
# Runs a step of the set-up: tools/setup.sh uv sync --frozen
# What its failure needs of the user is said in one line; everything that the step printed is in .tools/setup.txt.
set -uo pipefail

log=.tools/setup.txt
mkdir -p .tools
"$@" >"$log" 2>&1 && exit 0

said() { grep -qiE "$1" "$log"; }

if said 'no space left|disk quota|file too large|file size limit'; then
  line='the disk is full: the environment needs about 1 GB here, and uv keeps a cache (`uv cache dir`) beside it'
elif said 'no interpreter found|no download found|cpython-[0-9.]+.*install_only'; then
  line="Python $(cat .python-version) is neither here nor could it be downloaded: install it (packages of your system, pyenv), or let \`uv python install $(cat .python-version)\` do it where there is a network"
elif said 'failed to (fetch|download|connect)|error sending request|connectivity is disabled|no matching distribution|connection (refused|reset|error)|name resolution|timed out'; then
  line='the package index could not be reached: is there a network, or a proxy to name in HTTPS_PROXY? A mirror of the index is named in UV_DEFAULT_INDEX'
elif said 'permission denied|read-only file system'; then
  line='this folder cannot be written: clone the project to where you may write'
else
  cat "$log" >&2
  line="\`$*\` failed, see above"
fi
echo "set-up: $line; then give the command again (details: $log)" >&2
exit 1
