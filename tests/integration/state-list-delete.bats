# SPDX-License-Identifier: GPL-2.0-or-later
# state, list, delete: what they print, what they refuse, what they leave alone.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

@test "state: of a running container" {
	config '.annotations = {"org.example": "x"}'
	start_payload sleep
	ctr state "$tag"
	ok
	same "$tag $pid running $bundle $rootfs 1.3.0 root x" \
		"$(jq -r '"\(.id) \(.pid) \(.status) \(.bundle) \(.rootfs) \(.ociVersion) \(.owner) \(.annotations["org.example"])"' <<<"$output")"
	jq -er .created <<<"$output" | grep -Eq '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]+Z$'
	delete_ctr
}

@test "state: no annotations: the member is left out" {
	start_payload sleep
	ctr state "$tag"
	same null "$(jq .annotations <<<"$output")"
	delete_ctr
}

@test "state: of a stopped container: pid 0" {
	start_payload exit 0
	wait_until is_stopped
	ctr state "$tag"
	same '0 stopped' "$(jq -r '"\(.pid) \(.status)"' <<<"$output")"
	delete_ctr
}

@test "state: a killed container has stopped, even as a zombie" {
	start_payload sleep
	kill -KILL "$pid"
	wait_until is_stopped
	delete_ctr
}

@test "state: of what does not exist" {
	ctr state "$tag"
	fails "container '$tag' does not exist"
	ctr state
	fails 'state: an argument is missing' 'usage: ctr state'
	ctr state ../etc
	fails "'../etc'"
}

@test "state: creating, while a hook runs" {
	printf '#!/bin/sh\n: >%s/hook; until [ -e %s/go ]; do sleep 0.02; done\n' "$T" "$T" >"$T/slow"
	chmod 755 "$T/slow"
	config ".hooks.createRuntime = [{\"path\": \"$T/slow\", \"env\": [\"PATH=/bin\"]}]"
	args payload exit 0
	write_config
	"$CTR" --root "$root" run -b "$bundle" "$tag" &
	wait_until test -e "$T/hook"
	ctr state "$tag"
	ok
	same creating "$(jq -r .status <<<"$output")"
	ctr list -q
	is "$tag"
	: >"$T/go"
	wait
}

@test "state: a pid that was recycled is not taken for the container" {
	start_payload sleep
	kill -KILL "$pid"
	wait_until is_stopped
	# another process under the recorded pid: its start time differs
	env -u CTR_TEST_TAG sleep 100 &
	other=$!
	jq -c ".init.pid = $other | .pid = $other" "$root/$tag/state.json" >"$T/edited" 2>/dev/null &&
		cp "$T/edited" "$root/$tag/state.json"
	same stopped "$(state_of)"
	ctr kill "$tag" KILL
	fails 'container not running'
	ctr delete -f "$tag"
	ok
	kill -0 "$other"
	kill "$other"
	wait "$other" 2>/dev/null || true
}

# --- list ---

@test "list: nothing, without and with a state directory" {
	ctr list -q
	is ''
	ctr list -f json
	same '[]' "$(jq -c . <<<"$output")"
	[ ! -e "$root" ]
	ctr list
	ok
	same 'ID PID STATUS BUNDLE CREATED OWNER' "$(tr -s ' ' <<<"$output" | sed 's/ $//')"
}

@test "list: table, ids, JSON" {
	start_payload sleep
	ctr list
	ok
	has 'ID ' "$tag" " $pid " ' running ' "$bundle" ' root'
	same 2 "$(wc -l <<<"$output")"
	ctr list --quiet
	is "$tag"
	ctr list -f json
	same "$tag $pid running" "$(jq -r '.[0] | "\(.id) \(.pid) \(.status)"' <<<"$output")"
	ctr list --format=json
	same 1 "$(jq length <<<"$output")"
	delete_ctr
}

@test "list: an unknown format" {
	ctr list -f xml
	fails "'xml'" 'table, json'
}

@test "list: a broken container does not hide the others" {
	start_payload sleep
	mkdir -p "$root/broken"
	echo '{' >"$root/broken/state.json"
	ctr list -q
	same "broken"$'\n'"$tag" "$output"
	ctr list
	same 0 "$status"
	has "$tag"
	ctr list -f json
	jq -e ".[] | select(.id == \"$tag\")" <<<"$output" >/dev/null
	ctr delete -f broken
	ok
	delete_ctr
}

# --- delete ---

@test "delete: a running container only with --force" {
	start_payload sleep
	ctr delete "$tag"
	fails "cannot delete container '$tag' that is not stopped: running" '--force'
	same running "$(state_of)"
	same payload "$(cat "/proc/$pid/comm")"
	ctr delete --force "$tag"
	is ''
	ctr state "$tag"
	fails 'does not exist'
}

@test "delete: a stopped container" {
	start_payload exit 0
	wait_until is_stopped
	ctr delete "$tag"
	is ''
	[ -z "$(ls "$root")" ]
}

@test "delete: what does not exist: an error, not with --force" {
	ctr delete "$tag"
	fails "container '$tag' does not exist"
	ctr delete -f "$tag"
	is ''
}

@test "delete: the id can be used again" {
	for i in 1 2 3; do
		start_payload sleep
		ok
		delete_ctr
	done
}

@test "delete: five at the same time" {
	start_payload sleep
	for i in 1 2 3 4 5; do
		"$CTR" --root "$root" delete -f "$tag" 2>"$T/err$i" &
	done
	wait
	cat "$T"/err*
	[ -z "$(cat "$T"/err*)" ]
	[ -z "$(ls "$root")" ]
}

@test "delete: the container ignores signals and has many processes" {
	args sh -c 'trap "" TERM HUP INT; i=0; while [ $i -lt 50 ]; do sh -c "trap \"\" TERM; while :; do sleep 100; done" & i=$((i + 1)); done; echo up; while :; do sleep 100; done'
	start_bundle
	wait_until grep -q up "$T/stdout"
	delete_ctr
}

@test "delete: the bundle and the rootfs are not touched" {
	config '.root.readonly = false'
	start_payload touch /tmp/kept , sleep
	wait_until test -e "$rootfs/tmp/kept"
	delete_ctr
	[ -e "$rootfs/tmp/kept" ]
	[ -e "$bundle/config.json" ]
}

@test "delete: a container that is still being made waits for its maker" {
	printf '#!/bin/sh\n: >%s/hook; sleep 0.5\n' "$T" >"$T/slow"
	chmod 755 "$T/slow"
	config ".hooks.createRuntime = [{\"path\": \"$T/slow\", \"env\": [\"PATH=/bin\"]}]"
	args payload exit 0
	write_config
	"$CTR" --root "$root" run -d -b "$bundle" "$tag" &
	wait_until test -e "$T/hook"
	ctr delete -f "$tag"
	ok
	wait
	[ -z "$(ls "$root")" ]
}

@test "explain: says what run would do, and does nothing" {
	args payload ids
	write_config
	ctr explain "$bundle"
	ok
	has 'Inside, ctr-init will:' 'pivot_root' "/ctr/explain" '[/mounts/0]'
	ctr explain -f json "$bundle"
	ok
	same '/mounts/0' "$(jq -r '[.operations[] | select(.op == "mount_fs")][0].origin' <<<"$output")"
	[ ! -e "$root" ]
}

@test "explain: without privileges" {
	args payload ids
	write_config
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	copy_ctr "$T/ctr"
	capture setpriv --reuid 65534 --regid 65534 --clear-groups "$T/ctr" explain "$bundle"
	ok
	has 'Inside, ctr-init will:'
}

@test "explain: the same errors as run" {
	config '.linux.namespaces += [{"type": "frob"}]'
	write_config
	ctr explain "$bundle"
	fails '/linux/namespaces/6' 'frob'
}
