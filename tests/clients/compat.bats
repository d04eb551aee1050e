#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What clients rely on and no specification says: texts, files and flows that containerd, podman, CRI-O,
# docker and buildkit look at. Directly, without the client, so each is tested where clients are not.

load ../integration/lib

setup() {
	ctr_setup
	short=$(mktemp -d /tmp/ctrk.XXXXXX) # sockets' paths have at most 107 bytes
}

teardown() {
	rm -rf "$short"
	ctr_teardown
}

# As clients call it: logged create [OPTION...]
logged() {
	write_config
	capture "$CTR" --root "$root" --log "$T/log" --log-format json "$@" --bundle "$bundle" "$tag"
}

# Exit code 1, and each text on stderr and in the log, which is exactly one object.
refused() {
	local text msg
	fails "$@"
	jq -se 'length == 1' "$T/log" >/dev/null || { cat "$T/log"; return 1; }
	msg=$(jq -r 'select(.level == "error" and (.time | fromdateiso8601) > 0) | .msg' "$T/log")
	for text in "$@"; do
		[[ $msg == *"$text"* ]] || { printf "not in the log: '%s'\n" "$text"; return 1; }
	done
	[ ! -e "$root/$tag" ]
}

@test "C1: a program that is missing" {
	args nosuchprogram
	logged create
	refused 'executable file not found in $PATH'
	rm "$T/log"
	args /no/such/program
	logged create
	refused 'no such file or directory'
}

@test "C2: a program that is not executable, or a directory" {
	echo text >"$rootfs/bin/plain"
	args plain
	logged create
	refused 'permission denied'
	rm "$T/log"
	args /etc
	logged create
	refused 'is a directory' 'permission denied'
}

@test "C3: kill and delete when it is over" {
	args payload exit 0
	write_config
	ctr run -d -b "$bundle" "$tag"
	wait_until is_stopped
	ctr kill "$tag" 9
	fails 'container not running'
	ctr kill --all "$tag" 9
	ok
	ctr kill -a "$tag"
	ok
	ctr delete "$tag"
	ok
	ctr delete "$tag"
	fails 'does not exist'
	ctr kill "$tag" 9
	fails 'does not exist'
	ctr delete --force "$tag"
	ok
}

@test "C5: kill, pause, resume, delete with an empty environment" {
	start_payload signal
	ok
	local verb
	for verb in pause resume 'kill' ; do
		capture env -i XDG_RUNTIME_DIR=/run/user/0 "$CTR" --root "$root" "$verb" "$tag"
		ok
	done
	wait_until is_stopped
	capture env -i XDG_RUNTIME_DIR=/run/user/0 "$CTR" --root "$root" delete --force "$tag"
	ok
}

@test "C7: features" {
	capture env -i "$CTR" --root /nowhere features
	ok
	jq -e '(.ociVersionMin | test("^1\\.")) and (.ociVersionMax | test("^1\\.")) and (.mountOptions | index("rro"))
		and .linux.mountExtensions.idmap.enabled == true and (.linux.namespaces | index("user"))
		and .linux.cgroup.v2 == true and .linux.seccomp.enabled == true' <<<"$output"
	[ ! -e /nowhere ]
}

@test "C8: an option without its argument" {
	ctr create --pid-file
	fails 'flag needs an argument'
	ctr create --console-socket
	fails 'flag needs an argument'
}

@test "C9: pid files have digits only" {
	cd "$T" # relative to the caller, not to the bundle
	args payload sleep
	write_config
	ctr create --pid-file pid --bundle "$bundle" "$tag"
	ok
	[[ $(od -An -c pid) =~ ^[0-9\ ]+$ ]]
	jq '.process | .args = ["payload", "sleep"]' "$bundle/config.json" >process
	ctr start "$tag"
	ctr exec --process process --detach --pid-file exec-pid "$tag"
	ok
	[[ $(od -An -c exec-pid) =~ ^[0-9\ ]+$ ]]
	delete_ctr
}

@test "C10: the message on the console socket" {
	config '.process.terminal = true' '.process.consoleSize = {"width": 101, "height": 33}'
	args sh -c 'stty size || payload tty'
	write_config
	python3 "$BATS_TEST_DIRNAME/console" "$short/s" >"$T/console" 3>&- &
	wait_until test -S "$short/s"
	ctr create --console-socket "$short/s" --bundle "$bundle" "$tag"
	ok
	ctr start "$tag"
	wait
	# the name has at least one byte
	grep -qE '^name [1-9][0-9]* fds 1 flags 0 rest 0$' "$T/console"
	grep -qx 'terminal size 101x33' "$T/console"
	wait_until is_stopped
	delete_ctr
}

@test "C10: a console socket with a path that is too long for one" {
	local dir=$short
	while [ ${#dir} -lt 150 ]; do
		dir=$dir/long-name-of-a-directory
	done
	mkdir -p "$dir"
	config '.process.terminal = true'
	args payload exit 0
	write_config
	(cd "$dir" && exec python3 "$BATS_TEST_DIRNAME/console" s) >"$T/console" 3>&- &
	wait_until test -S "$dir/s"
	ctr create --console-socket "$dir/s" --bundle "$bundle" "$tag"
	ok
	delete_ctr
	wait
	grep -q '^terminal' "$T/console"
}

@test "C11: buildkit's flow: run --keep on a terminal of its own, resized, killed, deleted" {
	config '.process.terminal = true'
	args sh -c 'trap "stty size" WINCH; echo ready; while :; do sleep 0.05; done'
	write_config
	capture "$lib_dir/pty" size=80x24 expect=ready size=90x30 signal=WINCH 'expect=30 90' signal=KILL -- \
		sh -c "$CTR --root $root run --bundle $bundle --keep $tag; echo [code \$?]" || true
	# killing the shell above leaves ctr alone: now the payload
	ctr kill "$tag" KILL
	wait_until is_stopped
	ctr delete "$tag"
	ok
}

@test "C11: run --keep: exit code 137, then delete without force" {
	args payload sleep
	write_config
	"$CTR" --root "$root" run --bundle "$bundle" --keep "$tag" >/dev/null 3>&- &
	local runtime=$! code=0
	wait_until is_running
	ctr kill "$tag" KILL
	wait "$runtime" || code=$?
	same 137 "$code"
	same stopped "$(state_of)"
	ctr delete "$tag"
	ok
}

is_running() {
	[ "$(state_of 2>/dev/null)" = running ]
}

@test "C12: state while create is running is never malformed" {
	args payload exit 0
	write_config
	cat >"$T/poll" <<-'END'
	for i in $(seq 50); do
		"$CTR" --root "$1" state "$2" >"$3/state.$i" 2>"$3/err.$i" &
	done
	wait
	END
	bash "$T/poll" "$root" "$tag" "$T" 3>&- &
	ctr create --bundle "$bundle" "$tag"
	ok
	wait
	local file
	for file in "$T"/state.*; do
		if [ -s "$file" ]; then
			jq -e '.id and .status and .ociVersion' "$file" >/dev/null
		else
			grep -q 'does not exist' "${file/state./err.}"
		fi
	done
	delete_ctr
}

@test "C13: socket activation, and preserved fds after it" {
	for i in 3 4 5; do echo "file $i" >"$T/$i"; done
	args sh -c 'cat <&3; cat <&4; cat <&5; echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; payload fds'
	write_config
	capture env LISTEN_FDS=2 LISTEN_FDNAMES=a:b sh -c "LISTEN_PID=\$\$ exec \"$CTR\" --root \"$root\" \\
		run --preserve-fds 1 \"$bundle\"" 3<"$T/3" 4<"$T/4" 5<"$T/5"
	ok
	has $'file 3\nfile 4\nfile 5\n2 1 a:b'
}

# What dockerd writes when nobody asked for a limit: zeros, nulls, and keys of cgroup v1.
docker_resources='{
	"devices": [
		{ "allow": false, "access": "rwm" },
		{ "allow": true, "type": "c", "major": 1, "minor": 5, "access": "rwm" },
		{ "allow": true, "type": "c", "major": 1, "minor": 3, "access": "rwm" },
		{ "allow": true, "type": "c", "major": 5, "minor": 0, "access": "rwm" },
		{ "allow": false, "type": "c", "major": 10, "minor": 229, "access": "rwm" } ],
	"memory": { "disableOOMKiller": false, "swappiness": null },
	"cpu": { "shares": 0 },
	"pids": { "limit": 0 },
	"blockIO": { "weight": 0 }
}'

@test "C16: docker's default resources, without a limit of pids" {
	local pids
	for pids in '{ "limit": null }' null '{ "limit": -1 }'; do
		config ".linux.resources = $docker_resources | .linux.resources.pids = $pids"
		run_payload read /dev/null
		is '/dev/null: empty'
	done
}

@test "C16: pids 0 is the smallest limit there is" {
	config ".linux.resources = $docker_resources"
	args payload read /dev/null
	write_config
	ctr explain --format json "$bundle"
	ok
	jq -e '[.. | objects | select(.file? == "pids.max" or .name? == "pids.max")] | any(.value == "1")' \
		"$T/stdout" >/dev/null || { cat "$T/stdout"; return 1; }
}

@test "C19: exec in a paused container fails at once, or waits with --ignore-paused" {
	start_payload sleep
	ctr pause "$tag"
	ok
	ctr exec "$tag" payload exit 0
	same 255 "$status"
	[[ $stderr == *paused* ]]
	timeout 20 "$CTR" --root "$root" exec --ignore-paused "$tag" payload args over >"$T/out" 2>&1 3>&- &
	sleep 0.3
	[ ! -s "$T/out" ]
	ctr resume "$tag"
	ok
	wait
	same "[over]" "$(<"$T/out")"
	delete_ctr
}

@test "C22: the mount options 'bind' and 'defaults' together" {
	mkdir "$T/source"
	echo text >"$T/source/file"
	mount_entry /mnt bind "$T/source" bind defaults
	run_payload read /mnt/file
	has text
}

@test "C23: spec, then run of what it wrote, as root" {
	rm "$bundle/config.json" 2>/dev/null || true
	ctr spec -b "$bundle"
	ok
	capture "$lib_dir/pty" 'send=exit 7\n' -- "$CTR" --root "$root" run "$bundle"
	has '[exit 7]'
}

# rootless.bats runs it as well.
@test "C23: spec --rootless, as a user: a user namespace with the user's own ids" {
	chown 1000:1000 "$short"
	capture setpriv --reuid 1000 --regid 1000 --clear-groups "$CTR" spec --rootless -b "$short"
	ok
	jq -e '.linux.uidMappings == [{"containerID": 0, "hostID": 1000, "size": 1}]
		and .linux.gidMappings == .linux.uidMappings and .linux.resources == null' "$short/config.json"
}

@test "no permission to make a cgroup: an error for root, who can do without if nothing was asked of it" {
	local line='mount -t cgroup2 -o ro none /sys/fs/cgroup && exec "$@"'
	local alone=(unshare -m --propagation private sh -c "$line" - "$CTR" --root "$root")
	user_namespace
	config 'del(.linux.resources, .linux.cgroupsPath)'
	args payload exit 5
	write_config
	capture "${alone[@]}" run "$bundle"
	fails 'read-only file system: mount the cgroup tree read-write' '--cgroup-manager disabled' '--rootless true'
	capture "${alone[@]}" --rootless true run "$bundle"
	same 5 "$status"
	same '' "$stderr"
	capture "${alone[@]}" --cgroup-manager disabled run "$bundle"
	same 5 "$status"
	config '.linux.cgroupsPath = "/x"'
	write_config
	capture "${alone[@]}" --rootless true run "$bundle"
	fails 'read-only file system'
}

@test "C24: a log that cannot be written changes nothing" {
	args payload exit 5
	write_config
	capture "$CTR" --root "$root" --log /dev/full --log-format json run "$bundle"
	same 5 "$status"
	args nosuchprogram
	write_config
	capture "$CTR" --root "$root" --log /dev/full --log-format json run "$bundle"
	fails 'executable file not found'
	capture "$CTR" --root "$root" --log "$T/no/such/dir/log" run "$bundle"
	fails 'executable file not found'
}

@test "all nodes of the host: /dev/ptmx stays a link, as podman --privileged wants" {
	config '.linux.devices = [{"path": "/dev/ptmx", "type": "c", "major": 5, "minor": 2, "fileMode": 438},
		{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 438}]'
	run_sh 'readlink /dev/ptmx'
	is pts/ptmx
}

@test "ambient capabilities that are not inheritable, as buildah has them" {
	config '.process.capabilities.ambient = .process.capabilities.bounding'
	run_payload caps
	ok
	has 'CapAmb 0000000000000000'
}
