# SPDX-License-Identifier: GPL-2.0-or-later
# The program: arguments, environment, lookup, working directory, descriptors, small settings.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

@test "process: arguments arrive as they are" {
	run_payload args '' ' ' $'new\nline' '"quoted"' '$HOME' 'ünïcode' -x --
	is $'[]\n[ ]\n[new\nline]\n["quoted"]\n[$HOME]\n[ünïcode]\n[-x]\n[--]'
}

@test "process: a long argument" {
	config ".process.args = [\"payload\", \"args\", (\"x\" * 100000)]"
	run_bundle
	same 0 "$status"
	same 100002 "${#output}"
}

@test "process: the environment is that of the config, and nothing of the caller's" {
	config '.process.env = ["PATH=/bin", "A=1", "B=two words", "EMPTY="]'
	args payload env
	write_config
	FROM_CALLER=1 ctr run "$bundle"
	is $'PATH=/bin\nA=1\nB=two words\nEMPTY=\nHOME=/'
}

@test "process: of an environment variable that is there twice the last one counts" {
	config '.process.env = ["A=1", "PATH=/bin", "A=2"]'
	run_payload env
	is $'PATH=/bin\nA=2\nHOME=/'
}

@test "process: HOME from the container's passwd" {
	printf 'root:x:0:0::/root:/bin/sh\nme:x:1000:1000:Me:/home/me:/bin/sh' >"$rootfs/etc/passwd"
	config '.process.env = ["PATH=/bin"]'
	run_payload env
	is $'PATH=/bin\nHOME=/root'
	config '.process.user = {"uid": 1000, "gid": 1000}'
	run_payload env
	is $'PATH=/bin\nHOME=/home/me'
	config '.process.user = {"uid": 1001, "gid": 1000}'
	run_payload env
	is $'PATH=/bin\nHOME=/'
}

@test "process: HOME of the config stays; an empty one is filled in" {
	echo 'root:x:0:0::/root:/bin/sh' >"$rootfs/etc/passwd"
	config '.process.env = ["PATH=/bin", "HOME=/mine"]'
	run_payload env
	is $'PATH=/bin\nHOME=/mine'
	config '.process.env = ["PATH=/bin", "HOME="]'
	run_payload env
	is $'PATH=/bin\nHOME=/root'
}

@test "process: an odd passwd file does no harm" {
	config '.process.env = ["PATH=/bin"]'
	mkfifo "$rootfs/etc/passwd"
	run_payload env
	is $'PATH=/bin\nHOME=/'
	rm "$rootfs/etc/passwd"
	ln -s /dev/zero "$rootfs/etc/passwd"
	run_payload env
	is $'PATH=/bin\nHOME=/'
	rm "$rootfs/etc/passwd"
	{ head -c 100000 /dev/zero | tr '\0' x; printf '\nroot:x:0:0::/root:\n'; } >"$rootfs/etc/passwd"
	run_payload env
	is $'PATH=/bin\nHOME=/root'
}

@test "process: the program is looked up in the container's PATH, in its order" {
	mkdir "$rootfs/first" "$rootfs/second"
	printf '#!/bin/sh\necho first\n' >"$rootfs/first/tool"
	printf '#!/bin/sh\necho second\n' >"$rootfs/second/tool"
	chmod 755 "$rootfs/first/tool" "$rootfs/second/tool"
	config '.process.env = ["PATH=/none:/second:/first"]'
	args tool
	run_bundle
	is second
	# one that cannot be executed is passed over
	chmod 644 "$rootfs/second/tool"
	run_bundle
	is first
}

@test "process: the caller's PATH does not count" {
	config '.process.env = ["PATH=/none"]'
	args payload ids
	write_config
	PATH=$PATH:/bin ctr run "$bundle"
	fails 'executable file not found in $PATH'
}

@test "process: a program by its path, absolute or relative to cwd" {
	args /bin/payload exit 3
	run_bundle
	same 3 "$status"
	config '.process.cwd = "/bin"'
	args ./payload exit 4
	run_bundle
	same 4 "$status"
	args ../bin/payload exit 5
	run_bundle
	same 5 "$status"
}

@test "process: a script" {
	printf '#!/bin/sh\necho "$0 $*"\n' >"$rootfs/bin/script"
	chmod 755 "$rootfs/bin/script"
	args script a b
	run_bundle
	is '/bin/script a b'
}

@test "process: cwd" {
	config '.process.cwd = "/tmp"'
	run_payload cwd
	is /tmp
}

@test "process: a missing cwd is made" {
	config '.process.cwd = "/srv/new/dir"'
	run_payload cwd , stat /srv/new /srv/new/dir
	is $'/srv/new/dir\n/srv/new d 0755 0:0\n/srv/new/dir d 0755 0:0'
}

@test "process: a missing cwd on a volume" {
	mkdir "$T/data"
	mount_entry /data bind "$T/data" bind
	config '.process.cwd = "/data/sub"'
	run_payload cwd
	is /data/sub
	[ -d "$T/data/sub" ]
}

@test "process: cwd through a symlink stays inside" {
	ln -s /tmp "$rootfs/link"
	config '.process.cwd = "/link"'
	run_payload cwd
	is /tmp
}

@test "process: a cwd that only the user can enter" {
	mkdir -m 700 "$rootfs/home"
	chown 1000:1000 "$rootfs/home"
	config '.process.user = {"uid": 1000, "gid": 1000}' '.process.cwd = "/home"'
	run_payload cwd
	is /home
}

@test "process: only descriptors 0, 1 and 2" {
	run_payload fds
	same 0 "$status"
	same $'0\n1\n2' "$(cut -d' ' -f1 <<<"$output")"
}

@test "process: only descriptors 0, 1 and 2, from a caller with 200 open ones" {
	args payload fds
	write_config
	capture "$payload" with-fds 200 "$T" "$CTR" --root "$root" run "$bundle"
	same 0 "$status"
	same $'0\n1\n2' "$(cut -d' ' -f1 <<<"$output")"
}

@test "process: a caller that is pinned to one CPU does not pin the container" {
	run_sh 'grep Cpus_allowed_list: /proc/self/status'
	expected=$output
	capture taskset -c 0 "$CTR" --root "$root" run -b "$bundle" "$tag"
	is "$expected"
}

@test "process: oomScoreAdj" {
	config '.process.oomScoreAdj = 500'
	run_payload read /proc/self/oom_score_adj
	is 500
}

@test "process: without oomScoreAdj that of the caller" {
	args payload read /proc/self/oom_score_adj
	write_config
	capture bash -c 'echo 77 >/proc/self/oom_score_adj; exec "$@"' - "$CTR" --root "$root" run "$bundle"
	is 77
}

@test "process: noNewPrivileges" {
	run_payload caps
	has 'NoNewPrivs 1'
	config '.process.noNewPrivileges = false' 'del(.linux.seccomp)'
	run_payload caps
	has 'NoNewPrivs 0' 'Seccomp 0'
}

@test "process: noNewPrivileges: a setuid program gains nothing" {
	cp "$payload" "$rootfs/bin/suid"
	chmod 4755 "$rootfs/bin/suid"
	config '.process.user = {"uid": 1000, "gid": 1000}'
	args /bin/suid ids
	run_bundle
	is 'uid=1000,1000,1000 gid=1000,1000,1000 groups= umask=0022'
	config '.process.noNewPrivileges = false'
	run_bundle
	is 'uid=1000,0,0 gid=1000,1000,1000 groups= umask=0022'
}

@test "process: consoleSize without a terminal is of no consequence" {
	config '.process.consoleSize = {"height": 20, "width": 80}'
	run_payload exit 0
	ok
}

@test "process: the payload is not ctr's: /proc/1/exe is the program" {
	run_sh 'readlink /proc/1/exe'
	is /bin/busybox
}

has_bytes() {
	[ -s "$1" ]
}

# The filter of the default config forbids to ask.
keyrings() {
	[ -r /proc/keys ] || need 'a kernel with keys'
	config 'del(.linux.seccomp)'
}

@test "process: keyring: a new session keyring, named after the container, which its owner can search" {
	keyrings
	run_payload keyring
	ok
	[[ $output =~ ^[0-9]+\ keyring\;0\;0\;3f1b0000\;_ses\.$tag$ ]]
}

@test "process: keyring: exec joins that of the container" {
	keyrings
	config '.process.user = {"uid": 1000, "gid": 1000}'
	args sh -c 'payload keyring; until [ -e /tmp/go ]; do sleep 0.02; done'
	config '.root.readonly = false'
	write_config
	"$CTR" --root "$root" run -b "$bundle" "$tag" >"$T/out" 2>&1 &
	runner=$!
	wait_until has_bytes "$T/out"
	ctr exec "$tag" payload keyring
	ok
	same "$(<"$T/out")" "$output"
	: >"$rootfs/tmp/go"
	wait "$runner"
}

@test "process: keyring: in a user namespace, exec joins it, too" {
	keyrings
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	args sh -c 'payload keyring >/tmp/ring; until [ -e /tmp/go ]; do sleep 0.02; done'
	config '.root.readonly = false'
	start_bundle
	wait_until has_bytes "$rootfs/tmp/ring"
	ctr exec "$tag" payload keyring
	ok
	same "$(<"$rootfs/tmp/ring")" "$output"
	delete_ctr
}

@test "process: keyring: --no-new-keyring: the caller's, for exec as well" {
	keyrings
	args payload keyring
	write_config
	mine=$("$payload" keyring)
	ctr run --no-new-keyring "$bundle"
	is "$mine"
	args payload sleep
	start_bundle --no-new-keyring
	ctr exec "$tag" payload keyring
	is "$mine"
	delete_ctr
}
