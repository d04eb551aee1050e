# SPDX-License-Identifier: GPL-2.0-or-later
# User namespaces: maps, ids, capabilities, mounts and devices of a container whose root is nobody.

load lib
setup() {
	ctr_setup
	# the container's root must be able to pass through the directories above its rootfs
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	user_namespace
}
teardown() { ctr_teardown; }

@test "userns: root inside, the mapped id outside" {
	start_payload sleep
	ok
	same $'100000\t100000\t100000\t100000' "$(sed -n 's/^Uid:\t//p' "/proc/$pid/status")"
	same $'100000\t100000\t100000\t100000' "$(sed -n 's/^Gid:\t//p' "/proc/$pid/status")"
	delete_ctr
}

@test "userns: the maps are those of the config" {
	config '.linux.uidMappings = [{"containerID": 0, "hostID": 200000, "size": 1000},
		{"containerID": 5000, "hostID": 300000, "size": 10}]'
	run_sh 'tr -s " " </proc/self/uid_map; tr -s " " </proc/self/gid_map'
	is $' 0 200000 1000\n 5000 300000 10\n 0 100000 65536'
}

@test "userns: as many maps as the kernel takes, and more" {
	config '.linux.uidMappings = [range(300) | {containerID: ., hostID: (100000 + . * 2), size: 1}]'
	run_sh 'wc -l </proc/self/uid_map; tail -n 1 /proc/self/uid_map | tr -s " "'
	is $'300\n 299 100598 1'
	config '.linux.uidMappings = [range(340) | {containerID: ., hostID: (100000 + . * 2), size: 1}]'
	run_bundle
	fails '4310 bytes as text, the kernel takes at most 4095' '(config.json /linux/uidMappings)'
	config '.linux.uidMappings += [{containerID: 340, hostID: 100680, size: 1}]'
	run_bundle
	fails '341 entries, the kernel takes at most 340' '(config.json /linux/uidMappings)'
}

@test "userns: every namespace but time is new" {
	run_payload ns
	ok
	for type in cgroup ipc mnt net pid user uts; do
		has_not "$(readlink "/proc/self/ns/$type")"
	done
}

@test "userns: ids, groups and capabilities of an ordinary user inside" {
	config '.process.user = {"uid": 1000, "gid": 2000, "additionalGids": [5, 3000], "umask": 63}'
	run_payload ids
	is 'uid=1000,1000,1000 gid=2000,2000,2000 groups=5,3000 umask=0077'
}

@test "userns: capabilities are those of the config, in the user namespace" {
	capability CAP_SYS_ADMIN
	run_payload caps
	ok
	has 'CapEff 0000000020200420' 'CapBnd 0000000020200420' 'CapPrm 0000000020200420'
}

@test "userns: maps without root: the program has the ids and capabilities that it should" {
	config '.linux.uidMappings = [{"containerID": 1000, "hostID": 101000, "size": 10}]' \
		'.linux.gidMappings = [{"containerID": 1000, "hostID": 101000, "size": 10}]' \
		'.process.user = {"uid": 1001, "gid": 1002}' \
		'.mounts |= map(select(.destination != "/dev/pts"))'
	run_payload ids , caps
	ok
	has 'uid=1001,1001,1001 gid=1002,1002,1002 groups= umask=0022' 'CapBnd 0000000020000420' \
		'CapEff 0000000000000000' 'CapPrm 0000000000000000' 'CapAmb 0000000000000000' 'CapInh 0000000000000000'
}

@test "userns: a user that is not mapped" {
	config '.process.user.uid = 70000'
	run_bundle
	fails '70000 is not mapped in linux.uidMappings' '/process/user/uid'
}

@test "userns: a group that is not mapped" {
	config '.process.user.additionalGids = [70000]'
	run_bundle
	fails '/process/user'
}

@test "userns: overlapping maps" {
	config '.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 10},
		{"containerID": 5, "hostID": 200000, "size": 10}]'
	run_bundle
	fails '/linux/uidMappings'
}

@test "userns: all default mounts" {
	run_payload mounts
	ok
	for point in /proc /dev /dev/pts /dev/shm /dev/mqueue /sys /sys/fs/cgroup; do
		has "$point "
	done
	has '/sys sysfs ro,nosuid,nodev,noexec' '/dev/pts devpts rw,nosuid,noexec'
}

@test "userns: the default devices work" {
	run_sh 'payload stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
		echo x >/dev/null && head -c 4 /dev/zero | wc -c; echo x 2>/dev/null >/dev/full || echo full'
	is '/dev/null c 0666 65534:65534 1:3
/dev/zero c 0666 65534:65534 1:5
/dev/full c 0666 65534:65534 1:7
/dev/random c 0666 65534:65534 1:8
/dev/urandom c 0666 65534:65534 1:9
/dev/tty c 0666 65534:65534 5:0
4
full'
}

@test "userns: what it makes belongs to the mapped id" {
	config '.root.readonly = false'
	run_payload touch /tmp/new , stat /tmp/new
	is $'/tmp/new: ok\n/tmp/new - 0644 0:0'
	same 100000:100000 "$(stat -c %u:%g "$rootfs/tmp/new")"
}

@test "userns: files of the host's root cannot be written" {
	config '.root.readonly = false'
	: >"$rootfs/etc/root-owned"
	run_payload write /etc/root-owned x
	same 1 "$status"
	same '/etc/root-owned: EACCES' "$output"
}

@test "userns: an id-mapped bind mount shows the host's owner as root" {
	mkdir "$T/data"
	: >"$T/data/file"
	mount_entry /data bind "$T/data" bind idmap
	run_payload stat /data/file , touch /data/new
	is $'/data/file - 0644 0:0\n/data/new: ok'
	same 0:0 "$(stat -c %u:%g "$T/data/new")"
}

@test "userns: a mount with mappings of its own" {
	mkdir "$T/data"
	: >"$T/data/file"
	chown 7:8 "$T/data/file"
	config ".mounts += [{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"$T/data\",
		\"options\": [\"bind\"],
		\"uidMappings\": [{\"containerID\": 7, \"hostID\": 100123, \"size\": 1}],
		\"gidMappings\": [{\"containerID\": 8, \"hostID\": 100456, \"size\": 1}]}]"
	run_payload stat /data/file
	is '/data/file - 0644 123:456'
}

@test "userns: idmap without any mappings" {
	filter='.process.terminal = false'
	mount_entry /data bind "$T" bind idmap
	run_bundle
	fails "mount '/data'" 'idmap needs uidMappings and gidMappings' '/mounts/7/options'
}

@test "userns: masks, read-only paths and a read-only root" {
	config '.root.readonly = false' '.linux.maskedPaths += ["/etc"]' '.linux.readonlyPaths += ["/tmp"]'
	run_payload read /proc/keys , touch /x /tmp/x /etc/x
	same $'/proc/keys: empty\n/x: ok\n/tmp/x: EROFS\n/etc/x: EROFS' "$output"
	config '.root.readonly = true'
	run_payload touch /y
	same '/y: EROFS' "$output"
}

@test "userns: sysctls of its namespaces can be set" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1",
		"user.max_ipc_namespaces": "7"}'
	run_payload read /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced /proc/sys/user/max_ipc_namespaces
	is $'1\n1\n7'
}

@test "userns: with a joined network namespace" {
	filter='.process.terminal = false'
	start_payload sleep
	user_namespace
	config ".linux.namespaces |= map(if .type == \"network\" then .path = \"/proc/$pid/ns/net\" else . end)" \
		'.mounts |= map(select(.destination | startswith("/sys") | not))'
	args payload ns net , ids
	write_config
	ctr run -b "$bundle" "$tag-2"
	is "$(readlink "/proc/$pid/ns/net")"$'\nuid=0,0,0 gid=0,0,0 groups= umask=0022'
	delete_ctr
}

@test "userns: a mount point that its root cannot make" {
	chown 0:0 "$rootfs"
	mount_entry /data tmpfs tmpfs
	run_bundle
	fails "mount tmpfs at '/data'" 'permission denied' '/mounts/7'
}

@test "userns: a rootfs that its root cannot enter" {
	chown 0:0 "$rootfs"
	chmod 700 "$rootfs"
	run_payload ids
	fails 'permission denied'
}

@test "userns: spec --rootless runs" {
	"$CTR" spec --rootless -b "$T"
	jq '.process.terminal = false | .process.args = ["payload", "ids", ",", "ns", "user"]
		| .root.path = $r' --arg r "$rootfs" "$T/config.json" >"$bundle/config.json"
	ctr run "$bundle"
	ok
	has 'uid=0,0,0 gid=0,0,0'
	has_not "$(readlink /proc/self/ns/user)"
}

# --- the cgroup ---

rw_cgroup() {
	config '(.mounts[] | select(.destination == "/sys/fs/cgroup")).options -= ["ro"]'
}

@test "userns: a writable cgroup in a cgroup namespace belongs to the container" {
	rw_cgroup
	args sh -c 'cd /sys/fs/cgroup && busybox mkdir a && echo $$ >a/cgroup.procs && payload sleep'
	start_bundle
	wait_until grep -q asleep "$T/stdout"
	cg=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)/ctr/$tag
	same '100000:100000' "$(stat -c %u:%g "$cg")"
	while read -r file; do
		[ ! -e "$cg/$file" ] || same '100000:100000' "$(stat -c %u:%g "$cg/$file")"
	done </sys/kernel/cgroup/delegate
	same '0:0' "$(stat -c %u:%g "$cg/cgroup.freeze")"
	same '0:0' "$(stat -c %u:%g "$cg/cgroup.max.descendants")"
	same "0::/ctr/$tag/a" "$(grep ^0:: "/proc/$pid/cgroup")"
	delete_ctr
	[ ! -e "$cg" ]
}

@test "userns: the owner of the cgroup is the program's user" {
	rw_cgroup
	config '.process.user = {"uid": 5, "gid": 6}'
	start_payload sleep
	same '100005:100006' "$(stat -c %u:%g "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)/ctr/$tag")"
	delete_ctr
}

@test "userns: a cgroup that is not for the container to divide stays root's" {
	run_sh 'busybox mkdir /sys/fs/cgroup/a 2>/dev/null || busybox stat -c %u /sys/fs/cgroup/cgroup.procs'
	is 65534
	without_namespace cgroup
	rw_cgroup
	run_sh 'busybox mkdir /sys/fs/cgroup/a 2>/dev/null || busybox stat -c %u /sys/fs/cgroup/cgroup.procs'
	is 65534
}

@test "userns: a cgroup that was there has its owner again when the container has gone" {
	cg=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)/$tag
	mkdir "$cg"
	chown 20001:20002 "$cg" "$cg/cgroup.procs"
	config ".linux.cgroupsPath = \"/$tag\""
	run_payload ids
	first="$status $(stat -c '%u:%g' "$cg" "$cg/cgroup.procs" | tr '\n' ' ')"
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	start_payload sleep
	given=$(stat -c '%u:%g' "$cg")
	delete_ctr
	last=$(stat -c '%u:%g' "$cg" "$cg/cgroup.procs" | tr '\n' ' ')
	# a create that fails, too
	config '.process.args = ["/no/such"]'
	run_bundle
	failed=$(stat -c '%u:%g' "$cg" "$cg/cgroup.procs" | tr '\n' ' ')
	rmdir "$cg"
	same '0 20001:20002 20001:20002 ' "$first"
	same '100000:100000' "$given"
	same '20001:20002 20001:20002 ' "$last"
	same '20001:20002 20001:20002 ' "$failed"
}
