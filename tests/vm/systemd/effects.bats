#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each limit, set by config.json and by update, is effective under systemd, the latter after a daemon-reload: as root, and as
# a user whose manager was given all controllers that it may have.

load ../lib/bundle
load ../lib/effects
load ../lib/manager

setup_file() {
	need_ctr 'the systemd cgroup driver'
	effects_setup
	manager_start 'cpu cpuset io memory pids'
}

teardown_file() {
	manager_stop
	effects_teardown
}

setup() {
	bundle_setup
	chmod 755 "$BATS_TEST_TMPDIR"
	mkdir -m 777 "$BATS_TEST_TMPDIR/config"
}

teardown() {
	local who
	for who in root user; do
		"as_$who" delete -f "$id"
	done
	bundle_teardown
}

as_root() {
	run "$CTR" "$@" </dev/null
	printf '%s: exit code %s, output:\n%s\n' "$*" "$status" "$output"
}

as_user() {
	run manager_ctr "$@" </dev/null
	printf '%s: exit code %s, output:\n%s\n' "$*" "$status" "$output"
}

reload_root() {
	systemctl daemon-reload
}

reload_user() {
	manager_user systemctl --user daemon-reload
}

# What `run` of bats would wait for: the output of the container.
start() {
	local command=("$CTR")
	[ "$1" = root ] || command=(manager_ctr)
	effects_config "$1" "$2" <"$BATS_TEST_TMPDIR/config/config.json" >"$bundle/config.json"
	"${command[@]}" --systemd-cgroup run -d -b "$bundle" "$id" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- ||
		{ cat "$BATS_TEST_TMPDIR/out"; return 1; }
}

# effective WHO: the container that runs is under all limits.
effective() {
	"as_$1" exec "$id" sh -c "$(effects_program)"
	[ "$output" = "$(effects_expected "$1")" ]
	"as_$1" exec "$id" sh -c "$(effects_end)"
	[ "$status" -eq 137 ]
}

delete() {
	"as_$1" delete -f "$id"
	[ "$status" -eq 0 ]
}

# both WHO [OPTION OF SPEC]: by config.json, and by update
both() {
	local resources
	resources=$(effects_resources "$1")
	"as_$1" spec ${2:+"$2"} -b "$BATS_TEST_TMPDIR/config"
	[ "$1" = root ] || chown -R "$manager_uid:$manager_gid" "$bundle"
	start "$1" "$resources"
	effective "$1"
	# memory.oom.group: not alone
	"as_$1" state "$id"
	[ "$(jq -r .status <<<"$output")" = stopped ]
	delete "$1"
	start "$1" '{}'
	echo "$resources" >"$BATS_TEST_TMPDIR/resources"
	"as_$1" update -r "$BATS_TEST_TMPDIR/resources" "$id"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
	# after which systemd 252 has forgotten memory.oom.group, for which its scopes have no property
	"reload_$1"
	effective "$1"
	delete "$1"
}

@test "effects: systemd as root" {
	both root
}

@test "effects: systemd as a user" {
	both user --rootless
}
