# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the other files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of Docker: a dockerd in a world of its own (dockerlib.bash), configured as doc/docker.md says.

load "$(dirname "${BASH_SOURCE[0]}")/dockerlib"

image=localhost/box

docker_up() {
	world_needs dockerd docker containerd jq python3 iptables
	DOCKER=/usr/bin/docker
	[ -x "$DOCKER" ] || DOCKER=$(command -v docker)
	export DOCKER DOCKER_HOST=unix:///run/docker.sock DOCKER_CONFIG=$BATS_FILE_TMPDIR/config
	world_make
	world_start
	jq -n --arg ctr "$CTR" --arg w "$W" '{
		"runtimes": {"ctr": {"path": $ctr}, "ctr-debug": {"path": $ctr, "runtimeArgs": ["--debug"]}},
		"default-runtime": "ctr",
		"storage-driver": "vfs",
		"data-root": ($w + "/docker"),
		"exec-root": "/run/docker",
		"pidfile": "/run/docker.pid",
		"hosts": ["unix:///run/docker.sock"]}' >"$W/daemon.json"
	# made once and not by the first of several containers, which would also remove it
	mkdir "$WORLD_CGROUP/docker"
	runc_is_ctr
	docker_start
	world_run "$DOCKER" load -i "$W/image.tar" >/dev/null
	world_run "$DOCKER" run --rm "$image" true
	# docker keeps a name of the host's network namespace after its first use
	world_run "$DOCKER" run --rm --network host "$image" true
	world_is_normal
}

docker_clean() {
	local ids
	ids=$(world_run "$DOCKER" ps -aq)
	# shellcheck disable=SC2086 # ids
	[ -z "$ids" ] || world_run "$DOCKER" rm -f $ids >/dev/null
	client_teardown
}

# The BuildKit in dockerd calls what is named runc in its PATH. Notes that it was called.
runc_is_ctr() {
	mkdir "$W/bin"
	printf '#!/bin/sh\necho "$@" >>%q\nexec %q "$@"\n' "$W/log/runc" "$CTR" >"$W/bin/runc"
	chmod 755 "$W/bin/runc"
}

docker_start() {
	world_daemon dockerd env PATH="$W/bin:$PATH" dockerd --config-file "$W/daemon.json"
	wait_until docker_answers || { tail -n 20 "$W/log/dockerd"; return 1; }
}

docker_answers() {
	world_run "$DOCKER" version >/dev/null 2>&1
}

docker() {
	capture world_run "$DOCKER" "$@"
}

# run [OPTION...] -- PROGRAM...
run_box() {
	split_words "$@"
	docker run --rm --name "$tag" "${given[@]}" "$image" "${program[@]}"
}

start_box() {
	split_words "$@"
	docker run -d --name "${name:-$tag}" "${given[@]}" "$image" "${program[@]}"
	code 0
}

# A value of the container's, or of something else's, description.
fact() {
	world_run "$DOCKER" inspect -f "$1" "${2:-$tag}"
}

fact_is() {
	[ "$(fact "$1")" = "$2" ]
}

# A program that ends when it is told to, with this exit code.
obedient() {
	printf 'trap "exit %s" TERM; echo ready; while :; do sleep 0.05; done' "$1"
}

log_has() {
	world_run "$DOCKER" logs "$tag" 2>&1 | grep -q -e "$1"
}
