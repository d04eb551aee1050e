# SPDX-License-Identifier: GPL-2.0-or-later
# linux.sysctl.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

@test "sysctl: of the network, of ipc, of uts" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.shm_rmid_forced": "1", "kernel.msgmax": "9999",
		"fs.mqueue.msg_max": "7", "kernel.sem": "250 32000 100 100"}'
	run_payload read /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced /proc/sys/kernel/msgmax \
		/proc/sys/fs/mqueue/msg_max /proc/sys/kernel/sem
	is $'1\n1\n9999\n7\n250\t32000\t100\t100'
}

@test "sysctl: the host keeps its own" {
	before=$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax)
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1", "kernel.msgmax": "4321"}'
	run_payload exit 0
	ok
	same "$before" "$(cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax)"
}

@test "sysctl: slashes, and dots in the name of an interface" {
	config '.linux.sysctl = {"net/ipv4/conf/lo/forwarding": "1", "net.ipv6.conf.lo.mtu": "1400"}'
	[ -e /proc/sys/net/ipv6 ] || config 'del(.linux.sysctl["net.ipv6.conf.lo.mtu"])'
	run_payload read /proc/sys/net/ipv4/conf/lo/forwarding
	is 1
}

@test "sysctl: kernel.domainname" {
	config '.linux.sysctl = {"kernel.domainname": "example.org"}'
	run_payload uname
	is 'ctr example.org'
}

@test "sysctl: without its namespace it is the host's: refused" {
	without_namespace network
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	run_bundle
	fails 'net.ipv4.ip_forward' '/linux/sysctl' 'network'
	filter='.process.terminal = false'
	without_namespace ipc
	config '.linux.sysctl = {"kernel.msgmax": "1"}'
	run_bundle
	fails 'kernel.msgmax' '/linux/sysctl' 'ipc'
}

@test "sysctl: what belongs to no namespace is refused" {
	for name in vm.swappiness kernel.core_pattern kernel.hostname kernel.panic fs.file-max net net. \
		kernel/../vm/swappiness net.ipv4/../../kernel/core_pattern; do
		config ".linux.sysctl = {\"$name\": \"1\"}"
		run_bundle
		fails '/linux/sysctl'
	done
}

@test "sysctl: a network namespace by path that is the host's: refused" {
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/net" else . end)' \
		'.linux.sysctl = {"net.ipv4.ip_forward": "0"}'
	before=$(cat /proc/sys/net/ipv4/ip_forward)
	run_payload exit 0
	same "$before" "$(cat /proc/sys/net/ipv4/ip_forward)"
	fails "'/proc/self/ns/net' is the host's own namespace" 'net.ipv4.ip_forward' '/linux/namespaces/1/path'
}

@test "sysctl: one that the kernel does not have" {
	config '.linux.sysctl = {"net.ipv4.frobnicate": "1"}'
	run_bundle
	fails 'net/ipv4/frobnicate' 'no such file or directory' '/linux/sysctl' 'this kernel has no such parameter'
}

@test "sysctl: a value that the kernel refuses" {
	config '.linux.sysctl = {"net.ipv4.ip_forward": "frob"}'
	run_bundle
	fails 'net/ipv4/ip_forward' 'invalid argument' '/linux/sysctl/net.ipv4.ip_forward'
}

@test "sysctl: /proc of the container plays no part" {
	mkdir -p "$T/fake/sys/net/ipv4"
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' \
		'.mounts |= map(select(.destination != "/proc"))' \
		'del(.linux.maskedPaths, .linux.readonlyPaths)'
	echo 0 >"$T/fake/sys/net/ipv4/ip_forward"
	rmdir "$rootfs/proc"
	cp -a "$T/fake" "$rootfs/proc"
	run_payload read /proc/sys/net/ipv4/ip_forward
	is 0 # the fake one is untouched
}
