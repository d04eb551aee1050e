# SPDX-License-Identifier: GPL-2.0-or-later
# Hundreds of wrong configs (tests/negative): `ctr run` refuses each, `ctr validate` says the same, with
# the same words at the same field. Teardown looks for what they left: state, cgroups, mounts, processes.

load lib
setup() {
	ctr_setup
	rm -rf "${rootfs:?}"
	mkdir -p "$rootfs"/{bin,proc,dev,mnt}
	cp "$base/rootfs/bin/busybox" "$rootfs/bin/true"
}
teardown() { ctr_teardown; }

refuses() {
	capture "$lib_dir/../negative/run" "$lib_dir/../negative/$1.table" "$bundle" "$root" "$tag"
	printf '%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	[[ $output == *' cases, 0 wrong' ]]
	[ "${output%% *}" -ge "$2" ]
}

@test "negative: the config that all others are made from is valid, and runs" {
	jq -n -f /dev/stdin <<<"$(<"$lib_dir/../negative/prelude.jq") base" >"$bundle/config.json"
	ctr validate "$bundle"
	[ "$status" -eq 0 ]
	[ "$output" = 'valid: 0 errors, 0 warnings' ]
	ctr run "$bundle"
	[ "$status" -eq 0 ]
}

@test "negative: the document and its top level" {
	refuses top 50
}

@test "negative: mounts" {
	refuses mounts 50
}

@test "negative: process" {
	refuses process 80
}

@test "negative: hooks" {
	refuses hooks 20
}

@test "negative: namespaces, ids, devices, sysctl and the rest of linux" {
	refuses linux 100
}

@test "negative: resources and intelRdt" {
	refuses resources 90
}

@test "negative: seccomp" {
	refuses seccomp 45
}

@test "negative: the suite notices when a message is another one" {
	printf 'x :: del(.root) :: :: something else\n' >"$T/x.table"
	capture "$lib_dir/../negative/run" "$T/x.table" "$bundle" "$root" "$tag"
	[ "$status" -eq 1 ]
	[[ $output == *'1 cases, 2 wrong' ]]
	printf 'x :: del(.root) :: /root :: required member\n' >"$T/x.table"
	capture "$lib_dir/../negative/run" "$T/x.table" "$bundle" "$root" "$tag"
	[ "$status" -eq 1 ]
	printf 'x :: . :: :: required member\n' >"$T/x.table"
	capture "$lib_dir/../negative/run" "$T/x.table" "$bundle" "$root" "$tag"
	[ "$status" -eq 1 ]
}
