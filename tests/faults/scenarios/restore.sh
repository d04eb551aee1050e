# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
# A container is restored, by a criu that is none. If that fails, nothing is left of it; if it is killed, no task runs
# that it has not let run.
prepare() {
	local fake=${CTR_BUILDDIR:?}/tests/helpers/fake-criu root=$base/state data=$base/data id=restored
	bundle '.mounts = [] | .linux.maskedPaths = [] | .linux.readonlyPaths = []' \
		'.linux.namespaces = [{"type": "pid"}, {"type": "mount"}]' \
		'.process.noNewPrivileges = false | del(.linux.seccomp) | del(.hostname) | .root.readonly = false' \
		'.process.args = ["/bin/fake-criu", "task"]' &&
		install -m 755 "$fake" "$base/criu" && cp "$fake" "$bundle/rootfs/bin" &&
		ctr run -d -b "$bundle" "$id" </dev/null >/dev/null 2>&1 &&
		wait_until test -s "$bundle/rootfs/tmp/beats" &&
		ctr --criu "$base/criu" checkpoint --no-preflight --image-path "$base/images" "$id"
}
setup() {
	verb=(--criu "$base/criu" restore -d --image-path "$base/images" --work-path "$dir" -b "$bundle" "$id")
}
holds() {
	case $how in
	done) [[ $action == kill* ]] || expect_status running ;;
	failed) expect_gone ;;
	esac
}
