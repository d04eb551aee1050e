# SPDX-License-Identifier: GPL-2.0-or-later
# Root filesystems as overlays: what is written where, what stays when, and what is refused.

load lib
load life
setup() {
	ctr_setup
	data=$T/data
	config '.root.readonly = false'
	before=$(tree "$rootfs")
}

# Whatever a test did: the base is as it was, and nobody uses a layer.
teardown() {
	local failed=0
	[ -z "${before:-}" ] || same "$before" "$(tree "$rootfs")" || failed=1
	ctr_teardown || failed=1
	return "$failed"
}

ctr() {
	capture "$CTR" --root "$root" --data-root "$data" "$@"
}

# All that can be seen of a tree but the access times.
tree() {
	(cd "$1" && find . -printf '%p %y %m %U:%G %s %n %T@ %l\n' | sort)
}

# run_overlay SCRIPT [OPTION...]: in the container $tag
run_overlay() {
	args sh -c "$1"
	write_config
	ctr run "${@:2}" -b "$bundle" "$tag"
}

# The directory that the container writes to.
upper() {
	echo "$data/$tag"/layers/*/fs
}

layer() {
	mkdir -p "$T/$1"
	options+=(--layer "$T/$1")
}

no_layers() {
	same '' "$(find "$data" -mindepth 1 -not -name .layers 2>/dev/null)"
}

xattr() {
	python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], sys.argv[2], follow_symlinks=False).decode())' "$@"
}

@test "overlay: what is written stays for the next run of the id, and delete removes it" {
	run_overlay 'echo one >/file; rm /bin/payload; mkdir /new; cat /file' --overlay
	is one
	nothing_left
	run_overlay 'cat /file; echo two >>/file; ls -d /new; [ ! -e /bin/payload ] && echo gone' --overlay
	is $'one\n/new\ngone'
	same $'one\ntwo' "$(cat "$(upper)/file")"
	ctr delete "$tag"
	is ''
	no_layers
	ctr delete "$tag"
	fails "container '$tag' does not exist"
}

@test "overlay: the host's mount table does not change, nor do the layers show in it" {
	local table
	table=$(cut -d' ' -f2- /proc/self/mountinfo | grep -v "$tag")
	args payload sleep
	write_config
	ctr run -d --overlay --pid-file "$T/pid" -b "$bundle" "$tag"
	ok
	same "$table" "$(cut -d' ' -f2- /proc/self/mountinfo)"
	pid=$(cat "$T/pid")
	same overlay "$(awk '$5 == "/" { sub(/.* - /, ""); print $1 }' "/proc/$pid/mountinfo")"
	# no path of the host is told to the container
	refute grep -e "$T" "/proc/$pid/mountinfo"
	ctr delete -f "$tag"
	ok
	no_layers
}

@test "overlay: create, start, exec, state; delete --keep-layers" {
	args payload sleep
	write_config
	ctr create --overlay -b "$bundle" "$tag"
	ok
	ctr state "$tag"
	same "$rootfs" "$(jq -r .rootfs <<<"$output")"
	same "{\"ephemeral\":false,\"dataRoot\":\"$data\",\"base\":[\"$rootfs\"]}" "$(jq -c '."ctr.overlay"' <<<"$output")"
	ctr start "$tag"
	ok
	ctr exec "$tag" sh -c 'echo here >/exec; touch /bin/more; ls /bin'
	is $'busybox\nmore\npayload\nsh'
	ctr delete -f --keep-layers "$tag"
	ok
	same here "$(cat "$(upper)/exec")"
	ctr delete --keep-layers "$tag"
	fails 'does not exist'
	run_overlay 'cat /exec' --overlay
	is here
	# told by the data root in the record, not by the options
	ctr create --overlay -b "$bundle" "$tag"
	ok
	capture "$CTR" --root "$root" delete "$tag"
	ok
	no_layers
}

@test "overlay: a start that fails says what is wrong, as without an overlay" {
	args /no/such/program
	write_config
	ctr run --overlay -b "$bundle" "$tag"
	fails "exec: '/no/such/program': no such file or directory"
	no_layers
	config '.hooks.startContainer = [{"path": "/no/hook"}]'
	args sh
	write_config
	ctr create --overlay -b "$bundle" "$tag"
	ok
	ctr start "$tag"
	fails "run hook '/no/hook'" '(config.json /hooks/startContainer/0)'
	ctr delete "$tag"
	ok
	no_layers
}

@test "overlay: a create that fails leaves layers that were there as they were" {
	run_overlay 'echo kept >/file' --overlay
	ok
	local was
	was=$(tree "$(upper)")
	args /no/such/program
	write_config
	ctr run --overlay -b "$bundle" "$tag"
	fails 'no such file or directory'
	same "$was" "$(tree "$(upper)")"
	ctr delete "$tag"
	ok
}

@test "overlay: layers are above the rootfs, the last one uppermost" {
	local options=()
	layer one
	layer two
	echo 1 >"$T/one/a"
	echo 1 >"$T/one/b"
	echo 2 >"$T/two/b"
	mkdir "$T/two/etc"
	echo 2 >"$T/two/etc/c"
	run_overlay 'cat /a /b /etc/c; ls /bin; echo 3 >/b' "${options[@]}"
	is $'1\n2\n2\nbusybox\npayload\nsh'
	same 2 "$(cat "$T/two/b")"
	same 3 "$(cat "$(upper)/b")"
	ctr run --layer "$T/two" -b "$bundle" "$tag"
	fails "$T/two" "$T/one"
	ctr delete "$tag"
	ok
}

@test "overlay: 120 layers, and more than the kernel merges" {
	local options=() i
	for ((i = 1; i <= 120; i++)); do
		layer "layer-with-a-name-that-is-not-short-at-all-$i"
		mkdir "$T/layer-with-a-name-that-is-not-short-at-all-$i/all"
		echo "$i" >"$T/layer-with-a-name-that-is-not-short-at-all-$i/top"
		: >"$T/layer-with-a-name-that-is-not-short-at-all-$i/all/$i"
	done
	run_overlay 'cat /top; ls /all | wc -l; rm /all/7; ls /all | wc -l' "${options[@]}" --ephemeral
	is $'120\n120\n119'
	for ((i = 0; i < 380; i++)); do
		options+=(--layer "$T")
	done
	ctr run "${options[@]}" --ephemeral -b "$bundle" "$tag"
	fails '501 layers: the kernel merges at most 500'
}

@test "overlay: ephemeral: nothing outlives, and the size is a limit" {
	run_overlay 'echo 1 >/file; df -k / | tail -n 1 | tr -s " " | cut -d" " -f2
		dd if=/dev/zero of=/big bs=1M count=5 2>&1 | grep -o "No space left on device"' --ephemeral --size 4m
	is $'4096\nNo space left on device'
	[ ! -e "$data" ]
	run_overlay 'ls /file 2>&1; stat -c %a / /tmp' --ephemeral
	same $'ls: /file: No such file or directory\n755\n1777' "$output"
	args payload sleep
	write_config
	ctr run -d --ephemeral --size 4m -b "$bundle" "$tag"
	ctr state "$tag"
	same "{\"ephemeral\":true,\"size\":4194304,\"base\":[\"$rootfs\"]}" "$(jq -c '."ctr.overlay"' <<<"$output")"
	delete_ctr
}

@test "overlay: two containers with one base at once, each with its own files" {
	args payload sleep
	write_config
	ctr run -d --overlay -b "$bundle" "$tag-a"
	ok
	ctr run -d --overlay -b "$bundle" "$tag-b"
	ok
	ctr exec "$tag-a" sh -c 'echo a >/who; rm -r /etc'
	ok
	ctr exec "$tag-b" sh -c 'echo b >/who; ls -d /etc'
	is /etc
	ctr exec "$tag-a" sh -c 'cat /who'
	is a
	delete_ctr "$tag-a"
	ctr exec "$tag-b" sh -c 'cat /who'
	is b
	delete_ctr "$tag-b"
	no_layers
}

@test "overlay: delete --regex removes what is only layers, too" {
	run_overlay 'echo >/file' --overlay
	ctr clone "$tag" "$tag-a"
	ctr clone "$tag" "$tag-b"
	ok
	args payload sleep
	write_config
	ctr run -d --overlay -b "$bundle" "$tag-c"
	ok
	ctr delete --regex --keep-layers "^$tag"
	fails "cannot delete container '$tag-c' that is not stopped: running"
	[ -d "$data/$tag-a" ]
	ctr delete --regex "^$tag-[bc]$"
	fails "cannot delete container '$tag-c' that is not stopped: running"
	[ -d "$data/$tag-c" ]
	[ ! -e "$data/$tag-b" ]
	ctr delete --force --regex "^$tag"
	is ''
	no_layers
}

@test "overlay: layers of a container in another state directory are neither used nor removed" {
	args payload sleep
	write_config
	ctr run -d --overlay -b "$bundle" "$tag"
	ok
	capture "$CTR" --root "$T/other" --data-root "$data" run --overlay -b "$bundle" "$tag"
	fails "the layers of '$tag' are those of a container in the state directory '$root'" "ctr --root $root delete"
	capture "$CTR" --root "$T/other" --data-root "$data" delete -f "$tag"
	fails "in the state directory '$root'"
	ctr snapshot create "$tag" first
	ok
	for verb in "create $tag" "rollback --prune $tag first" "delete $tag first"; do
		# shellcheck disable=SC2086
		capture "$CTR" --root "$T/other" --data-root "$data" snapshot $verb
		fails "in the state directory '$root'" "ctr --root $root"
	done
	capture "$CTR" --root "$T/other" --data-root "$data" clone "$tag" "$tag-clone"
	fails "in the state directory '$root'"
	ctr exec "$tag" sh -c 'echo fine >/file; cat /file'
	is fine
	ctr delete -f --keep-layers "$tag"
	ok
	capture "$CTR" --root "$T/other" --data-root "$data" delete "$tag"
	ok
	no_layers
}

@test "overlay: a read-only root" {
	config '.root.readonly = true'
	run_overlay 'echo 1 >/file; mkdir /dev/shm/a && echo fine' --overlay
	same 0 "$status"
	same fine "$output"
	[[ $stderr == *'Read-only file system'* ]]
	ctr delete "$tag"
	ok
}

@test "overlay: every sort of file keeps what it is when it is changed" {
	local options=() low=$T/low
	layer low
	capability CAP_CHOWN
	capability CAP_FOWNER
	capability CAP_DAC_OVERRIDE
	capability CAP_MKNOD
	config '.linux.resources.devices = [{"allow": true, "access": "rwm"}]'
	mkdir "$low/dir" "$low/opaque" "$low/deep" "$low/deep/er"
	echo text >"$low/file"
	touch -d @1000000000.123456789 "$low/file"
	chown 1000:2000 "$low/file" "$low/dir"
	chmod 4711 "$low/file"
	python3 -c 'import os, sys
os.setxattr(sys.argv[1], "user.note", b"kept")
os.setxattr(sys.argv[1], "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))' "$low/file"
	echo a >"$low/link1"
	ln "$low/link1" "$low/link2"
	ln -s /nowhere "$low/symlink"
	mkfifo "$low/fifo"
	mknod "$low/null" c 1 3
	truncate -s 64M "$low/sparse"
	echo end >>"$low/sparse"
	touch "$low/opaque/hidden" "$low/dir/there" "$low/deep/er/f"
	local was
	was=$(tree "$low")
	run_overlay '
		chmod 4710 /file; stat -c "%a %u:%g %s %Y" /file
		echo b >>/link1; cat /link1 /link2; stat -c %h /link1
		echo c >/own1; ln /own1 /own2; echo d >>/own2; cat /own1; stat -c %h /own1
		chown -h 3:4 /symlink; readlink /symlink; stat -c %u:%g /symlink
		chmod 600 /fifo /null; stat -c "%F %a" /fifo /null; echo x >/null && echo written
		rm -r /opaque; mkdir /opaque; ls /opaque | wc -l
		rm /dir/there; ls /dir | wc -l; stat -c %u:%g /dir
		mv /deep /moved 2>&1; ls /moved/er
		echo more >>/sparse; [ $(du -k /sparse | cut -f1) -lt 1024 ] && echo sparse' "${options[@]}"
	is $'4710 1000:2000 5 1000000000\na\nb\na\n1\nc\nd\n2\n/nowhere\n3:4\nfifo 600\ncharacter special file 600\nwritten\n0\n0\n1000:2000\nf\nsparse'
	same "$was" "$(tree "$low")"
	local up
	up=$(upper)
	same kept "$(xattr "$up/file" user.note)"
	xattr "$up/file" security.capability >/dev/null
	same y "$(xattr "$up/opaque" trusted.overlay.opaque)"
	same 'character special file 0:0' "$(stat -c '%F %t:%T' "$up/dir/there")"
	same 1:3 "$(stat -c %t:%T "$up/null")"
	same d "$(tail -n 1 "$up/own1")"
	same "$(stat -c %i "$up/own1")" "$(stat -c %i "$up/own2")"
	# complete in itself: what was moved is a copy, not a reference to another layer
	[ -f "$up/moved/er/f" ]
	refute xattr "$up/moved" trusted.overlay.redirect 2>/dev/null
	ctr delete "$tag"
	ok
}

@test "overlay: a program that was killed has lost nothing, and deleting is thorough" {
	args payload sleep
	write_config
	ctr run -d --overlay --pid-file "$T/pid" -b "$bundle" "$tag"
	ctr exec "$tag" sh -c 'echo 1 >/file; mkdir -p /a/b/c; chmod 0 /a/b'
	ok
	kill -9 "$(cat "$T/pid")"
	wait_until is_stopped
	same 1 "$(cat "$(upper)/file")"
	ctr delete "$tag"
	ok
	no_layers
}

@test "overlay: stopped, snapshot, run, rolled back, run; and a clone of it" {
	run_overlay 'echo one >/file; rm -r /etc; mkdir /etc' --overlay
	ok
	ctr snapshot create "$tag" good
	ok
	run_overlay 'cat /file; ls /etc; echo two >/file; rm /bin/payload; touch /etc/new' --overlay
	is one
	ctr clone "$tag" "$tag-c"
	ok
	ctr snapshot rollback --prune "$tag" good
	ok
	run_overlay 'cat /file; ls /bin /etc' --overlay
	is $'one\n/bin:\nbusybox\npayload\nsh\n\n/etc:'
	ctr run --overlay -b "$bundle" "$tag-c"
	is $'two\n/bin:\nbusybox\nsh\n\n/etc:\nnew'
	ctr delete "$tag"
	ok
	ctr delete "$tag-c"
	ok
	no_layers
}

# --- user namespaces ---

userns_setup() {
	chmod 755 "$BATS_RUN_TMPDIR" "$T" "$bundle"
	user_namespace
	capability CAP_CHOWN
}

@test "overlay: with a user namespace nothing is shifted on disk" {
	userns_setup
	run_overlay 'cat /proc/self/uid_map | tr -s " "; stat -c %u:%g /bin /bin/payload; touch /file /bin/new
		chown 5:6 /file; rm /bin/payload; stat -c %u:%g /file /bin/new; ls /bin' --overlay
	is $' 0 100000 65536\n0:0\n0:0\n5:6\n0:0\nbusybox\nnew\nsh'
	same $'5:6\n0:0\n0:0' "$(stat -c %u:%g "$(upper)/file" "$(upper)/bin" "$(upper)/bin/payload")"
	# the same layers without a user namespace, and with other maps
	config '.linux.uidMappings = [{"containerID": 0, "hostID": 300000, "size": 1000}]' \
		'.linux.gidMappings = [{"containerID": 0, "hostID": 400000, "size": 1000}]'
	run_overlay 'stat -c %u:%g /file; touch /other' --overlay
	is 5:6
	without_namespace user
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	run_overlay 'stat -c %u:%g /file /other' --overlay
	is $'5:6\n0:0'
	ctr delete "$tag"
	ok
	no_layers
}

@test "overlay: with a user namespace, ephemeral, and with maps that have no root" {
	userns_setup
	run_overlay 'touch /file; chown 5:6 /file; stat -c %u:%g / /file /bin; rm /bin/payload; ls /bin' --ephemeral --size 8m
	is $'0:0\n5:6\n0:0\nbusybox\nsh'
	local options=()
	layer mine
	cp -a "$rootfs/." "$T/mine"
	chown -R 1000:1000 "$T/mine"
	config '.linux.uidMappings = [{"containerID": 1000, "hostID": 101000, "size": 10}]' \
		'.linux.gidMappings = [{"containerID": 1000, "hostID": 101000, "size": 10}]' \
		'.process.user = {"uid": 1000, "gid": 1000}' \
		'.mounts |= map(select(.destination != "/dev/pts"))' ".root.path = \"$T/mine\""
	run_overlay 'touch /file && stat -c %u:%g /file; rm /bin/payload; ls /bin' --overlay
	is $'1000:1000\nbusybox\nsh'
	same 1000:1000 "$(stat -c %u:%g "$(upper)/file")"
	ctr delete "$tag"
	ok
}

@test "overlay: a rootfs that was shifted for the container is not shifted twice" {
	local options=()
	userns_setup
	layer shifted
	chown 100000:100000 "$T/shifted"
	ctr run "${options[@]}" -b "$bundle" "$tag"
	write_config
	ctr run "${options[@]}" -b "$bundle" "$tag"
	fails "layer '$T/shifted' belongs to 100000:100000, which the container's user namespace does not have" \
		'(config.json /linux/uidMappings)' 'hold the ids of the container'
	no_layers
}

# --- other filesystems ---

# on_fs IMAGE COMMAND...: with the filesystem mounted as the data root, for this one command
on_fs() {
	# shellcheck disable=SC2016 # for the shell inside
	capture unshare -m --propagation private sh -c \
		'mount -o loop "$1" "$2" || exit 99; shift 2; exec "$@"' - "$1" "$data" "${@:2}"
}

image() {
	type -P "mkfs.$1" >/dev/null || need "mkfs.$1"
	grep -qw "$1" /proc/filesystems || need "a kernel with $1"
	mkdir "$data"
	chmod 700 "$data"
	truncate -s "$2" "$T/image"
	"mkfs.$1" "${@:3}" "$T/image" >/dev/null 2>&1
}

keeps_its_files_on() {
	userns_setup
	args sh -c 'cat /file; echo 1 >>/file; rm -rf /bin/payload /tmp; mkdir /tmp; touch /tmp/a; ls /bin /tmp'
	write_config
	on_fs "$T/image" "$CTR" --root "$root" --data-root "$data" run --overlay -b "$bundle" "$tag"
	same "$(printf '/bin:\nbusybox\nsh\n\n/tmp:\na')" "$output"
	on_fs "$T/image" "$CTR" --root "$root" --data-root "$data" run --overlay -b "$bundle" "$tag"
	same "$(printf '1\n/bin:\nbusybox\nsh\n\n/tmp:\na')" "$output"
	on_fs "$T/image" "$CTR" --root "$root" --data-root "$data" delete "$tag"
	ok
	on_fs "$T/image" find "$data" -name "$tag"
	is ''
}

@test "overlay: layers on XFS, with a user namespace" {
	image xfs 300M
	keeps_its_files_on
}

@test "overlay: layers on btrfs, with a user namespace" {
	image btrfs 120M
	keeps_its_files_on
}

@test "overlay: layers on a tmpfs" {
	mkdir -m 700 "$data"
	args sh -c 'rm -r /etc; mkdir /etc; ls /etc; echo fine'
	write_config
	# shellcheck disable=SC2016 # for the shell inside
	capture unshare -m --propagation private sh -c \
		'mount -t tmpfs -o mode=700 none "$1" && shift && exec "$@"' - "$data" \
		"$CTR" --root "$root" --data-root "$data" run --overlay -b "$bundle" "$tag"
	is fine
}

@test "overlay: a data root on an overlay is refused, with advice" {
	mkdir -m 700 "$data" "$T/low" "$T/up" "$T/work"
	args sh
	write_config
	# shellcheck disable=SC2016 # for the shell inside
	capture unshare -m --propagation private sh -c \
		'mount -t overlay -o "lowerdir=$1/low,upperdir=$1/up,workdir=$1/work" none "$1/data" && shift && exec "$@"' - "$T" \
		"$CTR" --root "$root" --data-root "$data" run --overlay -b "$bundle" "$tag"
	fails 'is on overlayfs, which cannot hold one' '--data-root' '--ephemeral'
	same '' "$(ls "$T/up")"
}

@test "overlay: a data root on a read-only filesystem is refused" {
	mkdir -m 700 "$data"
	args sh
	write_config
	# shellcheck disable=SC2016 # for the shell inside
	capture unshare -m --propagation private sh -c \
		'mount -t tmpfs -o ro,mode=700 none "$1" && shift && exec "$@"' - "$data" \
		"$CTR" --root "$root" --data-root "$data" run --overlay -b "$bundle" "$tag"
	fails 'read-only file system'
}

# --- refused ---

@test "overlay: layers that are missing, no directories, named twice, or inside of each other" {
	write_config
	ctr run --layer "$T/missing" -b "$bundle" "$tag"
	fails "layer '$T/missing': no such file or directory"
	ctr run --layer "$bundle/config.json" -b "$bundle" "$tag"
	fails "layer '$bundle/config.json': not a directory"
	ctr run --ephemeral --layer "$rootfs" -b "$bundle" "$tag"
	fails "the layer '$rootfs' is there twice"
	ctr run --ephemeral --layer "$rootfs/bin" -b "$bundle" "$tag"
	fails "the layer '$rootfs/bin' is inside of the layer '$rootfs'"
	data=$rootfs/data
	before=''
	ctr run --overlay -b "$bundle" "$tag"
	fails "is inside of the layer '$rootfs'" '--data-root'
	[ ! -e "$data/$tag" ]
}

@test "overlay: options that contradict each other, and features" {
	ctr features
	same true "$(jq -r '.annotations."ctr.overlay.enabled"' <<<"$output")"
	write_config
	ctr run --overlay --no-overlay -b "$bundle" "$tag"
	fails '--no-overlay does not go with --overlay'
	ctr run --size 1m -b "$bundle" "$tag"
	fails '--size needs --overlay or --ephemeral'
	ctr run --ephemeral --size -1 -b "$bundle" "$tag"
	fails "option --size: '-1' is no size" 'write it as 512m or 10g'
	ctr run --ephemeral --size lots -b "$bundle" "$tag"
	fails "option --size: 'lots' is no size"
}

@test "overlay: a mount namespace that is joined" {
	config '(.linux.namespaces[] | select(.type == "mount")).path = "/proc/1/ns/mnt"'
	write_config
	ctr run --overlay -b "$bundle" "$tag"
	fails 'a mount namespace that is joined has a root of its own' '(config.json /linux/namespaces)'
}

@test "overlay: a limit on disk where the filesystem has no project quotas" {
	args sh
	write_config
	ctr run --overlay --size 10m -b "$bundle" "$tag"
	fails 'project quota' 'prjquota'
	no_layers
}

# --- ctr.conf ---

conf() {
	printf '%s\n' "$@" >"$T/ctr.conf"
}

@test "overlay: by ctr.conf, unless the command line says otherwise" {
	conf '# all of them' '' ' overlay = yes ' "data-root=$data" "root = $root"
	args sh -c 'echo 1 >/file'
	write_config
	capture "$CTR" --config-file "$T/ctr.conf" run -b "$bundle" "$tag"
	is ''
	same 1 "$(cat "$(upper)/file")"
	capture "$CTR" --config-file "$T/ctr.conf" explain "$bundle"
	has 'mount an overlay as <overlay>:'
	capture "$CTR" --config-file "$T/ctr.conf" delete "$tag"
	ok
	no_layers
	capture "$CTR" --config-file "$T/ctr.conf" run --no-overlay -b "$bundle" "$tag"
	is ''
	same 1 "$(cat "$rootfs/file")"
	rm "$rootfs/file"
	before=''
}

@test "overlay: mistakes in ctr.conf" {
	while IFS='|' read -r line text; do
		conf '# first' "$line"
		capture "$CTR" --config-file "$T/ctr.conf" list
		fails "$text" "($T/ctr.conf line 2)"
	done <<-END
	overlays = yes|unknown key 'overlays'
	overlay|'overlay' is no assignment
	overlay = maybe|overlay cannot be 'maybe'
	overlay =|overlay cannot be ''
	data-root = here|data-root cannot be 'here'
	cgroup-manager = none|cgroup-manager cannot be 'none'
	END
	conf 'overlay = no' 'overlay = yes'
	capture "$CTR" --config-file "$T/ctr.conf" list
	fails 'overlay is set twice' "($T/ctr.conf line 2)"
	capture "$CTR" --config-file "$T/missing" list
	fails "read '$T/missing': no such file or directory"
	capture "$CTR" --config-file "$T" list
	fails "read '$T'"
	conf 'overlay = yes'
	chmod 666 "$T/ctr.conf"
	capture "$CTR" --config-file "$T/ctr.conf" list
	fails "'$T/ctr.conf' belongs to, or can be written by, others" 'mode 0644'
	chmod 644 "$T/ctr.conf"
	chown 1000 "$T/ctr.conf"
	capture "$CTR" --config-file "$T/ctr.conf" list
	fails 'belongs to, or can be written by, others'
	capture "$CTR" --config-file '' --root "$root" list
	ok
}

# --- deaths ---

@test "overlay: killed while the owner of the layers was written: delete removes the half of it" {
	run_overlay true --overlay
	ok
	echo 'root /somewh' >"$data/$tag/.user.new"
	ctr delete -f "$tag"
	ok
	no_layers
	[ ! -e "$data/$tag" ]
}

@test "overlay: ctr killed at every ninth system call: delete -f removes the rest" {
	local at
	args payload exit 0
	write_config
	for ((at = 1; at < 3000; at += 9)); do
		capture "$payload" kill-at "$at" "$CTR" --root "$root" --data-root "$data" run --overlay -b "$bundle" "$tag"
		[[ $output == *'end exit '* ]] && break
		[[ $output == *'killed signal 9'* ]]
		ctr delete -f "$tag"
		ok
		[ ! -e "$root/$tag" ]
		[ ! -e "$data/$tag" ] || { echo "left at system call $at: $(find "$data")"; return 1; }
	done
	[ "$at" -gt 100 ]
	ctr delete -f "$tag"
	no_layers
}
