#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Docker where all controllers are on cgroup v2. All of tests/clients/docker.bats runs here, too, slowly.

load ../clients/docker-lib

setup_file() { docker_up; }

teardown_file() { world_end; }

setup() { client_setup; }

teardown() { docker_clean; }

@test "docker: --memory, --cpus, --pids-limit" {
	start_box --memory 64m --cpus 0.5 --pids-limit 50 -- sleep 1000
	docker exec "$tag" sh -c 'cd /sys/fs/cgroup; cat memory.max cpu.max pids.max'
	same $'67108864\n50000 100000\n50' "$output"
}

@test "docker: out of memory: it is killed, and docker knows why" {
	start_box --memory 16m --memory-swap 16m -- sh -c 'dd if=/dev/zero of=/dev/shm/x bs=1M count=60'
	wait_until fact_is '{{.State.Running}}' false
	fact_is '{{.State.OOMKilled}}' true
}
