# shellcheck shell=bash disable=SC2154 # W, container: see drivers.bash and the test files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the test files of containerd, after drivers.bash: containerd_begin in setup_file, containerd_end in
# teardown_file, containerd_remove in teardown, and then
#
#	client COMMAND...        containerd's own client, which is called ctr as well; it must succeed
#	try_client COMMAND...    $status says whether it has
#	happened TOPIC WORDS     an event, as `events` prints it

containerd_begin() {
	drivers_begin containerd containerd-shim-runc-v2 "$@"
	[ -z "$MISSING" ] || return 0
	export CLIENT=${CONTAINERD_CLIENT:-/usr/bin/ctr}
	cat >"$W/config.toml" <<-END
	version = 2
	root = "$W/root"
	state = "/run/ctr-containerd"
	disabled_plugins = ["io.containerd.grpc.v1.cri"]
	[grpc]
	  address = "$W/containerd.sock"
	END
	containerd -c "$W/config.toml" </dev/null >"$W/log" 2>&1 3>&- &
	echo "$!" >"$W/pid"
	wait_until containerd_answers || { tail -n 20 "$W/log"; return 1; }
	"$CLIENT" -a "$W/containerd.sock" events >"$W/events" 2>&1 3>&- &
	echo "$!" >"$W/events.pid"
}

containerd_answers() {
	"$CLIENT" -a "$W/containerd.sock" version >/dev/null 2>&1
}

containerd_end() {
	local file
	for file in events.pid pid; do
		[ ! -e "$W/$file" ] || kill "$(cat "$W/$file")"
	done
	wait || true
	rm -rf /run/ctr-containerd
}

containerd_remove() {
	try_client task rm -f "$1"
	client container rm "$1"
}

client() {
	must "$CLIENT" -a "$W/containerd.sock" -n test "$@"
}

try_client() {
	try "$CLIENT" -a "$W/containerd.sock" -n test "$@"
}

happened() {
	wait_until grep -q "$1.*$2" "$W/events"
}
