# SPDX-License-Identifier: GPL-2.0-or-later
# Snapshots of ordinary users, of files that belong to subordinate ids: nobody but these may look at them.

load lib
load rootless
setup() {
	user_setup
	need_uidmap
	subordinate_ids
	config '.root.readonly = false'
	for right in CHOWN SETUID SETGID DAC_OVERRIDE FOWNER; do
		capability "CAP_$right"
	done
	data=$T/home/.local/share/ctr
}
teardown() {
	user_teardown
}

# write_once ID SCRIPT
write_once() {
	args sh -c "$2"
	write_config
	ctr run --overlay -b "$bundle" "$1"
}

# A file that its owner alone may read, in such a directory.
secret='mkdir /d; echo 1 >/d/f; chmod 600 /d/f; chown 5:6 /d/f; chmod 700 /d; chown 7:8 /d'
look='cd /d && stat -c "%a %u:%g %n" . * && cat *'
# what the script shows, and file after file
first=$'700 7:8 .\n600 5:6 f\n1'

all_gone() {
	ctr delete --regex "^$tag"
	is ''
	ctr gc
	is ''
	same '' "$(find "$data" -mindepth 1 -not -name .layers -not -name .user)"
}

three() {
	write_once "$tag" "$secret"
	is ''
	ctr snapshot create "$tag" a
	is "$tag@a"
	write_once "$tag" 'echo 2 >/d/g; chmod 600 /d/g; chown 9:9 /d/g'
	is ''
	ctr snapshot create "$tag" b
	ok
	write_once "$tag" 'echo 3 >>/d/g'
	ctr snapshot create "$tag" c
	ok
}

@test "snapshot of a user: diff, verify, list, delete in the middle, rollback --prune" {
	three
	ctr snapshot diff "$tag" a c
	is 'A /d/g'
	ctr snapshot diff --patch "$tag" b c
	has '+3'
	ctr snapshot verify "$tag@c"
	ok
	ctr snapshot list
	same '' "$stderr"
	has "$tag" '  c' '(now)'
	ctr snapshot delete "$tag" b
	is ''
	same 2 "$(find "$data/.layers" -mindepth 1 -maxdepth 1 | wc -l)"
	write_once "$tag" "$look"
	is "${first%?}"$'600 9:9 g\n1\n2\n3'
	ctr snapshot rollback --prune "$tag" a
	is '1 snapshot removed'
	write_once "$tag" "$look"
	is "$first"
	all_gone
}

@test "snapshot of a user: clones, which outlive what they were made from" {
	three
	ctr clone "$tag@a" "$tag.old"
	ok
	ctr clone "$tag" "$tag.new"
	ok
	ctr snapshot delete "$tag" a
	fails "is part of $tag.new, $tag.old"
	ctr delete "$tag"
	ok
	write_once "$tag.old" "$look"
	is "$first"
	ctr snapshot create "$tag.new" z
	ok
	all_gone
}

@test "snapshot of a user: what is exported has the ids of the container, and is imported with them" {
	local format
	three
	ctr snapshot export "$tag@a" -o "$T/run/layer"
	ok
	same $'0/0 .\n7/8 d/\n5/6 d/f' "$(tar --numeric-owner -tvf "$T/run/layer" | awk '{ print $2, $6 }')"
	for format in oci-archive backup; do
		ctr snapshot export "$tag@a" --format "$format" -o "$T/run/$format"
		ok
	done
	ctr snapshot import "$tag" -n again --on a "$T/run/layer"
	is ''
	ctr snapshot export "$tag@again" -o "$T/run/again"
	cmp "$T/run/layer" "$T/run/again"
	for format in layer backup; do
		ctr snapshot import "$tag.$format" --bundle "$bundle" "$T/run/$format"
		is ''
		ctr snapshot verify "$tag.$format"
		ok
		write_once "$tag.$format" "$look"
		is "$first"
	done
	all_gone
}

@test "snapshot of a user: gc finds layers of subordinate ids that nobody has" {
	three
	as_user mkdir -p "$data/.layers/0123/fs"
	cp -a "$data/.layers"/*/fs/d "$data/.layers/0123/fs"
	ctr gc
	is 'removed layer 0123'
	[ ! -e "$data/.layers/0123" ]
	all_gone
}

has_written() {
	[ "$(stat -c %u:%g "$data/$tag"/layers/*/fs/d)" == 300006:300007 ]
}

# In a cgroup tree of the user's own: delegated_ctr ARGUMENT...
delegated_ctr() (
	echo "$BASHPID" >"$(cgroup2)/$tag/shell/cgroup.procs"
	ctr "$@"
	ok
)

@test "snapshot of a user: a container that runs is copied" {
	local parent
	parent=$(cgroup2)/$tag
	mkdir "$parent" "$parent/shell"
	chown -R "$user:$user" "$parent"
	args sh -c "$secret"'; while :; do busybox sleep 1; done'
	write_config
	delegated_ctr run -d --overlay -b "$bundle" "$tag"
	wait_until has_written
	delegated_ctr snapshot create "$tag" now
	[[ $(<"$T/stdout") == "$tag@now: copied "*' files, frozen for '* ]]
	delegated_ctr delete -f --keep-layers "$tag"
	undelegate
	same 300004 "$(stat -c %u "$data/.layers"/*/fs/d/f)"
	ctr snapshot rollback --prune "$tag" now
	is ''
	write_once "$tag" "$look"
	is "$first"
	all_gone
}
