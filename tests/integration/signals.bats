# SPDX-License-Identifier: GPL-2.0-or-later
# Signals: forwarded by a foreground ctr, sent by ctr kill, interrupting a start.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# A foreground ctr in the background: $ctr_pid; its output in $T/out.
start_foreground() {
	write_config
	"$CTR" --root "$root" run "$bundle" >"$T/out" 2>"$T/err" </dev/null &
	ctr_pid=$!
}

finish() {
	status=0
	wait_until eval '[ ! -e "/proc/$ctr_pid/exe" ]' || kill -KILL "$ctr_pid"
	wait "$ctr_pid" || status=$?
	output=$(cat "$T/out")
	stderr=$(cat "$T/err")
}

@test "signals: the foreground ctr passes them on" {
	args payload signal 8
	start_foreground
	wait_until grep -q ready "$T/out"
	for sig in TERM HUP INT QUIT USR1 USR2 CONT WINCH; do
		kill -"$sig" "$ctr_pid"
		wait_until eval "grep -qx 'signal $(kill -l "$sig")' '$T/out'"
	done
	finish
	is $'ready\nsignal 15\nsignal 1\nsignal 2\nsignal 3\nsignal 10\nsignal 12\nsignal 18\nsignal 28'
}

@test "signals: real-time signals, too" {
	args payload signal 2
	start_foreground
	wait_until grep -q ready "$T/out"
	kill -40 "$ctr_pid"
	kill -64 "$ctr_pid"
	finish
	has 'signal 40' 'signal 64'
}

@test "signals: a program without a handler is init: TERM does not end it, KILL by ctr kill does" {
	args payload sleep
	start_foreground
	wait_until grep -q asleep "$T/out"
	kill -TERM "$ctr_pid"
	sleep 0.1
	same running "$(state_of)"
	ctr kill "$tag" KILL
	ok
	finish
	same 137 "$status"
}

@test "signals: the exit code after a signal, without a pid namespace" {
	without_namespace pid
	for sig in 15 9 6; do
		args payload die "$sig"
		run_bundle
		same $((128 + sig)) "$status"
	done
}

@test "signals: ctr kill takes numbers and names" {
	start_payload signal 1
	for sig in 15 TERM SIGTERM term 10 USR1 RTMIN+1 SIGRTMAX; do
		ctr delete -f "$tag"
		rm -f "$T/out"
		write_config
		"$CTR" --root "$root" run -d -b "$bundle" "$tag" >"$T/out"
		wait_until grep -q ready "$T/out"
		ctr kill "$tag" "$sig"
		ok
		wait_until grep -q signal "$T/out"
		case $sig in
		15 | TERM | SIGTERM | term) same 'signal 15' "$(tail -n 1 "$T/out")" ;;
		10 | USR1) same 'signal 10' "$(tail -n 1 "$T/out")" ;;
		RTMIN+1) same 'signal 35' "$(tail -n 1 "$T/out")" ;;
		SIGRTMAX) same 'signal 64' "$(tail -n 1 "$T/out")" ;;
		esac
	done
	delete_ctr
}

@test "signals: ctr kill sends TERM by default" {
	args payload signal 1
	write_config
	"$CTR" --root "$root" run -d -b "$bundle" "$tag" >"$T/out"
	wait_until grep -q ready "$T/out"
	ctr kill "$tag"
	ok
	wait_until grep -q 'signal 15' "$T/out"
	delete_ctr
}

stop_signal() {
	config ".annotations[\"org.opencontainers.image.stopSignal\"] = \"$1\""
}

@test "signals: ctr kill without a signal sends the stop signal" {
	stop_signal SIGRTMIN+3
	args payload signal 2
	start_foreground
	wait_until grep -q ready "$T/out"
	ctr kill "$tag"
	is ''
	ctr kill "$tag" HUP
	is ''
	finish
	is $'ready\nsignal 37\nsignal 1'
}

@test "signals: TERM to a foreground ctr is passed on as the stop signal, others as they are" {
	stop_signal 12
	args payload signal 2
	start_foreground
	wait_until grep -q ready "$T/out"
	kill -HUP "$ctr_pid"
	wait_until grep -qx 'signal 1' "$T/out"
	kill -TERM "$ctr_pid"
	finish
	is $'ready\nsignal 1\nsignal 12'
}

@test "signals: a stop signal that is none" {
	stop_signal HALT
	args payload signal 1
	start_foreground
	wait_until grep -q ready "$T/out"
	ctr kill "$tag"
	fails "unknown stop signal 'HALT'" '/annotations/org.opencontainers.image.stopSignal' 'say which one'
	kill -TERM "$ctr_pid"
	finish
	is $'ready\nsignal 15'
}

@test "signals: unknown ones" {
	start_payload sleep
	for sig in FROB 0x9 65 -1 '' SIG; do
		ctr kill "$tag" "$sig"
		fails 'signal'
	done
	same running "$(state_of)"
	delete_ctr
}

@test "signals: ctr kill -a reaches every process" {
	args sh -c 'payload sleep & payload sleep & wait; exit 4'
	start_bundle
	wait_until eval '[ "$(wc -l <"$T/stdout")" -eq 2 ]'
	ctr kill -a "$tag" TERM
	ok
	wait_until is_stopped
	delete_ctr
}

@test "signals: ctr kill -a KILL, also when it has stopped" {
	start_payload sleep
	ctr kill --all "$tag" KILL
	ok
	wait_until is_stopped
	ctr kill -a "$tag" KILL
	ok
	delete_ctr
}

@test "signals: ctr kill of what has stopped, and of what does not exist" {
	start_payload exit 0
	wait_until is_stopped
	ctr kill "$tag" TERM
	fails 'container not running'
	delete_ctr
	ctr kill "$tag" TERM
	fails "container '$tag' does not exist"
}

@test "signals: INT while a hook runs ends the start and leaves nothing" {
	printf '#!/bin/sh\n: >%s/hook; exec sleep 1000\n' "$T" >"$T/slow"
	chmod 755 "$T/slow"
	config ".hooks.createContainer = [{\"path\": \"$T/slow\"}]"
	args payload exit 0
	start_foreground
	wait_until test -e "$T/hook"
	kill -INT "$ctr_pid"
	finish
	same 1 "$status"
	[[ $stderr == *interrupted* ]]
}

@test "signals: TERM while a runtime hook runs" {
	printf '#!/bin/sh\n: >%s/hook; exec sleep 2\n' "$T" >"$T/slow"
	chmod 755 "$T/slow"
	config ".hooks.createRuntime = [{\"path\": \"$T/slow\"}]"
	args payload exit 0
	start_foreground
	wait_until test -e "$T/hook"
	kill -TERM "$ctr_pid"
	finish
	[ "$status" -ne 0 ]
	[[ $stderr == *interrupted* ]]
}

@test "signals: ctr itself does not die of a broken pipe" {
	args payload signal 1
	start_foreground
	wait_until grep -q ready "$T/out"
	kill -PIPE "$ctr_pid"
	kill -USR1 "$ctr_pid"
	finish
	is $'ready\nsignal 10'
}

@test "signals: stop and continue" {
	args payload signal 1
	start_foreground
	wait_until grep -q ready "$T/out"
	kill -STOP "$ctr_pid"
	kill -TERM "$ctr_pid"
	sleep 0.05
	kill -CONT "$ctr_pid"
	finish
	same 0 "$status"
	grep -q '^signal' "$T/out"
}
