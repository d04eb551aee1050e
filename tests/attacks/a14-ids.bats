# SPDX-License-Identifier: GPL-2.0-or-later
#
# A14: user namespaces and id maps. Maps that overlap, are too many, too large, of other users: tests/integration/userns.bats,
# rootless.bats; the parser: unit test test_idmap.

load lib
setup() {
	attack_setup
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
}
teardown() { attack_teardown; }

maps() {
	config '.linux.namespaces += [{"type": "user"}]' ".linux.uidMappings = $1 | .linux.gidMappings = $1"
}

# All ids are those of the host, and yet it is another namespace: its root is not the host's.
@test "A14: a user namespace with the host's own ids is not taken for the host's" {
	find "$rootfs" -type d -exec chown 0:0 {} +
	maps '[{"containerID": 0, "hostID": 0, "size": 4294967295}]'
	config 'del(.linux.seccomp)' \
		'.process.capabilities |= with_entries(.value = ["CAP_SYS_ADMIN", "CAP_MKNOD", "CAP_SYS_BOOT", "CAP_SYS_MODULE"])' \
		'.root.readonly = false'
	run_sh 'mknod /tmp/mem c 1 1 2>/dev/null && echo mknod; echo x 2>/dev/null >/proc/sys/kernel/core_pattern && echo core_pattern
		mount -t tmpfs none /tmp && echo mounted; echo end
		test -c /dev/null && echo x >/dev/null && echo devices'
	same $'mounted\nend\ndevices' "$output"
}

@test "A14: sums that run over, ranges that end behind the last id" {
	for map in '[{"containerID": 0, "hostID": 4294967290, "size": 10}]' '[{"containerID": 4294967290, "hostID": 0, "size": 10}]' \
		'[{"containerID": 0, "hostID": 1, "size": 4294967295}]' '[{"containerID": 0, "hostID": 0, "size": 4294967296}]' \
		'[{"containerID": 0, "hostID": 0, "size": 0}]' '[{"containerID": 0, "hostID": -1, "size": 1}]' \
		'[{"containerID": 0, "hostID": 5, "size": 10}, {"containerID": 9, "hostID": 50, "size": 10}]' \
		'[{"containerID": 0, "hostID": 5, "size": 10}, {"containerID": 50, "hostID": 14, "size": 10}]'; do
		fresh_config
		maps "$map"
		args payload exit 0
		run_bundle
		fails '/linux/uidMappings'
	done
}

@test "A14: root of the container is nobody for the files of the host, bound in, also by setuid programs that it leaves there" {
	mkdir -m 777 "$T/shared"
	chmod 777 "$T/shared"
	maps '[{"containerID": 0, "hostID": 100000, "size": 65536}]'
	config 'del(.linux.seccomp)' \
		'.process.capabilities |= with_entries(.value = ["CAP_CHOWN", "CAP_FOWNER", "CAP_DAC_OVERRIDE", "CAP_SETUID", "CAP_SETFCAP", "CAP_FSETID"])'
	mount_entry /outside bind "$outside" bind
	mount_entry /shared bind "$T/shared" bind
	run_sh 'for f in /outside/null /outside/sub; do chown 0 $f 2>/dev/null && echo chown; chmod 777 $f 2>/dev/null && echo chmod; done
		echo x 2>/dev/null >/outside/null && echo written; rm -f /outside/null 2>/dev/null && echo removed
		cp /bin/busybox /shared/su && chmod 4755 /shared/su && echo made'
	same made "$output"
	same 100000 "$(stat -c %u "$T/shared/su")"
}
