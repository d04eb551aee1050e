# SPDX-License-Identifier: GPL-2.0-or-later
# Resource limits.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

@test "rlimits: that of the default config" {
	run_payload limits NOFILE
	is 'NOFILE 1024 1024'
}

@test "rlimits: all sixteen" {
	config '.process.rlimits = (["AS", "CORE", "CPU", "DATA", "FSIZE", "LOCKS", "MEMLOCK", "MSGQUEUE", "NICE",
		"NOFILE", "NPROC", "RSS", "RTPRIO", "RTTIME", "SIGPENDING", "STACK"] | to_entries
		| map({"type": "RLIMIT_\(.value)", "soft": .key, "hard": (.key + 1)}))'
	# limits that are too small to live with, and those that cannot be raised here
	config '.process.rlimits |= map(
		if (.type | test("AS$|DATA|FSIZE|STACK|MEMLOCK")) then .soft = 100000000 | .hard = 200000000
		elif (.type | test("CPU|NPROC|RTTIME")) then .soft = 1000 | .hard = 1100
		elif (.type | test("NICE|RTPRIO")) then .soft = 0 | .hard = 0 else . end)'
	config '.process.rlimits |= map(select(.type != "RLIMIT_MEMLOCK"))'
	run_payload limits AS CORE CPU DATA FSIZE LOCKS MSGQUEUE NICE NOFILE NPROC RSS RTPRIO RTTIME SIGPENDING STACK
	is 'AS 100000000 200000000
CORE 1 2
CPU 1000 1100
DATA 100000000 200000000
FSIZE 100000000 200000000
LOCKS 5 6
MSGQUEUE 7 8
NICE 0 0
NOFILE 9 10
NPROC 1000 1100
RSS 11 12
RTPRIO 0 0
RTTIME 1000 1100
SIGPENDING 14 15
STACK 100000000 200000000'
}

@test "rlimits: unlimited is the largest number" {
	config '.process.rlimits = [{"type": "RLIMIT_CPU", "soft": 18446744073709551615, "hard": 18446744073709551615}]'
	write_config
	# jq rounds large integers
	sed -i 's/18446744073709552000/18446744073709551615/g' "$bundle/config.json"
	jq '.process.args = ["payload", "limits", "CPU"]' "$bundle/config.json" |
		sed 's/18446744073709552000/18446744073709551615/g' >"$T/config"
	mv "$T/config" "$bundle/config.json"
	ctr run "$bundle"
	is 'CPU unlimited unlimited'
}

@test "rlimits: a limit too small for ctr itself is no trouble" {
	config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 3, "hard": 3},
		{"type": "RLIMIT_FSIZE", "soft": 4000, "hard": 4000}]'
	run_payload limits NOFILE FSIZE , fds
	same 0 "$status"
	has $'FSIZE 4000 4000\nNOFILE 3 3'
}

@test "rlimits: one that is too small for ctr-init is set by start" {
	config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 3, "hard": 4}]'
	args payload limits NOFILE
	write_config
	ctr create -b "$bundle" "$tag"
	ok
	same created "$(state_of)"
	"$CTR" --root "$root" create -b "$bundle" "$tag-2" >"$T/out" </dev/null
	ctr start "$tag-2"
	ok
	wait_until grep -q . "$T/out"
	same 'NOFILE 3 4' "$(cat "$T/out")"
	delete_ctr "$tag-2"
	delete_ctr
}

@test "rlimits: none: those of the caller" {
	config '.process.rlimits = []'
	args payload limits NOFILE CORE
	write_config
	capture bash -c 'ulimit -n 333; ulimit -c 0; exec "$@"' - "$CTR" --root "$root" run "$bundle"
	is $'CORE 0 0\nNOFILE 333 333'
}

@test "rlimits: for another user" {
	config '.process.user = {"uid": 1000, "gid": 1000}'
	run_payload limits NOFILE
	is 'NOFILE 1024 1024'
}

@test "rlimits: a hard limit above the caller's needs CAP_SYS_RESOURCE" {
	config '.process.rlimits = [{"type": "RLIMIT_NOFILE", "soft": 500, "hard": 500}]'
	args payload exit 0
	write_config
	capture setpriv --bounding-set -sys_resource bash -c 'ulimit -n 400; exec "$@"' - \
		"$CTR" --root "$root" run "$bundle"
	fails 'operation not permitted' '/process/rlimits/0' 'CAP_SYS_RESOURCE'
}

@test "rlimits: NPROC counts for the container's user" {
	config '.process.user = {"uid": 61234, "gid": 61234}' \
		'.process.rlimits = [{"type": "RLIMIT_NPROC", "soft": 3, "hard": 3}]' \
		'del(.process.capabilities)'
	# a shell and two more: the next fork fails
	run_sh 'for i in 1 2 3 4 5; do payload sleep 1 >/dev/null & done; wait'
	[[ $stderr == *"can't fork"* ]]
}
