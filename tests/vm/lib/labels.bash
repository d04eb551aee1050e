# shellcheck shell=bash disable=SC2154 # status, output, bundle, id: see bundle.bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the tests of security modules: more of config.json than bundle.bash knows, by jq, and what is said
# about a container that runs.

# configure JQ...: what bundle_config writes is changed by these filters. config_filters is reset by setup.
configure() {
	local filter
	for filter in "$@"; do
		config_filters="${config_filters:-.} | $filter"
	done
}

# write_bundle SHELL-COMMAND
write_bundle() {
	bundle_config "$1"
	jq "${config_filters:-.}" "$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
}

said() {
	printf 'exit code %s, output:\n%s\n' "$status" "$output"
}

# box_run SHELL-COMMAND: in the foreground
box_run() {
	write_bundle "$1"
	run "$CTR" run -b "$bundle" "$id" </dev/null
	said
}

# box_start SHELL-COMMAND: one that stays; box_exec [OPTION...] -- COMMAND: in it
box_start() {
	write_bundle "$1; exec sleep 1000"
	"$CTR" run -d -b "$bundle" "$id" </dev/null >"$BATS_TEST_TMPDIR/box.out" 2>&1 || {
		cat "$BATS_TEST_TMPDIR/box.out"
		return 1
	}
}

box_exec() {
	run "$CTR" exec "$@" </dev/null
	said
}

box_delete() {
	"$CTR" delete -f "$id"
}
