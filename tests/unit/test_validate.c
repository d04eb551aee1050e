// SPDX-License-Identifier: GPL-2.0-or-later
/* oci_spec_validate: a table of configs that must be refused, with pointer and text, and of ones that pass. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oci/spec.h"
#include "oci/sysctl.h"
#include "util/cleanup.h"
#include "util/problems.h"
#include "util/strbuf.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Cases are written with ' for ". @L takes members of linux, @N more namespaces first. */
#define HEAD	"{'ociVersion':'1.3.0','root':{'path':'r'},"
#define MOUNT	"{'type':'mount'}"
#define N(n, x) HEAD "'linux':{'namespaces':[" MOUNT n "]" x "}}"
#define L(x)	N("", "," x)
#define R(x)	L("'resources':{" x "}")
#define S(x)	L("'seccomp':{" x "}")
#define T(x)	HEAD x ",'linux':{'namespaces':[" MOUNT "]}}"
#define P(x)	T("'process':{" x "}")
#define PC(x)	P("'cwd':'/','args':['a']," x)

#define USER ",{'type':'user'}"
#define MAP  "[{'containerID':0,'hostID':1000,'size':10}]"

struct refusal {
	const char *json, *at, *says;
};

static const struct refusal refusals[] = {
	/* version and root */
	{ "{'ociVersion':'foo'}", "/ociVersion", "'foo' is not a version like '1.3.0'" },
	{ "{'ociVersion':'1.0'}", "/ociVersion", "is not a version" },
	{ "{'ociVersion':'1.0.0.0'}", "/ociVersion", "is not a version" },
	{ "{'ociVersion':'01.0.0'}", "/ociVersion", "is not a version" },
	{ "{'ociVersion':'1.0.0-'}", "/ociVersion", "is not a version" },
	{ "{'ociVersion':'1.0.0-a..b'}", "/ociVersion", "is not a version" },
	{ "{'ociVersion':'1.0.0-01'}", "/ociVersion", "is not a version" },
	{ "{'ociVersion':'1.0.0+'}", "/ociVersion", "is not a version" },
	{ "{'ociVersion':'v1.0.0'}", "/ociVersion", "is not a version" },
	{ "{'ociVersion':'2.0.0'}", "/ociVersion", "version '2.0.0' is not supported" },
	{ "{'ociVersion':'0.5.0-dev'}", "/ociVersion", "is not supported, only 1.x.y is" },
	{ "{'ociVersion':'11.0.0'}", "/ociVersion", "is not supported" },
	{ "{'ociVersion':'1.0.0'}", "", "required member 'root' is missing" },
	/* names of the host, hooks, annotations */
	{ T("'hostname':'h'"), "/hostname", "needs an entry 'uts' in linux.namespaces" },
	{ T("'domainname':'h'"), "/domainname", "needs an entry 'uts'" },
	{ HEAD "'hostname':'0123456789012345678901234567890123456789012345678901234567890123x',"
	       "'linux':{'namespaces':[" MOUNT ",{'type':'uts'}]}}",
	  "/hostname", "longer than 64 bytes" },
	{ T("'annotations':{'':'x'}"), "/annotations/", "annotation without a key" },
	{ T("'hooks':{'prestart':[{'path':'x'}]}"), "/hooks/prestart/0/path",
	  "hook path 'x' is not absolute" },
	{ T("'hooks':{'startContainer':[{'path':'/x'},{'path':'./y'}]}"),
	  "/hooks/startContainer/1/path", "is not absolute" },
	{ T("'hooks':{'poststop':[{'path':'/x','timeout':0}]}"), "/hooks/poststop/0/timeout",
	  "timeout must be greater than zero, not 0" },
	{ T("'hooks':{'createRuntime':[{'path':'/x','timeout':-1}]}"),
	  "/hooks/createRuntime/0/timeout", "must be greater than zero" },
	{ T("'hooks':{'createContainer':[{'path':'/x','env':['A=1','B']}]}"),
	  "/hooks/createContainer/0/env/1", "'B' has no '='" },
	/* mounts */
	{ T("'mounts':[{'destination':'/a','uidMappings':" MAP "}]"), "/mounts/0",
	  "uidMappings and gidMappings need each other" },
	{ T("'mounts':[{'destination':'/a'},{'destination':'/b','gidMappings':" MAP "}]"),
	  "/mounts/1", "need each other" },
	{ T("'mounts':[{'destination':'/a','uidMappings':" MAP
	    ",'gidMappings':[{'containerID':0,'hostID':0,'size':0}]}]"),
	  "/mounts/0/gidMappings/0/size", "the range is empty" },
	/* process */
	{ P("'cwd':'w','args':['a']"), "/process/cwd", "'w' is not an absolute path" },
	{ P("'cwd':'/'"), "/process/args", "needs at least one entry" },
	{ P("'cwd':'/','args':[]"), "/process/args", "needs at least one entry" },
	{ P("'cwd':'/','args':['']"), "/process/args/0", "must not be empty" },
	{ PC("'env':['A=','B=1','C']"), "/process/env/2", "environment entry 'C' has no '='" },
	{ PC("'consoleSize':{'width':65536,'height':1}"), "/process/consoleSize/width",
	  "greater than 65535" },
	{ PC("'consoleSize':{'width':0,'height':65536}"), "/process/consoleSize/height",
	  "greater than 65535" },
	{ PC("'user':{'uid':4294967295}"), "/process/user/uid", "4294967295 is not a valid id" },
	{ PC("'user':{'gid':4294967295}"), "/process/user/gid", "is not a valid id" },
	{ PC("'user':{'additionalGids':[1,4294967295]}"), "/process/user/additionalGids/1",
	  "is not a valid id" },
	{ PC("'user':{'umask':512}"), "/process/user/umask", "greater than 511 (octal 777)" },
	{ PC("'rlimits':[{'type':'RLIMIT_CORE','soft':1,'hard':1},{'type':'RLIMIT_CORE',"
	     "'soft':1,'hard':1}]"),
	  "/process/rlimits/1/type", "duplicate 'RLIMIT_CORE'" },
	{ PC("'rlimits':[{'type':'RLIMIT_CORE','soft':2,'hard':1}]"), "/process/rlimits/0/soft",
	  "soft limit of 'RLIMIT_CORE' is above its hard limit" },
	{ PC("'oomScoreAdj':1001"), "/process/oomScoreAdj", "1001 is outside -1000 to 1000" },
	{ PC("'oomScoreAdj':-1001"), "/process/oomScoreAdj", "is outside" },
	{ PC("'apparmorProfile':'a\\nb'"), "/process/apparmorProfile", "control characters" },
	{ PC("'selinuxLabel':'a\\u001fb'"), "/process/selinuxLabel", "control characters" },
	{ PC("'scheduler':{'policy':'SCHED_ISO'}"), "/process/scheduler/policy",
	  "'SCHED_ISO' is not implemented" },
	{ PC("'scheduler':{'policy':'SCHED_OTHER','nice':20}"), "/process/scheduler/nice",
	  "20 is outside -20 to 19" },
	{ PC("'scheduler':{'policy':'SCHED_FIFO','priority':1,'nice':1}"),
	  "/process/scheduler/nice", "has no meaning with 'SCHED_FIFO'" },
	{ PC("'scheduler':{'policy':'SCHED_RR'}"), "/process/scheduler/priority",
	  "must be 1 to 99 with 'SCHED_RR'" },
	{ PC("'scheduler':{'policy':'SCHED_FIFO','priority':100}"), "/process/scheduler/priority",
	  "must be 1 to 99" },
	{ PC("'scheduler':{'policy':'SCHED_BATCH','priority':1}"), "/process/scheduler/priority",
	  "has no meaning with 'SCHED_BATCH'" },
	{ PC("'scheduler':{'policy':'SCHED_OTHER','runtime':1}"), "/process/scheduler/runtime",
	  "has a meaning only with 'SCHED_DEADLINE'" },
	{ PC("'scheduler':{'policy':'SCHED_IDLE','period':1}"), "/process/scheduler/period",
	  "only with 'SCHED_DEADLINE'" },
	{ PC("'scheduler':{'policy':'SCHED_DEADLINE'}"), "/process/scheduler/runtime",
	  "must be at least 1024" },
	{ T("'process':{'cwd':'/','args':['x'],'scheduler':{'policy':'SCHED_DEADLINE','runtime':"
	    "2000,'deadline':2000}},'hooks':{'startContainer':[{'path':'/x'}]}"),
	  "/process/scheduler/flags", "startContainer hooks need 'SCHED_FLAG_RESET_ON_FORK'" },
	{ PC("'scheduler':{'policy':'SCHED_DEADLINE','runtime':2000,'deadline':1999}"),
	  "/process/scheduler/deadline", "must not be below runtime" },
	{ PC("'scheduler':{'policy':'SCHED_DEADLINE','runtime':2000,'deadline':3000,'period':2999"
	     "}"),
	  "/process/scheduler/period", "must not be below deadline" },
	{ PC("'ioPriority':{'class':'IOPRIO_CLASS_BE','priority':8}"),
	  "/process/ioPriority/priority", "8 is outside 0 to 7" },
	{ PC("'ioPriority':{'class':'IOPRIO_CLASS_RT','priority':-1}"),
	  "/process/ioPriority/priority", "-1 is outside 0 to 7" },
	{ PC("'execCPUAffinity':{'initial':'3-1'}"), "/process/execCPUAffinity/initial",
	  "'3-1' is not a list of cpus" },
	{ PC("'execCPUAffinity':{'initial':'0','final':'1,'}"), "/process/execCPUAffinity/final",
	  "is not a list of cpus" },
	{ PC("'execCPUAffinity':{'final':'0-'}"), "/process/execCPUAffinity/final", "not a list" },
	{ PC("'execCPUAffinity':{'final':'1 2'}"), "/process/execCPUAffinity/final", "not a list" },
	{ PC("'execCPUAffinity':{'final':'1234567'}"), "/process/execCPUAffinity/final",
	  "not a list" },
	/* namespaces and maps */
	{ HEAD "'linux':{'namespaces':[],'maskedPaths':['/a']}}", "/linux/maskedPaths",
	  "needs an entry 'mount' in linux.namespaces" },
	{ HEAD "'linux':{'readonlyPaths':['/a']}}", "/linux/readonlyPaths",
	  "needs an entry 'mount' in linux.namespaces" },
	{ N(",{'type':'pid'}," MOUNT, ""), "/linux/namespaces/2/type",
	  "duplicate 'mount' namespace" },
	{ N(",{'type':'pid','path':'proc/1/ns/pid'}", ""), "/linux/namespaces/1/path",
	  "'proc/1/ns/pid' is not an absolute path" },
	{ N(USER, ""), "/linux/uidMappings", "a new user namespace needs at least one entry" },
	{ N(USER, ",'uidMappings':" MAP), "/linux/gidMappings",
	  "a new user namespace needs at least one entry" },
	{ N("", ",'uidMappings':" MAP), "/linux/uidMappings",
	  "needs an entry 'user' in linux.namespaces" },
	{ N("", ",'gidMappings':" MAP), "/linux/gidMappings", "needs an entry 'user'" },
	{ N(USER, ",'gidMappings':" MAP
		  ",'uidMappings':[{'containerID':0,'hostID':0,'size':10},{'containerID':9,"
		  "'hostID':50,'size':1}]"),
	  "/linux/uidMappings/1/containerID", "overlaps with that of entry 0" },
	{ N(USER, ",'uidMappings':" MAP
		  ",'gidMappings':[{'containerID':5,'hostID':100,'size':10},{'containerID':0,"
		  "'hostID':105,'size':5}]"),
	  "/linux/gidMappings/1/hostID", "overlaps with that of entry 0" },
	{ N(USER, ",'gidMappings':" MAP
		  ",'uidMappings':[{'containerID':4294967290,'hostID':0,'size':6}]"),
	  "/linux/uidMappings/0", "ends above the highest id 4294967294" },
	{ N(USER, ",'gidMappings':" MAP
		  ",'uidMappings':[{'containerID':0,'hostID':4294967295,'size':4294967295}]"),
	  "/linux/uidMappings/0", "ends above" },
	/* time */
	{ L("'timeOffsets':{'boottime':{'secs':1}}"), "/linux/timeOffsets/boottime",
	  "needs a new 'time' namespace" },
	{ N(",{'type':'time','path':'/x'}", ",'timeOffsets':{'monotonic':{'secs':1}}"),
	  "/linux/timeOffsets/monotonic", "needs a new 'time' namespace" },
	{ N(",{'type':'time'}", ",'timeOffsets':{'monotonic':{'nanosecs':1000000000}}"),
	  "/linux/timeOffsets/monotonic/nanosecs", "must be below 1000000000" },
	/* devices */
	{ L("'devices':[{'path':'dev/x','type':'c','major':1,'minor':3}]"), "/linux/devices/0/path",
	  "'dev/x' is not an absolute path" },
	{ L("'devices':[{'path':'/dev/x','type':'c','major':1}]"), "/linux/devices/0",
	  "required member 'minor' is missing" },
	{ L("'devices':[{'path':'/dev/x','type':'b'}]"), "/linux/devices/0",
	  "required member 'major' is missing" },
	{ L("'devices':[{'path':'/dev/x','type':'u','major':4096,'minor':0}]"),
	  "/linux/devices/0/major", "4096 is outside 0 to 4095" },
	{ L("'devices':[{'path':'/dev/x','type':'c','major':1,'minor':-1}]"),
	  "/linux/devices/0/minor", "-1 is outside 0 to 1048575" },
	{ L("'devices':[{'path':'/dev/x','type':'p','uid':4294967295}]"), "/linux/devices/0/uid",
	  "is not a valid id" },
	/* network devices */
	{ N(",{'type':'time'}", ",'timeOffsets':{'boottime':{'secs':4611686019}}"),
	  "/linux/timeOffsets/boottime/secs", "4611686019 is outside -4611686018 to 4611686018" },
	{ N(",{'type':'time'}", ",'timeOffsets':{'monotonic':{'secs':-4611686019}}"),
	  "/linux/timeOffsets/monotonic/secs", "-4611686019 is outside" },
	{ L("'personality':{'domain':'LINUX','flags':['A']}"), "/linux/personality/flags/0",
	  "unknown personality flag 'A' (none are known)" },
	{ L("'netDevices':{'eth0':{}}"), "/linux/netDevices", "needs an entry 'network'" },
	{ N(",{'type':'network'}", ",'netDevices':{'0123456789abcdef':{}}"),
	  "/linux/netDevices/0123456789abcdef", "cannot be the name of a network device" },
	{ N(",{'type':'network'}", ",'netDevices':{'a/b':{}}"), "/linux/netDevices/a~1b",
	  "'a/b' cannot be the name" },
	{ N(",{'type':'network'}", ",'netDevices':{'':{}}"), "/linux/netDevices/",
	  "'' cannot be the name" },
	{ N(",{'type':'network'}", ",'netDevices':{'eth%d':{}}"), "/linux/netDevices/eth%d",
	  "cannot be the name" },
	{ N(",{'type':'network'}", ",'netDevices':{'e':{'name':'..'}}"), "/linux/netDevices/e",
	  "'..' cannot be the name" },
	{ N(",{'type':'network'}", ",'netDevices':{'e':{'name':'a b'}}"), "/linux/netDevices/e",
	  "'a b' cannot be the name" },
	{ N(",{'type':'network'}", ",'netDevices':{'e':{'name':'a:1'}}"), "/linux/netDevices/e",
	  "cannot be the name" },
	{ N(",{'type':'network'}", ",'netDevices':{'e':{'name':'e%s'}}"), "/linux/netDevices/e",
	  "cannot be the name" },
	{ N(",{'type':'network'}", ",'netDevices':{'e':{'name':'e%d%d'}}"), "/linux/netDevices/e",
	  "cannot be the name" },
	{ N(",{'type':'network'}", ",'netDevices':{'e':{'name':'x'},'x':{}}"), "/linux/netDevices",
	  "two devices get the name 'x'" },
	/* paths, labels */
	{ L("'maskedPaths':['/a','b']"), "/linux/maskedPaths/1", "'b' is not an absolute path" },
	{ L("'maskedPaths':['']"), "/linux/maskedPaths/0", "'' is not an absolute path" },
	{ L("'readonlyPaths':['proc']"), "/linux/readonlyPaths/0", "is not an absolute path" },
	{ L("'rootfsPropagation':'Shared'"), "/linux/rootfsPropagation",
	  "unknown rootfs propagation 'Shared' (known: private" },
	{ L("'mountLabel':'a\\nb'"), "/linux/mountLabel", "control characters" },
	{ L("'cgroupsPath':'/a/../b'"), "/linux/cgroupsPath", "has a '..' in it" },
	{ L("'cgroupsPath':'..'"), "/linux/cgroupsPath", "has a '..' in it" },
	{ L("'cgroupsPath':'/a\\n'"), "/linux/cgroupsPath", "control characters" },
	/* sysctl */
	{ L("'sysctl':{'net.ipv4.ip_forward':'1'}"), "/linux/sysctl/net.ipv4.ip_forward",
	  "needs an entry 'network' in linux.namespaces" },
	{ L("'sysctl':{'kernel.msgmax':'1'}"), "/linux/sysctl/kernel.msgmax",
	  "needs an entry 'ipc'" },
	{ L("'sysctl':{'fs.mqueue.msg_max':'1'}"), "/linux/sysctl/fs.mqueue.msg_max",
	  "needs an entry 'ipc'" },
	{ L("'sysctl':{'user.max_user_namespaces':'1'}"), "/linux/sysctl/user.max_user_namespaces",
	  "needs an entry 'user'" },
	{ L("'sysctl':{'kernel.domainname':'x'}"), "/linux/sysctl/kernel.domainname",
	  "needs an entry 'uts'" },
	{ N(",{'type':'uts'}", ",'sysctl':{'kernel.hostname':'x'}"),
	  "/linux/sysctl/kernel.hostname", "use the member 'hostname'" },
	{ HEAD "'domainname':'d','linux':{'namespaces':[" MOUNT
	       ",{'type':'uts'}],'sysctl':{'kernel/domainname':'x'}}}",
	  "/linux/sysctl/kernel~1domainname", "conflicts with the member 'domainname'" },
	{ L("'sysctl':{'kernel.core_pattern':'|/x'}"), "/linux/sysctl/kernel.core_pattern",
	  "is not in a namespace, it would change the host" },
	{ L("'sysctl':{'vm.swappiness':'1'}"), "/linux/sysctl/vm.swappiness",
	  "is not in a namespace" },
	{ N(",{'type':'ipc'}", ",'sysctl':{'kernel.msgmax.x':'1'}"),
	  "/linux/sysctl/kernel.msgmax.x", "is not in a namespace" },
	{ N(",{'type':'ipc'}", ",'sysctl':{'kernel.shm_rmid_forced=1+kernel.core_pattern':'1'}"),
	  "/linux/sysctl/kernel.shm_rmid_forced=1+kernel.core_pattern",
	  "cannot be the name of a sysctl" },
	{ N(",{'type':'network'}", ",'sysctl':{'net/../kernel/core_pattern':'x'}"),
	  "/linux/sysctl/net~1..~1kernel~1core_pattern", "cannot be the name" },
	{ N(",{'type':'network'}", ",'sysctl':{'net.//.kernel.core_pattern':'x'}"),
	  "/linux/sysctl/net.~1~1.kernel.core_pattern", "cannot be the name" },
	{ N(",{'type':'network'}", ",'sysctl':{'net..ipv4':'x'}"), "/linux/sysctl/net..ipv4",
	  "cannot be the name" },
	{ N(",{'type':'network'}", ",'sysctl':{'net.':'x'}"), "/linux/sysctl/net.",
	  "cannot be the name" },
	{ N(",{'type':'network'}", ",'sysctl':{'/net/x':'x'}"), "/linux/sysctl/~1net~1x",
	  "cannot be the name" },
	{ N(",{'type':'network'}", ",'sysctl':{'':'x'}"), "/linux/sysctl/", "cannot be the name" },
	{ N(",{'type':'network'}", ",'sysctl':{'net.x\\ny':'x'}"), "/linux/sysctl/net.x\ny",
	  "cannot be the name" },
	/* memory policy, resctrl */
	{ L("'memoryPolicy':{'mode':'MPOL_BIND'}"), "/linux/memoryPolicy",
	  "'MPOL_BIND' needs nodes" },
	{ L("'memoryPolicy':{'mode':'MPOL_DEFAULT','nodes':'0'}"), "/linux/memoryPolicy/nodes",
	  "has no meaning with 'MPOL_DEFAULT'" },
	{ L("'memoryPolicy':{'mode':'MPOL_LOCAL','flags':['MPOL_F_STATIC_NODES']}"),
	  "/linux/memoryPolicy/flags", "have no meaning with 'MPOL_LOCAL'" },
	{ L("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0-'}"), "/linux/memoryPolicy/nodes",
	  "is not a list of nodes" },
	{ L("'memoryPolicy':{'mode':'MPOL_INTERLEAVE','nodes':'0','flags':["
	    "'MPOL_F_STATIC_NODES','MPOL_F_RELATIVE_NODES']}"),
	  "/linux/memoryPolicy/flags", "exclude each other" },
	{ L("'memoryPolicy':{'mode':'MPOL_PREFERRED','flags':['MPOL_F_STATIC_NODES']}"),
	  "/linux/memoryPolicy/flags", "need nodes" },
	{ L("'memoryPolicy':{'mode':'MPOL_INTERLEAVE','nodes':'0','flags':["
	    "'MPOL_F_NUMA_BALANCING']}"),
	  "/linux/memoryPolicy/flags", "'MPOL_F_NUMA_BALANCING' needs 'MPOL_BIND'" },
	{ L("'intelRdt':{'closID':'a/b'}"), "/linux/intelRdt/closID",
	  "is not the name of a directory" },
	{ L("'intelRdt':{'closID':'..'}"), "/linux/intelRdt/closID", "is not the name" },
	{ L("'intelRdt':{'l3CacheSchema':'L3:0=f\\nMB:0=1'}"), "/linux/intelRdt/l3CacheSchema",
	  "has a line break" },
	{ L("'intelRdt':{'memBwSchema':'L3:0=f'}"), "/linux/intelRdt/memBwSchema",
	  "must begin with 'MB:'" },
	{ L("'intelRdt':{'memBwSchema':'MB:0=1\\n'}"), "/linux/intelRdt/memBwSchema",
	  "has a line break" },
	{ L("'intelRdt':{'schemata':['ok','']}"), "/linux/intelRdt/schemata/1",
	  "must be one line" },
	/* resources */
	{ R("'devices':[{'allow':true,'type':'c','major':4294967296}]"),
	  "/linux/resources/devices/0", "no device has such a number" },
	{ R("'memory':{'limit':-2}"), "/linux/resources/memory/limit", "-2 is below -1" },
	{ R("'memory':{'reservation':-2}"), "/linux/resources/memory/reservation", "below -1" },
	{ R("'memory':{'swap':5}"), "/linux/resources/memory/swap", "needs a memory limit" },
	{ R("'memory':{'swap':5,'limit':-1}"), "/linux/resources/memory/swap",
	  "needs a memory limit" },
	{ R("'memory':{'swap':5,'limit':6}"), "/linux/resources/memory/swap",
	  "must not be below the limit" },
	{ R("'memory':{'swappiness':101}"), "/linux/resources/memory/swappiness",
	  "greater than 100" },
	{ R("'cpu':{'idle':2}"), "/linux/resources/cpu/idle", "must be 0 or 1" },
	{ R("'cpu':{'burst':11,'quota':10}"), "/linux/resources/cpu/burst",
	  "must not be above quota" },
	{ R("'cpu':{'cpus':'0\\n1'}"), "/linux/resources/cpu/cpus", "control characters" },
	{ R("'blockIO':{'weight':9}"), "/linux/resources/blockIO/weight", "must be 10 to 1000" },
	{ R("'blockIO':{'weightDevice':[{'major':8,'minor':0,'weight':1001}]}"),
	  "/linux/resources/blockIO/weightDevice/0", "weight must be 10 to 1000" },
	{ R("'blockIO':{'throttleReadIOPSDevice':[{'major':8,'minor':-1,'rate':1}]}"),
	  "/linux/resources/blockIO/throttleReadIOPSDevice/0", "device number below 0" },
	{ R("'hugepageLimits':[{'pageSize':'64kB','limit':1}]"),
	  "/linux/resources/hugepageLimits/0/pageSize", "'64kB' is not a page size" },
	{ R("'hugepageLimits':[{'pageSize':'../../../x','limit':1}]"),
	  "/linux/resources/hugepageLimits/0/pageSize", "is not a page size" },
	{ R("'hugepageLimits':[{'pageSize':'02MB','limit':1}]"),
	  "/linux/resources/hugepageLimits/0/pageSize", "is not a page size" },
	{ R("'hugepageLimits':[{'pageSize':'2MBx','limit':1}]"),
	  "/linux/resources/hugepageLimits/0/pageSize", "is not a page size" },
	{ R("'rdma':{'mlx':{}}"), "/linux/resources/rdma/mlx", "needs hcaHandles or hcaObjects" },
	{ R("'rdma':{'a b':{'hcaHandles':1}}"), "/linux/resources/rdma/a b",
	  "cannot be the name of a device" },
	{ R("'unified':{'../x':'1'}"), "/linux/resources/unified/..~1x",
	  "is not a file of a cgroup controller" },
	{ R("'unified':{'a/b':'1'}"), "/linux/resources/unified/a~1b", "is not a file" },
	{ R("'unified':{'cgroup.procs':'1'}"), "/linux/resources/unified/cgroup.procs",
	  "is not a file" },
	{ R("'unified':{'memory.max\\n':'1'}"), "/linux/resources/unified/memory.max\n",
	  "is not a file" },
	{ R("'unified':{'.':'1'}"), "/linux/resources/unified/.", "is not a file" },
	{ R("'unified':{'memory':'1'}"), "/linux/resources/unified/memory", "is not a file" },
	{ R("'unified':{'memory..max':'1'}"), "/linux/resources/unified/memory..max",
	  "is not a file" },
	/* seccomp */
	{ S("'defaultAction':'SCMP_ACT_NOTIFY'"), "/linux/seccomp/defaultAction",
	  "cannot be the default" },
	{ S("'defaultAction':'SCMP_ACT_ALLOW','defaultErrnoRet':1"),
	  "/linux/seccomp/defaultErrnoRet", "has no meaning with 'SCMP_ACT_ALLOW'" },
	{ S("'defaultAction':'SCMP_ACT_KILL','defaultErrnoRet':1"),
	  "/linux/seccomp/defaultErrnoRet", "has no meaning with 'SCMP_ACT_KILL_THREAD'" },
	{ S("'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':4095"),
	  "/linux/seccomp/defaultErrnoRet", "4095 is greater than 4094" },
	{ S("'defaultAction':'SCMP_ACT_TRACE','defaultErrnoRet':65536"),
	  "/linux/seccomp/defaultErrnoRet", "65536 is greater than 65535" },
	{ S("'defaultAction':'SCMP_ACT_ALLOW','listenerMetadata':'m'"),
	  "/linux/seccomp/listenerMetadata", "needs the member 'listenerPath'" },
	{ S("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':[],'action':'SCMP_ACT_KILL'}]"),
	  "/linux/seccomp/syscalls/0/names", "needs at least one name" },
	{ S("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a',''],'action':"
	    "'SCMP_ACT_KILL'}]"),
	  "/linux/seccomp/syscalls/0/names/1", "must not be empty" },
	{ S("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':"
	    "'SCMP_ACT_NOTIFY'}]"),
	  "/linux/seccomp/syscalls/0/action", "needs linux.seccomp.listenerPath" },
	{ S("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':"
	    "'SCMP_ACT_LOG','errnoRet':1}]"),
	  "/linux/seccomp/syscalls/0/errnoRet", "has no meaning with 'SCMP_ACT_LOG'" },
	{ S("'defaultAction':'SCMP_ACT_ALLOW','syscalls':[{'names':['a'],'action':"
	    "'SCMP_ACT_ERRNO','args':[{'index':6,'value':1,'op':'SCMP_CMP_EQ'}]}]"),
	  "/linux/seccomp/syscalls/0/args/0/index", "6 is greater than 5" },
};

static const char *const accepted[] = {
	T("'hooks':{}"),
	"{'ociVersion':'1.0.2-dev','root':{'path':'r'},'linux':{'namespaces':[" MOUNT "]}}",
	"{'ociVersion':'1.0.0-rc5+b.01','root':{'path':'r'},'linux':{'namespaces':[" MOUNT "]}}",
	"{'ociVersion':'1.99.0','root':{'path':'/r'},'linux':{'namespaces':[{'type':'mount',"
	"'path':'/proc/1/ns/mnt'}]}}",
	HEAD "'hostname':'h','domainname':'d','linux':{'namespaces':[" MOUNT
	     ",{'type':'uts','path':'/proc/1/ns/uts'}]}}",
	T("'mounts':[{'destination':'relative'},{'destination':'/x','options':['whatever','']}]"),
	T("'mounts':[{'destination':'/a','uidMappings':" MAP ",'gidMappings':" MAP "}]"),
	PC("'env':['A=','=B','A=C=D']"),
	PC("'consoleSize':{'width':0,'height':0}"),
	PC("'user':{'umask':511,'uid':4294967294}"),
	PC("'oomScoreAdj':-1000"),
	PC("'scheduler':{'policy':'SCHED_FIFO','priority':99,'nice':0,'runtime':0}"),
	PC("'scheduler':{'policy':'SCHED_OTHER','nice':-20,'priority':0}"),
	PC("'scheduler':{'policy':'SCHED_DEADLINE','runtime':1024,'deadline':1024}"),
	PC("'execCPUAffinity':{'initial':'0-3, 7 - 9,11','final':''}"),
	PC("'capabilities':{'ambient':['CAP_KILL'],'permitted':['CAP_KILL'],'inheritable':["
	   "'CAP_KILL'],'bounding':['CAP_UNHEARD_OF']}"),
	PC("'capabilities':{'ambient':['CAP_KILL'],'permitted':['CAP_KILL']}"),
	PC("'rlimits':[{'type':'RLIMIT_CORE','soft':0,'hard':18446744073709551615},{'type':"
	   "'RLIMIT_CPU','soft':1,'hard':1}]"),
	N(USER, ",'uidMappings':[{'containerID':0,'hostID':1000,'size':1},{'containerID':1,"
		"'hostID':100000,'size':65536}],'gidMappings':" MAP),
	N(USER,
	  ",'uidMappings':[{'containerID':0,'hostID':0,'size':4294967295}],'gidMappings':" MAP),
	N(",{'type':'user','path':'/proc/1/ns/user'}", ""),
	N(",{'type':'user','path':'/proc/1/ns/user'}", ",'uidMappings':" MAP),
	N(",{'type':'time'}", ",'timeOffsets':{'boottime':{'secs':-5,'nanosecs':999999999}}"),
	L("'devices':[{'path':'/dev/f','type':'p'},{'path':'/x/y','type':'u','major':4095,'minor':"
	  "1048575,'fileMode':8630}]"),
	N(",{'type':'network'}", ",'netDevices':{'a':{'name':'b'},'b':{'name':'a'},'c':{'name':"
				 "'eth%d'},'d':{'name':'eth%d'}}"),
	N(",{'type':'network','path':'/n'},{'type':'ipc'},{'type':'uts'}" USER,
	  ",'uidMappings':" MAP ",'gidMappings':" MAP ",'sysctl':{'net.ipv4.conf.eth0/1.mtu':'1',"
	  "'net/core/somaxconn':'2','kernel.sem':'1 2\\t3','kernel.shm_rmid_forced':'1',"
	  "'fs.mqueue.msg_max':'1','kernel.domainname':'d','user.max_ipc_namespaces':'1'}"),
	L("'rootfsPropagation':'rslave','cgroupsPath':'system.slice:ctr:a..b','maskedPaths':['/"
	  "a']"),
	N(",{'type':'time'}", ",'timeOffsets':{'boottime':{'secs':-4611686018}}"),
	L("'personality':{'domain':'LINUX32','flags':[]}"),
	L("'memoryPolicy':{'mode':'MPOL_PREFERRED'}"),
	L("'memoryPolicy':{'mode':'MPOL_BIND','nodes':'0-3,7','flags':['MPOL_F_NUMA_BALANCING']}"),
	L("'intelRdt':{'closID':'/','memBwSchema':'MB:0=20;1=70','schemata':['L2:0=f']}"),
	R("'memory':{'swap':-1},'pids':{'limit':0},'cpu':{'quota':-1,'burst':5,'idle':1}"),
	R("'memory':{'limit':10,'swap':10,'swappiness':null,'disableOOMKiller':false}"),
	R("'blockIO':{'weight':0,'weightDevice':[{'major':8,'minor':0,'weight':10}]}"),
	R("'unified':{'memory.high':'1','hugetlb.2MB.max':'x','cgroup.max.depth':'3'}"),
	R("'devices':[{'allow':false,'access':'rwm'},{'allow':true,'type':'b','major':-1}]"),
	R("'rdma':{'mlx5_1':{'hcaObjects':0}},'hugepageLimits':[{'pageSize':'1GB','limit':0}]"),
	S("'defaultAction':'SCMP_ACT_ERRNO','defaultErrnoRet':38,'listenerPath':'/s',"
	  "'listenerMetadata':'m','syscalls':[{'names':['a'],'action':'SCMP_ACT_NOTIFY'},{'names':["
	  "'b'],'action':'SCMP_ACT_TRACE','errnoRet':65535}]"),
};

static struct oci_spec *decode(const char *text)
{
	cleanup_free char *json = strdup(text);
	struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;

	assert_non_null(json);
	for (char *s = json; *s; s++)
		if (*s == '\'')
			*s = '"';
	if (oci_spec_decode(json, strlen(json), &spec, &e) < 0)
		fail_msg("%s: does not decode: %s (%s)", text, e.text, e.origin);
	return spec;
}

/* Who wants all problems gets this one, too, in the same words. */
static void assert_listed(const struct oci_spec *spec, const struct err *first)
{
	cleanup_(problems_free) struct problems all = PROBLEMS_INIT;
	struct err e = { .problems = &all };
	bool found = false;

	assert_int_equal(oci_spec_validate(spec, &e), 0);
	assert_int_equal(e.kind, ERR_NONE);
	for (size_t i = 0; i < all.count; i++)
		found |= strcmp(all.items[i].err.text, first->text) == 0 &&
			 strcmp(all.items[i].err.origin, first->origin) == 0;
	if (!found)
		fail_msg("not in the list: %s (%s)", first->text, first->origin);
}

static void test_refused(void **state)
{
	(void)state;
	assert_true(COUNT(refusals) >= 80);
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *c = &refusals[i];
		cleanup_(oci_spec_freep) struct oci_spec *spec = decode(c->json);
		struct err e = ERR_INIT;
		char origin[256];
		int r = oci_spec_validate(spec, &e);

		(void)snprintf(origin, sizeof(origin), "config.json%s%s", *c->at ? " " : "", c->at);
		if (r != -EINVAL || e.kind != ERR_CONFIG || !strstr(e.text, c->says) ||
		    strcmp(e.origin, origin) != 0)
			fail_msg("%s: got %d '%s' (%s)", c->json, r, e.text, e.origin);
		assert_int_equal(oci_spec_validate(spec, NULL), -EINVAL);
		assert_listed(spec, &e);
	}
	print_message("%zu refusals\n", COUNT(refusals));
}

static void test_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(accepted); i++) {
		cleanup_(oci_spec_freep) struct oci_spec *spec = decode(accepted[i]);
		struct err e = ERR_INIT;

		if (oci_spec_validate(spec, &e) < 0)
			fail_msg("%s: %s (%s)", accepted[i], e.text, e.origin);
	}
	print_message("%zu accepted\n", COUNT(accepted));
}

static size_t list_all(const char *text, char *buf, size_t size)
{
	cleanup_free char *json = strdup(text);
	cleanup_(problems_free) struct problems all = PROBLEMS_INIT;
	cleanup_(oci_spec_freep) struct oci_spec *spec = NULL;
	struct err e = { .problems = &all };
	struct strbuf out = STRBUF_OVER(buf, size);

	assert_non_null(json);
	for (char *s = json; *s; s++)
		if (*s == '\'')
			*s = '"';
	assert_int_equal(oci_spec_decode(json, strlen(json), &spec, &e), 0);
	problems_next_stage(&all);
	assert_int_equal(oci_spec_validate(spec, &e), 0);
	for (size_t i = 0; i < all.count; i++)
		strbuf_addf(&out, "%s: %s\n", problem_pointer(&all.items[i].err),
			    all.items[i].err.text);
	return all.count;
}

/* Mistakes of structure do not hide the rules, and make up none. */
static void test_all_at_once(void **state)
{
	static const struct {
		const char *json, *want;
	} cases[] = {
		/* the pointers are those of the document, although items before were left out */
		{ HEAD "'mounts':[{'destination':5},{'destination':'/a','uidMappings':" MAP "},"
		       "{'source':'x'},{'destination':'/b','gidMappings':[{'containerID':0,"
		       "'hostID':'x','size':1},{'containerID':0,'hostID':1,'size':0}]}]}",
		  "/mounts/0/destination: must be a string, not a number\n"
		  "/mounts/2: required member 'destination' is missing\n"
		  "/mounts/3/gidMappings/0/hostID: must be a number, not a string\n"
		  "/mounts/1: uidMappings and gidMappings need each other\n"
		  "/mounts/3/gidMappings/1/size: the range is empty\n" },
		/* what is said to be missing may be what could not be read */
		{ HEAD "'hostname':'h','linux':{'namespaces':[{'type':'utz'}],"
		       "'uidMappings':[{'size':1}],'maskedPaths':['/a']}}",
		  "/linux/namespaces/0/type: unknown namespace type 'utz' (known: mount, cgroup, "
		  "uts, ipc, user, pid, time, network)\n"
		  "/linux/uidMappings/0: required member 'containerID' is missing\n"
		  "/linux/uidMappings/0: required member 'hostID' is missing\n" },
		/* required strings that are missing */
		{ "{'process':{'args':[7,'a'],'env':['A=b',1,'B']},'root':{},"
		  "'linux':{'resources':{'cpu':{'idle':2}}}}",
		  "/process/args/0: must be a string, not a number\n"
		  "/process/env/1: must be a string, not a number\n"
		  "/process: required member 'cwd' is missing\n"
		  "/root: required member 'path' is missing\n"
		  ": required member 'ociVersion' is missing\n"
		  "/process/env/2: environment entry 'B' has no '='\n"
		  "/linux/resources/cpu/idle: must be 0 or 1\n" },
		/* a scheduler without a policy has no rules that it could break */
		{ HEAD "'process':{'cwd':'x','args':[],'scheduler':{'policy':'A','nice':50}}}",
		  "/process/scheduler/policy: unknown scheduler policy 'A' (known: SCHED_OTHER, "
		  "SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_ISO, SCHED_IDLE, SCHED_DEADLINE)\n"
		  "/process/cwd: 'x' is not an absolute path\n"
		  "/process/args: needs at least one entry\n" },
		/* words, pairs, device rules, devices by name */
		{ HEAD "'annotations':{'a':1,'':'x'},'linux':{'namespaces':[{'type':'network'}],"
		       "'netDevices':{'a':{'name':1},'b/':{}},'seccomp':{'defaultAction':"
		       "'SCMP_ACT_ALLOW','flags':['X'],'architectures':['Y'],'syscalls':[{},"
		       "{'names':[],'action':'SCMP_ACT_LOG'}]},'resources':{'devices':[{},{'allow':"
		       "true,'major':5000000000}],'rdma':{'x':{'hcaHandles':-1},'y':{}}}}}",
		  "/annotations/a: must be a string, not a number\n"
		  "/linux/netDevices/a/name: must be a string, not a number\n"
		  "/linux/seccomp/flags/0: unknown seccomp flag 'X' (known: "
		  "SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, "
		  "SECCOMP_FILTER_FLAG_SPEC_ALLOW, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)\n"
		  "/linux/seccomp/architectures/0: unknown seccomp architecture 'Y'\n"
		  "/linux/seccomp/syscalls/0: required member 'names' is missing\n"
		  "/linux/seccomp/syscalls/0: required member 'action' is missing\n"
		  "/linux/resources/devices/0: required member 'allow' is missing\n"
		  "/linux/resources/rdma/x/hcaHandles: -1 is out of range (0 to 4294967295)\n"
		  "/annotations/: annotation without a key\n"
		  "/linux/netDevices/b~1: 'b/' cannot be the name of a network device\n"
		  "/linux/resources/devices/1: no device has such a number\n"
		  "/linux/resources/rdma/y: needs hcaHandles or hcaObjects\n"
		  "/linux/seccomp/syscalls/1/names: needs at least one name\n" },
	};
	char got[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		(void)list_all(cases[i].json, got, sizeof(got));
		assert_string_equal(got, cases[i].want);
	}
}

/* One entry more than the kernel takes. */
static void test_many_map_entries(void **state)
{
	cleanup_free char *text = malloc(64 * 1024);
	size_t n = 0;

	(void)state;
	assert_non_null(text);
	n += (size_t)snprintf(text, 512,
			      HEAD "'linux':{'namespaces':[" MOUNT USER "],'gidMappings':" MAP
				   ",'uidMappings':[");
	for (int i = 0; i < 341; i++)
		n += (size_t)snprintf(text + n, 128, "%s{'containerID':%d,'hostID':%d,'size':1}",
				      i ? "," : "", i, i + 1000);
	(void)snprintf(text + n, 128, "]}}");
	{
		cleanup_(oci_spec_freep) struct oci_spec *spec = decode(text);
		struct err e = ERR_INIT;

		assert_int_equal(oci_spec_validate(spec, &e), -EINVAL);
		assert_string_equal(e.origin, "config.json /linux/uidMappings");
		assert_non_null(strstr(e.text, "341 entries, the kernel takes at most 340"));
	}
}

static void test_process_document(void **state)
{
	static const char bad[] = "{\"cwd\":\"/\",\"args\":[\"a\"],\"env\":[\"x\"]}";
	cleanup_(oci_spec_freep) struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(oci_process_decode("process.json", bad, strlen(bad), &spec, &e), 0);
	assert_int_equal(oci_process_validate(spec, &e), -EINVAL);
	assert_string_equal(e.origin, "process.json /env/0");
}

static void test_resources_document(void **state)
{
	static const char bad[] = "{\"unified\":{\"cgroup.kill\":\"1\"}}";
	cleanup_(oci_spec_freep) struct oci_spec *spec = NULL;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(oci_resources_decode("resources.json", bad, strlen(bad), &spec, &e), 0);
	assert_int_equal(oci_resources_validate(spec, &e), -EINVAL);
	assert_string_equal(e.origin, "resources.json /unified/cgroup.kill");
}

static void test_sysctl_paths(void **state)
{
	static const struct {
		const char *key, *path;
		enum oci_namespace_type type;
	} cases[] = {
		{ "net.ipv4.ip_forward", "net/ipv4/ip_forward", OCI_NS_NETWORK },
		{ "net/ipv4/ip_forward", "net/ipv4/ip_forward", OCI_NS_NETWORK },
		{ "net.ipv4.conf.eth0/1.mtu", "net/ipv4/conf/eth0.1/mtu", OCI_NS_NETWORK },
		{ "net/ipv4/conf/eth0.1/mtu", "net/ipv4/conf/eth0.1/mtu", OCI_NS_NETWORK },
		{ "kernel.shmmax", "kernel/shmmax", OCI_NS_IPC },
		{ "kernel.shmmax2", "kernel/shmmax2", OCI_NS_COUNT },
		{ "network.x", "network/x", OCI_NS_COUNT },
		{ "net", "net", OCI_NS_COUNT },
		{ "kernel.hostname", "kernel/hostname", OCI_NS_UTS },
	};
	char path[OCI_SYSCTL_MAX], longest[OCI_SYSCTL_MAX + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(oci_sysctl_path(cases[i].key, path), 0);
		assert_string_equal(path, cases[i].path);
		assert_int_equal(oci_sysctl_namespace(path), cases[i].type);
	}
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(oci_sysctl_path(longest, path), -EINVAL);
	longest[sizeof(longest) - 2] = '\0';
	assert_int_equal(oci_sysctl_path(longest, path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),		 cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_all_at_once),	 cmocka_unit_test(test_many_map_entries),
		cmocka_unit_test(test_process_document), cmocka_unit_test(test_resources_document),
		cmocka_unit_test(test_sysctl_paths),
	};

	return cmocka_run_group_tests_name("validate", tests, NULL, NULL);
}
