# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What this host offers: can it run the tests itself, and if not, has it what a VM needs?

# True if the tests can run right here: root, unified cgroup v2 with the memory controller (a
# hybrid host has a cgroup v2 tree, too, but the limits are bound to v1), and systemd if asked.
host_is_enough() {
	local mode=$1
	[ "$mode" != shell ] || return 1
	[ "$EUID" -eq 0 ] || return 1
	[ "$(stat -f -c %T /sys/fs/cgroup 2>/dev/null)" = cgroup2fs ] || return 1
	grep -qw memory /sys/fs/cgroup/cgroup.controllers || return 1
	[ "$mode" != systemd ] || [ -d /run/systemd/system ]
}

# Version of the kernel to boot: the newest one with an image and its modules.
host_kernel() {
	local version
	if [ -n "${CTR_VM_KERNEL:-}" ]; then
		printf '%s\n' "$CTR_VM_KERNEL"
		return
	fi
	for version in /lib/modules/*/; do
		version=$(basename "$version")
		if [ -r "$(host_kernel_image "$version")" ]; then
			printf '%s\n' "$version"
		fi
	done | sort -V | tail -n 1
}

# Debian and most others keep the image in /boot, Fedora beside the modules.
host_kernel_image() {
	if [ -r "/boot/vmlinuz-$1" ]; then
		printf '%s\n' "/boot/vmlinuz-$1"
	else
		printf '%s\n' "/lib/modules/$1/vmlinuz"
	fi
}

# The initramfs has no libraries, so only a static busybox will do.
host_busybox() {
	local path
	path=$(command -v busybox) || return 1
	if LC_ALL=C ldd "$path" >/dev/null 2>&1; then
		return 1
	fi
	realpath "$path"
}

# Prints what is missing and fails, or succeeds silently.
host_lacks() {
	local program kernel
	for program in qemu-system-x86_64 bats cpio modprobe sha256sum; do
		if ! command -v "$program" >/dev/null; then
			printf 'the VM tests need %s\n' "$program"
			return 1
		fi
	done
	if ! host_busybox >/dev/null; then
		printf 'the VM tests need a static busybox (Debian: busybox-static)\n'
		return 1
	fi
	kernel=$(host_kernel)
	if [ -z "$kernel" ] || [ ! -r "$(host_kernel_image "$kernel")" ]; then
		printf 'the VM tests need a kernel image with modules (Debian: linux-image-amd64)\n'
		return 1
	fi
}
