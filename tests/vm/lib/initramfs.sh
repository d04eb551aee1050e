# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The initramfs: busybox, the modules that lead to the root file system, guest-init. It is built
# once per kernel and version of these scripts. It is not compressed: unpacking would cost the
# emulated machine more time than copying a few megabytes.

# What is needed to reach the root (9p over virtio, overlay) and the ports, and what the tests of
# the network need before they can reach another VM. More can be loaded later from the shared root.
readonly initramfs_modules='virtio_pci virtio_console 9p 9pnet_virtio overlay virtio_net veth bridge'
readonly initramfs_applets='sh mount mkdir insmod switch_root cat cp ln cut echo grep poweroff sleep
	basename rm hostname cpio chmod'

initramfs_cache() {
	printf '%s\n' "${CTR_VM_CACHE:-${TMPDIR:-/tmp}/ctr-vm-cache}"
}

# Prints the path of an initramfs for kernel version $1; builds it if there is none.
initramfs_get() {
	local kernel=$1 cache sum file
	cache=$(initramfs_cache)
	# shellcheck disable=SC2154 # vm_dir is set by run
	sum=$(cat "$vm_dir/guest-init" "$vm_dir/lib/initramfs.sh" "$(host_busybox)" | sha256sum)
	file=$cache/initramfs-$kernel-${sum:0:16}
	if [ ! -e "$file" ]; then
		mkdir -p "$cache" || return 1
		# Left by other versions of these scripts, kernels and boots of the host.
		find "$cache" -maxdepth 1 -type f -mtime +7 -delete
		initramfs_build "$kernel" "$file" || return 1
	fi
	printf '%s\n' "$file"
}

initramfs_build() {
	local kernel=$1 file=$2 tree
	tree=$(mktemp -d "$file.XXXXXX")
	if ! initramfs_fill "$tree" "$kernel" || ! initramfs_pack "$tree" "$tree.cpio"; then
		rm -rf "$tree" "$tree.cpio"
		return 1
	fi
	# Renamed at the end, so that another run never boots half a file.
	mv "$tree.cpio" "$file"
	rm -rf "$tree"
}

initramfs_fill() {
	local tree=$1 kernel=$2 applet
	# Called as a condition, so "set -e" is off: every step says what a failure means.
	mkdir -p "$tree"/{bin,modules,proc,sys,dev,job,lower,rw,full,newroot} &&
		cp "$(host_busybox)" "$tree/bin/busybox" &&
		install -m 755 "$vm_dir/guest-init" "$tree/init" || return 1
	for applet in $initramfs_applets; do
		ln -s busybox "$tree/bin/$applet" || return 1
	done
	initramfs_add_modules "$tree/modules" "$kernel"
}

initramfs_pack() {
	(set -o pipefail && cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0) >"$2"
}

# Modules keep the order in which they must be loaded as a number in front of the name. The
# kernel's own loader takes no compressed modules from busybox, so those are unpacked here.
initramfs_add_modules() {
	local dir=$1 kernel=$2 path name number=100
	initramfs_module_paths "$kernel" >"$dir.list" || return 1
	while read -r path; do
		name=$dir/$number-$(basename "${path%%.ko*}").ko
		case $path in
		*.ko) cp "$path" "$name" ;;
		*.ko.xz) xz -dc "$path" >"$name" ;;
		*.ko.zst) zstd -qdc "$path" >"$name" ;;
		*.ko.gz) gzip -dc "$path" >"$name" ;;
		*) false ;;
		esac || return 1
		number=$((number + 1))
	done <"$dir.list"
	rm "$dir.list"
}

initramfs_module_paths() {
	local kernel=$1 module
	for module in $initramfs_modules; do
		# "builtin NAME" lines fall out: nothing to load.
		modprobe --set-version "$kernel" --show-depends "$module" || return 1
	done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++'
}
