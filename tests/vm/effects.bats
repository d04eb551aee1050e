#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each limit, set by config.json and by update, is effective: cgroupfs as root, and as an ordinary user in a delegated
# cgroup with all controllers. systemd/effects.bats is the same for systemd.

load ../integration/lib
load ../integration/life
load ../integration/rootless
load lib/effects

setup_file() {
	[ "${CTR_IN_VM:-}" = 1 ] || need 'a machine of our own'
	effects_setup
}

teardown_file() {
	effects_teardown
}

setup() {
	user_setup
	cp "$(command -v busybox)" "$rootfs/bin/busybox"
	chroot "$rootfs" /bin/busybox --install -s /bin
	sed 's/[^ ]* */+&/g' "$(cgroup2)/cgroup.controllers" >"$(cgroup2)/cgroup.subtree_control"
}

teardown() {
	[ ! -e "$(cgroup2)/$tag/shell" ] || undelegate
	[ -e "$T/run/ctr/$tag" ] || root=$T/state
	user_teardown
}

as_root() {
	capture "$BATS_FILE_TMPDIR/ctr" --root "$T/state" "$@" 3>&-
}

as_delegated() {
	delegated "$BATS_FILE_TMPDIR/ctr" "$@" 3>&-
}

# effective CALLER: the container that runs is under all limits.
effective() {
	"as_$2" exec "$tag" sh -c "$(effects_program)"
	[ -z "$stderr" ]
	same "$(effects_expected "$1")" "$output"
	"as_$2" exec "$tag" sh -c "$(effects_end)"
	same 137 "$status"
	# memory.oom.group: not alone
	"as_$2" state "$tag"
	same stopped "$(jq -r .status <<<"$output")"
	"as_$2" delete -f "$tag"
	ok
}

# both WHO CALLER [OPTION OF SPEC]: by config.json, and by update
both() {
	local resources
	resources=$(effects_resources "$1")
	"as_$2" spec ${3:+"$3"} -b "$T/config"
	effects_config "$1" "$resources" <"$T/config/config.json" >"$bundle/config.json"
	"as_$2" run -d -b "$bundle" "$tag"
	ok
	effective "$@"
	effects_config "$1" '{}' <"$T/config/config.json" >"$bundle/config.json"
	"as_$2" run -d -b "$bundle" "$tag"
	ok
	echo "$resources" >"$T/resources"
	"as_$2" update -r "$T/resources" "$tag"
	is ''
	effective "$@"
}

used() {
	sed -n 's/^usage_usec //p' "$(cgroup2)/ctr/$tag-$1/cpu.stat"
}

# spin NAME RESOURCES: a container that has a CPU to itself but for the others of its kind
spin() {
	jq --argjson cpu "$2" '.linux.resources = {cpu: ($cpu + {cpus: "0"})} |
		.process.args = ["/bin/sh", "-c", "while :; do :; done"]' "$T/config/config.json" >"$bundle/config.json"
	as_root run -d -b "$bundle" "$tag-$1"
	ok
}

@test "effects: cpu.shares and cpu.idle share a CPU" {
	mkdir "$T/config"
	as_root spec -b "$T/config"
	effects_config root '{}' <"$T/config/config.json" >"$T/config/base"
	mv "$T/config/base" "$T/config/config.json"
	# the greedy one last, or the others would never get as far
	spin little '{"shares": 2}'
	spin idle '{"idle": 1}'
	spin much '{"shares": 262144}'
	local idle little much
	idle=$(used idle) little=$(used little) much=$(used much)
	sleep 1
	idle=$(($(used idle) - idle)) little=$(($(used little) - little)) much=$(($(used much) - much))
	echo "in a second: much $much, idle $idle, little $little"
	[ "$much" -gt $((10 * little)) ]
	[ "$much" -gt $((10 * idle)) ]
	for name in much idle little; do
		as_root delete -f "$tag-$name"
		ok
	done
}

@test "effects: memory.swap lets a container have more than memory.limit" {
	mkdir "$T/config"
	as_root spec -b "$T/config"
	effects_config root '{"memory": {"limit": 25165824, "swap": 25165824}}' <"$T/config/config.json" >"$bundle/config.json"
	echo 64M >/sys/block/zram1/disksize
	mkswap /dev/zram1
	swapon /dev/zram1
	as_root run -d -b "$bundle" "$tag"
	ok
	as_root exec "$tag" dd if=/dev/zero of=/dev/null bs=40M count=1
	same 137 "$status"
	as_root update --memory-swap 80m "$tag"
	is ''
	as_root exec "$tag" dd if=/dev/zero of=/dev/null bs=40M count=1
	same 0 "$status"
	as_root delete -f "$tag"
	ok
	swapoff /dev/zram1
}

@test "effects: cgroupfs as root" {
	mkdir "$T/config"
	both root root
}

@test "effects: cgroupfs as a user with a delegated cgroup" {
	mkdir -m 777 "$T/config"
	both user delegated --rootless
}
