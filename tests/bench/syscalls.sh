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

# count ARG...: the median number of calls. Left out: second halves of calls that were interrupted
# in the output by another task's, signals, exits. @ID@ is replaced by an id.
count() {
	i=0
	while [ $i -lt "$runs" ]; do
		i=$((i + 1))
		sed "s/@ID@/$id-$i/" "$work/args" | tr '\n' '\0' |
			xargs -0 strace -f -qq -o "$work/trace" >/dev/null 2>"$work/stderr" </dev/null || {
			cat "$work/stderr" >&2
			die "a traced run failed"
		}
		grep -vcE '^[0-9]+ +(<\.\.\. .* resumed>|\+\+\+|---)' "$work/trace"
	done | sort -n | sed -n "$(((runs + 1) / 2))p"
}

row() {
	for bundle in default seccomp; do
		if [ "$bundle" = seccomp ] && [ ! -e "$work/profile.blob" ]; then
			echo -
			continue
		fi
		if [ "$1" = floor ]; then
			floor_args "$2" $bundle >"$work/args"
		else
			runtime_args "$1" "$2" $bundle >"$work/args"
		fi
		count
	done | paste -s - | awk -v name="$1" '{ printf "%-10s %10s %10s\n", name, $1, $2 }'
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
