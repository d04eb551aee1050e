# SPDX-License-Identifier: GPL-2.0-or-later
# ctr update: with the few controllers that this host may have on v2. tests/vm/update.bats has the rest.

load lib
setup() {
	ctr_setup
	v2=$(while read -r _ mount type _; do [ "$type" = cgroup2 ] && echo "$mount" && break; done </proc/self/mounts)
	cg=$v2/ctr/$tag
}
teardown() { ctr_teardown; }

# What later commands go by.
kept() {
	jq -c "$1" "$root/$tag/config.json"
}

# update from a document
update_json() {
	printf '%s' "$1" >"$T/resources.json"
	ctr update -r "$T/resources.json" "$tag"
}

need_hugetlb() {
	grep -qw hugetlb "$v2/cgroup.controllers" || need 'the hugetlb controller on v2'
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || need 'huge pages of 2 MiB'
}

@test "update: hugepageLimits, also when the container had none" {
	need_hugetlb
	start_payload sleep
	update_json '{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}'
	is ''
	same 4194304 "$(cat "$cg/hugetlb.2MB.max")"
	same 4194304 "$(cat "$cg/hugetlb.2MB.rsvd.max")"
	update_json '{"hugepageLimits": [{"pageSize": "1GB", "limit": 0}]}'
	is ''
	same '[{"pageSize":"2MB","limit":4194304},{"pageSize":"1GB","limit":0}]' \
		"$(kept .linux.resources.hugepageLimits)"
	same 4194304 "$(cat "$cg/hugetlb.2MB.max")"
	delete_ctr
}

@test "update: unified, by document and by option" {
	start_payload sleep
	update_json '{"unified": {"cgroup.max.depth": "7"}}'
	is ''
	same 7 "$(cat "$cg/cgroup.max.depth")"
	ctr update --unified cgroup.max.descendants=5 --unified cgroup.max.depth=8 "$tag"
	is ''
	same 8 "$(cat "$cg/cgroup.max.depth")"
	same 5 "$(cat "$cg/cgroup.max.descendants")"
	same '{"cgroup.max.depth":"8","cgroup.max.descendants":"5"}' "$(kept .linux.resources.unified)"
	delete_ctr
}

@test "update: the document from the standard input, options on top of it" {
	start_payload sleep
	printf '{"unified": {"cgroup.max.depth": "7", "cgroup.max.descendants": "6"}}' >"$T/in"
	"$CTR" --root "$root" update --resources - --unified cgroup.max.depth=9 "$tag" <"$T/in"
	same '9 6' "$(cat "$cg/cgroup.max.depth") $(cat "$cg/cgroup.max.descendants")"
	delete_ctr
}

@test "update: a value that is refused changes nothing" {
	config '.linux.resources.unified = {"cgroup.max.depth": "7"}'
	start_payload sleep
	before=$(kept .)
	echo 11 >"$cg/cgroup.max.depth"
	ctr update --unified cgroup.max.depth=9 --unified cgroup.max.descendants=many "$tag"
	fails "update $tag: write 'many' to 'cgroup.max.descendants' of cgroup '/ctr/$tag'" \
		'/linux/resources/unified/cgroup.max.descendants'
	# what the file held, not what config.json said
	same 11 "$(cat "$cg/cgroup.max.depth")"
	same "$before" "$(kept .)"
	[ ! -e "$root/$tag/config.json.new" ]
	delete_ctr
}

@test "update: what is named is written although config.json has that value already" {
	config '.linux.resources.unified = {"cgroup.max.depth": "7", "cgroup.max.descendants": "7"}'
	start_payload sleep
	echo 20 | tee "$cg/cgroup.max.depth" >"$cg/cgroup.max.descendants"
	ctr update --unified cgroup.max.depth=7 "$tag"
	is ''
	same '7 20' "$(cat "$cg/cgroup.max.depth") $(cat "$cg/cgroup.max.descendants")"
	delete_ctr
}

@test "update: device rules are replaced in one step" {
	[ -r /dev/kmsg ] || need '/dev/kmsg'
	bare_mounts
	capability CAP_SYSLOG
	config '.linux.resources.devices = [{"allow": false, "access": "rwm"}]' \
		'.linux.devices = [{"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11, "fileMode": 438}]'
	start_payload sleep
	ctr exec "$tag" payload open /dev/kmsg
	has EPERM
	update_json '{"devices": [{"allow": false}, {"allow": true, "type": "c", "major": 1, "minor": 11, "access": "rw"}]}'
	is ''
	ctr exec "$tag" payload open /dev/kmsg
	has_not EPERM
	# an empty list is none; a list that says the same is no change
	update_json '{"devices": []}'
	is ''
	ctr exec "$tag" payload open /dev/kmsg
	has_not EPERM
	update_json '{"devices": [{"allow": false}]}'
	is ''
	ctr exec "$tag" payload open /dev/kmsg
	has EPERM
	delete_ctr
}

@test "update: a refused update leaves the device rules alone" {
	[ -r /dev/kmsg ] || need '/dev/kmsg'
	bare_mounts
	capability CAP_SYSLOG
	config '.linux.resources.devices = [{"allow": false, "access": "rwm"}]' \
		'.linux.devices = [{"path": "/dev/kmsg", "type": "c", "major": 1, "minor": 11, "fileMode": 438}]'
	start_payload sleep
	update_json '{"devices": [{"allow": true}], "unified": {"cgroup.max.depth": "deep"}}'
	fails 'cgroup.max.depth'
	ctr exec "$tag" payload open /dev/kmsg
	has EPERM
	delete_ctr
}

@test "update: created and paused containers; not stopped ones" {
	args payload sleep
	write_config
	ctr create -b "$bundle" "$tag"
	ok
	ctr update --unified cgroup.max.depth=4 "$tag"
	is ''
	ctr start "$tag"
	ok
	ctr pause "$tag"
	ok
	ctr update --unified cgroup.max.depth=5 "$tag"
	is ''
	same paused "$(state_of)"
	same 5 "$(cat "$cg/cgroup.max.depth")"
	ctr kill "$tag" KILL
	wait_until is_stopped
	ctr update --unified cgroup.max.depth=6 "$tag"
	fails "update $tag: container not running: stopped"
	delete_ctr
	ctr update --unified cgroup.max.depth=6 "$tag"
	fails 'does not exist'
}

@test "update: a controller that v2 does not have on this host" {
	grep -qw memory "$v2/cgroup.controllers" && need 'a host whose memory controller is not on v2'
	start_payload sleep
	ctr update --memory 1g "$tag"
	fails "cgroup controller 'memory' is bound to cgroup v1" '/linux/resources/memory/limit' 'cgroup_no_v1'
	ctr update --cpu-share 512 "$tag"
	fails "'cpu' is bound" '/linux/resources/cpu/shares'
	ctr update --pids-limit 5 "$tag"
	fails "'pids' is bound" '/linux/resources/pids/limit'
	same null "$(kept .linux.resources.memory)"
	delete_ctr
}

@test "update: without a cgroup" {
	args payload sleep
	config 'del(.linux.resources)'
	write_config
	"$CTR" --root "$root" --cgroup-manager disabled run -d -b "$bundle" "$tag"
	ctr update --unified cgroup.max.depth=5 "$tag"
	fails 'a container without a cgroup'
	ctr events --stats "$tag"
	fails 'has no cgroup'
	delete_ctr
}

@test "update: what cannot be meant is refused before anything is touched" {
	start_payload sleep
	ctr update "$tag"
	fails "update $tag: nothing to change" '--resources'
	ctr update --memory 12x "$tag"
	fails "option --memory: '12x' is not a size" 'k, m or g'
	ctr update --memory 0 "$tag"
	fails 'option --memory: 0 would change nothing'
	ctr update --pids-limit many "$tag"
	fails "option --pids-limit: 'many' is not a number"
	ctr update --cpuset-cpus '' "$tag"
	fails 'option --cpuset-cpus: the list is empty'
	ctr update --unified memory.high "$tag"
	fails "--unified 'memory.high' is not FILE=VALUE"
	ctr update --unified ../x=1 "$tag"
	fails "'../x' is not a file of a cgroup controller"
	ctr update --blkio-weight 5 "$tag"
	fails 'blockIO/weight'
	ctr update --cpu-idle 2 "$tag"
	fails 'cpu/idle'
	ctr update --memory-swap 1m "$tag"
	fails 'memory/swap'
	ctr update --cpu-rt-runtime 5 "$tag"
	fails 'cgroup v1 feature' 'realtimeRuntime'
	ctr update --l3-cache-schema 'L3:0=f' "$tag"
	fails 'the container has no intelRdt to update' 'linux.intelRdt'
	ctr update --mem-bw-schema 'MB:0=50' "$tag"
	fails 'the container has no intelRdt to update'
	ctr update -r "$T/missing" "$tag"
	fails "read the resources from '$T/missing'" 'no such file or directory'
	update_json '{"memory": {"limit": "1g"}}'
	fails "($T/resources.json /memory/limit)"
	update_json '{'
	fails "($T/resources.json"
	echo '{"pids": {"limit": true}}' >"$T/in"
	# shellcheck disable=SC2016 # for the shell inside
	capture sh -c '"$@" <"$0"' "$T/in" "$CTR" --root "$root" update -r - "$tag"
	fails '(the standard input /pids/limit)'
	delete_ctr
}

@test "update: --kernel-memory is a warning" {
	start_payload sleep
	ctr update --kernel-memory 1m --kernel-memory-tcp 1m "$tag"
	same 0 "$status"
	same 'ctr: warning: kernel memory has no limit of its own in cgroup v2: --kernel-memory is ignored' "$stderr"
	delete_ctr
}
