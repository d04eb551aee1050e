# SPDX-License-Identifier: GPL-2.0-or-later
#
# A1, under race: names in the image are exchanged for links to the host as fast as the kernel can, while
# containers start. In CI a sample of starts; `make attacks` makes more than two thousand.

load lib
setup() {
	attack_setup
	config '.root.readonly = false'
	args payload exit 0
}
teardown() { attack_teardown; }

# Start the bundle again and again while names are exchanged: race A B [A B ...]
race() {
	local i n done=0
	n=$(times 20 250)
	write_config
	start_flips "$@"
	for ((i = 0; i < n; i++)); do
		ctr run "$bundle"
		attempt_is_clean || { end_flips; return 1; }
		[ "$status" -ne 0 ] || done=$((done + 1))
	done
	end_flips
	printf '# %s: %d starts, %d of them ran, %s exchanges\n' "$BATS_TEST_DESCRIPTION" "$n" "$done" \
		"$(cat "$T/flips")" >&3
	host_is_untouched
}

# A directory of the image, and beside it a link to the host.
swap() {
	mkdir -p "$rootfs/$1"
	ln -s "${2:-$out}" "$rootfs/swap"
}

@test "A1: race: a directory on the way to mounts" {
	mkdir -p "$T/data" "$rootfs/a/sub"
	swap a
	mount_entry /a/sub/c bind "$T/data" bind
	mount_entry /a/sub/d tmpfs tmpfs
	race "$rootfs/a" "$rootfs/swap"
}

@test "A1: race: the mount point itself, by an absolute link" {
	mkdir -p "$T/data"
	swap t "$outside"
	mount_entry /t bind "$T/data" bind
	mount_entry /t/sub tmpfs tmpfs
	race "$rootfs/t" "$rootfs/swap"
}

@test "A1: race: a file that something is bound over" {
	echo data >"$T/data"
	: >"$rootfs/file"
	ln -s "$out/file" "$rootfs/swap"
	mount_entry /file bind "$T/data" bind
	race "$rootfs/file" "$rootfs/swap"
}

@test "A1: race: /dev of the image, with devices and links to make in it" {
	swap dev
	config '.mounts |= map(select(.destination | startswith("/dev") | not))' \
		'.linux.devices = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "uid": 7, "fileMode": 511},
			{"path": "/dev/sub/x", "type": "p"}]'
	race "$rootfs/dev" "$rootfs/swap"
}

@test "A1: race: the mount points of proc and of /dev" {
	mkdir -p "$rootfs/x"
	ln -s "$out" "$rootfs/swap"
	ln -s "$out/proc" "$rootfs/procswap"
	race "$rootfs/dev" "$rootfs/swap" "$rootfs/proc" "$rootfs/procswap"
}

@test "A1: race: masked and read-only paths" {
	mkdir -p "$rootfs/m/pts" "$rootfs/m/shm"
	: >"$rootfs/m/null"
	swap m
	config '.linux.maskedPaths = ["/m/pts", "/m/null", "/m"]' '.linux.readonlyPaths = ["/m/shm", "/m/null"]'
	race "$rootfs/m" "$rootfs/swap"
}

@test "A1: race: the working directory, which is made where it is missing" {
	swap w
	config '.process.cwd = "/w/sub/new/deep"'
	race "$rootfs/w" "$rootfs/swap"
}

@test "A1: race: passwd, which is read for HOME" {
	printf 'root:x:0:0::/tmp:\n' >"$rootfs/etc/passwd"
	mkfifo "$rootfs/etc/fifo"
	ln -s "$out/passwd" "$rootfs/etc/swap"
	config '.process.env = ["PATH=/bin"]'
	race "$rootfs/etc/passwd" "$rootfs/etc/swap" "$rootfs/etc/swap" "$rootfs/etc/fifo"
}

@test "A1: race: a volume, from within another container that has it, too" {
	local victim=$bundle
	mkdir -p "$T/volume/a/sub"
	ln -s "$out" "$T/volume/swap"
	cp "$CTR_HELPERS/flip" "$rootfs/bin/flip"
	mount_entry /volume bind "$T/volume" bind
	args flip /volume/a /volume/swap
	write_config
	"$CTR" --root "$root" run -d -b "$bundle" "$tag-flip" >"$T/out" 2>&1 </dev/null
	fresh_config '.root.readonly = false'
	mount_entry /volume bind "$T/volume" bind
	mount_entry /volume/a/sub tmpfs tmpfs
	mount_entry /volume/a/new/x bind "$T/volume" bind
	config '.linux.devices = [{"path": "/volume/a/null", "type": "c", "major": 1, "minor": 3, "uid": 7}]'
	args payload exit 0
	write_config
	n=$(times 20 250)
	for ((i = 0; i < n; i++)); do
		ctr run "$victim"
		attempt_is_clean
	done
	same running "$(state_of "$tag-flip")"
	"$CTR" --root "$root" delete -f "$tag-flip"
	host_is_untouched
}
