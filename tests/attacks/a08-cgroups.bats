# SPDX-License-Identifier: GPL-2.0-or-later
#
# A8: out of the cgroup, or into those of others. Names of files in unified, of huge page sizes, of cgroups for exec and
# for delegation that lead elsewhere: tests/integration/cgroup.bats, exec.bats, tests/negative.

load lib
setup() {
	attack_setup
	v2=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
}
teardown() { attack_teardown; }

writable_cgroups() {
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
}

# What its processes can reach is the container's cgroup, whatever name they have for it.
@test "A8: root with a writable cgroup tree and all capabilities moves neither itself nor others out" {
	local before
	before=$(find "$v2" -maxdepth 1 -printf '%f %m %U %i\n' | sort)
	writable_cgroups
	config 'del(.linux.seccomp) | .root.readonly = false' \
		'.process.capabilities |= with_entries(.value = ["CAP_DAC_OVERRIDE", "CAP_SYS_ADMIN", "CAP_SYS_CHROOT"])'
	args sh -c 'cd /sys/fs/cgroup; mkdir deep
		for d in .. deep/../.. /proc/1/root/sys/fs/cgroup/.. /proc/self/cwd/..; do
			echo 1 2>/dev/null >$d/cgroup.procs && echo "$d/cgroup.procs"
			mkdir $d/evil.$$ 2>/dev/null && echo "made $d/evil"
			echo +pids 2>/dev/null >$d/cgroup.subtree_control && echo "$d/cgroup.subtree_control"
		done
		# another mount of the tree shows no more
		mkdir -p /tmp/c && mount -t cgroup2 none /tmp/c && test -e /tmp/c/cgroup.kill && test -d /tmp/c/deep && echo root is mine
		ls /tmp/c | grep -q system.slice && echo "the tree of the host"
		cat /proc/self/cgroup | grep 0::; exec payload sleep'
	start_bundle
	ok
	wait_until grep -q asleep "$T/stdout"
	same $'root is mine\n0::/\nasleep' "$(cat "$T/stdout")"
	same "/ctr/$tag" "$(sed -n 's/^0:://p' "/proc/$pid/cgroup")"
	delete_ctr
	same "$before" "$(find "$v2" -maxdepth 1 -printf '%f %m %U %i\n' | sort)"
}

@test "A8: an ordinary container has no way to a release_agent: no mount, no user namespace" {
	config '.root.readonly = false'
	args sh -c 'mkdir /tmp/c; mount -t cgroup -o memory none /tmp/c && echo mounted
		mount -t cgroup -o none,name=evil none /tmp/c && echo mounted
		unshare -UrmC sh -c "mount -t cgroup -o rdma none /tmp/c && echo /evil >/tmp/c/release_agent" && echo written
		mount -o remount,bind,rw /sys/fs/cgroup && echo rw; find / -name release_agent 2>/dev/null; echo end'
	run_bundle
	same end "$output"
}

@test "A8: of a delegated cgroup exactly the files belong to the container that the kernel names" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	user_namespace
	writable_cgroups
	start_payload sleep
	ok
	local files
	files=$(find "$v2/ctr/$tag" -maxdepth 1 -uid 100000 -printf '%f\n' | sort)
	same "$( (echo "$tag"; cd "$v2/ctr/$tag" && xargs -d '\n' ls -d </sys/kernel/cgroup/delegate 2>/dev/null) | sort)" "$files"
	same 0 "$(stat -c %u "$v2/ctr/cgroup.procs")"
	# and so it cannot lift the limits that it was given
	ctr exec "$tag" sh -c 'for f in /sys/fs/cgroup/*.max /sys/fs/cgroup/cgroup.kill /sys/fs/cgroup/cgroup.freeze; do
		(echo 1 >$f) 2>/dev/null && echo "$f can be written"; done; echo end'
	is end
	delete_ctr
}

@test "A8: exec --cgroup stays below the container's" {
	writable_cgroups
	start_payload sleep
	for path in ../.. .. / /.. a/../../b "/../$tag-other" ./../x "$v2" memory:/../..; do
		ctr exec --cgroup "$path" "$tag" payload exit 0
		[ "$status" -eq 255 ] || [ "$path" = / ] || { echo "$path: $status"; return 1; }
	done
	delete_ctr
}
