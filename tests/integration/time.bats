# SPDX-License-Identifier: GPL-2.0-or-later
# Time namespaces: new ones, their offsets, joined ones.

load lib
setup() {
	ctr_setup
	[ -e /proc/self/ns/time ] || need 'time namespaces'
}
teardown() { ctr_teardown; }

time_namespace() {
	config '.linux.namespaces += [{"type": "time"}]'
}

# Whole seconds of the host's clock.
uptime_of() {
	cut -d. -f1 /proc/uptime
}

# near SECONDS EXPECTED: up to a minute later is right
near() {
	[ "$1" -ge "$2" ] && [ "$1" -le $(($2 + 60)) ] && return
	echo "$1 is not near $2"
	return 1
}

@test "time: a new namespace without offsets: the host's clocks" {
	time_namespace
	before=$(uptime_of)
	run_payload ns time , clock boottime
	ok
	has_not "$(readlink /proc/self/ns/time)"
	near "$(tail -n 1 <<<"$output")" "$before"
}

@test "time: offsets of both clocks" {
	time_namespace
	config '.linux.timeOffsets = {"boottime": {"secs": 864000}, "monotonic": {"secs": 1728000, "nanosecs": 999999999}}'
	before=$(uptime_of)
	run_sh 'payload clock boottime; payload clock monotonic; tr -s " " </proc/self/timens_offsets; payload pids'
	ok
	near "$(sed -n 1p <<<"$output")" $((before + 864000))
	near "$(sed -n 2p <<<"$output")" $((before + 1728000))
	has 'monotonic 1728000 999999999' 'boottime 864000 0' 'pid='
}

@test "time: the program is still pid 1, and the others are in the namespace, too" {
	time_namespace
	config '.linux.timeOffsets = {"boottime": {"secs": 864000}}'
	run_payload pids
	is 'pid=1 ppid=0 sid=1 pgid=1'
	start_payload sleep
	ctr exec "$tag" payload ns time
	is "$(readlink "/proc/$pid/ns/time")"
	refute [ "$output" = "$(readlink /proc/self/ns/time)" ]
	near "$("$CTR" --root "$root" exec "$tag" payload clock boottime)" $(($(uptime_of) + 864000))
	delete_ctr
}

@test "time: a negative offset" {
	[ "$(uptime_of)" -gt 30 ] || need 'a host that runs for half a minute'
	time_namespace
	config '.linux.timeOffsets = {"monotonic": {"secs": -20}}'
	before=$(uptime_of)
	run_payload clock monotonic
	ok
	near "$output" $((before - 21))
}

@test "time: an offset that is before the beginning of time" {
	time_namespace
	config '.linux.timeOffsets = {"boottime": {"secs": -4000000000}}'
	run_bundle
	fails "set the offset of the clock 'boottime' to -4000000000 s: numerical result out of range" \
		'/linux/timeOffsets/boottime' 'before its beginning'
}

@test "time: with a user namespace, without a pid namespace, after create" {
	time_namespace
	user_namespace
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	find "$rootfs" -type d -exec chown 100000:100000 {} +
	config '.linux.timeOffsets = {"boottime": {"secs": 864000}}'
	before=$(uptime_of)
	run_payload clock boottime , ids
	ok
	near "$(sed -n 1p <<<"$output")" $((before + 864000))
	has 'uid=0,0,0 gid=0,0,0'
	without_namespace pid
	config '.mounts |= map(select(.destination != "/proc"))' 'del(.linux.maskedPaths, .linux.readonlyPaths)'
	args payload clock boottime
	write_config
	"$CTR" --root "$root" create -b "$bundle" "$tag" >"$T/out" 2>&1
	ctr start "$tag"
	ok
	wait_until is_stopped
	near "$(<"$T/out")" $((before + 864000))
	delete_ctr
}

@test "time: a namespace that is joined, with all its offsets" {
	time_namespace
	config '.linux.timeOffsets = {"boottime": {"secs": 864000}}'
	start_payload sleep
	config 'del(.linux.timeOffsets)' \
		".linux.namespaces |= map(if .type == \"time\" then .path = \"/proc/$pid/ns/time\" else . end)"
	args payload ns time , clock boottime
	write_config
	ctr run -b "$bundle" "$tag-2"
	ok
	same "$(readlink "/proc/$pid/ns/time")" "$(sed -n 1p <<<"$output")"
	near "$(sed -n 2p <<<"$output")" $(($(uptime_of) + 864000 - 30))
	delete_ctr
}

@test "time: offsets need a new namespace; their range" {
	while IFS='|' read -r namespaces value pointer text; do
		filter=".process.terminal = false | .linux.namespaces += $namespaces | .linux.timeOffsets = $value"
		run_bundle
		fails "(config.json /linux/timeOffsets$pointer)" "$text"
	done <<-'END'
		[]|{"boottime": {"secs": 1}}|/boottime|needs a new 'time' namespace in linux.namespaces
		[{"type": "time", "path": "/proc/self/ns/time"}]|{"monotonic": {"secs": 1}}|/monotonic|needs a new 'time' namespace
		[{"type": "time"}]|{"boottime": {"nanosecs": 1000000000}}|/boottime/nanosecs|must be below 1000000000
		[{"type": "time"}]|{"boottime": {"secs": 4611686019}}|/boottime/secs|4611686019 is outside -4611686018 to 4611686018
		[{"type": "time"}]|{"realtime": {"secs": 1}}|/realtime|realtime
	END
}
