#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The systemd cgroup driver with a systemd that runs: scope, slice, properties, limits, the life of a container,
# and that nothing of it stays.

load ../lib/bundle

setup() {
	bundle_setup
	need_ctr 'the systemd cgroup driver'
	config_cgroup=system.slice:box:$id
	scope=box-$id.scope
	cg=/sys/fs/cgroup/system.slice/$scope
}

teardown() {
	"$CTR" delete -f "$id" >/dev/null 2>&1 || true
	# what systemd knows of, failed or not
	run systemctl list-units --all --plain --no-legend "*$id*"
	[ -z "$output" ] || { printf 'unit left behind: %s\n' "$output"; systemctl stop "*$id*"; return 1; }
	bundle_teardown
}

readonly MIB=1048576

# Without options and environment, as shims, conmon and cri-o call it (C5).
bare() {
	run env -i XDG_RUNTIME_DIR=/run/user/0 "$CTR" "$@" </dev/null
	printf '%s: exit code %s, output:\n%s\n' "$*" "$status" "$output"
}

# annotate KEY VALUE...: write config.json with these annotations
annotate() {
	bundle_config 'exec sleep 1000'
	jq '.annotations = ([$ARGS.positional | _nwise(2) | {key: .[0], value: .[1]}] | from_entries)' \
		"$bundle/config.json" --args "$@" >"$BATS_TEST_TMPDIR/config"
	mv "$BATS_TEST_TMPDIR/config" "$bundle/config.json"
}

start() {
	[ -e "$bundle/config.json" ] || bundle_config 'exec sleep 1000'
	# its output would keep bats' run waiting
	"$CTR" --systemd-cgroup run -d -b "$bundle" "$id" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 ||
		{ cat "$BATS_TEST_TMPDIR/out"; return 1; }
}

shows() {
	local found
	found=$(systemctl show --property "$1" --value "$scope")
	[ "$found" = "$2" ] || { printf '%s is %s, not %s\n' "$1" "$found" "$2"; return 1; }
}

holds() {
	[ "$(cat "$cg/$1")" = "$2" ] || { printf '%s: %s, not %s\n' "$1" "$(cat "$cg/$1")" "$2"; return 1; }
}

is_gone() {
	[ ! -d "$cg" ] && [ -z "$(systemctl list-units --all --plain --no-legend "$scope")" ]
}

@test "a container is a scope with a slice; later commands need no option (C5, C6)" {
	start
	shows ActiveState active
	shows Delegate yes
	shows DefaultDependencies no
	shows Slice system.slice
	grep -x sleep /proc/"$(cat "$cg/cgroup.procs")"/comm
	bare state "$id"
	[ "$(jq -r '."systemd-scope"' <<<"$output")" = "$scope" ]
	bare pause "$id"
	[ "$status" -eq 0 ]
	bare state "$id"
	[ "$(jq -r .status <<<"$output")" = paused ]
	bare resume "$id"
	[ "$status" -eq 0 ]
	bare exec "$id" cat /proc/self/cgroup
	[ "$output" = 0::/ ]
	bare kill "$id" KILL
	[ "$status" -eq 0 ]
	bare delete --force "$id"
	[ "$status" -eq 0 ]
	is_gone
}

@test "create, start, kill, delete" {
	bundle_config 'exec sleep 1000'
	"$CTR" --cgroup-manager systemd create -b "$bundle" "$id" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
	shows ActiveState active
	bare start "$id"
	[ "$status" -eq 0 ]
	bare delete "$id"
	[ "$status" -eq 1 ]
	bare kill "$id" KILL
	wait_stopped
	bare delete "$id"
	[ "$status" -eq 0 ]
	is_gone
}

wait_stopped() {
	local i
	for ((i = 0; i < 100; i++)); do
		[ "$("$CTR" state "$id" | jq -r .status)" != stopped ] || return 0
		sleep 0.1
	done
	return 1
}

@test "run in the foreground: exit code, own cgroup as root of its namespace, nothing stays" {
	bundle_config 'cat /proc/self/cgroup; cat /sys/fs/cgroup/cgroup.procs | head -n 1; exit 7'
	run "$CTR" --systemd-cgroup run -b "$bundle" "$id" </dev/null
	[ "$status" -eq 7 ]
	[ "${lines[0]}" = 0::/ ]
	[ "${lines[1]}" = 1 ]
	is_gone
}

@test "a delete --force of one that runs" {
	start
	bare delete --force "$id"
	[ "$status" -eq 0 ]
	is_gone
}

@test "the scope may be gone before delete is" {
	start
	# the first process of a pid namespace has no use for SIGTERM
	systemctl kill --signal KILL "$scope"
	wait_stopped
	bare delete "$id"
	[ "$status" -eq 0 ]
	is_gone
}

@test "cgroupsPath: nested slices, no slice, no prefix, none at all, without a colon" {
	local given want
	while read -r given want; do
		config_cgroup=$given
		[ "$given" != - ] || config_cgroup=''
		bundle_config 'exec sleep 1000'
		start
		[ "$(jq -r .cgroup.path "/run/ctr/$id/state.json")" = "$want" ]
		[ -d "/sys/fs/cgroup$want" ]
		bare delete --force "$id"
		[ "$status" -eq 0 ]
		[ ! -d "/sys/fs/cgroup$want" ]
	done <<-END
		boxes-inner.slice:box:$id /boxes.slice/boxes-inner.slice/box-$id.scope
		:box:$id /system.slice/box-$id.scope
		machine.slice::$id /machine.slice/$id.scope
		-.slice:box:$id /box-$id.scope
		- /system.slice/ctr-$id.scope
		box-$id /system.slice/box-$id.scope
	END
	systemctl stop boxes.slice machine.slice
}

@test "annotations are properties (C17)" {
	annotate org.systemd.property.TimeoutStopUSec 'uint64 10000000' \
		org.systemd.property.KillSignal 15 \
		org.systemd.property.DefaultDependencies true \
		org.systemd.property.After "['crio.service']" \
		org.systemd.property.RuntimeMaxSec 'uint64 3600' \
		org.systemd.property.Description "'my box'"
	start
	shows TimeoutStopUSec 10s
	shows KillSignal 15
	shows DefaultDependencies yes
	shows RuntimeMaxUSec 1h
	shows Description 'my box'
	run systemctl show --property After --value "$scope"
	[[ " $output " == *' crio.service '* ]]
}

@test "a property that systemd does not know: its own words, and nothing stays" {
	annotate org.systemd.property.NoSuchThing true
	run "$CTR" --systemd-cgroup run -d -b "$bundle" "$id" </dev/null
	[ "$status" -eq 1 ]
	[[ $output == *"start the scope '$scope': systemd says: "*NoSuchThing* ]]
	is_gone
	[ ! -e "/run/ctr/$id" ]
}

@test "limits are properties, and exact in the files" {
	config_resources="{\"memory\":{\"limit\":$((64 * MIB)),\"reservation\":$((16 * MIB))},
		\"pids\":{\"limit\":50},\"cpu\":{\"shares\":512,\"quota\":15555,\"period\":50000,\"cpus\":\"0\"},
		\"unified\":{\"memory.high\":\"$((48 * MIB))\"}}"
	start
	shows MemoryMax $((64 * MIB))
	shows MemoryLow $((16 * MIB))
	shows MemoryHigh $((48 * MIB))
	shows TasksMax 50
	shows CPUWeight 59
	shows CPUQuotaPerSecUSec 320ms
	shows AllowedCPUs 0
	holds memory.max $((64 * MIB))
	holds memory.low $((16 * MIB))
	holds memory.high $((48 * MIB))
	holds pids.max 50
	holds cpu.weight 59
	holds cpu.max '15555 50000'
	holds cpuset.cpus 0
	# and they last; systemd writes quotas anew, in whole hundredths of a CPU
	systemctl daemon-reload
	holds memory.max $((64 * MIB))
	holds cpu.weight 59
	holds cpu.max '16000 50000'
}

@test "a limit of one process: the first" {
	config_resources='{"pids":{"limit":1}}'
	bundle_config 'exec cat /sys/fs/cgroup/pids.max'
	run "$CTR" --systemd-cgroup run -b "$bundle" "$id" </dev/null
	[ "$status" -eq 0 ]
	[ "$output" = 1 ]
}

@test "a payload that needs more than memory.limit is killed, and its failed scope forgotten" {
	config_resources="{\"memory\":{\"limit\":$((32 * MIB))}}"
	bundle_config 'exec dd if=/dev/zero of=/dev/null bs=128M count=1'
	run "$CTR" --systemd-cgroup run -b "$bundle" "$id" </dev/null
	[ "$status" -eq 137 ]
	is_gone
}

@test "update: properties and files" {
	config_resources="{\"memory\":{\"limit\":$((64 * MIB))},\"cpu\":{\"quota\":15555,\"period\":50000}}"
	start
	bare update --memory 96m --pids-limit 40 "$id"
	[ "$status" -eq 0 ]
	shows MemoryMax $((96 * MIB))
	shows TasksMax 40
	holds memory.max $((96 * MIB))
	holds pids.max 40
	holds cpu.max '15555 50000'
	systemctl daemon-reload
	holds memory.max $((96 * MIB))
	# refused: all as it was
	bare update --memory 80m --cpuset-cpus 4000 "$id"
	[ "$status" -eq 1 ]
	holds memory.max $((96 * MIB))
	shows MemoryMax $((96 * MIB))
}

@test "device rules last through a daemon-reload and through set-property" {
	config_resources='{"devices":[{"allow":false,"access":"rwm"}]}'
	bundle_config 'exec sleep 1000'
	jq '.linux.devices = [{"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11, "fileMode": 438}]' \
		"$bundle/config.json" >"$BATS_TEST_TMPDIR/config"
	mv "$BATS_TEST_TMPDIR/config" "$bundle/config.json"
	start
	denied
	systemctl daemon-reload
	denied
	systemctl set-property --runtime "$scope" MemoryMax=100M
	denied
	systemctl daemon-reexec
	denied
}

# The forbidden device stays out of reach, and the usual ones do not.
denied() {
	bare exec "$id" /bin/sh -c 'head -c 1 /dev/kmsg'
	[ "$status" -ne 0 ]
	[[ $output == *'peration not permitted'* ]]
	bare exec "$id" /bin/sh -c 'echo x >/dev/null && echo fine'
	[ "$output" = fine ]
}

@test "run.oci.systemd.subgroup: the program lives below the scope" {
	annotate run.oci.systemd.subgroup payload
	start
	[ -n "$(cat "$cg/payload/cgroup.procs")" ]
	[ -z "$(cat "$cg/cgroup.procs")" ]
	bare exec "$id" true
	[ "$status" -eq 0 ]
	bare ps -f json "$id"
	[ "$(jq length <<<"$output")" -eq 1 ]
}

@test "a unit of that name that lives is not ours: an error, and it goes on" {
	systemd-run --scope --quiet --unit "$scope" sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	local i
	for ((i = 0; i < 100; i++)); do
		[ ! -d "$cg" ] || break
		sleep 0.1
	done
	bundle_config true
	run "$CTR" --systemd-cgroup run -b "$bundle" "$id" </dev/null
	[ "$status" -eq 1 ]
	[[ $output == *"systemd unit '$scope': file exists: a container needs one of its own"* ]]
	shows ActiveState active
	[ ! -e "/run/ctr/$id" ]
	systemctl stop "$scope"
}

# A scope that runs out of its time has failed, and stays until somebody forgets it.
@test "a unit of that name that has failed is forgotten" {
	systemd-run --scope --quiet --unit "$scope" -p RuntimeMaxSec=1 sleep 1000 </dev/null >/dev/null 2>&1 3>&- ||
		true
	shows ActiveState failed
	start
	shows ActiveState active
	bare delete --force "$id"
	[ "$status" -eq 0 ]
	is_gone
}

@test "delete forgets a container's own failed scope" {
	annotate org.systemd.property.RuntimeMaxSec 1 org.systemd.property.TimeoutStopSec 1
	start
	wait_stopped
	shows ActiveState failed
	bare delete "$id"
	[ "$status" -eq 0 ]
	is_gone
}

@test "a start that fails later takes the scope with it" {
	bundle_config true
	jq '.process.args = ["/no/such/program"]' "$bundle/config.json" >"$BATS_TEST_TMPDIR/config"
	mv "$BATS_TEST_TMPDIR/config" "$bundle/config.json"
	run "$CTR" --systemd-cgroup run -b "$bundle" "$id" </dev/null
	[ "$status" -ne 0 ]
	is_gone
}

@test "--systemd-cgroup of an ordinary user without a manager is an error" {
	local home user=(setpriv --reuid 1000 --regid 1000 --clear-groups env -u XDG_RUNTIME_DIR "$CTR")
	home=$(mktemp -d "/run/$id.XXXXXX")
	mkdir "$home/state" "$home/rootfs"
	chown -R 1000:1000 "$home"
	"${user[@]}" spec --rootless -b "$home"
	run "${user[@]}" --root "$home/state" --systemd-cgroup run -b "$home" "$id" </dev/null
	rm -r "$home"
	printf '%s\n' "$output"
	[ "$status" -eq 1 ]
	[[ $output == *'connect to the systemd user manager: no such file or directory'* ]]
}

@test "features says that the driver is there" {
	run "$CTR" features
	[ "$(jq .linux.cgroup.systemd <<<"$output")" = true ]
	[ "$(jq .linux.cgroup.systemdUser <<<"$output")" = true ]
}
