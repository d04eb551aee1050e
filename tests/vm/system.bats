#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# System containers where all controllers are on cgroup v2: what systemd does with its cgroup, stopping,
# user namespaces. The rest is in tests/integration/system.bats.

load ../integration/lib
load ../integration/life
load ../integration/system

setup_file() {
	system_setup
	export debian_tar
}
setup() {
	ctr_setup
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR"
	ln -s "$debian_tar" "$T/debian.tar"
	doc_timeout=300
}
teardown() { ctr_teardown; }

inside() {
	ctr exec "debian-$tag" "$@"
}

# The cgroup of the system, as the host sees it.
system_cgroup() {
	printf '%s/ctr/%s\n' "$(cgroup_mount)" "$1-$tag"
}

@test "system: Debian divides its cgroup, keeps within its own, and stops by SIGRTMIN+3" {
	doc_run Start
	ok
	has running
	cg=$(system_cgroup debian)
	for controller in cpu io memory pids; do
		grep -qw "$controller" "$cg/cgroup.controllers"
	done
	grep -qw memory "$cg/cgroup.subtree_control"

	# now no process can be in the cgroup itself
	inside cat /proc/self/cgroup
	is 0::/init.scope
	ctr exec --cgroup / "debian-$tag" true
	fails_with 255 'device or resource busy' '--cgroup'

	inside systemd-run --quiet --unit limited --property MemoryMax=64M --property TasksMax=7 sleep 60
	ok
	same 67108864 "$(cat "$cg/system.slice/limited.service/memory.max")"
	same 7 "$(cat "$cg/system.slice/limited.service/pids.max")"
	# the tree is mounted with nsdelegate: limits from outside are not its own
	inside sh -c 'echo 5 >/sys/fs/cgroup/pids.max'
	[ "$status" -ne 0 ]
	same max "$(cat "$cg/pids.max")"

	inside systemctl is-active multi-user.target systemd-journald
	is $'active\nactive'
	inside journalctl --quiet -b -u multi-user.target
	has 'Reached target'
	ctr kill "debian-$tag" SIGRTMIN+3
	is ''
	capture timeout 120 "$CTR" --root "$root" wait "debian-$tag"
	is 0
	delete_ctr "debian-$tag"
	nothing_left
}

@test "system: Debian in a user namespace owns its cgroup" {
	doc_run 'In a user namespace'
	printf '%s\n' "$output" "$stderr"
	ok
	same 'running 0 100000 65536 0' "$(xargs <<<"$output")"
	nothing_left
}
