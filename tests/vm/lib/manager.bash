# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A systemd manager of an ordinary user, as user@.service has one, without what a login adds to it:
#
#	manager_start 'cpu memory pids'    in setup_file; the controllers that it is given
#	manager_stop                       in teardown_file
#	manager_user COMMAND...            as that user
#	manager_ctr COMMAND...             the same with a copy of ctr that the user can read
#
# Its cgroup is $manager_cgroup.

# systemd wants a user with a name, and this one has nothing else to do.
manager_uid=$(id -u games)
manager_gid=$(id -g games)
manager_runtime=/run/user/$manager_uid
# shellcheck disable=SC2034 # for the test files
manager_cgroup=/user.slice/ctr-user.service

manager_start() {
	mkdir -p /run/user
	mkdir -m 700 "$manager_runtime"
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
	mkdir "$BATS_FILE_TMPDIR/home"
	cp "$CTR" "$BATS_FILE_TMPDIR/ctr"
	[ ! -e "${CTR%/*}/ctr-full" ] || cp "${CTR%/*}/ctr-full" "$BATS_FILE_TMPDIR/ctr-full"
	chown "$manager_uid:$manager_gid" "$manager_runtime" "$BATS_FILE_TMPDIR/home"
	systemd-run --quiet --unit=ctr-user --uid="$manager_uid" --gid="$manager_gid" --service-type=notify \
		-p Slice=user.slice -p "Delegate=$1" -p KillMode=mixed -E XDG_RUNTIME_DIR="$manager_runtime" \
		-E HOME="$BATS_FILE_TMPDIR/home" /lib/systemd/systemd --user --unit=basic.target
}

manager_stop() {
	systemctl stop ctr-user
	rm -rf "$manager_runtime"
}

manager_user() {
	setpriv --reuid "$manager_uid" --regid "$manager_gid" --clear-groups env -i PATH="$PATH" \
		HOME="$BATS_FILE_TMPDIR/home" XDG_RUNTIME_DIR="$manager_runtime" "$@"
}

manager_ctr() {
	manager_user "$BATS_FILE_TMPDIR/ctr" "$@"
}
