# SPDX-License-Identifier: GPL-2.0-or-later
#
# A2: proc and sysfs that are something else, and what ctr writes to them.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

@test "A2: proc and sysfs go to real directories only" {
	rmdir "$rootfs/proc"
	mkdir "$rootfs/elsewhere"
	ln -s elsewhere "$rootfs/proc"
	args payload exit 0
	run_bundle
	fails "mount proc at '/proc'" 'symlink' '/mounts/0'
}

@test "A2: a fake proc in the image does not catch what ctr writes" {
	mkdir -p "$rootfs/proc/self/attr" "$rootfs/proc/sys/net/ipv4"
	echo untouched >"$rootfs/proc/sys/net/ipv4/ip_forward"
	config '.linux.sysctl = {"net.ipv4.ip_forward": "1"}' '.process.oomScoreAdj = 300'
	run_payload read /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj
	is $'1\n300'
	same untouched "$(cat "$rootfs/proc/sys/net/ipv4/ip_forward")"
}

@test "A2: a volume cannot be mounted into proc by way of a link" {
	mkdir "$T/volume"
	ln -s /proc/self "$rootfs/link"
	mount_entry /link bind "$T/volume" bind
	run_bundle
	fails '/mounts/7' 'proc'
	filter='.process.terminal = false'
	mount_entry /link/attr bind "$T/volume" bind
	run_bundle
	[ "$status" -ne 0 ]
}

@test "A2: the host's settings are what they were" {
	before=$(grep -s . /proc/sys/kernel/{core_pattern,modprobe,hostname,sysrq} || true)
	for name in 'kernel.shm_rmid_forced=1+kernel.core_pattern=|/x' kernel.core_pattern 'net.ipv4.x/../../../kernel/core_pattern' \
		'net/ipv4/../../kernel/modprobe' $'net.x\nkernel.core_pattern' 'kernel.core_pattern '; do
		jq --arg n "$name" '.process.terminal = false | .linux.sysctl = {($n): "1"}' "$base/config.json" >"$bundle/config.json"
		ctr run "$bundle"
		fails '/linux/sysctl'
	done
	same "$before" "$(grep -s . /proc/sys/kernel/{core_pattern,modprobe,hostname,sysrq} || true)"
}

@test "A2: mounts[] that reach into proc: attr, thread-self, sys, the directories of processes" {
	mkdir -p "$T/volume/attr"
	: >"$T/volume/exec"
	args payload exit 0
	for destination in /proc/self/attr /proc/self/attr/exec /proc/thread-self /proc/thread-self/attr/apparmor /proc/sys \
		/proc/sys/kernel /proc/1 /proc/1/attr /proc/sysrq-trigger /proc/self/../sys /proc/./self /proc//self/attr/exec; do
		fresh_config
		source=$T/volume
		[[ $destination != */exec && $destination != *trigger ]] || source=$T/volume/exec
		mount_entry "$destination" bind "$source" bind
		run_bundle
		fails '/mounts/7' proc
	done
	for type in tmpfs proc sysfs; do
		fresh_config
		mount_entry /proc/sys "$type" "$type"
		run_bundle
		fails '/mounts/7' proc
	done
	same '' "$(cat "$T/volume/exec")"
}

@test "A2: proc and sysfs by way of a link in a volume, in the parent, as a circle" {
	args payload exit 0
	for link in "$outside/proc" /tmp . .. /proc /proc/self/root/proc; do
		rm -rf "${rootfs:?}/proc"
		ln -s "$link" "$rootfs/proc"
		fresh_config
		try
		[ "$status" -ne 0 ]
		[[ $stderr == *"'/proc'"* ]]
	done
	rm "$rootfs/proc"
	mkdir "$rootfs/proc"
	rmdir "$rootfs/sys"
	ln -s "$outside/sys" "$rootfs/sys"
	fresh_config
	try
	[ "$status" -ne 0 ]
}

@test "A2: what ctr writes for a process arrives there: scores, labels, sysctls of a container with a fake /proc/self" {
	mkdir -p "$T/fake"
	printf '0\n' >"$T/fake/oom_score_adj"
	config '.process.oomScoreAdj = 321' '.linux.sysctl = {"net.ipv4.ping_group_range": "3 4", "kernel.domainname": "in.side"}'
	mount_entry /fake bind "$T/fake" bind
	ln -s /fake "$rootfs/self"
	run_payload read /proc/self/oom_score_adj /proc/sys/net/ipv4/ping_group_range /proc/sys/kernel/domainname
	is $'321\n3\t4\nin.side'
	same 0 "$(cat "$T/fake/oom_score_adj")"
}
