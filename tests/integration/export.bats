# SPDX-License-Identifier: GPL-2.0-or-later
# Snapshots compared, carried away and brought back: layers, images that other tools read, back-ups.

load lib
setup() {
	ctr_setup
	data=$T/data
	config '.root.readonly = false'
	capability CAP_CHOWN
	capability CAP_FOWNER
	mkdir -p "$rootfs"/{full/sub,old}
	echo base >"$rootfs/full/file"
	seq 20 >"$rootfs/old/list"
	rm "$rootfs/bin/payload" # the base is part of images: a small one
}
teardown() { ctr_teardown; }

ctr() {
	capture "$CTR" --root "$root" --data-root "$data" "$@"
}

# in_container ID SCRIPT
in_container() {
	args sh -c "$2"
	write_config
	ctr run --overlay -b "$bundle" "$1"
	ok
}

# All kinds of changes.
change='b=/bin/busybox; $b mkdir /new; echo one >/new/a; $b ln /new/a /new/b; $b ln -s ../etc /new/link
	$b mkfifo /new/fifo; $b rm /old/list; $b rm -r /full; $b mkdir /full; echo anew >/full/other
	$b chown 12:34 /new/a; $b chmod 4750 /new/a; echo more >>/etc/notes'

snapshot() {
	ctr snapshot create -q "$@"
	ok
}

# Names, types, modes, owners, targets and contents below a directory; not those of mount points.
tree() {
	local mounted=(-mindepth 1 \( -path ./dev -o -path ./proc -o -path ./sys \) -prune)
	(
		cd "$1" || exit
		find . "${mounted[@]}" -o -type d -printf '%P d %m %U:%G\n' -o -printf '%P %y %m %U:%G %n %l\n' | sort
		find . "${mounted[@]}" -o -type f -exec sha256sum {} + | sort
	)
}

xattr() {
	python3 -c 'import os, sys; os.setxattr(*sys.argv[1:3], sys.argv[3].encode())' "$@"
}

need_programs() {
	local p
	for p in "$@"; do
		command -v "$p" >/dev/null || need "$p"
	done
}

# nothing_in DIR: no layer, no container.
nothing_in() {
	same '' "$(find "$1" -mindepth 1 -not -name .layers 2>/dev/null)"
}

# --- images ---

@test "export: an image goes through skopeo and umoci, and its bundle runs with the same files" {
	need_programs skopeo umoci
	in_container "$tag" "$change"
	snapshot "$tag" one
	in_container "$tag" '/bin/busybox rm /new/fifo; echo two >/new/two'
	snapshot "$tag" two
	ctr snapshot export "$tag" --format oci -o "$T/img"
	ok
	skopeo copy -q "oci:$T/img:latest" "oci:$T/copy:web"
	umoci unpack --image "$T/copy:web" "$T/unpacked"
	# what the container itself sees
	args sh -c "/bin/busybox sleep 60"
	write_config
	ctr run -d --overlay --pid-file "$T/pid" -b "$bundle" "$tag"
	ok
	mkdir "$T/seen"
	tar -C "/proc/$(cat "$T/pid")/root" --one-file-system --exclude='./dev/*' -cf - . | tar -C "$T/seen" -xpf -
	ctr delete -f "$tag"
	rm -rf "$T/seen/dev" "$T/unpacked/rootfs/dev"
	same "$(tree "$T/seen")" "$(tree "$T/unpacked/rootfs")"
	# and a bundle of its own
	jq "$filter | .process.args = [\"/bin/busybox\", \"cat\", \"/new/two\", \"/full/other\"]" \
		"$base/config.json" >"$T/unpacked/config.json"
	ctr run -b "$T/unpacked" "${tag}u"
	is $'two\nanew'
}

@test "export: podman pulls an image, of either compression, and knows its program" {
	local p=(podman --root "$T/p" --runroot "$T/r" --storage-driver vfs)
	need_programs podman
	in_container "$tag" 'echo hello >/hello'
	snapshot "$tag"
	ctr snapshot export "$tag" --format oci-archive -c zstd -o "$T/img.tar"
	ok
	"${p[@]}" pull -q "oci-archive:$T/img.tar" >"$T/id"
	same '["sh","-c","echo hello >/hello"]' "$("${p[@]}" inspect "$(cat "$T/id")" | jq -c '.[0].Config.Entrypoint')"
	same hello "$(cat "$("${p[@]}" image mount "$(cat "$T/id")")/hello")"
	"${p[@]}" image umount -a >/dev/null
}

@test "export: a layer is byte for byte the one that umoci makes of the same tree" {
	local tree=$T/tree long blob
	need_programs umoci skopeo
	long=$(printf 'n%.0s' {1..90})
	mkdir -p "$tree/etc/$long/$long" "$tree/bin"
	echo a >"$tree/bin/a"
	chmod 4755 "$tree/bin/a"
	ln "$tree/bin/a" "$tree/bin/b"
	ln -s "../$long$long" "$tree/bin/link"
	mkfifo "$tree/fifo"
	mknod "$tree/null" c 1 3
	echo deep >"$tree/etc/$long/$long/f"
	echo long >"$tree/etc/$long$long"
	echo u >"$tree/etc/"$'\xc3\xa9t\xc3\xa9'
	xattr "$tree/bin/a" user.b 2
	xattr "$tree/bin/a" user.a 1
	chown 3000000:3000001 "$tree/etc/$long"
	find "$tree" -exec touch -h -d @1700000000 {} +
	umoci init --layout "$T/img"
	umoci new --image "$T/img:x"
	umoci unpack --image "$T/img:x" "$T/b"
	cp -a "$tree/." "$T/b/rootfs"
	umoci repack --image "$T/img:y" "$T/b"
	blob=$(skopeo inspect --raw "oci:$T/img:y" | jq -r '.layers[0].digest')
	gzip -dc "$T/img/blobs/sha256/${blob#*:}" >"$T/umoci.tar"
	tar -C "$tree" --xattrs -cf "$T/tree.tar" .
	ctr snapshot import --devices -b "$bundle" "$tag" "$T/tree.tar"
	ok
	ctr snapshot export "$tag" -o "$T/ctr.tar"
	ok
	cmp "$T/umoci.tar" "$T/ctr.tar"
	is "$(skopeo inspect --config --raw "oci:$T/img:y" | jq -r '.rootfs.diff_ids[0]')"
}

@test "import: an image of skopeo's becomes a new container, and exported again it has the same layers" {
	local first
	in_container "$tag" "$change"
	snapshot "$tag" --message 'all of it'
	ctr snapshot export "$tag" --format oci-archive -c none -o "$T/img.tar"
	ok
	mkdir -p "$T/empty/rootfs"
	cp "$bundle/config.json" "$T/empty"
	ctr snapshot import -b "$T/empty" --name v1 "${tag}2" "$T/img.tar"
	ok
	ctr snapshot import -b "$T/empty" "${tag}2" "$T/img.tar"
	fails "container '${tag}2' already has layers"
	jq '.process.args = ["sh", "-c", "/bin/busybox cat /full/* /etc/notes; /bin/busybox ls /old"]' \
		"$bundle/config.json" >"$T/empty/config.json"
	ctr run --overlay -b "$T/empty" "${tag}2"
	is $'anew\nmore'
	ctr delete -f "${tag}2"
	# without a second base, the image is what it was
	tar -C "$T" -xf "$T/img.tar" --one-top-level=img
	first=$(jq -r '.manifests[0].digest' "$T/img/index.json")
	jq -r '.layers[].digest' "$T/img/blobs/sha256/${first#*:}" >"$T/digests"
	ctr snapshot import -b "$T/empty" "${tag}3" "$T/img"
	ok
	ctr snapshot export "${tag}3" --format oci -c none -o "$T/img2"
	ok
	first=$(jq -r '.manifests[0].digest' "$T/img2/index.json")
	same "$(cat "$T/digests")" "$(jq -r '.layers[1:][].digest' "$T/img2/blobs/sha256/${first#*:}")"
	# a layer that is not what the configuration says
	printf x | dd of="$T/img/blobs/sha256/$(tail -n 1 "$T/digests" | cut -d: -f2)" bs=1 seek=1100 conv=notrunc 2>/dev/null
	ctr snapshot import -b "$T/empty" "${tag}4" "$T/img"
	fails
	[[ $stderr == *'a layer is damaged: its digest is'* || $stderr == *'read the archive'* ]]
	refute test -e "$data/${tag}4"
}

# --- layers ---

@test "export: the same snapshot gives the same bytes, to a file, a pipe, with any compression" {
	local kind
	in_container "$tag" "$change"
	snapshot "$tag" one
	ctr snapshot export "$tag@one" -o "$T/a.tar"
	is "sha256:$(sha256sum <"$T/a.tar" | cut -d' ' -f1)"
	for kind in none gzip zstd; do
		ctr snapshot export "$tag@one" -c $kind -o "$T/b.$kind"
		ok
		sleep 0.01
		"$CTR" --root "$root" --data-root "$data" snapshot export "$tag" -c $kind | cmp - "$T/b.$kind"
	done
	cmp "$T/a.tar" "$T/b.none"
	gzip -dc "$T/b.gzip" | cmp - "$T/a.tar"
	ctr snapshot import -b "$bundle" "${tag}2" "$T/b.zstd"
	ok
	ctr snapshot export "${tag}2" -o "$T/c.tar"
	cmp "$T/a.tar" "$T/c.tar"
	# whiteouts of image-spec's form, nothing of overlayfs
	tar -tf "$T/a.tar" >"$T/names"
	grep -qx 'old/.wh.list' "$T/names"
	grep -qx 'full/.wh..wh..opq' "$T/names"
	refute grep -q overlay "$T/a.tar"
}

@test "export: a layout on its way to standard output is private, and no other's name stands in its way" {
	in_container "$tag" 'echo secret >/x'
	snapshot "$tag" one
	mkdir "$T/tmp"
	TMPDIR=$T/tmp "$CTR" --root "$root" --data-root "$data" snapshot export "$tag" -f oci-archive -o - |
		{
			find "$T/tmp" -mindepth 1 -printf '%m\n' | head -n 1 >"$T/modes"
			cat >"$T/a.tar"
		}
	same '' "$(grep -v 700 "$T/modes")"
	same '' "$(ls -A "$T/tmp")"
	touch "$T/b.tar.layout"
	ctr snapshot export "$tag" -f oci-archive -o "$T/b.tar"
	ok
	diff <(tar -tf "$T/a.tar") <(tar -tf "$T/b.tar") # the layout's files have the times of now
}

@test "export: sockets are left out with a warning, and a failure leaves the old file" {
	in_container "$tag" 'echo x >/x'
	python3 -c 'import os, socket, sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind("s")' \
		"$data/$tag"/layers/*/fs
	snapshot "$tag" one
	ctr snapshot export "$tag" -o "$T/a.tar"
	same "ctr: 's' is left out: a socket" "$stderr"
	same "$(printf '%s\n' . .wh.s x)" "$(tar -tf "$T/a.tar")" # nothing below takes its place
	cp "$T/a.tar" "$T/old.tar"
	xattr "$data"/.layers/*/fs/x trusted.overlay.redirect /y
	ctr snapshot export "$tag" -o "$T/a.tar"
	same 1 "$status"
	[[ $stderr == *"'x' refers to a lower layer by name"* ]]
	cmp "$T/a.tar" "$T/old.tar"
	same '' "$(find "$T" -maxdepth 1 -name '.ctr-*')"
	ctr snapshot export "$tag@two" -o "$T/b.tar"
	fails "there is no snapshot 'two'"
	ctr snapshot export "$tag" --since one --format oci -o "$T/c"
	fails '--since makes a back-up'
	refute test -e "$T/c"
}

@test "import: devices only when asked for; a directory that is not described looks as below" {
	chmod 0711 "$rootfs/full"
	mkdir -p "$T/tree/full"
	echo new >"$T/tree/full/new"
	mknod "$T/tree/full/null" c 1 3
	tar -C "$T/tree" -cf "$T/l.tar" full/new full/null
	ctr snapshot import -b "$bundle" "$tag" "$T/l.tar"
	fails 'it is a device' '--devices'
	nothing_in "$data"
	ctr snapshot import --devices -b "$bundle" -m 'by hand' "$tag" - <"$T/l.tar"
	fails # standard input of the tests is /dev/null, which is no archive
	capture sh -c '"$1" --root "$2" --data-root "$3" snapshot import --devices -b "$4" -m "by hand" "$5" - <"$6"' \
		- "$CTR" "$root" "$data" "$bundle" "$tag" "$T/l.tar"
	ok
	args sh -c '/bin/busybox stat -c %a /full; /bin/busybox cat /full/file /full/new; echo x >/full/null'
	write_config
	ctr run --overlay -b "$bundle" "$tag"
	is $'711\nbase\nnew'
}

@test "import: archives that no layer may be are refused, and leave nothing" {
	local file says
	mkdir "$T/hostile" "$T/outside"
	"$lib_dir/hostile-layers" "$T/hostile" >"$T/list"
	write_config
	while IFS=$'\t' read -r file says; do
		ctr snapshot import --format layer -b "$bundle" "$tag" "$T/hostile/$file"
		fails "$says" || { echo "$file"; return 1; }
		nothing_in "$data"
	done <"$T/list"
	[ "$(wc -l <"$T/list")" -gt 40 ]
	# below a container that exists, the same: its record is as it was
	in_container "$tag" 'echo x >/x'
	snapshot "$tag" one
	sha256sum "$data/$tag/layers.json" >"$T/sum"
	ctr snapshot import --format layer --name two "$tag" "$T/hostile/through-link-deep"
	fails 'goes through a symbolic link'
	sha256sum -c --quiet "$T/sum"
	same 1 "$(find "$data/.layers" -mindepth 1 -maxdepth 1 | wc -l)"
}

@test "import: no room is an error that leaves nothing" {
	head -c 3000000 /dev/urandom >"$T/big"
	tar -C "$T" -cf "$T/l.tar" big
	write_config
	mkdir "$data"
	capture unshare -m sh -ec 'mount -t tmpfs -o size=1m none "$3"; chmod 700 "$3"
		! "$1" --root "$2" --data-root "$3" snapshot import -b "$4" "$5" "$6"
		find "$3" -mindepth 1' - "$CTR" "$root" "$data" "$bundle" "$tag" "$T/l.tar"
	same "$data/.layers" "$output"
	[[ $stderr == *'no space left on device'* ]]
}

@test "import: killed at any moment, the container does not exist or is complete, and gc leaves nothing" {
	local i us
	mkdir "$T/tree"
	for i in {1..200}; do echo "$i" >"$T/tree/$i"; done
	tar -C "$T/tree" -cf "$T/l.tar" .
	write_config
	for us in {1000..29000..2000}; do
		"$CTR" --root "$root" --data-root "$data" snapshot import -b "$bundle" "$tag" "$T/l.tar" \
			>/dev/null 2>&1 &
		sleep "$(printf '0.%06d' "$us")"
		kill -KILL $! 2>/dev/null || true
		wait $! 2>/dev/null || true
		ctr gc
		same 0 "$status"
		if [ -e "$data/$tag/layers.json" ]; then
			ctr snapshot verify "$tag"
			same 0 "$status"
			ctr delete "$tag"
			ctr gc
		fi
		nothing_in "$data"
		nothing_in "$data/.layers"
	done
}

# --- back-ups ---

@test "backup: a chain of increments gives the same snapshots on another machine" {
	local other=$T/other
	in_container "$tag" "$change"
	snapshot "$tag" one --message 'first'
	in_container "$tag" 'echo two >/two; /bin/busybox rm /new/b'
	snapshot "$tag" two
	in_container "$tag" '/bin/busybox rm -r /new; echo three >/three'
	snapshot "$tag" three
	ctr snapshot export --format backup "$tag@one" -c zstd -o "$T/0.bak"
	ok
	ctr snapshot export --since one "$tag@two" -o "$T/1.bak"
	ok
	ctr snapshot export --since two "$tag@three" -o "$T/2.bak"
	ok
	cp -a "$data" "$T/saved"
	data=$other
	ctr snapshot import "$tag" "$T/0.bak"
	fails "container '$tag' has no layers" '--bundle'
	ctr snapshot import -b "$bundle" "$tag" "$T/1.bak"
	fails 'has no snapshot that the new layers lie on'
	nothing_in "$data"
	ctr snapshot import -b "$bundle" "$tag" "$T/0.bak"
	ok
	ctr snapshot import "$tag" "$T/2.bak"
	fails 'has no snapshot that the new layers lie on' 'in the same order'
	ctr snapshot import "$tag" "$T/1.bak"
	ok
	ctr snapshot import "$tag" "$T/1.bak"
	fails "has a snapshot 'two' already"
	ctr snapshot import "$tag" "$T/2.bak"
	ok
	ctr snapshot verify "$tag@three"
	same 0 "$status"
	same 3 "$(grep -c '^good ' <<<"$output")"
	ctr snapshot rollback "$tag" three
	ok
	ctr snapshot diff "$tag" three
	is ''
	in_container "$tag" '/bin/busybox cat /two /three; /bin/busybox ls /'
	has two three
	has_not new
	# times to the nanosecond, as on the first machine
	same "$(cd "$T/saved/.layers" && find . -path '*/fs*' -not -type c -printf '%f %T@\n' | sort)" \
		"$(cd "$other/.layers" && find . -path '*/fs*' -not -type c -printf '%f %T@\n' | sort)"
}

@test "backup: one that was damaged is refused with the layer, and nothing changes" {
	local at
	in_container "$tag" 'echo contents-to-be-damaged >/x'
	snapshot "$tag" one
	ctr snapshot export --format backup "$tag" -o "$T/0.bak"
	ok
	at=$(grep -abo contents-to-be-damaged "$T/0.bak" | cut -d: -f1)
	printf X | dd of="$T/0.bak" bs=1 seek="$at" conv=notrunc 2>/dev/null
	ctr snapshot import -b "$bundle" "${tag}2" "$T/0.bak"
	fails 'layer 0 of the back-up is damaged: its digest is sha256:'
	refute test -e "$data/${tag}2"
	head -c 2000 "$T/0.bak" >"$T/1.bak"
	ctr snapshot import -b "$bundle" "${tag}2" "$T/1.bak"
	fails
	refute test -e "$data/${tag}2"
}

@test "verify: a layer that is not what it was is named, and the exit code is 1" {
	in_container "$tag" 'echo x >/x'
	snapshot "$tag" one
	in_container "$tag" 'echo y >/y'
	snapshot "$tag" two
	ctr snapshot verify "$tag"
	same 0 "$status"
	same $'recorded one\nrecorded two' "$(awk '{ print $1, $3 }' <<<"$output")"
	ctr snapshot verify "$tag"
	same $'good one\ngood two' "$(awk '{ print $1, $3 }' <<<"$output")"
	echo z >"$(echo "$data"/.layers/*/fs/x)"
	ctr snapshot verify "$tag"
	same 1 "$status"
	same $'damaged one\ngood two' "$(awk '{ print $1, $3 }' <<<"$output")"
	[[ $stderr == *"the layer of snapshot 'one' is damaged: its digest is sha256:"* ]]
	ctr snapshot verify -f json "$tag"
	same damaged "$(jq -r '.[0].result' <<<"$output")"
}

# changed FIRST SECOND: which paths differ between two manifests of payload. What follows from other changes does not
# count: times of directories, numbers of links.
changed() {
	python3 - "$@" <<-'END'
	import re, sys
	def read(name):
	    files = {}
	    for line in open(name):
	        path, mode, owner, time, *rest = line.split()
	        rest = re.sub(r' ?[0-9]+ links, \S+', '', ' '.join(rest))
	        files[path] = (mode, owner, rest) if mode.startswith('4') else (mode, owner, time, rest)
	    return files
	a, b = map(read, sys.argv[1:])
	print('\n'.join(sorted(p for p in a.keys() | b.keys() if a.get(p) != b.get(p))))
	END
}

# manifest [SCRIPT]: of /tree in the container behind the script, with the kernel's eyes.
manifest() {
	in_container "$tag" "${1:-}
		payload manifest /tree"
	sed 's|^/|/tree/|; s|^/tree/ |/tree |' <<<"$output"
}

@test "backup, diff: random changes, on two branches, are what was seen in the container" {
	local i pair c
	cp "$CTR_PAYLOAD" "$rootfs/bin/payload"
	for c in DAC_OVERRIDE FSETID MKNOD SETFCAP; do
		capability "CAP_$c"
	done
	mkdir "$rootfs/tree"
	"$CTR_PAYLOAD" churn "$rootfs/tree" 7 200
	for i in 1 2 3 4; do
		[ "$i" != 3 ] || ctr snapshot rollback "$tag" 1
		manifest "payload churn /tree $i 120" >"$T/$i"
		snapshot "$tag" "$i"
	done
	for pair in '1 2' '2 3' '4 2' '3 4' '4 1'; do
		# shellcheck disable=SC2086 # two words
		ctr snapshot diff -f json "$tag" $pair
		ok
		same "$(changed "$T/${pair% *}" "$T/${pair#* }")" \
			"$(jq -r '.changes[].path' <<<"$output" | LC_ALL=C sort)"
	done
	ctr snapshot export --format backup "$tag@1" -o "$T/1.bak"
	ctr snapshot export --since 1 "$tag@2" -o "$T/2.bak"
	ctr snapshot export --since 1 "$tag@3" -o "$T/3.bak"
	ctr snapshot export --since 3 "$tag@4" -o "$T/4.bak"
	data=$T/other
	options=(-b "$bundle")
	for i in 1 2 3 4; do
		ctr snapshot import --devices "${options[@]}" "$tag" "$T/$i.bak"
		ok
		options=()
	done
	for i in 1 2 3 4; do
		ctr snapshot rollback "$tag" "$i"
		same 0 "$status"
		same "$(grep -v ' 14[0-7]* ' "$T/$i")" "$(manifest | grep -v ' 14[0-7]* ')" # without sockets
	done
}

# --- differences ---

@test "diff: paths, what changed, and how much" {
	in_container "$tag" "$change"
	snapshot "$tag" one
	in_container "$tag" 'b=/bin/busybox; $b chmod 700 /new/a; $b touch -d @7 /etc/notes; $b rm /new/link
		echo x >/new/link; $b mkdir /d; echo "a	b" >"/d/tab	"; $b rm /full/other'
	ctr snapshot diff "$tag" one
	is 'A /d/
A "/d/tab\011"
M /etc/notes  (time)
D /full/other
M /new/a  (mode)
M /new/link  (type)'
	ctr snapshot diff --stat "$tag" one
	is '2 added, 3 changed, 1 deleted, +1 bytes'
	ctr snapshot diff -f json "$tag" one
	same '{"path":"/new/a","change":"changed","what":["mode"]}' \
		"$(jq -c '.changes[] | select(.path == "/new/a") | del(.old, .new)' <<<"$output")"
	same '4750 0700' "$(jq -r '.changes[] | select(.path == "/new/a") | .old.mode + " " + .new.mode' <<<"$output")"
	same '[2,3,1,1]' "$(jq -c '[.added, .changed, .deleted, .bytes]' <<<"$output")"
	ctr snapshot diff "$tag" none
	fails "there is no snapshot 'none'"
}

@test "diff: patches apply with patch(1), of branches in both directions" {
	in_container "$tag" '/bin/busybox seq 100 >/f; echo gone >/g'
	snapshot "$tag" one
	in_container "$tag" '/bin/busybox sed -i -e 3d -e "50s/.*/fifty/" -e "98a new" /f; /bin/busybox rm /g; printf nonl >/h'
	snapshot "$tag" two
	ctr snapshot rollback "$tag" one
	ok
	in_container "$tag" '/bin/busybox sed -i "1i first" /f; printf "\0" >/z'
	snapshot "$tag" branch
	ctr snapshot diff -p "$tag" two branch
	ok
	has 'A /z' '  binary, not shown'
	grep -v -e '^[ADM] ' -e '^  ' <<<"$output" >"$T/patch"
	mkdir "$T/w"
	(cd "$T/w" && seq 100 | sed -e 3d -e '50s/.*/fifty/' -e '98a new' >f && printf nonl >h && patch -s -p1 <../patch)
	same "$(printf 'first\n'; seq 100)" "$(cat "$T/w/f")"
	same gone "$(cat "$T/w/g")"
	refute test -e "$T/w/h"
	ctr snapshot diff "$tag" branch two
	is 'M /f  (content, time)
D /g
A /h
D /z'
}

@test "diff: of a running container, whose snapshot is a copy, only what changed" {
	args sh -c '/bin/busybox mkdir /d; for i in 1 2 3 4 5; do echo $i >/d/$i; done; echo up >/up; /bin/busybox sleep 60'
	write_config
	ctr run -d --overlay -b "$bundle" "$tag"
	ok
	wait_until test -e "$(echo "$data/$tag"/layers/*/fs)/up"
	ctr snapshot create -q "$tag" one
	same 0 "$status"
	ctr snapshot diff "$tag" one
	is ''
	"$CTR" --root "$root" --data-root "$data" exec "$tag" sh -c 'echo changed >/d/3; /bin/busybox rm /d/4'
	ctr snapshot create -q "$tag" two
	same 0 "$status"
	ctr snapshot diff "$tag" one two
	is 'M /d/3  (content, time)
D /d/4'
	# a back-up since the first holds what a machine with the first needs
	ctr snapshot export --format backup "$tag@one" -o "$T/0.bak"
	ok
	ctr snapshot export --since one "$tag@two" -o "$T/1.bak"
	ok
	ctr delete -f "$tag"
	ok
	ctr snapshot import -b "$bundle" "$tag" "$T/0.bak"
	ok
	ctr snapshot import "$tag" "$T/1.bak"
	ok
	ctr snapshot diff "$tag" one two
	is 'M /d/3  (content, time)
D /d/4'
}

@test "backup: the commands of doc/backup.md do what it says, in this order" {
	in_container "$tag" 'echo one >/state'
	args sh -c '/bin/busybox cat /state; echo two >/state'
	write_config
	mv "$bundle" "$T/bundle"
	mv "$data/$tag" "$data/web"
	sed -i "s|$bundle/|$T/bundle/|" "$data/web/layers.json"
	{
		printf '%s\n' 'set -e' "ctr() { '$CTR' --root '$root' --data-root '$data' \"\$@\"; }"
		sed -n 's/^    //p' "${CTR_SRCDIR:-$lib_dir/../..}/doc/backup.md"
		echo 'ctr snapshot export --format layer -o - web3 >/dev/null; ctr delete web2; ctr delete web3'
	} >"$T/script"
	capture env -C "$T" sh "$T/script"
	same 0 "$status"
	same '' "$stderr"
	same 2 "$(grep -cx one <<<"$output")"
	rm -r "$T/bundle"
}
