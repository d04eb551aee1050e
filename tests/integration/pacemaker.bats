#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# contrib/pacemaker/ctr, called as a cluster manager calls it: two nodes are two state roots of this host.

load lib
load life
load migrate
load standby

setup() {
	standby_setup
	write_config
	export HA_RSCTMP=$T/rsctmp OCF_ROOT=$T/none
	export OCF_RESKEY_binary=$CTR OCF_RESKEY_bundle=$bundle OCF_RESKEY_interval=100ms
}

teardown() {
	agent_here stop
	standby_teardown
}

agent() {
	capture "${CTR_SRCDIR:?}/contrib/pacemaker/ctr" "$@"
}

agent_here() {
	OCF_RESKEY_id=$tag OCF_RESKEY_global_options="--root $root --data-root $dataa --criu $T/a/criu" agent "$@"
}

agent_there() {
	OCF_RESKEY_id=$there OCF_RESKEY_global_options="--root $rootb --data-root $datab --criu $T/b/criu" agent "$@"
}

@test "the metadata is XML, and has every parameter that the agent reads" {
	agent meta-data
	[ "$status" -eq 0 ]
	python3 - "$T/stdout" "$CTR_SRCDIR/contrib/pacemaker/ctr" <<'END'
import re, sys
import xml.etree.ElementTree as xml
root = xml.parse(sys.argv[1]).getroot()
assert root.tag == "resource-agent", root.tag
named = {p.get("name") for p in root.find("parameters")}
read = set(re.findall(r"OCF_RESKEY_(\w+)", open(sys.argv[2]).read()))
assert named == read, named ^ read
actions = {a.get("name") for a in root.find("actions")}
assert actions == {"start", "stop", "monitor", "meta-data", "validate-all"}, actions
assert all(a.get("timeout") for a in root.find("actions"))
END
}

@test "an agent that cannot do anything says so" {
	OCF_RESKEY_id='' agent monitor
	[ "$status" -eq 6 ]
	OCF_RESKEY_id=$tag OCF_RESKEY_bundle=/none agent start
	[ "$status" -eq 5 ]
	[[ "$stderr" == *"there is no bundle '/none' here"* ]]
	OCF_RESKEY_id=$tag OCF_RESKEY_binary=/none agent start
	[ "$status" -eq 5 ]
	agent_here frobnicate
	[ "$status" -eq 3 ]
	OCF_RESKEY_afresh=false agent_here start
	[ "$status" -eq 1 ]
	[[ "$stderr" == *"there is no generation of '$tag' here"* ]]
	agent_here validate-all
	[ "$status" -eq 0 ]
}

@test "start, monitor and stop, and each of them again" {
	agent_here monitor
	[ "$status" -eq 7 ]
	for _ in 1 2; do
		agent_here start
		[ "$status" -eq 0 ]
		agent_here monitor
		[ "$status" -eq 0 ]
	done
	for _ in 1 2; do
		agent_here stop
		[ "$status" -eq 0 ]
		agent_here monitor
		[ "$status" -eq 7 ]
	done
}

@test "a container goes on at the other node, where it was" {
	receive=$T/receive
	# ids differ, as both nodes are this host
	printf '#!/bin/sh\nexec %s\n' "$(receive_command)" >"$receive"
	cat >"$T/ctr" <<END
#!/bin/sh
for a; do
	shift
	set -- "\$@" "\$a"
	[ "\$a" != replicate ] || set -- "\$@" --as $there
done
exec $CTR "\$@"
END
	chmod +x "$receive" "$T/ctr"
	export OCF_RESKEY_binary=$T/ctr OCF_RESKEY_peer="exec:$receive"
	agent_here start
	[ "$status" -eq 0 ]
	wait_until has_generations 2
	agent_here stop
	[ "$status" -eq 0 ]
	unset OCF_RESKEY_peer
	agent_there start
	printf '%s\n%s\n' "$output" "$stderr"
	[ "$status" -eq 0 ]
	agent_there monitor
	[ "$status" -eq 0 ]
	still_counts_in "$datab" "$there"
	contiguous "$datab" "$there"
	# ended there, it is started again on what it has written, not from a generation
	kill_there
	wait_until stopped_there
	agent_there monitor
	[ "$status" -eq 7 ]
	agent_there start
	[ "$status" -eq 0 ]
	[ "$(status_of "$rootb" "$there")" = running ]
	agent_there stop
	[ "$status" -eq 0 ]
}

kill_there() {
	"$CTR" --root "$rootb" kill "$there" KILL
}

stopped_there() {
	[ "$(status_of "$rootb" "$there")" = stopped ]
}
