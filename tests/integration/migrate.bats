#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr migrate and ctr receive.

load lib
load life
load migrate

setup() {
	migrate_setup
}

teardown() {
	local name
	"$CTR" --root "$rootb" --data-root "$datab" delete -f "${tag}z" || true
	for name in a b; do
		[ ! -e "/run/netns/$name$tag" ] || ip netns delete "$name$tag"
	done
	migrate_teardown
}

@test "a container moves, and goes on counting where it was" {
	start_counter
	move --format json
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	[ "$(jq -r '.rounds' <<<"$output")" -eq 3 ]
	[ "$(jq -r '.memoryBytes > 65536' <<<"$output")" = true ]
	[ "$(jq -r '.downMicroseconds > 0 and .downMicroseconds < .totalMicroseconds' <<<"$output")" = true ]
	runs_on there
}

# A listener in the container's network namespace, with somebody in its queue, whom it accepts once the move was
# given up for his sake: once new connections were kept waiting, and then let in again.
waiting_listener() {
	nsenter -t "$1" -n ip link set lo up
	nsenter -t "$1" -n python3 -c '
import os, socket, subprocess, time

def held():
    return subprocess.run(["nft", "list", "table", "inet", "ctr-hold"], capture_output=True).returncode == 0

server = socket.create_server(("127.0.0.1", 80))
client = socket.create_connection(("127.0.0.1", 80))
open(os.sys.argv[1], "w").close()
while not held(): time.sleep(0.01)
while held(): time.sleep(0.01)
accepted, _ = server.accept()
client.send(b"x")
accepted.recv(1)
open(os.sys.argv[1] + ".accepted", "w").close()
time.sleep(1000)' "$T/listens" 3>&- &
	listener=$!
	wait_until test -e "$T/listens"
}

@test "a connection that nobody has accepted: it runs on until that has happened, then moves with its last changes only" {
	command -v nft >/dev/null || need nft
	config '.linux.namespaces += [{"type": "network"}]'
	start_counter
	waiting_listener "$("$CTR" --root "$root" state "$tag" | jq .pid)"
	move --format json
	printf '%s\n%s\n' "$output" "$stderr"
	kill "$listener"
	[ "$status" -eq 0 ]
	[ -e "$T/listens.accepted" ]
	[ "$(jq -r .lostConnections <<<"$output")" -eq 0 ]
	[ "$(jq -r .rounds <<<"$output")" -eq 3 ]
	[ "$(jq -r '.heldMicroseconds > 0' <<<"$output")" = true ]
	runs_on there
}

# The other host does not have the bundle: one is made there, and goes with the container.
move_without_bundle() {
	printf '#!/bin/sh\nexec unshare -m sh -c '\''mount -t tmpfs none %s; exec "$@"'\'' sh "$@"\n' "$bundle" >"$T/elsewhere"
	chmod +x "$T/elsewhere"
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate --as "$there" --timeout 2s --restore-timeout 5s \
		--resolve-timeout 10s --max-rounds 0 "$tag" \
		"exec:${CTR_HELPERS:?}/wire-proxy $proxy $T/elsewhere $(receive_command)"
	printf '%s\n%s\n' "$status" "$stderr"
}

@test "a container comes again to where it was: its bundle is made there anew, and goes with it, or with a move that fails" {
	local made=$datab/.bundles/$there
	for word in first second; do
		start_counter
		echo "$word" >"$rootfs/word"
		move_without_bundle
		[ "$status" -eq 0 ]
		[ "$(cat "$made/rootfs/word")" = "$word" ]
		"$CTR" --root "$rootb" --data-root "$datab" delete -f "$there"
		[ ! -e "$made" ]
		rm -f "$rootfs/tmp/beats"
	done
	# of a move that fails goes what it has made
	start_counter
	echo 'PREPARED before cut' >"$proxy"
	move_without_bundle
	[ ! -e "$proxy" ]
	wait_until nothing_of_a_move
	[ ! -e "$made" ]
	[ "$(state_of)" = running ]
}

@test "who sends a byte now and then, or only that he lives, does not hold an id for ever" {
	local line
	receive_options='--progress-timeout 3s'
	for line in 'ROUND before drip' 'DATA before dribble' 'PROPOSAL before dribble'; do
		echo "--- $line"
		start_counter
		echo "$line" >"$proxy"
		move
		[ ! -e "$proxy" ]
		[ "$status" -ne 0 ]
		runs_on here
		wait_until no_receiver
		"$CTR" --root "$root" --data-root "$dataa" delete -f "$tag"
		rm -f "$rootfs/tmp/beats"
	done
	# it is free again
	start_counter
	move
	[ "$status" -eq 0 ]
	runs_on there
}

no_receiver() {
	! grep -l -s -z -x -F -e "$datab" /proc/[0-9]*/cmdline >/dev/null
}

@test "what criu said of a restore that failed is kept there, and not without end" {
	local log
	mkdir -p "$datab/.logs"/old{1..12}
	chmod 700 "$datab/.logs"/*
	touch -d yesterday "$datab/.logs"/*
	start_counter
	echo 'restored fail-log' >"$T/b/criu.control"
	move
	printf '%s\n' "$stderr"
	[ "$status" -ne 0 ]
	[[ "$stderr" == *'it was told to fail'*"($datab/.logs/$there-"*'/restore.log)'* ]]
	log=$(sed -n 's/.*(\([^)]*restore.log\)).*/\1/p' <<<"$stderr")
	[ "$(tail -n 1 "$log")" = '(00.000002) Error (fake-criu.c:1): it was told to fail' ]
	[ "$(stat -c %s "$log")" -eq 4194304 ]
	[ "$(ls "${log%/*}")" = restore.log ]
	[ "$(find "$datab/.logs" -mindepth 1 -maxdepth 1 | wc -l)" -eq 8 ]
	runs_on here
	# of one that went well nothing stays
	move
	[ "$status" -eq 0 ]
	runs_on there
	[ "$(find "$datab/.logs" -name "$there-*" | wc -l)" -eq 1 ]
}

# --- harm: whatever is done, it ends with the container on one side, and nothing on the other ---

# point EXPECTED...: harm was ordered; move, whatever comes of it.
harmed() {
	local side=$1
	move || true
	printf '%s\n%s\n' "$status" "$stderr"
	[ ! -e "$proxy" ]
	runs_on "$side"
}

# A line for the proxy, one after the other; between them a container that is here.
proxied() {
	local side=$1 what=$2
	echo "--- $what"
	echo "$what" >"$proxy"
	harmed "$side"
	if absent "$root" "$tag"; then
		"$CTR" --root "$rootb" delete -f "$there"
		rm -f "$rootfs/tmp/beats"
		start_counter
	fi
}

@test "the link is cut before the words that matter: it runs on here" {
	start_counter
	for type in HELLO PROPOSAL CONFIG ANSWER ROOT ROUND FILE DATA ROUND_END KEPT RESTORE PREPARED COMMIT; do
		proxied here "$type before cut"
	done
}

@test "the link is cut after a word: it runs here until COMMIT, and there afterwards" {
	start_counter
	for type in HELLO PROPOSAL CONFIG ANSWER ROOT ROUND FILE DATA ROUND_END KEPT RESTORE PREPARED; do
		proxied here "$type after cut"
	done
	for type in RUNNING DONE; do
		proxied there "$type after cut"
	done
	proxied there 'RUNNING before cut'
	proxied there 'DONE before cut'
	proxied one 'COMMIT after cut'
}

@test "the process that sends is killed at any word" {
	start_counter
	for type in PROPOSAL ANSWER ROOT ROUND DATA KEPT RESTORE; do
		proxied here "$type before kill-source"
		proxied here "$type after kill-source"
	done
	proxied here 'PREPARED before kill-source'
	# its answer may be on its way before it dies
	proxied one 'PREPARED after kill-source'
	for type in COMMIT RUNNING; do
		proxied one "$type before kill-source"
		proxied one "$type after kill-source"
	done
}

@test "the process that receives is killed at any word" {
	start_counter
	for type in PROPOSAL ANSWER ROOT ROUND DATA KEPT RESTORE PREPARED; do
		proxied here "$type before kill-dest"
		proxied here "$type after kill-dest"
	done
	for type in COMMIT RUNNING; do
		proxied one "$type before kill-dest"
		proxied one "$type after kill-dest"
	done
}

@test "words that do not come are waited for, and then it runs on here" {
	start_counter
	for type in ANSWER KEPT PREPARED; do
		proxied here "$type before stall"
	done
}

# Images on their way out go when nobody holds them: not before the last of the killed processes is gone.
swept() {
	nothing_of_a_move || { recover "$tag"; nothing_of_a_move; }
}

# order SIDE STEP ACTION: what that side's criu does.
ordered() {
	local expected=$1 side=$2 step=$3 action=$4
	echo "--- criu of $side: $step $action"
	echo "$step $action" >"$T/$side/criu.control"
	move || true
	printf '%s\n%s\n' "$status" "$stderr"
	[ ! -e "$T/$side/criu.control" ]
	if [ "$action" = kill-both ]; then
		recover "$tag"
		[ "$output" = "$tag runs here" ]
		wait_until swept
	fi
	runs_on "$expected"
	if absent "$root" "$tag"; then
		"$CTR" --root "$rootb" delete -f "$there"
		rm -f "$rootfs/tmp/beats"
		start_counter
	fi
}

@test "what is predicted counts all that criu takes, twice" {
	start_counter
	echo 'predump slow' >"$T/a/criu.control"
	move --format json --max-rounds 1
	[ "$status" -eq 0 ]
	[ "$(jq -r '.predictedMicroseconds > 6000000' <<<"$output")" = true ]
	runs_on there
}

@test "criu works for longer than the other side waits for a word: it is told that it goes on" {
	receive_options='--idle-timeout 1500ms'
	start_counter
	ordered there a predump slow
	[ "$status" -eq 0 ]
	ordered there a seized slow
	[ "$status" -eq 0 ]
}

@test "criu fails here, at any step: it runs on here" {
	start_counter
	for step in predump seized dumped; do
		ordered here a "$step" fail
		[ "$status" -ne 0 ]
		ordered here a "$step" crash
		[ "$status" -ne 0 ]
	done
}

@test "criu does not say what it is when it is only looked at: it is asked again when it is needed" {
	start_counter
	ordered there a version fail
	[ "$status" -eq 0 ]
	ordered there a version crash
	[ "$status" -eq 0 ]
}

@test "criu fails here after the other side runs it: it runs there, and nothing is left here" {
	start_counter
	for step in post-dump end-dump; do
		for action in fail crash kill-ctr; do
			ordered there a "$step" "$action"
		done
	done
}

@test "criu fails there, at any step: it runs on here" {
	start_counter
	for step in restore born restored; do
		ordered here b "$step" fail
		[ "$status" -eq 7 ]
		ordered here b "$step" crash
		[ "$status" -eq 7 ]
	done
}

@test "what came has a mount that the config does not have, at the end: it is ended there, and runs on here" {
	local mount
	start_counter
	for mount in tmpfs@/bin proc@/proc sysfs@/proc mqueue@/proc; do
		echo "mount $mount" >"$T/b/criu.control"
		move
		printf '%s\n' "$stderr"
		[ ! -e "$T/b/criu.control" ]
		[ "$status" -ne 0 ]
		[[ "$stderr" == *"restored mounts: '${mount#*@}' is a mount, and the config mounts nothing there"* ]]
		runs_on here
	done
	move
	runs_on there
}

@test "criu fails there after the word was said: one side runs it" {
	start_counter
	ordered here b resume fail
	# the tasks ran for a moment, until criu's end was seen: never two at a time, but the count goes back
	counts_back=1
	ordered one b resume crash
	ordered one b end-restore fail
	ordered one b end-restore crash
}

@test "ctr is killed while criu works, on either side" {
	start_counter
	for step in predump seized dumped; do
		ordered here a "$step" kill-ctr
		ordered here a "$step" kill-both
	done
	for step in restore born restored; do
		ordered here b "$step" kill-ctr
	done
	for step in resume end-restore; do
		ordered one b "$step" kill-ctr
	done
}

# --- both processes of a side: what is left waits for whoever comes next ---

@test "all that send are killed before the word: it runs on here, and the next move sweeps" {
	start_counter
	for type in KEPT PREPARED; do
		echo "$type before kill-sources" >"$proxy"
		move || true
		[ ! -e "$proxy" ]
		wait_until runs_here
		still_counts
		move --dry-run
	done
	move
	[ "$status" -eq 0 ]
	runs_on there
}

runs_here() {
	[ "$("$CTR" --root "$root" state "$tag" | jq -r .status)" = running ]
}

@test "all that send are killed after the word: it stands here, fenced, until somebody asks" {
	start_counter
	echo 'COMMIT after kill-sources' >"$proxy"
	move || true
	[ ! -e "$proxy" ]
	wait_until fenced
	ctr state "$tag"
	[ "$(jq -r '."ctr.move".direction' <<<"$output")" = away ]
	for verb in "resume $tag" "kill $tag" "delete $tag" "exec $tag /bin/sh" "pause $tag"; do
		# shellcheck disable=SC2086 # words
		ctr $verb
		[ "$status" -ne 0 ]
		[[ $stderr == *"was handed over to"*"ctr migrate --recover $tag"* ]]
	done
	recover
	[ "$status" -eq 0 ]
	[ "$output" = "$tag runs there" ]
	runs_on there
}

fenced() {
	[ "$("$CTR" --root "$root" state "$tag" | jq -r '."ctr.move".direction')" = away ] &&
		[ "$("$CTR" --root "$root" state "$tag" | jq -r .status)" = paused ]
}

@test "the word is lost with all who could say so: recover finds that it did not come, and it goes on here" {
	start_counter
	echo 'COMMIT before lose-sources' >"$proxy"
	move || true
	wait_until fenced
	recover "$tag"
	[ "$status" -eq 0 ]
	[ "$output" = "$tag runs here" ]
	runs_on here
}

@test "all that receive are killed: the next question removes what they left" {
	start_counter
	for type in ROUND PREPARED; do
		proxied here "$type after kill-dests"
	done
	proxied one 'COMMIT after kill-dests'
}

@test "nobody answers any more: in doubt it stands, exit code 8, and the operator decides" {
	start_counter
	echo 'COMMIT after kill-sources' >"$proxy"
	move || true
	wait_until fenced
	: >"$proxy.parted"
	recover --resolve-timeout 300ms "$tag"
	[ "$status" -eq 8 ]
	[[ $stderr == *"stands, and may run at"* ]]
	fenced
	recover --there "$tag"
	[ "$status" -eq 0 ]
	absent "$root" "$tag"
	still_counts
	check_beats
}

@test "nobody answers while it asks: in doubt it stands, whatever criu does, and it never runs twice" {
	start_counter
	echo 'RUNNING before part' >"$proxy"
	move --resolve-timeout 500ms
	[ "$status" -eq 8 ]
	[[ $stderr == *"ctr migrate --recover $tag"* ]]
	fenced
	still_counts
	check_beats
	rm "$proxy.parted"
	recover "$tag"
	[ "$status" -eq 0 ]
	[ "$output" = "$tag runs there" ]
	runs_on there
}

@test "the word is lost, and nobody answers: it stands, and goes on here when the other side has said no" {
	start_counter
	echo 'COMMIT before part' >"$proxy"
	move --resolve-timeout 500ms
	[ "$status" -eq 8 ]
	fenced
	local n
	n=$(beats | wc -l)
	sleep 0.3
	[ "$(beats | wc -l)" -eq "$n" ]
	rm "$proxy.parted"
	recover "$tag"
	[ "$status" -eq 0 ]
	[ "$output" = "$tag runs here" ]
	runs_on here
}

@test "whoever froze it meanwhile would thaw it: it is not handed over, and goes on here" {
	start_counter
	local freeze failed=0
	ctr state "$tag"
	freeze=$(cgroup_of "$(jq .pid <<<"$output")")/cgroup.freeze
	[ -f "$freeze" ]
	echo 'PREPARED before hold' >"$proxy"
	(exec env "$CTR" --root "$root" --data-root "$dataa" --criu "$T/a/criu" migrate --as "$there" \
		--restore-timeout 60s "$tag" "exec:$CTR_HELPERS/wire-proxy $proxy $(receive_command)") \
		2>"$T/err" &
	local job=$!
	wait_until test ! -e "$proxy"
	echo 1 >"$freeze"
	: >"$proxy.pass"
	wait "$job" || failed=1
	cat "$T/err"
	[ "$failed" = 1 ]
	grep -q 'somebody else holds container' "$T/err"
	echo 0 >"$freeze"
	runs_on here
}

journal_there() {
	printf '%s/.migrations/%s/journal.json' "$datab" "$(jq -r .move.token "$rootb/$there/state.json")"
}

# Deleted there after it ran, before anybody here has heard that it did: it must not go on here.
@test "it is deleted there before this side knows: not without --force, and then it is gone for both" {
	local state journal
	for state in running committing; do
		echo "--- $state"
		rm -f "$rootfs/tmp/beats"
		start_counter
		echo 'COMMIT after kill-sources' >"$proxy"
		move || true
		wait_until fenced
		journal=$(journal_there)
		# those who receive may be killed between the two words
		jq --arg state "$state" '.state = $state' "$journal" >"$T/journal"
		cp "$T/journal" "$journal"
		"$CTR" --root "$rootb" kill "$there" KILL
		wait_until stopped_there
		run "$CTR" --root "$rootb" delete "$there"
		[ "$status" -ne 0 ]
		[[ $output == *"came from "*", which does not know it yet"*"--force"* ]]
		"$CTR" --root "$rootb" delete --force "$there"
		absent "$rootb" "$there"
		[ -e "$journal" ]
		recover "$tag"
		[ "$status" -eq 0 ]
		[ "$output" = "$tag ran there, and was deleted there" ]
		absent "$root" "$tag"
		wait_until nothing_of_a_move
	done
}

stopped_there() {
	[ "$("$CTR" --root "$rootb" state "$there" | jq -r .status)" = stopped ]
}

@test "it is deleted there while it runs, and those who received it were killed before they wrote that down" {
	local journal
	echo 'COMMIT after kill-sources' >"$proxy"
	start_counter
	move || true
	wait_until fenced
	journal=$(journal_there)
	jq '.state = "committing"' "$journal" >"$T/journal"
	cp "$T/journal" "$journal"
	"$CTR" --root "$rootb" delete --force "$there"
	absent "$rootb" "$there"
	[ "$(jq -r .state "$journal")" = running ]
	recover "$tag"
	[ "$status" -eq 0 ]
	[ "$output" = "$tag ran there, and was deleted there" ]
	absent "$root" "$tag"
	wait_until nothing_of_a_move
}

@test "the container is gone here, and its worker killed: what the other side knows is told" {
	local mover code=0
	start_counter
	echo 'DONE before kill-source' >"$proxy"
	move
	[ ! -e "$proxy" ]
	[ "$status" -eq 0 ]
	[[ $output == "$tag runs at "* ]]
	runs_on there
	# it is removed here, by hand, before it could come there
	"$CTR" --root "$rootb" --data-root "$datab" delete --force "$there"
	rm -f "$rootfs/tmp/beats"
	start_counter
	echo 'ROUND before hold' >"$proxy"
	"$CTR" --root "$root" --data-root "$dataa" --criu "$T/a/criu" migrate --as "$there" "$tag" \
		"exec:${CTR_HELPERS:?}/wire-proxy $proxy $(receive_command)" >"$T/out" 2>"$T/err" &
	mover=$!
	wait_until grep -q hold "$proxy.done"
	"$CTR" --root "$root" --data-root "$dataa" delete --force "$tag"
	kill -KILL "$(cat "/proc/$mover/task/$mover/children")"
	touch "$proxy.pass"
	wait "$mover" || code=$?
	[ "$code" -ne 0 ]
	cat "$T/out" "$T/err"
	[ ! -s "$T/out" ]
	grep -q "container '$tag' is not here any more, and it does not run at .* by this move" "$T/err"
	absent "$rootb" "$there"
	wait_until nothing_of_a_move
}

@test "--here lets it go on without asking" {
	start_counter
	echo 'COMMIT before lose-sources' >"$proxy"
	move || true
	wait_until fenced
	recover --here "$tag"
	[ "$status" -eq 0 ]
	runs_here
	still_counts
	recover --here "$tag"
	[ "$status" -eq 1 ]
	[[ $stderr == *"was not handed over"* ]]
	"$CTR" --root "$rootb" --data-root "$datab" --criu "$T/b/criu" receive </dev/null >/dev/null 2>&1 || true
}

# --- what is in the way ---

@test "everything that is in the way is told at once, and nothing stands for it" {
	start_counter
	"$CTR" --root "$rootb" run -d -b "$bundle" "$there"
	config '.linux.cgroupsPath = "/x"'
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate --dry-run --format json --as "$there" "$tag" \
		"exec:$(receive_command)"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 3 ]
	[[ $(jq -r '.problems[].text' <<<"$output") == *"container '$there' exists already"* ]]
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate --dry-run "$tag" "exec:$(receive_command)"
	[ "$status" -eq 3 ]
	[[ $output == *"the cgroup of '$tag' exists here already"* ]]
	[ "$(state_of)" = running ]
	nothing_of_a_move
}

# Its standard input stays; this descriptor is of a kind that no criu can save.
start_blocked() {
	cp "${CTR_HELPERS:?}/holder" "$rootfs/bin/holder"
	args holder io_uring
	write_config
	"$CTR" --root "$root" --data-root "$dataa" run -d -b "$bundle" "$tag" </dev/null >"$T/held" 2>&1
	wait_until grep -q ready "$T/held"
}

# in_net a|b COMMAND...: on the host that sends, or receives.
in_net() {
	local net=/run/netns/$1$tag
	shift
	nsenter --net="$net" "$@"
}

@test "an address that somebody there has already: refused before anything is sent" {
	local name id=${tag}z to
	for name in a b; do
		ip netns add "$name$tag" 2>/dev/null || need 'ip netns'
		ip -n "$name$tag" link set lo up
		in_net "$name" ip link add probe0 type bridge 2>/dev/null || need 'bridges'
		ip -n "$name$tag" link delete probe0
	done
	config '.linux.namespaces += [{"type": "network"}]'
	write_config
	in_net a "$CTR" --root "$root" --data-root "$dataa" network create web --subnet 10.99.7.0/24
	in_net b "$CTR" --root "$rootb" --data-root "$datab" network create web --subnet 10.99.7.0/24
	in_net a "$CTR" --root "$root" --data-root "$dataa" run -d --network bridge:web,ip=10.99.7.5 -b "$bundle" "$tag"
	in_net b "$CTR" --root "$rootb" --data-root "$datab" run -d --network bridge:web,ip=10.99.7.5 -b "$bundle" "$id"
	to="exec:$(command -v nsenter) --net=/run/netns/b$tag $(receive_command)"
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate --as "$there" --dry-run "$tag" "$to"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 3 ]
	[[ $output == *"address 10.99.7.5 of network 'web': container '$id' has it"* ]]
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate --as "$there" "$tag" "$to"
	[ "$status" -eq 3 ]
	[ "$(state_of)" = running ]
	nothing_of_a_move
	in_net b "$CTR" --root "$rootb" --data-root "$datab" delete -f "$id"
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate --as "$there" --dry-run "$tag" "$to"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	in_net a "$CTR" --root "$root" --data-root "$dataa" delete -f "$tag"
}

@test "what cannot be saved is refused before anything is copied, and listed" {
	start_blocked
	move
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 3 ]
	[[ $stderr == *'anon_inode:[io_uring]: no CRIU can save an io_uring'* ]]
	[ "$(state_of)" = running ]
	nothing_of_a_move
	move --dry-run --format json
	[ "$status" -eq 3 ]
	[[ $(jq -r '.problems[].text' <<<"$output") == *'no CRIU can save an io_uring'* ]]
	ctr --data-root "$dataa" --criu "$T/a/criu" replicate --as "$there" --count 1 "$tag" \
		"exec:$(receive_command)"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 3 ]
	[[ $stderr == *'no CRIU can save an io_uring'* ]]
	[ ! -e "$dataa/.replicate/$tag" ]
	[ "$(state_of)" = running ]
}

@test "--accept present: only a bundle that is there, as it is there" {
	start_counter
	receive_options='--accept present'
	move --dry-run
	[ "$status" -eq 0 ]
	[ "$output" = 'nothing is in the way' ]
	jq '.hostname = "other"' "$bundle/config.json" >"$T/c" && cp "$T/c" "$bundle/config.json"
	move --dry-run
	[ "$status" -eq 3 ]
	[[ $output == *'has another config.json'* ]]
	runs_on here
}

@test "a container that does not run, is paused, or is not there cannot be moved" {
	move
	[ "$status" -eq 1 ]
	start_counter
	ctr pause "$tag"
	move
	[ "$status" -eq 1 ]
	[[ $stderr == *"is paused: resume it first"* ]]
	ctr resume "$tag"
	"$CTR" --root "$root" kill "$tag" KILL
	wait_until is_stopped
	move
	[ "$status" -eq 1 ]
	[[ $stderr == *"is stopped: only one that runs can be moved"* ]]
}

@test "an answer that is none: exit code 7, with a reason" {
	start_counter
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate "$tag" "exec:/bin/echo this is no ctr"
	[ "$status" -eq 7 ]
	[[ $stderr == *'unknown type'*'its command prints something else'* ]]
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate "$tag" "exec:/bin/true"
	[ "$status" -eq 7 ]
	ctr --data-root "$dataa" --criu "$T/a/criu" migrate "$tag" "exec:/nonexistent"
	[ "$status" -eq 7 ]
	runs_on here
}

@test "no space there: it runs on here" {
	start_counter
	mkdir -p "$T/small"
	mount -t tmpfs -o size=100k,mode=700 "$tag" "$T/small"
	datab=$T/small
	move
	umount -l "$T/small"
	datab=$T/data-b
	[ "$status" -eq 7 ]
	[[ $stderr == *'no space left on device'* ]]
	runs_on here
}

@test "what must stay free there stays free, and the error names the option" {
	start_counter
	mkdir -p "$T/small"
	mount -t tmpfs -o size=2m,mode=700 "$tag" "$T/small"
	datab=$T/small
	receive_options='--keep-free 4m' move
	datab=$T/data-b
	printf '%s\n' "$stderr"
	umount -l "$T/small"
	[ "$status" -eq 7 ]
	[[ $stderr == *'no space left on device'*'ctr receive --keep-free'* ]]
	runs_on here
	run "$CTR" --root "$rootb" --data-root "$datab" receive --keep-free much
	[[ $output == *"option --keep-free: 'much' is not a size"* ]]
}

@test "an exported checkpoint says which criu wrote its images" {
	start_counter
	ctr --data-root "$dataa" --criu "$T/a/criu" checkpoint --export "$T/x" --leave-running "$tag"
	[ "$status" -eq 0 ]
	ctr --data-root "$dataa" checkpoint inspect --format json "$T/x"
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$(jq -r '.. | .criu? // empty' <<<"$output" | head -n 1)" = 3.17.1 ]
	runs_on here
}

# note TOKEN ID STATE: what a process that received has left there.
note() {
	mkdir -p "$datab/.migrations/$1/images/0"
	jq -n --arg token "$1" --arg id "$2" --arg state "$3" \
		'{token: $token, id: $id, bundle: "", state: $state}' >"$datab/.migrations/$1/journal.json"
}

@test "that it runs there is known as long as nobody has said that nothing is left here" {
	local token=0123456789abcdef0123456789abcdef
	start_counter
	note "$token" "${there}old" running
	touch -d '90 days ago' "$datab/.migrations/$token"
	move --dry-run
	[ "$status" -eq 0 ]
	[ -e "$datab/.migrations/$token/journal.json" ]
	[ ! -e "$datab/.migrations/$token/images" ]
	rm -r "$datab/.migrations/$token"
	runs_on here
}

@test "what is called like a move that nobody works on any more, and did not come by it, is left alone" {
	local token=00112233445566778899aabbccddeeff state
	start_counter
	args /bin/payload exit 0
	write_config
	for state in restoring prepared committing; do
		"$CTR" --root "$rootb" run -d -b "$bundle" "$there"
		wait_until stopped_there
		note "$token" "$there" "$state"
		move --as "${there}other" --dry-run # whoever comes sweeps
		[ ! -e "$datab/.migrations/$token" ]
		stopped_there
		"$CTR" --root "$rootb" delete "$there"
	done
	runs_on here
}

@test "a bundle that ctr did not make is not removed, nor its root filesystem, and nothing is written there" {
	local mine=$T/mine/$there token=00112233445566778899aabbccddeeff before
	start_counter
	chmod g+w "$bundle" # not to be relied on there: as if it were not there
	mkdir -p "$mine/rootfs"
	echo '{"ociVersion": "1.0.0"}' >"$mine/config.json"
	before=$(stat -c '%n %i %Y' "$mine" "$mine/rootfs" "$mine/config.json")
	receive_options="--bundle-root $T/mine"
	move
	printf '%s\n' "$stderr"
	[ "$status" -eq 3 ]
	[[ $stderr == *"the bundle '$mine' is there, and ctr did not make it"* ]]
	# as one leaves it that is killed before it has made the bundle
	note "$token" "$there" receiving
	jq --arg bundle "$mine" '.bundle = $bundle' "$datab/.migrations/$token/journal.json" >"$T/journal"
	cp "$T/journal" "$datab/.migrations/$token/journal.json"
	move --dry-run --as "${there}other"
	[ ! -e "$datab/.migrations/$token" ]
	[ "$(stat -c '%n %i %Y' "$mine" "$mine/rootfs" "$mine/config.json")" = "$before" ]
	runs_on here
}

@test "a bundle that was made for what came goes with it, and so does one of a move that fails" {
	start_counter
	chmod g+w "$bundle" # not to be relied on there: as if it were not there
	receive_options="--bundle-root $T/made"
	echo 'PREPARED before cut' >"$proxy"
	move
	[ "$status" -ne 0 ]
	wait_until nothing_in "$T/made"
	runs_on here
	move
	printf '%s\n%s\n' "$status" "$stderr"
	[ "$status" -eq 0 ]
	[ -e "$T/made/$there/rootfs/bin/fake-criu" ]
	[ -e "$T/made/$there/config.json" ]
	# one that somebody else needs stays
	"$CTR" --root "$rootb" --data-root "$datab" run -d --overlay -b "$T/made/$there" "${there}clone"
	"$CTR" --root "$rootb" --data-root "$datab" delete --force --keep-layers "${there}clone"
	"$CTR" --root "$rootb" --data-root "$datab" delete --force "$there"
	[ -e "$T/made/$there/rootfs/bin/fake-criu" ]
	"$CTR" --root "$rootb" --data-root "$datab" delete "${there}clone"
	rm -r "${T:?}/made/$there"
	move_again
	"$CTR" --root "$rootb" --data-root "$datab" delete --force "$there"
	nothing_in "$T/made"
}

move_again() {
	rm -f "$rootfs/tmp/beats"
	chmod g-w "$bundle"
	start_counter
	chmod g+w "$bundle"
	move
	[ "$status" -eq 0 ]
	[ -e "$T/made/$there/rootfs/bin/fake-criu" ]
}

nothing_in() {
	[ -z "$(ls -A "$1" 2>/dev/null)" ]
}

@test "two moves of one id to one host: the second is refused while the first goes on" {
	local token=fedcba9876543210fedcba9876543210
	start_counter
	note "$token" "$there" receiving
	exec 9>"$datab/.migrations/$token/alive"
	flock -n 9
	sleep 60 & # has the lock, too
	local holder=$!
	exec 9>&-
	move --timeout 15s
	printf '%s\n%s\n' "$status" "$stderr"
	kill "$holder"
	wait "$holder" || true
	[ "$status" -eq 7 ]
	[[ $stderr == *"another move of container '$there' to here has not ended yet"* ]]
	[ "$(jq -r .state "$datab/.migrations/$token/journal.json")" = receiving ]
	move # nobody goes on with it: it is swept, and the next one goes through
	[ "$status" -eq 0 ]
	runs_on there
}

@test "what came does not move on before its move is known to have come" {
	start_counter
	move
	[ "$status" -eq 0 ]
	local token
	token=$(jq -r '.. | .token? // empty' "$rootb/$there/state.json" | head -n 1)
	[ -n "$token" ]
	note "$token" "$there" committing
	ctr --data-root "$datab" --root "$rootb" --criu "$T/b/criu" migrate --as "$tag" "$there" \
		"exec:$CTR --root $root --data-root $dataa --criu $T/a/criu receive"
	[ "$status" -ne 0 ]
	[[ $stderr == *"container '$there' came from "*", which does not know it yet"* ]]
	rm -r "$datab/.migrations/$token"
	runs_on there
}

@test "Ctrl-C before the word: it runs on here" {
	start_counter
	echo 'PREPARED before stall' >"$proxy"
	(exec env "$CTR" --root "$root" --data-root "$dataa" --criu "$T/a/criu" migrate --as "$there" \
		--restore-timeout 60s "$tag" "exec:$CTR_HELPERS/wire-proxy $proxy $(receive_command)") \
		2>"$T/err" &
	local job=$!
	wait_until test ! -e "$proxy"
	kill -INT "$job"
	wait "$job" || true
	cat "$T/err"
	grep -q 'interrupted' "$T/err"
	runs_on here
}
