# shellcheck shell=bash disable=SC2154 # bundle, id, status, output: see bundle.bash and bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For bats files: containers of tests/helpers/workload, which are saved and restored. With bundle.bash, criu.bash:
#
#	work_bundle NAME...       config.json; work_configure JQ... before it changes it
#	work_start                runs it, until all have made their state
#	work_save FLAG...         ctr checkpoint; its output is $output, also when it fails
#	work_back FLAG...         ctr restore, detached
#	work_check NAME...        all of these are what they were, and the processes are the ones that were saved

work_capabilities='"CAP_AUDIT_WRITE","CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_MKNOD",
	"CAP_NET_BIND_SERVICE","CAP_NET_RAW","CAP_SETFCAP","CAP_SETGID","CAP_SETPCAP","CAP_SETUID","CAP_SYS_CHROOT"'

# The rootfs has busybox and the workloads, which work in /work.
work_setup() {
	need_criu
	bundle_setup
	[ -x "$CTR_HELPERS/workload" ] || need_fail 'no tests/helpers/workload, see make check-programs'
	cp "$CTR_HELPERS/workload" "$bundle/rootfs/bin/"
	mkdir -p "$bundle/rootfs/work"
	images=$BATS_TEST_TMPDIR/images
	work=$bundle/rootfs/work
	work_filters=.
}

work_teardown() {
	"$CTR" delete -f "$id" || true
	bundle_teardown
}

work_configure() {
	local filter
	for filter in "$@"; do
		work_filters+=" | $filter"
	done
}

work_bundle() {
	bundle_config unused
	jq --arg names "$*" '
		.root.readonly = false
		| .process.args = ["/bin/sh", "-c", "exec /bin/workload run /work \($names) </dev/null >/dev/null 2>&1"]
		| .process.capabilities = (["bounding", "effective", "permitted"]
			| map({(.): ['"$work_capabilities"']}) | add)
		| .mounts += [
			{destination: "/dev/pts", type: "devpts", source: "devpts",
			 options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
			{destination: "/dev/shm", type: "tmpfs", source: "shm",
			 options: ["nosuid", "noexec", "nodev", "mode=1777"]},
			{destination: "/dev/mqueue", type: "mqueue", source: "mqueue",
			 options: ["nosuid", "noexec", "nodev"]}]
		| '"$work_filters" "$bundle/config.json" >"$bundle/config.new"
	mv "$bundle/config.new" "$bundle/config.json"
}

# One command: bats looks at each.
work_wait() {
	# shellcheck disable=SC2016 # it is that shell's
	timeout "${2:-30}" busybox sh -c 'while [ ! -e "$1" ]; do sleep 0.05; done' - "$1" || {
		echo "there is no $1 after ${2:-30} s"
		return 1
	}
}

work_start() {
	"$CTR" run -d -b "$bundle" "$id" </dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/run.err" || {
		cat "$BATS_TEST_TMPDIR/run.err"
		return 1
	}
	work_wait "$work/ready"
}

work_save() {
	run "$CTR" checkpoint --image-path "$images" "$@" "$id" </dev/null
	printf 'checkpoint: exit code %s, output:\n%s\n' "$status" "$output"
}

work_back() {
	"$CTR" restore -d -b "$bundle" --image-path "$images" "$@" "$id" \
		</dev/null >/dev/null 2>"$BATS_TEST_TMPDIR/restore.err" || {
		cat "$BATS_TEST_TMPDIR/restore.err"
		return 1
	}
}

work_check() {
	: >"$work/go"
	work_wait "$work/results" 60
	cat "$work/results"
	diff <(cat "$work/ready"; printf '%s ok\n' "$@") "$work/results"
}
