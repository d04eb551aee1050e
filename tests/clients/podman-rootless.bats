#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podman of an ordinary user, configured as doc/podman.md says. Storage is vfs, networks are none or the host's.

load lib

user=20001

setup_file() {
	clients_begin podman conmon jq newuidmap
	[ -z "$CLIENTS_NEED" ] || return 0
	user_begin
}

setup() {
	clients_setup
	chown "$user:$user" "$T"
	delegated=yes
}

teardown() {
	[ -n "${T:-}" ] || return 0
	[ -n "${BATS_TEST_COMPLETED:-}" ] || report
	remove_all enter_user pod && remove_all enter_user container && end_pause && client_leaks check "$W/before"
}

teardown_file() {
	clients_end
}

# A home, a runtime directory, a delegated cgroup, and the image.
user_begin() {
	local home=$W/user
	mkdir -p "$home/.config/containers" "$home/tmp"
	cp -r "$W/etc/containers/containers.conf.d" "$home/.config/containers/"
	printf '[storage]\ndriver = "vfs"\n' >"$home/.config/containers/storage.conf"
	printf '[containers]\npids_limit = 0\n' >"$home/.config/containers/containers.conf.d/80-user.conf"
	chown -R "$user:$user" "$home"
	chmod 711 "$W" "$W/t"
	chmod 644 "$W/busy.tar"
	# runtimes may have been built where only root gets to
	cp "$CTR" "$W/ctr"
	[ ! -e "${CTR%/*}/ctr-full" ] || cp "${CTR%/*}/ctr-full" "$W/ctr-full"
	sed -i "s|^ctr = .*|ctr = [\"$W/ctr\"]|" "$home/.config/containers/containers.conf.d/50-ctr.conf" \
		"$W/etc/containers/containers.conf.d/50-ctr.conf"
	# shellcheck disable=SC2016 # for the other shell
	enter sh -c 'cd /sys/fs/cgroup && mkdir -p user/callers && chown "$1:$1" user user/cgroup.* user/callers user/callers/cgroup.* &&
		mkdir -p -m 755 /run/user && mkdir -m 700 "/run/user/$1" && chown "$1:$1" "/run/user/$1"' - "$user"
	delegated=yes
	enter_user podman import -q -c 'ENV PATH=/bin' -c 'CMD ["sh"]' "$W/busy.tar" localhost/busy
	enter_user podman import -q -c 'ENV PATH=/bin' -c 'ENTRYPOINT ["/bin/forever"]' "$W/busy.tar" localhost/infra
	end_pause
	client_leaks list >"$W/before"
}

# As the user; in the delegated cgroup, or where the user may not make any.
enter_user() {
	# shellcheck disable=SC2016 # for the other shell
	enter sh -c '[ "$1" != yes ] || echo 0 >/sys/fs/cgroup/user/callers/cgroup.procs
		cd "$HOME/../user"; shift; exec "$@"' - "$delegated" \
		setpriv --reuid "$user" --regid "$user" --clear-groups env -i PATH="$PATH" HOME="$W/user" \
		TMPDIR="$W/user/tmp" XDG_RUNTIME_DIR="/run/user/$user" "$@"
}

podman() {
	capture enter_user podman "$@"
}

# podman keeps its user namespace alive with a process.
end_pause() {
	# shellcheck disable=SC2016 # for the other shell
	enter_user sh -c 'pid=$XDG_RUNTIME_DIR/libpod/tmp/pause.pid; [ ! -s "$pid" ] || { kill "$(cat "$pid")"; rm "$pid"; }'
}

start() {
	podman run -d --name w --network none busy sh -c 'trap "exit 7" TERM; echo up; while :; do sleep 0.1; done'
	ok
	wait_until logged up
}

logged() {
	enter_user podman logs w 2>&1 | grep -q -e "$1"
}

# --- run ---

@test "rootless: run: output, exit code, the container is gone" {
	run busy sh -c 'echo out; echo err >&2; exit 3'
	same 3 "$status"
	same out "$output"
	has_line err "$stderr"
	podman ps -aq
	is ''
}

has_line() {
	grep -qxF -e "$1" <<<"$2"
}

@test "rootless: podman uses ctr, and knows that it is rootless" {
	podman info --format '{{.Host.OCIRuntime.Path}} {{.Host.Security.Rootless}}'
	is "$W/ctr true"
}

@test "rootless: root inside is the user outside, and nobody else" {
	run busy sh -c 'id -u; cat /proc/self/uid_map'
	ok
	same "0 0 $user 1 1 2000000 65536" "$(flat)"
}

@test "rootless: other users and groups" {
	run --user 33:44 --group-add 55 busy sh -c 'id -u; id -g; id -G'
	ok
	same '33 44 44 55' "$(flat)"
}

@test "rootless: devices, masks, sysctls" {
	run --sysctl net.ipv4.ip_forward=1 busy sh -c 'echo x >/dev/null && cat /proc/sys/net/ipv4/ip_forward
		ls /proc/acpi; touch /proc/sys/kernel/domainname /sys/x'
	same 1 "$status"
	same 1 "$output"
	says 'Read-only file system'
}

@test "rootless: exit codes: 127 not found, 126 not executable" {
	run busy nosuch
	same 127 "$status"
	says nosuch
	run busy /bin/not-executable
	same 126 "$status"
}

@test "rootless: -v, read and write, and :ro" {
	mkdir "$T/dir"
	echo hello >"$T/dir/file"
	chown -R "$user:$user" "$T/dir"
	run -v "$T/dir:/data" busy sh -c 'cat /data/file; echo new >/data/new; stat -c %u /data/file'
	same 'hello 0' "$(flat)"
	same "$user" "$(stat -c %u "$T/dir/new")"
	run -v "$T/dir:/data:ro" busy sh -c 'echo x >/data/x'
	same 1 "$status"
	says 'Read-only file system'
}

@test "rootless: --userns=keep-id" {
	mkdir "$T/dir"
	chown "$user:$user" "$T/dir"
	run --userns=keep-id -v "$T/dir:/data" busy sh -c 'id -u; echo x >/data/file'
	is "$user"
	same "$user" "$(stat -c %u "$T/dir/file")"
}

@test "rootless: --read-only with a tmpfs, --device, --init, -t" {
	run --read-only --tmpfs /scratch --device /dev/null:/dev/extra busy sh -c \
		'echo x >/scratch/x && echo x >/dev/extra && echo fine; echo x >/y'
	same 1 "$status"
	same fine "$output"
	run -t busy tty
	ok
	has /dev/pts/0
}

@test "rootless: --privileged" {
	run --privileged busy sh -c 'echo x >/dev/null && grep CapEff /proc/self/status'
	ok
	has CapEff
}

@test "rootless: --network host" {
	podman run --rm --network host busy sh -c 'ls /sys/class/net'
	ok
	has lo
}

@test "rootless: --oom-score-adj" {
	run --oom-score-adj 300 busy cat /proc/self/oom_score_adj
	is 300
}

@test "rootless: --cgroups=disabled" {
	run --cgroups=disabled busy echo here
	is here
}

# --- the life of a container ---

@test "rootless: run -d, exec, logs, top, stop, start, rm" {
	start
	podman exec w sh -c 'id -u; exit 4'
	same 4 "$status"
	same 0 "$output"
	podman exec -u 5 w id -u
	is 5
	podman logs w
	is up
	podman top w pid args
	has 'sh -c trap'
	podman stop -t 5 w
	ok
	podman inspect --format '{{.State.ExitCode}} {{.State.Status}}' w
	is '7 exited'
	podman start w
	ok
	podman kill w
	ok
	podman wait w
	is 137
	podman rm w
	ok
}

@test "rootless: pause and unpause, in a delegated cgroup" {
	start
	podman pause w
	ok
	podman inspect --format '{{.State.Status}}' w
	is paused
	podman unpause w
	ok
	podman inspect --format '{{.State.Status}}' w
	is running
}

@test "rootless: --pid host, in a delegated cgroup" {
	podman run -d --name w --network none --pid host busy sh -c 'echo up; sleep 500 & sleep 501'
	ok
	wait_until logged up
	podman rm -f -t 0 w
	ok
	refute_found 'sleep 50[01]'
}

refute_found() {
	if pgrep -f -u "$user" "$1"; then
		return 1
	fi
}

@test "rootless: all of it without a cgroup of its own" {
	delegated=no
	start
	podman exec w id -u
	is 0
	podman stop -t 5 w
	ok
	podman inspect --format '{{.State.ExitCode}}' w
	is 7
	run --pid host busy true
	[ "$status" -ne 0 ]
	says 'needs a pid namespace of its own'
}

@test "rootless: commit, build from it, run" {
	podman run --name w --network none busy sh -c 'echo content >/file'
	ok
	podman commit -q w localhost/made
	ok
	run localhost/made cat /file
	is content
	podman rmi -f localhost/made
	ok
}

@test "rootless: pods" {
	podman pod create --name p --network none --share-parent=false
	ok
	podman run -d --pod p --name w busy sh -c 'echo up; exec sleep 100'
	ok
	podman run --rm --pod p busy hostname
	is p
	podman pod ps --format '{{.Name}} {{.Status}}'
	is 'p Running'
	podman pod rm -f -t 0 p
	ok
}
