#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers that come back from images.

load ../integration/lib
load ../integration/life

setup() {
	ctr_setup
	modprobe -a unix_diag inet_diag tcp_diag udp_diag netlink_diag af_packet_diag nf_tables tun veth bridge || true
	ip link set lo up
	img=$T/images
}

teardown() {
	ctr_teardown
}

save() {
	ctr checkpoint --image-path "$img" "$@" "$tag"
	[ "$status" -eq 0 ] || { tail -25 "$img/dump.log"; return 1; }
}

bring_back() {
	ctr restore --image-path "$img" -b "$bundle" --pid-file "$T/pid" "$@" "$tag"
	pid=$(cat "$T/pid" 2>/dev/null) || pid=''
}

@test "restore: a counter goes on" {
	args sh -c 'i=0; while :; do i=$((i+1)); echo $i >/tmp/n; sleep 0.1; done'
	config '.root.readonly = false'
	start_bundle
	wait_until test -s "$rootfs/tmp/n"
	cat /proc/mounts | sort >"$T/before"
	cat /proc/$pid/mountinfo
	save
	bring_back -d
	echo "st $status $stderr $output"
	grep -n "Error\|Warn" $img/restore.log || true
	[ "$status" -eq 0 ] || tail -40 $img/restore.log
	cat /proc/$pid/mountinfo
	cat /proc/$pid/cgroup; ls -la /proc/$pid/ns /proc/$$/ns
	cat /proc/$pid/status
	ctr state "$tag"; echo "$output"
	cat "$rootfs/tmp/n"; sleep 0.5;  cat "$rootfs/tmp/n"
	cat /proc/mounts | sort | diff "$T/before" -
	delete_ctr
	false
}
