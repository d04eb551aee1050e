# SPDX-License-Identifier: GPL-2.0-or-later
# ctr events, stats and top. tests/vm/events.bats has what needs the memory and pids controllers.

load lib
setup() { ctr_setup; }
teardown() {
	[ -z "${follower:-}" ] || kill "$follower" 2>/dev/null || true
	ctr_teardown
}

# events in the background, lines in $T/events
follow() {
	env -u CTR_TEST_TAG "$CTR" --root "$root" events "$@" "$tag" >"$T/events" 2>"$T/events.err" &
	follower=$!
}

# how many events of a type
seen() {
	[ "$(jq -c "select(.type == \"$1\")" "$T/events" | wc -l)" -ge "$2" ]
}

busy() {
	start_payload sleep
	ctr exec -d "$tag" sh -c 'while :; do :; done'
	ok
}

@test "events --stats: one line in the shape that callers know" {
	start_payload sleep
	ctr events --stats "$tag"
	ok
	same 1 "$(wc -l <"$T/stdout")"
	same "stats $tag" "$(jq -r '[.type, .id] | join(" ")' <<<"$output")"
	same '["blkio","cpu","cpuset","hugetlb","memory","pids"]' "$(jq -c '.data | keys' <<<"$output")"
	same '["kernel","percpu","percpu_kernel","percpu_user","total","user"]' \
		"$(jq -c '.data.cpu.usage | keys' <<<"$output")"
	same '["periods","throttledPeriods","throttledTime"]' \
		"$(jq -c '.data.cpu.throttling | keys' <<<"$output")"
	same '["cache","kernel","kernelTCP","raw","swap","usage"]' \
		"$(jq -c '.data.memory | del(.psi) | keys' <<<"$output")"
	same '["failcnt","limit","max","usage"]' "$(jq -c '.data.memory.usage | keys' <<<"$output")"
	same '["current","limit"]' "$(jq -c '.data.pids | keys' <<<"$output")"
	[ "$(jq .data.cpu.usage.total <<<"$output")" -gt 0 ]
	delete_ctr
}

@test "events --stats: hugetlb, whose controller is on v2 here" {
	v2=$(while read -r _ mount type _; do [ "$type" = cgroup2 ] && echo "$mount" && break; done </proc/self/mounts)
	grep -qw hugetlb "$v2/cgroup.controllers" || need 'the hugetlb controller on v2'
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || need 'huge pages of 2 MiB'
	config '.linux.resources.hugepageLimits = [{"pageSize": "2MB", "limit": 4194304}]'
	start_payload sleep
	ctr events --stats "$tag"
	same '{"usage":0,"max":0,"failcnt":0}' "$(jq -c '.data.hugetlb."2MB"' <<<"$output")"
	delete_ctr
}

@test "events: statistics at intervals, until the container stops" {
	busy
	follow --interval 100ms
	wait_until seen stats 3
	first=$(jq -s '.[0].data.cpu.usage.total' "$T/events")
	last=$(jq -s '.[-1].data.cpu.usage.total' "$T/events")
	[ "$last" -gt "$first" ]
	kill -0 "$follower"
	ctr kill "$tag" KILL
	wait "$follower"
	same '' "$(cat "$T/events.err")"
	delete_ctr
}

@test "events: a created and a paused container have them too" {
	args payload sleep
	write_config
	ctr create -b "$bundle" "$tag"
	ctr events --stats "$tag"
	ok
	ctr start "$tag"
	ctr pause "$tag"
	ctr events --stats "$tag"
	ok
	delete_ctr
}

@test "events: pressure" {
	[ -e /proc/pressure/cpu ] || need 'pressure information (psi=1)'
	busy
	for _ in 1 2 3; do
		ctr exec -d "$tag" sh -c 'while :; do :; done'
	done
	follow --interval 1h --pressure cpu:some:100000/2000000 --pressure memory:full:1000000/2000000
	wait_until seen pressure 1 || wait_until seen pressure 1
	same '{"resource":"cpu","kind":"some","stall":100000,"window":2000000}' \
		"$(jq -c .data <"$T/events" | head -n 1)"
	refute seen stats 1
	delete_ctr
	wait "$follower"
}

@test "events: who stopped, who is not there, what is no interval or trigger" {
	start_payload sleep
	ctr kill "$tag" KILL
	wait_until is_stopped
	ctr events "$tag"
	fails "container with id $tag is not running"
	ctr events --stats "$tag"
	fails "container with id $tag is not running"
	ctr stats "$tag"
	fails "container with id $tag is not running"
	delete_ctr
	ctr events nobody
	fails "container 'nobody' does not exist"
	ctr events --interval 0s nobody
	fails 'the interval must be greater than 0'
	ctr events --interval often nobody
	fails "'often' is not a duration" '500ms'
	for trigger in cpu memory:some disk:some:1/2 memory:most:1/2 memory:some:1 memory:some:1/2x; do
		ctr events --pressure "$trigger" nobody
		fails "option --pressure: '$trigger' is not a trigger" 'memory:some:150000/1000000'
	done
}

@test "events: a window that the kernel refuses" {
	[ -e /proc/pressure/cpu ] || need 'pressure information (psi=1)'
	start_payload sleep
	ctr events --pressure memory:some:150000/100 "$tag"
	fails "set the trigger 'some 150000 100' in 'memory.pressure' of cgroup '/ctr/$tag'" 'invalid argument' \
		'multiples of 2000000'
	delete_ctr
}

@test "stats: a table and JSON, with the CPU's share" {
	busy
	ctr stats --no-stream
	ok
	same 2 "$(wc -l <"$T/stdout")"
	[[ ${output%%$'\n'*} == 'ID '*'CPU %'*'MEMORY / LIMIT'*'PIDS'*'READ / WRITTEN'* ]]
	[[ $output == *$'\n'"$tag "* ]]
	ctr stats --no-stream --format json "$tag"
	ok
	same "$tag" "$(jq -r '.[].id' <<<"$output")"
	[ "$(jq '.[0].cpuPercent | floor' <<<"$output")" -gt 5 ]
	delete_ctr
	ctr stats --no-stream --format json
	is '[]'
}

@test "stats: goes on until the named containers have stopped" {
	start_payload sleep
	env -u CTR_TEST_TAG "$CTR" --root "$root" stats --interval 50ms -f json "$tag" >"$T/events" &
	follower=$!
	rounds() { [ "$(wc -l <"$T/events")" -ge 3 ]; }
	wait_until rounds
	delete_ctr
	wait "$follower"
}

@test "stats: who is not there" {
	ctr stats nobody
	fails "container 'nobody' does not exist"
	ctr stats --no-stream
	ok
	same 1 "$(wc -l <"$T/stdout")"
}

@test "top: CPU and memory of the container's processes; or what ps is told" {
	[ -x /usr/bin/ps ] || need 'ps'
	start_payload sleep
	ctr top "$tag"
	ok
	[[ ${output%%$'\n'*} == USER*PID*%CPU*RSS*COMMAND* ]]
	same 2 "$(wc -l <"$T/stdout")"
	has " $pid " 'payload sleep'
	ctr top "$tag" -o pid,comm
	[[ $output == *"PID COMMAND"* ]]
	ctr top nobody
	fails 'does not exist'
	delete_ctr
}

@test "events: who watches holds up a removal until the end was seen, and not for long who does not look" {
	start_payload sleep
	follow --interval 1h
	wait_until test -e "$root/$tag/watchers"
	kill -STOP "$follower"
	delete_ctr
	kill -CONT "$follower"
	wait "$follower"
	follower=''
	# a strange file in its place is not waited for
	start_payload sleep
	ln -s /nowhere "$root/$tag/watchers"
	delete_ctr
}
