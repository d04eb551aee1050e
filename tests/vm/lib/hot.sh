# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The files that tests open over and over: the shell, the tools, their libraries, bats, the program under
# test. In an emulated machine each step of a path, open and close that asks the host over 9p costs a
# millisecond or more, and a dynamic program does dozens of these at each start. So copies of these files
# are given to the VM as one archive, and guest-init lays them over the host's root, in memory.

readonly hot_tools='awk basename bash bats busybox cat chmod chown chroot cmp conmon containerd
	containerd-shim-runc-v2 cp cut date dd diff dirname docker env find grep head id ip jq kill ln ls mkdir
	mktemp mount mountpoint mv nsenter podman python3 readlink realpath rm rmdir sed seq setpriv sh sleep sort
	stat systemctl systemd-run tail tar tee test timeout touch tr true umount uniq unshare wc xargs'

# Those of the tests that say they need criu, with what it executes.
readonly hot_tools_criu='criu gzip ip6tables-restore ip6tables-save iptables-restore iptables-save modprobe nft'

# Of larger programs only the libraries: what matters is the number of files, not their size.
readonly hot_size=6M

# hot_write FILE CTR TEST...: the archive, with paths relative to the root.
hot_write() {
	local file=$1
	shift
	hot_files "$@" | hot_steps | LC_ALL=C sort -u |
		(cd / && cpio -o -H newc --quiet) >"$file"
}

hot_files() {
	local programs=() tests=() under_test=("$1") tool bats PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	for tool in $hot_tools $(hot_criu "$@"); do
		! tool=$(type -P "$tool") || programs+=("$tool")
	done
	[ ! -e "${1%/*}/ctr-full" ] || under_test+=("${1%/*}/ctr-full")
	bats=$(realpath "$(type -P bats)")
	# shellcheck disable=SC2154 # vm_dir is set by run
	tests=("$vm_dir"/lib "$vm_dir"/../{clients,integration})
	{
		printf '%s\n' /etc/ld.so.cache /etc/passwd /etc/group /etc/nsswitch.conf "${programs[@]}" "$@"
		find -L "${programs[@]}" "${under_test[@]}" -prune -print | hot_libraries
		find "${tests[@]}" "${bats%/*}"/../lib*/bats-core -type f
	} | hot_small
}

hot_criu() {
	! grep -qsw -e need_criu -e lan_begin "$@" || printf '%s\n' "$hot_tools_criu"
}

# The paths of the libraries of the programs on stdin, from ldd's two kinds of lines.
hot_libraries() {
	# it fails for what is static, or a script
	{ xargs -d '\n' ldd 2>/dev/null || true; } | sed -n 's/^\t.*=> \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) .*/\1/p' | sort -u
}

hot_small() {
	local paths
	mapfile -t paths < <(xargs -d '\n' realpath -s -e)
	find -L "${paths[@]}" -prune -type f -size "-$hot_size" -print
}

# Every directory and symlink on the way to the files on stdin, and they themselves, without the slash in front.
hot_steps() {
	local path step rest
	while IFS= read -r path; do
		step='' rest=${path#/}
		while [ -n "$rest" ]; do
			step+=/${rest%%/*}
			case $rest in
			*/*) rest=${rest#*/} ;;
			*) rest='' ;;
			esac
			printf '%s\n' "${step#/}"
			[ -L "$step" ] || continue
			# on, from where it leads
			rest=$(readlink "$step")${rest:+/$rest}
			case $rest in
			/*) step='' ;;
			*) step=${step%/*} ;;
			esac
			rest=$(realpath -s -m "$step/$rest")
			step='' rest=${rest#/}
		done
	done
}
