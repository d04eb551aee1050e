# SPDX-License-Identifier: GPL-2.0-or-later
# ctr is killed at any moment: `ctr delete -f` removes what there is, and the id can be used again.

load lib
setup() {
	ctr_setup
	v2=$(while read -r _ mount type _; do [ "$type" = cgroup2 ] && echo "$mount" && break; done </proc/self/mounts)
}
teardown() { ctr_teardown; }

# After each death delete removes everything. A quick look here, a thorough one at the end of the test.
clean_up_and_look() {
	"$CTR" --root "$root" delete -f "$tag" 2>"$T/stderr" || { cat "$T/stderr"; return 1; }
	[ ! -e "$v2/ctr/$tag" ] && [ ! -e "$root/$tag" ]
}

# sweep FIRST STEP OPTION...: kill `ctr run` at system call FIRST, FIRST + STEP, ... up to its end
sweep() {
	local at first=$1 step=$2
	shift 2
	write_config
	for ((at = first; at < 3000; at += step)); do
		capture "$payload" kill-at "$at" "$CTR" --root "$root" run "$@" -b "$bundle" "$tag"
		case $output in
		*'end exit '*)
			printf 'ended before system call %d\n' "$at"
			clean_up_and_look
			return 0
			;;
		*'killed signal 9'*) ;;
		*)
			printf 'at %d: %s%s\n' "$at" "$output" "$stderr"
			return 1
			;;
		esac
		clean_up_and_look || { printf 'at system call %d\n' "$at"; return 1; }
	done
}

@test "crash: killed at every seventh system call of a run in the foreground" {
	args payload exit 0
	sweep 1 7
}

@test "crash: killed at every seventh system call, three later, of a detached run" {
	args payload sleep
	sweep 4 7 -d
}

@test "crash: killed while hooks, a terminal and a user namespace are in play" {
	printf '#!/bin/sh\n:\n' >"$T/hook"
	chmod 755 "$T/hook"
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	for kind in prestart createRuntime createContainer poststart poststop; do
		config ".hooks.$kind = [{\"path\": \"$T/hook\"}]"
	done
	config '.process.terminal = true'
	args payload exit 0
	sweep 1 7
}

@test "crash: killed after a number of microseconds" {
	args payload sleep
	write_config
	for ((us = 200; us < 9000; us += 300)); do
		capture "$payload" kill-after "$us" "$CTR" --root "$root" run -b "$bundle" "$tag"
		clean_up_and_look || { printf 'after %d us\n' "$us"; return 1; }
	done
}

@test "crash: the container of a killed foreground ctr runs on, until it is deleted" {
	args payload sleep
	write_config
	"$CTR" --root "$root" run -b "$bundle" "$tag" >"$T/out" &
	wait_until grep -q asleep "$T/out"
	kill -KILL $!
	wait $! 2>/dev/null || true
	same running "$(state_of)"
	clean_up_and_look
}

@test "crash: the id is taken until then, and free afterwards" {
	args payload exit 0
	write_config
	capture "$payload" kill-at 120 "$CTR" --root "$root" run -b "$bundle" "$tag"
	if [ -d "$root/$tag" ]; then
		ctr run -b "$bundle" "$tag"
		fails "'$tag' already exists"
	fi
	ctr delete -f "$tag"
	ok
	ctr run -b "$bundle" "$tag"
	ok
}

@test "crash: delete itself is killed, and tried again" {
	args payload sleep
	write_config
	for ((at = 1; at < 400; at += 9)); do
		"$CTR" --root "$root" run -d -b "$bundle" "$tag" >/dev/null </dev/null
		capture "$payload" kill-at "$at" "$CTR" --root "$root" delete -f "$tag"
		[[ $output != *'end exit '* ]] || break
		clean_up_and_look || { printf 'at system call %d\n' "$at"; return 1; }
	done
	has 'end exit 0'
}

@test "crash: ctr-init is killed while it prepares" {
	printf '#!/bin/sh\nkill -KILL $(sed "s/.*\\"pid\\":\\([0-9]*\\).*/\\1/")\n' >"$T/hook"
	chmod 755 "$T/hook"
	config ".hooks.createRuntime = [{\"path\": \"$T/hook\", \"env\": [\"PATH=/usr/bin:/bin\"]}]"
	run_payload exit 0
	fails 'ctr-init was killed by signal 9'
}

@test "crash: a torn record" {
	start_payload sleep
	for content in '' '{' '{}' 'null' '[]' '{"id": 5}'; do
		printf '%s' "$content" >"$root/$tag/state.json"
		ctr list
		same 0 "$status"
		ctr state "$tag"
		[ "$status" -le 1 ]
	done
	ctr delete -f "$tag"
	ok
}

@test "crash: a directory without a record, as a death in the first moments leaves it" {
	mkdir -m 700 "$root" "$root/$tag"
	ctr list -q
	is "$tag"
	ctr state "$tag"
	[ "$status" -le 1 ]
	ctr delete -f "$tag"
	is ''
	[ ! -e "$root/$tag" ]
}

@test "crash: a record from before the last boot" {
	start_payload sleep
	sed -i -E 's/"boot_?[iI]d": *"[0-9a-f-]+"/"bootId":"00000000-0000-0000-0000-000000000000"/' "$root/$tag/state.json"
	[ "$(state_of)" = stopped ] || [ "$(state_of)" = running ]
	ctr delete -f "$tag"
	ok
}

# The container waits, whatever became of the one who wanted to start it; or it runs, once it was told to.
@test "crash: start is killed at each of its system calls: the container is created, or it runs" {
	local at before=created now late=0
	args payload sleep
	write_config
	"$CTR" --root "$root" create -b "$bundle" "$tag" >"$T/out" </dev/null
	for ((at = 1; at < 3000; at++)); do
		capture "$payload" kill-at "$at" "$CTR" --root "$root" start "$tag"
		# the last one was let go, and had not come to closing its socket when it was asked
		[[ $output != *'end exit '* ]] || { now=$(state_of) && break; }
		[[ $output == *'killed signal 9'* ]]
		now=$(state_of)
		[ "$now" = created ] || { [ "$now" = running ] && [ "$at" -gt 20 ]; }
		[ "$before $now" != 'running created' ]
		before=$now
		[ "$now" = created ] || break
		# it came as far as noting that it runs
		grep -q '"phase":"running"' "$root/$tag/state.json" && late=1
	done
	same 'running 1' "$now $late"
	wait_until grep -q asleep "$T/out"
	same running "$(state_of)"
	ctr start "$tag"
	fails 'cannot start an already running container'
	clean_up_and_look
}

@test "crash: delete is killed at its system calls: stopped, or gone, and the id can be used again" {
	local at seen=
	args payload exit 0
	write_config
	for ((at = 50; at < 3000; at++)); do
		"$CTR" --root "$root" run --keep -b "$bundle" "$tag"
		capture "$payload" kill-at "$at" "$CTR" --root "$root" delete "$tag"
		[[ $output != *'end exit '* ]] || break
		[[ $output == *'killed signal 9'* ]]
		seen+=" $(state_of 2>/dev/null)@$(find "$root" -mindepth 1 -maxdepth 1 -printf '%f,')"
		[ "$("$CTR" --root "$root" list -q)" = "$tag" ] || [ ! -e "$root/$tag" ]
		# every other time the next create finds what there is, else delete does
		[ $((at % 2)) = 1 ] && [ ! -e "$root/$tag" ] || clean_up_and_look
	done
	# also between the name and the record, where it is no longer listed
	[[ $seen == *" @"*".$tag.removed"* ]]
	same '' "$(tr ' ' '\n' <<<"$seen" | grep -v -e '^stopped@' -e '^@' -e '^$')"
	refute ls -d "$root/.$tag.removed"
	# nor of ids that nobody will ever use again: list finds them as well
	mkdir "$root/.other.removed"
	: >"$root/.other.removed/state.json"
	ctr list -q
	is ''
	refute ls -d "$root/.other.removed"
}
