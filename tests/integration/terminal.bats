# SPDX-License-Identifier: GPL-2.0-or-later
# Terminals: the container's own pty, relayed in the foreground, or sent to a console socket.

load lib
setup() {
	ctr_setup
	config '.process.terminal = true'
}
teardown() { ctr_teardown; }

# on_pty [STEP...] : run the bundle on a terminal of our own
on_pty() {
	write_config
	capture "$lib_dir/pty" "$@" -- "$CTR" --root "$root" run "$bundle"
	same '' "$stderr"
}

@test "terminal: the program has one, from the container's devpts" {
	args payload tty , fds , stat /dev/pts/0 /dev/console
	on_pty
	has 'tty /dev/pts/0' 'foreground=1 session=1' $'0 /dev/pts/0\n1 /dev/pts/0\n2 /dev/pts/0' '[exit 0]' \
		'/dev/pts/0 c' '136:0' '/dev/console c'
}

@test "terminal: /dev/console is the terminal" {
	args sh -c 'echo to-console >/dev/console; payload mounts /dev/console; payload stat /dev/console'
	on_pty
	has to-console '/dev/console devpts' '136:0'
}

@test "terminal: the exit code comes through, the settings come back" {
	args payload exit 7
	on_pty
	has '[exit 7]' '[terminal as before]'
}

@test "terminal: what is typed arrives, once" {
	args sh -c 'stty -echo; echo ready; read line; echo "got <$line>"'
	on_pty expect=ready 'send=hello\n' 'expect=got <hello>'
	has '[exit 0]' '[terminal as before]'
	same 1 "$(grep -c hello <<<"$output")"
}

@test "terminal: ours is raw meanwhile: ^C and ^Z belong to the container" {
	args payload signal 1
	on_pty expect=ready 'send=\x03' 'expect=signal 2'
	has '[exit 0]' '[terminal as before]'
}

@test "terminal: end of file" {
	args sh -c 'echo ready; cat; echo done'
	on_pty expect=ready 'send=line\n' 'send=\x04' expect=done
	has '[exit 0]'
}

@test "terminal: the window's size, at the start and when it changes" {
	args sh -c 'trap "payload tty; exit 0" WINCH; payload tty; echo ready; while :; do usleep 50000; done'
	on_pty size=100x30 expect=ready size=77x22 expect=77x22
	has '100x30' '77x22' '[exit 0]'
}

@test "terminal: consoleSize counts where ours has no size" {
	config '.process.consoleSize = {"height": 20, "width": 90}'
	args payload tty
	on_pty
	has ' 90x20 '
}

@test "terminal: newlines are not doubled by the container's terminal" {
	args payload tty
	on_pty
	has_not onlcr
	has canonical echo
}

@test "terminal: a lot of output is complete" {
	args sh -c 'i=0; while [ $i -lt 3000 ]; do echo "line $i of a lot of output"; i=$((i + 1)); done'
	on_pty
	has '[exit 0]' 'line 0 of' 'line 2999 of'
	same 3000 "$(grep -c 'of a lot of output' <<<"$output")"
}

@test "terminal: ctr is killed: the program gets a hangup, the container is for delete -f" {
	args payload sleep
	on_pty expect=asleep signal=KILL
	has '[exit -9]'
	delete_ctr
}

@test "terminal: a signal to ctr reaches the program, the settings come back" {
	args payload signal 1
	on_pty expect=ready signal=TERM 'expect=signal 15'
	has '[exit 0]' '[terminal as before]'
}

@test "terminal: without one of ours the container still has one" {
	args payload tty
	run_bundle
	same 0 "$status"
	has 'tty /dev/pts/0'
}

@test "terminal: for a user: it is his, and /dev/stdout can be opened" {
	config '.process.user = {"uid": 1000, "gid": 1000}'
	args sh -c 'payload stat /dev/pts/0; echo again >/dev/stdout; echo direct >/dev/tty'
	on_pty
	has '/dev/pts/0 c 0620 1000:5' again direct '[exit 0]'
}

@test "terminal: in a user namespace" {
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	args payload tty , ids
	on_pty
	has 'tty /dev/pts/0' 'uid=0,0,0' '[exit 0]'
}

@test "terminal: an image with something at /dev/console and /dev/pts/0" {
	mkdir -p "$rootfs/dev/pts"
	: >"$rootfs/dev/pts/0"
	ln -s /etc/passwd "$rootfs/dev/console"
	echo original >"$rootfs/etc/passwd"
	args payload stat /dev/console /dev/pts/0
	on_pty
	has '/dev/console c' '/dev/pts/0 c'
	same original "$(cat "$rootfs/etc/passwd")"
}

@test "terminal: without a /dev mount: the console is made in the rootfs, or refused, never followed" {
	config '.mounts |= map(select(.destination | startswith("/dev") | not))'
	mount_entry /dev/pts devpts devpts newinstance ptmxmode=0666 mode=0620 gid=5
	echo original >"$T/outside"
	ln -s "$T/outside" "$rootfs/dev/console"
	args payload exit 0
	write_config
	capture "$lib_dir/pty" -- "$CTR" --root "$root" run "$bundle"
	echo "$output"
	same original "$(cat "$T/outside")"
}

@test "terminal: no devpts in the container" {
	config '.mounts |= map(select(.destination != "/dev/pts"))'
	args payload tty
	run_bundle
	fails 'terminal' '/process/terminal' 'needs a devpts mount at /dev/pts'
}

@test "terminal: -d needs a console socket" {
	args payload tty
	run_bundle -d
	fails 'cannot allocate tty if ctr will detach without setting console socket' '--console-socket'
}

@test "terminal: a console socket needs -d and a terminal" {
	args payload tty
	run_bundle --console-socket "$T/socket"
	fails 'cannot use console socket if ctr will not detach or allocate tty'
	config '.process.terminal = false'
	run_bundle -d --console-socket "$T/socket"
	fails 'cannot use console socket if ctr will not detach or allocate tty'
}

@test "terminal: -d with a console socket: the master arrives there" {
	python3 - "$T/socket" >"$T/received" <<-'PY' &
		import array, os, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen(1)
		c, _ = s.accept()
		data, fds, _, _ = socket.recv_fds(c, 4096, 4)
		print(len(fds), 0 < len(data) < 4096, os.isatty(fds[0]), flush=True)
		out = b""
		while b"ready" not in out:
		    out += os.read(fds[0], 1000)
		os.write(fds[0], b"hello\n")
		while b"<hello>" not in out:
		    out += os.read(fds[0], 1000)
		print("answered", flush=True)
	PY
	wait_until test -S "$T/socket"
	args sh -c 'echo ready; read line; echo "<$line>"; payload sleep'
	start_bundle --console-socket "$T/socket"
	ok
	wait
	same $'1 True True\nanswered' "$(cat "$T/received")"
	delete_ctr
}

@test "terminal: a console socket where nobody listens" {
	args payload tty
	run_bundle -d --console-socket "$T/none"
	fails "$T/none" 'no such file or directory'
}
