# shellcheck shell=bash disable=SC2034 # results are for the test files
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the bats files beside it that drive clients of ctr:
#
#	load lib
#	setup_file() { clients_begin podman; }    # programs that must be there
#	setup() { clients_setup; }
#	teardown() { clients_teardown; }
#	teardown_file() { clients_end; }
#
#	@test "..." {
#		podman run --rm --network none busy id -u
#		is 0
#	}
#
# All clients run in namespaces of their own (see enter), configured as doc/podman.md says, with the local
# image "busy" (busybox; nothing is pulled). After each call: $status, $output (stdout), $stderr. $W is
# the file's directory (short, for unix sockets), $T the test's. Every call has a time limit.
#
# From the environment: CTR (default build/ctr), CTR_TESTS_MUST_RUN, CTR_IN_VM.

lib_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CTR=$(realpath "${CTR:-$PWD/build/ctr}")
limit=60
[ "${CTR_IN_VM:-}" != 1 ] || limit=180

# Missing things are skips, unless the caller has said that every test must run.
need() {
	if [ "${CTR_TESTS_MUST_RUN:-}" = 1 ]; then
		printf 'must run, but this is missing: %s\n' "$1" >&2
		return 1
	fi
	skip "needs $1"
}

# The first thing that is missing. (bats knows no skip in setup_file: each test's setup does it.)
missing() {
	local program
	for program in "$@" busybox nsenter setpriv; do
		if ! type -P "$program" >/dev/null; then
			echo "$program"
			return
		fi
	done
	[ "$(id -u)" = 0 ] || echo "root's privileges"
	awk '$3 == "cgroup2" { found = 1 } END { exit !found }' /proc/self/mounts || echo 'a cgroup v2 tree'
}

# --- once per file ---

clients_begin() {
	[ -x "$CTR" ] || { echo "CTR must be the runtime under test, not '$CTR'" >&2; return 1; }
	CLIENTS_NEED=$(missing "$@")
	export CLIENTS_NEED
	[ -z "$CLIENTS_NEED" ] || return 0
	local base=${TMPDIR:-/tmp}
	# sockets' paths have at most 107 bytes, and clients add a lot
	[ "${#base}" -le 20 ] || base=/tmp
	W=$(mktemp -d "$base/ctrc.XXXXXX")
	export W
	mkdir "$W/home" "$W/tmp" "$W/t"
	setpriv --pdeathsig KILL "$lib_dir/enter" hold "$W" </dev/null >"$W/log" 2>&1 3>&- &
	echo "$!" >"$W/pid"
	local i
	for ((i = 0; i < 500; i++)); do
		[ ! -e "$W/holder" ] || break
		sleep 0.02
	done
	[ -e "$W/holder" ] || { cat "$W/log" >&2; return 1; }
	configure
	make_image
	client_leaks list >"$W/before"
}

# The configuration that the page tells, and what only these tests need: a place of their own, no
# limits, for their controllers are bound to v1 where these tests run on a hybrid host.
configure() {
	local etc=$W/etc/containers
	mkdir -p "$etc/containers.conf.d"
	# shellcheck disable=SC2016 # backticks of Markdown
	sed -n '/^```toml/,/^```$/p' "$lib_dir/../../doc/podman.md" |
		awk -v etc="$etc" '/^```/ { file = ""; next }
			/^# \/etc\/containers\// && file == "" { file = etc substr($2, 16) }
			{ print >file }'
	sed -i "s|/usr/local/bin/ctr|$CTR|" "$etc/containers.conf.d/50-ctr.conf"
	cat >"$etc/containers.conf.d/70-test.conf" <<-END
	[engine]
	infra_image = "localhost/infra"
	[network]
	network_backend = "netavark"
	END
	[ "${CTR_IN_VM:-}" = 1 ] || cat >"$etc/containers.conf.d/71-hybrid.conf" <<-END
	[containers]
	pids_limit = 0
	default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
	END
	cat >"$etc/storage.conf" <<-END
	[storage]
	driver = "vfs"
	graphroot = "$W/storage"
	runroot = "/run/containers/storage"
	END
}

make_image() {
	local root=$W/rootfs
	mkdir -p "$root"/{bin,dev,etc,proc,root,sys,tmp,run}
	cp "$(command -v busybox)" "$root/bin/busybox"
	chroot "$root" /bin/busybox --install -s /bin
	rm -f "$root/bin/init"
	chmod 1777 "$root/tmp"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'web:x:1000:1000:web:/tmp:/bin/sh' >"$root/etc/passwd"
	printf '%s\n' 'root:x:0:' 'web:x:1000:' >"$root/etc/group"
	printf '#!/bin/sh\n' >"$root/bin/not-executable"
	printf '#!/bin/sh\ntrap exit TERM INT\nwhile :; do sleep 1; done\n' >"$root/bin/forever"
	chmod 755 "$root/bin/forever"
	tar -C "$root" -cf "$W/busy.tar" .
	enter podman import -q -c 'ENV PATH=/bin' -c 'CMD ["sh"]' "$W/busy.tar" localhost/busy
	enter podman import -q -c 'ENV PATH=/bin' -c 'ENTRYPOINT ["/bin/forever"]' "$W/busy.tar" localhost/infra
}

clients_end() {
	local cgroup
	[ -n "${W:-}" ] || return 0
	cgroup=$(<"$W/cgroup")
	# the cgroup is ours alone, whatever is in it
	echo 1 >"$cgroup/cgroup.kill"
	wait 2>/dev/null
	find "$cgroup" -depth -type d -exec rmdir {} \; 2>/dev/null
	rm -rf "$W"
	[ ! -e "$cgroup" ]
}

# --- each test ---

clients_setup() {
	T=
	[ -z "$CLIENTS_NEED" ] || need "$CLIENTS_NEED"
	T=$W/t/$BATS_TEST_NUMBER
	mkdir "$T"
	status='' output='' stderr='' said=''
}

# First what the test should have removed itself is told, then podman's own containers go.
clients_teardown() {
	[ -n "${T:-}" ] || return 0
	[ -n "${BATS_TEST_COMPLETED:-}" ] || report
	if type -P podman >/dev/null; then
		remove_all enter pod || return 1
		remove_all enter container || return 1
	fi
	client_leaks check "$W/before"
}

# podman's "rm -f" of a running container races with the cleanup that conmon starts: with a user namespace
# one in four or so finds the container's shm still mounted, whichever the runtime (crun, runc and ctr alike).
# remove_all ENTER KIND: as whoever ENTER makes of it.
remove_all() {
	local i
	for ((i = 0; i < 5; i++)); do
		"$1" podman "$2" rm -f -t 0 -a >"$T/rm" 2>&1 && return 0
		grep -q 'device or resource busy' "$T/rm" || break
	done
	cat "$T/rm"
	return 1
}

client_leaks() {
	"$lib_dir/leaks" "$W" "$@"
}

# What bats shows of a failed test.
report() {
	printf 'last: %s\nstatus: %s\nstdout: %s\nstderr: %s\n' "$said" "$status" "$output" "$stderr"
}

# --- running ---

# Run a command where the clients live, bounded.
enter() {
	timeout -k 5 "$limit" "$lib_dir/enter" run "$W" "$@" 3>&-
}

capture() {
	said=$*
	status=0
	"$@" >"$T/stdout" 2>"$T/stderr" </dev/null || status=$?
	output=$(<"$T/stdout")
	stderr=$(<"$T/stderr")
}

client() {
	capture enter "$@"
}

podman() {
	client podman "$@"
}

# run [OPTION...] busy COMMAND: without what most tests do not need.
run() {
	podman run --rm --network none "$@"
}

# On a terminal: terminal [STEP...] -- COMMAND, see tests/integration/pty.
terminal() {
	local steps=()
	while [ "$1" != -- ]; do
		steps+=("$1")
		shift
	done
	shift
	capture timeout -k 5 "$limit" "$lib_dir/../integration/pty" "${steps[@]}" -- \
		"$lib_dir/enter" run "$W" "$@" 3>&-
}

# Wait until a command succeeds, ten seconds at most.
wait_until() {
	local i
	for ((i = 0; i < 100; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	printf 'never: %s\n' "$*" >&2
	return 1
}

# --- assertions ---

same() {
	[ "$1" = "$2" ] && return 0
	diff -u --label expected --label found <(printf '%s\n' "$1") <(printf '%s\n' "$2") || true
	return 1
}

ok() {
	same 0 "$status"
}

# The output as words with one space between them.
flat() {
	local words
	read -r -d '' -a words <<<"$output" || true
	printf '%s' "${words[*]}"
}

# The command succeeded and printed exactly this.
is() {
	ok
	same "$1" "$output"
}

# Each of these is part of the output, or of stderr.
has() {
	local text
	for text in "$@"; do
		[[ $output == *"$text"* ]] && continue
		printf "not in the output: '%s'\n" "$text"
		return 1
	done
}

says() {
	local text
	for text in "$@"; do
		[[ $stderr == *"$text"* ]] && continue
		printf "not on stderr: '%s'\n" "$text"
		return 1
	done
}

# fails CODE TEXT...: with this exit code and these texts on stderr.
fails() {
	same "$1" "$status"
	shift
	says "$@"
}
