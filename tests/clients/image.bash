# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An image for container managers, made of what this host has: nothing is fetched.

# image_make DIR: an image "localhost/box" with busybox in it, and the same with a user as "localhost/alice",
# as an archive DIR.tar that `docker load` and `ctr images import` take.
image_make() {
	local dir=$1 diff_id applet
	mkdir -p "$dir"/rootfs/{bin,dev,etc,home/alice,proc,root,run,sys,tmp,var}
	chmod 1777 "$dir/rootfs/tmp"
	cp "$(command -v busybox)" "$dir/rootfs/bin/busybox"
	for applet in $(busybox --list); do
		[ "$applet" = busybox ] || ln -s busybox "$dir/rootfs/bin/$applet"
	done
	printf 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n' >"$dir/rootfs/etc/passwd"
	printf 'root:x:0:\nalice:x:1000:\nextra:x:2000:alice\n' >"$dir/rootfs/etc/group"
	echo 'not a program' >"$dir/rootfs/etc/plain"
	printf '#!/bin/nothing\n' >"$dir/rootfs/bin/no-interpreter"
	chmod 755 "$dir/rootfs/bin/no-interpreter"
	chown 1000:1000 "$dir/rootfs/home/alice"
	tar -C "$dir/rootfs" --sort=name --mtime=@0 --numeric-owner -cf "$dir/layer.tar" .
	diff_id=$(sha256sum <"$dir/layer.tar")
	jq -n --arg id "sha256:${diff_id%% *}" '{
		architecture: "amd64", os: "linux", created: "2000-01-01T00:00:00Z",
		config: {Env: ["PATH=/usr/bin:/bin", "FROM_IMAGE=yes"], Cmd: ["sh"]},
		rootfs: {type: "layers", diff_ids: [$id]},
		history: [{created: "2000-01-01T00:00:00Z", created_by: "tests"}]}' >"$dir/config.json"
	jq '.config.User = "alice"' "$dir/config.json" >"$dir/alice.json"
	jq -n '[{Config: "config.json", RepoTags: ["localhost/box:latest"], Layers: ["layer.tar"]},
		{Config: "alice.json", RepoTags: ["localhost/alice:latest"], Layers: ["layer.tar"]}]' \
		>"$dir/manifest.json"
	tar -C "$dir" -cf "$dir.tar" manifest.json config.json alice.json layer.tar
}
