# SPDX-License-Identifier: GPL-2.0-or-later
# Namespaces: new ones, those of the host, and joined ones; what is set up in them.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# The host's namespace of a kind, as `payload ns` prints it.
host_ns() {
	readlink "/proc/self/ns/$1"
}

@test "namespaces: six new ones, and the host's time and user namespace" {
	run_payload ns
	ok
	has_not "$(host_ns cgroup)" "$(host_ns ipc)" "$(host_ns mnt)" "$(host_ns net)" "$(host_ns pid)" "$(host_ns uts)"
	has "$(host_ns time)" "$(host_ns user)"
}

@test "namespaces: one that is not listed is the host's" {
	for type in pid network ipc cgroup; do
		filter='.process.terminal = false'
		without_namespace "$type"
		case $type in network) name=net ;; *) name=$type ;; esac
		run_payload ns "$name"
		is "$(host_ns "$name")"
	done
}

@test "namespaces: uts of the host, without a hostname in the config" {
	without_namespace uts
	config 'del(.hostname)'
	run_payload ns uts , uname
	ok
	has "$(host_ns uts)" "$(uname -n)"
}

@test "namespaces: the program is pid 1, in a session of its own" {
	run_payload pids
	is 'pid=1 ppid=0 sid=1 pgid=1'
}

@test "namespaces: hostname and domain name" {
	config '.hostname = "web-1"' '.domainname = "example.org"'
	run_payload uname
	is 'web-1 example.org'
	[ "$(uname -n)" != web-1 ]
}

@test "namespaces: the loopback interface is up, and the only one" {
	run_sh 'payload ifflags lo; grep -c : /proc/net/dev'
	is $'lo up running loopback\n1'
}

@test "namespaces: the network namespace of the host keeps its interfaces" {
	without_namespace network
	# sysfs cannot be mounted for a foreign network namespace without owning it, but root does
	run_payload ifflags lo
	ok
	has 'lo up'
}

@test "namespaces: cgroup: the container is at the root of its own" {
	run_payload read /proc/self/cgroup
	ok
	has '0::/'
	same '0::/' "$(grep ^0:: <<<"$output")"
}

@test "namespaces: cgroup of the host: the container's own cgroup is what it sees" {
	without_namespace cgroup
	run_payload read /proc/self/cgroup /sys/fs/cgroup/cgroup.procs
	ok
	has "0::/ctr/$tag"
	# pid 1 is in there, whatever number it has
	has $'\n1'
}

@test "namespaces: without a pid namespace the rest of the container dies with its program" {
	without_namespace pid
	args sh -c 'payload sleep 600 >/dev/null & exit 3'
	run_bundle
	same 3 "$status"
	same '' "$stderr"
}

@test "namespaces: without a cgroup there must be a new pid namespace: nothing else holds the processes together" {
	start_payload sleep
	args sh -c 'busybox sleep 77 & exec busybox sleep 78'
	config '.linux.namespaces |= map(select(.type != "pid"))'
	write_config
	ctr --cgroup-manager disabled run -d -b "$bundle" "$tag-2"
	fails 'needs a pid namespace of its own' '(config.json /linux/namespaces)' 'without --cgroup-manager disabled'
	ctr --cgroup-manager disabled validate "$bundle"
	same 1 "$status"
	[[ $output == *'error: /linux/namespaces: without a cgroup a container needs a pid namespace'* ]]
	config ".linux.namespaces += [{\"type\": \"pid\", \"path\": \"/proc/$pid/ns/pid\"}]"
	write_config
	ctr --cgroup-manager disabled run -d -b "$bundle" "$tag-2"
	fails 'needs a pid namespace of its own' '(config.json /linux/namespaces)'
	delete_ctr
}

@test "namespaces: joined by path: network" {
	start_payload sleep
	first=$tag
	config ".linux.namespaces |= map(if .type == \"network\" then .path = \"/proc/$pid/ns/net\" else . end)"
	args payload ns net , ifflags lo
	write_config
	ctr run -b "$bundle" "$tag-2"
	is "$(readlink "/proc/$pid/ns/net")"$'\n'"lo up running loopback"
	delete_ctr "$first"
}

@test "namespaces: joined by path: ipc, uts and pid" {
	config '.hostname = "first"'
	start_payload sleep
	for type in ipc uts pid; do
		config ".linux.namespaces |= map(if .type == \"$type\" then .path = \"/proc/$pid/ns/$type\" else . end)"
	done
	config 'del(.hostname)'
	args payload ns ipc pid uts , uname
	write_config
	ctr run -b "$bundle" "$tag-2"
	ok
	same "$(for type in ipc pid uts; do readlink "/proc/$pid/ns/$type"; done; echo 'first (none)')" "$output"
	delete_ctr
}

@test "namespaces: joined pid namespace: not its first process, and its exit code counts" {
	start_payload sleep
	config ".linux.namespaces |= map(if .type == \"pid\" then .path = \"/proc/$pid/ns/pid\" else . end)"
	args sh -c 'payload pids; exit 7'
	write_config
	ctr run -b "$bundle" "$tag-2"
	same 7 "$status"
	same '' "$stderr"
	has_not 'pid=1 '
	same running "$(state_of)"
	delete_ctr
}

@test "namespaces: a joined network namespace is not touched: lo stays down" {
	mkdir -p /run/netns
	ip netns add "$tag" 2>/dev/null || need 'ip netns'
	config ".linux.namespaces |= map(if .type == \"network\" then .path = \"/run/netns/$tag\" else . end)"
	run_payload ifflags lo
	ip netns delete "$tag"
	is 'lo loopback'
}

@test "namespaces: a path that is missing, no namespace, of another type" {
	config '.linux.namespaces |= map(if .type == "network" then .path = "/run/none" else . end)'
	run_bundle
	fails "'/run/none'" 'no such file or directory' '/linux/namespaces/1/path'
	filter='.linux.namespaces |= map(if .type == "network" then .path = "/etc/passwd" else . end)'
	run_bundle
	fails "'/etc/passwd' is not a namespace" '/linux/namespaces/1/path'
	filter='.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/ipc" else . end)'
	run_bundle
	fails "'/proc/self/ns/ipc' is a namespace of another type" '/linux/namespaces/1/path'
	filter='.linux.namespaces |= map(if .type == "network" then .path = "ns/net" else . end)'
	run_bundle
	fails '/linux/namespaces/1/path'
}

@test "namespaces: hostname with a uts namespace by path that is the host's: refused" {
	before=$(uname -n)
	config '.linux.namespaces |= map(if .type == "uts" then .path = "/proc/self/ns/uts" else . end)'
	run_payload exit 0
	same "$before" "$(uname -n)"
	fails "'/proc/self/ns/uts' is the host's own namespace" "'hostname'" '/linux/namespaces/3/path'
}

@test "namespaces: nothing of the container in the host's mount table" {
	# others may mount something meanwhile: of three tries one must be undisturbed
	for try in 1 2 3; do
		before=$(sed 's/^[0-9]* [0-9]* //' /proc/self/mountinfo | sort)
		start_payload sleep
		after=$(sed 's/^[0-9]* [0-9]* //' /proc/self/mountinfo | sort)
		delete_ctr
		[ "$before" != "$after" ] || break
	done
	same "$before" "$after"
}

@test "namespaces: a mount of the host that comes later is not seen, and the other way round" {
	mount_entry /shared bind "$T" rbind rprivate
	args sh -c 'payload mounts /shared; until [ -e /shared/go ]; do sleep 0.02; done; ls /shared/late; payload mounts /shared/late'
	mkdir "$T/late"
	start_bundle
	mount -t tmpfs "$tag" "$T/late"
	: >"$T/late/host-only"
	: >"$T/go"
	wait_until is_stopped
	umount "$T/late"
	has_not host-only
	delete_ctr
}
