# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the other files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For containerd.bats: a containerd in a world of its own (dockerlib.bash), configured as
# doc/containerd.md says, and Debian's client, which is called ctr, too: /usr/bin/ctr.

load "$(dirname "${BASH_SOURCE[0]}")/dockerlib"

image=localhost/box:latest

containerd_up() {
	world_needs containerd containerd-shim-runc-v2 jq python3
	CLIENT=${CONTAINERD_CLIENT:-/usr/bin/ctr}
	export CLIENT
	"$CLIENT" --version 2>/dev/null | grep -q -i containerd || "$CLIENT" --help 2>/dev/null |
		grep -q 'containerd CLI' || need "containerd's client at $CLIENT"
	world_make
	world_start
	cat >"$W/config.toml" <<-END
	version = 2
	root = "$W/containerd"
	state = "/run/containerd"
	disabled_plugins = ["io.containerd.grpc.v1.cri"]
	[grpc]
	  address = "/run/containerd/containerd.sock"
	END
	mkdir "$W/bin"
	ln -s "$CTR" "$W/bin/runc"
	# made once and not by the first of several containers, which would also remove it
	mkdir "$WORLD_CGROUP/test"
	containerd_start
	world_run "$CLIENT" -n test images import --snapshotter native "$W/image.tar" >/dev/null
	world_run "$CLIENT" -n test run --snapshotter native --runc-binary "$CTR" --cpu-shares 0 --rm \
		"$image" first true
	world_is_normal
}

containerd_start() {
	world_daemon containerd env PATH="$W/bin:$PATH" containerd -c "$W/config.toml"
	wait_until containerd_answers || { tail -n 20 "$W/log/containerd"; return 1; }
}

containerd_answers() {
	world_run "$CLIENT" -n test version >/dev/null 2>&1
}

# The client, in containerd's namespace "test".
client() {
	capture world_run "$CLIENT" -n test "$@"
}

# Options of every run. The client asks for 1024 cpu shares unless told otherwise, which needs cpu.
run_options() {
	options=(--snapshotter native --runc-binary "$CTR")
	have_controller cpu || options+=(--cpu-shares 0)
}

# run [OPTION...] -- PROGRAM [ARGUMENT...]: in the foreground, under the test's id.
run_box() {
	split_words "$@"
	run_options
	client run "${options[@]}" --rm "${given[@]}" "$image" "$tag" "${program[@]}"
}

# The same in the background. Its init's pid, as the world counts, is $pid.
start_box() {
	split_words "$@"
	run_options
	client run "${options[@]}" -d --pid-file "$T/pid" "${given[@]}" "$image" "$tag" "${program[@]}"
	code 0
	pid=$(cat "$T/pid")
}

task_status() {
	world_run "$CLIENT" -n test task ls | awk -v id="$tag" '$1 == id { print $3 }'
}

# Of `task rm`: the client warns, and succeeds.
ended_with() {
	code 0
	says "exit code $1"
}

task_is() {
	[ "$(task_status)" = "$1" ]
}

# Whatever the test has left, with force.
remove_boxes() {
	local id
	for id in $(world_run "$CLIENT" -n test container ls -q); do
		world_run "$CLIENT" -n test task rm -f "$id" >/dev/null 2>&1 || true
		world_run "$CLIENT" -n test container rm "$id" >/dev/null 2>&1 || true
	done
}
