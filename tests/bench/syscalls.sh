#!/bin/sh
# How many system calls one run takes, over all tasks, payload included.
#
#   syscalls.sh [--values] CTR [FLOOR [NAME=PATH...]]
#
# --values: lines for the spec of the timing core. NAME=PATH: more runtimes. RUNS=N in the environment: the median of N
# runs (3).
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

# calls NAME PATH BUNDLE: the number, or nothing
calls() {
	[ -e "$work/$3/config.json" ] || return 0
	case $1 in
	floor) floor_args "$2" "$3" ;;
	*) runtime_args "$1" "$2" "$3" ;;
	esac >"$work/args"
	count
}

row() { # NAME PATH
	default=$(calls "$1" "$2" default)
	seccomp=$(calls "$1" "$2" seccomp)
	if [ -n "$values" ]; then
		echo "value syscalls-default $1 calls $default"
		[ -z "$seccomp" ] || echo "value syscalls-seccomp $1 calls $seccomp"
	else
		printf '%-10s %10s %10s\n' "$1" "$default" "${seccomp:--}"
	fi
}

given="$*" values=''
if [ "${1:-}" = --values ]; then
	values=yes
	shift
fi
[ $# -ge 1 ] || die "usage: syscalls.sh [--values] CTR [FLOOR [NAME=PATH...]]"
command -v strace >/dev/null || die "needs strace"
ctr=$(absolute "$1")
floor=$(absolute "${2:-$bin/floor}")
[ $# -lt 2 ] || shift
shift
[ -n "${BENCH_WORK:-}" ] || [ -n "$values" ] || build_tools
# shellcheck disable=SC2086 # without spaces
enter_namespace "$here/syscalls.sh" $given
make_bundles
find_runtimes "$ctr" "$@"

[ -n "$values" ] || printf '%-10s %10s %10s\n' "" default seccomp
row floor "$floor"
for runtime in $runtimes; do
	row "${runtime%%=*}" "${runtime#*=}"
done
