# SPDX-License-Identifier: GPL-2.0-or-later
# Overlays of ordinary users: mounted by ctr-init, in the user namespace.

load lib
load rootless
setup() {
	user_setup
	config '.root.readonly = false'
	data=$T/home/.local/share/ctr
}
teardown() {
	user_teardown
}

run_overlay() {
	args sh -c "$1"
	write_config
	ctr run "${@:2}" -b "$bundle" "$tag"
}

no_layers() {
	same '' "$(find "$data" -mindepth 1 -not -name .layers -not -name .user 2>/dev/null)"
}

changes='cat /file; echo 1 >>/file; rm -f /bin/payload; rm -r /etc; mkdir /etc; ls /bin /etc'
changed=$'/bin:\nbusybox\nsh\n\n/etc:'

@test "overlay of a user: what is written stays for the next run, and delete removes it" {
	run_overlay "$changes" --overlay
	same "$changed" "$output"
	[ -e "$rootfs/bin/payload" ]
	run_overlay "$changes" --overlay
	is $'1\n'"$changed"
	same y "$(python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "user.overlay.opaque").decode())' "$data/$tag"/layers/*/fs/etc)"
	ctr delete "$tag"
	ok
	no_layers
}

@test "overlay of a user: ephemeral, with more layers and a limit" {
	local i options=()
	mkdir "$T/l"
	for ((i = 0; i < 40; i++)); do
		mkdir "$T/l/$i"
		echo "$i" >"$T/l/$i/top"
		options+=(--layer "$T/l/$i")
	done
	run_overlay "cat /top; $changes"'; df -k / | tail -n 1 | tr -s " " | cut -d" " -f2
		dd if=/dev/zero of=/big bs=1M count=5 2>&1 | grep -o "No space left on device"' --ephemeral --size 4m "${options[@]}"
	same "39"$'\n'"$changed"$'\n4096\nNo space left on device' "$output"
	[ ! -e "$data/$tag" ]
}

@test "overlay of a user: with subordinate ids, whose files delete removes, too" {
	need_uidmap
	subordinate_ids
	capability CAP_CHOWN
	capability CAP_SETUID
	capability CAP_SETGID
	config '.process.capabilities.bounding += ["CAP_FOWNER"]'
	run_overlay 'mkdir -p /dir/sub; touch /dir/sub/file; chown 5:6 /dir/sub/file; chown 7:8 /dir/sub /dir
		stat -c %u:%g /dir /dir/sub/file' --overlay
	is $'7:8\n5:6'
	same 300006:300007 "$(stat -c %u:%g "$data/$tag"/layers/*/fs/dir)"
	ctr delete "$tag"
	ok
	no_layers
}

@test "overlay of a user: without subordinate ids, what is exported has the ids of the container, too" {
	run_overlay 'mkdir /dir; chmod 0 /dir' --overlay
	is ''
	ctr snapshot create "$tag" one
	ok
	ctr snapshot export "$tag@one" -o "$T/run/layer"
	ok
	same $'0/0 .\n0/0 dir/' "$(tar --numeric-owner -tvf "$T/run/layer" | awk '{ print $2, $6 }')"
	ctr snapshot import "$tag" --on one "$T/run/layer"
	ok
	ctr snapshot verify "$tag@imported"
	ok
	ctr delete "$tag"
	ok
	no_layers
}

@test "snapshot of a user: rollback, merge, clone, export and import keep what is opaque" {
	run_overlay 'mkdir /d; echo old >/d/old; echo keep >/keep' --overlay
	ctr snapshot create "$tag" one
	ok
	run_overlay 'rm -r /d; mkdir /d; echo new >/d/new' --overlay
	ctr snapshot create "$tag" two
	ok
	ctr snapshot export "$tag@two" -f backup -o "$T/home/b.tar"
	ok
	ctr snapshot delete "$tag" one
	ok
	ctr clone "$tag@two" "$tag-2"
	ok
	ctr snapshot diff "$tag" two
	is ''
	ctr gc
	is ''
	run_overlay 'ls /d; cat /keep' --overlay
	is $'new\nkeep'
	ctr snapshot import -b "$bundle" "$tag-3" "$T/home/b.tar"
	ok
	ctr snapshot rollback "$tag-3" two
	args sh -c 'ls /d; cat /keep'
	write_config
	for i in 2 3; do
		ctr run --overlay -b "$bundle" "$tag-$i"
		is $'new\nkeep'
		ctr delete "$tag-$i"
		ok
	done
	ctr delete "$tag"
	ok
	no_layers
}

@test "overlay of a user: by a ctr.conf of the user's own" {
	mkdir -p "$T/home/.config/ctr"
	echo 'overlay = yes' >"$T/home/.config/ctr/ctr.conf"
	chown -R "$user:$user" "$T/home/.config"
	run_overlay "$changes"
	same "$changed" "$output"
	[ -e "$rootfs/bin/payload" ]
	ctr delete "$tag"
	ok
	chown 20002 "$T/home/.config/ctr/ctr.conf"
	ctr list
	fails "ctr.conf' belongs to, or can be written by, others"
	rm -r "$T/home/.config"
}

@test "overlay of a user: a start that fails leaves nothing, and says why" {
	args /no/such/program
	write_config
	ctr run --overlay -b "$bundle" "$tag"
	fails "exec: '/no/such/program': no such file or directory"
	no_layers
	ctr run --overlay --layer "$T/missing" -b "$bundle" "$tag"
	fails "layer '$T/missing': no such file or directory"
	ctr run --ephemeral --layer "$rootfs/bin" -b "$bundle" "$tag"
	fails 'mount the overlay' 'layers must not contain each other'
	ctr run --overlay --size 1m -b "$bundle" "$tag"
	fails '--size is a project quota' 'use --ephemeral'
	no_layers
}

@test "overlay of root of a user namespace" {
	place='nested -Urm'
	without_namespace user
	config 'del(.linux.uidMappings, .linux.gidMappings)'
	run_overlay "$changes" --overlay
	same "$changed" "$output"
	run_overlay "$changes" --overlay
	is $'1\n'"$changed"
	ctr delete "$tag"
	ok
	no_layers
}
