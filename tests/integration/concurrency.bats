# SPDX-License-Identifier: GPL-2.0-or-later
# Several commands at once on the same containers: every command has a defined end, and nothing stays.

load lib
load life
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# Each command in the background, all let go at once: race N COMMAND...; codes in $T/race.N, outputs beside.
racer() {
	local n=$1 code=0
	shift
	while [ ! -e "$T/go" ]; do :; done
	"$@" >"$T/race.$n.out" 2>"$T/race.$n.err" </dev/null || code=$?
	printf '%s\n' "$code" >"$T/race.$n"
}

# race COMMAND-A... -- COMMAND-B...
race() {
	local first=()
	while [ "$1" != -- ]; do
		first+=("$1")
		shift
	done
	shift
	rm -f "$T/go" "$T"/race.*
	racer a "${first[@]}" 3>&- &
	racer b "$@" 3>&- &
	: >"$T/go"
	wait
}

code() {
	cat "$T/race.$1"
}

# A refusal is one line of ctr with one of these texts.
refusal() {
	local text said
	said=$(cat "$T/race.$1.err")
	[[ $said == 'ctr: '* && $said != *$'\n'* ]] || { printf 'odd: %s\n' "$said"; return 1; }
	shift
	for text in "$@"; do
		[[ $said != *"$text"* ]] || return 0
	done
	printf 'unexpected: %s\n' "$said"
	return 1
}

c() {
	"$CTR" --root "$root" "$@"
}

@test "concurrency: L28: of two creates of one id exactly one wins" {
	args payload sleep
	write_config
	for round in $(seq 8); do
		race "$CTR" --root "$root" create -b "$bundle" "$tag" -- "$CTR" --root "$root" create -b "$bundle" "$tag"
		same '0 1' "$(sort "$T/race.a" "$T/race.b" | tr '\n' ' ' | sed 's/ $//')"
		if [ "$(code a)" = 1 ]; then refusal a 'already exists'; else refusal b 'already exists'; fi
		same created "$(state_of)"
		c delete "$tag"
	done
	nothing_left
}

@test "concurrency: eight creates of one id" {
	args payload sleep
	write_config
	rm -f "$T/go"
	for n in 1 2 3 4 5 6 7 8; do
		racer "$n" "$CTR" --root "$root" create -b "$bundle" "$tag" 3>&- &
	done
	: >"$T/go"
	wait
	same 1 "$(cat "$T"/race.[1-8] | grep -cx 0)"
	same 7 "$(grep -l 'already exists' "$T"/race.*.err | wc -l)"
	delete_ctr
}

@test "concurrency: delete against exec" {
	args payload sleep
	write_config
	for round in $(seq 12); do
		c run -d -b "$bundle" "$tag" >/dev/null
		race "$CTR" --root "$root" delete -f "$tag" -- "$CTR" --root "$root" exec "$tag" payload exit 5
		same 0 "$(code a)"
		case $(code b) in
		5 | 137) ;;
		255) [ "$(cat "$T/race.b.err")" ] && refusal b 'does not exist' 'not running' 'stopped' \
			'ctr-init' 'being created' 'no such process' 'no such file' 'cannot allocate memory' ;;
		*) printf 'exec ended with %s\n' "$(code b)" && return 1 ;;
		esac
		[ ! -e "$root/$tag" ]
	done
	nothing_left
}

@test "concurrency: delete against exec without a pid namespace: nothing survives" {
	without_namespace pid
	bare_mounts
	args payload sleep
	write_config
	for round in $(seq 8); do
		c run -d -b "$bundle" "$tag" >/dev/null
		race "$CTR" --root "$root" delete -f "$tag" -- "$CTR" --root "$root" exec -d "$tag" payload sleep
		same 0 "$(code a)"
		[[ $(code b) =~ ^(0|255)$ ]]
		[ ! -e "$root/$tag" ]
	done
	nothing_left
}

@test "concurrency: start against kill" {
	args payload sleep
	write_config
	for round in $(seq 12); do
		c create -b "$bundle" "$tag" >/dev/null
		race "$CTR" --root "$root" start "$tag" -- "$CTR" --root "$root" kill "$tag" KILL
		same 0 "$(code b)"
		[ "$(code a)" = 0 ] || refusal a 'cannot start a container that has stopped' \
			'reach the container' 'before its program was executed'
		wait_until is_stopped
		c delete "$tag"
	done
	nothing_left
}

@test "concurrency: start reports success exactly when the program was executed" {
	args payload sleep
	write_config
	capture "$BATS_TEST_DIRNAME/start-races" 80 "$CTR" "$root" "$bundle" "$tag" payload
	ok
	has ran killed
	config '.linux.seccomp = {defaultAction: "SCMP_ACT_ALLOW", syscalls: [{names: ["sendmsg", "sendto"],
		action: "SCMP_ACT_ERRNO"}]}'
	write_config
	capture "$BATS_TEST_DIRNAME/start-races" 40 "$CTR" "$root" "$bundle" "$tag" payload
	ok
	has ran killed
	nothing_left
}

@test "concurrency: start against start, delete against delete" {
	args payload sleep
	write_config
	for round in $(seq 8); do
		c create -b "$bundle" "$tag" >/dev/null
		race "$CTR" --root "$root" start "$tag" -- "$CTR" --root "$root" start "$tag"
		same '0 1' "$(sort "$T/race.a" "$T/race.b" | tr '\n' ' ' | sed 's/ $//')"
		if [ "$(code a)" = 1 ]; then refusal a 'already running'; else refusal b 'already running'; fi
		race "$CTR" --root "$root" delete -f "$tag" -- "$CTR" --root "$root" delete -f "$tag"
		same '0 0' "$(cat "$T/race.a" "$T/race.b" | tr '\n' ' ' | sed 's/ $//')"
	done
	nothing_left
}

# Look until told to stop; each status that was seen, once.
watch_status() {
	while [ ! -e "$T/enough" ]; do
		"$CTR" --root "$root" state "$tag" 2>/dev/null || true
		"$CTR" --root "$root" list -f json | jq -c '.[]'
	done | jq -r .status | sort -u >"$T/seen"
}

@test "concurrency: a container that is being removed never looks like one that is being created" {
	args payload sleep
	write_config
	for round in $(seq 12); do
		"$CTR" --root "$root" run -d -b "$bundle" "$tag" >/dev/null
		rm -f "$T/enough"
		watch_status 3>&- &
		"$CTR" --root "$root" kill "$tag" KILL
		c delete -f "$tag"
		: >"$T/enough"
		wait
		refute grep -vx -e running -e stopped "$T/seen"
	done
	nothing_left
}

@test "concurrency: delete against the end of a foreground run" {
	args payload exit 3
	write_config
	for round in $(seq 8); do
		race "$CTR" --root "$root" run -b "$bundle" "$tag" -- "$CTR" --root "$root" delete -f "$tag"
		[[ $(code a) =~ ^(3|137)$ ]] || refusal a 'ctr-init' 'does not exist' 'no such'
		same 0 "$(code b)"
		[ ! -e "$root/$tag" ]
	done
	nothing_left
}

# One of sixteen: random verbs on three ids until the time is over. What is odd goes to $T/odd.
worker() {
	local seed=$1 end=$2 id verb code files n=0
	RANDOM=$seed
	while [ "$(date +%s)" -lt "$end" ]; do
		id=$tag-$((RANDOM % 3))
		case $((RANDOM % 14)) in
		0 | 1 | 2) verb="create -b $bundle $id" ;;
		3) verb="run -d -b $bundle $id" ;;
		4 | 5) verb="start $id" ;;
		6) verb="exec $id payload exit 7" ;;
		7) verb="exec -d $id payload sleep" ;;
		8) verb="kill $id KILL" ;;
		9) verb="delete -f $id" ;;
		10) verb="delete $id" ;;
		11) verb="state $id" ;;
		12) verb="pause $id" ;;
		13) verb="resume $id" ;;
		esac
		code=0
		# files of its own for each: what was detached still holds those of its command
		n=$((n + 1))
		files=$T/worker.$seed.$n
		# shellcheck disable=SC2086 # words
		timeout -k 1 30 "$CTR" --root "$root" $verb 2>"$files.err" </dev/null >"$files.out" || code=$?
		printf '%s %s\n' "${verb%% *}" "$code" >>"$T/worker.$seed.log"
		defined "$code" "${verb%% *}" "$files" || {
			printf '%s: %s: %s\n' "$verb" "$code" "$(cat "$files.err" "$files.out")" >>"$T/odd"
		}
		rm -f "$files.err" "$files.out"
	done
}

# Success says nothing on stderr; failure says one line, with a reason that the race explains.
defined() {
	local code=$1 verb=$2 said
	said=$(cat "$3.err")
	case $verb:$code in
	state:0) jq -e .status "$3.out" >/dev/null ;;
	*:0 | exec:7 | exec:137) [ -z "$said" ] ;;
	exec:255 | *:1) [[ $said == 'ctr: '* && $said != *$'\n'* ]] && [[ $said =~ $reasons ]] ;;
	*) false ;;
	esac
}

@test "concurrency: sixteen workers, random verbs, three ids, twenty seconds (D8)" {
	local end seconds=${CTR_TESTS_RANDOM_SECONDS:-20}
	args payload sleep
	write_config
	reasons='already exists|does not exist|not running|not paused|cannot (start|exec|delete)|being created'
	reasons+='|ctr-init|no such process|no such file|cannot allocate memory|reach the container|talk to'
	reasons+='|still being|freeze cgroup|interrupted|before its program was executed'
	end=$(($(date +%s) + seconds))
	for n in {1..16}; do
		worker "$n" "$end" 3>&- &
	done
	wait
	cat "$T"/worker.*.log | sort | uniq -c
	if [ -e "$T/odd" ]; then
		cat "$T/odd"
		return 1
	fi
	for n in 0 1 2; do
		c delete -f "$tag-$n"
	done
	[ -z "$(ls "$root")" ]
	nothing_left
}

# It must not take the directory of a container that is created while it looks for the one it was told of.
@test "concurrency: create against delete --force of an id that is not there yet" {
	local end n
	args payload sleep
	write_config
	end=$(($(date +%s) + 5))
	for n in 1 2 3; do
		(
			while [ "$(date +%s)" -lt "$end" ]; do
				c delete -f "$tag" || echo "delete: $?" >>"$T/odd"
			done
		) >/dev/null 2>&1 3>&- &
	done
	while [ "$(date +%s)" -lt "$end" ]; do
		c create -b "$bundle" "$tag" </dev/null >/dev/null 2>&1 || true
	done
	wait
	[ ! -e "$T/odd" ] || { cat "$T/odd"; return 1; }
	c delete -f "$tag"
	nothing_left
}

@test "concurrency: two hundred runs by four workers, none of which hangs (D2)" {
	args /bin/busybox true
	write_config
	local n
	for n in 1 2 3 4; do
		(
			for i in $(seq 50); do
				timeout -k 1 20 "$CTR" --root "$root" run -b "$bundle" "$tag-$n" </dev/null >>"$T/out" 2>&1 ||
					echo "run $i of $n: $?" >>"$T/odd"
			done
		) 3>&- &
	done
	wait
	[ ! -e "$T/odd" ] || { cat "$T/odd" "$T/out"; return 1; }
	same '' "$(cat "$T/out")"
	nothing_left
}
