# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A limit is changed. If that fails, it is what it was, and the record says the same as the kernel.
if [ -e "$cgroup2/cgroup.controllers" ] && grep -qw pids "$cgroup2/cgroup.controllers"; then
	limit='{"pids": {"limit": %s}}' file=pids.max
	kept='.linux.resources.pids.limit'
else
	limit='{"hugepageLimits": [{"pageSize": "2MB", "limit": %s}]}' file=hugetlb.2MB.max
	kept='.linux.resources.hugepageLimits[0].limit'
fi
resources() {
	# shellcheck disable=SC2059 # the formats above
	printf "$limit" "$1"
}
prepare() { bundle ".linux.resources += $(resources 4194304)"; }
setup() {
	ctr run -d -b "$bundle" "$id" </dev/null
	resources 8388608 >"$dir/new"
	verb=(update -r "$dir/new" "$id")
}
holds() {
	local now said
	now=$(cat "$(cgroup_of)/$file")
	said=$(jq "$kept" "$root/$id/config.json")
	expect_status running
	case $how:$now:$said in
	done:8388608:8388608 | failed:4194304:4194304) ;;
	killed:4194304:* | killed:8388608:8388608) ;;
	*) complain "$how, and the limit is $now, recorded as $said" ;;
	esac
	# whatever became of it, the next one works
	ctr update -r "$dir/new" "$id" >"$dir/next" 2>&1 || complain "the next update fails: $(cat "$dir/next")"
	[ "$(cat "$(cgroup_of)/$file")" = 8388608 ] || complain 'the next update has no effect'
}
