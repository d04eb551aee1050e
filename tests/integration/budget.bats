#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a command may cost, counted and not timed: system calls and programs. A limit stands some 16 above what was
# measured when it was set: polls and the length of paths differ. Whoever needs more asks first whether one of the
# others can go, then raises it; whoever needs less lowers it. What differs between machines is left out: the dynamic linker's calls, and one call for each
# capability that is dropped.

load lib

setup() {
	ctr_setup
	needs_plain_build 'ASan and its allocator make system calls of their own'
	command -v strace >/dev/null || need strace
	# of the default lists every kernel has others
	config '.linux.maskedPaths = ["/proc/interrupts", "/sys/kernel"]' \
		'.linux.readonlyPaths = ["/proc/sys", "/proc/irq"]'
}

teardown() { ctr_teardown; }

# traced FILE COMMAND...: ctr under strace, with what strace says in $T/trace-FILE; with -f as the first word also its children
traced() {
	local file=$1 follow=()
	shift
	[ "$1" != -f ] || { follow=(-f); shift; }
	capture strace "${follow[@]}" -qq -o "$T/trace-$file" "$CTR" --root "$root" "$@"
	ok
}

# within NAME LIMIT COUNT
within() {
	[ "$3" -le "$2" ] || { echo "$1: $3 system calls, at most $2 were expected"; false; }
}

# Calls in standard input: no second halves of interrupted ones, no signals and exits.
count() {
	grep -vcE '^([0-9]+ +)?(<\.\.\. .* resumed>|\+\+\+|---)'
}

# main_calls FILE [PID]: ctr's own calls. Without what depends on where the bundle is, and where a hybrid host has its tree.
main_calls() {
	grep "^${2:+$2 }" "$T/trace-$1" | sed 's/^[0-9]* *//' | sed -n '/^umask(/,$p' | grep -v '^readlink(.*EINVAL' |
		if [ -d /sys/fs/cgroup/unified ]; then sed '/"\/sys\/fs\/cgroup", /,/^close/d'; else cat; fi
}

@test "budget: system calls of one run, in ctr and in ctr-init; one program each" {
	local main init
	args payload exit 0
	write_config
	ctr run -b "$bundle" "$tag-warm"
	ok
	traced run -f run -b "$bundle" "$tag"
	main=$(head -n 1 "$T/trace-run" | cut -d ' ' -f 1)
	init=$(sed -n 's/^\([0-9]*\) .*execveat(.*/\1/p' "$T/trace-run")
	[ "$(grep -c 'execve\(at\)\?(' "$T/trace-run")" = 3 ]
	[ "$(grep -cE '(clone3?|v?fork)\(' "$T/trace-run")" = 1 ]
	within ctr-init 195 "$(grep "^$init " "$T/trace-run" | sed '/execve("/,$d' | grep -v PR_CAPBSET_DROP | count)"
	within ctr 180 "$(main_calls run "$main" | count)"
}

@test "budget: system calls of create, start, exec, state, kill and delete" {
	args payload sleep 60
	write_config
	traced create create -b "$bundle" "$tag"
	traced start start "$tag"
	traced exec exec "$tag" /bin/payload exit 0
	traced state state "$tag"
	traced kill kill "$tag" KILL
	wait_until is_stopped
	traced delete delete "$tag"
	within create 171 "$(main_calls create | count)"
	within start 84 "$(main_calls start | count)"
	within exec 164 "$(main_calls exec | count)"
	within state 88 "$(main_calls state | count)"
	within kill 70 "$(main_calls kill | count)"
	within delete 72 "$(main_calls delete | count)"
}
