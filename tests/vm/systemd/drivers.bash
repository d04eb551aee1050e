# shellcheck shell=bash disable=SC2034,SC2154 # status and output are bats'; variables are for the test files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of container managers with both cgroup drivers, where systemd is pid 1. The managers run in the
# machine's own namespaces: systemd has to know the processes by their pids and cgroups. All that they write is
# below $W, and what they would do to the network is switched off.
#
#	load drivers
#	setup_file() { drivers_begin podman; }   # programs that must be there
#	setup() { drivers_setup; }
#	teardown() { ...; drivers_teardown; }
#
# "the box" is a container with 64 MiB, half a CPU, 20 processes, the CPU 1, and /dev/fuse for reading. A test file
# makes it in its client's words; `client_exec COMMAND...` of the test file is the client's exec in it.

load ../lib/bundle

readonly MIB=1048576

drivers_begin() {
	local program
	export W=$BATS_FILE_TMPDIR MISSING=''
	for program in "$@" jq busybox systemctl; do
		type -P "$program" >/dev/null || MISSING=$program
	done
	# what containers may have that is not there for everybody
	modprobe fuse 2>/dev/null || true
	[ -c /dev/fuse ] || MISSING=/dev/fuse
	mkdir -p "$W/rootfs"/{bin,dev,etc,proc,sys,tmp}
	cp "$(type -P busybox)" "$W/rootfs/bin/busybox"
	for program in cat dd grep head mknod nproc sh sleep; do
		ln -s busybox "$W/rootfs/bin/$program"
	done
}

# With one CPU as with two.
drivers_setup_any() {
	[ -z "$MISSING" ] || need_fail "no $MISSING"
	need_ctr 'the systemd cgroup driver'
	T=$BATS_TEST_TMPDIR
}

drivers_setup() {
	drivers_setup_any
	two_cpus
}

# Nothing of containers whose id has this in it.
drivers_teardown() {
	[ -z "${second_cpu:-}" ] || echo 0 >"$second_cpu"
	[ -z "${container:-}" ] || is_gone "$container"
}

same() {
	[ "$1" = "$2" ] && return 0
	diff -u --label expected --label found <(printf '%s\n' "$1") <(printf '%s\n' "$2") || true
	return 1
}

# Each of these is part of the output.
has() {
	local text
	for text in "$@"; do
		[[ $output == *"$text"* ]] || { printf "not there: '%s'\n%s\n" "$text" "$output"; return 1; }
	done
}

wait_until() {
	local end=$((SECONDS + 180))
	while ! "$@"; do
		[ "$SECONDS" -lt "$end" ] || { printf 'never: %s\n' "$*"; return 1; }
		sleep 0.1
	done
}

# systemd hears of an empty scope a moment later.
is_gone() {
	local left i
	for ((i = 0; i < 50; i++)); do
		left=$(systemctl list-units --all --plain --no-legend "*$1*"
			find /sys/fs/cgroup -name "*$1*"
			find /run -path '*/ctr/*' -name "*$1*"
			grep -F -e "$1" /proc/self/mountinfo)
		[ -n "$left" ] || return 0
		sleep 0.1
	done
	printf 'left behind: %s\n' "$left"
	return 1
}

# A command for a limited time; its stdout and stderr together are $output, as with bats' run.
try() {
	status=0
	# bats' own descriptors are not for daemons and what they leave in the background
	timeout -k 5 120 "$@" </dev/null >"$T/out" 2>&1 3>&- || status=$?
	output=$(<"$T/out")
}

must() {
	try "$@"
	[ "$status" -eq 0 ] && return 0
	printf '%s: exit code %s\n%s\n' "$*" "$status" "$output"
	return 1
}

# The files of a cgroup have these values: holds DIR FILE VALUE [FILE VALUE]...
holds() {
	local dir=$1 failed=0
	shift
	while [ $# -ge 2 ]; do
		if [ "$(cat "$dir/$1")" != "$2" ]; then
			printf '%s: %s, not %s\n' "$dir/$1" "$(cat "$dir/$1")" "$2"
			failed=1
		fi
		shift 2
	done
	return "$failed"
}

# shows UNIT PROPERTY VALUE [PROPERTY VALUE]...
shows() {
	local unit=$1 found
	shift
	while [ $# -ge 2 ]; do
		found=$(systemctl show --property "$1" --value "$unit")
		[ "$found" = "$2" ] || { printf '%s of %s is %s, not %s\n' "$1" "$unit" "$found" "$2"; return 1; }
		shift 2
	done
}

# --- the box ---

# From outside, in its cgroup.
box_limits_are_written() {
	holds "$1" memory.max $((64 * MIB)) cpu.max '50000 100000' pids.max 20 cpuset.cpus 1
}

# From inside, and what they do. (As few calls as can be: a client's exec is what takes long.)
box_limits_are_effective() {
	# shellcheck disable=SC2016 # for the shell inside
	client_exec sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max cpuset.cpus; nproc
		grep Cpus_allowed_list /proc/self/status
		i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done
		! grep -q "nr_throttled [1-9]" cpu.stat || echo throttled'
	same $'67108864\n50000 100000\n20\n1\n1\nCpus_allowed_list:\t1\nthrottled' "$output"
	client_exec sh -c '(: </dev/fuse) && echo read; (: >/dev/fuse) && echo written'
	has read 'peration not permitted'
	[[ $output != *written* ]]
	client_exec sh -c 'for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21; do sleep 1 & done'
	has "can't fork"
}

# Twice what it may have; the shell stays for a moment, as managers hear of it only while there is a cgroup.
# shellcheck disable=SC2016 # for the shell inside
readonly oom_program='sleep 1; dd if=/dev/zero of=/dev/null bs=64M count=1; code=$?; sleep 1; exit $code'
