// SPDX-License-Identifier: GPL-2.0-or-later
/* config.json to structs: every field once, what is tolerated, what is refused, official samples. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/resource.h>

#include "oci/names.h"
#include "oci/spec.h"
#include "util/cleanup.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Cases are written with ' for ". */
static char *quoted(const char *text)
{
	char *copy = strdup(text);

	assert_non_null(copy);
	for (char *s = copy; *s; s++)
		if (*s == '\'')
			*s = '"';
	return copy;
}

static struct oci_spec *decode(const char *text)
{
	cleanup_free char *json = quoted(text);
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;

	if (oci_spec_decode(json, strlen(json), &spec, &e) < 0)
		fail_msg("%s: %s (%s)", text, e.text, e.origin);
	return spec;
}

static void test_process(void **state)
{
	struct oci_spec *s = decode(
		"{'ociVersion':'1.3.0','process':{'terminal':true,'consoleSize':{'width':80,"
		"'height':25},'cwd':'/"
		"w','args':['a',''],'env':['A=1','B='],'user':{'uid':1,'gid':2,"
		"'umask':18,'additionalGids':[3,4294967295],'username':'x'},'capabilities':{"
		"'bounding':['CAP_CHOWN','CAP_CHECKPOINT_RESTORE'],'effective':['CAP_CHOWN','CAP_"
		"NEW'],"
		"'permitted':['CAP_NEW','cap_chown'],'ambient':[],'inheritable':['CAP_BPF']},"
		"'rlimits':[{'type':'RLIMIT_NOFILE','soft':1,'hard':18446744073709551615}],"
		"'noNewPrivileges':true,'oomScoreAdj':-5,'apparmorProfile':'prof','selinuxLabel':"
		"'lab','scheduler':{'policy':'SCHED_DEADLINE','nice':-3,'priority':4,'flags':["
		"'SCHED_FLAG_RESET_ON_FORK','SCHED_FLAG_UTIL_CLAMP_MAX'],'runtime':1,'deadline':2,"
		"'period':3},'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':7},"
		"'execCPUAffinity':{'initial':'0-1','final':'2'},'commandLine':'x'}}");
	const struct oci_process *p = &s->process;

	(void)state;
	assert_true(p->set && p->terminal && p->no_new_privileges && p->console_size.set);
	assert_int_equal(p->console_size.width, 80);
	assert_int_equal(p->console_size.height, 25);
	assert_string_equal(p->cwd, "/w");
	assert_int_equal(p->args.count, 2);
	assert_string_equal(p->args.items[1], "");
	assert_string_equal(p->env.items[1], "B=");
	assert_int_equal(p->user.uid, 1);
	assert_int_equal(p->user.gid, 2);
	assert_true(p->user.umask.set);
	assert_int_equal(p->user.umask.value, 18);
	assert_int_equal(p->user.additional_gids.count, 2);
	assert_int_equal(p->user.additional_gids.items[1], UINT32_MAX);
	assert_true(p->capabilities.set);
	assert_int_equal(p->capabilities.bounding,
			 1ULL << CAP_CHOWN | 1ULL << CAP_CHECKPOINT_RESTORE);
	assert_int_equal(p->capabilities.effective, 1ULL << CAP_CHOWN);
	assert_int_equal(p->capabilities.permitted, 0);
	assert_int_equal(p->capabilities.inheritable, 1ULL << CAP_BPF);
	assert_int_equal(p->capabilities.unknown.count, 2); /* CAP_NEW once */
	assert_string_equal(p->capabilities.unknown.items[0], "CAP_NEW");
	assert_string_equal(p->capabilities.unknown.items[1], "cap_chown");
	assert_int_equal(p->rlimits.items[0].resource, RLIMIT_NOFILE);
	assert_int_equal(p->rlimits.items[0].soft, 1);
	assert_int_equal(p->rlimits.items[0].hard, UINT64_MAX);
	assert_int_equal(p->oom_score_adj.value, -5);
	assert_string_equal(p->apparmor_profile, "prof");
	assert_string_equal(p->selinux_label, "lab");
	assert_int_equal(p->scheduler.policy, SCHED_DEADLINE);
	assert_int_equal(p->scheduler.nice.value, -3);
	assert_int_equal(p->scheduler.priority.value, 4);
	assert_int_equal(p->scheduler.flags, SCHED_FLAG_RESET_ON_FORK | SCHED_FLAG_UTIL_CLAMP_MAX);
	assert_int_equal(p->scheduler.runtime.value, 1);
	assert_int_equal(p->scheduler.deadline.value, 2);
	assert_int_equal(p->scheduler.period.value, 3);
	assert_int_equal(p->io_priority.class, IOPRIO_CLASS_BE);
	assert_int_equal(p->io_priority.priority, 7);
	assert_string_equal(p->exec_cpu_initial, "0-1");
	assert_string_equal(p->exec_cpu_final, "2");
	oci_spec_free(s);
}

static void test_top(void **state)
{
	struct oci_spec *s = decode(
		"{'ociVersion':'1.3.0','root':{'path':'r','readonly':true},'hostname':'h',"
		"'domainname':'d','mounts':[{'destination':'/"
		"a','type':'t','source':'s','options':['o',"
		"'p'],'uidMappings':[{'containerID':1,'hostID':2,'size':3}],'gidMappings':[{"
		"'containerID':4,'hostID':5,'size':6}]},{'destination':'/"
		"b'}],'hooks':{'prestart':[{"
		"'path':'/p'}],'createRuntime':[],'poststop':[{'path':'/q','args':['q'],'env':[],"
		"'timeout':9},{'path':'/"
		"r'}]},'annotations':{'k':'v','':''},'windows':{'x':[1.5]}}");

	(void)state;
	assert_string_equal(s->oci_version, "1.3.0");
	assert_true(s->root.set && s->root.readonly);
	assert_string_equal(s->root.path, "r");
	assert_string_equal(s->hostname, "h");
	assert_string_equal(s->domainname, "d");
	assert_int_equal(s->mounts.count, 2);
	assert_string_equal(s->mounts.items[0].type, "t");
	assert_string_equal(s->mounts.items[0].source, "s");
	assert_string_equal(s->mounts.items[0].options.items[1], "p");
	assert_int_equal(s->mounts.items[0].uid_mappings.items[0].container_id, 1);
	assert_int_equal(s->mounts.items[0].uid_mappings.items[0].host_id, 2);
	assert_int_equal(s->mounts.items[0].gid_mappings.items[0].size, 6);
	assert_null(s->mounts.items[1].type);
	assert_int_equal(s->mounts.items[1].options.count, 0);
	assert_int_equal(s->hooks[OCI_HOOK_PRESTART].count, 1);
	assert_false(s->hooks[OCI_HOOK_PRESTART].items[0].has_env);
	assert_int_equal(s->hooks[OCI_HOOK_CREATE_RUNTIME].count, 0);
	assert_int_equal(s->hooks[OCI_HOOK_POSTSTOP].count, 2);
	assert_true(s->hooks[OCI_HOOK_POSTSTOP].items[0].has_env);
	assert_int_equal(s->hooks[OCI_HOOK_POSTSTOP].items[0].timeout.value, 9);
	assert_false(s->hooks[OCI_HOOK_POSTSTOP].items[1].timeout.set);
	assert_int_equal(s->annotations.count, 2);
	assert_string_equal(s->annotations.items[0].value, "v");
	assert_false(s->process.set);
	assert_false(s->linux_.set);
	oci_spec_free(s);
}

static void test_linux(void **state)
{
	struct oci_spec *s = decode(
		"{'ociVersion':'1.3.0','linux':{'namespaces':[{'type':'mount'},{'type':'network',"
		"'path':'/"
		"n'},{'type':'time','path':''}],'uidMappings':[{'containerID':0,'hostID':1,"
		"'size':2}],'timeOffsets':{'boottime':{'secs':-1,'nanosecs':5}},'devices':[{'path':"
		"'/d',"
		"'type':'u','major':1,'minor':2,'fileMode':438,'uid':0,'gid':7},{'path':'/"
		"f','type':'p'}],"
		"'netDevices':{'eth0':{'name':'e0'},'eth1':{}},'cgroupsPath':'/"
		"c','rootfsPropagation':"
		"'slave','sysctl':{'net.a':'1'},'maskedPaths':['/m'],'readonlyPaths':['/"
		"r'],'mountLabel':"
		"'l','personality':{'domain':'LINUX32','flags':['x']},'memoryPolicy':{'mode':'MPOL_"
		"BIND',"
		"'nodes':'0','flags':['MPOL_F_STATIC_NODES']},'intelRdt':{'closID':'c','"
		"l3CacheSchema':"
		"'L3:0=f','memBwSchema':'MB:0=1','schemata':['x'],'enableMonitoring':true}}}");
	const struct oci_linux *l = &s->linux_;

	(void)state;
	assert_int_equal(l->namespaces.count, 3);
	assert_int_equal(l->namespaces.items[1].type, OCI_NS_NETWORK);
	assert_true(oci_spec_new_namespace(s, OCI_NS_MOUNT));
	assert_true(oci_spec_new_namespace(s, OCI_NS_TIME)); /* an empty path is none */
	assert_false(oci_spec_new_namespace(s, OCI_NS_NETWORK));
	assert_string_equal(oci_spec_namespace(s, OCI_NS_NETWORK)->path, "/n");
	assert_null(oci_spec_namespace(s, OCI_NS_PID));
	assert_int_equal(l->uid_mappings.items[0].size, 2);
	assert_true(l->boottime.set);
	assert_false(l->monotonic.set);
	assert_int_equal(l->boottime.secs, -1);
	assert_int_equal(l->boottime.nanosecs, 5);
	assert_int_equal(l->devices.items[0].type, 'c');
	assert_int_equal(l->devices.items[0].file_mode.value, 0666);
	assert_int_equal(l->devices.items[0].gid.value, 7);
	assert_false(l->devices.items[1].major.set);
	assert_int_equal(l->net_devices.count, 2);
	assert_string_equal(l->net_devices.items[0].host_name, "eth0");
	assert_string_equal(l->net_devices.items[0].name, "e0");
	assert_null(l->net_devices.items[1].name);
	assert_string_equal(l->cgroups_path, "/c");
	assert_string_equal(l->rootfs_propagation, "slave");
	assert_string_equal(l->sysctl.items[0].key, "net.a");
	assert_string_equal(l->masked_paths.items[0], "/m");
	assert_string_equal(l->readonly_paths.items[0], "/r");
	assert_string_equal(l->mount_label, "l");
	assert_true(l->personality.set);
	assert_int_equal(l->personality.domain, 8);
	assert_int_equal(l->personality.flags.count, 1);
	assert_int_equal(l->memory_policy.mode, MPOL_BIND);
	assert_int_equal(l->memory_policy.flags, MPOL_F_STATIC_NODES);
	assert_true(l->intel_rdt.set && l->intel_rdt.enable_monitoring);
	assert_string_equal(l->intel_rdt.mem_bw_schema, "MB:0=1");
	assert_string_equal(l->intel_rdt.schemata.items[0], "x");
	oci_spec_free(s);
}

static void test_resources(void **state)
{
	cleanup_free char *json = quoted(
		"{'devices':[{'allow':false,'access':'rwm'},{'allow':true,'type':'c','major':-1,"
		"'minor':5}],'memory':{'limit':1,'reservation':2,'swap':-1,'kernel':4,'kernelTCP':"
		"5,"
		"'swappiness':6,'disableOOMKiller':true,'useHierarchy':true,'checkBeforeUpdate':"
		"true},"
		"'cpu':{'shares':1,'quota':-2,'burst':3,'period':4,'realtimeRuntime':5,"
		"'realtimePeriod':6,'idle':1,'cpus':'0','mems':''},'pids':{'limit':-1},'blockIO':{"
		"'weight':10,'leafWeight':11,'weightDevice':[{'major':8,'minor':0,'weight':12,"
		"'leafWeight':13}],'throttleReadBpsDevice':[{'major':8,'minor':1,'rate':14}],"
		"'throttleWriteBpsDevice':[{'major':8,'minor':1,'rate':15}],'"
		"throttleReadIOPSDevice':[{"
		"'major':8,'minor':1,'rate':16}],'throttleWriteIOPSDevice':[{'major':8,'minor':1,'"
		"rate':"
		"18446744073709551615}]},'hugepageLimits':[{'pageSize':'2MB','limit':18}],'network'"
		":{"
		"'classID':19,'priorities':[{'name':'e','priority':20}]},'rdma':{'mlx':{'"
		"hcaHandles':21,"
		"'hcaObjects':22}},'unified':{'memory.high':'23'}}");
	struct oci_spec *s = NULL;
	struct err e = ERR_INIT;
	const struct oci_resources *r;

	(void)state;
	assert_int_equal(oci_resources_decode("resources.json", json, strlen(json), &s, &e), 0);
	r = &s->linux_.resources;
	assert_true(r->set);
	assert_int_equal(r->devices.items[0].type, 'a');
	assert_false(r->devices.items[0].major.set);
	assert_string_equal(r->devices.items[0].access, "rwm");
	assert_int_equal(r->devices.items[1].major.value, -1);
	assert_null(r->devices.items[1].access);
	assert_int_equal(r->memory.limit.value, 1);
	assert_int_equal(r->memory.swap.value, -1);
	assert_int_equal(r->memory.kernel_tcp.value, 5);
	assert_int_equal(r->memory.swappiness.value, 6);
	assert_true(r->memory.check_before_update);
	assert_int_equal(r->cpu.quota.value, -2);
	assert_int_equal(r->cpu.realtime_period.value, 6);
	assert_int_equal(r->cpu.idle.value, 1);
	assert_string_equal(r->cpu.cpus, "0");
	assert_null(r->cpu.mems);
	assert_true(r->pids.limit.set);
	assert_int_equal(r->pids.limit.value, -1);
	assert_int_equal(r->block_io.weight_devices.items[0].leaf_weight.value, 13);
	assert_int_equal(r->block_io.read_bps.items[0].rate, 14);
	assert_int_equal(r->block_io.write_bps.items[0].rate, 15);
	assert_int_equal(r->block_io.read_iops.items[0].rate, 16);
	assert_int_equal(r->block_io.write_iops.items[0].rate, UINT64_MAX);
	assert_string_equal(r->hugepage_limits.items[0].page_size, "2MB");
	assert_int_equal(r->network.class_id.value, 19);
	assert_int_equal(r->network.priorities.items[0].priority, 20);
	assert_string_equal(r->rdma.items[0].device, "mlx");
	assert_int_equal(r->rdma.items[0].hca_objects.value, 22);
	assert_string_equal(r->unified.items[0].key, "memory.high");
	assert_int_equal(oci_resources_validate(s, &e), 0);
	oci_spec_free(s);
}

static void test_seccomp(void **state)
{
	static const char raw[] = "{ \"defaultAction\" : \"SCMP_ACT_ERRNO\", \"flags\":[],"
				  "\"x\":\"\\u00e9\"}";
	struct oci_spec *s = decode(
		"{'ociVersion':'1.3.0','linux':{'seccomp':{'defaultAction':'SCMP_ACT_TRACE',"
		"'defaultErrnoRet':7,'architectures':['SCMP_ARCH_X86','SCMP_ARCH_RISCV64'],'flags':"
		"["
		"'SECCOMP_FILTER_FLAG_LOG','SECCOMP_FILTER_FLAG_TSYNC'],'listenerPath':'/l',"
		"'listenerMetadata':'m','syscalls':[{'names':['a','b'],'action':'SCMP_ACT_ERRNO',"
		"'errnoRet':38,'args':[{'index':5,'value':18446744073709551615,'valueTwo':2,'op':"
		"'SCMP_CMP_MASKED_EQ'}]},{'names':['c'],'action':'SCMP_ACT_KILL'}]}}}");
	const struct oci_seccomp *q = &s->linux_.seccomp;
	char text[256];

	(void)state;
	assert_true(q->set && q->has_flags);
	assert_int_equal(q->default_action, SCMP_ACT_TRACE(0));
	assert_int_equal(q->default_errno_ret.value, 7);
	assert_int_equal(q->architectures.count, 2);
	assert_int_equal(q->architectures.items[0], SCMP_ARCH_X86);
	assert_int_equal(q->architectures.items[1], SCMP_ARCH_RISCV64);
	assert_int_equal(q->flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC);
	assert_string_equal(q->listener_path, "/l");
	assert_string_equal(q->listener_metadata, "m");
	assert_int_equal(q->syscalls.count, 2);
	assert_int_equal(q->syscalls.items[0].names.count, 2);
	assert_int_equal(q->syscalls.items[0].action, SCMP_ACT_ERRNO(0));
	assert_int_equal(q->syscalls.items[0].errno_ret.value, 38);
	assert_int_equal(q->syscalls.items[0].args.items[0].op, SCMP_CMP_MASKED_EQ);
	assert_int_equal(q->syscalls.items[0].args.items[0].value, UINT64_MAX);
	assert_int_equal(q->syscalls.items[1].action, SCMP_ACT_KILL_THREAD);
	oci_spec_free(s);

	(void)snprintf(text, sizeof(text),
		       "{\"ociVersion\":\"1.0.0\",\"linux\":{\"seccomp\": %s }}", raw);
	s = decode(text);
	assert_int_equal(s->linux_.seccomp.raw_len, strlen(raw));
	assert_string_equal(s->linux_.seccomp.raw, raw);
	assert_true(s->linux_.seccomp.has_flags);
	oci_spec_free(s);
}

/* What engines really send: null and "" where they mean "not set", and members that we do not know. */
static void test_tolerated(void **state)
{
	static const char *const cases[] = {
		"{'ociVersion':'1.0.0','hostname':null,'mounts':null,'process':null,'linux':null}",
		"{'ociVersion':'1.0.0','linux':{'resources':{'memory':{'swappiness':null,"
		"'disableOOMKiller':false},'pids':{'limit':null},'cpu':null,'devices':null}}}",
		"{'ociVersion':'1.0.0','annotations':{'a':null}}",
		"{'ociVersion':'1.0.0','process':{'cwd':'/','apparmorProfile':'','rlimits':[],"
		"'capabilities':{'bounding':null},'scheduler':null}}",
		"{'ociVersion':'1.0.0','linux':{'cgroupsPath':'','rootfsPropagation':''}}",
		"{'ociVersion':'1.0.0','linux':{'intelRdt':{'enableCMT':true,'enableMBM':1}}}",
		"{'ociVersion':'1.0.0','zos':{'namespaces':5},'unknown':{'deep':[[1e400]]}}",
		"{'ociVersion':'1.0.0','linux':{'resources':{'oomScoreAdj':100}}}",
		"{'ociVersion':'1.0.0','linux':{'resources':{'hugepageLimits':[{'pageSize':'2MB',"
		"'limit':9223372036854772000}]}}}",
		"{'ociVersion':'1.0.0','process':{'cwd':'/','oomScoreAdj':-0}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		oci_spec_free(decode(cases[i]));
}

#define P(x) "{'ociVersion':'1.0.0','process':{'cwd':'/'," x "}}"
#define L(x) "{'ociVersion':'1.0.0','linux':{" x "}}"
#define R(x) "{'ociVersion':'1.0.0','linux':{'resources':{" x "}}}"

/* A document, the pointer to what is wrong in it, and words about it. */
struct refused {
	const char *json, *at, *says;
};

static const struct refused refused_top[] = {
	{ "[]", "", "must be an object, not an array" },
	{ "{}", "", "required member 'ociVersion' is missing" },
	{ "{'ociVersion':null}", "", "required member 'ociVersion' is missing" },
	{ "{'ociVersion':1}", "/ociVersion", "must be a string, not a number" },
	{ "{'ociVersion':''}", "/ociVersion", "must not be empty" },
	{ "{'ociVersion':'1.0.0','root':{}}", "/root", "required member 'path'" },
	{ "{'ociVersion':'1.0.0','root':{'path':''}}", "/root/path", "must not be empty" },
	{ "{'ociVersion':'1.0.0','root':{'path':'x','readonly':'yes'}}", "/root/readonly",
	  "must be a boolean, not a string" },
	{ "{'ociVersion':'1.0.0','mounts':{}}", "/mounts", "must be an array" },
	{ "{'ociVersion':'1.0.0','mounts':[null]}", "/mounts/0", "not null" },
	{ "{'ociVersion':'1.0.0','mounts':[{'destination':'/a'},{}]}", "/mounts/1",
	  "required member 'destination'" },
	{ "{'ociVersion':'1.0.0','mounts':[{'destination':'/a','options':['x',1]}]}",
	  "/mounts/0/options/1", "must be a string, not a number" },
	{ "{'ociVersion':'1.0.0','hooks':{'poststop':[{}]}}", "/hooks/poststop/0",
	  "required member 'path'" },
	{ "{'ociVersion':'1.0.0','hooks':{'poststop':[{'path':'/x','timeout':1.5}]}}",
	  "/hooks/poststop/0/timeout", "must be an integer, not 1.5" },
	{ "{'ociVersion':'1.0.0','annotations':{'a/b~':1}}", "/annotations/a~1b~0",
	  "must be a string" },
};

static const struct refused refused_process[] = {
	{ "{'ociVersion':'1.0.0','process':{}}", "/process", "required member 'cwd'" },
	{ "{'ociVersion':'1.0.0','process':{'cwd':''}}", "/process/cwd", "not be empty" },
	{ P("'user':{'uid':-1}"), "/process/user/uid", "-1 is out of range (0 to 4294967295)" },
	{ P("'user':{'uid':4294967296}"), "/process/user/uid", "out of range" },
	{ P("'user':{'gid':1e3}"), "/process/user/gid", "must be an integer, not 1e3" },
	{ P("'user':{'gid':'1'}"), "/process/user/gid", "must be a number, not a string" },
	{ P("'user':{'additionalGids':[1,[]]}"), "/process/user/additionalGids/1",
	  "must be a number, not an array" },
	{ P("'consoleSize':{'width':1}"), "/process/consoleSize", "required member 'height'" },
	{ P("'consoleSize':{'width':-1,'height':1}"), "/process/consoleSize/width",
	  "out of range" },
	{ P("'capabilities':{'bounding':'CAP_KILL'}"), "/process/capabilities/bounding",
	  "must be an array" },
	{ P("'capabilities':{'bounding':[1]}"), "/process/capabilities/bounding/0",
	  "must be a string" },
	{ P("'capabilities':[]"), "/process/capabilities", "must be an object" },
	{ P("'rlimits':[{'type':'RLIMIT_X','soft':1,'hard':1}]"), "/process/rlimits/0/type",
	  "unknown rlimit type 'RLIMIT_X'" },
	{ P("'rlimits':[{'type':'RLIMIT_CORE','soft':1}]"), "/process/rlimits/0",
	  "required member 'hard'" },
	{ P("'rlimits':[{'type':'RLIMIT_CORE','soft':18446744073709551616,'hard':1}]"),
	  "/process/rlimits/0/soft", "out of range" },
	{ P("'scheduler':{}"), "/process/scheduler", "required member 'policy'" },
	{ P("'scheduler':{'policy':'FIFO'}"), "/process/scheduler/policy",
	  "unknown scheduler policy 'FIFO' (known: SCHED_OTHER, SCHED_FIFO" },
	{ P("'scheduler':{'policy':'SCHED_RR','flags':['X']}"), "/process/scheduler/flags/0",
	  "unknown scheduler flag 'X'" },
	{ P("'ioPriority':{'class':'IOPRIO_CLASS_NONE'}"), "/process/ioPriority/class",
	  "(known: IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE)" },
};

static const struct refused refused_linux[] = {
	{ L("'namespaces':[{'type':'net'}]"), "/linux/namespaces/0/type",
	  "unknown namespace type 'net' (known: mount, cgroup, uts, ipc, user, pid, time, "
	  "network)" },
	{ L("'namespaces':[{'path':'/x'}]"), "/linux/namespaces/0", "required member 'type'" },
	{ L("'namespaces':['pid']"), "/linux/namespaces/0", "must be an object" },
	{ L("'uidMappings':[{'containerID':0,'hostID':0}]"), "/linux/uidMappings/0",
	  "required member 'size'" },
	{ L("'timeOffsets':{'realtime':{}}"), "/linux/timeOffsets/realtime",
	  "unknown member 'realtime'" },
	{ L("'timeOffsets':{'boottime':{'secs':9223372036854775808}}"),
	  "/linux/timeOffsets/boottime/secs", "out of range" },
	{ L("'devices':[{'path':'/x','type':'x'}]"), "/linux/devices/0/type",
	  "unknown device type 'x' (known: c, b, u, p)" },
	{ L("'devices':[{'path':'/x','type':''}]"), "/linux/devices/0/type",
	  "unknown device type ''" },
	{ L("'devices':[{'type':'c'}]"), "/linux/devices/0", "required member 'path'" },
	{ L("'devices':[{'path':'/x','type':'c','fileMode':65536}]"), "/linux/devices/0/fileMode",
	  "out of range (0 to 65535)" },
	{ L("'netDevices':{'a/b':{'name':1}}"), "/linux/netDevices/a~1b/name", "must be a string" },
	{ L("'netDevices':{'eth0':null}"), "/linux/netDevices/eth0", "must be an object" },
	{ L("'sysctl':{'a':1}"), "/linux/sysctl/a", "must be a string" },
	{ L("'sysctl':['a']"), "/linux/sysctl", "must be an object" },
	{ L("'personality':{'domain':'BSD'}"), "/linux/personality/domain",
	  "(known: LINUX, LINUX32)" },
	{ L("'memoryPolicy':{'nodes':'0'}"), "/linux/memoryPolicy", "required member 'mode'" },
	{ L("'memoryPolicy':{'mode':'MPOL_X'}"), "/linux/memoryPolicy/mode",
	  "unknown memory policy mode 'MPOL_X'" },
	{ L("'memoryPolicy':{'mode':'MPOL_BIND','flags':['F']}"), "/linux/memoryPolicy/flags/0",
	  "unknown memory policy flag 'F'" },
};

static const struct refused refused_seccomp[] = {
	{ L("'seccomp':{}"), "/linux/seccomp", "required member 'defaultAction'" },
	{ L("'seccomp':{'defaultAction':''}"), "/linux/seccomp/defaultAction",
	  "unknown seccomp action ''" },
	{ L("'seccomp':{'defaultAction':'SCMP_ACT_KILL','architectures':['X86']}"),
	  "/linux/seccomp/architectures/0", "unknown seccomp architecture 'X86'" },
	{ L("'seccomp':{'defaultAction':'SCMP_ACT_KILL','flags':['F']}"), "/linux/seccomp/flags/0",
	  "unknown seccomp flag 'F'" },
	{ L("'seccomp':{'defaultAction':'SCMP_ACT_KILL','syscalls':[{'names':['a'],"
	    "'action':'SCMP_ACT_KILL','args':[{'index':0,'value':1,'op':'EQ'}]}]}"),
	  "/linux/seccomp/syscalls/0/args/0/op", "unknown seccomp operator 'EQ'" },
	{ L("'seccomp':{'defaultAction':'SCMP_ACT_KILL','syscalls':[{'action':"
	    "'SCMP_ACT_KILL'}]}"),
	  "/linux/seccomp/syscalls/0", "required member 'names'" },
};

static const struct refused refused_resources[] = {
	{ R("'devices':[{}]"), "/linux/resources/devices/0", "required member 'allow'" },
	{ R("'devices':[{'allow':true,'type':'p'}]"), "/linux/resources/devices/0/type",
	  "unknown device type 'p' (known: a, b, c)" },
	{ R("'devices':[{'allow':true,'access':'rx'}]"), "/linux/resources/devices/0/access",
	  "bad device access 'rx'" },
	{ R("'devices':[{'allow':true,'access':''}]"), "/linux/resources/devices/0/access",
	  "bad device access ''" },
	{ R("'memory':{'limit':9223372036854775808}"), "/linux/resources/memory/limit",
	  "out of range" },
	{ R("'memory':{'limit':'1G'}"), "/linux/resources/memory/limit", "must be a number" },
	{ R("'blockIO':{'weight':65536}"), "/linux/resources/blockIO/weight",
	  "out of range (0 to 65535)" },
	{ R("'blockIO':{'weightDevice':[{'major':1}]}"), "/linux/resources/blockIO/weightDevice/0",
	  "required member 'minor'" },
	{ R("'hugepageLimits':[{'limit':1}]"), "/linux/resources/hugepageLimits/0",
	  "required member 'pageSize'" },
	{ R("'rdma':{'m':{'hcaHandles':'x'}}"), "/linux/resources/rdma/m/hcaHandles",
	  "must be a number" },
	{ R("'unified':{'a':{}}"), "/linux/resources/unified/a", "must be a string" },
};

static void is_refused(const struct refused *c)
{
	cleanup_free char *json = quoted(c->json);
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;
	char origin[256];
	int r = oci_spec_decode(json, strlen(json), &spec, &e);

	(void)snprintf(origin, sizeof(origin), "config.json%s%s", *c->at ? " " : "", c->at);
	if (r != -EINVAL || spec || !strstr(e.text, c->says) || strcmp(e.origin, origin) != 0)
		fail_msg("%s: got %d '%s' (%s)", c->json, r, e.text, e.origin);
}

static void test_refused_top(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_top); i++)
		is_refused(&refused_top[i]);
}

static void test_refused_process(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_process); i++)
		is_refused(&refused_process[i]);
}

static void test_refused_linux(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_linux); i++)
		is_refused(&refused_linux[i]);
}

static void test_refused_seccomp(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_seccomp); i++)
		is_refused(&refused_seccomp[i]);
}

static void test_refused_resources(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused_resources); i++)
		is_refused(&refused_resources[i]);
}

static void test_bare_documents(void **state)
{
	static const char process[] = "{\"cwd\":\"/\",\"args\":[\"a\"]}", bad[] = "{\"cwd\":7}";
	struct oci_spec *s = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(oci_process_decode("process.json", process, strlen(process), &s, &e), 0);
	assert_true(s->process.set);
	assert_int_equal(oci_process_validate(s, &e), 0);
	oci_spec_free(s);
	s = NULL;
	assert_int_equal(oci_process_decode("process.json", bad, strlen(bad), &s, &e), -EINVAL);
	assert_string_equal(e.origin, "process.json /cwd");
	assert_int_equal(oci_resources_decode("resources.json", "[]", 2, &s, &e), -EINVAL);
	assert_string_equal(e.origin, "resources.json");
	assert_null(s);
	oci_spec_free(NULL);
}

static void test_names(void **state)
{
	static const struct oci_names *const tables[] = {
		&oci_capability_names,	       &oci_rlimit_names,
		&oci_namespace_names,	       &oci_hook_names,
		&oci_seccomp_action_names,     &oci_seccomp_arch_names,
		&oci_seccomp_operator_names,   &oci_seccomp_flag_names,
		&oci_scheduler_policy_names,   &oci_scheduler_flag_names,
		&oci_ioprio_class_names,       &oci_memory_policy_names,
		&oci_memory_policy_flag_names, &oci_personality_names,
		&oci_propagation_names,
	};
	uint64_t v;

	(void)state;
	for (size_t t = 0; t < COUNT(tables); t++)
		for (size_t i = 0; i < tables[t]->count; i++) {
			assert_true(oci_names_find(tables[t], tables[t]->items[i].name, &v));
			assert_int_equal(v, tables[t]->items[i].value);
			assert_non_null(oci_names_of(tables[t], v));
		}
	assert_int_equal(oci_capability_names.count, 41);
	for (uint64_t cap = 0; cap < 41; cap++)
		assert_int_equal(oci_capability_names.items[cap].value, cap);
	assert_string_equal(oci_names_of(&oci_seccomp_action_names, SCMP_ACT_KILL),
			    "SCMP_ACT_KILL_THREAD");
	assert_null(oci_names_of(&oci_capability_names, 63));
	assert_false(oci_names_find(&oci_capability_names, "CAP_", &v));
}

/* Directory of the official samples, or a skip. */
static const char *samples(char *buf, size_t size, const char *which)
{
	const char *shared = getenv("CTR_SHARED"), *srcdir = getenv("srcdir");
	DIR *d;

	if (shared)
		(void)snprintf(buf, size, "%s/oci-schema/test/config/%s", shared, which);
	else
		(void)snprintf(buf, size, "%s/../shared/oci-schema/test/config/%s",
			       srcdir ? srcdir : ".", which);
	d = opendir(buf);
	if (d) {
		(void)closedir(d);
		return buf;
	}
	if (getenv("CTR_TESTS_MUST_RUN"))
		fail_msg("no official samples in '%s'", buf);
	print_message("skipped: no official samples in '%s' (set CTR_SHARED)\n", buf);
	skip();
	return NULL;
}

static char *slurp(const char *dir, const char *name, size_t *ret_len)
{
	char path[PATH_MAX], *text = malloc(1 << 20);
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_non_null(text);
	*ret_len = fread(text, 1, 1 << 20, f);
	(void)fclose(f);
	return text;
}

/* Calls @each for every sample; returns how many there were. */
static unsigned for_samples(const char *dir,
			    void (*each)(const char *name, const char *text, size_t len))
{
	DIR *d = opendir(dir);
	unsigned n = 0;

	assert_non_null(d);
	for (struct dirent *entry; (entry = readdir(d));) {
		cleanup_free char *text = NULL;
		size_t len;

		if (!strstr(entry->d_name, ".json"))
			continue;
		text = slurp(dir, entry->d_name, &len);
		each(entry->d_name, text, len);
		n++;
	}
	(void)closedir(d);
	return n;
}

static void is_good(const char *name, const char *text, size_t len)
{
	struct oci_spec *s = NULL;
	struct err e = ERR_INIT;

	if (oci_spec_decode(text, len, &s, &e) < 0)
		fail_msg("%s: %s (%s)", name, e.text, e.origin);
	oci_spec_free(s);
}

static void is_bad(const char *name, const char *text, size_t len)
{
	cleanup_(oci_spec_freep) struct oci_spec *s = NULL;
	struct err e = ERR_INIT;

	if (strncmp(name, "freebsd-", 8) == 0)
		return; /* bad only in a section that is not Linux's */
	if (oci_spec_decode(text, len, &s, &e) == 0 && oci_spec_validate(s, &e) == 0)
		fail_msg("%s was accepted", name);
	/* and for the reason that the sample is about, not for something else it lacks */
	if (strncmp(name, "linux-", 6) == 0 && strncmp(e.origin, "config.json /linux/", 19) != 0)
		fail_msg("%s: %s (%s)", name, e.text, e.origin);
}

static void test_good_samples(void **state)
{
	char dir[PATH_MAX];

	(void)state;
	assert_true(for_samples(samples(dir, sizeof(dir), "good"), is_good) >= 9);
}

static void test_bad_samples(void **state)
{
	char dir[PATH_MAX];

	(void)state;
	assert_true(for_samples(samples(dir, sizeof(dir), "bad"), is_bad) >= 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_process),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_linux),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_seccomp),
		cmocka_unit_test(test_tolerated),
		cmocka_unit_test(test_refused_top),
		cmocka_unit_test(test_refused_process),
		cmocka_unit_test(test_refused_linux),
		cmocka_unit_test(test_refused_seccomp),
		cmocka_unit_test(test_refused_resources),
		cmocka_unit_test(test_bare_documents),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_good_samples),
		cmocka_unit_test(test_bad_samples),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
