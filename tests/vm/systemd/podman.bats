#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podman, which where systemd runs has its runtime make scopes.

load ../lib/bundle

setup() {
	command -v podman >/dev/null || need_fail 'no podman'
	need_ctr 'the systemd cgroup driver'
	W=$(mktemp -d /run/ctr-podman.XXXXXX)
	printf '[engine]\nevents_logger = "file"\n[network]\nnetwork_backend = "netavark"\n' >"$W/containers.conf"
	printf '{"default": [{"type": "insecureAcceptAnything"}]}' >"$W/policy.json"
	export CONTAINERS_CONF=$W/containers.conf TMPDIR=$W HOME=$W
	mkdir -p "$W/rootfs"/{bin,dev,etc,proc,sys,tmp}
	cp "$(command -v busybox)" "$W/rootfs/bin/busybox"
	chroot "$W/rootfs" /bin/busybox --install -s /bin
}

teardown() {
	pod rm -f -t 0 -a
	rm -rf "$W"
	run systemctl list-units --all --plain --no-legend 'libpod-*'
	[ -z "$output" ] || { printf 'unit left behind: %s\n' "$output"; return 1; }
}

pod() {
	podman --root "$W/storage" --runroot "$W/run" --tmpdir "$W/tmp" --storage-driver vfs --runtime "$CTR" \
		--cgroup-manager systemd "$@" </dev/null >"$W/out" 2>&1 3>&- || { cat "$W/out"; return 1; }
}

@test "podman: a container with limits is a scope: exec, pause, stop, rm" {
	pod run -d --name w --network none --security-opt seccomp=unconfined --memory 64m --pids-limit 77 \
		--rootfs "$W/rootfs" sh -c 'trap exit TERM; while :; do sleep 1; done'
	local scope
	scope=libpod-$(tail -n 1 "$W/out").scope
	run systemctl show --property ActiveState,MemoryMax,Slice,TasksMax "$scope"
	[ "$(sort <<<"$output")" = $'ActiveState=active\nMemoryMax=67108864\nSlice=machine.slice\nTasksMax=77' ]
	pod exec w cat /sys/fs/cgroup/memory.max
	[ "$(cat "$W/out")" = 67108864 ]
	pod pause w
	pod unpause w
	pod stop -t 5 w
	pod rm w
	[ -z "$(systemctl list-units --all --plain --no-legend "$scope")" ]
}
