# SPDX-License-Identifier: GPL-2.0-or-later
# ctr wait: how a container ended, for whoever asks, whenever they ask.

load lib
load life
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# Only such a kernel tells others than the parent how a process has ended.
needs_exit_info() {
	local version
	IFS=.- read -ra version </proc/sys/kernel/osrelease
	[ $((version[0] * 1000 + version[1])) -ge 6015 ] || need 'Linux 6.15'
}

# A wait that began before the end: waiting [OPTION...]; what it says is in $T/waited.
waiting() {
	"$CTR" --root "$root" wait "$@" "$tag" >"$T/waited" 2>&1 3>&- &
	waiter=$!
	sleep 0.2
	kill -0 "$waiter"
}

waited() {
	status=0
	wait "$waiter" || status=$?
	output=$(<"$T/waited")
	same 0 "$status"
}

@test "wait: a detached container that is killed meanwhile" {
	needs_exit_info
	start_payload sleep
	waiting
	ctr kill "$tag" KILL
	waited
	same 137 "$output"
	# it has been noted: whoever asks later hears the same
	ctr wait "$tag"
	is 137
	delete_ctr
}

@test "wait: several at once, text and JSON" {
	needs_exit_info
	config '.root.readonly = false'
	args sh -c 'while ! payload stat /tmp/go >/dev/null; do payload sleep 0; done; exit 5'
	start_bundle
	"$CTR" --root "$root" wait -f json "$tag" >"$T/json" 2>&1 3>&- &
	local other=$!
	waiting --format text
	: >"$rootfs/tmp/go"
	waited
	same 5 "$output"
	wait "$other"
	same "[\"$tag\",5,0,false]" "$(jq -c '[.id, .exitCode, .signal, .oomKilled]' "$T/json")"
	delete_ctr
}

@test "wait: a container that is created; it is started meanwhile" {
	needs_exit_info
	create_payload exit 9
	waiting
	ctr start "$tag"
	ok
	waited
	same 9 "$output"
	delete_ctr
}

@test "wait: a container that is deleted meanwhile" {
	needs_exit_info
	start_payload sleep
	waiting
	delete_ctr
	waited
	same 137 "$output"
}

@test "wait: does not keep others from working on the container" {
	start_payload sleep
	waiting
	ctr pause "$tag"
	ok
	ctr resume "$tag"
	ok
	ctr exec "$tag" payload exit 0
	ok
	ctr state "$tag"
	ok
	delete_ctr
	wait "$waiter" || true
}

@test "wait: a foreground run that was kept: code and signal, after the end" {
	for code in 0 3 128 137 255; do
		args payload exit "$code"
		run_bundle --keep
		same "$code" "$status"
		ctr wait "$tag"
		is "$code"
		ctr wait -f json "$tag"
		ok
		same "[\"$tag\",$code,0,false]" "$(jq -c '[.id, .exitCode, .signal, .oomKilled]' <<<"$output")"
		[[ $(jq -r .finished <<<"$output") =~ ^20[0-9-]{8}T[0-9:]{8}\.[0-9]{9}Z$ ]]
		delete_ctr
	done
}

@test "wait: a foreground run that was kept and killed" {
	args payload sleep
	write_config
	"$CTR" --root "$root" run --keep "$bundle" >"$T/out" 3>&- &
	local ctr=$!
	wait_until grep -q asleep "$T/out"
	waiting
	ctr kill "$tag" KILL
	status=0
	wait "$ctr" || status=$?
	same 137 "$status"
	wait "$waiter" || true
	ctr wait --format=json "$tag"
	ok
	same '[137,9]' "$(jq -c '[.exitCode, .signal]' <<<"$output")"
	delete_ctr
}

@test "wait: an end that nobody saw" {
	create_payload exit 4
	ctr start "$tag"
	wait_until is_stopped
	ctr wait "$tag"
	fails "container '$tag' has ended, but its exit status was not recorded"
	delete_ctr
}

@test "wait: unknown containers, formats; too few and too many arguments" {
	ctr wait none
	fails 'does not exist'
	ctr wait -f xml none
	fails "unknown value 'xml'" 'text, json'
	ctr wait
	fails 'argument is missing'
	ctr wait a b
	fails 'too many arguments'
}

@test "wait: can be interrupted" {
	start_payload sleep
	waiting
	kill -TERM "$waiter"
	status=0
	wait "$waiter" || status=$?
	same 143 "$status"
	same running "$(state_of)"
	delete_ctr
}
