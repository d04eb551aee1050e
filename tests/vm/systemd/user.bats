#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The systemd cgroup driver of an ordinary user: scopes of the user's own manager, which here is given cpu, cpuset,
# memory and pids. ctr is called from the cgroup of the tests, which belongs to root, as a session's does.

load ../lib/bundle
load ../lib/manager

setup_file() {
	need_ctr 'the systemd cgroup driver of a user'
	manager_start 'cpu cpuset memory pids'
}

teardown_file() {
	manager_stop
}

setup() {
	bundle_setup
	chmod 755 "$BATS_TEST_TMPDIR"
	chown -R "$manager_uid:$manager_gid" "$bundle"
	scope=box-$id.scope
	where=$manager_cgroup/user.slice/$scope
	cg=/sys/fs/cgroup$where
	resources='{}'
	cgroups_path=user.slice:box:$id
}

teardown() {
	ctr delete -f "$id" >/dev/null 2>&1 || true
	run manager_user systemctl --user list-units --all --plain --no-legend "*$id*"
	[ -z "$output" ] || { printf 'unit left behind: %s\n' "$output"; manager_user systemctl --user stop "*$id*"; return 1; }
	[ -z "$(find "/sys/fs/cgroup$manager_cgroup" -name "*$id*")" ]
	bundle_teardown
}

readonly MIB=1048576

ctr() {
	run manager_ctr "$@" </dev/null
	printf '%s: exit code %s, output:\n%s\n' "$*" "$status" "$output"
}

# config COMMAND: as a user may have it, with $resources and $cgroups_path
config() {
	rm -f "$bundle/config.json"
	manager_ctr spec --rootless -b "$bundle"
	jq --arg c "$1" --arg path "$cgroups_path" --argjson resources "$resources" '.process.args = ["/bin/sh", "-c", $c]
		| .process.terminal = false | .linux.cgroupsPath = $path | .linux.resources = $resources' \
		"$bundle/config.json" >"$BATS_TEST_TMPDIR/config"
	cp "$BATS_TEST_TMPDIR/config" "$bundle/config.json"
}

start() {
	config 'exec sleep 1000'
	manager_ctr --systemd-cgroup run -d -b "$bundle" "$id" </dev/null \
		>"$BATS_TEST_TMPDIR/out" 2>&1 || { cat "$BATS_TEST_TMPDIR/out"; return 1; }
}

# Like start, for exec -d: `run` would wait for the program.
exec_detached() {
	manager_ctr exec -d "$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 || { cat "$BATS_TEST_TMPDIR/out"; return 1; }
}

# shows NAME[,NAME...] 'VALUE...'
shows() {
	local name found=''
	run manager_user systemctl --user show --property "$1" "$scope"
	for name in ${1//,/ }; do
		found+=" $(sed -n "s/^$name=//p" <<<"$output")"
	done
	[ "$found" = " $2" ] || { printf '%s: %s, not %s\n' "$1" "$found" "$2"; return 1; }
}

holds() {
	[ "$(cat "$cg/$1")" = "$2" ] || { printf '%s: %s, not %s\n' "$1" "$(cat "$cg/$1")" "$2"; return 1; }
}

@test "user: a container is a scope of the user's manager; exec, pause, kill, delete" {
	start
	shows ActiveState,Slice,Delegate 'active user.slice yes'
	[ "$(jq -r '.cgroup.driver, .cgroup.path' "$manager_runtime/ctr/$id/state.json" | xargs)" = "systemd-user $where" ]
	ctr state "$id"
	[ "$(jq -r '."systemd-scope"' <<<"$output")" = "$scope" ]
	# no cgroup that we may write to is above both ours and that
	ctr exec "$id" cat /proc/self/cgroup
	[ "$status" -eq 0 ]
	[ "$output" = 0::/ ]
	exec_detached "$id" sleep 1000
	[ "$(wc -l <"$cg/cgroup.procs")" -eq 2 ]
	ctr pause "$id"
	[ "$status" -eq 0 ]
	holds cgroup.freeze 1
	ctr resume "$id"
	[ "$status" -eq 0 ]
	ctr kill "$id" KILL
	[ "$status" -eq 0 ]
	ctr delete -f "$id"
	[ "$status" -eq 0 ]
	[ ! -e "$cg" ]
}

@test "user: run in the foreground, as root of a user namespace as well, without a word on where" {
	cgroups_path=
	config 'exit 7'
	ctr --systemd-cgroup run -b "$bundle" "$id"
	[ "$status" -eq 7 ]
	# as podman calls it
	config 'exit 8'
	jq 'del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))' \
		"$bundle/config.json" >"$BATS_TEST_TMPDIR/config"
	cp "$BATS_TEST_TMPDIR/config" "$bundle/config.json"
	run manager_user unshare -Urm "$BATS_FILE_TMPDIR/ctr" --cgroup-manager systemd run -b "$bundle" "$id" </dev/null
	printf '%s\n' "$output"
	[ "$status" -eq 8 ]
}

@test "user: limits are properties and exact in the files, also after update and daemon-reload" {
	resources="{\"memory\":{\"limit\":$((64 * MIB))},\"pids\":{\"limit\":20},\"cpu\":{\"shares\":512,\"quota\":15555,\"period\":50000,\"cpus\":\"0\"}}"
	start
	shows MemoryMax,TasksMax,CPUWeight,AllowedCPUs "$((64 * MIB)) 20 59 0"
	holds memory.max $((64 * MIB))
	holds cpu.max '15555 50000'
	ctr update --memory 32m --pids-limit 30 --cpu-quota -1 "$id"
	[ "$status" -eq 0 ]
	holds cpu.max 'max 50000'
	manager_user systemctl --user daemon-reload
	shows MemoryMax,TasksMax "$((32 * MIB)) 30"
	holds memory.max $((32 * MIB))
	holds pids.max 30
	holds cpuset.cpus 0
	[[ $(cat "$cg/cpu.max") == 'max '* ]] # the manager knows no period without a quota
	ctr update --memory 20m --cpuset-cpus 4000 "$id"
	[ "$status" -eq 1 ]
	shows MemoryMax $((32 * MIB))
	holds memory.max $((32 * MIB))
}

@test "user: a controller that the manager was not given is named, by run and by update" {
	resources='{"blockIO":{"weight":500},"unified":{"io.max":"1:0 rbps=1000"}}'
	config true
	ctr --systemd-cgroup run -b "$bundle" "$id"
	[ "$status" -eq 1 ]
	[[ $output == *"cgroup controller 'io' is not delegated to cgroup '$manager_cgroup' (config.json /linux/resources/"*"systemctl edit user@.service, add the lines [Service] and Delegate=cpu cpuset io memory pids"* ]]
	[ ! -e "$manager_runtime/ctr/$id" ]
	ctr --systemd-cgroup validate "$bundle"
	[ "$status" -eq 1 ]
	[[ $output == *"cgroup controller 'io' is not delegated to cgroup '$manager_cgroup'"* ]]
	resources='{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}'
	config true
	ctr --systemd-cgroup run -b "$bundle" "$id"
	[ "$status" -eq 1 ]
	[[ $output == *"'hugetlb' is not delegated"*'systemd does not delegate this one: run as root'* ]]
	resources='{}'
	start
	ctr update --memory 32m --unified 'io.max=1:0 rbps=1000' "$id"
	[ "$status" -eq 1 ]
	[[ $output == *"cgroup controller 'io' is not delegated to cgroup '$manager_cgroup'"* ]]
	holds memory.max max
}

@test "user: through the bus alone, and without any manager" {
	config 'exit 3'
	mv "$manager_runtime/systemd/private" "$manager_runtime/systemd/away"
	run manager_user env XDG_RUNTIME_DIR="$BATS_FILE_TMPDIR/home" DBUS_SESSION_BUS_ADDRESS="unix:path=$manager_runtime/bus" \
		"$BATS_FILE_TMPDIR/ctr" --systemd-cgroup run -b "$bundle" "$id" </dev/null
	printf '%s\n' "$output"
	mv "$manager_runtime/systemd/away" "$manager_runtime/systemd/private"
	[ "$status" -eq 3 ]
	run manager_user env XDG_RUNTIME_DIR="$BATS_FILE_TMPDIR/home" "$BATS_FILE_TMPDIR/ctr" --systemd-cgroup run -b "$bundle" \
		"$id" </dev/null
	printf '%s\n' "$output"
	[ "$status" -eq 1 ]
	[[ $output == *'connect to the systemd user manager: no such file or directory: it comes with a login, or: loginctl enable-linger USER'* ]]
	rm -r "$BATS_FILE_TMPDIR/home/ctr"
}

@test "user: exec --cgroup into a cgroup below the scope" {
	start
	manager_user mkdir "$cg/below"
	exec_detached --cgroup below "$id" sleep 1000
	[ "$(wc -l <"$cg/below/cgroup.procs")" -eq 1 ]
}

@test "user: a start that fails takes the scope with it; a unit of that name is not ours" {
	config true
	jq '.process.args = ["/no/such/program"]' "$bundle/config.json" >"$BATS_TEST_TMPDIR/config"
	cp "$BATS_TEST_TMPDIR/config" "$bundle/config.json"
	ctr --systemd-cgroup run -b "$bundle" "$id"
	[ "$status" -ne 0 ]
	[ ! -e "$cg" ]
	manager_user systemd-run --user --quiet --unit "$scope" --scope sleep 1000 </dev/null >/dev/null 2>&1 3>&- &
	local i
	for ((i = 0; i < 100; i++)); do
		[ ! -d "$cg" ] || break
		sleep 0.1
	done
	ctr --systemd-cgroup run -b "$bundle" "$id"
	[ "$status" -eq 1 ]
	[[ $output == *"systemd unit '$scope': file exists"* ]]
	manager_user systemctl --user stop "$scope"
}
