# SPDX-License-Identifier: GPL-2.0-or-later
#
# What happens to ctr itself: torn files, full disks, full pipes, enormous configs, exhausted quotas, other clocks. Crashes
# at any instant and failing system calls: tests/faults, tests/integration/crash.bats; races of verbs: concurrency.bats;
# tasks that do not freeze or die: freeze.bats; consoles: console.bats; hooks: hooks.bats, a09-hooks.bats.

load lib
setup() { attack_setup; }
teardown() {
	if mountpoint -q "$T/small"; then
		for id in "$T"/small/*; do
			"$CTR" --root "$T/small" delete -f "${id##*/}" || true
		done
		umount -l "$T/small"
	fi
	attack_teardown
}

# A defined answer, soon: no crash, no silence.
defined() {
	soon "$@"
	[ "$status" -le 1 ] || [ "$status" -eq 255 ] || { report; return 1; }
	[ "$status" -eq 0 ] || [[ $stderr == *'ctr: '* ]] || { report; return 1; }
}

# --- D4: files of the state that a crash has torn ---

# torn FILE HOW N: what is left of $T/whole
torn() {
	python3 - "$T/whole" "$1" "$2" "$3" <<-'PY'
		import os, sys
		data = bytearray(open(sys.argv[1], "rb").read())
		n = int(sys.argv[4])
		if sys.argv[3] == "truncated":
		    data = data[:n]
		elif sys.argv[3] == "zeroed":
		    data[n:] = bytes(len(data) - n)
		else:
		    data[n % len(data)] ^= 1 << n % 8
		open(sys.argv[2], "wb").write(data)
	PY
}

# Of all lengths, in CI a sample: looked at, and now and then removed and made anew.
torn_in_all_ways() {
	local file=$1 step=$2 how n size tried=0
	for how in truncated zeroed flipped; do
		start_payload sleep
		cp "$root/$tag/$file" "$T/whole"
		size=$(stat -c %s "$T/whole")
		for ((n = 0; n <= size; n += step)); do
			torn "$root/$tag/$file" "$how" "$n"
			defined state "$tag"
			defined list -f json
			jq -e . "$T/stdout" >/dev/null
			tried=$((tried + 1))
			[ $((tried % $(times 5 40))) = 0 ] || continue
			defined exec "$tag" payload exit 0
			defined kill "$tag" 0
			soon delete -f "$tag"
			[ "$status" -eq 0 ] || { echo "$how at $n"; report; return 1; }
			if [ -e "$root/$tag" ] || ! is_dead "$pid"; then
				echo "$how at $n: it is still there"
				return 1
			fi
			start_payload sleep
		done
		torn "$root/$tag/$file" flipped 0
		soon delete -f "$tag"
		ok
	done
	printf '# %s: %d contents\n' "$file" "$tried" >&3
}

is_dead() {
	[ ! -e "/proc/$1/exe" ]
}

@test "D4: a record that was cut at any length, zeroed from any byte on, or has one bit wrong" {
	torn_in_all_ways state.json "$(times 211 1)"
}

@test "D4: so with the config that create saw" {
	torn_in_all_ways config.json "$(times 4001 7)"
}

# --- D5: no space, no inodes ---

# (errexit does not hold in a function that is called with ||: these are called without.)
#
# A state directory of its own, in which so many KiB or inodes are free: with_room OPTION AMOUNT
with_room() {
	mkdir -p "$T/small"
	mount -t tmpfs -o "mode=700,$1=$2" "$tag" "$T/small"
	root=$T/small
}

without_room() {
	umount "$T/small"
	root=$T/state
}

# The life of a container where there may be no room for it: each verb works or says so, and delete -f always works.
life_without_room() {
	local verb
	for verb in "create -b $bundle $tag" "start $tag" "update --unified cgroup.max.depth=9 $tag" "exec $tag payload exit 0" \
		"pause $tag" "resume $tag" "state $tag" 'list' "kill $tag KILL" "run -d -b $bundle $tag-2"; do
		# shellcheck disable=SC2086 # words
		defined $verb
	done
	for id in "$tag" "$tag-2"; do
		soon delete -f "$id"
		[ "$status" -eq 0 ]
	done
	# nothing but the cache of filters
	same '' "$(find "$root" -mindepth 1 -maxdepth 1 -not -name .cache)"
}

@test "D5: a state directory with any number of free blocks" {
	args payload sleep
	write_config
	for ((k = 1; k <= 22; k += $(times 3 1))); do
		with_room size "$((k * 4))k"
		life_without_room
		without_room
	done
}

@test "D5: a state directory with any number of free inodes" {
	args payload sleep
	write_config
	for ((k = 1; k <= 14; k += $(times 2 1))); do
		with_room nr_inodes "$k"
		life_without_room
		without_room
	done
}

@test "D5: the disk fills up while a container runs" {
	args payload sleep
	write_config
	with_room size 200k
	"$CTR" --root "$root" run -d -b "$bundle" "$tag" >/dev/null 2>&1 </dev/null
	dd if=/dev/zero of="$root/.cache/fill" bs=1k 2>/dev/null || true
	for verb in "exec $tag payload exit 0" "update --unified cgroup.max.depth=9 $tag" "pause $tag" "resume $tag" "state $tag" \
		"kill $tag CONT" "exec -d $tag payload sleep"; do
		# shellcheck disable=SC2086 # words
		defined $verb
	done
	soon delete -f "$tag"
	ok
	same '' "$(find "$root" -mindepth 1 -maxdepth 1 -not -name .cache)"
	without_room
}

# --- D15: pipes that nobody reads ---

@test "D15: with pipes that are full and never read, verbs end" {
	args sh -c 'while :; do echo "$(printf %01000d 0)"; done'
	write_config
	mkfifo "$T/full"
	exec 7<>"$T/full"
	# to the last byte
	python3 -c 'import fcntl, os
fcntl.fcntl(7, fcntl.F_SETFL, os.O_NONBLOCK)
try:
    while True: os.write(7, b"x")
except BlockingIOError: pass
fcntl.fcntl(7, fcntl.F_SETFL, 0)'
	timeout 20 "$CTR" --root "$root" create -b "$bundle" "$tag" >&7 2>&7 </dev/null
	for verb in start 'exec -d' 'kill -a' 'delete -f'; do
		word=()
		[[ $verb != exec* ]] || word=(sh -c 'echo x; sleep 100')
		[[ $verb != kill* ]] || word=(CONT)
		# shellcheck disable=SC2086 # words
		timeout 20 "$CTR" --root "$root" $verb "$tag" "${word[@]}" >&7 2>&7 </dev/null
	done
	exec 7>&-
}

# --- D17: configs ---

@test "D17: configs of a gibibyte, of a million brackets, of one enormous string: refused soon, and without their size in memory" {
	write_config
	local limit=400000
	needs_plain_build 'ASan reserves terabytes of addresses, which are limited here'
	for kind in sparse spaces deep string key numbers; do
		rm -f "$bundle/config.json"
		case $kind in
		sparse) truncate -s 1G "$bundle/config.json" ;;
		spaces) head -c 17000000 /dev/zero | tr '\0' ' ' >"$bundle/config.json" ;;
		deep) head -c 1000000 /dev/zero | tr '\0' '[' >"$bundle/config.json" ;;
		string) { printf '{"ociVersion":"'; head -c 16000000 /dev/zero | tr '\0' 'x'; printf '"}'; } >"$bundle/config.json" ;;
		key) { printf '{"'; head -c 16000000 /dev/zero | tr '\0' 'x'; printf '":1}'; } >"$bundle/config.json" ;;
		numbers) { printf '{"a":['; yes 1, | tr -d '\n' | head -c 16000000; printf '1]}'; } >"$bundle/config.json" ;;
		esac
		capture bash -c 'ulimit -v "$1"; shift; exec timeout 20 "$@"' - "$limit" "$CTR" --root "$root" run "$bundle"
		fails 'config.json'
	done
}

@test "D17: what JSON does not allow, and what it allows and nobody means" {
	for text in '' ' ' '{' '}' '{}' '[]' 'null' '1' '"x"' $'\xff\xfe{}' '{"ociVersion":"1.0.2","ociVersion":"1.0.2"}' \
		'{"ociVersion":"1.0.2"}x' '{"a":1e400}' '{"a":-}' '{"a":01}' '{"a":"\ud800"}' '{"a":"\u0000"}' '{"a":NaN}' "{'a':1}" \
		'{"a":1,}' '{"a" 1}' $'{"a":"\xc3"}' '{"process":{"args":["a\u0000b"]}}' '{/**/}'; do
		printf '%s' "$text" >"$bundle/config.json"
		soon run "$bundle"
		fails 'config.json'
	done
	printf '{"a":"\0"}' >"$bundle/config.json"
	soon run "$bundle"
	fails 'config.json'
}

# --- D21: other clocks ---

@test "D21: the host's clock is set, forwards and backwards, while a container is made and worked on" {
	cat >"$T/clock.c" <<-'C'
		#define _GNU_SOURCE
		#include <stdlib.h>
		#include <sys/syscall.h>
		#include <time.h>
		#include <unistd.h>
		/* jumps by an hour at each look, to and fro */
		int clock_gettime(clockid_t clock, struct timespec *t)
		{
			static int n;
			int r = (int)syscall(SYS_clock_gettime, clock, t);
			if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
				t->tv_sec += ++n % 2 ? 3600 * n : -3600 * n;
			return r;
		}
		time_t time(time_t *t)
		{
			struct timespec now;
			(void)clock_gettime(CLOCK_REALTIME, &now);
			if (t)
				*t = now.tv_sec;
			return now.tv_sec;
		}
	C
	cc -shared -fPIC -o "$T/clock.so" "$T/clock.c"
	printf '#!/bin/sh\nsleep 0.3\n' >"$T/hook"
	chmod 755 "$T/hook"
	config ".hooks.createRuntime = [{\"path\": \"$T/hook\", \"timeout\": 30, \"env\": [\"PATH=/usr/bin:/bin\"]}]"
	args payload sleep
	write_config
	export LD_PRELOAD=$T/clock.so
	for verb in "run -d -b $bundle $tag" "state $tag" "pause $tag" "resume $tag" "exec $tag payload exit 0" "kill $tag KILL" \
		"delete -f $tag"; do
		# shellcheck disable=SC2086 # words
		soon $verb
		[ "$status" -eq 0 ] || { report; return 1; }
	done
	unset LD_PRELOAD
}

@test "D21: ctr in a time namespace where the machine started at another time knows its containers" {
	start_payload sleep
	capture unshare -T --boottime 100000 --monotonic 100000 "$CTR" --root "$root" state "$tag"
	same 0 "$status"
	same running "$(jq -r .status <<<"$output")"
	capture unshare -T --boottime 100000 "$CTR" --root "$root" exec "$tag" payload exit 0
	same 0 "$status"
	capture unshare -T --boottime 100000 "$CTR" --root "$root" delete -f "$tag"
	ok
	wait_until is_dead "$pid"
}

# --- D23: quotas ---

@test "D23: the user has no keys left: the container starts, with a warning or without its keyring" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR" "$bundle"
	find "$rootfs" -type d -exec chown 123000:123000 {} +
	config '.linux.namespaces += [{"type": "user"}]' '.linux.uidMappings = [{"containerID": 0, "hostID": 123000, "size": 10}]' \
		'.linux.gidMappings = [{"containerID": 0, "hostID": 123000, "size": 10}]'
	# all keys that the user may have, kept by a process
	env -u CTR_TEST_TAG python3 - "$T/full" <<-'PY' 3>&- &
		import ctypes, os, sys, time
		libc = ctypes.CDLL(None, use_errno=True)
		full = open(sys.argv[1] + ".new", "w")
		os.setgid(123000)
		os.setuid(123000)
		libc.syscall(250, 1, b"hoard")  # keyctl(KEYCTL_JOIN_SESSION_KEYRING)
		n = 0
		while libc.syscall(248, b"user", b"key%d" % n, b"x", 1, -3) >= 0:  # add_key
		    n += 1
		print(n, ctypes.get_errno(), file=full, flush=True)
		time.sleep(60)
	PY
	hoarder=$!
	wait_until test -s "$T/full.new"
	# EDQUOT
	[[ $(cat "$T/full.new") == *' 122' ]] || { kill "$hoarder"; need 'a quota of keys for users'; }
	run_payload exit 0
	kill "$hoarder" || true
	same 0 "$status"
}
