# SPDX-License-Identifier: GPL-2.0-or-later
# Namespaces joined by path: user and mount namespaces, and any mixture with the others.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

with_userns() {
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
}

# Take these namespaces of the process $pid: join TYPE...
join() {
	local type file
	for type in "$@"; do
		case $type in network) file=net ;; mount) file=mnt ;; *) file=$type ;; esac
		config ".linux.namespaces |= map(select(.type != \"$type\"))
			+ [{\"type\": \"$type\", \"path\": \"/proc/$pid/ns/$file\"}]"
	done
}

# What nobody may change in a mount namespace that is joined.
no_tree() {
	config '.mounts = []' 'del(.linux.maskedPaths, .linux.readonlyPaths, .linux.rootfsPropagation)' \
		'.root.readonly = false'
}

has_other_mounts() {
	[ "$(readlink "/proc/$1/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ]
}

run_second() {
	args "$@"
	write_config
	ctr run -b "$bundle" "$tag-2"
}

namespaces_of() {
	local name
	for name; do readlink "/proc/$pid/ns/$name"; done
}

@test "joined: a user namespace: its maps, ids and capabilities; new namespaces belong to it" {
	with_userns
	start_payload sleep
	join user
	config 'del(.linux.uidMappings, .linux.gidMappings)' '.process.user = {"uid": 1000, "gid": 2000, "additionalGids": [5]}'
	capability CAP_SYS_ADMIN
	run_second sh -c 'payload ns user , ids , caps; tr -s " " </proc/self/uid_map'
	ok
	has "$(namespaces_of user)" 'uid=1000,1000,1000 gid=2000,2000,2000 groups=5 umask=0022' \
		'CapBnd 0000000020200420' ' 0 100000 65536'
	config '.process.user = {"uid": 0, "gid": 0}' '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	run_second payload ids , ns net , read /proc/sys/net/ipv4/ip_forward
	ok
	has 'uid=0,0,0 gid=0,0,0'
	same 1 "$(tail -n 1 <<<"$output")"
	delete_ctr
}

@test "joined: a user namespace without root" {
	with_userns
	config '.linux.uidMappings = [{"containerID": 1000, "hostID": 101000, "size": 10}]' \
		'.linux.gidMappings = [{"containerID": 2000, "hostID": 102000, "size": 10}]' \
		'.process.user = {"uid": 1001, "gid": 2002}' \
		'.mounts |= map(select(.destination != "/dev/pts"))'
	start_payload sleep
	join user
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	run_second payload ns user , ids
	is "$(namespaces_of user)"$'\nuid=1001,1001,1001 gid=2002,2002,2002 groups= umask=0022'
	delete_ctr
}

@test "joined: a user namespace: mappings in the config must be those it has" {
	with_userns
	start_payload sleep
	join user
	run_second payload ns user
	is "$(namespaces_of user)"
	config '.linux.gidMappings[0].size = 10'
	run_second payload ns user
	fails 'the user namespace that is joined has other mappings' '(config.json /linux/gidMappings)'
	config 'del(.linux.gidMappings)' '.linux.uidMappings[0].hostID = 200000'
	run_second payload ns user
	fails 'the user namespace that is joined has other mappings' '(config.json /linux/uidMappings)'
	delete_ctr
}

@test "joined: a user namespace: a user that it does not map" {
	with_userns
	start_payload sleep
	join user
	config 'del(.linux.uidMappings, .linux.gidMappings)' '.process.user.uid = 70000'
	run_second payload ids
	fails 'become uid 70000' '/process/user' 'not mapped'
	delete_ctr
}

@test "joined: a user namespace: idmap takes its maps" {
	with_userns
	start_payload sleep
	mkdir "$T/data"
	: >"$T/data/file"
	join user
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	mount_entry /data bind "$T/data" bind idmap
	run_second payload stat /data/file
	is '/data/file - 0644 0:0'
	delete_ctr
}

@test "joined: a user namespace and others, of the same container and of the host's root" {
	with_userns
	start_payload sleep
	join user ipc uts pid network
	config 'del(.linux.uidMappings, .linux.gidMappings, .hostname)'
	run_second payload ns ipc net pid user uts , ids
	is "$(namespaces_of ipc net pid user uts)"$'\nuid=0,0,0 gid=0,0,0 groups= umask=0022'
	# a network namespace that belongs to the host's root cannot be joined from within the user namespace
	ip netns add "$tag" 2>/dev/null || { delete_ctr; need 'ip netns'; }
	config ".linux.namespaces |= map(if .type == \"network\" then .path = \"/run/netns/$tag\" else . end)" \
		'.mounts |= map(select(.destination | startswith("/sys") | not))'
	run_second payload ns ipc net user
	inode=$(stat -Lc %i "/run/netns/$tag")
	ip netns delete "$tag"
	is "$(namespaces_of ipc)"$'\n'"net:[$inode]"$'\n'"$(namespaces_of user)"
	delete_ctr
}

@test "joined: a user namespace owned by another that is joined, in the order of the list or not" {
	with_userns
	start_payload sleep
	join network user
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	run_second payload ns net user
	is "$(namespaces_of net user)"
	config '.linux.namespaces |= reverse'
	run_second payload ns net user
	is "$(namespaces_of net user)"
	delete_ctr
}

@test "joined: a user namespace that denies setgroups: only without additional groups" {
	unshare -U --map-root-user sleep 60 &
	holder=$!
	pid=$holder
	wait_until grep -qs deny "/proc/$pid/setgroups"
	bare_mounts
	config '.linux.namespaces += [{"type": "user"}]' '.linux.maskedPaths = []' '.linux.readonlyPaths = []'
	join user
	args payload ns user , ids
	write_config
	capture setpriv --groups 4,5 "$CTR" --root "$root" run "$bundle"
	said_first=$output status_first=$status stderr_first=$stderr
	expected=$(namespaces_of user)
	config '.process.user.additionalGids = [0]'
	run_payload ids
	kill "$holder"
	same 0 "$status_first"
	same '' "$stderr_first"
	same "$expected"$'\nuid=0,0,0 gid=0,0,0 groups= umask=0022' "$said_first"
	fails 'become uid 0, gid 0, groups [0]: operation not permitted' '/process/user'
}

@test "joined: exec into a container with a joined user namespace" {
	with_userns
	start_payload sleep
	first=$tag
	join user
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	args payload sleep
	write_config
	ctr run -d -b "$bundle" "$tag-2"
	ok
	ctr exec -u 5:6 "$tag-2" payload ns user , ids
	is "$(namespaces_of user)"$'\nuid=5,5,5 gid=6,6,6 groups= umask=0022'
	delete_ctr "$tag-2"
	delete_ctr "$first"
}

@test "joined: the host's own user or mount namespace" {
	config '.linux.namespaces += [{"type": "user", "path": "/proc/self/ns/user"}]'
	run_bundle
	fails "'/proc/self/ns/user' is the host's own namespace" '/linux/namespaces/6/path' 'leave the entry out'
	filter='.process.terminal = false'
	no_tree
	config '.linux.namespaces |= map(if .type == "mount" then .path = "/proc/self/ns/mnt" else . end)'
	run_bundle
	fails "'/proc/self/ns/mnt' is the host's own namespace" '/linux/namespaces/4/path'
}

@test "joined: a path that is missing, no namespace, of another type" {
	for type in user mount; do
		filter='.process.terminal = false'
		no_tree
		config ".linux.namespaces |= map(select(.type != \"$type\")) + [{\"type\": \"$type\", \"path\": \"/run/none\"}]"
		run_bundle
		fails "open the namespace '/run/none'" 'no such file or directory' '/linux/namespaces/'
		for path in /etc/passwd /dev/null /proc/self/ns; do
			config ".linux.namespaces[-1].path = \"$path\""
			run_bundle
			fails "'$path' is not a namespace" '/linux/namespaces/'
		done
		config '.linux.namespaces[-1].path = "/proc/self/ns/ipc"'
		run_bundle
		fails "'/proc/self/ns/ipc' is a namespace of another type" '/linux/namespaces/'
	done
	filter='.linux.namespaces += [{"type": "user", "path": "proc/1/ns/user"}]'
	run_bundle
	fails "'proc/1/ns/user' is not an absolute path" '/linux/namespaces/6/path'
	filter='.linux.namespaces += [{"type": "network", "path": "/proc/1/ns/net"}]'
	run_bundle
	fails "duplicate 'network' namespace" '/linux/namespaces/6/type'
}

@test "joined: a mount namespace: its root and its mounts, unchanged" {
	mkdir "$T/data"
	echo inside >"$T/data/file"
	mount_entry /data bind "$T/data" bind
	start_payload sleep
	before=$(sort "/proc/$pid/mountinfo")
	join mount pid
	no_tree
	config '.process.cwd = "/data"'
	run_second payload ns mnt , cwd , read file
	is "$(namespaces_of mnt)"$'\n/data\ninside'
	same "$before" "$(sort "/proc/$pid/mountinfo")"
	delete_ctr
}

@test "joined: a mount namespace: what would change it is refused" {
	start_payload sleep
	join mount
	while IFS='|' read -r filter_of pointer; do
		saved=$filter
		no_tree
		config "$filter_of"
		run_second payload exit 0
		fails 'the mount namespace is joined by path' 'would change it for others' "(config.json $pointer)"
		filter=$saved
	done <<-'END'
		.mounts = [{"destination": "/x", "type": "tmpfs", "source": "x"}]|/mounts
		.linux.devices = [{"path": "/dev/x", "type": "p"}]|/linux/devices
		.linux.maskedPaths = ["/tmp"]|/linux/maskedPaths
		.linux.readonlyPaths = ["/tmp"]|/linux/readonlyPaths
		.linux.rootfsPropagation = "private"|/linux/rootfsPropagation
		.root.readonly = true|/root/readonly
	END
	no_tree
	run_second payload exit 0
	ok
	args payload exit 0
	ctr run --strict -b "$bundle" "$tag-3"
	fails 'not used: the mount namespace that is joined has a root filesystem of its own' '/root/path'
	delete_ctr
}

@test "joined: a mount namespace: a missing program, a terminal, exec, delete" {
	start_payload sleep
	join mount pid
	no_tree
	run_second none
	fails "executable file not found in \$PATH"
	args payload sleep
	config '.hostname = "second"'
	write_config
	ctr run -d -b "$bundle" "$tag-2"
	ok
	ctr exec "$tag-2" payload ns mnt , uname
	is "$(namespaces_of mnt)"$'\nsecond (none)'
	delete_ctr "$tag-2"
	same running "$(state_of)"
	delete_ctr
}

@test "joined: a mount and a user namespace of one container: as in it" {
	with_userns
	config '.process.user = {"uid": 7, "gid": 8}'
	start_payload sleep
	join mount user pid network ipc uts
	no_tree
	config 'del(.linux.uidMappings, .linux.gidMappings, .hostname)'
	run_second payload ns ipc mnt net pid user uts , ids
	is "$(namespaces_of ipc mnt net pid user uts)"$'\nuid=7,7,7 gid=8,8,8 groups= umask=0022'
	delete_ctr
}

@test "joined: a mount namespace of the host and a new user namespace" {
	unshare -m --propagation private sleep 60 &
	holder=$!
	pid=$holder
	wait_until has_other_mounts "$holder"
	join mount
	no_tree
	user_namespace
	args /bin/sh -c 'readlink /proc/self/ns/mnt; id -u'
	write_config
	ctr run "$bundle"
	expected=$(namespaces_of mnt)
	kill "$holder"
	is "$expected"$'\n0'
}

@test "joined: a new user namespace beside one that is joined: hooks in it have none of the caller's groups" {
	with_userns
	printf '#!/bin/sh\ngrep Groups: /proc/self/status >%s/groups\n' "$T" >"$T/hook"
	chmod 755 "$T/hook"
	: >"$T/groups"
	chmod 666 "$T/groups"
	pid=$$
	join uts
	config 'del(.hostname)' ".hooks.createContainer = [{\"path\": \"$T/hook\"}]"
	args payload ids
	write_config
	capture setpriv --groups 4,24 "$CTR" --root "$root" run -b "$bundle" "$tag"
	ok
	same 'Groups:' "$(tr -d ' \t' <"$T/groups")"
	config '.annotations["run.oci.keep_original_groups"] = "1"'
	write_config
	capture setpriv --groups 4,24 "$CTR" --root "$root" run -b "$bundle" "$tag"
	ok
	same 'Groups:6553465534' "$(tr -d ' \t' <"$T/groups")"
}

# A user namespace of another user, who may send signals to whoever is in it.
strangers_namespace() {
	cc -shared -fPIC -O1 -o "$T/shim.so" "$BATS_TEST_DIRNAME/setns-shim.c" || need 'a C compiler'
	setpriv --reuid 20001 --regid 20001 --clear-groups unshare -U --map-root-user busybox sleep 60 &
	pid=$!
	wait_until grep -qs deny "/proc/$pid/setgroups"
	bare_mounts
	config '.linux.namespaces += [{"type": "user"}]'
	join user
	args payload ids
	write_config
}

@test "joined: a user namespace of another user: limits are set without CAP_SYS_RESOURCE" {
	strangers_namespace
	args sh -c 'ulimit -n; payload ids'
	config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}]'
	write_config
	capture setpriv --bounding-set -sys_resource "$CTR" --root "$root" run -b "$bundle" "$tag"
	kill "$pid"
	is $'100\nuid=0,0,0 gid=0,0,0 groups= umask=0022'
}

@test "joined: a user namespace whose owner stops who comes in: an error, in time" {
	strangers_namespace
	capture env LD_PRELOAD="$T/shim.so" CTR_TEST_SETNS=stop-me timeout 30 "$(whole_ctr)" --root "$root" run -b "$bundle" "$tag"
	kill "$pid"
	fails 'join the user namespace: connection timed out' '(config.json /linux/namespaces/'
}

@test "joined: a user namespace of another user: what looks at its maps ends with ctr" {
	strangers_namespace
	env LD_PRELOAD="$T/shim.so" CTR_TEST_SETNS=stop-ctr "$(whole_ctr)" --root "$root" run -b "$bundle" "$tag" 3>&- &
	ctr_pid=$!
	wait_until grep -qs '^State:.T' "/proc/$ctr_pid/status"
	looker=$(cat "/proc/$ctr_pid/task/$ctr_pid/children")
	[ -n "$looker" ]
	wait_until grep -qs '^State:.S' "/proc/${looker% }/status"
	kill -KILL "$ctr_pid"
	wait_until test ! -e "/proc/${looker% }"
	kill "$pid"
}
