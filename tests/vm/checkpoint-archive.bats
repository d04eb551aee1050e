#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Containers that travel as one file. The other host is another state root and data root here.

# bats file_tags=criu
load ../integration/lib
load ../integration/life
load lib/criu

need_fail() {
	need "$1"
}

setup() {
	need_criu
	ctr_setup
	ip link set lo up
	data=$T/data
	file=$T/web.tar.zst
	config '.root.readonly = false'
}

teardown() {
	[ ! -d "$T/tiny" ] || umount "$T/tiny" 2>/dev/null || true
	[ ! -d "$T/there" ] || "$CTR" --root "$T/there" --data-root "$T/data2" delete -f "$tag" 2>/dev/null || true
	ctr_teardown
}

ctr() {
	capture "$CTR" --root "$root" --data-root "$data" "$@"
}

# On the other host.
there() {
	capture "$CTR" --root "$T/there" --data-root "$T/data2" "$@"
}

counter='i=0; while :; do i=$((i+1)); echo $i >/tmp/n.new; mv /tmp/n.new /tmp/n; sleep 0.02; done'

start_counter() {
	args sh -c "$counter"
	start_bundle "$@"
	ok
	wait_until count_of
}

# How far it is, in its own root.
count_of() {
	count=$(cat "/proc/$pid/root/tmp/n" 2>/dev/null) && [ -n "$count" ]
}

counts_beyond() {
	count_of && [ "$count" -gt "$1" ]
}

bring_back() {
	"${@:2}" -d -b "$bundle" --pid-file "$T/pid" "$tag" || true
	[ "$status" -eq 0 ] || { echo "$stderr"; return 1; }
	pid=$(<"$T/pid")
	wait_until counts_beyond "$1"
}

nothing_unpacked() {
	[ -z "$(find "$data" "$T/data2" -path '*/.checkpoints/open-*' 2>/dev/null)" ]
}

@test "export and import: the same host, and nobody needs to vouch for what was written there" {
	local n
	start_counter
	count_of
	n=$count
	ctr checkpoint --export "$file" "$tag"
	ok
	ctr state "$tag"
	fails 'does not exist'
	nothing_unpacked
	ctr checkpoint inspect "$file"
	ok
	has "container     $tag" 'signature     none' 'files         none: they stay' 'processes'
	bring_back "$n" ctr restore --import "$file"
	nothing_unpacked
	# and once more, of what was restored
	count_of
	n=$count
	ctr checkpoint --export "$file" "$tag"
	ok
	bring_back "$n" ctr restore --import "$file"
	delete_ctr
}

# bats test_tags=core
@test "export and import: another host, with the files, signed" {
	local n
	(umask 077 && openssl genpkey -algorithm ed25519 -out "$T/key")
	openssl pkey -in "$T/key" -pubout -out "$T/pub"
	start_counter --overlay
	echo kept >"/proc/$pid/root/etc/kept"
	rm "/proc/$pid/root/bin/payload"
	count_of
	n=$count
	ctr checkpoint --export "$file" --sign-key "$T/key" --token one "$tag"
	ok
	ctr delete -f "$tag"
	there restore -d --import "$file" -b "$bundle" "$tag"
	same 6 "$status"
	[[ $stderr == *'there is no key to check that'* ]]
	there restore -d --import "$file" --verify-key "$T/pub" --token two -b "$bundle" "$tag"
	same 6 "$status"
	[[ $stderr == *"the archive has the token 'one', not 'two'"* ]]
	[ ! -e "$T/data2/$tag" ]
	bring_back "$n" there restore --import "$file" --verify-key "$T/pub" --token one
	nothing_unpacked
	same kept "$(cat "/proc/$pid/root/etc/kept")"
	[ ! -e "/proc/$pid/root/bin/payload" ]
	[ -e "$rootfs/bin/payload" ]
	there restore -d --import "$file" --verify-key "$T/pub" -b "$bundle" "$tag"
	[ "$status" -ne 0 ]
	kill -0 "$pid"
	there delete -f "$tag"
	ok
	[ ! -e "$T/data2/$tag" ]
}

@test "export: with pre-dumps; and left running" {
	local n
	start_counter
	ctr checkpoint --export "$file" --leave-running --iterate 2 "$tag"
	ok
	tar --zstd -tf "$file" >"$T/names"
	grep -q '^parents/0/pages-' "$T/names"
	grep -q '^parents/1/pages-' "$T/names"
	count_of
	n=$count
	wait_until counts_beyond "$n"
	delete_ctr
	bring_back 1 ctr restore --import "$file"
	delete_ctr
}

@test "export: where there is no room, the container runs on, and nothing stays" {
	local n
	start_counter
	mkdir "$T/tiny"
	mount -t tmpfs -o size=64k tiny "$T/tiny"
	ctr checkpoint --export "$T/tiny/web.tar" --compression none "$tag"
	[ "$status" -ne 0 ]
	[[ $stderr == *'no space left on device'* ]]
	[ -z "$(ls -A "$T/tiny")" ]
	nothing_unpacked
	count_of
	n=$count
	wait_until counts_beyond "$n"
	ctr state "$tag"
	same running "$(jq -r .status <<<"$output")"
	delete_ctr
}
