#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The two VMs are two, and reach each other.

# bats file_tags=criu
load ../lib/pair

setup_file() {
	pair_begin
}

@test "a command on the other VM: output, exit code, its own kernel" {
	run on_b 'cat /proc/sys/kernel/random/boot_id; uname -n; echo "$CTR" >&2; exit 5'
	[ "$status" -eq 5 ]
	[ "${#lines[@]}" -eq 3 ]
	[ "${lines[0]}" != "$(cat /proc/sys/kernel/random/boot_id)" ]
	[ "${lines[1]}" = ctr-vm-b ]
	[ "${lines[2]}" = "$CTR" ]
}

@test "a pipe to the other VM carries bytes both ways" {
	head -c 1000000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	b_pipe cat <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/back"
	cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/back"
}

@test "ssh to the other VM, which finds ctr" {
	run ssh b 'command -v ctr; exit 6' </dev/null
	echo "$output"
	[ "$status" -eq 6 ]
	[ "$output" = "$(dirname "$CTR")/ctr" ]
}

@test "link1 is a link of its own" {
	ip address add 10.99.1.1/24 dev link1
	on_b 'ip address add 10.99.1.2/24 dev link1'
	busybox ping -c 1 -W 5 10.99.1.2
	on_b 'ip link set link1 down'
	run busybox ping -c 1 -W 1 10.99.1.2
	[ "$status" -eq 1 ]
	on_b 'ip link set link1 up'
	busybox ping -c 1 -W 5 10.99.1.2
	on_b 'ip address flush dev link1'
	ip address flush dev link1
}
