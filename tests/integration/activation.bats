# SPDX-License-Identifier: GPL-2.0-or-later
# What a service manager hands over, and wants to hear: descriptors, sockets, readiness, pidfds.

load lib
load life
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# Run ctr with descriptors 3, 4 and 5 open (bats has plans for 3), and more environment: with_fds [NAME=VALUE...] -- ctr ...
with_fds() {
	local env=()
	while [ "$1" != -- ]; do
		env+=("$1")
		shift
	done
	shift
	capture env "${env[@]}" bash -c 'exec 3</etc/passwd 4</etc/group 5</etc/hosts; exec "$@"' - \
		"$CTR" --root "$root" "$@"
}

# A manager that takes notifications: $manager is its pid, what it heard is in $T/heard.
service_manager() {
	"$lib_dir/peer" manager "$T/notify" "$@" >"$T/heard" 2>&1 3>&- &
	manager=$!
	wait_until test -S "$T/notify"
}

# The container's service: a shell command, then it stays.
service() {
	args sh -c "$1; exec payload sleep"
}

# A command of it that sends TEXT to NOTIFY_SOCKET.
says() {
	printf "payload notify '%s'" "$1"
}

# --- descriptors ---

@test "activation: --preserve-fds passes 3 to 3+N-1, in run, create and exec" {
	args payload fds
	write_config
	with_fds -- run --preserve-fds 2 "$bundle"
	ok
	same $'0\n1\n2\n3\n4' "$(cut -d' ' -f1 <<<"$output")"
	with_fds -- create --preserve-fds 1 -b "$bundle" "$tag"
	ok
	ctr start "$tag"
	ok
	wait_until is_stopped
	delete_ctr
	start_payload sleep
	with_fds -- exec --preserve-fds=3 "$tag" payload fds
	same $'0\n1\n2\n3\n4\n5' "$(cut -d' ' -f1 <<<"$output")"
	delete_ctr
}

@test "activation: --preserve-fds 0 and nothing pass none; what is not open is an error" {
	args payload fds
	write_config
	with_fds -- run --preserve-fds 0 "$bundle"
	same $'0\n1\n2' "$(cut -d' ' -f1 <<<"$output")"
	with_fds -- run "$bundle"
	same $'0\n1\n2' "$(cut -d' ' -f1 <<<"$output")"
	with_fds -- run --preserve-fds 100 "$bundle"
	fails '--preserve-fds 100' 'is not open'
	with_fds -- create --preserve-fds 4294967295 -b "$bundle" "$tag"
	fails 'is not open'
	with_fds -- run --preserve-fds -1 "$bundle"
	fails 'preserve-fds'
	nothing_left
}

@test "activation: the descriptors are the caller's own: the same open file, the same offset" {
	printf 'first\nsecond\n' >"$T/file"
	args sh -c 'read -r a <&3; echo "$a"; read -r b; echo "end"'
	write_config
	capture bash -c 'exec 3<"$0"; read -r skipped <&3; "$@"; read -r more <&3 || echo at-end' "$T/file" \
		"$CTR" --root "$root" run --preserve-fds 1 "$bundle"
	same $'second\nend\nat-end' "$output"
}

@test "activation: LISTEN_FDS passes descriptors, and tells the program by LISTEN_PID=1" {
	args payload fds , env
	write_config
	with_fds LISTEN_FDS=2 LISTEN_PID=77 -- run "$bundle"
	ok
	has '3 ' '4 ' LISTEN_FDS=2 LISTEN_PID=1
	has_not '5 ' LISTEN_FDNAMES
	with_fds LISTEN_FDS=2 LISTEN_FDNAMES=http:https -- run "$bundle"
	has LISTEN_FDS=2 LISTEN_PID=1 LISTEN_FDNAMES=http:https
	with_fds LISTEN_FDS=2 -- run --preserve-fds 1 "$bundle"
	has '3 ' '4 ' '5 ' LISTEN_FDS=2
}

@test "activation: LISTEN_FDS survives create, and is no business of start's" {
	args sh -c 'payload fds; payload env'
	write_config
	said=create status=0
	env LISTEN_FDS=1 LISTEN_FDNAMES=one bash -c 'exec 3</etc/passwd; exec "$@"' - \
		"$CTR" --root "$root" create -b "$bundle" "$tag" >"$T/out" 2>"$T/stderr"
	capture env LISTEN_FDS=9 "$CTR" --root "$root" start "$tag"
	ok
	wait_until is_stopped
	grep -q '^3 ' "$T/out"
	has_line LISTEN_FDS=1 "$T/out"
	has_line LISTEN_FDNAMES=one "$T/out"
	has_line LISTEN_PID=1 "$T/out"
	delete_ctr
}

@test "activation: LISTEN_FDS that is empty, 0, no number, too large" {
	args payload fds , env
	write_config
	for value in '' 0; do
		with_fds "LISTEN_FDS=$value" -- run "$bundle"
		ok
		has_not LISTEN_ '3 '
	done
	for value in two -1 2x 0x2 99999999999; do
		with_fds "LISTEN_FDS=$value" -- run "$bundle"
		fails LISTEN_FDS
	done
	with_fds LISTEN_FDS=50 -- run "$bundle"
	fails 'LISTEN_FDS=50: descriptor ' 'is not open'
	with_fds LISTEN_FDS=1 -- run --preserve-fds 50 "$bundle"
	fails '--preserve-fds 50: descriptor ' 'is not open' 'behind the 1 of LISTEN_FDS'
}

@test "activation: without LISTEN_FDS nothing of the caller's environment reaches the program" {
	args payload env
	write_config
	capture env SECRET=1 LISTEN_FDNAMES=x LISTEN_PID=1 "$CTR" --root "$root" run "$bundle"
	ok
	has_not SECRET LISTEN_
}

@test "activation: a listening socket is served from inside" {
	args sh -c 'exec payload accept 3'
	write_config
	cat >"$T/manager.py" <<-'PY'
		import os, socket, subprocess, sys
		ctr, root, bundle = sys.argv[1:]
		server = socket.socket()
		server.bind(("127.0.0.1", 0))
		server.listen(1)
		os.dup2(server.fileno(), 3, inheritable=True)
		child = subprocess.Popen([ctr, "--root", root, "run", bundle], close_fds=False,
		                         env={"LISTEN_FDS": "1", "PATH": os.environ["PATH"]})
		client = socket.create_connection(server.getsockname(), 10)
		print(client.recv(100).decode().strip())
		sys.exit(child.wait(10))
	PY
	capture python3 "$T/manager.py" "$CTR" "$root" "$bundle"
	is served
}

# --- readiness ---

@test "activation: run -d waits for READY=1, and passes it on with the pid and a barrier" {
	service "sleep 0.3; $(says $'STATUS=almost\n'); $(says $'READY=1\nMAINPID=1\nSTATUS=x')"
	write_config
	service_manager
	capture env "NOTIFY_SOCKET=$T/notify" "$CTR" --root "$root" run -d --pid-file "$T/pid" -b "$bundle" "$tag"
	ok
	wait "$manager"
	same "READY=1 MAINPID=$(cat "$T/pid") fds=0"$'\nBARRIER=1 fds=1' "$(cat "$T/heard")"
	same running "$(state_of)"
	same '' "$(env -u CTR_TEST_TAG grep -lsF "$tag" /proc/[0-9]*/environ || true)"
	delete_ctr
}

@test "activation: create and start: start waits" {
	service "sleep 0.3; $(says READY=1)"
	write_config
	service_manager
	NOTIFY_SOCKET=$T/notify create_again
	ok
	[ ! -s "$T/heard" ]
	capture env "NOTIFY_SOCKET=$T/notify" "$CTR" --root "$root" start "$tag"
	ok
	wait "$manager"
	same "READY=1 MAINPID=$pid fds=0" "$(head -n 1 "$T/heard")"
	delete_ctr
}

@test "activation: start without NOTIFY_SOCKET does not wait" {
	args payload sleep
	write_config
	service_manager
	NOTIFY_SOCKET=$T/notify create_again
	ok
	capture env -u NOTIFY_SOCKET "$CTR" --root "$root" start "$tag"
	ok
	same running "$(state_of)"
	kill "$manager"
	delete_ctr
}

@test "activation: run in the foreground passes readiness on while it stays" {
	service "$(says READY=1)"
	write_config
	service_manager
	env "NOTIFY_SOCKET=$T/notify" "$CTR" --root "$root" run --pid-file "$T/pid" "$bundle" >"$T/out" 2>&1 3>&- &
	local ctr=$!
	wait "$manager"
	same "READY=1 MAINPID=$(cat "$T/pid") fds=0"$'\nBARRIER=1 fds=1' "$(cat "$T/heard")"
	kill -0 "$ctr"
	ctr kill "$tag" KILL
	status=0
	wait "$ctr" || status=$?
	same 137 "$status"
}

@test "activation: the barrier: run -d returns when the manager has handled READY=1" {
	service "$(says READY=1)"
	write_config
	service_manager slow
	capture env "NOTIFY_SOCKET=$T/notify" "$CTR" --root "$root" run -d -b "$bundle" "$tag"
	ok
	grep -qx handled "$T/heard"
	wait "$manager"
	delete_ctr
}

# A manager that has its socket, and never reads.
deaf_manager() {
	"$lib_dir/peer" hostile dgram "$T/notify" 60 >"$T/heard" 2>&1 3>&- &
	manager=$!
	wait_until test -S "$T/notify"
}

@test "activation: a manager that never reads does not hold a run in the foreground" {
	args sh -c "$(says READY=1); exit 7"
	write_config
	deaf_manager
	capture env "NOTIFY_SOCKET=$T/notify" timeout 20 "$CTR" --root "$root" run -b "$bundle" "$tag"
	same 7 "$status"
	# and not its signals either
	service "$(says READY=1)"
	write_config
	env "NOTIFY_SOCKET=$T/notify" timeout --foreground 20 "$CTR" --root "$root" run \
		--pid-file "$T/pid" -b "$bundle" "$tag" >"$T/out" 3>&- &
	wait_until grep -q asleep "$T/out"
	kill -KILL "$(cat "$T/pid")"
	status=0
	wait $! || status=$?
	same 137 "$status"
	kill "$manager"
	wait "$manager" || true
}

@test "activation: the wait for a barrier ends with the container, and with ctr's own signals" {
	args sh -c "$(says READY=1); sleep 0.5"
	write_config
	deaf_manager
	capture env "NOTIFY_SOCKET=$T/notify" timeout 20 "$CTR" --root "$root" run -d -b "$bundle" "$tag"
	ok
	delete_ctr
	service "$(says READY=1)"
	write_config
	capture env "NOTIFY_SOCKET=$T/notify" timeout -k 15 3 "$CTR" --root "$root" run -d -b "$bundle" "$tag"
	same 124 "$status" # timeout(1) had to end it, and could
	same running "$(state_of)"
	delete_ctr
	kill "$manager"
	wait "$manager" || true
}

@test "activation: an abstract socket" {
	service "$(says READY=1)"
	write_config
	cat >"$T/manager.py" <<-'PY'
		import os, socket, subprocess, sys
		ctr, root, bundle, tag = sys.argv[1:]
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("\0" + tag)
		s.settimeout(10)
		child = subprocess.Popen([ctr, "--root", root, "run", "-d", "-b", bundle, tag],
		                         env={"NOTIFY_SOCKET": "@" + tag, "CTR_TEST_TAG": tag})
		print(s.recv(100).decode().split("\n")[0])
		_, fds, _, _ = socket.recv_fds(s, 100, 4)
		[os.close(fd) for fd in fds]
		sys.exit(child.wait(10))
	PY
	capture python3 "$T/manager.py" "$CTR" "$root" "$bundle" "$tag"
	ok
	has READY=1
	delete_ctr
}

@test "activation: the socket in the container: /run/notify, read-only, also for another user" {
	config '.process.user.uid = 1000'
	service "echo \"\$NOTIFY_SOCKET\" >&2; (: >/run/notify/x) 2>/dev/null && echo writable; $(says READY=1)"
	write_config
	service_manager
	env "NOTIFY_SOCKET=$T/notify" "$CTR" --root "$root" run "$bundle" >"$T/out" 2>&1 3>&- &
	wait "$manager"
	grep -q '^READY=1' "$T/heard"
	same /run/notify/notify.sock "$(head -n 1 "$T/out")"
	not grep -q writable "$T/out"
	ctr kill "$tag" KILL
	wait || true
}

@test "activation: a container that ends before it is ready" {
	args payload exit 3
	write_config
	service_manager
	capture env "NOTIFY_SOCKET=$T/notify" "$CTR" --root "$root" run -d -b "$bundle" "$tag"
	fails 'ended before it said that it is ready'
	kill "$manager"
	same '' "$(cat "$T/heard")"
	ctr delete -f "$tag"
	ok
}

@test "activation: while start waits, others may work on the container; the end ends the wait" {
	args payload sleep
	write_config
	service_manager
	NOTIFY_SOCKET=$T/notify create_again
	env "NOTIFY_SOCKET=$T/notify" "$CTR" --root "$root" start "$tag" >"$T/out" 2>&1 3>&- &
	local start=$!
	wait_until eval '[ "$(state_of)" = running ]'
	ctr exec "$tag" payload exit 0
	ok
	delete_ctr
	status=0
	wait "$start" || status=$?
	same 1 "$status"
	grep -q 'ended before it said' "$T/out"
	kill "$manager"
}

@test "activation: a manager that is not there" {
	service "$(says READY=1)"
	write_config
	capture env "NOTIFY_SOCKET=$T/none" "$CTR" --root "$root" run -d -b "$bundle" "$tag"
	output='' # what the program said before it was ended
	fails 'service manager' "$T/none"
	[ ! -e "$root/$tag" ]
}

# --- pidfds ---

@test "activation: --pidfd-socket of create and run: 'standard' and init's pidfd" {
	for verb in create 'run -d'; do
		rm -f "$T/socket"
		"$lib_dir/peer" pidfd "$T/socket" >"$T/said" 3>&- &
		wait_until test -S "$T/socket"
		args payload sleep
		write_config
		# shellcheck disable=SC2086 # verb and option
		ctr $verb --pidfd-socket "$T/socket" --pid-file "$T/pid" -b "$bundle" "$tag"
		ok
		wait
		same "payload=standard fds=1 pid=$(cat "$T/pid")" "$(cat "$T/said")"
		delete_ctr
	done
}

@test "activation: --pidfd-socket that cannot be reached" {
	create_payload exit 0
	delete_ctr
	create_again --pidfd-socket "$T/none"
	fails 'pidfd' "$T/none" 'no such file or directory'
	nothing_left
	run_bundle -d --pidfd-socket "$T/none"
	fails 'pidfd' "$T/none"
	nothing_left
}
