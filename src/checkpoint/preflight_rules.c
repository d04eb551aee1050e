// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of what stands in the way of CRIU. Those rules that tests/vm/checkpoint-preflight.bats holds against
 * criu were seen with 3.17.1 on Linux 6.1. The others rest on what CRIU publishes:
 *
 *	session-outside		its dump ends when a task's session has no number in the pid namespace
 *	map-device		criu.org/What_cannot_be_checkpointed: devices that are open or mapped
 *	kvm, seccomp-listener	objects of the kernel that it does not know end a dump, as anon-inode, which was seen
 *
 * and these are only possible, because nothing published says that a dump always fails on them: tcp-ulp,
 * socket-unseen, gpu (a plugin may be installed), shadow-stack, rseq, uninterruptible, seccomp-notify.
 * doc/checkpoint.md has the table for operators.
 */
#include <stddef.h>

#include "checkpoint/preflight.h"
#include "checkpoint/preflight_rules.h"

#define ALLOWED_BY(f) .flag = offsetof(struct checkpoint_flags, f) + 1
#define CERTAIN	      .certain = true

const struct preflight_rule preflight_rules[] = {
	[PREFLIGHT_TCP_CONNECTED] = { "tcp-connected",
				      "it is a TCP connection, which has another end",
				      "--tcp-established, here and at restore", CERTAIN,
				      ALLOWED_BY(tcp_established) },
	[PREFLIGHT_TCP_IN_FLIGHT] = { "tcp-in-flight",
				      "connections wait to be accepted, and no task has them yet",
				      "--tcp-skip-in-flight: they are dropped, and clients try "
				      "again",
				      CERTAIN, ALLOWED_BY(tcp_skip_in_flight) },
	[PREFLIGHT_TCP_ULP] = { "tcp-ulp",
				"the kernel encrypts for this connection, and its keys are not "
				"saved",
				"have the program do TLS by itself" },
	[PREFLIGHT_UDP_CORKED] = { "udp-corked", "a datagram is half written (UDP_CORK)",
				   "try again: it is a matter of moments", CERTAIN },
	[PREFLIGHT_UDP_UNREAD] = { "udp-unread",
				   "datagrams wait in it, and are dropped, as the network may do",
				   "try again once the program has read them" },
	[PREFLIGHT_INET_PROTOCOL] = { "inet-protocol", "CRIU does not know this protocol",
				      "have the program use TCP or UDP", CERTAIN },
	[PREFLIGHT_NETLINK_UNREAD] = { "netlink-unread",
				       "the kernel's messages wait in it, and are not saved",
				       "try again once the program has read them", CERTAIN },
	[PREFLIGHT_SOCKET_FAMILY] = { "socket-family", "CRIU does not know sockets of this family",
				      "end what uses it before the checkpoint", CERTAIN },
	[PREFLIGHT_SOCKET_ELSEWHERE] = { "socket-elsewhere",
					 "it belongs to a network namespace outside of the "
					 "container",
					 "have the program make its sockets itself, without socket "
					 "activation",
					 CERTAIN },
	[PREFLIGHT_SOCKET_MOVED] = { "socket-moved",
				     "it belongs to a network namespace outside of the container, "
				     "and is made in the container's at restore",
				     "have the program make its sockets itself, without socket "
				     "activation" },
	[PREFLIGHT_SOCKET_UNSEEN] = { "socket-unseen", "it could not be looked at",
				      "run this as root of the host" },
	[PREFLIGHT_UNIX_OUTSIDE] = { "unix-outside",
				     "it is connected to a socket outside of the container",
				     "--ext-unix-sk, here and at restore", CERTAIN,
				     ALLOWED_BY(ext_unix_sk) },
	[PREFLIGHT_UNIX_STREAM_OUTSIDE] = { "unix-stream-outside",
					    "it is a connection with a task outside of the "
					    "container, "
					    "and half of one cannot be saved",
					    "have the program close it before the checkpoint",
					    CERTAIN },
	[PREFLIGHT_UNIX_UNSEEN_OUTSIDE] = { "unix-unseen-outside",
					    "it is connected to a socket outside of the container "
					    "that has no name, or is in another network namespace",
					    "have the program close it before the checkpoint",
					    CERTAIN },
	[PREFLIGHT_UNIX_NOT_ACCEPTED] = { "unix-not-accepted",
					  "nobody has accepted this connection yet, and what was "
					  "sent on it is not saved",
					  "try again once the server has accepted it" },
	[PREFLIGHT_FILE_OUTSIDE] = { "file-outside",
				     "it was opened outside of the container's mounts",
				     "mount it into the container and open it there", CERTAIN },
	[PREFLIGHT_FILE_HIDDEN] = { "file-hidden",
				    "another file is found under its name, for instance below a "
				    "mount",
				    "reopen it, or unmount what hides it", CERTAIN },
	[PREFLIGHT_FILE_LOCK] = { "file-lock",
				  "the file is locked, and processes outside may know of the lock",
				  "--file-locks, here and at restore, if none do", CERTAIN,
				  ALLOWED_BY(file_locks) },
	[PREFLIGHT_FILE_DELETED_LINKED] = { "deleted-linked",
					    "its name is deleted, but the file has others",
					    "--link-remap: it gets a temporary one", CERTAIN,
					    ALLOWED_BY(link_remap) },
	[PREFLIGHT_FILE_DELETED_LARGE] = { "deleted-large",
					   "the file is deleted, and too large to go into the "
					   "images",
					   "restart the program, so that it opens the new file",
					   CERTAIN },
	[PREFLIGHT_PIPE_OUTSIDE] = { "pipe-outside",
				     "its other end is not in the container: at restore nobody is "
				     "there",
				     "have the program open it again after the restore" },
	[PREFLIGHT_TTY_OUTSIDE] = { "tty-outside", "it is a terminal outside of the container",
				    "give the container a terminal of its own (process.terminal)",
				    CERTAIN },
	[PREFLIGHT_NS_OUTSIDE] = { "namespace-outside",
				   "it refers to a namespace that no task of the container is in",
				   "close it before the checkpoint", CERTAIN },
	[PREFLIGHT_DEVICE] = { "device", "CRIU cannot save the state of this device",
			       "end what uses it before the checkpoint", CERTAIN },
	[PREFLIGHT_GPU] = { "gpu", "CRIU cannot save the state of this device by itself",
			    "a plugin: CRIU 3.17 has one for AMD, 4.0 one for NVIDIA" },
	[PREFLIGHT_TIMERFD_EXPIRED] = { "timerfd-expired",
					"it repeats, has expired and was not read: CRIU takes it "
					"for one that is not armed, and it stands still after a "
					"restore",
					"try again once the program has read it" },
	[PREFLIGHT_EVENTFD_SEMAPHORE] = { "eventfd-semaphore",
					  "CRIU does not save EFD_SEMAPHORE: after a restore, a "
					  "read takes all of it instead of one",
					  "have the program make it again after a restore" },
	[PREFLIGHT_IO_URING] = { "io-uring", "no CRIU can save an io_uring",
				 "have the program use epoll; many have a switch for that",
				 CERTAIN },
	[PREFLIGHT_USERFAULTFD] = { "userfaultfd", "no CRIU can save a userfaultfd",
				    "end what uses it before the checkpoint", CERTAIN },
	[PREFLIGHT_BPF] = { "bpf", "CRIU saves no BPF programs, links and types",
			    "end what uses it before the checkpoint", CERTAIN },
	[PREFLIGHT_BPF_MAP] = { "bpf-map",
				"only hash and array maps can be saved, and only by a CRIU that "
				"was "
				"built with libbpf",
				"CRIU 3.15 or later with libbpf" },
	[PREFLIGHT_PERF_EVENT] = { "perf-event", "no CRIU can save a perf event",
				   "end the profiler before the checkpoint", CERTAIN },
	[PREFLIGHT_PIDFD] = { "pidfd", "this CRIU cannot save a pidfd", "CRIU 4.1 or later",
			      CERTAIN, .since = 40100 },
	[PREFLIGHT_SECCOMP_LISTENER] = { "seccomp-listener",
					 "no CRIU can save the listener of a seccomp filter",
					 "run that supervisor outside of the container", CERTAIN },
	[PREFLIGHT_KVM] = { "kvm", "a virtual machine cannot be saved by CRIU",
			    "save it with its own means, and end it before the checkpoint",
			    CERTAIN },
	[PREFLIGHT_ANON_INODE] = { "anon-inode", "CRIU does not know objects of this sort",
				   "end what uses it before the checkpoint", CERTAIN },
	[PREFLIGHT_MAP_DEVICE] = { "map-device", "memory of a device or of the kernel is mapped",
				   "end what uses it before the checkpoint", CERTAIN },
	[PREFLIGHT_MAP_HUGETLB] = { "map-hugetlb", "this CRIU cannot save mappings of huge pages",
				    "CRIU 3.17 or later", CERTAIN, .since = 31700 },
	[PREFLIGHT_MAP_SYSV] = { "sysv-shared",
				 "shared memory of System V is in an ipc namespace that is not the "
				 "container's own",
				 "give the container an ipc namespace", CERTAIN },
	[PREFLIGHT_SHADOW_STACK] = { "shadow-stack", "this CRIU cannot save shadow stacks",
				     "CRIU 4.0 or later; or GLIBC_TUNABLES=glibc.cpu.x86_shstk=off",
				     .since = 40000 },
	[PREFLIGHT_RSEQ] = { "rseq",
			     "its C library uses restartable sequences, which this CRIU, or this "
			     "kernel, cannot tell",
			     "CRIU 3.17 and Linux 5.13, or GLIBC_TUNABLES=glibc.pthread.rseq=0" },
	[PREFLIGHT_TRACED] = { "traced", "another process debugs it",
			       "end the debugger (or strace)", CERTAIN },
	[PREFLIGHT_LEADER_ENDED] = { "leader-ended",
				     "its first thread has ended while others run on",
				     "have the program keep its main thread", CERTAIN },
	[PREFLIGHT_UNINTERRUPTIBLE] = { "uninterruptible",
					"it waits in the kernel and may not stop in time",
					"try again; if it stays, see what device or server it "
					"waits for" },
	[PREFLIGHT_SESSION_OUTSIDE] = { "session-outside",
					"the leader of its session is outside of the container",
					"--shell-job, here and at restore", CERTAIN,
					ALLOWED_BY(shell_job) },
	[PREFLIGHT_TASK_OUTSIDE_TREE] = { "task-outside-tree",
					  "it is no descendant of the container's init (ctr exec "
					  "makes such): it is not saved, and ends with the "
					  "container",
					  "wait until it has ended" },
	[PREFLIGHT_TASK_OUTSIDE_CGROUP] = { "task-outside-cgroup",
					    "it is not in the container's cgroup, and would not "
					    "stand still with the others",
					    "move it back, or end it", CERTAIN },
	[PREFLIGHT_NESTED_NAMESPACE] = { "nested-namespace",
					 "CRIU cannot save namespaces of this type inside of a "
					 "container",
					 "end containers and sandboxes that run in the container",
					 CERTAIN },
	[PREFLIGHT_NESTED_NETWORK] = { "nested-network",
				       "only one network namespace can be saved, and it is in "
				       "another one",
				       "end containers and sandboxes that run in the container",
				       CERTAIN },
	[PREFLIGHT_SECCOMP_NOTIFY] = { "seccomp-notify",
				       "its seccomp filter asks a supervisor, and does so no more "
				       "after a restore",
				       "a profile without SCMP_ACT_NOTIFY" },
	[PREFLIGHT_MOUNT_TYPE] = { "mount-type",
				   "CRIU does not know this file system, and the mount is not in "
				   "config.json",
				   "mount it by config.json as a bind mount, or unmount it",
				   CERTAIN },
	[PREFLIGHT_MOUNT_OVERLAY] = { "mount-overlay",
				      "an overlay that was mounted in the container may not find "
				      "its layers again",
				      "end containers that run in the container" },
	[PREFLIGHT_MOUNT_HOST] = { "mount-host",
				   "it is not in config.json, and at restore it would show what "
				   "the host has, which is refused",
				   "mount it by config.json, or unmount it", CERTAIN },
	[PREFLIGHT_MOUNT_INNER] = { "mount-inner",
				    "it is in a mount namespace of this process's own, where CRIU "
				    "does not keep apart what comes from the host: no restore "
				    "allows that",
				    "end sandboxes that run in the container", CERTAIN },
	[PREFLIGHT_KERNEL] = { "kernel", "this kernel lacks something that CRIU needs",
			       "`criu check` says more", CERTAIN },
	[PREFLIGHT_RULE_COUNT] = { 0 },
};
