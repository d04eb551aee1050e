#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podman, configured as doc/podman.md says.

load lib

setup_file() {
	clients_begin podman conmon jq python3 ip
}

setup() {
	clients_setup
}

teardown() {
	clients_teardown
}

teardown_file() {
	clients_end
}

# A container named w that stays until it is told to end.
start() {
	podman run -d --name w --network none "$@" busy sh -c 'trap "exit 7" TERM; echo up; while :; do sleep 0.1; done'
	ok
	wait_until logged up
}

logged() {
	enter podman logs w 2>&1 | grep -q -e "$1"
}

# --- run ---

@test "run: output, exit code, the container is gone" {
	run busy sh -c 'echo out; echo err >&2; exit 3'
	same 3 "$status"
	same out "$output"
	same err "$stderr"
	podman ps -aq
	is ''
}

@test "inspect and info: the runtime is ctr" {
	podman create --name w --network none busy sleep 1
	ok
	podman inspect --format '{{.OCIRuntime}}' w
	is ctr
	podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'
	is "ctr $CTR"
}
