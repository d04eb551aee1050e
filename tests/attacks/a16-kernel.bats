# SPDX-License-Identifier: GPL-2.0-or-later
#
# A16: what of the kernel a program can reach that nobody has configured anything for: the profile of `ctr spec`.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

# System calls that were the way to a hole of the kernel and that hardly a program needs.
refused="bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register keyctl add_key request_key mount umount2
	fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr kexec_load kexec_file_load open_by_handle_at init_module
	finit_module delete_module pivot_root swapon swapoff reboot setns acct quotactl iopl ioperm
	lookup_dcookie"

# The number of a system call of this architecture.
nr() {
	[ -s "$T/numbers" ] || echo '#include <sys/syscall.h>' | cc -E -dM - | sed -n 's/^#define __NR_\([a-z0-9_]*\) \([0-9]*\)$/\1 \2/p' >"$T/numbers"
	awk -v n="$1" '$1 == n { print $2; found = 1 } END { exit !found }' "$T/numbers"
}

@test "A16: the default profile refuses what few need and many holes were in" {
	local call list=()
	for call in $refused; do
		list+=(',' syscall "$(nr "$call")")
	done
	run_payload "${list[@]:1}"
	for call in $refused; do
		IFS= read -r line
		# unknown to a profile and to a kernel is refused as well
		[ "$line" = 'syscall: EPERM' ] || [ "$line" = 'syscall: ENOSYS' ] || { echo "$call: $line"; return 1; }
	done <<<"$output"
}

@test "A16: nor is there a door by arguments: namespaces of clone, kinds of sockets, personalities" {
	# CLONE_NEWUSER, NEWNS, NEWNET
	for flag in 0x10000000 0x20000 0x40000000; do
		run_payload syscall "$(nr clone)" $((flag | 17)) , syscall "$(nr unshare)" "$flag"
		same $'syscall: EPERM\nsyscall: EPERM' "$output"
	done
	# AF_ALG, AF_VSOCK; personality ADDR_NO_RANDOMIZE
	run_payload syscall "$(nr socket)" 38 5 , syscall "$(nr socket)" 40 1 , syscall "$(nr personality)" 0x0040000
	same 'syscall: EPERM syscall: EPERM syscall: EPERM' "$(tr '\n' ' ' <<<"$output" | sed 's/EAFNOSUPPORT/EPERM/g; s/ $//')"
	# glibc tries the older call when this one is not there; its flags could not be looked at
	run_payload syscall "$(nr clone3)" 0 0
	same 'syscall: ENOSYS' "$output"
}

@test "A16: files of the kernel that tell addresses or change it are not there to read or write" {
	run_sh 'for f in /proc/kcore /proc/kallsyms /proc/sysrq-trigger /sys/kernel/debug/x /sys/kernel/security/x /proc/sys/kernel/x \
			/sys/firmware/efi/x /dev/mem /dev/kmem /dev/port /dev/kmsg /proc/kmsg; do
			test "$f" = /proc/kallsyms && { head -n 1 $f | grep -q "^00000000" || echo "addresses in $f"; continue; }
			case $f in /dev/*) test -c $f || continue ;; esac
			head -c 1 $f 2>/dev/null | grep -q . && echo "read $f"
			(echo x >$f) 2>/dev/null && echo "written $f"
		done; echo end'
	is end
}
