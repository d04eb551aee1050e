#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podman where all controllers are on cgroup v2: limits, and the few things that every user does. The
# whole of tests/clients/podman.bats runs here, too (tests/vm/run tests/clients/podman.bats), but takes long.

load ../clients/lib

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

@test "podman: run, with podman's own default limits" {
	run busy sh -c 'echo out; cat /sys/fs/cgroup/pids.max; exit 3'
	same 3 "$status"
	same $'out\n2048' "$output"
}

@test "podman: --memory, --memory-swap, --memory-reservation, --cpus, --cpu-shares, --cpuset-cpus, --pids-limit" {
	run --memory 64m --memory-swap 96m --memory-reservation 32m --cpus 0.5 --cpu-shares 512 --cpuset-cpus 0 \
		--pids-limit 77 busy sh -c 'cd /sys/fs/cgroup
		cat memory.max memory.swap.max memory.low cpu.max cpu.weight cpuset.cpus pids.max'
	is $'67108864\n33554432\n33554432\n50000 100000\n59\n0\n77'
}

@test "podman: --memory kills what needs more" {
	podman run --name w --network none --memory 32m busy dd if=/dev/zero of=/dev/null bs=128M count=1
	same 137 "$status"
	podman inspect --format '{{.State.OOMKilled}}' w
	ok
}

@test "podman: --pids-limit stops forks" {
	run --pids-limit 4 busy sh -c 'for i in 1 2 3 4 5 6; do sleep 2 & done; wait'
	[ "$status" -ne 0 ]
	says "can't fork"
}

@test "podman: run -d, exec, stats, pause, stop" {
	podman run -d --name w --network none busy forever
	ok
	podman exec w sh -c 'echo in; exit 9'
	same 9 "$status"
	same in "$output"
	podman stats --no-stream --format '{{.PIDs}}' w
	ok
	[ "$output" -ge 1 ]
	podman pause w
	ok
	podman unpause w
	ok
	podman stop -t 10 w
	ok
	podman ps -a --format '{{.Status}}'
	has 'Exited (0)'
}

@test "podman: a terminal, and a user namespace" {
	terminal -- podman run --rm --network none --uidmap 0:200000:5000 -it busy sh -c 'tty; id -u; exit 4'
	has /dev/pts/0 '[exit 4]'
}
