# SPDX-License-Identifier: GPL-2.0-or-later
# Devices: the default ones and their links, linux.devices, the device rules of the cgroup.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

@test "devices: the default nodes" {
	run_payload stat /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty
	is '/dev/null c 0666 0:0 1:3
/dev/zero c 0666 0:0 1:5
/dev/full c 0666 0:0 1:7
/dev/random c 0666 0:0 1:8
/dev/urandom c 0666 0:0 1:9
/dev/tty c 0666 0:0 5:0'
}

@test "devices: the default links" {
	run_payload stat /dev/ptmx /dev/fd /dev/stdin /dev/stdout /dev/stderr
	is '/dev/ptmx l 0777 0:0 -> pts/ptmx
/dev/fd l 0777 0:0 -> /proc/self/fd
/dev/stdin l 0777 0:0 -> /proc/self/fd/0
/dev/stdout l 0777 0:0 -> /proc/self/fd/1
/dev/stderr l 0777 0:0 -> /proc/self/fd/2'
}

@test "devices: /dev/core only where the kernel has kcore" {
	run_payload stat /dev/core
	if [ -e /proc/kcore ]; then
		is '/dev/core l 0777 0:0 -> /proc/kcore'
	else
		[ "$output" = '/dev/core: ENOENT' ] || [ "$output" = '/dev/core l 0777 0:0 -> /proc/kcore' ]
	fi
}

@test "devices: nothing else in /dev" {
	run_sh 'ls /dev | grep -vx core'
	is "$(printf '%s\n' fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero)"
}

@test "devices: they work" {
	run_sh 'echo x >/dev/null; head -c 3 /dev/zero | wc -c; head -c 5 /dev/urandom | wc -c
		echo x >/dev/full || echo refused; echo out 2>&1 >/dev/stdout | cat; ls /dev/pts; cat /dev/fd/0'
	same 0 "$status"
	same $'3\n5\nrefused\nout\nptmx' "$output"
}

@test "devices: no /dev in the mounts: no nodes are made" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	run_sh 'ls /dev | wc -l'
	is 0
}

@test "devices: /dev bound from the host is left alone" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	mkdir "$T/dev"
	mount_entry /dev bind "$T/dev" bind
	run_sh 'ls /dev | wc -l'
	is 0
	[ -z "$(ls "$T/dev")" ]
}

@test "devices: linux.devices: character, block, fifo; mode, owner; a directory on the way" {
	config '.linux.devices = [
		{"path": "/dev/my/zero", "type": "c", "major": 1, "minor": 5, "fileMode": 384, "uid": 7, "gid": 8},
		{"path": "/dev/plain", "type": "u", "major": 1, "minor": 3},
		{"path": "/dev/block", "type": "b", "major": 7, "minor": 200, "fileMode": 432},
		{"path": "/dev/fifo", "type": "p", "fileMode": 438},
		{"path": "/srv/outside", "type": "c", "major": 1, "minor": 7}]'
	run_payload stat /dev/my/zero /dev/plain /dev/block /dev/fifo /srv/outside
	is '/dev/my/zero c 0600 7:8 1:5
/dev/plain c 0666 0:0 1:3
/dev/block b 0660 0:0 7:200
/dev/fifo p 0666 0:0
/srv/outside c 0666 0:0 1:7'
}

@test "devices: a default device can be given another mode" {
	config '.linux.devices = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 384}]'
	run_payload stat /dev/null
	is '/dev/null c 0600 0:0 1:3'
}

@test "devices: the caller's umask does not matter" {
	config '.linux.devices = [{"path": "/dev/x", "type": "c", "major": 1, "minor": 3}]'
	args payload stat /dev/x /dev/null
	write_config
	umask 077
	ctr run "$bundle"
	umask 022
	is $'/dev/x c 0666 0:0 1:3\n/dev/null c 0666 0:0 1:3'
}

@test "devices: another file where the device should be" {
	echo text >"$rootfs/etc/node"
	config '.linux.devices = [{"path": "/etc/node", "type": "c", "major": 1, "minor": 3}]'
	run_bundle
	fails "run $tag: create" "'/etc/node'" 'another file' '/linux/devices/0'
	rm "$rootfs/etc/node"
	mknod "$rootfs/etc/node" c 1 5
	run_bundle
	fails "'/etc/node'" '/linux/devices/0'
	rm "$rootfs/etc/node"
	mknod "$rootfs/etc/node" c 1 3
	run_payload exit 0
	ok
}

@test "devices: an unknown type, missing numbers, a relative path" {
	config '.linux.devices = [{"path": "/dev/x", "type": "q", "major": 1, "minor": 3}]'
	run_bundle
	fails '/linux/devices/0/type' "'q'"
	config '.linux.devices = [{"path": "/dev/x", "type": "c"}]'
	run_bundle
	fails '/linux/devices/0'
	config '.linux.devices = [{"path": "dev/x", "type": "p"}]'
	run_bundle
	fails '/linux/devices/0/path'
}

@test "devices: in a user namespace the host's node is shown" {
	user_namespace
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	config '.linux.devices = [{"path": "/dev/loop-control", "type": "c", "major": 10, "minor": 237}]'
	[ -e /dev/loop-control ] || need /dev/loop-control
	run_payload stat /dev/loop-control
	ok
	has '/dev/loop-control c' '10:237'
}

@test "devices: in a user namespace: another node on the host, none, another type" {
	user_namespace
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	config '.linux.devices = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 5}]'
	run_bundle
	fails "the host's '/dev/null' is another device: no such device" '/linux/devices/0'
	config '.linux.devices = [{"path": "/dev/null", "type": "b", "major": 1, "minor": 3}]'
	run_bundle
	fails "the host's '/dev/null' is another device: no such device" '/linux/devices/0'
	config '.linux.devices = [{"path": "/dev/not-there", "type": "c", "major": 1, "minor": 3}]'
	run_bundle
	fails "device on the host '/dev/not-there': no such file or directory" '/linux/devices/0' \
		"create it or remove the device"
}

@test "devices: in a user namespace mode and owner are the host's, with a warning; a fifo is made" {
	user_namespace
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	config '.linux.devices = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 384},
		{"path": "/dev/fifo", "type": "p", "fileMode": 416, "uid": 5, "gid": 6}]'
	run_payload stat /dev/null /dev/fifo
	is $'/dev/null c 0666 65534:65534 1:3\n/dev/fifo p 0640 5:6'
	ctr --debug run "$bundle"
	has /dev/null
	same "ctr: warning: config.json /linux/devices/0: fileMode, uid and gid have no effect in a user namespace: the host's node is mounted" "$stderr"
	ctr run --strict "$bundle"
	fails "fileMode, uid and gid have no effect in a user namespace" '/linux/devices/0'
}

@test "devices: numbers out of range" {
	config '.linux.devices = [{"path": "/dev/x", "type": "c", "major": 4096, "minor": 3}]'
	run_bundle
	fails '4096 is outside 0 to 4095' '/linux/devices/0/major'
	config '.linux.devices = [{"path": "/dev/x", "type": "b", "major": 1, "minor": -1}]'
	run_bundle
	fails '-1 is outside 0 to 1048575' '/linux/devices/0/minor'
	config '.linux.devices = [{"path": "/dev/x", "type": "b", "major": 1}]'
	run_bundle
	fails "required member 'minor' is missing" '/linux/devices/0'
}

# --- the rules ---

@test "devices: default rules: what is not allowed cannot be opened" {
	config '.linux.devices = [{"path": "/dev/mem", "type": "c", "major": 1, "minor": 1},
		{"path": "/dev/z", "type": "c", "major": 1, "minor": 5}]'
	run_payload open /dev/mem , open /dev/z w , open /dev/null
	same $'/dev/mem: EPERM\n/dev/z: ok\n/dev/null: ok' "$output"
}

@test "devices: default rules: mknod is allowed, as always" {
	capability CAP_MKNOD
	run_payload mknod /dev/mem 1 1 , open /dev/mem
	same $'/dev/mem: ok\n/dev/mem: EPERM' "$output"
}

# The major number 400 belongs to nobody: what the rules let through ends in ENXIO.
@test "devices: an allowed device, read only" {
	config '.linux.devices = [{"path": "/dev/x", "type": "c", "major": 400, "minor": 1}]' \
		'.linux.resources.devices += [{"allow": true, "type": "c", "major": 400, "minor": 1, "access": "r"}]'
	run_payload open /dev/x , open /dev/x w
	same $'/dev/x: ENXIO\n/dev/x: EPERM' "$output"
}

@test "devices: wildcards, and the last matching rule wins" {
	config '.linux.devices = [{"path": "/dev/x", "type": "c", "major": 400, "minor": 1},
			{"path": "/dev/y", "type": "c", "major": 400, "minor": 4},
			{"path": "/dev/z", "type": "c", "major": 401, "minor": 1}]' \
		'.linux.resources.devices += [{"allow": true, "type": "c", "major": 400, "access": "rwm"},
			{"allow": false, "type": "c", "major": 400, "minor": 4, "access": "rwm"}]'
	run_payload open /dev/x , open /dev/y , open /dev/z
	same $'/dev/x: ENXIO\n/dev/y: EPERM\n/dev/z: EPERM' "$output"
}

@test "devices: no rules: everything is open" {
	config 'del(.linux.resources)' '.linux.devices = [{"path": "/dev/x", "type": "c", "major": 400, "minor": 1}]'
	run_payload open /dev/x
	same '/dev/x: ENXIO' "$output"
}

@test "devices: an unknown access letter, an empty access" {
	config '.linux.resources.devices += [{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "x"}]'
	run_bundle
	fails '/linux/resources/devices/1/access'
	config '.linux.resources.devices[1].access = ""'
	run_bundle
	fails '/linux/resources/devices/1/access'
}

@test "devices: stdio of the host keeps its owner and mode" {
	config '.process.user = {"uid": 1000, "gid": 1000}'
	: >"$T/file"
	args payload exit 0
	write_config
	before=$(stat -c '%a %u %g' /dev/null "$T/file")
	"$CTR" --root "$root" run "$bundle" </dev/null >"$T/file" 2>/dev/null
	same "$before" "$(stat -c '%a %u %g' /dev/null "$T/file")"
}

@test "devices: the rules hold for hooks in the container as for its program" {
	# a device that no rule of ours allows, and that needs no driver to be there
	mknod "$T/node" c 10 229
	printf '#!/bin/sh\nif true <"%s"; then echo open; else echo refused; fi >"%s/said" 2>&1\n' "$T/node" "$T" >"$T/look"
	chmod 755 "$T/look"
	config '.linux.resources.devices = [{"allow": false, "access": "rwm"}]' \
		".hooks.createContainer = [{\"path\": \"$T/look\"}]"
	run_payload exit 0
	ok
	grep -q 'Operation not permitted' "$T/said"
	config '.linux.resources.devices += [{"allow": true, "type": "c", "major": 10, "minor": 229, "access": "rw"}]'
	run_payload exit 0
	ok
	refute grep -q 'Operation not permitted' "$T/said"
}
