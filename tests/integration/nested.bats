# SPDX-License-Identifier: GPL-2.0-or-later
# ctr in a container of ctr, two levels deep: as root of the host, and in a user namespace.

load lib
load life
load system
load nested
setup() { nested_setup; }
teardown() { ctr_teardown; }

@test "nested: as root" {
	nest '' "$(doc_filter)"
	is_nested
}

@test "nested: in a user namespace" {
	nest '--system --userns 100000' . '' "$(doc_filter)"
	chown -R 100000:100000 "$rootfs"
	is_nested
}

@test "nested: a user namespace in a user namespace" {
	nest '--system --userns 100000' "$whole_proc" '--system --userns 0:65536' "$whole_proc"
	chown -R 100000:100000 "$rootfs"
	is_nested
}

@test "nested: a user namespace in a user namespace, where /proc is not whole" {
	nest '--system --userns 100000' . '--system --userns 0:65536' .
	chown -R 100000:100000 "$rootfs"
	ctr run -b "$bundle" "$tag"
	same 1 "$status"
	has "'/proc'" 'operation not permitted' "none of that container's maskedPaths and readonlyPaths may be in it"
}
