# SPDX-License-Identifier: GPL-2.0-or-later
#
# A13: devices and files of the host that are the container's standard streams, or bound into it.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

@test "A13: stdio of the caller is not given away" {
	config '.process.user = {"uid": 1000, "gid": 1000}'
	args payload exit 0
	write_config
	: >"$T/null"
	before=$(stat -c '%u %g %a' /dev/null /dev/zero "$T/null")
	"$CTR" --root "$root" run "$bundle" </dev/zero >"$T/null" 2>/dev/null
	same "$before" "$(stat -c '%u %g %a' /dev/null /dev/zero "$T/null")"
}

@test "A13: standard streams keep their owner and mode: null, tty, a file, a directory; of run, exec, another user, a user namespace" {
	local stream case
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
	echo data >"$outside/file0"
	chmod 600 "$outside/file0"
	digest_before=$(host_digest)
	for case in . '.linux.uidMappings'; do
		fresh_config '.process.user = {"uid": 1000, "gid": 1000}'
		if [ "$case" != . ]; then
			user_namespace
			find "$rootfs" -type d -exec chown 100000:100000 {} +
		fi
		args payload sleep
		write_config
		for stream in /dev/null /dev/zero /dev/full /dev/urandom "$outside/file0" "$outside"; do
			"$CTR" --root "$root" run -d -b "$bundle" "$tag" <"$stream" >/dev/null 2>&1
			"$CTR" --root "$root" exec "$tag" payload exit 0 <"$stream" >/dev/null 2>&1
			"$CTR" --root "$root" exec -u 7 "$tag" payload exit 0 <"$stream" >/dev/null 2>&1
			host_is_untouched
			delete_ctr
		done
	done
}

@test "A13: the caller's terminal keeps its owner" {
	config '.process.user = {"uid": 1000, "gid": 1000}'
	args payload ids
	write_config
	# shellcheck disable=SC2016 # for the inner shell
	"$lib_dir/pty" -- bash -c 'before=$(stat -Lc "%u %g %a" /dev/stdin); "$@" >/dev/null
		test "$before" = "$(stat -Lc "%u %g %a" /dev/stdin)" && echo same' - \
		"$CTR" --root "$root" run "$bundle" >"$T/said"
	grep -q same "$T/said"
}

@test "A13: devices of the host in a user namespace are the host's nodes, and stay the host's" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	config 'del(.linux.seccomp)' '.process.capabilities |= with_entries(.value = ["CAP_CHOWN", "CAP_FOWNER", "CAP_MKNOD", "CAP_DAC_OVERRIDE"])'
	user_namespace
	run_sh 'for d in null zero full random urandom tty; do
			chown 5:5 /dev/$d 2>/dev/null && echo "chown $d"
			chmod 600 /dev/$d 2>/dev/null && echo "chmod $d"
			rm /dev/$d 2>/dev/null && echo "rm $d"
			mv /dev/$d /dev/x$d 2>/dev/null && echo "mv $d"
		done; mknod /tmp/sda b 8 0 2>/dev/null && echo mknod; echo end'
	is end
}

@test "A13: a device that a rule does not allow cannot be opened, however it was made" {
	config 'del(.linux.seccomp)' '.root.readonly = false' \
		'.process.capabilities |= with_entries(.value = ["CAP_MKNOD", "CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN", "CAP_SYS_RAWIO"])'
	# by mknod, in the image, through a second mount of devtmpfs, in a cgroup and a namespace of its own
	mknod "$rootfs/mem" c 1 1
	mknod "$rootfs/kmsg" c 1 11
	mknod "$rootfs/disk" b 7 0
	run_sh 'mknod /tmp/mem c 1 1; mkdir /tmp/dev /tmp/c; mount -t devtmpfs none /tmp/dev; mount -t cgroup2 none /tmp/c &&
			mkdir /tmp/c/below && echo $$ >/tmp/c/below/cgroup.procs
		for f in /mem /kmsg /disk /tmp/mem /tmp/dev/mem /tmp/dev/kmsg /tmp/dev/loop-control /tmp/dev/fuse; do
			test -e $f || continue
			head -c 1 $f >/dev/null 2>&1 && echo "read $f"
			unshare -Cm head -c 1 $f >/dev/null 2>&1 && echo "read $f in another namespace"
		done; echo 1 >/tmp/c/cgroup.procs; echo end'
	same end "$output"
}
