# SPDX-License-Identifier: GPL-2.0-or-later
# The container's own cgroup: where it is, who makes and removes it, which limits work on this host.

load lib
setup() {
	ctr_setup
	v2=$(while read -r _ mount type _; do [ "$type" = cgroup2 ] && echo "$mount" && break; done </proc/self/mounts)
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
}
teardown() { ctr_teardown; }

cgroup_of() {
	sed -n 's/^0:://p' "/proc/$1/cgroup"
}

@test "cgroup: the default is /ctr/ID" {
	start_payload sleep
	same "/ctr/$tag" "$(cgroup_of "$pid")"
	same "$pid" "$(cat "$v2/ctr/$tag/cgroup.procs")"
	delete_ctr
	[ ! -e "$v2/ctr/$tag" ]
}

@test "cgroup: an absolute cgroupsPath" {
	config ".linux.cgroupsPath = \"/ctr/deep/er/$tag\""
	start_payload sleep
	same "/ctr/deep/er/$tag" "$(cgroup_of "$pid")"
	delete_ctr
	[ ! -e "$v2/ctr/deep/er/$tag" ]
	rmdir "$v2/ctr/deep/er" "$v2/ctr/deep" 2>/dev/null || true
}

@test "cgroup: a relative cgroupsPath is always at the same place" {
	config ".linux.cgroupsPath = \"$tag-rel\""
	start_payload sleep
	first=$(cgroup_of "$pid")
	[[ $first == *"$tag-rel" ]]
	delete_ctr
	start_payload sleep
	same "$first" "$(cgroup_of "$pid")"
	delete_ctr
}

@test "cgroup: a path that leads out, a path with strange parts" {
	config '.linux.cgroupsPath = "../../x"'
	run_bundle
	fails '/linux/cgroupsPath'
	config ".linux.cgroupsPath = \"/ctr/../../$tag\""
	run_bundle
	fails '/linux/cgroupsPath'
}

@test "cgroup: one that exists already and is empty is used, and stays" {
	mkdir -p "$v2/ctr/$tag-mine"
	config ".linux.cgroupsPath = \"/ctr/$tag-mine\""
	run_payload exit 0
	ok
	[ -d "$v2/ctr/$tag-mine" ]
	rmdir "$v2/ctr/$tag-mine"
}

@test "cgroup: one with processes in it is refused, and they live on" {
	mkdir -p "$v2/ctr/$tag-busy"
	env -u CTR_TEST_TAG sleep 100 &
	sleeper=$!
	echo "$sleeper" >"$v2/ctr/$tag-busy/cgroup.procs"
	config ".linux.cgroupsPath = \"/ctr/$tag-busy\""
	run_payload exit 0
	kill -0 "$sleeper"
	kill "$sleeper"
	wait "$sleeper" 2>/dev/null || true
	wait_until rmdir "$v2/ctr/$tag-busy"
	fails "/ctr/$tag-busy" 'has processes' 'choose another id or linux.cgroupsPath'
}

@test "cgroup: all of the container's processes are in it, and die with its first one" {
	args sh -c 'payload sleep & payload sleep & payload sleep & sleep 0.1; exit 3'
	run_bundle
	same 3 "$status"
	same '' "$stderr"
}

@test "cgroup: what the container made below its cgroup is removed with it" {
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	run_sh 'mkdir -p /sys/fs/cgroup/a/b /sys/fs/cgroup/c && echo made; exit 0'
	is made
}

@test "cgroup: cgroup.max limits and freezer work in there" {
	start_payload sleep
	echo 1 >"$v2/ctr/$tag/cgroup.freeze"
	wait_until grep -q 'frozen 1' "$v2/ctr/$tag/cgroup.events"
	same paused "$(state_of)"
	# a frozen container can be killed
	delete_ctr
}

@test "cgroup: ctr's own cgroup does not change" {
	run_sh 'exit 0'
	same "$own" "$(sed -n 's/^0:://p' /proc/self/cgroup)"
}

@test "cgroup: processes in the container cannot leave it" {
	config '.mounts |= map(if .destination == "/sys/fs/cgroup" then .options -= ["ro"] else . end)'
	run_sh 'ls /sys/fs/cgroup/.. | grep -c ctr; echo 1 2>/dev/null >/sys/fs/cgroup/../cgroup.procs || echo no'
	has_not 1
}

@test "cgroup: the cgroup mount is read-only by default" {
	run_payload mkdir /sys/fs/cgroup/x , write /sys/fs/cgroup/cgroup.procs 1
	same $'/sys/fs/cgroup/x: EROFS\n/sys/fs/cgroup/cgroup.procs: EROFS' "$output"
}

@test "cgroup: a limit of a controller that is bound to v1 names it and the way out" {
	grep -qw memory "$v2/cgroup.controllers" && need 'a host whose memory controller is not on v2'
	for pair in 'memory {"limit":67108864} limit' 'cpu {"shares":512} shares' 'pids {"limit":10} limit'; do
		read -r name value field <<<"$pair"
		filter='.process.terminal = false'
		config ".linux.resources.$name = $value"
		run_bundle
		fails "$name" "/linux/resources/$name/$field" 'cgroup_no_v1'
	done
}

@test "cgroup: unified: file names that lead elsewhere are refused" {
	for key in '../x' 'a/b' 'cgroup.procs' '.' ''; do
		config ".linux.resources.unified = {\"$key\": \"1\"}"
		run_bundle
		fails '/linux/resources/unified'
	done
}

@test "cgroup: unified: a file that there is" {
	config '.linux.resources.unified = {"cgroup.max.depth": "3", "cgroup.max.descendants": "5"}'
	run_payload read /sys/fs/cgroup/cgroup.max.depth /sys/fs/cgroup/cgroup.max.descendants
	if [ "$status" -ne 0 ]; then
		fails '/linux/resources/unified'
	else
		is $'3\n5'
	fi
}

@test "cgroup: hugetlb, whose controller is on v2 here" {
	grep -qw hugetlb "$v2/cgroup.controllers" || need 'the hugetlb controller on v2'
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || need 'huge pages of 2 MiB'
	config '.linux.resources.hugepageLimits = [{"pageSize": "2MB", "limit": 4194304}]'
	run_payload read /sys/fs/cgroup/hugetlb.2MB.max
	is 4194304
}

@test "cgroup: run.oci.delegate-cgroup: the program lives in a cgroup of its own below the container's" {
	config '.annotations."run.oci.delegate-cgroup" = "own"' \
		'.linux.resources.unified = {"cgroup.max.depth": "4"}'
	user_namespace
	args sh -c 'cat /proc/self/cgroup; exec payload sleep'
	start_bundle
	same "/ctr/$tag/own" "$(cgroup_of "$pid")"
	same '' "$(cat "$v2/ctr/$tag/cgroup.procs")"
	same 100000 "$(stat -c %u "$v2/ctr/$tag/own/cgroup.procs")"
	same 0 "$(stat -c %u "$v2/ctr/$tag/cgroup.procs")"
	# the root of its view is still the container's cgroup
	ctr exec "$tag" payload read /proc/1/cgroup
	has '0::/own'
	same "[$pid]" "$("$CTR" --root "$root" ps -f json "$tag")"
	ctr pause "$tag"
	ok
	ctr resume "$tag"
	ok
	delete_ctr
	[ ! -e "$v2/ctr/$tag" ]
}

@test "cgroup: run.oci.delegate-cgroup: names that are paths, files or nothing" {
	for name in ../x a/b . .. .x cgroup.procs 'a b' "$(printf '%065d' 0)"; do
		filter='.process.terminal = false'
		config ".annotations.\"run.oci.delegate-cgroup\" = \"$name\""
		run_bundle
		fails 'cannot be the name of a cgroup' '/annotations/run.oci.delegate-cgroup'
	done
	filter='.process.terminal = false'
	config '.annotations."run.oci.delegate-cgroup" = ""'
	run_payload exit 0
	ok
}

@test "cgroup: a limit below a cgroup that has processes of its own names controller and cgroup" {
	grep -qw hugetlb "$v2/cgroup.controllers" || need 'the hugetlb controller on v2'
	[ -d /sys/kernel/mm/hugepages/hugepages-2048kB ] || need 'huge pages of 2 MiB'
	mkdir -p "$v2/ctr/$tag-busy"
	env -u CTR_TEST_TAG sleep 100 &
	sleeper=$!
	echo "$sleeper" >"$v2/ctr/$tag-busy/cgroup.procs"
	config ".linux.cgroupsPath = \"/ctr/$tag-busy/leaf\"" \
		'.linux.resources.hugepageLimits = [{"pageSize": "2MB", "limit": 4194304}]'
	run_payload exit 0
	kill "$sleeper"
	wait "$sleeper" 2>/dev/null || true
	[ ! -e "$v2/ctr/$tag-busy/leaf" ]
	# and not the easy way out
	same domain "$(cat "$v2/ctr/$tag-busy/cgroup.type")"
	wait_until rmdir "$v2/ctr/$tag-busy"
	fails "enable controllers '+hugetlb' below cgroup '/ctr/$tag-busy', which has processes of its own: $sleeper (sleep, S, " \
		'move them into a cgroup below it, or give the container another linux.cgroupsPath'
}
