# SPDX-License-Identifier: GPL-2.0-or-later
# linux.intelRdt: refused where there is no resctrl; and what create, exec and delete do, with a directory
# that a library makes ctr take for resctrl (resctrl-shim.c). No real resctrl: it needs such a CPU.

load lib
load life

setup_file() {
	cc -shared -fPIC -O1 -o "$BATS_FILE_TMPDIR/shim.so" "$BATS_TEST_DIRNAME/resctrl-shim.c" || true
}

setup() {
	ctr_setup
	shim=$BATS_FILE_TMPDIR/shim.so
	tree=$T/resctrl
	mkdir -p "$tree/info" "$tree/mon_groups"
	printf 'L3:0=fffff;1=fffff\n' >"$tree/schemata"
	echo ok >"$tree/info/last_cmd_status"
	: >"$tree/tasks"
	cat >"$T/with-tree" <<-'END'
		mkdir -p "$1/cgroup" || exit 99
		mount --rbind /sys/fs/cgroup "$1/cgroup" && mount -t tmpfs tmpfs /sys/fs || exit 99
		mkdir /sys/fs/cgroup /sys/fs/resctrl
		mount --rbind "$1/cgroup" /sys/fs/cgroup || exit 99
		case $2 in
		tree) mount --bind "$1/resctrl" /sys/fs/resctrl || exit 99 ;;
		tmpfs) mount -t tmpfs tmpfs /sys/fs/resctrl || exit 99 ;;
		esac
		shift 2
		exec "$@"
	END
}

teardown() { ctr_teardown; }

# seeing tree|tmpfs|none COMMAND...: ctr where /sys/fs/resctrl is this
seeing() {
	local what=$1
	shift
	capture unshare -m --propagation private sh "$T/with-tree" "$T" "$what" "$@"
}

# The same with a library that makes the tree a resctrl.
rdt() {
	[ -e "$shim" ] || need 'a C compiler for the shim'
	seeing tree env LD_PRELOAD="$shim" "$(whole_ctr)" --root "$root" "$@"
}

rdt_start() {
	write_config
	rdt run -d --pid-file "$T/pid" -b "$bundle" "$tag"
	pid=$(cat "$T/pid" 2>/dev/null) || pid=''
}

groups() {
	find "$tree" -mindepth 1 -maxdepth 1 -type d ! -name info ! -name mon_groups -printf '%f\n' | sort | xargs
}

intel_rdt() {
	config ".linux.intelRdt = $1"
	args payload sleep
}

@test "resctrl: without one an intelRdt is refused, before anything is made" {
	intel_rdt '{"closID": "gold"}'
	for where in none tmpfs; do
		write_config
		seeing "$where" "$CTR" --root "$root" run -b "$bundle" "$tag"
		fails 'linux.intelRdt: resctrl is not mounted on this host' '(config.json /linux/intelRdt)' \
			'mount -t resctrl'
		[ ! -e "$root/$tag" ]
	done
}

@test "resctrl: nothing is touched for a container without intelRdt" {
	start_payload sleep
	capture strace -f -qq -e trace=open,openat,openat2,mkdirat,statfs -o "$T/trace" \
		"$CTR" --root "$root" exec "$tag" payload exit 0
	ok
	capture strace -f -qq -e trace=open,openat,openat2,mkdirat,statfs -o "$T/trace2" \
		"$CTR" --root "$root" delete -f "$tag"
	ok
	[ -s "$T/trace" ]
	refute grep -i -e resctrl -e schemata "$T/trace" "$T/trace2"
}

@test "resctrl: bad names and schemata are errors of the config" {
	intel_rdt '{"closID": "a/b"}'
	run_bundle
	fails 'is not the name of a directory' '/linux/intelRdt/closID'
	intel_rdt '{"closID": ".."}'
	run_bundle
	fails '/linux/intelRdt/closID'
	intel_rdt '{"memBwSchema": "L3:0=f"}'
	run_bundle
	fails "must begin with 'MB:'" '/linux/intelRdt/memBwSchema'
	intel_rdt '{"l3CacheSchema": "L3:0=f\nL3:1=f"}'
	run_bundle
	fails '/linux/intelRdt/l3CacheSchema'
}

@test "resctrl: a group of the container's own, with monitoring; exec joins it; delete removes it" {
	intel_rdt '{"l3CacheSchema": "L3:0=f", "memBwSchema": "MB:0=20", "enableMonitoring": true}'
	rdt_start
	ok
	same "$tag" "$(groups)"
	same $'L3:0=f\nMB:0=20' "$(cat "$tree/$tag/schemata")"
	same "$pid" "$(cat "$tree/$tag/tasks")"
	same "$pid" "$(cat "$tree/$tag/mon_groups/$tag/tasks")"
	jq -e --arg id "$tag" '.resctrl == {"group": $id, "monitor": $id, "made": 3}' "$root/$tag/state.json"
	rdt exec -d --pid-file "$T/exec-pid" "$tag" payload sleep
	ok
	# the file of the tree holds what was written last; a pid may be shorter than the one before
	[[ $(cat "$tree/$tag/tasks") == "$(cat "$T/exec-pid")"* ]]
	[[ $(cat "$tree/$tag/mon_groups/$tag/tasks") == "$(cat "$T/exec-pid")"* ]]
	rdt delete -f "$tag"
	ok
	same '' "$(groups)"
}

@test "resctrl: a class with a name outlives the container" {
	intel_rdt '{"closID": "gold", "l3CacheSchema": "L3:0=f"}'
	rdt_start
	ok
	same 'L3:0=f' "$(cat "$tree/gold/schemata")"
	jq -e '.resctrl == {"group": "gold", "made": 0}' "$root/$tag/state.json"
	rdt delete -f "$tag"
	ok
	same gold "$(groups)"
	# the next one finds it; with other schemata it is refused, and nothing of it is left
	intel_rdt '{"closID": "gold", "l3CacheSchema": "L3:0=0f", "enableMonitoring": true}'
	rdt_start
	ok
	[ -d "$tree/gold/mon_groups/$tag" ]
	rdt delete -f "$tag"
	ok
	[ ! -e "$tree/gold/mon_groups/$tag" ]
	intel_rdt '{"closID": "gold", "l3CacheSchema": "L3:0=ff", "enableMonitoring": true}'
	rdt_start
	fails "the class of service 'gold' exists with other schemata than 'L3:0=ff'" '(config.json /linux/intelRdt)'
	[ ! -e "$tree/gold/mon_groups/$tag" ]
	[ ! -e "$root/$tag" ]
	intel_rdt '{"closID": "silver"}'
	rdt_start
	fails "there is no class of service 'silver' in resctrl" '(config.json /linux/intelRdt/closID)'
}

@test "resctrl: a create that fails leaves nothing" {
	for closid in '' '"closID": "gold", '; do
		intel_rdt "{$closid\"l3CacheSchema\": \"L3:0=f\", \"enableMonitoring\": true}"
		args nothing-like-this
		rdt_start
		fails 'executable file not found'
		same '' "$(groups)"
	done
	mkdir "$tree/$tag"
	intel_rdt '{}'
	rdt_start
	fails "resctrl has a directory '$tag' already"
	same "$tag" "$(groups)"
}

@test "resctrl: what a killed ctr left is removed by delete" {
	intel_rdt '{"enableMonitoring": true}'
	config '.root.readonly = false'
	hook createRuntime "kill -9 \$PPID"
	write_config
	rdt run -b "$bundle" "$tag"
	same 137 "$status"
	same "$tag" "$(groups)"
	rdt delete -f "$tag"
	ok
	same '' "$(groups)"
}

@test "resctrl: groups that are gone, and a resctrl that is unmounted, do not keep delete" {
	intel_rdt '{"enableMonitoring": true}'
	rdt_start
	ok
	rm -r "${tree:?}/$tag"
	rdt exec "$tag" payload exit 0
	same 255 "$status"
	[[ $stderr == *"put the process into the class of service '$tag': no such file or directory"* ]]
	rdt delete -f "$tag"
	ok
	rdt_start
	ok
	seeing none "$CTR" --root "$root" delete -f "$tag"
	ok
	[ ! -e "$root/$tag" ]
}

@test "resctrl: validate finds what create would not, and makes nothing" {
	intel_rdt '{"closID": "silver", "enableMonitoring": true}'
	write_config
	seeing none "$CTR" validate "$bundle"
	same 1 "$status"
	has 'error: /linux/intelRdt: linux.intelRdt: resctrl is not mounted on this host'
	rdt validate "$bundle"
	same 1 "$status"
	has "error: /linux/intelRdt/closID: there is no class of service 'silver' in resctrl"
	intel_rdt '{"closID": "silver", "memBwSchema": "MB:0=20"}'
	write_config
	rdt validate "$bundle"
	same 0 "$status"
	same '' "$(groups)"
	seeing none "$CTR" validate --config-only "$bundle"
	same 0 "$status"
}

@test "resctrl: update changes the schemata of the container's own group, and is remembered" {
	intel_rdt '{"l3CacheSchema": "L3:0=f;1=f"}'
	args payload sleep
	rdt_start
	ok
	rdt update --l3-cache-schema 'L3:0=3;1=3' "$tag"
	is ''
	same 'L3:0=3;1=3' "$(cat "$tree/$(groups)/schemata")"
	same '"L3:0=3;1=3"' "$(jq -c .linux.intelRdt.l3CacheSchema "$root/$tag/config.json")"
	# refused elsewhere: back to what it was
	rdt update --l3-cache-schema 'L3:0=1;1=1' --unified cgroup.max.depth=deep "$tag"
	fails 'cgroup.max.depth'
	same 'L3:0=3;1=3' "$(cat "$tree/$(groups)/schemata")"
	same '"L3:0=3;1=3"' "$(jq -c .linux.intelRdt.l3CacheSchema "$root/$tag/config.json")"
	rdt delete -f "$tag"
	ok
}
