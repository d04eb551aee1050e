# SPDX-License-Identifier: GPL-2.0-or-later
# ctr validate: all at once, what this host would refuse, no effects, both formats, exit statuses.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# validate the bundle; every argument must be a whole line of what it says
validate() {
	write_config
	ctr validate "$bundle"
}

says() {
	local line
	for line; do
		[[ $'\n'"$output"$'\n' == *$'\n'"$line"$'\n'* ]] || {
			printf 'not said: %s\nsaid: %s\n' "$line" "$output"
			return 1
		}
	done
}

# The error of run, without its frame, is what validate says of the same field.
agrees() {
	local pointer=$1 text=$2
	validate
	[ "$status" -eq 1 ]
	[[ $output == *"error: $pointer: "*"$text"* ]] || { printf 'validate: %s\n' "$output"; return 1; }
	ctr run "$bundle"
	[ "$status" -eq 1 ]
	[[ $stderr == *"$text"* && $stderr == *"(config.json $pointer)"* ]] || {
		printf 'run: %s\n' "$stderr"
		return 1
	}
}

@test "validate: what ctr spec writes is valid with a program" {
	args payload ids
	validate
	[ "$status" -eq 0 ]
	[[ $output == *'valid: 0 errors, '* ]]
	[ -z "$stderr" ]
}

@test "validate: every problem at once, in the order of the document, and as ctr run words the first" {
	config '.process.cwd = "x"' '.process.args = []' '.process.env = ["A"]' '.hostname = ("x" * 65)' \
		'.mounts += [{"destination": "/a", "options": ["bind"]}, {"destination": 1}, {"destination": "/b"}]' \
		'.linux.maskedPaths = ["a"]' '.root.path = "none"'
	validate
	[ "$status" -eq 1 ]
	run grep -c '^error: ' <<<"$output"
	[ "$output" = 9 ]
	ctr validate "$bundle"
	n=$(jq '.mounts | length' "$bundle/config.json")
	says "error: /process/args: needs at least one entry" \
		"error: /process/env/0: environment entry 'A' has no '='" \
		"error: /process/cwd: 'x' is not an absolute path" \
		"error: /hostname: longer than 64 bytes" \
		"error: /mounts/$((n - 3)): mount '/a': a bind mount needs a source" \
		"error: /mounts/$((n - 2))/destination: must be a string, not a number" \
		"error: /mounts/$((n - 1)): mount '/b': neither a type nor a bind mount" \
		"error: /linux/maskedPaths/0: 'a' is not an absolute path" \
		"error: /root/path: root filesystem 'none': no such file or directory: create the directory, or correct root.path"
	[[ $output == *'not valid: 9 errors, '* ]]
	# sorted by where it is
	order=$(sed -n 's/^error: \([^:]*\):.*/\1/p' <<<"$output")
	expected=$(jq -r '[paths | map(tostring) | "/" + join("/")] | .[]' "$bundle/config.json" |
		grep -Fx "$order")
	[ "$order" = "$expected" ]
	ctr run "$bundle"
	[ "$status" -eq 1 ]
	[[ $stderr == *'/mounts/'*'/destination: must be a string'* || $stderr == *'must be a string, not a number (config.json '* ]]
}

@test "validate: as JSON" {
	config '.process.cwd = "x"' '.linux.cgroupsPath = "/a/../b"' '.annotations = {"a/b~": 1}'
	args payload ids
	write_config
	ctr validate --format json "$bundle"
	[ "$status" -eq 1 ]
	[ "$(jq -c 'keys' <<<"$output")" = '["errors","omitted","problems","valid","warnings"]' ]
	[ "$(jq -c '[.valid, .errors, .omitted]' <<<"$output")" = '[false,3,0]' ]
	[ "$(jq -c '[.problems[] | select(.severity == "error") | .pointer] | sort' <<<"$output")" = \
		'["/annotations/a~1b~0","/linux/cgroupsPath","/process/cwd"]' ]
	[ "$(jq -c '.problems[] | select(.pointer == "/process/cwd")' <<<"$output")" = \
		'{"severity":"error","pointer":"/process/cwd","message":"'"'x'"' is not an absolute path","hint":"","code":"config"}' ]
}

@test "validate: warnings, and --strict" {
	config '.mounts += [{"destination": "rel", "type": "tmpfs", "source": "tmpfs"}]' 'del(.linux.seccomp)' \
		'.process.capabilities.bounding += ["CAP_NONE"]'
	args payload ids
	validate
	[ "$status" -eq 0 ]
	n=$(jq '.mounts | length - 1' "$bundle/config.json")
	says "warning: /mounts/$n/destination: 'rel' is relative, taken as '/rel'" \
		"warning: /process/capabilities: unknown capability 'CAP_NONE' is ignored" \
		'valid: 0 errors, 2 warnings'
	ctr validate --strict "$bundle"
	[ "$status" -eq 1 ]
	says 'not valid: 0 errors, 2 warnings'
	ctr validate --strict --format json "$bundle"
	[ "$status" -eq 1 ]
	[ "$(jq -c '[.valid, .errors, .warnings]' <<<"$output")" = '[false,0,2]' ]
}

@test "validate: a mount that a later one hides" {
	config 'del(.linux.seccomp)' '.mounts += [{"destination": "/a/b", "type": "tmpfs", "source": "x"},
		{"destination": "/a", "type": "tmpfs", "source": "x"}]'
	args payload ids
	validate
	[ "$status" -eq 0 ]
	n=$(jq '.mounts | length' "$bundle/config.json")
	says "warning: /mounts/$((n - 2)): '/a/b' is hidden by the mount at '/a' that comes after it"
}

@test "validate: -b, -f, the current directory; usage errors" {
	args payload ids
	write_config
	ctr validate -b "$bundle"
	[ "$status" -eq 0 ]
	cd "$bundle"
	ctr validate
	[ "$status" -eq 0 ]
	mv config.json other.json
	ctr validate
	[ "$status" -eq 1 ]
	fails 'config.json' 'no such file or directory' 'ctr spec -b'
	ctr validate -f other.json
	[ "$status" -eq 0 ]
	cd /
	ctr validate -b "$bundle" "$bundle"
	fails 'validate: two bundles'
	ctr validate "$T/none"
	fails 'open the bundle' 'no such file or directory'
	ctr validate a b
	fails 'too many arguments'
	ctr validate --format yaml "$bundle"
	fails "unknown value 'yaml'"
}

@test "validate: broken JSON is one problem" {
	printf '{\n "ociVersion": }' >"$bundle/config.json"
	ctr validate "$bundle"
	[ "$status" -eq 1 ]
	[[ $output == 'error: invalid JSON: '*' at line 2, column 16'$'\n''not valid: 1 error, 0 warnings' ]]
	ctr validate --format json "$bundle"
	[ "$(jq -c '[.valid, .errors, .problems[0].pointer]' <<<"$output")" = '[false,1,""]' ]
}

@test "validate: control characters do not reach the terminal" {
	config '.process.cwd = "\u001b[31m\nerror: fake"'
	validate
	[ "$status" -eq 1 ]
	[[ $output != *$'\e'* ]]
	! grep -q '^error: fake' <<<"$output" || return 1
}

# --- what this host would refuse ---

@test "validate: no rootfs, a file, a symlink as rootfs" {
	args payload ids
	config '.root.path = "none"'
	agrees /root/path "root filesystem 'none': no such file or directory"
	: >"$bundle/file"
	config '.root.path = "file"'
	agrees /root/path "root filesystem 'file': not a directory"
	ln -s rootfs "$bundle/link"
	config '.root.path = "link"'
	agrees /root/path "root filesystem 'link'"
}

@test "validate: missing sources of mounts, also relative ones" {
	args payload ids
	mkdir "$bundle/here"
	mount_entry /mnt bind here bind
	mount_entry /mnt2 bind none rbind
	config '.mounts |= .'
	write_config
	n=$(jq '.mounts | length - 1' "$bundle/config.json")
	agrees "/mounts/$n/source" "mount source 'none': no such file or directory"
	ctr validate "$bundle"
	[[ $output == *'not valid: 1 error,'* ]]
}

@test "validate: a directory over a file, and a file over a directory" {
	args payload ids
	: >"$rootfs/file"
	mkdir "$rootfs/dir" "$bundle/src"
	mount_entry /file bind src bind
	write_config
	n=$(jq '.mounts | length - 1' "$bundle/config.json")
	agrees "/mounts/$n" "attach: not a directory"
	filter=${filter% | .mounts +=*}
	: >"$bundle/plain"
	mount_entry /dir bind plain bind
	agrees "/mounts/$n" "attach: not a directory"
	# below another mount nobody knows
	filter=${filter% | .mounts +=*}
	mount_entry /dir tmpfs x
	mount_entry /dir/sub bind plain bind
	validate
	[ "$status" -eq 0 ]
}

@test "validate: a network device that is not there, or cannot be moved" {
	args payload ids
	config '.linux.netDevices = {"nosuchdev0": {}}'
	agrees /linux/netDevices/nosuchdev0 "network device 'nosuchdev0': find it on the host: no such device"
	filter='.process.terminal = false'
	config '.linux.netDevices = {"lo": {"name": "lo1"}}'
	agrees /linux/netDevices/lo "network device 'lo': move it: invalid argument"
}

@test "validate: page sizes and block devices that this host does not have" {
	args payload ids
	config '.linux.resources = {"hugepageLimits": [{"pageSize": "3MB", "limit": 4096}],
		"blockIO": {"throttleReadBpsDevice": [{"major": 4000, "minor": 77, "rate": 5}]}}'
	validate
	[ "$status" -eq 1 ]
	[[ $output == *"error: /linux/resources/hugepageLimits/0: cgroup '/ctr/validate' has no file 'hugetlb.3MB.max': no such file or directory: /sys/kernel/mm/hugepages lists the page sizes of this host"* ]]
	[[ $output == *"error: /linux/resources/blockIO/throttleReadBpsDevice/0: "* ]]
}

@test "validate: a scheduler that the caller may not set" {
	args payload ids
	config '.process.scheduler = {"policy": "SCHED_FIFO", "priority": 5}' \
		'.process.ioPriority = {"class": "IOPRIO_CLASS_RT", "priority": 1}'
	write_config
	capture setpriv --bounding-set -sys_nice --inh-caps -sys_nice "$CTR" validate "$bundle"
	[ "$status" -eq 1 ]
	[[ $output == *'error: /process/scheduler: set the scheduler SCHED_FIFO, priority 5: operation not permitted'* ]]
	[[ $output == *'error: /process/ioPriority: set the io priority '*': operation not permitted: the class IOPRIO_CLASS_RT needs CAP_SYS_NICE'* ]]
}

@test "validate: a bind over /proc that is no proc" {
	args payload ids
	config '.mounts |= map(if .destination == "/proc" then {destination: "/proc", source: "/", options: ["bind"]} else . end)'
	agrees /mounts/0/source "only a proc filesystem can be mounted there"
}

@test "validate: the program: not in PATH, not there, no right to execute, a directory" {
	args nosuchprogram
	agrees /process/args/0 "exec: 'nosuchprogram': executable file not found in \$PATH"
	args /bin/none
	agrees /process/args/0 "exec: '/bin/none': no such file or directory"
	: >"$rootfs/bin/plain"
	chmod 644 "$rootfs/bin/plain"
	args plain
	agrees /process/args/0 "exec: 'plain': permission denied"
	args /bin
	agrees /process/args/0 "exec: '/bin': is a directory"
	args bin/none
	agrees /process/args/0 "exec: 'bin/none': no such file or directory"
}

@test "validate: a program that a mount may bring is no error" {
	mkdir "$bundle/more"
	cp "$payload" "$bundle/more/tool"
	mount_entry /opt bind more bind
	args /opt/tool ids
	validate
	[ "$status" -eq 0 ]
	ctr run "$bundle"
	[ "$status" -eq 0 ]
	args /usr/elsewhere
	validate
	[ "$status" -eq 0 ]
	says "warning: /process/args/0: '/usr/elsewhere' is not in the root filesystem: a mount or a hook may bring it, or it is missing"
}

@test "validate: links in the root filesystem are followed inside it" {
	mkdir -p "$rootfs/usr"
	mv "$rootfs/bin" "$rootfs/usr/bin"
	ln -s /usr/bin "$rootfs/bin"
	args payload ids
	validate
	[ "$status" -eq 0 ]
	ln -s /nowhere "$rootfs/usr/bin/dangling"
	args dangling
	agrees /process/args/0 "exec: 'dangling': executable file not found"
}

@test "validate: a filesystem that the kernel does not have" {
	args payload ids
	mount_entry /mnt nosuchfs none
	write_config
	n=$(jq '.mounts | length - 1' "$bundle/config.json")
	agrees "/mounts/$n" 'open the filesystem type: no such device'
}

@test "validate: hooks that are not there" {
	args payload ids
	config '.hooks = {"createRuntime": [{"path": "/bin/true"}], "createContainer": [{"path": "/none/hook"}]}'
	validate
	[ "$status" -eq 1 ]
	says "error: /hooks/createContainer/0/path: hook '/none/hook': no such file or directory"
	[[ $output == *'not valid: 1 error,'* ]]
	: >"$bundle/hook"
	config '.hooks = {"poststop": [{"path": "'"$bundle"'/hook"}], "startContainer": [{"path": "/bin/payload"}, {"path": "/none"}]}'
	validate
	says "error: /hooks/poststop/0/path: hook '$bundle/hook': permission denied" \
		"error: /hooks/startContainer/1/path: hook '/none': no such file or directory"
	[[ $output == *'not valid: 2 errors,'* ]]
}

@test "validate: files for what hooks write that could not be opened; none is made" {
	local key=run.oci.hooks.stdout
	args payload ids
	config '.hooks = {"prestart": [{"path": "/bin/true"}]}'
	outputs() { config ".annotations = {\"$key\": \"$1\"}"; }
	outputs "$T/none/file"
	agrees "/annotations/$key" "open '$T/none/file' for what hooks write: no such file or directory"
	outputs "$T"
	agrees "/annotations/$key" "open '$T' for what hooks write: is a directory"
	ln -s victim "$T/link"
	key=run.oci.hooks.stderr
	outputs "$T/link"
	agrees "/annotations/$key" "open '$T/link' for what hooks write: too many levels of symbolic links"
	outputs "$T/new"
	validate
	same 0 "$status"
	[ ! -e "$T/new" ]
	[ ! -e "$T/victim" ]
	# nobody opens them without hooks
	outputs "$T/none/file"
	config 'del(.hooks)'
	validate
	same 0 "$status"
}

@test "validate: limits above what may be set" {
	args payload ids
	config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 1, "hard": 1099511627776}]'
	agrees /process/rlimits/0 "operation not permitted"
	if ! capsh --has-p=cap_sys_resource 2>/dev/null; then
		config '.process.rlimits = [{"type": "RLIMIT_NPROC", "soft": 1, "hard": 1099511627776}]'
		hard=$(ulimit -Hu)
		if [ "$hard" != unlimited ]; then
			agrees /process/rlimits/0 "operation not permitted"
		fi
		config 'del(.process.rlimits)' ".process.oomScoreAdj = -1000"
		agrees /process/oomScoreAdj "set oom_score_adj to -1000"
	fi
}

@test "validate: a controller that this host does not have in cgroup v2" {
	args payload ids
	config '.linux.resources = {"unified": {"nosuch.limit": "1"}}'
	agrees /linux/resources/unified/nosuch.limit "cgroup controller 'nosuch' is not available in the cgroup v2 tree"
}

@test "validate: a cgroup that others are in" {
	args payload ids
	cp "$base/config.json" "$T/saved"
	start_payload sleep
	config '.linux.cgroupsPath = "/ctr/'"$tag"'"'
	args payload ids
	mkdir "$T/other"
	jq "$filter" "$base/config.json" >"$T/other/config.json"
	cp -al "$rootfs" "$T/other/rootfs"
	ctr validate "$T/other"
	[ "$status" -eq 1 ]
	[[ $output == *"error: /linux/cgroupsPath: cgroup '/ctr/$tag' already exists and has processes"* ]]
	delete_ctr
}

@test "validate: namespaces to join: none, not one, of another type, the host's own" {
	args payload ids
	config '.linux.namespaces |= map(if .type == "network" then .path = "/none/ns" else . end)'
	write_config
	i=$(jq '.linux.namespaces | map(.type) | index("network")' "$bundle/config.json")
	agrees "/linux/namespaces/$i/path" "open the namespace '/none/ns': no such file or directory"
	config '.linux.namespaces |= map(if .type == "network" then .path = "/etc/passwd" else . end)'
	agrees "/linux/namespaces/$i/path" "'/etc/passwd' is not a namespace"
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/self/ns/uts" else . end)'
	agrees "/linux/namespaces/$i/path" "is a namespace of another type"
	config '.linux.namespaces |= map(if .type == "network" then .path = "/proc/'$$'/ns/net" else . end)' \
		'.linux.sysctl = {"net.ipv4.ip_forward": "1"}'
	agrees "/linux/namespaces/$i/path" "is the host's own namespace: 'net.ipv4.ip_forward' would change the host"
}

@test "validate: sysctl that the kernel does not have" {
	args payload ids
	config '.linux.sysctl = {"fs.mqueue.nosuch": "1"}'
	agrees /linux/sysctl/fs.mqueue.nosuch 'no such file or directory'
	config '.linux.sysctl = {"net.nosuch.x": "1"}'
	validate
	[ "$status" -eq 0 ]
	[[ $output == *'warning: /linux/sysctl/net.nosuch.x: '* ]]
}

@test "validate: a seccomp agent that is not there" {
	args payload ids
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "'"$T"'/none.sock",
		"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}'
	agrees /linux/seccomp/listenerPath "send the seccomp notify descriptor to '$T/none.sock': no such file or directory"
}

@test "validate: system calls that libseccomp does not know are a warning" {
	args payload ids
	config '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["mkdir", "nosuchcall"], "action": "SCMP_ACT_LOG"}]}'
	validate
	[ "$status" -eq 0 ]
	says 'warning: /linux/seccomp/syscalls/0/names: unknown to libseccomp, and skipped: nosuchcall' \
		'valid: 0 errors, 1 warning'
}

@test "validate: the systemd driver, and limits without a cgroup" {
	args payload ids
	config '.linux.resources = {"pids": {"limit": 5}}'
	write_config
	ctr --cgroup-manager disabled validate "$bundle"
	[ "$status" -eq 1 ]
	[[ $output == *"error: /linux/resources/pids/limit: pids.max needs a cgroup, and --cgroup-manager disabled makes none"* ]]
}

@test "validate: the systemd driver where systemd does not run" {
	[ ! -d /run/systemd/system ] || skip 'systemd runs here'
	args payload ids
	write_config
	ctr --systemd-cgroup validate "$bundle"
	[ "$status" -eq 1 ]
	[[ $output == *'error: systemd does not run here: without it, use --cgroup-manager cgroupfs'* ]]
	ctr --systemd-cgroup run -b "$bundle" "$tag"
	fails 'systemd does not run here: without it, use --cgroup-manager cgroupfs'
	# nor is there a manager of the user's
	open=$(mktemp -d "/tmp/$tag.XXXXXX")
	chmod 755 "$open"
	copy_ctr "$open/ctr"
	"$CTR" spec --rootless -b "$open"
	mkdir "$open/rootfs"
	capture setpriv --reuid 65534 --regid 65534 --clear-groups "$open/ctr" --systemd-cgroup validate "$open"
	rm -rf "$open"
	[ "$status" -eq 1 ]
	[[ $output == *'error: systemd does not run here: without it, use --cgroup-manager cgroupfs'* ]]
	[[ $output != *'connect to'* ]]
}

@test "validate: as a user: what root could, and what nobody can" {
	args payload ids
	config '.process.cwd = "x"'
	write_config
	open=$(mktemp -d "/tmp/$tag.XXXXXX")
	chmod 755 "$open"
	copy_ctr "$open/ctr"
	cp -r "$bundle" "$open/b"
	capture setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all "$open/ctr" validate "$open/b"
	rm -rf "$open"
	[ "$status" -eq 1 ]
	[[ $output == *"error: /process/cwd: 'x' is not an absolute path"* ]]
	[[ $output == *'error: /linux/namespaces: making namespaces without a user namespace needs CAP_SYS_ADMIN'* ]]
	[[ $output == *'CAP_KILL cannot be granted'* ]]
}

# --- the document alone ---

@test "validate: --config-only asks neither this host nor this version" {
	args nosuchprogram
	config '.root.path = "none"' '.hooks = {"poststop": [{"path": "/none"}]}' \
		'.mounts += [{"destination": "/x", "source": "none", "options": ["bind"]}]' \
		'.linux.resources = {"memory": {"kernel": 5}, "unified": {"nosuch.x": "1"}}'
	write_config
	ctr validate --config-only "$bundle"
	[ "$status" -eq 0 ]
	[ "$output" = 'valid: 0 errors, 0 warnings' ]
	ctr validate "$bundle"
	[ "$status" -eq 1 ]
	[[ $output == *'not valid: 5 errors,'* ]]
	config '.process.cwd = "x"'
	write_config
	ctr validate --config-only "$bundle"
	[ "$status" -eq 1 ]
	[ "$output" = "error: /process/cwd: 'x' is not an absolute path"$'\n''not valid: 1 error, 0 warnings' ]
}

# What the samples of the specification are to us. Those of other platforms are read as for Linux: their
# own sections are unknown members, and the rest has to be right for Linux.
expected_of_sample() {
	case $1 in
	good/freebsd-example) echo "error: /hostname: needs an entry 'uts' in linux.namespaces" ;;
	good/linux-netdevice) echo "error: /linux/netDevices: needs an entry 'network' in linux.namespaces" ;;
	good/spec-example) echo "error: /ociVersion: version '0.5.0-dev' is not supported, only 1.x.y is" ;;
	good/zos-example)
		echo "error: /ociVersion: version '0.5.0-dev' is not supported, only 1.x.y is"
		echo "error: /hostname: needs an entry 'uts' in linux.namespaces"
		;;
	bad/invalid-json) echo 'error: invalid JSON: invalid object key (must be a string) at line 1, column 2' ;;
	bad/linux-hugepage) echo "error: /linux/resources/hugepageLimits/0/pageSize: '64kB' is not a page size like '64KB', '2MB', '1GB'" ;;
	bad/linux-netdevice) echo 'error: /linux/netDevices/eth0/name: must be a string, not a number' ;;
	bad/linux-rdma) echo 'error: /linux/resources/rdma/mlx5_1/hcaHandles: must be a number, not a string' ;;
	good/* | bad/freebsd-*) ;;
	*) echo 'a sample that nobody has looked at' ;;
	esac
}

@test "validate: the official samples" {
	samples=${CTR_SHARED:-$lib_dir/../../../shared}/oci-schema/test/config
	[ -d "$samples" ] || need "the specification's samples in '$samples'"
	mkdir "$T/b"
	count=0
	for file in "$samples"/{good,bad}/*.json; do
		name=${file#"$samples"/}
		cp "$file" "$T/b/config.json"
		ctr validate --config-only "$T/b"
		said=$(grep '^error: ' <<<"$output" || true)
		[ "$said" = "$(expected_of_sample "${name%.json}")" ] || {
			printf '%s: %s\n' "$name" "$output"
			return 1
		}
		count=$((count + 1))
	done
	[ "$count" -ge 14 ]
	# but for its version, the largest example is as it should be
	jq '.ociVersion = "1.3.0"' "$samples/good/spec-example.json" >"$T/b/config.json"
	ctr validate --config-only "$T/b"
	[ "$status" -eq 0 ]
	# and the host lacks much of what it wants, but finds nothing else in it
	mkdir "$T/b/rootfs"
	ctr validate --format json "$T/b"
	[ "$status" -eq 1 ]
	[ "$(jq -c '[.problems[] | select(.code == "config" and .severity == "error") | .pointer | split("/")[1]] | unique - ["hooks"]' <<<"$output")" = '["linux"]' ]
	[ "$(jq -c '[.problems[] | select(.code == "config" and .severity == "error" and (.pointer | startswith("/linux"))) | .message | select(test("^(mount source|device on the host) ") | not)]' <<<"$output")" = '[]' ]
}

# --- no effects ---

@test "validate: leaves everything as it was" {
	args payload ids
	config '.linux.resources.pids.limit = 5' '.linux.sysctl = {"kernel.msgmax": "1"}'
	write_config
	before=$(sort /proc/self/mountinfo)
	ctr validate "$bundle"
	[ ! -e "$root" ]
	[ "$before" = "$(sort /proc/self/mountinfo)" ]
	capture strace -f -o "$T/trace" -e trace=execve,fork,vfork,clone,clone3,mkdir,mkdirat,open_tree,move_mount,fsopen,mount,unshare,setns,unlink,unlinkat,rename,renameat,renameat2,chmod,fchmod,fchmodat,chown,fchown,fchownat,setrlimit,bpf "$CTR" validate "$bundle"
	command -v strace >/dev/null || need strace
	# the small program becomes the whole one
	[ "$(grep -c . "$T/trace")" -le 3 ] || {
		cat "$T/trace"
		return 1
	}
	[ "$(grep -c execve "$T/trace")" -le 2 ]
	run grep -v -e '"validate"' -e 'exited with' "$T/trace"
	[ -z "$output" ]
}

@test "validate: no file is opened for writing" {
	command -v strace >/dev/null || need strace
	args payload ids
	write_config
	capture strace -f -o "$T/trace" -e trace=open,openat,openat2 "$CTR" validate "$bundle"
	[ "$status" -eq 0 ]
	run grep -e O_WRONLY -e O_RDWR -e O_CREAT "$T/trace"
	[ -z "$output" ]
}
