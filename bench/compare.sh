#!/usr/bin/env bash
# Compares forewrite as it is in the working tree with how it was in a commit:
#
#	bench/compare.sh COMMIT [flags of the benchmark, such as -fs ext4]
#
# Both are built, then run by turns, so that a machine that slows down slows both, and
# benchstat says which differences are more than noise. TURNS is the number of runs of
# each, default 5, with two rounds in each of them.
set -euo pipefail
cd "$(dirname "$0")"

base=${1:?usage: bench/compare.sh COMMIT [flags]}
shift
temp=$(mktemp -d)
cleanup() {
	git worktree remove --force "$temp/base" 2>/dev/null || true
	rm -rf "$temp"
}
trap cleanup EXIT

git worktree add --quiet --detach "$temp/base" "$base"
(cd "$temp/base/bench" && go build -o "$temp/old" .)
go build -o "$temp/new" .

for _ in $(seq "${TURNS:-5}"); do
	for side in old new; do
		"$temp/$side" -scenario one,sixteen,own,modify -only forewrite -rounds 2 "$@" -benchfmt "$temp/turn" >/dev/null
		cat "$temp/turn" >>"$temp/$side.txt"
	done
done
go -C ../tools tool benchstat "old=$temp/old.txt" "new=$temp/new.txt"
