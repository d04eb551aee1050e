# SPDX-License-Identifier: GPL-2.0-or-later
# A config that is right, and short words for the edits in the tables.
def base: {
	ociVersion: "1.3.0",
	process: {
		user: {uid: 0, gid: 0},
		args: ["/bin/true"],
		env: ["PATH=/bin"],
		cwd: "/",
		noNewPrivileges: true
	},
	root: {path: "rootfs"},
	mounts: [
		{destination: "/proc", type: "proc", source: "proc"},
		{destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["mode=755"]}
	],
	linux: {namespaces: [{type: "mount"}, {type: "uts"}, {type: "ipc"}, {type: "pid"}]}
};
def mount(x): .mounts += [x];
def bind(x): mount({destination: "/mnt", source: "/", options: ["bind"]} + x);
def tmpfs(x): mount({destination: "/mnt", type: "tmpfs", source: "tmpfs"} + x);
def map(c; h; n): {containerID: c, hostID: h, size: n};
def ns(x): .linux.namespaces += [x];
def without_ns(t): .linux.namespaces |= [.[] | select(.type != t)];
def user: ns({type: "user"}) | .linux.uidMappings = [map(0; 100000; 1000)]
	| .linux.gidMappings = [map(0; 100000; 1000)];
def hook(x): .hooks.prestart = [{path: "/bin/true"} + x];
def device(x): .linux.devices = [{path: "/dev/x", type: "c", major: 1, minor: 3} + x];
def res(x): .linux.resources = x;
def memory(x): res({memory: x});
def cpu(x): res({cpu: x});
def io(x): res({blockIO: x});
def sc(x): .linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW"} + x;
def rule(x): sc({syscalls: [{names: ["read"], action: "SCMP_ACT_ERRNO"} + x]});
def arg(x): rule({args: [{index: 0, value: 1, op: "SCMP_CMP_EQ"} + x]});
def sched(x): .process.scheduler = x;
def deadline(x): sched({policy: "SCHED_DEADLINE", runtime: 10000, deadline: 20000, period: 30000} + x);
def rlimit(x): .process.rlimits = [{type: "RLIMIT_CORE", soft: 0, hard: 0} + x];
def sysctl(k; v): .linux.sysctl = {(k): v};
def network: ns({type: "network"});
def netdev(n; x): network | .linux.netDevices = {(n): x};
def policy(x): .linux.memoryPolicy = x;
def rdt(x): .linux.intelRdt = x;
def nested(n): reduce range(n) as $i (0; [.]);
