# SPDX-License-Identifier: GPL-2.0-or-later
# Snapshots and clones, with real containers. What killed commands leave: tests/faults.

load lib
load layers
setup() {
	ctr_setup
	data=$T/data
	holder=''
	config '.root.readonly = false'
}
teardown() {
	local failed=0
	layers_teardown || failed=1
	[ -z "${holder:-}" ] || kill "$holder"
	return "$failed"
}

@test "snapshot: of a stopped container, then rollback; the present state becomes a snapshot" {
	write_once 'echo one >/f; mkdir /d; echo x >/d/x'
	ctr snapshot create "$tag" before -m 'as it was'
	is "$tag@before"
	write_once 'echo two >/f; rm -r /d; ln -s f /link'
	ctr snapshot rollback "$tag" before
	is "the state before is kept as $tag@1"
	write_once 'cat /f /d/x; [ ! -e /link ] && echo gone'
	is $'one\nx\ngone'
	ctr snapshot rollback "$tag" 1
	ok
	write_once 'cat /f; readlink /link; [ ! -e /d ] && echo gone'
	is $'two\nf\ngone'
	nothing_to_collect
}

@test "snapshot: list as a tree, as names, as JSON" {
	write_once 'echo one >/f'
	ctr snapshot create "$tag" a -m 'first one'
	write_once 'echo two >/f'
	ctr snapshot create "$tag" b -q
	is b
	ctr snapshot rollback "$tag" a
	ctr snapshot list "$tag"
	ok
	same "$(printf '%s\n' NAME "$tag" '  a' '    b' '    (now)' | sort)" \
		"$(sed -E 's/^( *[^ ]+).*/\1/' "$T/stdout" | sort)"
	has 'first one'
	ctr snapshot list -q "$tag"
	is $'a\nb'
	ctr snapshot list -q
	is "$tag@a"$'\n'"$tag@b"
	ctr snapshot list -f json "$tag"
	ok
	same 'a b' "$(jq -r '[.snapshots[].name] | join(" ")' <<<"$output")"
	same 'null a' "$(jq -r '[.snapshots[].after | tostring] | join(" ")' <<<"$output")"
	same a "$(jq -r .now.after <<<"$output")"
	same true "$(jq '.snapshots[0].ownBytes > 0 and .snapshots[1].sharedBytes > 0' <<<"$output")"
}

@test "snapshot: of a running container: it goes on, and what was written before is in it" {
	start_overlay 'echo one >/f; ln /f /hard; mkfifo /p; while :; do sleep 1; done'
	wait_until test -p "$(upper)/p"
	ctr snapshot create "$tag" live
	ok
	has "$tag@live: copied" 'frozen for'
	same running "$(state_of)"
	ctr exec "$tag" sh -c 'echo two >/f'
	ok
	ctr snapshot create "$tag" -f json
	ok
	same '1 copy' "$(jq -r '.snapshot + " " + .method' <<<"$output")"
	ctr snapshot rollback "$tag" live
	fails "container '$tag' is running: stop it first"
	stop
	ctr snapshot rollback "$tag" live --prune
	is '1 snapshot removed'
	write_once 'cat /f /hard; stat -c %h /f; [ -p /p ] && echo fifo'
	is $'one\none\n2\nfifo'
	nothing_to_collect
}

@test "snapshot: a paused container stays paused" {
	start_overlay 'echo one >/f; while :; do sleep 1; done'
	wait_until test -s "$(upper)/f"
	ctr pause "$tag"
	ok
	ctr snapshot create "$tag" -q
	is 1
	same paused "$(state_of)"
	ctr resume "$tag"
	ok
	same running "$(state_of)"
	stop
}

@test "snapshot: what was copied while the container wrote is copied again where it changed" {
	# old enough to be copied before the freeze
	write_once 'i=0; while [ $i -lt 30 ]; do echo old >/f$i; i=$((i + 1)); done; touch /keep'
	sleep 3.2
	start_overlay 'i=0; while :; do i=$((i + 1)); for n in 3 7 11; do echo $i >/f$n; done; done'
	wait_until refute grep -q old "$(upper)/f3"
	ctr snapshot create "$tag" live
	ok
	stop
	# one of the three may be at the next number, or empty, and no other file is anything but old
	ctr snapshot rollback "$tag" live --prune
	ok
	write_once 'cat /f3 /f7 /f11; cat /f0 /f29'
	ok
	refute grep -q 'old.*' <<<"$(head -n -2 "$T/stdout")"
	same $'old\nold' "$(tail -n 2 "$T/stdout")"
}

@test "snapshot: delete in the middle of a chain: the others stay what they are" {
	write_once 'mkdir -p /d/sub; echo a >/d/a; echo keep >/d/sub/k; echo a >/only-a; ln /only-a /linked'
	ctr snapshot create "$tag" a -q
	write_once 'echo b >/d/b; rm /d/a; rm -r /d/sub; mkdir /d/sub; echo new >/d/sub/n; rm /bin/payload'
	ctr snapshot create "$tag" b -q
	write_once 'rm /d/b; echo c >/d/a; chmod 0711 /d; mkdir -p /bin2/x; rm -r /d/sub'
	ctr snapshot create "$tag" c -q
	write_once 'echo now >/now'
	look='find /d /now /only-a /linked /bin2 2>/dev/null | sort; cat /d/a; stat -c %a /d; stat -c %h /only-a; [ -e /bin/payload ] || echo gone'
	write_once "$look"
	want=$output
	ctr snapshot delete "$tag" b
	is ''
	write_once "$look"
	is "$want"
	ctr snapshot delete "$tag" c
	is ''
	write_once "$look"
	is "$want"
	ctr snapshot delete "$tag" a
	is ''
	write_once "$look"
	is "$want"
	same 0 "$(layer_count)"
	nothing_to_collect
}

@test "snapshot: what a running container stands on stays until it ends" {
	write_once 'echo a >/f'
	ctr snapshot create "$tag" a -q
	start_overlay 'while :; do sleep 1; done'
	ctr snapshot delete "$tag" a
	ok
	has 'stays on the disk'
	ctr exec "$tag" sh -c 'cat /f'
	is a
	stop
	ctr snapshot list -q "$tag"
	is ''
	# the next change finds that it need not stay any more
	ctr snapshot create "$tag" b -q
	ctr snapshot rollback "$tag" b
	ok
	same 1 "$(layer_count)"
	write_once 'cat /f'
	is a
}

@test "snapshot: what is refused" {
	ctr snapshot create "$tag"
	fails "container '$tag' has no layers"
	write_once 'echo a >/f'
	ctr snapshot create "$tag" a -q
	before=$(all_of_data)
	ctr snapshot create "$tag" a
	fails "container '$tag' already has a snapshot 'a'"
	ctr snapshot create "$tag" ../a
	fails "invalid snapshot name '../a'"
	ctr snapshot rollback "$tag" b
	fails "there is no snapshot 'b': there are: a"
	ctr snapshot rollback "$tag" a --keep-as a
	fails "already has a snapshot 'a'"
	ctr snapshot rollback "$tag" a --prune --keep-as b
	fails 'exclude each other'
	ctr snapshot delete "$tag" b
	fails "there is no snapshot 'b': there are: a"
	ctr clone "$tag@b" "$tag-2"
	fails "there is no snapshot 'b': there are: a"
	ctr clone "$tag" "$tag"
	fails "already has layers"
	ctr snapshot nonsense
	fails "unknown command 'snapshot nonsense'"
	same "$before" "$(all_of_data)"
}

@test "clone: shares layers, writes for itself, and keeps what it came from" {
	write_once 'echo one >/f'
	ctr clone "$tag" "$tag-2"
	is "$tag-2: a clone of $tag@1, a new snapshot"
	ctr clone "$tag" "$tag-3"
	is "$tag-3: a clone of $tag@1"
	same 1 "$(layer_count)"
	clone_once "$tag-2" 'cat /f; echo two >/f'
	is one
	write_once 'cat /f'
	is one
	ctr snapshot delete "$tag" 1
	fails "snapshot '1' is part of $tag-2, $tag-3"
	ctr snapshot create "$tag-2" -q
	is 1
	ctr clone "$tag-2@1" "$tag-4"
	ok
	ctr delete "$tag"
	ok
	ctr delete "$tag-3"
	ok
	clone_once "$tag-4" 'cat /f'
	is two
	ctr delete "$tag-2"
	ctr delete "$tag-4"
	ok
	same 0 "$(layer_count)"
}

@test "clone: a hundred of them cost no data" {
	write_once 'dd if=/dev/zero of=/f bs=1024 count=4096'
	ctr snapshot create "$tag" a -q
	local i
	for ((i = 0; i < 100; i++)); do
		"$CTR" --root "$root" --data-root "$data" clone -q "$tag@a" "$tag-$i"
	done
	same 1 "$(layer_count)"
	same 100 "$(find "$data" -maxdepth 1 -name '*-*' | wc -l)"
	[ "$(du -sk "$data" | cut -f1)" -lt 8192 ]
}

@test "clone: of a running container: its present state" {
	start_overlay 'echo one >/f; while :; do sleep 1; done'
	wait_until test -s "$(upper)/f"
	ctr clone "$tag" "$tag-2"
	ok
	has 'a new snapshot: copied' 'frozen for'
	ctr clone "$tag" "$tag-2"
	fails "container '$tag-2' already has layers"
	ctr snapshot list -q "$tag"
	is 1
	clone_once "$tag-2" 'cat /f'
	is one
	stop
}

@test "snapshot: the day of an operator, as doc/snapshots.md tells it" {
	local command
	args sh -c 'while :; do sleep 1; done'
	mkdir -p "$rootfs/srv/www"
	write_config
	ln -s "$bundle" "$T/web"
	cd "$T"
	while read -r command; do
		capture bash -c "ctr() { '$CTR' --root '$root' --data-root '$data' \"\$@\"; }; $command"
		ok
		[[ $command != *' diff '* ]] || has /etc/release /srv/www
	done < <(sed -n "/^## With its programs/,/^## What it costs/d; s/^    ctr/ctr/; T; s/web1/$tag/g; s/\\btest\\b/$tag-2/g; p" "$CTR_SRCDIR/doc/snapshots.md")
	ctr exec "$tag" sh -c 'cat /etc/release; ls -d /srv/www'
	is $'release 41\n/srv/www'
	ctr delete -f "$tag"
	ok
	ctr delete -f "$tag-2"
	ok
}

# hold FILE: its lock, until let_go
hold() {
	exec {lock}<"$1"
	flock "$lock"
}

let_go() {
	flock -u "$lock"
	exec {lock}<&-
}

# late COMMAND...: begin it; what it says is in $T/late
late() {
	"$CTR" --root "$root" --data-root "$data" "$@" >"$T/late" 2>&1 3>&- &
	late=$!
}

@test "clone: its record is not written while somebody looks for layers without a user" {
	write_once 'echo one >/f'
	ctr snapshot create "$tag" a -q
	is a
	hold "$data/.layers"
	late clone "$tag@a" "$tag-clone"
	until [ -d "$data/$tag-clone/layers" ]; do kill -0 "$late"; done
	sleep 0.3 # without the lock, the rest of it takes a few milliseconds
	[ ! -e "$data/$tag-clone/layers.json" ]
	let_go
	wait "$late"
	[ -e "$data/$tag-clone/layers.json" ]
	ctr delete "$tag-clone"
	ok
	nothing_to_collect
}

@test "run: that fails takes back only the layers that it made itself" {
	write_once 'echo one >/f'
	mv "$data/$tag" "$T/away"
	mkdir "$data/$tag" "$data/$tag/layers"
	hold "$data/$tag"
	args /no/such/program
	write_config
	late run --overlay -b "$bundle" "$tag"
	until [ -n "$(find "/proc/$late/fd" -lname "$data/$tag")" ]; do kill -0 "$late"; done
	let_go
	status=0
	wait "$late" || status=$?
	same 1 "$status"
	grep -q 'no such file or directory' "$T/late"
	[ ! -e "$data/$tag" ]
}

@test "delete: of layers alone: a container that was begun meanwhile keeps them" {
	write_once 'echo one >/f'
	hold "$data/$tag"
	late delete "$tag"
	until [ -n "$(find "/proc/$late/fd" -lname "$data/$tag")" ]; do kill -0 "$late"; done
	mkdir "$root/$tag" # it looked for a container before
	let_go
	status=0
	wait "$late" || status=$?
	same 1 "$status"
	grep -q "container '$tag' was made meanwhile" "$T/late"
	rmdir "$root/$tag"
	write_once 'cat /f'
	is one
}

@test "gc: without a data directory, and with nothing to do" {
	ctr gc
	is ''
	write_once 'echo a >/f'
	ctr gc --dry-run
	is ''
	mkdir -p "$data/.layers/dead-x/fs" "$data/$tag/layers/y"
	echo '{' >"$data/$tag/.layers.json.new"
	ctr gc --dry-run
	is "would remove unfinished record of container '$tag'"$'\n'"would remove unfinished layer y of container '$tag'"$'\n''would remove layer dead-x'
	[ -e "$data/$tag/.layers.json.new" ]
	ctr gc
	is "removed unfinished record of container '$tag'"$'\n'"removed unfinished layer y of container '$tag'"$'\n''removed layer dead-x'
	nothing_to_collect
}

@test "gc: memory of a snapshot, and unpacked checkpoints, of commands that were killed" {
	local data=$T/gc-data
	mkdir -p "$data/c1/memory/.new" "$data/c1/memory/kept" "$data/.checkpoints/open-0123456789abcdef" \
		"$data/.checkpoints/open-fedcba9876543210"
	chmod -R go= "$data"
	echo x >"$data/c1/memory/.new/pages-1.img"
	exec 9<"$data/.checkpoints/open-fedcba9876543210" # somebody uses it
	flock -n 9
	capture "$CTR" --root "$root" --data-root "$data" gc --dry-run 9<&-
	same 0 "$status"
	same "would remove unfinished memory of container 'c1'
would remove unpacked checkpoint open-0123456789abcdef" "$(sort <<<"$output")"
	[ -e "$data/c1/memory/.new" ]
	capture "$CTR" --root "$root" --data-root "$data" gc 9<&-
	same 0 "$status"
	[ ! -e "$data/c1/memory/.new" ]
	[ -e "$data/c1/memory/kept" ]
	[ ! -e "$data/.checkpoints/open-0123456789abcdef" ]
	[ -e "$data/.checkpoints/open-fedcba9876543210" ]
	exec 9<&-
	capture "$CTR" --root "$root" --data-root "$data" gc
	same "removed unpacked checkpoint open-fedcba9876543210" "$output"
}

@test "gc: a record that cannot be read: nothing is removed" {
	write_once 'echo a >/f'
	mkdir -p "$data/.layers/0123456789abcdef0123456789abcdef/fs"
	cp "$data/$tag/layers.json" "$T/good"
	echo '{' >"$data/$tag/layers.json"
	ctr gc
	fails "layers of '$tag': the record of layers is damaged"
	ctr snapshot create "$tag"
	fails "layers of '$tag': the record of layers is damaged"
	[ -d "$data/.layers/0123456789abcdef0123456789abcdef/fs" ]
	cp "$T/good" "$data/$tag/layers.json"
	ctr gc
	is 'removed layer 0123456789abcdef0123456789abcdef'
}

# ---- without space, and at once (killed, and other faults: tests/faults/scenarios) ----

# on_filesystem TYPE OPTIONS [IMAGE_SIZE]: the data root is on a filesystem of its own, which only ctr sees
on_filesystem() {
	local source=ctr-test
	mkdir "$T/fs"
	if [ -n "${3:-}" ]; then
		source=$T/image
		truncate -s "$3" "$source"
		"mkfs.$1" -q "$source"
	fi
	# shellcheck disable=SC2016 # of the other shell
	env -u CTR_TEST_TAG unshare -m --propagation private sh -c '
		mount -t "$1" -o "$2" "$3" "$4" && echo mounted && exec sleep 600' \
		sh "$1" "$2" "$source" "$T/fs" >"$T/mounted" 3>&- &
	holder=$!
	wait_until grep -q mounted "$T/mounted"
	data=$T/fs/data
	seen=/proc/$holder/root$T/fs/data
	ctr() { capture nsenter -t "$holder" -m "$CTR" --root "$root" --data-root "$data" "$@"; }
}

is_ready() {
	[ -n "$(find "$1" -name ready)" ]
}

@test "snapshot: no space in the middle of a copy: refused, and nothing has changed" {
	on_filesystem tmpfs size=1m
	start_overlay 'dd if=/dev/zero of=/f bs=1024 count=700 2>/dev/null; : >/ready; while :; do sleep 1; done'
	wait_until is_ready "$seen"
	local before
	before=$(cat "$seen/$tag/layers.json"; ls "$seen/$tag/layers" "$seen/.layers")
	ctr snapshot create "$tag" full
	fails "copy 'f': no space left on device"
	same running "$(state_of)"
	same "$before" "$(cat "$seen/$tag/layers.json"; ls "$seen/$tag/layers" "$seen/.layers")"
	stop
	nothing_to_collect
}

@test "snapshot: several commands at once: each finds the store as one of the others left it" {
	local i jobs=()
	write_once 'echo one >/f'
	for ((i = 0; i < 12; i++)); do
		"$CTR" --root "$root" --data-root "$data" snapshot create -q "$tag" "s$i" >>"$T/out" 2>&1 &
		jobs+=($!)
		"$CTR" --root "$root" --data-root "$data" snapshot rollback "$tag" "s$((i / 2))" >>"$T/out" 2>&1 &
		"$CTR" --root "$root" --data-root "$data" snapshot delete "$tag" "s$((i / 3))" >>"$T/out" 2>&1 &
		"$CTR" --root "$root" --data-root "$data" clone -q "$tag" "$tag-$i" >>"$T/out" 2>&1 &
		"$CTR" --root "$root" --data-root "$data" gc >"$T/gc.$i" 2>&1 &
		jobs+=($!)
	done
	# making a snapshot of an unused name, and collecting, never fail
	for i in "${jobs[@]}"; do
		wait "$i"
	done
	wait
	refute grep -qE 'damaged|cannot|such file' "$T/out"
	write_once 'cat /f'
	is one
	ctr gc
	ok
	ctr gc
	is ''
	for i in "$data/$tag"-*; do
		[ -d "$i" ] || continue
		ctr delete "${i##*/}"
		ok
	done
	ctr delete "$tag"
	ok
	same 0 "$(layer_count)"
}

# ---- random operations, on several filesystems ----

# The container's own files, as it sees them itself; what ctr mounts or makes anew is left out.
now_into() {
	args payload manifest /t
	write_config
	ctr run --overlay -b "$bundle" "$tag"
	ok
	cp "$T/stdout" "$T/$1"
}

churn() {
	args payload churn /t "$1" 150
	write_config
	ctr run --overlay -b "$bundle" "$tag"
	ok
}

# Whatever is done to other snapshots: going back to one shows what was there when it was made.
equals_models() {
	local name
	now_into found
	same "$(<"$T/now")" "$(<"$T/found")"
	for name in "$@"; do
		ctr clone -q "$tag@$name" "$tag-look"
		ok
		args payload manifest /t
		write_config
		ctr run --overlay -b "$bundle" "$tag-look"
		ok
		same "$(<"$T/model.$name")" "$output"
		ctr delete "$tag-look"
		ok
	done
}

# snapshots_keep_everything SEED: on the filesystem of $data
snapshots_keep_everything() {
	local seed=$1 name
	RANDOM=$seed
	capability CAP_MKNOD
	capability CAP_CHOWN
	capability CAP_FOWNER
	mkdir "$rootfs/t"
	"$payload" churn "$rootfs/t" "$seed" 150
	for name in a b c d; do
		churn "$seed$RANDOM"
		now_into "model.$name"
		ctr snapshot create "$tag" "$name"
		ok
	done
	churn "$seed$RANDOM"
	now_into now
	equals_models a b c d
	ctr snapshot delete "$tag" b
	ok
	ctr snapshot delete "$tag" d
	ok
	equals_models a c
	ctr snapshot rollback "$tag" a --keep-as e
	ok
	cp "$T/now" "$T/model.e"
	cp "$T/model.a" "$T/now"
	equals_models a c e
	ctr snapshot delete "$tag" a
	ok
	equals_models c e
	# and once more with a copy of a running container
	args sh -c '/bin/payload churn /t 77 150; : >/ready; while :; do sleep 1; done'
	write_config
	ctr run -d --overlay -b "$bundle" "$tag"
	wait_until has_file ready
	ctr exec "$tag" /bin/payload manifest /t
	ok
	cp "$T/stdout" "$T/model.f"
	ctr snapshot create "$tag" f -f json
	ok
	method=$(jq -r .method <<<"$output")
	stop
	cp "$T/model.f" "$T/now"
	ctr snapshot rollback "$tag" f --prune
	ok
	equals_models c e f
	nothing_to_collect
}

has_file() {
	[ -n "$(find "${seen:-$data}/$tag/layers" -name "$1")" ]
}

@test "snapshot: random operations: each snapshot stays what it was, on tmpfs" {
	on_filesystem tmpfs size=64m
	snapshots_keep_everything 1
	same copy "$method"
}

@test "snapshot: random operations: each snapshot stays what it was, on ext4" {
	on_filesystem ext4 loop 64M
	snapshots_keep_everything 2
	same copy "$method"
}

@test "snapshot: random operations: each snapshot stays what it was, on XFS, which shares contents" {
	on_filesystem xfs loop 320M
	snapshots_keep_everything 3
	same reflink "$method"
}

@test "snapshot: random operations: each snapshot stays what it was, on btrfs, which shares contents" {
	on_filesystem btrfs loop 128M
	snapshots_keep_everything 4
	same reflink "$method"
}

@test "snapshot: of a running container on XFS: contents cost no space" {
	local free
	on_filesystem xfs loop 320M
	start_overlay 'dd if=/dev/zero of=/f bs=65536 count=800 2>/dev/null; sync; : >/ready; while :; do sleep 1; done'
	wait_until has_file ready
	free=$(stat -f -c %f "$seen")
	ctr snapshot create "$tag" a
	ok
	has "$tag@a: shared 50.0M in"
	# 50 MiB are 12800 blocks
	[ $((free - $(stat -f -c %f "$seen"))) -lt 1000 ]
	stop
}
