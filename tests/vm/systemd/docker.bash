# shellcheck shell=bash disable=SC2034,SC2154 # W: see drivers.bash; dir is for the test files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the test files of Docker, after drivers.bash: docker_begin in setup_file, docker_end in teardown_file. There is a
# daemon for each cgroup driver; `use DRIVER` says which is meant, and sets $driver and DOCKER_HOST.

# docker_begin CONFIG [PROGRAM...]: with this daemon.json; the image "box" is the rootfs of drivers.bash.
docker_begin() {
	local driver config=$1
	shift
	drivers_begin dockerd docker containerd "$@"
	[ -z "$MISSING" ] || return 0
	mkdir "$W/bin"
	ln -s "$CTR" "$W/bin/runc"
	printf '%s\n' "$config" >"$W/daemon.json"
	tar -C "$W/rootfs" -cf "$W/box.tar" .
	for driver in cgroupfs systemd; do
		docker_start "$driver" &
	done
	wait
	for driver in cgroupfs systemd; do
		wait_until docker_answers "$driver" || { tail -n 20 "$W/$driver.log"; return 1; }
		DOCKER_HOST=unix://$W/$driver.sock docker import "$W/box.tar" box >/dev/null
	done
}

# docker_start DRIVER: a daemon with its own containerd, which leaves networks alone. Its pid is in $W/DRIVER.pid.
docker_start() {
	PATH=$W/bin:$PATH dockerd --config-file "$W/daemon.json" --host "unix://$W/$1.sock" --pidfile "$W/$1.pid" \
		--data-root "$W/$1" --exec-root "/run/ctr-docker-$1" --storage-driver vfs --bridge none \
		--iptables=false --ip6tables=false --userland-proxy=false --exec-opt "native.cgroupdriver=$1" \
		--add-runtime "ctr=$CTR" --default-runtime ctr </dev/null >"$W/$1.log" 2>&1 3>&- &
}

docker_answers() {
	DOCKER_HOST=unix://$W/$1.sock docker version >/dev/null 2>&1
}

docker_end() {
	local driver pid
	for driver in cgroupfs systemd; do
		pid=$(cat "$W/$driver.pid" 2>/dev/null) || continue
		kill "$pid"
		wait_until test ! -e "/proc/$pid"
		rm -rf "/run/ctr-docker-$driver"
	done
}

use() {
	driver=$1
	export DOCKER_HOST=unix://$W/$1.sock
}

# In the background; its id is $container, its cgroup $dir.
start_box() {
	must docker run -d --network none "$@"
	container=$output
	dir=/sys/fs/cgroup/docker/$container
	[ "$driver" = cgroupfs ] || dir=/sys/fs/cgroup/system.slice/docker-$container.scope
}

docker_remove() {
	[ -z "${container:-}" ] || docker rm -f "$container" >/dev/null 2>&1 || true
}
