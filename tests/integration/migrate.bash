# shellcheck shell=bash disable=SC2034,SC2154 # variables are lib.bash's and the test files'
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests that move a container between two state roots of this host, with a criu that is none
# (tests/helpers/fake-criu.c), so that they run on every kernel. The container counts, and leaves a line for
# each step: where, and when, it ran can be told from them afterwards.

# The counting program, in a container that the criu which is none can restore.
counter_config() {
	cp "${CTR_HELPERS:?}/fake-criu" "$rootfs/bin/fake-criu"
	config '.mounts = []' '.linux.maskedPaths = []' '.linux.readonlyPaths = []' \
		'.linux.namespaces = [{"type": "pid"}, {"type": "mount"}]' \
		'.process.noNewPrivileges = false' 'del(.linux.seccomp)' 'del(.hostname)' \
		'.root.readonly = false'
	args /bin/fake-criu task
}

migrate_setup() {
	ctr_setup
	rootb=$T/state-b dataa=$T/data-a datab=$T/data-b proxy=$T/proxy
	local helpers=${CTR_HELPERS:?}
	mkdir -p "$T/a" "$T/b"
	install -m 0755 "$helpers/fake-criu" "$T/a/criu"
	install -m 0755 "$helpers/fake-criu" "$T/b/criu"
	there=${tag}x
	small=
	counter_config
}

migrate_teardown() {
	local failed=0
	[ -n "${BATS_TEST_COMPLETED:-}" ] || report_sides
	"$CTR" --root "$rootb" delete -f "$there" || failed=1
	"$CTR" --root "$root" --data-root "$dataa" delete -f "$tag" || failed=1
	rm -rf "$rootb"
	[ -z "$small" ] || umount "$small" || failed=1
	ctr_teardown || failed=1
	return "$failed"
}

# small_disk DIR: it is one of 4 MiB now.
small_disk() {
	mkdir -p "$1"
	mount -t tmpfs -o size=4m,mode=700 tmpfs "$1"
	small=$1
}

# fill KIB: so much is free, and no more.
fill() {
	rm -f "$small/fill"
	dd if=/dev/zero of="$small/fill" bs=4k count=$(($(stat -f -c %a "$small") - $1 / 4)) status=none
}

report_sides() {
	echo '--- here:'
	"$CTR" --root "$root" list 2>&1
	echo '--- there:'
	"$CTR" --root "$rootb" list 2>&1
	find "$dataa/.migrations" "$datab/.migrations" 2>/dev/null
	tail -n 3 "$rootfs/tmp/beats"
}

start_counter() {
	write_config
	ctr --data-root "$dataa" run -d "$@" -b "$bundle" "$tag"
	[ "$status" -eq 0 ]
	wait_until beats_since 0
}

receive_command() {
	printf '%s --root %s --data-root %s --criu %s receive --accept any %s' \
		"$CTR" "$rootb" "$datab" "$T/b/criu" "$*"
}

# move [OPTION...]: from here to there, through the proxy.
move() {
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate --as "$there" --timeout 2s \
		--restore-timeout 5s --resolve-timeout 10s --max-downtime 0 --max-rounds 2 "$@" "$tag" \
		"exec:${CTR_HELPERS:?}/wire-proxy $proxy $(receive_command "${receive_options:-}")"
}

recover() {
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate --recover --resolve-timeout 10s "$@"
}

# --- what is left ---

beats() {
	cat "$rootfs/tmp/beats" 2>/dev/null
}

# Are there more than N lines by now?
beats_since() {
	[ "$(beats | wc -l)" -gt "$1" ]
}

# Nobody ran while another one did, with the memory that it should have, and the count never went back (unless $counts_back).
check_beats() {
	[ ! -e "$rootfs/tmp/corrupt" ] || return 1
	beats | sort -n -k 2 | awk -v back="${counts_back:-}" '
		{
			# if it may go back, it is one that goes on where it was, and all others have ended
			if ($1 != last && ($1 in seen) && (!back || (home && home != $1))) { print "two ran at a time: " $0; exit 1 }
			if ($1 != last && ($1 in seen)) home = $1
			if ($3 <= count && !back) { print "the count went back: " $0; exit 1 }
			seen[$1] = 1; last = $1; count = $3
		}'
}

still_counts() {
	local n
	n=$(beats | wc -l)
	wait_until beats_since "$((n + 3))"
}

absent() { # ROOT ID
	! "$CTR" --root "$1" state "$2" >/dev/null 2>&1
}

nothing_of_a_move() {
	[ -z "$(find "$dataa/.migrations" "$datab/.migrations" -mindepth 1 2>/dev/null)" ]
}

# The invariant. $1: "here", "there", or "one" of them.
runs_on() {
	local here there_too
	here=$("$CTR" --root "$root" state "$tag" 2>/dev/null | jq -r .status)
	there_too=$("$CTR" --root "$rootb" state "$there" 2>/dev/null | jq -r .status)
	printf 'here: %s, there: %s\n' "${here:-absent}" "${there_too:-absent}"
	case $1 in
	here) [ "$here,$there_too" = running, ] ;;
	there) [ "$here,$there_too" = ,running ] ;;
	one) [ "$here,$there_too" = running, ] || [ "$here,$there_too" = ,running ] ;;
	esac || return 1
	still_counts || return 1
	check_beats || return 1
	wait_until nothing_of_a_move
}
