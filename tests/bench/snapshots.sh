#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Snapshot and clone of a stopped container against copies of its root filesystem. See README.md.
set -eu

me=bench
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

usage() {
	cat <<END
usage: snapshots.sh [OPTION...] CTR
  --all          also 100,000 files and 1 GiB, which takes minutes
  --rounds N     timed runs of each, the median counts (9)
  --dir DIR      where: on the filesystem to be measured (/var/tmp)
  --xfs          on an XFS of its own instead, which can share contents
Needs root.
END
}

rounds=9 dir=/var/tmp xfs='' tiers='10 1000'
while [ $# -gt 1 ]; do
	case $1 in
	--all) tiers='10 1000 100000 1g' ;;
	--rounds) rounds=$2; shift ;;
	--dir) dir=$2; shift ;;
	--xfs) xfs=yes ;;
	*) usage >&2; exit 2 ;;
	esac
	shift
done
[ $# = 1 ] || { usage >&2; exit 2; }
ctr=$(absolute "$1")
[ "$(id -u)" = 0 ] || die "needs root"

if [ -n "$xfs" ] && [ -z "${BENCH_INSIDE:-}" ]; then
	all=''
	case $tiers in *1g*) all=--all ;; esac
	BENCH_INSIDE=yes
	export BENCH_INSIDE
	# shellcheck disable=SC2086 # nothing or one word
	exec unshare -m --propagation private "$0" $all --rounds "$rounds" --dir "$dir" --xfs "$ctr"
fi

top=$(mktemp -d "$dir/ctr-bench.XXXXXX")
trap 'cd /; [ -z "$xfs" ] || umount "$top/fs" || :; rm -rf "$top"' EXIT
trap 'exit 1' INT TERM
work=$top/fs
mkdir "$work"
if [ -n "$xfs" ]; then
	truncate -s 8G "$top/image"
	mkfs.xfs -q "$top/image"
	mount -o loop "$top/image" "$work"
fi

# The upper directory of a container that has ended: files of 4 KiB, 100 in a directory, or one large file.
fill() {
	if [ "$1" = 1g ]; then
		dd if=/dev/urandom of="$2/large" bs=1M count=1024 status=none
		return
	fi
	n=0
	while [ "$n" -lt "$1" ]; do
		mkdir -p "$2/d$((n / 100))"
		# shellcheck disable=SC2046 # numbers
		(cd "$2/d$((n / 100))" && printf '%4096s' x | tee $(seq "$n" $((n + 99 < $1 ? n + 99 : $1 - 1))) >/dev/null)
		n=$((n + 100))
	done
}

# As `ctr run --overlay` makes it, with nothing in it.
make_container() {
	upper=$(printf '%032x' 1)
	mkdir -p "$work/data/c/layers/$upper/fs" "$work/data/c/layers/$upper/work" "$work/base" "$work/state"
	chmod 700 "$work/data" "$work/data/c" "$work/state"
	printf '{"version":1,"base":["%s"],"snapshots":[],"head":null,"last":null,"upper":"%s","next":1}\n' \
		"$work/base" "$upper" >"$work/data/c/layers.json"
}

# median PREPARE COMMAND: milliseconds
median() {
	i=0
	while [ "$i" -lt "$rounds" ]; do
		eval "$1"
		sync -f "$work"
		t0=$(date +%s%N)
		eval "$2" >/dev/null
		t1=$(date +%s%N)
		echo $(((t1 - t0) / 1000))
		i=$((i + 1))
	done | sort -n | sed -n "$(((rounds + 1) / 2))p" | sed -E 's/^(.*)(...)$/\1.\2/; s/^\./0./'
}

as_ctr() {
	"$ctr" --root "$work/state" --data-root "$work/data" "$@"
}

printf '%-8s %14s %14s %14s %14s   ms, on %s\n' files snapshot clone 'cp -a' 'cp --reflink' \
	"$(stat -f -c %T "$work")"
for tier in $tiers; do
	rm -rf "${work:?}/data" "$work/base" "$work/copy"
	make_container
	fill "$tier" "$work/data/c/layers/$upper/fs"
	source=$work/data/c/layers/$upper/fs
	copy=$(median "rm -rf '$work/copy'" "cp -a '$source' '$work/copy'")
	reflink=-
	if cp -a --reflink=always "$source" "$work/copy/r" 2>/dev/null; then
		reflink=$(median "rm -rf '$work/copy'" "cp -a --reflink=always '$source' '$work/copy'")
	fi
	rm -rf "$work/copy"
	# the first snapshot takes all of it, and is undone by deleting it: the files come back
	snapshot=$(median 'as_ctr snapshot delete c s >/dev/null 2>&1 || :' 'as_ctr snapshot create -q c s')
	clone=$(median 'as_ctr delete k >/dev/null 2>&1 || :' 'as_ctr clone -q c@s k')
	printf '%-8s %14s %14s %14s %14s\n' "$tier" "$snapshot" "$clone" "$copy" "$reflink"
done
