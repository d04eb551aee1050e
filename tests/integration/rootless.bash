# shellcheck shell=bash disable=SC2034,SC2154,SC2119,SC2120 # variables and arguments are lib.bash's and the test files'
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For tests of an ordinary user, on top of lib.bash: user_setup instead of ctr_setup, and then ctr, run_sh and
# the rest act as a user who has nothing: no name, no groups, no capabilities, no subordinate ids. Nothing of
# the host is changed for it.
#
#	as_user COMMAND...        run as that user, in the place that $place names
#	place=subids ...          where the user has a name, and subordinate ids from 300000 on
#	place='nested -Ur' ...    as root of a user namespace made by unshare with these options
#
# $user: the uid and gid. $T/run is XDG_RUNTIME_DIR.

user=20001

user_setup() {
	ctr_setup
	place=plain
	export place
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$T"
	# the test may have been built where only root gets to
	[ -e "$BATS_FILE_TMPDIR/ctr" ] || copy_ctr "$BATS_FILE_TMPDIR/ctr"
	CTR=$BATS_FILE_TMPDIR/ctr
	mkdir "$T/home"
	mkdir -m 700 "$T/run"
	root=$T/run/ctr
	rm -rf "$rootfs"
	cp -a "$base/rootfs" "$rootfs"
	chown "$user:$user" "$T"
	chown -R "$user:$user" "$bundle" "$T/home" "$T/run"
	as_user "$CTR" spec --rootless -b "$T/home"
	base=$T/home
}

# Whatever a failed test has left, its user may remove.
user_teardown() {
	local failed=0
	[ -n "${tag:-}" ] || return 0
	[ -n "${BATS_TEST_COMPLETED:-}" ] || report
	env -u CTR_TEST_TAG "$BATS_FILE_TMPDIR/base/leaks" "$tag" "$root" || failed=1
	for dir in "$root"/*; do
		[ ! -d "$dir" ] || as_user "$CTR" delete -f "${dir##*/}" || true
	done
	return "$failed"
}

as_user() {
	local wrap=()
	# shellcheck disable=SC2206 # words
	local where=($place)
	case ${where[0]} in
	subids) wrap=("$lib_dir/with-ids" "$user" "$T/ids") ;;
	esac
	wrap+=(setpriv --reuid "$user" --regid "$user" --clear-groups)
	[ "${where[0]}" != nested ] || wrap+=(unshare "${where[@]:1}")
	env -i PATH="$PATH" HOME="$T/home" XDG_RUNTIME_DIR="$T/run" CTR_TEST_TAG="$tag" ${more_env:+"$more_env"} \
		"${wrap[@]}" "$@"
}

ctr() {
	said="as_user ctr $*"
	status=0
	as_user "$CTR" "$@" >"$T/stdout" 2>"$T/stderr" </dev/null 3>&- || status=$?
	output=$(<"$T/stdout")
	stderr=$(<"$T/stderr")
}

state_of() {
	as_user "$CTR" state "${1:-$tag}" | jq -r .status
}

# One of the user's own and 65536 subordinate ones.
subordinate_ids() {
	local maps='[{"containerID": 0, "hostID": '$user', "size": 1},
		{"containerID": 1, "hostID": '${1:-300000}', "size": 65536}]'
	place=subids
	config ".linux.uidMappings = $maps" ".linux.gidMappings = $maps"
}

need_uidmap() {
	type -P newuidmap newgidmap >/dev/null || need uidmap
	if [ ! -e /etc/subuid ] || [ ! -e /etc/subgid ]; then
		need '/etc/subuid and /etc/subgid'
	fi
}

# The cgroup v2 mount of this host.
cgroup2() {
	awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts
}

# A subtree of the user's own, with one cgroup for whoever calls: delegated COMMAND...
delegated() {
	local parent
	parent=$(cgroup2)/$tag
	[ -e "$parent" ] || mkdir "$parent" "$parent/shell"
	chown -R "$user:$user" "$parent"
	# shellcheck disable=SC2016 # for the shell inside
	capture sh -c 'echo 0 >"$1/cgroup.procs" && shift && exec "$@"' - "$parent/shell" \
		env -i PATH="$PATH" XDG_RUNTIME_DIR="$T/run" CTR_TEST_TAG="$tag" \
		setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
}

undelegate() {
	rmdir "$(cgroup2)/$tag/shell" "$(cgroup2)/$tag"
}
