# SPDX-License-Identifier: GPL-2.0-or-later
# The fault tracer itself: what it counts is what is there, and it does what it says it did.

load ../integration/lib
setup() {
	ctr_setup
	tracer=$CTR_BUILDDIR/tests/faults/tracer
	report=$T/report
}
teardown() { ctr_teardown; }

trace() {
	capture "$tracer" --report "$report" "$@"
}

trace_ctr() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	trace "${options[@]}" -- "$CTR" --root "$root" "${@:2}"
}

reported() {
	grep -qP -- "$1" "$report" || { cat "$report"; return 1; }
}

@test "tracer: calls are counted from 1 on without a gap, for each process, and alike each time" {
	local first
	args payload exit 0
	write_config
	trace_ctr --count -- run -b "$bundle" "$tag" # makes mount points, fills caches
	trace_ctr --count -- run -b "$bundle" "$tag"
	ok
	for process in ctr ctr.1; do
		cut -f2 "$report" | grep "^$process:[0-9]" | cut -d: -f2 >"$T/numbers"
		same "$(seq 1 "$(wc -l <"$T/numbers")")" "$(cat "$T/numbers")"
	done
	reported '^ctr:clone3#1\tctr:\d+\tctr\tEAGAIN '
	reported '^ctr.1:pivot_root#1\tctr.1:\d+\tinit\t'
	reported '^end\texit 0'
	trace_ctr --count --only init -- run -b "$bundle" "$tag"
	refute grep -P '\tctr\t' "$report"
	first=$(cut -f1 "$report")
	trace_ctr --count --only init -- run -b "$bundle" "$tag"
	same "$first" "$(cut -f1 "$report")"
}

@test "tracer: a call fails as asked for, or with the first error of its kind, and has not taken place" {
	trace --error ctr:mkdir#1 -- "$payload" mkdir "$T/made" "$T/second"
	has "$T/made: ENOSPC" "$T/second: ok"
	refute ls -d "$T/made"
	reported '^fault\tctr:mkdir#1'
	mkdir -m 700 "$root"
	trace_ctr --error ctr:openat2#1:EXDEV -- state "$tag"
	fails 'cross-device link'
	reported '^fault\tctr:openat2#1\t.*openat2\('
	reported '^end\texit 1'
}

@test "tracer: a memory that does not grow is one that did not grow" {
	local i
	for i in 2 3 4; do
		trace_ctr --error "ctr:brk#$i" -- list -q
		[ "$status" -le 1 ]
		refute grep signal "$report"
	done
}

@test "tracer: the process is killed after the call, or before it" {
	mkdir -m 700 "$root"
	trace --kill-before ctr:mkdir#1 -- "$payload" mkdir "$T/made"
	refute ls -d "$T/made"
	same 137 "$status"
	trace --kill ctr:mkdir#1 -- "$payload" mkdir "$T/made"
	[ -d "$T/made" ]
	same 137 "$status"
	reported '^end\tsignal 9'
}

@test "tracer: init alone is killed, or all" {
	args payload exit 0
	trace_init() {
		write_config
		trace_ctr "$1" ctr.1:pivot_root#1 -- run -b "$bundle" "$tag"
		reported '^died\tctr.1\tinit\tsignal 9'
	}
	trace_init --kill
	fails 'ctr-init was killed by signal 9'
	trace_init --kill-all
	same 137 "$status"
	delete_ctr
}

@test "tracer: a point that is not reached is told" {
	trace_ctr --kill ctr:openat2#9999 -- list -q
	same 0 "$status"
	reported '^missed'
}

@test "tracer: a delayed call is made later" {
	trace_ctr --delay ctr:exit_group#1:50 -- list -q
	ok
	reported '^fault\tctr:exit_group#1'
}

@test "tracer: what hangs is told, and ended" {
	local start=$SECONDS
	trace --deadline 200 -- "$payload" sleep 1000
	same 124 "$status"
	[ $((SECONDS - start)) -lt 100 ]
	reported '^hung\tctr:\w+#1\tctr:\d+\tctr\tS\tin '
	reported '^end\thung'
}

@test "tracer: whoever kills it ends what it traces" {
	"$tracer" -- "$payload" sleep 1000 >"$T/out" 3>&- &
	wait_until grep -q asleep "$T/out"
	child=$(cat "/proc/$!/task/$!/children")
	kill -KILL $!
	wait $! || true
	gone() { [ ! -e "/proc/${child% }/exe" ]; }
	wait_until gone
}

@test "tracer: a child that must not be traced is" {
	local -A clone=([x86_64]=56 [aarch64]=220)
	# CLONE_UNTRACED | SIGCHLD: both sides go on
	trace --count -- "$payload" syscall "${clone[$(uname -m)]}" $((0x00800000 | 17)) 0 0 0 0
	reported '^ctr\.1:'
}

@test "tracer: the container's program is left alone" {
	local pid
	args payload sleep
	write_config
	trace_ctr --count -- run -d --pid-file "$T/pid" -b "$bundle" "$tag"
	ok
	pid=$(cat "$T/pid")
	grep -qx "TracerPid:.0" "/proc/$pid/status"
	same running "$(state_of)"
	delete_ctr
}

@test "tracer: init of a container that exists is traced with the start of it, and waits on otherwise" {
	args payload sleep
	write_config
	ctr create --pid-file "$T/pid" -b "$bundle" "$tag"
	trace_ctr --also "$(cat "$T/pid")" --count -- list -q
	is "$tag"
	same created "$(state_of)"
	trace_ctr --also "$(cat "$T/pid")" --error init:execve#1:EPERM -- start "$tag"
	fails 'operation not permitted'
	delete_ctr
}
