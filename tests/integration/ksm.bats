# SPDX-License-Identifier: GPL-2.0-or-later
# --ksm: the kernel may merge equal pages of a container's programs. Whether it does is the host's decision
# (/sys/kernel/mm/ksm/run), which no test changes: PR_GET_MEMORY_MERGE and /proc/PID/ksm_stat tell that it may.

load lib
setup() {
	ctr_setup
	grep -qs ksm_merge_any /proc/self/ksm_stat || need 'a kernel whose /proc/PID/ksm_stat tells ksm_merge_any'
}
teardown() { ctr_teardown; }

merges() { # PID yes|no
	same "ksm_merge_any: $2" "$(grep ksm_merge_any "/proc/$1/ksm_stat")"
}

@test "ksm: the program, its children and exec's have it, others do not" {
	args sh -c 'payload sleep & wait'
	write_config
	ctr run -d --ksm --pid-file "$T/pid" -b "$bundle" "$tag"
	ok
	merges "$(cat "$T/pid")" yes
	wait_until children_of "$(cat "$T/pid")"
	merges "$child" yes
	ctr exec "$tag" busybox grep ksm_merge_any /proc/self/ksm_stat
	is 'ksm_merge_any: yes'
	ctr delete -f "$tag"
	args busybox grep ksm_merge_any /proc/self/ksm_stat
	write_config
	ctr run -b "$bundle" "$tag"
	is 'ksm_merge_any: no'
}
children_of() {
	read -r child _ <"/proc/$1/task/$1/children"
	[ -n "$child" ]
}

@test "ksm: create remembers it until start, and stats tells what it saves" {
	args payload sleep
	write_config
	ctr create --ksm --pid-file "$T/pid" -b "$bundle" "$tag"
	ok
	ctr start "$tag"
	ok
	merges "$(cat "$T/pid")" yes
	ctr stats --no-stream --format json "$tag"
	ok
	same 'number number' "$(jq -r '.[0].ksm | [(.mergingPages | type), (.profitBytes | type)] | join(" ")' <<<"$output")"
	ctr stats --no-stream "$tag"
	has SAVED
	ctr delete -f "$tag"
	ctr run -d -b "$bundle" "$tag"
	ok
	ctr stats --no-stream --format json "$tag"
	same null "$(jq -r '.[0].ksm' <<<"$output")"
	ctr delete -f "$tag"
	ok
}

@test "ksm: a program without the right to change it has it all the same" {
	config '.process.user = {uid: 1000, gid: 1000} | .process.capabilities = {} | .process.noNewPrivileges = true'
	args busybox grep ksm_merge_any /proc/self/ksm_stat
	write_config
	ctr run --ksm -b "$bundle" "$tag"
	is 'ksm_merge_any: yes'
}
