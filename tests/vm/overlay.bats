#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Overlays on Linux 6.1, which takes neither layers by descriptor nor ones that are attached nowhere, and whose
# tmpfs can neither be idmapped nor hold user attributes; and quotas, for which the host's kernel may have no format.

load ../integration/lib
load ../integration/life
load ../integration/rootless

disk=/disk

setup() {
	user_setup
	modprobe -a loop ext4 quota_v2
	config '.root.readonly = false'
	mkdir -p "$disk"
	truncate -s 64M "$T/image"
	mkfs.ext4 -q -O project,quota "$T/image"
	mount -o loop,prjquota "$T/image" "$disk"
	mkdir -m 700 "$disk/data" "$disk/user"
	cp -a "$rootfs" "$disk/rootfs"
	chown -R 0:0 "$disk/rootfs"
}

teardown() {
	local failed=0
	umount "$disk" || failed=1
	rm "$T/image" || failed=1
	user_teardown || failed=1
	return "$failed"
}

# As root, with a config that root may run, on the disk.
as_root() {
	[ -e "$T/root/config.json" ] || "$CTR" spec -b "$T/root"
	jq ".root = {path: \"$disk/rootfs\"} | .process.terminal = false | ${1:-.}" \
		"$T/root/config.json" >"$T/root/config"
	capture "$CTR" --root "$T/state" --data-root "$disk/data" run -f "$T/root/config" "${@:2}" -b "$T/root" "$tag"
}

script() {
	jq -n --arg script "$1" '["sh", "-c", $script]'
}

mapped='.linux.namespaces += [{type: "user"}] |
	.linux.uidMappings = [{containerID: 0, hostID: 100000, size: 65536}] | .linux.gidMappings = .linux.uidMappings'

@test "overlay: 120 layers, on disk, idmapped; with a limit" {
	local i options=()
	mkdir "$T/root" "$disk/layers"
	chmod 755 "$T/root"
	for ((i = 1; i <= 120; i++)); do
		mkdir "$disk/layers/$i"
		echo "$i" >"$disk/layers/$i/top"
		options+=(--layer "$disk/layers/$i")
	done
	as_root "$mapped | .process.args = $(script 'cat /top; rm /bin/payload /top; mkdir /new; stat -c %u:%g / /new; ls /bin
		dd if=/dev/zero of=/big bs=1M count=9 2>&1 | grep -o "Disk quota exceeded\|No space left on device"')" \
		--overlay --size 4m "${options[@]}"
	same $'120\n0:0\n0:0\nbusybox\nsh' "$(sed '$d' <<<"$output")"
	same 'Disk quota exceeded' "${output##*$'\n'}"
	same 0:0 "$(stat -c %u:%g "$disk/data/$tag"/layers/*/fs/new)"
	as_root ".process.args = $(script 'ls -d /new; ls /top')" --overlay "${options[@]}"
	same /new "$output"
	as_root "$mapped | .process.args = $(script 'rm /bin/payload; touch /file; stat -c %u:%g /file')" --ephemeral
	is 0:0
	"$CTR" --root "$T/state" --data-root "$disk/data" delete "$tag"
	chattr +P -p 7 "$disk/data"
	as_root . --overlay --size 4m
	fails 'the data root is in project 7 already, as a whole' 'chattr -P'
	same '' "$(find "$disk/data" -mindepth 1 -not -name .layers)"
}

@test "overlay: of a user, on disk; a tmpfs would lose what hides directories" {
	chown -R "$user:$user" "$disk/user"
	chmod 755 "$disk"
	args sh -c 'cat /file; echo 1 >>/file; rm -r /etc /bin/payload; mkdir /etc; ls /bin /etc'
	write_config
	ctr --data-root "$disk/user" run --overlay -b "$bundle" "$tag"
	same $'/bin:\nbusybox\nsh\n\n/etc:' "$output"
	ctr --data-root "$disk/user" run --overlay -b "$bundle" "$tag"
	same $'1\n/bin:\nbusybox\nsh\n\n/etc:' "$output"
	ctr --data-root "$disk/user" delete "$tag"
	ok
	ctr run --ephemeral -b "$bundle" "$tag"
	fails 'a tmpfs without user attributes' '--ephemeral needs Linux 6.6'
	ctr run --overlay -b "$bundle" "$tag"
	fails 'without user extended attributes' '--data-root'
	rmdir "$T/home/.local/share/ctr/.layers" 2>/dev/null || true
}
