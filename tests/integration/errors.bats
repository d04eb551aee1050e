# SPDX-License-Identifier: GPL-2.0-or-later
# What ctr says when it cannot: one line, what, where, what to do. And nothing left behind.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# --- the bundle ---

@test "errors: no such bundle" {
	ctr run "$T/none"
	fails 'open the bundle' "$T/none" 'no such file or directory' 'a bundle is a directory with config.json'
}

@test "errors: a bundle without config.json" {
	ctr run "$bundle"
	fails "$bundle/config.json" 'no such file or directory' 'ctr spec -b'
}

@test "errors: config.json is a directory, a fifo, empty" {
	mkdir "$bundle/config.json"
	ctr run "$bundle"
	fails "$bundle/config.json" 'is a directory'
	rmdir "$bundle/config.json"
	mkfifo "$bundle/config.json"
	ctr run "$bundle"
	fails 'config.json'
	rm "$bundle/config.json"
	: >"$bundle/config.json"
	ctr run "$bundle"
	fails 'config.json'
}

@test "errors: broken JSON, with line and column" {
	printf '{\n  "ociVersion": "1.2.0",\n  "process": {,\n' >"$bundle/config.json"
	ctr run "$bundle"
	fails 'config.json' 'line 3'
}

@test "errors: JSON that ends too early, or goes on after the end" {
	printf '{"ociVersion": "1.2.0"' >"$bundle/config.json"
	ctr run "$bundle"
	fails 'config.json'
	printf '{"ociVersion": "1.2.0"} x' >"$bundle/config.json"
	ctr run "$bundle"
	fails 'config.json'
}

@test "errors: a member twice" {
	printf '{"ociVersion": "1.2.0", "hostname": "a", "hostname": "b"}' >"$bundle/config.json"
	ctr run "$bundle"
	fails 'config.json' 'hostname'
}

@test "errors: ociVersion missing, no version, too new" {
	for version in 'del(.ociVersion)' '.ociVersion = "foo"' '.ociVersion = "2.0.0"'; do
		filter=$version
		run_bundle
		fails 'ociVersion' 'config.json'
	done
}

@test "errors: a value of the wrong type, with its pointer" {
	config '.process.user.uid = "root"'
	run_bundle
	fails '/process/user/uid'
}

@test "errors: no root, no rootfs, a file, a symlink as rootfs" {
	config 'del(.root)'
	run_bundle
	fails "required member 'root' is missing"
	filter='.root.path = "none"'
	run_bundle
	fails "root filesystem 'none'" '/root/path' 'no such file or directory' 'create the directory'
	: >"$bundle/file"
	filter='.root.path = "file"'
	run_bundle
	fails "root filesystem 'file'" '/root/path' 'not a directory'
	ln -s rootfs "$bundle/link"
	filter='.root.path = "link"'
	run_bundle
	fails "root filesystem 'link'" '/root/path' 'symlink'
}

@test "errors: no process, no args, an empty program" {
	config 'del(.process)'
	run_bundle
	fails '/process'
	filter='.process.args = []'
	run_bundle
	fails '/process/args'
	filter='del(.process.args)'
	run_bundle
	fails '/process/args'
}

# --- the program ---

@test "errors: a program that is not in PATH" {
	args nosuchprogram
	run_bundle
	fails "run $tag" "'nosuchprogram'" 'executable file not found in $PATH' '/process/args/0'
}

@test "errors: no PATH at all" {
	config '.process.env = []'
	args payload ids
	run_bundle
	fails 'executable file not found in $PATH'
}

@test "errors: a program by its path that is not there" {
	args /bin/none
	run_bundle
	fails '/bin/none' 'no such file or directory' '/process/args/0'
}

@test "errors: a program without execute permission, in PATH and by path" {
	: >"$rootfs/bin/plain"
	chmod 644 "$rootfs/bin/plain"
	args /bin/plain
	run_bundle
	fails '/bin/plain' 'permission denied' '/process/args/0'
	args plain
	run_bundle
	fails 'plain' 'permission denied'
}

@test "errors: a directory as the program" {
	args /bin
	run_bundle
	fails '/bin' 'is a directory'
}

@test "errors: a script whose interpreter is missing; a file that is no program" {
	printf '#!/bin/none\n' >"$rootfs/bin/script"
	chmod 755 "$rootfs/bin/script"
	args script
	run_bundle
	fails 'script' 'no such file or directory'
	printf 'nothing that can be executed' >"$rootfs/bin/script"
	run_bundle
	fails 'script' 'exec format error'
}

@test "errors: a dangling link as the program" {
	ln -s /nowhere "$rootfs/bin/dangling"
	args /bin/dangling
	run_bundle
	fails '/bin/dangling' 'no such file or directory'
}

@test "errors: cwd is relative, or a file" {
	args payload cwd
	config '.process.cwd = "tmp"'
	run_bundle
	fails '/process/cwd'
	config '.process.cwd = "/bin/payload"'
	run_bundle
	fails '/process/cwd' 'not a directory'
}

@test "errors: an environment entry without =" {
	config '.process.env += ["NOTHING"]'
	run_bundle
	fails '/process/env'
}

# --- mounts ---

@test "errors: a mount source that is missing" {
	mount_entry /data bind "$T/missing" bind
	run_bundle
	fails "mount source '$T/missing'" 'no such file or directory' '/mounts/7/source' 'create it or remove the mount'
}

@test "errors: an unknown option on a bind mount" {
	mount_entry /data bind "$T" bind nosuid frobnicate
	run_bundle
	fails "mount '/data'" "'frobnicate'" '/mounts/7/options/2'
}

@test "errors: an unknown option of a filesystem" {
	mount_entry /data tmpfs tmpfs frobnicate=1
	run_bundle
	fails '/data' 'frobnicate' '/mounts/7'
}

@test "errors: an unknown filesystem" {
	mount_entry /data frobfs none
	run_bundle
	fails '/data' 'frobfs' 'no such device' '/mounts/7' 'check the type'
}

@test "errors: no type and no bind" {
	config '.mounts += [{"destination": "/data", "source": "/tmp"}]'
	run_bundle
	fails "mount '/data'" 'neither a type nor a bind mount' '/mounts/7'
}

@test "errors: a directory bound onto a file, and a file onto a directory" {
	mount_entry /bin/payload bind "$T" bind
	run_bundle
	fails '/bin/payload' 'not a directory' '/mounts/7'
	filter='.process.terminal = false'
	: >"$T/file"
	mount_entry /tmp bind "$T/file" bind
	run_bundle
	fails '/tmp' 'not a directory' '/mounts/7'
}

@test "errors: a mount over /, a mount inside /proc" {
	mount_entry / tmpfs tmpfs
	run_bundle
	fails "mount '/'" 'over the root filesystem' '/mounts/7/destination'
	filter='.process.terminal = false'
	mount_entry /proc/sys tmpfs tmpfs
	run_bundle
	fails "mount '/proc/sys'" 'inside /proc' '/mounts/7/destination'
	filter='.process.terminal = false'
	mount_entry /proc/self/attr bind "$T" bind
	run_bundle
	fails 'inside /proc' '/mounts/7/destination'
}

@test "errors: something else than proc at /proc" {
	config '.mounts[0].type = "tmpfs"'
	run_bundle
	fails "mount '/proc'" 'only a proc filesystem' '/mounts/0/type'
	config '.mounts[0] = {"destination": "/proc", "type": "bind", "source": "/tmp", "options": ["bind"]}'
	run_bundle
	fails '/proc' 'only a proc filesystem' '/mounts/0/source'
}

# --- namespaces, ids, limits ---

@test "errors: an unknown namespace, a namespace twice" {
	config '.linux.namespaces += [{"type": "frob"}]'
	run_bundle
	fails '/linux/namespaces/6' 'frob'
	filter='.linux.namespaces += [{"type": "pid"}]'
	run_bundle
	fails '/linux/namespaces/6' 'pid'
}

@test "errors: a user namespace without maps, maps without a user namespace" {
	config '.linux.namespaces += [{"type": "user"}]'
	run_bundle
	fails 'uidMappings'
	filter='.linux.uidMappings = [{"containerID": 0, "hostID": 1, "size": 1}]'
	run_bundle
	fails '/linux/uidMappings'
}

@test "errors: a hostname without a uts namespace" {
	without_namespace uts
	run_bundle
	fails '/hostname' 'uts'
}

@test "errors: masks without a mount namespace" {
	without_namespace mount
	run_bundle
	fails "needs an entry 'mount' in linux.namespaces" '/linux/maskedPaths'
}

@test "errors: an unknown rlimit, a soft limit above the hard one, the same twice" {
	config '.process.rlimits = [{"type": "RLIMIT_FROB", "soft": 1, "hard": 1}]'
	run_bundle
	fails '/process/rlimits/0' 'RLIMIT_FROB'
	config '.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 2, "hard": 1}]'
	run_bundle
	fails '/process/rlimits/0'
	config '.process.rlimits = [{"type": "RLIMIT_CORE", "soft": 1, "hard": 1},
		{"type": "RLIMIT_CORE", "soft": 1, "hard": 1}]'
	run_bundle
	fails '/process/rlimits/1'
}

@test "errors: an unknown capability is a warning only" {
	capability CAP_FROBNICATE
	run_payload caps
	ok
	has 'CapEff 0000000020000420'
	ctr --debug run "$bundle"
	same 0 "$status"
	[[ $stderr == *warning*CAP_FROBNICATE* ]]
}

@test "errors: oomScoreAdj out of range" {
	config '.process.oomScoreAdj = 1001'
	run_bundle
	fails '/process/oomScoreAdj'
}

# --- ids of containers, privileges, the state directory ---

@test "errors: an id that is taken" {
	start_payload sleep
	ctr run -b "$bundle" "$tag"
	fails "'$tag' already exists" "ctr delete $tag"
	same running "$(state_of)"
	delete_ctr
}

@test "errors: the same id below another --root: the cgroup is in use" {
	start_payload sleep
	capture "$CTR" --root "$T/other" run -b "$bundle" "$tag"
	fails "$tag"
	[ -z "$(ls "$T/other")" ]
	same running "$(state_of)"
	delete_ctr
}

@test "errors: malformed ids" {
	write_config
	for id in . .. .hidden 'a b' 'a:b' $'a\nb' ''; do
		ctr run -b "$bundle" "$id"
		fails 'id'
	done
	ctr run -b "$bundle" a/b
	fails "invalid container id 'a/b'"
	ctr run -b "$bundle" "$(printf 'a%.0s' {1..300})"
	fails 'container id is longer than'
}

@test "errors: no privileges" {
	args payload ids
	write_config
	chmod 755 "$T" "$bundle" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" 2>/dev/null || true
	copy_ctr "$T/ctr"
	mkdir -m 700 "$T/user"
	chown 65534:65534 "$T/user"
	capture setpriv --reuid 65534 --regid 65534 --clear-groups "$T/ctr" --root "$T/user/state" run "$bundle"
	fails 'run as root'
	[ -z "$(ls "$T/user/state")" ]
}

@test "errors: no privileges and no --root" {
	write_config
	chmod 755 "$T" "$bundle"
	copy_ctr "$T/ctr"
	capture env -u XDG_RUNTIME_DIR setpriv --reuid 65534 --regid 65534 --clear-groups "$T/ctr" run "$bundle"
	rmdir /tmp/ctr-65534 # where its state would have been
	fails "needs root's privileges" '/linux/namespaces' 'run as root' 'spec --rootless'
	capture env -u XDG_RUNTIME_DIR setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$T/ctr" --root /run/ctr-none run "$bundle"
	fails '/run/ctr-none' 'permission denied'
}

@test "errors: a state directory that others can write, a file, /" {
	args payload ids
	write_config
	mkdir -m 777 "$T/open"
	chmod 777 "$T/open"
	capture "$CTR" --root "$T/open" run "$bundle"
	fails "state directory '$T/open'" 'others' '0700'
	: >"$T/file"
	capture "$CTR" --root "$T/file" run "$bundle"
	fails "$T/file" 'not a directory'
	capture "$CTR" --root / run "$bundle"
	fails "must not be '/'"
}

@test "errors: the state directory's disk is full" {
	mkdir "$T/full"
	mount -t tmpfs -o size=4k,mode=700 "$tag" "$T/full"
	dd if=/dev/zero of="$T/full/fill" bs=4k count=4 2>/dev/null || true
	args payload ids
	write_config
	capture "$CTR" --root "$T/full" run "$bundle"
	umount "$T/full"
	fails "run $tag" 'no space left on device'
}

# --- resources ---

@test "errors: a limit whose controller is not there names it" {
	if [ ! -d /sys/fs/cgroup/unified ]; then
		need 'a hybrid cgroup host, where memory is bound to v1'
	fi
	config '.linux.resources.memory = {"limit": 67108864}'
	run_bundle
	fails 'memory' '/linux/resources/memory/limit'
}

# --- the log ---

@test "errors: --log gets the same line, as text and as JSON" {
	config '.root.path = "none"'
	write_config
	ctr --log "$T/log" run "$bundle"
	fails "root filesystem 'none'"
	grep -q '^time="[0-9TZ:-]*" level=error msg=".*root filesystem' "$T/log"
	rm "$T/log"
	ctr --log "$T/log" --log-format json run "$bundle"
	same 1 "$(wc -l <"$T/log")"
	same error "$(jq -r .level "$T/log")"
	same "$stderr" "ctr: $(jq -r .msg "$T/log")"
	same 'config.json /root/path' "$(jq -r .field "$T/log")"
	same 'create the directory, or correct root.path' "$(jq -r .hint "$T/log")"
	jq -er .time "$T/log" | grep -Eq '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$'
}

@test "errors: --log through a symlink or to a fifo neither follows nor hangs" {
	config '.root.path = "none"'
	write_config
	ln -s "$T/target" "$T/log"
	ctr --log "$T/log" run "$bundle"
	fails "root filesystem 'none'"
	[ ! -e "$T/target" ]
	mkfifo "$T/fifo"
	ctr --log "$T/fifo" run "$bundle"
	fails "root filesystem 'none'"
}

@test "errors: a kernel that is too old" {
	write_config
	capture setarch "$(uname -m)" --uname-2.6 "$CTR" --root "$root" run "$bundle"
	fails 'the kernel is too old: Linux 2.6' 'ctr needs Linux 5.14 or newer'
}

@test "errors: what users write ends neither a line of the text log nor its quotes" {
	local odd=$'a"b\\c\nctr: forged\e[2Jx'
	args payload exit 0
	write_config
	ctr --log "$T/log" --log-format text run -b "$odd" "$tag"
	[ "$status" -eq 1 ]
	same 1 "$(wc -l <<<"$stderr")"
	same 1 "$(wc -l <"$T/log")"
	grep -qF 'a\"b\\c?ctr: forged?[2Jx' "$T/log"
	# between its quotes there is none that is not escaped
	[[ $(sed 's/^time="[^"]*" level=error msg="//; s/"$//; s/\\.//g' "$T/log") != *'"'* ]]
	config '.process.capabilities.bounding += ["CAP_\u001b[2J\nforged"]'
	write_config
	ctr --debug run "$bundle"
	same 1 "$(wc -l <<<"$stderr")"
	[[ $stderr == *'CAP_?[2J?forged'* ]]
}
