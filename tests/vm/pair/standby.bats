#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A standby on another host, with the real criu: the container goes on there from the newest generation that came
# complete, and what comes back of the first host runs no more. tests/integration/standby-faults.bats has the many points at
# which it can be disturbed.

# bats file_tags=criu
load ../lib/criu
load ../lib/pair

box_dir=/tmp/standby
link=10.99.1

setup_file() {
	pair_begin
	on_a "modprobe -a ${criu_modules//[$'\n\t']/ } sch_tbf; ip address add $link.1/24 dev link1"
	on_b "modprobe -a ${criu_modules//[$'\n\t']/ }; ip address add $link.2/24 dev link1"
	served "$link.2"
}

teardown_file() {
	tc qdisc delete dev link1 root 2>/dev/null || true
	on_b 'ip link set link1 up; ip address flush dev link1'
	ip address flush dev link1
}

setup() {
	need_criu
	ctr="$CTR --root $box_dir/state --data-root $box_dir/data"
	bundle=$BATS_TEST_TMPDIR/box
	replicator=
	mkdir -p "$box_dir"
	on_b "mkdir -p $box_dir"
	make_bundle
}

teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || report
	stop_replicating
	on_b "ip link set link1 up; $ctr delete -f box; $ctr failover --forget box; rm -rf $box_dir"
	on_a "$ctr delete -f box; rm -rf $box_dir"
}

report() {
	echo '--- replicate said:'
	cat "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/err"
	echo '--- here, and there:'
	on_a "$ctr list; $ctr replicate --status box; find $box_dir/data/.replicate -maxdepth 2"
	on_b "$ctr list; $ctr failover --list box; find $box_dir/data/.standby -maxdepth 2"
	grep -h -e Error -e Warn "$box_dir"/data/.replicate/box/work/*.log | tail -n 10
}

# What it counts is in its memory, with a megabyte that does not change; each step is in a file. "big" is a file of which
# somebody changes a byte. It makes no processes: each would have the megabyte, too, until it is another program.
make_bundle() {
	mkdir -p "$bundle"/rootfs/{bin,proc,dev,sys,tmp}
	cp /bin/busybox "$bundle/rootfs/bin/"
	ln -s busybox "$bundle/rootfs/bin/sh"
	"$CTR" spec -b "$bundle"
	jq --arg program 'exec </dev/null >/dev/null 2>&1
		x=$(busybox head -c 1000000 /dev/zero | busybox tr "\0" y); i=0
		busybox head -c 1000000 /dev/zero | busybox tr "\0" z >/big
		busybox mkfifo /never
		while :; do i=$((i+1)); echo $i >>/n; read -t 0.1 y <>/never; done' \
		'.process.terminal = false | .root.readonly = false | .process.args = ["/bin/sh", "-c", $program]' \
		"$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
}

box_start() {
	on_a "$ctr run -d --overlay -b $bundle box >/dev/null 2>&1"
	within 60 counts_on on_a 0
}

# count_on SIDE
count_on() {
	"$1" "cat $box_dir/data/box/layers/*/fs/n 2>/dev/null | wc -l"
}

# counts_on SIDE N: more than that.
counts_on() {
	[ "$(count_on "$1")" -gt "$2" ]
}

goes_on() {
	within 60 counts_on "$1" "$(($(count_on "$1") + 2))"
}

# Files and memory are of one moment: no number is missing, none is there twice.
contiguous_on() {
	"$1" "cat $box_dir/data/box/layers/*/fs/n" | awk '$1 != NR { print "line " NR " is " $1; exit 1 }'
}

status_on() {
	"$1" "$ctr state box 2>/dev/null" | jq -r .status
}

# --- replicating ---

# start_replicating DEST...
start_replicating() {
	$ctr replicate --interval 500ms --keep 3 --format json box "$@" \
		</dev/null >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" 3>&- &
	replicator=$!
}

stop_replicating() {
	[ -n "$replicator" ] || return 0
	kill "$replicator" 2>/dev/null || true
	wait "$replicator" || true
	replicator=
}

ended() {
	! kill -0 "$replicator" 2>/dev/null
}

# events NAME [FILTER]: its lines as an array.
events() {
	jq -s -c "map(select(.event == \"$1\")) | ${2:-.}" "$BATS_TEST_TMPDIR/out"
}

# There are N of that event; or no more will come.
has_events() {
	[ "$(events "$1" length)" -ge "$2" ] || ended
}

wait_for() { # EVENT N
	within 180 has_events "$1" "$2"
	[ "$(events "$1" length)" -ge "$2" ]
}

# usable FILTER: of the numbers of what can be started on b: max, length.
usable() {
	on_b "$ctr failover --list --format json box" | jq "[.[0].generations[] | select(.usable) | .generation] | $1"
}

take_over() {
	run on_b "$ctr failover box"
	echo "$output"
	[ "$status" -eq 0 ]
	from=$(sed -n 's/.* from generation \([0-9]*\) of .*/\1/p' <<<"$output")
	[ "$(status_on on_b)" = running ]
	goes_on on_b
	contiguous_on on_b
}

# Nobody lets it go on here.
fenced_here() {
	local before
	[ "$(status_on on_a)" = paused ]
	before=$(count_on on_a)
	run on_a "$ctr resume box"
	echo "$output"
	[ "$status" -ne 0 ]
	[[ $output == *"container 'box' is fenced: "*" has taken over"* ]]
	run on_a "$ctr start box"
	echo "$output"
	[ "$status" -ne 0 ]
	run on_a "$ctr exec box /bin/busybox true"
	echo "$output"
	[ "$status" -ne 0 ]
	goes_on on_b
	[ "$(count_on on_a)" -eq "$before" ]
}

change_big() {
	on_a "printf X | dd of=/proc/$(on_a "$ctr state box" | jq .pid)/root/big bs=1 seek=500000 conv=notrunc"
}

@test "by ssh: the host dies, and the container goes on at the other; what comes back there is fenced" {
	local count
	box_start
	start_replicating ssh://b --remote-ctr "$ctr"
	wait_for generation 2
	count=$(count_on on_a)
	change_big
	wait_for generation 5
	events generation
	# what comes after the first is what has changed: a few pages, one block of 64 KiB
	[ "$(events generation '.[0] | .memoryBytes > 1000000 and .fileBytes >= 1000000')" = true ]
	[ "$(events generation '.[1:] | map(.memoryBytes < 300000 and .fileBytes < 100000 and .sentBytes < 350000) | all')" = true ]
	[ "$(events generation '.[1:] | map(.fileBytes) | max > 60000')" = true ]
	kill -9 "$replicator"
	wait "$replicator" || true
	replicator=
	on_a "$ctr kill box KILL; $ctr delete -f box"
	take_over
	[ "$from" -ge 5 ]
	[ "$(count_on on_b)" -gt "$count" ]
	# after the host has come back somebody starts it there
	box_start
	run on_a "$ctr replicate --remote-ctr '$ctr' box ssh://b"
	echo "$output"
	[ "$status" -eq 9 ]
	[[ $output == *"container 'box' was taken over by "* ]]
	fenced_here
}

# --- the link ---

over_link1() {
	echo "exec:$CTR_REMOTE pipe $link.2 7 $ctr receive"
}

# As soon as half of a generation is there.
cut_within_a_generation() {
	on_b "for i in {1..3000}; do
		for j in $box_dir/data/.standby/box/incoming-*/memory/images/pages-*; do
			[ ! -s \$j ] || { ip link set link1 down; exit 0; }
		done
		sleep 0.01
	done
	exit 1"
}

@test "the link goes down within a generation: that one is never started, and when it is up again one of the two stands" {
	local newest code=0
	box_start
	start_replicating "$(over_link1)" --timeout 2s
	wait_for generation 2
	tc qdisc add dev link1 root tbf rate 100kbit burst 4kb limit 200kb
	cut_within_a_generation
	newest=$(usable max)
	wait_for retry 1
	goes_on on_a
	[ "$(usable max)" -eq "$newest" ]
	[ -n "$(on_b "ls $box_dir/data/.standby/box | grep incoming")" ]
	take_over
	[ "$from" -eq "$newest" ]
	# nobody can know it yet
	goes_on on_a
	tc qdisc delete dev link1 root
	on_b 'ip link set link1 up'
	within 180 ended
	wait "$replicator" || code=$?
	replicator=
	[ "$code" -eq 9 ]
	fenced_here
	[ "$(usable max)" -eq "$newest" ]
	[ -z "$(on_b "ls $box_dir/data/.standby/box | grep incoming")" ]
	[ "$(on_a "$ctr replicate --status --format json box" | jq .fenced)" = true ]
}
