# SPDX-License-Identifier: GPL-2.0-or-later
# Terminals: the console socket and its hostile peers, sizes, the relay of run and exec in the foreground.

load lib
load life
setup() {
	ctr_setup
	config '.process.terminal = true'
}
teardown() { ctr_teardown; }

# Somebody who takes the console: console_peer [STEP...]; what it saw is in $T/said.
console_peer() {
	"$lib_dir/peer" console "$T/console" "$@" >"$T/said" 2>"$T/peer-error" 3>&- &
	peer=$!
	wait_until test -S "$T/console"
}

peer_done() {
	wait "$peer" || { cat "$T/peer-error"; return 1; }
}

seconds() {
	local start=$EPOCHREALTIME end
	"$@"
	end=$EPOCHREALTIME
	took=$(((${end/./} - ${start/./}) / 1000000))
}

# --- the protocol ---

@test "console: one message, a name and one fd, which is the master; then the end" {
	console_peer expect=foreground
	args payload tty
	create_bundle --console-socket "$T/console"
	ok
	ctr start "$tag"
	ok
	peer_done
	same 'name=/dev/ptmx fds=1 more=0 tty=True size=0x0 onlcr=False' "$(head -n 1 "$T/said")"
	grep -q 'tty /dev/pts/0 0x0 canonical echo foreground=1 session=1' "$T/said"
	wait_until is_stopped
	delete_ctr
}

@test "console: it is there before create returns, with the size of the config" {
	config '.process.consoleSize = {width: 123, height: 45}'
	console_peer hangup
	create_payload sleep
	fails 'console socket' # the first without
	create_bundle --console-socket "$T/console"
	ok
	peer_done
	same 'name=/dev/ptmx fds=1 more=0 tty=True size=123x45 onlcr=False' "$(cat "$T/said")"
	delete_ctr
}

@test "console: run -d; input, output, echo, newlines as they are" {
	console_peer expect=ready 'send=hello\n' expect=got
	args sh -c 'echo ready; read -r line; echo "got $line"'
	start_bundle --console-socket "$T/console"
	ok
	peer_done
	same $'ready\nhello\ngot hello' "$(tail -n +2 "$T/said")"
	not grep -q $'\r' "$T/said"
	wait_until is_stopped
	delete_ctr
}

@test "console: a new size is a SIGWINCH" {
	console_peer expect=ready size=77x33 expect='signal 28'
	args payload signal
	start_bundle --console-socket "$T/console"
	ok
	peer_done
	wait_until is_stopped
	delete_ctr
}

@test "console: when the master is closed the program gets SIGHUP" {
	console_peer expect=ready hangup
	args payload signal 1
	start_bundle --console-socket "$T/console"
	ok
	peer_done
	wait_until is_stopped
	delete_ctr
}

@test "console: in a user namespace the terminal belongs to the container's user" {
	user_namespace
	config '.process.user = {uid: 7, gid: 8}'
	console_peer expect=foreground
	args payload stat /dev/pts/0 , tty
	start_bundle --console-socket "$T/console"
	ok
	peer_done
	grep -Eq '/dev/pts/0 .*\b7\b' "$T/said"
	wait_until is_stopped
	delete_ctr
}

@test "console: /dev/console is the terminal" {
	console_peer expect=done
	args sh -c 'echo to-console >/dev/console; echo done'
	start_bundle --console-socket "$T/console"
	ok
	peer_done
	grep -q to-console "$T/said"
	wait_until is_stopped
	delete_ctr
}

@test "console: a path longer than a socket's address" {
	local dir
	dir=$T/$(printf '%0100d' 0)/$(printf '%0100d' 1)
	mkdir -p "$dir"
	"$lib_dir/peer" console "$dir/console" expect=foreground >"$T/said" 3>&- &
	wait_until test -S "$dir/console"
	args payload tty
	start_bundle --console-socket "$dir/console"
	ok
	wait
	grep -q '^name=/dev/ptmx fds=1' "$T/said"
	wait_until is_stopped
	delete_ctr
}

@test "console: a relative path is relative to the caller" {
	console_peer expect=foreground
	args payload tty
	write_config
	cd "$T"
	ctr run -d --console-socket console -b "$bundle" "$tag"
	ok
	peer_done
	wait_until is_stopped
	delete_ctr
}

# --- which combinations make sense ---

@test "console: a terminal without a socket, a socket without a terminal" {
	args payload sleep
	run_bundle -d
	fails 'cannot allocate tty if ctr will detach without setting console socket' '--console-socket'
	create_bundle
	fails 'cannot allocate tty if ctr will detach without setting console socket'
	run_bundle --console-socket "$T/none"
	fails 'cannot use console socket if ctr will not detach or allocate tty'
	config '.process.terminal = false'
	run_bundle -d --console-socket "$T/none"
	fails 'cannot use console socket if ctr will not detach or allocate tty'
	create_bundle --console-socket "$T/none"
	fails 'cannot use console socket'
	nothing_left
}

# --- hostile peers (D14): each fails soon, with its reason, and leaves nothing ---

# refused_peer REASON: create with what is at $T/console
refused_peer() {
	seconds create_payload sleep
	seconds create_again --console-socket "$T/console"
	fails "console socket '$T/console'" "$1"
	[ "$took" -le 3 ]
	[ ! -e "$T/pid" ]
}

@test "console: the socket is not there, is a file, a directory, a fifo, a datagram socket" {
	refused_peer 'no such file or directory'
	: >"$T/console"
	refused_peer 'connection refused'
	rm "$T/console"
	mkdir "$T/console"
	refused_peer 'connection refused'
	rmdir "$T/console"
	mkfifo "$T/console"
	refused_peer 'connection refused'
	rm "$T/console"
	"$lib_dir/peer" hostile dgram "$T/console" 20 >/dev/null 3>&- &
	wait_until test -S "$T/console"
	refused_peer 'wrong type for socket'
	kill $!
	nothing_left
}

@test "console: the peer is dead, or the path is too long in its last part" {
	"$lib_dir/peer" hostile dgram "$T/console" 0 >/dev/null 3>&-
	refused_peer 'connection refused'
	rm "$T/console"
	seconds create_again --console-socket "$T/$(printf '%0200d' 0)"
	fails 'console socket' 'file name too long'
	nothing_left
}

@test "console: the peer never accepts, never reads, closes early: create does not wait for it" {
	for mode in never-accepts never-reads closes; do
		"$lib_dir/peer" hostile "$mode" "$T/console" 20 >"$T/said" 3>&- &
		wait_until test -S "$T/console"
		filter='.process.terminal = true'
		args payload sleep
		write_config
		seconds create_again --console-socket "$T/console"
		[ "$took" -le 3 ]
		[ "$status" -ne 0 ] || delete_ctr
		kill $! 2>/dev/null || true
		rm "$T/console"
	done
	nothing_left
}

@test "console: a peer whose queue is full: a deadline, then an error and nothing left" {
	"$lib_dir/peer" hostile full "$T/console" 30 >"$T/said" 3>&- &
	wait_until grep -q there "$T/said"
	args payload sleep
	write_config
	seconds create_again --console-socket "$T/console"
	fails 'console socket' 'timed out'
	[ "$took" -ge 5 ]
	[ "$took" -le 20 ]
	kill $!
	nothing_left
}

# --- in the foreground: the relay ---

@test "console: run on the caller's terminal: a terminal of its own, same size, settings restored" {
	args payload tty
	write_config
	capture "$lib_dir/pty" size=93x27 -- "$CTR" --root "$root" run "$bundle"
	ok
	has 'tty /dev/pts/0 93x27 canonical echo foreground=1 session=1' '[exit 0]' '[terminal as before]'
	has_not onlcr
}

@test "console: the window is resized while run and exec -t are in the foreground" {
	args sh -c 'trap "payload tty; exit 5" WINCH; echo ready; while :; do payload sleep 1 >/dev/null; done'
	write_config
	capture "$lib_dir/pty" size=80x24 expect=ready size=101x31 expect=101x31 -- "$CTR" --root "$root" run "$bundle"
	ok
	has '[exit 5]' '[terminal as before]'
	config '.process.terminal = false'
	start_payload sleep
	capture "$lib_dir/pty" size=80x24 expect=ready size=64x16 expect='signal 28' -- \
		"$CTR" --root "$root" exec -t "$tag" payload signal
	ok
	has '[exit 0]' '[terminal as before]'
	delete_ctr
}

@test "console: SIGWINCH to ctr's pid copies the size, as buildkit wants it" {
	args sh -c 'trap "payload tty; exit 5" WINCH; echo ready; while :; do payload sleep 1 >/dev/null; done'
	write_config
	capture "$lib_dir/pty" size=80x24 expect=ready size=70x20 signal=WINCH expect=70x20 -- \
		"$CTR" --root "$root" run --keep "$bundle"
	ok
	has '[exit 5]'
	ctr delete "$tag"
	ok
}

@test "console: what is typed reaches the program; ^C is for the container" {
	args sh -c 'trap "echo interrupted; exit 6" INT; echo ready; read -r l; echo "got $l"; echo go; while :; do payload sleep 1 >/dev/null; done'
	write_config
	capture "$lib_dir/pty" expect=ready 'send=abc\n' expect='got abc' expect=go 'send=\x03' expect=interrupted -- \
		"$CTR" --root "$root" run "$bundle"
	ok
	has '[exit 6]' '[terminal as before]'
}

@test "console: exec -t, input and output and the exit code" {
	config '.process.terminal = false'
	start_payload sleep
	capture "$lib_dir/pty" expect=ready 'send=abc\n' expect='got abc' -- \
		"$CTR" --root "$root" exec -t "$tag" sh -c 'echo ready; read -r l; echo "got $l"; exit 9'
	ok
	has '[exit 9]' '[terminal as before]'
	delete_ctr
}

@test "console: newlines are sent as they are when the output is no terminal" {
	config '.process.terminal = false'
	start_payload sleep
	capture "$CTR" --root "$root" exec -t "$tag" sh -c 'echo one; echo two'
	ok
	same $'one\ntwo' "$output"
	args sh -c 'echo one; echo two'
	config '.process.terminal = true'
	mkdir "$T/second"
	mv "$bundle/config.json" "$T/second.json"
	write_config
	ctr run -b "$bundle" "$tag-2"
	is $'one\ntwo'
	delete_ctr
}

@test "console: a megabyte of output arrives whole" {
	args sh -c 'i=0; while [ $i -lt 20000 ]; do echo "0123456789012345678901234567890123456789012345678 $i"; i=$((i+1)); done'
	write_config
	capture "$CTR" --root "$root" run "$bundle"
	same 0 "$status"
	same 20000 "$(wc -l <"$T/stdout")"
	same '0123456789012345678901234567890123456789012345678 19999' "$(tail -n 1 "$T/stdout")"
}

@test "console: an output that nobody reads does not keep signals from the program (D15)" {
	# not pid 1: that would be safe from its signals
	without_namespace pid
	args sh -c 'while :; do echo 01234567890123456789012345678901234567890123456789; done'
	write_config
	mkfifo "$T/out"
	exec 4<>"$T/out"
	"$CTR" --root "$root" run "$bundle" >"$T/out" 3>&- 4>&- &
	local ctr=$!
	wait_until eval '[ "$(state_of)" = running ]'
	sleep 0.5
	kill -TERM "$ctr"
	status=0
	wait_until eval '! kill -0 '"$ctr"' 2>/dev/null'
	wait "$ctr" || status=$?
	exec 4>&-
	same 143 "$status"
}

@test "console: the container has nothing of the caller's terminal" {
	args sh -c 'ls -l /proc/self/fd; readlink /proc/self/fd/0'
	write_config
	capture "$lib_dir/pty" -- "$CTR" --root "$root" run "$bundle"
	ok
	has /dev/pts/0
	config '.process.terminal = false'
	args payload tty
	mkdir "$T/b2"
	write_config
	# a program without a terminal of its own has no controlling one: it cannot put characters into it
	capture "$lib_dir/pty" -- "$CTR" --root "$root" run "$bundle"
	has 'session=0'
}
