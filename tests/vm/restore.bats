#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers that come back from images: what they are then, and what is refused.

# bats file_tags=criu
load ../integration/lib
load ../integration/life
load lib/criu

need_fail() {
	need "$1"
}

setup() {
	need_criu
	ctr_setup
	ip link set lo up
	img=$T/images
	config '.root.readonly = false'
}

teardown() {
	local failed=0
	ctr_teardown || failed=1
	! mountpoint -q "$T/disk" || umount "$T/disk" || failed=1
	return "$failed"
}

# All images go to one directory; they are made anew each time.
save() {
	rm -rf "$img"
	ctr checkpoint --image-path "$img" "$@" "$tag"
	[ "$status" -eq 0 ] || { criu_said "$img"; return 1; }
}

bring_back() {
	ctr restore -d --image-path "$img" -b "$bundle" --pid-file "$T/pid" "$@" "$tag"
	[ "$status" -eq 0 ] || { criu_said "$img"; return 1; }
	pid=$(<"$T/pid")
}

# A program that counts, in a file.
counter='i=0; while :; do i=$((i+1)); echo $i >/tmp/n.new; mv /tmp/n.new /tmp/n; sleep 0.02; done'

start_counter() {
	args sh -c "${1:-} $counter"
	start_bundle
	ok
	wait_until test -s "$rootfs/tmp/n"
}

counts_beyond() {
	[ "$(<"$rootfs/tmp/n")" -gt "$1" ]
}

# Of the host: what is mounted where, how. Ids are given anew.
host_mounts() {
	cut -d ' ' -f 3- /proc/self/mountinfo | sort
}

@test "restore: ten times the same container; the host's mounts stay as they are, also while it lives" {
	local i before n
	before=$(host_mounts)
	start_counter
	cgroup=$(cgroup_of "$pid")
	for ((i = 0; i < 10; i++)); do
		save
		[ ! -e "$cgroup" ]
		n=$(<"$rootfs/tmp/n")
		bring_back
		wait_until counts_beyond "$n"
		same "$before" "$(host_mounts)"
	done
	ctr state "$tag"
	same "running $pid" "$(jq -r '"\(.status) \(.pid)"' <<<"$output")"
	same "$cgroup" "$(cgroup_of "$pid")"
	delete_ctr
	same "$before" "$(host_mounts)"
}

@test "restore: in the foreground, with its output, its exit code, and nothing left" {
	args sh -c 'echo before; until [ -e /tmp/go ]; do sleep 0.02; done; echo after; exit 7'
	start_bundle
	ok
	save
	(wait_until test -e "$root/$tag" && touch "$rootfs/tmp/go") 3>&- &
	capture "$CTR" --root "$root" restore --image-path "$img" -b "$bundle" "$tag"
	same 7 "$status"
	same after "$output"
	nothing_left
}

@test "restore: hooks of the host run, those of the container do not" {
	local kind
	for kind in prestart createRuntime poststart poststop; do
		hook "$kind" "cat >$T/$kind"
	done
	hook startContainer 'echo start >>/tmp/hooks'
	hook createContainer "echo create >>$rootfs/tmp/hooks"
	start_counter
	save
	rm "$T"/{prestart,createRuntime,poststart,poststop}
	bring_back
	for kind in prestart createRuntime poststart; do
		same "$pid $bundle" "$(jq -r '"\(.pid) \(.bundle)"' "$T/$kind")"
	done
	same 'created running' "$(jq -r .status "$T/createRuntime" "$T/poststart" | xargs)"
	same $'create\nstart' "$(<"$rootfs/tmp/hooks")"
	[ ! -e "$T/poststop" ]
	delete_ctr
	[ -e "$T/poststop" ]
}

# bats test_tags=core
@test "restore: limits, masks, mounts of the host and credentials are those of the config" {
	local rule
	mkdir "$T/shared" "$T/shared/below"
	echo here >"$T/shared/file"
	echo hosts >"$T/hosts"
	touch "$rootfs/etc/hosts"
	config '.linux.resources.memory.limit = 67108864' '.linux.resources.pids.limit = 20' \
		'.linux.sysctl["net.ipv4.ip_default_ttl"] = "77"'
	mount_entry /mnt/shared bind "$T/shared" rbind ro
	mount_entry /mnt/shared/below bind "$T" bind
	mount_entry /etc/hosts bind "$T/hosts" bind
	start_counter
	save
	rmdir "$rootfs/mnt/shared" # a mount point: it is made again
	bring_back
	cgroup=$(cgroup_of "$pid")
	same 67108864 "$(<"$cgroup/memory.max")"
	same 20 "$(<"$cgroup/pids.max")"
	ctr exec "$tag" sh -c 'cat /mnt/shared/file /etc/hosts /proc/sys/net/ipv4/ip_default_ttl; ls /mnt/shared/below/hosts
		echo no >/mnt/shared/file; wc -c </proc/kcore; cat /proc/self/cgroup; ls /sys/fs/cgroup/pids.max'
	same $'here\nhosts\n77\n/mnt/shared/below/hosts\n0\n0::/\n/sys/fs/cgroup/pids.max' "$output"
	[[ $stderr == *'Read-only file system'* ]]
	same "$(jq -r '.process.capabilities.bounding | length' "$bundle/config.json")" \
		"$(capsh --decode="$(awk '/CapBnd/ { print $2 }' "/proc/$pid/status")" | cut -d = -f 2 | tr , '\n' | wc -l)"
	same '1 2' "$(awk '/NoNewPrivs|Seccomp:/ { print $2 }' "/proc/$pid/status" | xargs)"
	delete_ctr
}

# bats test_tags=core
@test "restore: a user namespace; its images lie where mounts can be idmapped, and else are refused" {
	chown -R 100000:100000 "$rootfs"
	user_namespace
	start_counter "exec </dev/null >/dev/null 2>&1;" # files of the host must have their mode, and let it in
	save --leave-running
	delete_ctr
	ctr restore -d --image-path "$img" -b "$bundle" "$tag"
	if [ "$status" -eq 0 ]; then # a newer kernel: tmpfs can
		delete_ctr
	else
		fails 'the images cannot be shown to' 'copy them to ext4'
		nothing_left
	fi
	modprobe -a loop ext4 || true # built in, where it is no module
	truncate -s 64M "$T/image"
	mkfs.ext4 -q "$T/image"
	mkdir "$T/disk"
	mount -o loop "$T/image" "$T/disk"
	cp -a "$img" "$T/disk/images"
	img=$T/disk/images
	bring_back
	same 100000 "$(awk '/^Uid/ { print $2 }' "/proc/$pid/status")"
	same '0 100000 65536' "$(awk '{ print $1, $2, $3 }' "/proc/$pid/uid_map")"
	wait_until counts_beyond "$(<"$rootfs/tmp/n")"
	delete_ctr
	umount "$T/disk" # what is left behind is looked for
}

@test "restore: a terminal, to a console socket" {
	config '.process.terminal = true'
	"$lib_dir/peer" console "$T/console" expect=ready expect=never >"$T/said" 2>&1 3>&- &
	peer=$!
	wait_until test -S "$T/console"
	args sh -c 'echo ready; echo >/tmp/n; trap "" HUP; read -r line; echo "got $line"; sleep 1000'
	start_bundle --console-socket "$T/console"
	ok
	wait_until test -s "$rootfs/tmp/n"
	save
	wait "$peer" || true # its terminal has gone
	rm "$T/console"
	"$lib_dir/peer" console "$T/console" 'send=hello\n' 'expect=got hello' hangup >"$T/said" 2>&1 3>&- &
	peer=$!
	wait_until test -S "$T/console"
	bring_back --console-socket "$T/console"
	wait "$peer" || { cat "$T/said"; return 1; }
	delete_ctr
}

# not_restored CODE TEXT... : the last command failed so, and nothing of the container is there
not_restored() {
	fails_with "$@"
	nothing_left
}

@test "restore: refused, and nothing is left: an id in use, no images, no criu, images that want more, lost files" {
	args sh -c 'exec 9</tmp/open; echo ready >/tmp/n; while :; do sleep 0.02; done'
	echo >"$rootfs/tmp/open"
	start_bundle
	wait_until test -s "$rootfs/tmp/n"
	save --leave-running
	ctr restore -d --image-path "$img" -b "$bundle" "$tag"
	fails 'already exists'
	ctr state "$tag"
	same running "$(jq -r .status <<<"$output")"
	delete_ctr
	ctr restore -d --image-path "$T/none" -b "$bundle" "$tag"
	not_restored 1 "open the directory '$T/none' for images" 'no such file'
	mkdir -m 700 "$T/empty"
	ctr restore -d --image-path "$T/empty" -b "$bundle" "$tag"
	not_restored 6 image
	ctr --criu "$T/none" restore -d --image-path "$img" -b "$bundle" "$tag"
	not_restored 4 criu
	cp "$bundle/config.json" "$T/config"
	jq '.process.capabilities.bounding = [] | .process.capabilities.permitted = [] |
		.process.capabilities.effective = []' "$T/config" >"$bundle/config.json"
	ctr restore -d --image-path "$img" -b "$bundle" "$tag"
	not_restored 6 'CAP_KILL' 'which the config does not grant'
	jq '.linux.maskedPaths += ["/proc/version"]' "$T/config" >"$bundle/config.json"
	ctr restore -d --image-path "$img" -b "$bundle" "$tag"
	not_restored 6 /proc/version
	cp "$T/config" "$bundle/config.json"
	rm "$rootfs/tmp/open"
	ctr restore -d --image-path "$img" -b "$bundle" --work-path "$T/work" "$tag"
	not_restored 5 /tmp/open "$T/work/restore.log"
	[ -s "$T/work/restore.log" ]
}

# No task of it is left, though the cgroup is: ctr was killed before it could remove that.
is_empty() {
	grep -qx 'populated 0' "$cgroup/cgroup.events"
}

@test "restore: ctr is killed while the restored tasks stand: they die, and delete removes the rest" {
	config '.process.terminal = true'
	"$lib_dir/peer" console "$T/console" expect=ready >"$T/said" 2>&1 3>&- &
	peer=$!
	wait_until test -S "$T/console"
	args sh -c "echo ready; echo >/tmp/n; trap '' HUP; while :; do echo >>/tmp/ran; sleep 0.02; done"
	start_bundle --console-socket "$T/console"
	ok
	wait_until test -s "$rootfs/tmp/n"
	cgroup=$(cgroup_of "$pid")
	save
	wait "$peer" || true
	rm "$T/console" "$rootfs/tmp/ran"
	"$lib_dir/peer" hostile full "$T/console" 60 >"$T/said" 2>&1 3>&- &
	peer=$!
	wait_until test -S "$T/console"
	# it cannot hand the terminal over, and waits for some seconds: all tasks exist by then
	"$CTR" --root "$root" restore -d --image-path "$img" -b "$bundle" --console-socket "$T/console" \
		"$tag" >/dev/null 2>&1 </dev/null 3>&- &
	ctr=$!
	wait_until grep -qE '"phase": ?"running"' "$root/$tag/state.json"
	kill -9 "$ctr"
	wait_until is_empty
	[ ! -e "$rootfs/tmp/ran" ]
	kill "$peer"
	delete_ctr
	nothing_left
}
