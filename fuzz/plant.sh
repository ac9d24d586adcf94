#!/usr/bin/env bash
# Makes a planted bug of what was changed in the working tree and is not staged:
#
#	fuzz/plant.sh NAME
#
# writes the difference to fuzz/testdata/planted/NAME.patch and undoes it in the
# working tree. The header of an existing patch stays; a new one has to be filled in.
set -euo pipefail
cd "$(dirname "$0")/.."

name=${1:?usage: fuzz/plant.sh NAME}
file=fuzz/testdata/planted/$name.patch
new=$(mktemp)
trap 'rm -f "$new"' EXIT

if git diff --quiet -- '*.go'; then
	echo "plant.sh: no .go file was changed and not staged" >&2
	exit 1
fi
if [ -f "$file" ]; then
	sed '/^--- /,$d' "$file" >"$new"
else
	printf '# TODO: what the mistake is.\n# Breaks: TODO.\n' >"$new"
fi
git diff --no-color --no-ext-diff --src-prefix=a/ --dst-prefix=b/ -- '*.go' | sed '/^diff --git /d; /^index /d' >>"$new"
cat "$new" >"$file"
git apply -R "$file"
echo "$file"
if grep -q '^# .*TODO' "$file"; then
	echo "fill in its header" >&2
fi
