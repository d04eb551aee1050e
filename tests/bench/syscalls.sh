#!/bin/sh
# How many system calls one run takes, over all tasks, payload included.
#
#   syscalls.sh CTR [FLOOR]      RUNS=N in the environment: the median of N runs (3)
#
# Counts the calls in the output of `strace -f` for the bundles of `run`. Needs root.
set -eu

me=syscalls
here=$(cd "$(dirname "$0")" && pwd)
. "$here/lib.sh"

runs=${RUNS:-3}

# count: prints the median number of calls of the command in $work/args (@ID@: an id). Left out:
# second halves of calls that another task's interrupted in the output, signals, exits.
count() {
	: >"$work/counts"
	i=0
	while [ $i -lt "$runs" ]; do
		i=$((i + 1))
		sed "s/@ID@/$id-$i/" "$work/args" | tr '\n' '\0' >"$work/words"
		if ! xargs -0 strace -f -qq -o "$work/trace" <"$work/words" >/dev/null 2>"$work/stderr"; then
			cat "$work/stderr" >&2
			die "a traced run failed"
		fi
		grep -vcE '^[0-9]+ +(<\.\.\. .* resumed>|\+\+\+|---)' "$work/trace" >>"$work/counts"
	done
	sort -n "$work/counts" | sed -n "$(((runs + 1) / 2))p"
}

# row NAME PATH
row() {
	printf '%-10s' "$1"
	for bundle in default seccomp; do
		if [ ! -e "$work/$bundle/config.json" ]; then
			printf ' %10s' -
			continue
		fi
		if [ "$1" = floor ]; then
			floor_args "$2" $bundle >"$work/args"
		else
			runtime_args "$1" "$2" $bundle >"$work/args"
		fi
		number=$(count)
		printf ' %10s' "$number"
	done
	echo
}

[ $# -eq 1 ] || [ $# -eq 2 ] || die "usage: syscalls.sh CTR [FLOOR]"
command -v strace >/dev/null || die "needs strace"
ctr=$(absolute "$1")
floor=$(absolute "${2:-$bin/floor}")
[ -n "${BENCH_WORK:-}" ] || build_tools
enter_namespace "$here/syscalls.sh" "$@"
make_bundles
find_runtimes "$ctr"

printf '%-10s %10s %10s\n' "" default seccomp
row floor "$floor"
for runtime in $runtimes; do
	row "${runtime%%=*}" "${runtime#*=}"
done
