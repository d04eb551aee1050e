# SPDX-License-Identifier: GPL-2.0-or-later
# Root of a user namespace, as podman makes it for users: uid 0 and all capabilities, none of them over the host.

load lib
load life
load rootless
setup() {
	user_setup
	place='nested -Ur'
	# what `ctr spec` writes for that root: no user namespace, a network of its own
	mkdir "$T/nested"
	chown "$user" "$T/nested"
	as_user "$CTR" spec -b "$T/nested"
	base=$T/nested
}
teardown() {
	place=plain
	user_teardown
}

# Containers belong to the namespace that they were made in: one life in one go, as `sh -c` there.
inside() {
	write_config
	# shellcheck disable=SC2016 # for the other shell
	capture as_user sh -c 'ctr=$1 bundle=$2 id=$3; eval "$4"' - "$CTR" "$bundle" "$tag" "$1"
}

@test "rootless-nested: spec leaves out a group that is not mapped, and what it writes runs" {
	jq -e '[.mounts[] | select(.destination == "/dev/pts")][0].options | index("gid=5") | not' "$base/config.json"
	run_sh 'busybox id -u; echo x >/dev/null; readlink /proc/self/ns/user'
	ok
	has "$(printf '0\n')"
	refute test "$(readlink /proc/self/ns/user)" = "$(tail -n 1 <<<"$output")"
}

@test "rootless-nested: devices are the host's, bound" {
	config '.linux.devices = [{"path": "/dev/fuse", "type": "c", "major": 1, "minor": 3}]'
	run_payload ids
	fails "the host's '/dev/fuse'" '/linux/devices/0'
	config '.linux.devices = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3}]'
	run_sh 'grep " /dev/null " /proc/self/mountinfo | cut -d" " -f4,5,6'
	is '/null /dev/null rw,nosuid,noexec,relatime'
}

@test "rootless-nested: with a mount namespace of its own, sources are copied before the child exists" {
	place='nested -Urm'
	mkdir "$rootfs/mnt"
	mount_entry /mnt bind "$T/home" bind ro
	run_payload mounts /mnt
	ok
	has '/mnt ' ' ro'
}

@test "rootless-nested: with a pid namespace and its proc" {
	place='nested -Urmpf --mount-proc'
	run_sh 'echo $$'
	is 1
}

@test "rootless-nested: a user namespace below, with ids of the one above" {
	config '.linux.namespaces += [{"type": "user"}]' \
		'.linux.uidMappings = [{"containerID": 7, "hostID": 0, "size": 1}]' \
		'.linux.gidMappings = [{"containerID": 7, "hostID": 0, "size": 1}]' '.process.user = {uid: 7, gid: 7}'
	run_payload ids
	ok
	has 'uid=7,7,7 gid=7,7,7'
	config '.linux.uidMappings[0].hostID = 5'
	run_payload ids
	fails '/linux/uidMappings' 'see /proc/self/uid_map'
}

@test "rootless-nested: the host's network: its sysfs is bound" {
	without_namespace network
	run_payload mounts /sys
	ok
	has '/sys sysfs ro,nosuid,nodev,noexec'
}

@test "rootless-nested: groups cannot be set where setgroups is denied" {
	config '.process.user.additionalGids = [0]'
	run_payload ids
	fails 'additional groups cannot be set' '/process/user/additionalGids'
}

@test "rootless-nested: sysctls of its own namespaces; a lower oom_score_adj is left out" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4096"}' '.process.oomScoreAdj = -500'
	run_sh 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax /proc/self/oom_score_adj'
	is "1
4096
$(cat /proc/self/oom_score_adj)"
}

@test "rootless-nested: sysctls without a pid namespace go through a copy of /proc" {
	local parent
	parent=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)/$tag
	without_namespace pid
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' \
		'.mounts |= map(if .destination == "/proc" then {destination: "/proc", type: "bind", source: "/proc",
			options: ["rbind", "nosuid"]} else . end)'
	args sh -c 'cat /proc/sys/net/ipv4/ip_forward'
	write_config
	# such a container needs a cgroup
	mkdir "$parent" "$parent/shell"
	chown -R "$user:$user" "$parent"
	capture sh -c 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"' - "$parent/shell" \
		env -i PATH="$PATH" XDG_RUNTIME_DIR="$T/run" CTR_TEST_TAG="$tag" \
		setpriv --reuid "$user" --regid "$user" --clear-groups unshare -Ur "$CTR" run "$bundle"
	rmdir "$parent/shell" "$parent"
	is 1
}

@test "rootless-nested: detached, exec, ps, kill, delete" {
	args payload sleep
	inside '"$ctr" run -d -b "$bundle" "$id" && "$ctr" exec "$id" payload ids && "$ctr" ps -f json "$id" &&
		"$ctr" kill "$id" KILL && "$ctr" delete -f "$id" && "$ctr" list -q'
	ok
	has 'uid=0,0,0 gid=0,0,0'
	[[ $(tail -n 1 <<<"$output") == '['*']' ]]
}

@test "rootless-nested: device rules that only the host's root could set do not stop it" {
	run_payload exit 0
	ok
	jq -e '.linux.resources.devices | length > 0' "$bundle/config.json"
}

@test "rootless-nested: a limit needs a cgroup here as well" {
	config '.linux.resources.unified = {"cgroup.max.depth": "3"}'
	run_payload ids
	fails 'create cgroup' 'permission denied' 'Delegate=yes'
}

@test "rootless-nested: idmapped mounts of the host's filesystems need the host's root" {
	place='nested -Urm'
	mkdir "$rootfs/mnt"
	config '.linux.namespaces += [{"type": "user"}]' \
		'.linux.uidMappings = [{"containerID": 0, "hostID": 0, "size": 1}]' \
		'.linux.gidMappings = [{"containerID": 0, "hostID": 0, "size": 1}]'
	mount_entry /mnt bind "$T/home" bind idmap
	run_payload ids
	fails "idmap the mount of '$T/home'" 'operation not permitted' 'only root of the host'
}

@test "rootless-nested: state is in XDG_RUNTIME_DIR, unless USER is root and /run is its own" {
	args busybox sleep 100
	inside '"$ctr" run -d -b "$bundle" "$id"; ls "$XDG_RUNTIME_DIR/ctr"; USER=joe "$ctr" list -q; USER=root "$ctr" list -q; "$ctr" delete -f "$id"'
	is "$tag
$tag"
}
