#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What survives a checkpoint: the tables of doc/checkpoint-workloads.md, row by row.

# bats file_tags=criu
load lib/bundle
load lib/criu
load lib/workload

tables=$BATS_TEST_DIRNAME/../../doc/checkpoint-workloads.md

setup() {
	work_setup
	# what some of them need to make their state, and the default of ctr does not have
	work_capabilities+=',"CAP_SYS_ADMIN","CAP_PERFMON","CAP_BPF","CAP_NET_ADMIN"'
	work_configure '.linux.devices = [{path: "/dev/net/tun", type: "c", major: 10, minor: 200}]' \
		'.linux.resources.devices = [{allow: true, access: "rwm"}]'
}

teardown() {
	work_teardown
}

# rows RESULT [OPTION]: the names with this result, and nothing or this option in the last column
rows() {
	awk -F ' *[|] *' -v result="$1" -v option="${2:+\`$2\`}" '$4 == result && $5 == option { print $2 }' "$tables"
}

# causes RESULT: "NAME CAUSE" of what has it
causes() {
	awk -F ' *[|] *' -v result="$1" '$4 == result { print $2, $5 }' "$tables"
}

# Each with its own container, whose state is made again.
fresh() {
	rm -rf "$work" "$images"
	mkdir "$work"
}

@test "every workload has a row, and every row a workload" {
	diff <("$CTR_HELPERS/workload" list | sort) \
		<(awk -F ' *[|] *' '$4 ~ /^(kept|refused|lost)$/ { print $2 }' "$tables" | sort)
}

# bats test_tags=core
@test "kept: all of them in one container, saved and restored twice" {
	mapfile -t names < <(rows kept)
	[ "${#names[@]}" -ge 50 ]
	work_bundle "${names[@]}"
	work_start
	work_save
	[ "$status" -eq 0 ]
	work_back
	rm -r "$images"
	work_save
	[ "$status" -eq 0 ]
	work_back
	work_check "${names[@]}"
}

@test "kept with an option: refused without it, and the option is named" {
	local option
	for option in --tcp-established --file-locks --link-remap; do
		fresh
		mapfile -t names < <(rows kept "$option")
		[ "${#names[@]}" -ge 1 ]
		work_bundle "${names[@]}"
		work_start
		work_save
		[ "$status" -eq 3 ]
		[[ $output == *"$option"* ]]
		work_save "$option"
		[ "$status" -eq 0 ]
		[ "$option" = --link-remap ] && option=
		work_back $option
		work_check "${names[@]}"
		"$CTR" delete -f "$id"
	done
}

@test "refused: by what is in the table, and it runs on" {
	local name cause
	while read -r name cause; do
		fresh
		echo "--- $name: $cause"
		work_bundle "$name"
		work_start
		work_save
		[ "$status" -eq 3 ] || [ "$status" -eq 5 ]
		[[ $output == *"$cause"* ]]
		work_check "$name"
		"$CTR" delete -f "$id"
	done < <(causes refused)
}

@test "what criu saves, and no restore takes: refused by both" {
	work_bundle inner-mountns
	work_start
	work_save --no-preflight
	[ "$status" -eq 0 ]
	run work_back
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *'which would come from the host'* ]]
}

# What --dry-run should say of those that are lost, on any kernel: the words in parentheses.
lost_words() {
	causes lost | sed -n 's/.*(`\([a-z-]*\)`).*/\1/p' | sort -u
}

@test "lost: criu says nothing, and they are not what they were; --dry-run tells of some" {
	mapfile -t names < <(causes lost | cut -d ' ' -f 1)
	work_bundle "${names[@]}"
	work_start
	run "$CTR" checkpoint --dry-run --format json "$id"
	[ "$status" -eq 0 ]
	diff <(lost_words) <(jq -r '.findings[].what | select(. != "eventfd-semaphore")' <<<"$output" | sort -u)
	work_save
	[ "$status" -eq 0 ]
	work_back
	: >"$work/go"
	work_wait "$work/results" 60
	cat "$work/results"
	[ "$(grep -c ' failed: after: ' "$work/results")" -eq "${#names[@]}" ]
}
