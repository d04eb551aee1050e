# shellcheck shell=bash disable=SC2034,SC2154 # variables come from and are for the other files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of container managers that are daemons. A daemon lives in a world of its own: namespaces
# (mount, network, pid, cgroup) in which it is the only one, with an empty /run, an empty network, and a
# cgroup of its own as the root of a unified tree. Nothing of the host is changed by it, and when the
# world's first process ends, the kernel removes everything that was in it.
#
#	setup_file() { world_make; world_start dockerd ...; world_is_normal; }
#	setup() { client_setup; }
#	teardown() { ...; client_teardown; }
#	teardown_file() { world_end; }
#
# Exported by world_make: W (its directory: run/ is /run inside), WORLD_CGROUP, WORLD_PID (its pid 1).

clients_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
load "$clients_dir/../integration/lib"
load "$clients_dir/image"

pty=$clients_dir/../integration/pty

# Seconds for one command, and for something to happen: much where everything is emulated.
limit=30 patience=10
[ "${CTR_IN_VM:-}" != 1 ] || limit=200 patience=100

wait_until() {
	local end=$((SECONDS + patience))
	while ! "$@"; do
		[ "$SECONDS" -lt "$end" ] || { printf 'never: %s\n' "$*" >&2; return 1; }
		sleep 0.05
	done
}

# --- the world ---

world_needs() {
	local program
	[ "$(id -u)" = 0 ] || need "root's privileges"
	for program in "$@"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || need "the program $program"
	done
	[ -x "$CTR" ] || { echo "CTR must be the runtime under test, not '$CTR'" >&2; return 1; }
}

cgroup2_mount() {
	awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts
}

world_make() {
	local cgroup2
	cgroup2=$(cgroup2_mount)
	[ -n "$cgroup2" ] || need "a mounted cgroup v2"
	export W=$BATS_FILE_TMPDIR/w
	export WORLD_CGROUP=$cgroup2/ctr-clients-$$
	mkdir -p "$W"/{run,log} "$WORLD_CGROUP"
	image_make "$W/image"
}

# What pid 1 of the world does: set it up, start the daemon, collect orphans.
world_first_process() {
	cat <<-'END'
	set -eu
	mount --make-rshared /
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	mkdir /sys/fs/cgroup/daemon
	echo $$ >/sys/fs/cgroup/daemon/cgroup.procs
	mount --bind "$1/run" /run
	ip link set lo up
	touch /run/world-is-made
	trap : TERM
	while :; do sleep 3600 & wait $! || :; done
	END
}

# Start the world. It ends with the process that started it, whatever happens.
world_start() {
	local keeper
	(
		echo "$BASHPID" >"$WORLD_CGROUP/cgroup.procs"
		exec setpriv --pdeathsig KILL unshare -m -n -p -C --propagation private --fork --kill-child \
			bash -c "$(world_first_process)" world "$W"
	) >"$W/log/world" 2>&1 </dev/null 3>&- &
	keeper=$!
	wait_until test -e "$W/run/world-is-made" || { cat "$W/log/world"; return 1; }
	# above the containers' cgroups nobody may be who keeps controllers from being enabled
	echo "$keeper" >"$WORLD_CGROUP/daemon/cgroup.procs"
	WORLD_PID=$(cat "/proc/$keeper/task/$keeper/children")
	export WORLD_PID=${WORLD_PID% } WORLD_KEEPER=$keeper
}

# Run something inside, for a limited time. (nsenter forks: a timeout of nsenter would end nsenter only.)
world_run() {
	nsenter -t "$WORLD_PID" -m -n -p -C -- timeout --foreground -k 2 "$limit" "$@"
}

# world_daemon NAME COMMAND...: start a daemon inside; its output goes to $W/log/NAME, its pid (inside)
# to $W/NAME.pid.
world_daemon() {
	local name=$1
	shift
	(
		# from outside: with nsdelegate nobody can move into a namespace's cgroups from within it
		echo "$BASHPID" >"$WORLD_CGROUP/daemon/cgroup.procs"
		# shellcheck disable=SC2016 # for the shell inside
		exec nsenter -t "$WORLD_PID" -m -n -p -C -- bash -c 'echo $$ >"$0"; exec "$@"' \
			"$W/$name.pid" "$@"
	) >>"$W/log/$name" 2>&1 </dev/null 3>&- &
}

# world_signal SIGNAL NAME: to a daemon, and wait until it is gone.
world_signal() {
	local pid
	pid=$(cat "$W/$2.pid")
	world_run kill -"$1" "$pid"
	wait_until world_lacks "$pid"
}

world_lacks() {
	! world_run test -e "/proc/$1/exe"
}

world_end() {
	local i
	[ -n "${WORLD_KEEPER:-}" ] || return 0
	kill -KILL "$WORLD_KEEPER" 2>/dev/null || true
	wait "$WORLD_KEEPER" 2>/dev/null || true
	# the kernel takes a moment to end all that was in it
	for ((i = 0; i < 100; i++)); do
		find "$WORLD_CGROUP" -depth -type d -exec rmdir {} + 2>/dev/null || true
		[ -e "$WORLD_CGROUP" ] || break
		sleep 0.1
	done
	if [ -e "$WORLD_CGROUP" ] || grep -F -e "$W/" /proc/self/mountinfo; then
		echo "the world of the daemon left something behind: $WORLD_CGROUP or mounts below $W" >&2
		return 1
	fi
}

# --- what is left behind ---

# Everything in the world that a container may leave, one line each, without names that are different
# each time. Threads of the kernel and the daemons themselves have their place in `normal`.
world_inventory() {
	# shellcheck disable=SC2016 # for the shell inside
	world_run bash -c '
		for dir in /proc/[0-9]*; do
			[ -e "$dir/exe" ] || continue
			read -r name <"$dir/comm" || continue
			case $name in
			bash | sleep | find | sort) [ "$(readlink "$dir/ns/mnt")" != "$(readlink /proc/self/ns/mnt)" ] || continue ;;
			esac
			echo "process $name"
		done
		while read -r _ _ _ _ where _; do echo "mount $where"; done </proc/self/mountinfo
		for link in /sys/class/net/*; do echo "link ${link##*/}"; done
		find /sys/fs/cgroup -mindepth 1 -type d -printf "cgroup %p\n"
		find /run/ctr /run/containerd/runc /run/docker/runtime-* -mindepth 1 -not -path "*/.cache*" \
			-printf "state %p\n"
		find /run/containerd/io.containerd.runtime.v2.task /run/docker/containerd/daemon/*v2.task \
			-mindepth 2 -printf "bundle %p\n"
	' 2>/dev/null | sort
}

# After the daemon has done everything once that stays: this is what every test must leave.
world_is_normal() {
	world_inventory >"$W/normal"
}

# The daemons clean up behind their answers.
client_leaks() {
	local end=$((SECONDS + patience / 2))
	while :; do
		world_inventory >"$W/now"
		cmp -s "$W/normal" "$W/now" && return 0
		[ "$SECONDS" -lt "$end" ] || break
		sleep 0.1
	done
	echo 'left behind (>), or missing (<):'
	diff "$W/normal" "$W/now" | grep '^[<>]'
	return 1
}

# --- tests ---

client_setup() {
	tag=t${BATS_TEST_NUMBER}z
	T=$BATS_TEST_TMPDIR
	status='' output='' stderr='' said=''
}

client_teardown() {
	[ -n "${tag:-}" ] || return 0
	[ -n "${BATS_TEST_COMPLETED:-}" ] || report
	client_leaks
}

# [OPTION...] -- PROGRAM...: the options are in $given, the program is in $program.
split_words() {
	given=()
	while [ "$1" != -- ]; do
		given+=("$1")
		shift
	done
	shift
	program=("$@")
}

# The program ended with this code.
code() {
	[ "$status" -eq "$1" ] && return 0
	printf 'exit code %s, expected %s\n%s\n%s\n' "$status" "$1" "$output" "$stderr"
	return 1
}

# Each of these is in the message on stderr.
says() {
	local text
	for text in "$@"; do
		[[ $stderr == *"$text"* ]] && continue
		printf "not in the message: '%s'\n%s\n" "$text" "$stderr"
		return 1
	done
}

# The controllers that the daemon can use.
have_controller() {
	grep -qw "$1" "$WORLD_CGROUP/cgroup.controllers"
}
