# SPDX-License-Identifier: GPL-2.0-or-later
#
# A1: links and changing names in the image, below everything that ctr makes or mounts in it.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

@test "A1: /dev is a link to the host: with and without a /dev mount, a terminal, a read-only root" {
	rmdir "$rootfs/dev"
	ln -s "$outside" "$rootfs/dev"
	args payload exit 0
	for terminal in false true; do
		for readonly in false true; do
			for mounts in '.' 'map(select(.destination | startswith("/dev") | not))' \
				'map(select(.destination != "/dev"))'; do
				filter=".process.terminal = $terminal | .root.readonly = $readonly | .mounts |= ($mounts)
					| .process.args = [\"payload\", \"exit\", \"0\"]"
				try
			done
		done
	done
}

@test "A1: the target of every default mount is a link, absolute and relative" {
	args payload exit 0
	for target in proc sys dev dev/pts dev/shm dev/mqueue; do
		for link in "$outside" "../../../../../../../../../../..$outside" /proc/self/root"$outside" \
			/proc/1/root"$outside" /proc/self/cwd; do
			rm -rf "${rootfs:?}/$target"
			mkdir -p "$rootfs/$(dirname "$target")"
			ln -s "$link" "$rootfs/$target"
			# that of /dev/pts counts only where /dev is the image's
			filter='.process.terminal = false | .process.args = ["payload", "exit", "0"]'
			[[ $target != dev/* ]] || config '.mounts |= map(select(.destination != "/dev"))'
			try
			rm -f "$rootfs/$target"
			mkdir -p "$rootfs/$target"
		done
	done
}

@test "A1: links in every component of a mount's destination" {
	args payload exit 0
	mkdir -p "$T/data"
	mount_entry /a/b/c bind "$T/data" bind
	for component in a a/b a/b/c; do
		for link in "$outside" "../../../../../../../../..$outside" /proc/self/root /proc/self/cwd /proc/self/fd/3; do
			rm -rf "$rootfs/a"
			mkdir -p "$rootfs/$(dirname "$component")"
			ln -s "$link" "$rootfs/$component"
			try
			[ -z "$(ls "$T/data")" ]
		done
	done
}

@test "A1: a chain of links that is too long, and one that turns in a circle" {
	args payload exit 0
	for ((i = 0; i < 41; i++)); do
		ln -s "l$((i + 1))" "$rootfs/l$i"
	done
	ln -s "$outside" "$rootfs/l41"
	mount_entry /l0/x tmpfs tmpfs
	try
	fails '/mounts/7' 'too many levels of symbolic links'
	ln -s circle "$rootfs/circle"
	filter='.process.terminal = false'
	mount_entry /circle/x tmpfs tmpfs
	try
	fails '/mounts/7' 'too many levels of symbolic links'
}

@test "A1: a mount inside a link that leads out is made inside the root instead" {
	config '.root.readonly = false'
	ln -s "$outside" "$rootfs/link"
	mount_entry /link/new tmpfs tmpfs
	run_payload mounts "$outside/new"
	ok
	has "$outside/new tmpfs"
	[ -d "$rootfs$outside/new" ]
	host_is_untouched
}

@test "A1: .. in a destination" {
	args payload exit 0
	mount_entry "/../../../../..$outside/sub" tmpfs tmpfs
	try
	filter='.process.terminal = false | .process.args = ["payload", "exit", "0"]'
	mount_entry '/tmp/../../../../etc' tmpfs tmpfs
	try
}

@test "A1: a volume whose content is full of links" {
	mkdir -p "$T/volume"
	ln -s "$outside" "$T/volume/out"
	ln -s "$outside/file" "$T/volume/file"
	args payload exit 0
	mount_entry /volume bind "$T/volume" bind
	mount_entry /volume/out/sub tmpfs tmpfs
	mount_entry /volume/file bind /etc/passwd bind
	try
}

@test "A1: a device node at a link, a device below a link" {
	config '.root.readonly = false'
	args payload exit 0
	ln -s "$outside" "$rootfs/nodes"
	ln -s "$outside/null" "$rootfs/etc/null"
	config '.linux.devices = [{"path": "/nodes/sub/x", "type": "c", "major": 1, "minor": 3}]'
	try
	config '.linux.devices = [{"path": "/etc/null", "type": "c", "major": 1, "minor": 3, "fileMode": 511, "uid": 7}]'
	try
	fails '/linux/devices/0'
}

@test "A1: a rootfs that is the host's root, read by nobody's mistake" {
	config '.root.path = "/"' '.root.readonly = true'
	args /bin/true
	run_bundle
	[ "$status" -le 1 ]
	host_is_untouched
}
