# shellcheck shell=bash disable=SC2034,SC2154 # rootfs, tag, root, T: see lib.bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the tests of preflight: a container with a program that holds something, and what is said of it.
# After lib.bash; ctr_setup must have run.

preflight_dir=$(dirname "${BASH_SOURCE[0]}")

preflight_setup() {
	cp "${CTR_HELPERS:?}/holder" "$rootfs/bin/holder"
	config '.root.readonly = false' 'del(.linux.seccomp)' '.linux.maskedPaths = []' \
		'.process.capabilities[] = ["CAP_SYS_ADMIN", "CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_IPC_LOCK",
			"CAP_BPF", "CAP_PERFMON", "CAP_SYS_PTRACE", "CAP_KILL", "CAP_DAC_OVERRIDE",
			"CAP_SYS_RESOURCE"]'
	base_filter=$filter
}

# Start it with these words, and wait until it has what it wants: hold WORD...
# The container's descriptors 3 and following are the caller's, as many as $keep says.
hold() {
	find "$rootfs/tmp" -mindepth 1 -delete
	filter=$base_filter
	args holder "$@"
	write_config
	"$CTR" --root "$root" run -d ${keep:+--preserve-fds "$keep"} --pid-file "$T/pid" -b "$bundle" "$tag" \
		</dev/null >"$T/held" 2>&1
	wait_until grep -q . "$T/held"
	same ready "$(cat "$T/held")"
	pid=$(cat "$T/pid")
}

# The same with a socket of the host that listens for TCP as its descriptor 3.
hold_activated() {
	filter=$base_filter
	args holder file /tmp/x
	write_config
	python3 -c 'import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
os.dup2(s.fileno(), 3, inheritable=True)
os.execv(sys.argv[1], sys.argv[1:])' "$CTR" --root "$root" run -d --preserve-fds 1 -b "$bundle" "$tag" \
		</dev/null >"$T/held" 2>&1
	wait_until grep -q ready "$T/held"
}

dry_run() {
	ctr checkpoint --dry-run --format json "$@" "$tag"
	printf '%s' "$output" >"$T/found.json"
}

# The names of what was found, each once, "?" behind what is only possible; "-" for none.
found() {
	jq -r '[.findings[] | .what + (if .certain then "" else "?" end)] | unique | join(",")
		| if . == "" then "-" else . end' "$T/found.json"
}

# found_is NAMES: nothing else was, and the exit code says so.
found_is() {
	same "${1%!}" "$(found)"
	# without criu it is listed all the same, and said
	same '' "$(grep -v criu <<<"$stderr" || true)"
	if [ "$1" = - ] || [[ $1 == *'?' ]]; then
		same 0 "$status"
		same false "$(jq .blocked "$T/found.json")"
	else
		same 3 "$status"
		same true "$(jq .blocked "$T/found.json")"
	fi
}

server_files() {
	find "/proc/$server/fd" -mindepth 1 | wc -l
}

# It has taken a connection: until then nobody is at the other end.
has_accepted() {
	[ "$(server_files)" -gt "$served" ]
}

# A program outside, $1 of holder, which makes $T/out/s of the host, /out/s of the container: $server is its pid.
serve() {
	mkdir "$T/out"
	env -u CTR_TEST_TAG "$CTR_HELPERS/holder" "$1" "$T/out/s" >"$T/server" 3>&- &
	server=$!
	wait_until grep -q ready "$T/server"
	served=$(server_files)
	mount_entry /out bind "$T/out" bind
	base_filter=$filter
}

# Call `$1 WORDS FINDINGS ALLOWED` for each line of the group $2; those for the VM only with $3.
each_line() {
	local group where words findings allowed
	while read -r group where words findings allowed; do
		[ "$group" = "$2" ] || continue
		[ "$where" = any ] || [ -n "${3:-}" ] || continue
		printf '%s: %s %s\n' "$words" "$findings" "$allowed"
		"$1" "$words" "$findings" "$allowed" 3>&-
	done <"$preflight_dir/preflight.table"
}
