#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A restored container in a scope of systemd, which is made before it runs.

# bats file_tags=criu
load ../lib/bundle
load ../lib/criu

setup() {
	bundle_setup
	need_criu
	need_ctr 'the systemd cgroup driver'
	config_cgroup=system.slice:box:$id
	scope=box-$id.scope
	cg=/sys/fs/cgroup/system.slice/$scope
}

teardown() {
	"$CTR" delete -f "$id" >/dev/null 2>&1 || true
	run systemctl list-units --all --plain --no-legend "*$id*"
	[ -z "$output" ] || { printf 'unit left behind: %s\n' "$output"; systemctl stop "*$id*"; return 1; }
	bundle_teardown
}

bare() {
	run "$CTR" --systemd-cgroup "$@" </dev/null
	printf '%s: exit code %s, output:\n%s\n' "$*" "$status" "$output"
	[ "$status" -eq 0 ] || criu_said "$BATS_TEST_TMPDIR/images"
}

# bats test_tags=core
@test "restore: the systemd driver: a scope with its limits around the restored tasks, twice; nothing stays" {
	local images=$BATS_TEST_TMPDIR/images i
	bundle_config 'exec sleep 1000 </dev/null >/dev/null 2>&1'
	jq '.linux.resources.memory.limit = 67108864' "$bundle/config.json" >"$BATS_TEST_TMPDIR/config"
	mv "$BATS_TEST_TMPDIR/config" "$bundle/config.json"
	"$CTR" --systemd-cgroup run -d -b "$bundle" "$id" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1
	for i in 1 2; do
		rm -rf "$images"
		bare checkpoint --image-path "$images" "$id"
		[ "$status" -eq 0 ]
		[ ! -d "$cg" ]
		"$CTR" --systemd-cgroup restore -d --image-path "$images" --pid-file "$BATS_TEST_TMPDIR/pid" \
			-b "$bundle" "$id" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 ||
			{ cat "$BATS_TEST_TMPDIR/out"; criu_said "$images"; return 1; }
		[ "$(systemctl show --property ActiveState --value "$scope")" = active ]
		[ "$(cat "$cg/memory.max")" = 67108864 ]
		[ "$(cat "$cg/cgroup.procs")" = "$(cat "$BATS_TEST_TMPDIR/pid")" ]
	done
	bare delete -f "$id"
	[ "$status" -eq 0 ]
	[ ! -d "$cg" ]
}
