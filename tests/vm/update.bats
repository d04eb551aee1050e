#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ctr update with all controllers: what is written, what it does to the payload, what is left alone.

load lib/bundle

setup() {
	bundle_setup
	need_ctr 'ctr update'
	cg=/sys/fs/cgroup/$id
}

teardown() {
	"$CTR" delete -f "$id" >/dev/null 2>&1 || true
	bundle_teardown
}

readonly MIB=1048576

# A container that sleeps.
start() {
	bundle_config 'exec sleep 1000'
	"$CTR" run -d -b "$bundle" "$id" </dev/null
}

update() {
	run "$CTR" update "$@" "$id" </dev/null
	printf 'exit code %s, output:\n%s\n' "$status" "$output"
}

update_json() {
	printf '%s' "$1" >"$BATS_TEST_TMPDIR/resources.json"
	update -r "$BATS_TEST_TMPDIR/resources.json"
}

# files of the cgroup have these values: holds FILE VALUE [FILE VALUE]...
holds() {
	while [ $# -ge 2 ]; do
		if [ "$(cat "$cg/$1")" != "$2" ]; then
			printf '%s: %s, not %s\n' "$1" "$(cat "$cg/$1")" "$2"
			return 1
		fi
		shift 2
	done
}

# Read this much at once in the container.
eat() {
	run "$CTR" exec "$id" dd if=/dev/zero of=/dev/null bs="${1}M" count=1
}

@test "update --memory: a payload that was well is killed, and the other way round" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((128 * MIB))}}"
	start
	eat 48
	[ "$status" -eq 0 ]
	update --memory 32m
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	holds memory.max $((32 * MIB))
	eat 48
	[ "$status" -eq 137 ]
	update --memory 128M
	[ "$status" -eq 0 ]
	eat 48
	[ "$status" -eq 0 ]
	[ "$("$CTR" state "$id" | jq '."ctr.oomKills"')" -eq 1 ]
}

@test "update: memory and swap together, one half at a time, and without limits" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((64 * MIB)),\"swap\":$((96 * MIB)),\"reservation\":$((8 * MIB))}}"
	start
	holds memory.swap.max $((32 * MIB)) memory.low $((8 * MIB))
	update --memory 80m
	[ "$status" -eq 0 ]
	holds memory.max $((80 * MIB)) memory.swap.max $((16 * MIB))
	update --memory-swap 100m --memory-reservation 4m
	[ "$status" -eq 0 ]
	holds memory.max $((80 * MIB)) memory.swap.max $((20 * MIB)) memory.low $((4 * MIB))
	# more memory than memory and swap
	update --memory 200m
	[ "$status" -eq 1 ]
	[[ $output = *'must not be below the limit'* ]]
	holds memory.max $((80 * MIB)) memory.swap.max $((20 * MIB))
	update --memory -1
	[ "$status" -eq 0 ]
	holds memory.max max memory.swap.max max
}

@test "update: checkBeforeUpdate refuses what would kill" {
	need_cgroup_controller memory
	config_resources="{\"memory\":{\"limit\":$((128 * MIB))}}"
	bundle_config 'exec dd if=/dev/zero of=/dev/null bs=64M count=1000000'
	"$CTR" run -d -b "$bundle" "$id" </dev/null
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(cat "$cg/memory.current")" -lt $((60 * MIB)) ] || break
		sleep 0.2
	done
	update_json "{\"memory\":{\"limit\":$((16 * MIB)),\"checkBeforeUpdate\":true}}"
	[ "$status" -eq 1 ]
	[[ $output = *"unable to set memory limit to $((16 * MIB))"*'bytes are in use'* ]]
	holds memory.max $((128 * MIB))
	[ "$("$CTR" state "$id" | jq -r .status)" = running ]
}

@test "update --pids-limit: forks are refused, and -1 lets them pass" {
	need_cgroup_controller pids
	start
	update --pids-limit 3
	[ "$status" -eq 0 ]
	holds pids.max 3
	run "$CTR" exec "$id" sh -c 'sleep 5 & sleep 5 & sleep 5 & echo all'
	[[ $output = *"can't fork"* ]]
	update --pids-limit -1
	[ "$status" -eq 0 ]
	holds pids.max max
	run "$CTR" exec "$id" sh -c 'sleep 0 & sleep 0 & sleep 0 & echo all'
	[[ $output = *all* ]]
}

@test "update: cpu quota and period keep each other's value; burst; shares; idle" {
	need_cgroup_controller cpu
	config_resources='{"cpu":{"quota":20000,"period":50000,"shares":1024}}'
	start
	update --cpu-quota 10000
	[ "$status" -eq 0 ]
	holds cpu.max '10000 50000' cpu.weight 100
	update --cpu-period 40000
	[ "$status" -eq 0 ]
	holds cpu.max '10000 40000'
	update --cpu-burst 8000
	[ "$status" -eq 0 ]
	holds cpu.max.burst 8000 cpu.max '10000 40000'
	# quota and burst depend on each other: down together
	update --cpu-quota 5000 --cpu-burst 4000
	[ "$status" -eq 0 ]
	holds cpu.max.burst 4000 cpu.max '5000 40000'
	update --cpu-burst 0 --cpu-quota -1
	[ "$status" -eq 0 ]
	holds cpu.max.burst 0 cpu.max 'max 40000'
	update --cpu-share 512
	[ "$status" -eq 0 ]
	holds cpu.weight 59
	update --cpu-shares 262144
	[ "$status" -eq 0 ]
	holds cpu.weight 10000
	update --cpu-idle 1
	[ "$status" -eq 0 ]
	holds cpu.idle 1
	update --cpu-idle 0
	[ "$status" -eq 0 ]
	holds cpu.idle 0 cpu.weight 10000
}

@test "update --cpu-quota throttles a busy payload" {
	need_cgroup_controller cpu
	bundle_config 'while :; do :; done'
	"$CTR" run -d -b "$bundle" "$id" </dev/null
	update --cpu-quota 5000 --cpu-period 50000
	[ "$status" -eq 0 ]
	sleep 1
	[ "$(sed -n 's/^nr_throttled //p' "$cg/cpu.stat")" -gt 0 ]
	[ "$("$CTR" events --stats "$id" | jq .data.cpu.throttling.throttledTime)" -gt 0 ]
	[ "$("$CTR" stats --no-stream -f json "$id" | jq '.[0].cpuPercent | floor')" -lt 30 ]
}

@test "update --cpuset-cpus moves the payload" {
	need_cgroup_controller cpuset
	two_cpus
	start
	update --cpuset-cpus 1 --cpuset-mems 0
	[ "$status" -eq 0 ]
	holds cpuset.cpus 1 cpuset.mems 0
	run "$CTR" exec "$id" sh -c "grep Cpus_allowed_list: /proc/1/status"
	[[ $output = *$'\t1' ]]
	update --cpuset-cpus 999999
	[ "$status" -eq 1 ]
	[[ $output = *"write '999999' to 'cpuset.cpus'"* ]]
	holds cpuset.cpus 1
}

@test "update: I/O limits are merged by device, and a device that is not there changes nothing" {
	need_cgroup_controller io
	local dev
	# the VM has no disk, but may load a driver that makes some
	[ "${CTR_IN_VM:-}" != 1 ] || modprobe loop || true
	dev=$(cat /sys/block/*/dev | head -n 1)
	[ -n "$dev" ] || need_fail 'no block device'
	start
	update_json "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":${dev%:*},\"minor\":${dev#*:},\"rate\":1048576}],
		\"throttleWriteIOPSDevice\":[{\"major\":${dev%:*},\"minor\":${dev#*:},\"rate\":100}]}}"
	[ "$status" -eq 0 ]
	holds io.max "$dev rbps=1048576 wbps=max riops=max wiops=100"
	update_json "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":${dev%:*},\"minor\":${dev#*:},\"rate\":0}]}}"
	[ "$status" -eq 0 ]
	holds io.max "$dev rbps=max wbps=max riops=max wiops=100"
	update_json "{\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":${dev%:*},\"minor\":${dev#*:},\"rate\":7},
		{\"major\":4095,\"minor\":77,\"rate\":7}]}}"
	[ "$status" -eq 1 ]
	[[ $output = *"write '4095:77 rbps=7' to 'io.max'"*'no such device'* ]]
	holds io.max "$dev rbps=max wbps=max riops=max wiops=100"
	update --blkio-weight 500
	[ "$status" -eq 0 ]
}

@test "update: one value refused, all others as they were" {
	need_cgroup_controller memory
	need_cgroup_controller pids
	need_cgroup_controller cpu
	config_resources="{\"memory\":{\"limit\":$((64 * MIB))},\"pids\":{\"limit\":20},\"cpu\":{\"shares\":1024}}"
	start
	echo 33 >"$cg/pids.max"
	before=$(cat "/run/ctr/$id/config.json")
	update --memory 32m --pids-limit 10 --cpu-shares 2048 --unified memory.high=lots
	[ "$status" -eq 1 ]
	[[ $output = *"write 'lots' to 'memory.high'"* ]]
	holds memory.max $((64 * MIB)) pids.max 33 cpu.weight 100
	[ "$before" = "$(cat "/run/ctr/$id/config.json")" ]
}

@test "update: 0 and null leave things as they are, as Kubernetes means it" {
	need_cgroup_controller memory
	need_cgroup_controller pids
	need_cgroup_controller cpu
	config_resources="{\"memory\":{\"limit\":$((64 * MIB))},\"pids\":{\"limit\":20},\"cpu\":{\"shares\":1024}}"
	start
	update_json '{"memory":{"limit":0,"swap":null},"cpu":{"shares":0,"quota":20000,"period":100000},"pids":{"limit":0}}'
	[ "$status" -eq 0 ]
	holds memory.max $((64 * MIB)) pids.max 20 cpu.weight 100 cpu.max '20000 100000'
}

@test "update: unified memory.high, memory.min, memory.oom.group, as memory QoS uses them" {
	need_cgroup_controller memory
	start
	update_json '{"unified":{"memory.high":"50331648","memory.min":"1048576","memory.oom.group":"1"}}'
	[ "$status" -eq 0 ]
	holds memory.high 50331648 memory.min 1048576 memory.oom.group 1
	# rounded to pages, which is no difference to warn of
	update --unified memory.high=50000001
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	holds memory.high 49999872
}

@test "update: in a created and in a paused container" {
	need_cgroup_controller memory
	bundle_config 'exec sleep 1000'
	"$CTR" create -b "$bundle" "$id" </dev/null
	update --memory 64m
	[ "$status" -eq 0 ]
	"$CTR" start "$id"
	"$CTR" pause "$id"
	update --memory 48m
	[ "$status" -eq 0 ]
	holds memory.max $((48 * MIB))
	"$CTR" resume "$id"
	# exec and later updates go by the new values
	update --memory-swap 50m
	[ "$status" -eq 0 ]
	holds memory.swap.max $((2 * MIB))
}
