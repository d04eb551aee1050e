# SPDX-License-Identifier: GPL-2.0-or-later
#
# A12: the filter that the kernel has, by all doors. That it says what the profile says, for every number and
# architecture: unit test test_seccomp_model. What actions and arguments do: tests/integration/seccomp.bats.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

x86() {
	[ "$(uname -m)" = x86_64 ] || skip 'needs x86-64, which has other doors'
}

@test "A12: system calls by the doors of x32 and of 32-bit programs end the program, whatever they are" {
	x86
	config '.linux.seccomp.architectures = []'
	for number in 0 39 57 59 101 165 272 321 435; do
		run_payload syscall $((0x40000000 | number))
		# SIGSYS of pid 1
		same 159 "$status"
		same '' "$output"
	done
	for number in 1 2 11 20 21 26 102 120 190; do
		run_payload int80 "$number"
		# SIGSYS; SIGSEGV where the kernel has no such door
		[ "$status" -eq 159 ] || [ "$status" -eq 139 ]
		same '' "$output"
	done
}

@test "A12: without a filter that knows them, a profile of another architecture does not let them in either" {
	x86
	for default in SCMP_ACT_ALLOW SCMP_ACT_ERRNO; do
		config ".linux.seccomp = {\"defaultAction\": \"$default\", \"architectures\": [\"SCMP_ARCH_X86_64\"], \"syscalls\": [
			{\"names\": [\"write\", \"exit_group\", \"exit\", \"read\", \"execve\", \"mmap\", \"mprotect\", \"brk\", \"arch_prctl\",
			\"set_tid_address\", \"rt_sigaction\", \"rt_sigprocmask\", \"ioctl\", \"writev\", \"fstat\", \"getpid\"], \"action\":
			\"$([ $default = SCMP_ACT_ALLOW ] && echo SCMP_ACT_LOG || echo SCMP_ACT_ALLOW)\"}]}"
		run_payload syscall 39
		is 'syscall: ok'
		run_payload syscall $((0x40000000 | 39))
		same 159 "$status"
		run_payload int80 20
		[ "$status" -eq 159 ] || [ "$status" -eq 139 ]
	done
}

@test "A12: nothing that the program does takes its filter away: prctl, another filter, execve, a child, a user namespace" {
	args sh -c 'payload syscall mount; unshare -Ur true 2>/dev/null && echo unshared
		sh -c "payload syscall mount"; (payload syscall mount) & wait; grep -h ^Seccomp: /proc/*/status | sort -u'
	run_bundle
	same $'syscall: EPERM\nsyscall: EPERM\nsyscall: EPERM\nSeccomp:\t2' "$output"
}

@test "A12: an exec, a hook in the container and each of their children have the container's filter" {
	start_payload sleep
	ctr exec "$tag" payload syscall mount
	is_refused
	ctr exec -u 1000 "$tag" payload syscall mount
	is_refused
	ctr exec -c CAP_SYS_ADMIN "$tag" payload syscall mount
	is_refused
	delete_ctr
}

is_refused() {
	same 'syscall: EPERM' "$output"
}
