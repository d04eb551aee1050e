#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later

load ../integration/lib
load ../integration/life

setup() {
	ctr_setup
	modprobe -a unix_diag inet_diag tcp_diag udp_diag netlink_diag af_packet_diag nf_tables tun || true
	ip link set lo up
	mountpoint -q /dev/pts || { mkdir -p /dev/pts; mount -t devpts devpts /dev/pts; }
	img=$T/images
}

teardown() {
	ctr_teardown
}

@test "checkpoint: basics" {
	criu check || true
	args sh -c 'echo hello; while :; do sleep 0.1; done'
	start_bundle
	echo "$stderr"
	cat /proc/$pid/mountinfo
	ctr checkpoint --image-path "$img" --leave-running --format json "$tag"
	echo "st $status $stderr"; echo "$output"
	grep -n "Error\|Warn" $img/dump.log; tail -5 $img/dump.log
	ls -la $img
	cat $img/descriptors.json
	ctr state "$tag"; echo "$output"
	ctr checkpoint --image-path "$img-2" --iterate auto --format json "$tag"
	echo "st $status $stderr"; echo "$output"
	grep -n "Error\|Warn" $img-2/dump.log; tail -5 $img-2/dump.log
	ls -la $img-2
	ctr state "$tag"; echo "$stderr"
	cat /proc/mounts | grep cgroup
	false
}
