# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For bats files: bundles with busybox as the payload, the run of the runtime under test, and the
# check that nothing was left behind. Usage:
#
#	load lib/bundle
#	setup() { bundle_setup; }
#	teardown() { bundle_teardown; }
#	@test "..." {
#		config_resources='{"pids":{"limit":3}}'
#		ctr_run 'echo hello'
#		[ "$status" -eq 0 ]
#	}
#
# The config_* variables are fragments of JSON for config.json; bundle_setup gives them defaults.
# Only what every runtime knows is used (`run -b BUNDLE ID`), so that a doubtful test can be
# tried on another one.

bundle_lib=$(dirname "${BASH_SOURCE[0]}")

# Needed but missing things are skips, unless the caller has said that every test must run.
need_fail() {
	if [ "${CTR_TESTS_MUST_RUN:-}" = 1 ]; then
		printf 'must run, but: %s\n' "$1" >&2
		return 1
	fi
	skip "$1"
}

need_cgroup_controller() {
	grep -qw "$1" /sys/fs/cgroup/cgroup.controllers || need_fail "no $1 controller"
}

# In an emulated VM only one runs, see qemu.sh.
two_cpus() {
	local second=/sys/devices/system/cpu/cpu1/online
	if [ "${CTR_IN_VM:-}" = 1 ] && [ -e "$second" ]; then
		second_cpu=$second
		echo 1 >"$second"
	fi
	[ "$(nproc)" -ge 2 ] || need_fail 'only one CPU'
}

# Some rules are kept by ctr only; for the other runtimes such a test says nothing.
need_ctr() {
	case $("$CTR" --version 2>/dev/null | head -n 1) in
	ctr*) ;;
	*) need_fail "a rule that $CTR does not keep: $1" ;;
	esac
}

# --- bundle ---

bundle_setup() {
	[ -x "${CTR:-}" ] || { echo 'CTR must be the runtime under test' >&2; return 1; }
	# Unique on a host that others use at the same time; the leak check searches for it.
	id=ctr-test-$$-$BATS_TEST_NUMBER
	bundle=$BATS_TEST_TMPDIR/$id
	bundle_rootfs "$bundle/rootfs"
	config_cgroup=/$id
	config_resources='{}'
	config_terminal=false
	config_namespaces='[{"type":"pid"},{"type":"mount"},{"type":"ipc"},{"type":"uts"},
		{"type":"network"},{"type":"cgroup"}]'
	"$bundle_lib/leaks" list "$id" >"$BATS_TEST_TMPDIR/before"
}

bundle_teardown() {
	[ -z "${second_cpu:-}" ] || echo 0 >"$second_cpu"
	"$bundle_lib/leaks" check "$id" "$BATS_TEST_TMPDIR/before" >&2
}

# A root file system made of busybox alone. The links are made once per test file.
bundle_rootfs() {
	local root=$1 once=$BATS_FILE_TMPDIR/rootfs
	if [ ! -d "$once" ]; then
		mkdir -p "$once"/{bin,proc,sys,dev,tmp,etc}
		cp "$(command -v busybox)" "$once/bin/busybox"
		chroot "$once" /bin/busybox --install -s /bin
	fi
	mkdir -p "$(dirname "$root")"
	cp -a "$once" "$root"
}

# The text of a JSON string.
json_escape() {
	local text=$1
	text=${text//\\/\\\\}
	text=${text//\"/\\\"}
	text=${text//$'\n'/\\n}
	text=${text//$'\t'/\\t}
	printf '%s' "$text"
}

# bundle_config SHELL-COMMAND: writes config.json.
bundle_config() {
	cat >"$bundle/config.json" <<-END
	{
		"ociVersion": "1.0.2",
		"process": {
			"terminal": $config_terminal,
			"user": {"uid": 0, "gid": 0},
			"cwd": "/",
			"args": ["/bin/sh", "-c", "$(json_escape "$1")"],
			"env": ["PATH=/bin"],
			"capabilities": {
				"bounding": ["CAP_KILL"],
				"effective": ["CAP_KILL"],
				"permitted": ["CAP_KILL"]
			},
			"noNewPrivileges": true
		},
		"root": {"path": "rootfs", "readonly": true},
		"hostname": "box",
		"mounts": [
			{"destination": "/proc", "type": "proc", "source": "proc",
			 "options": ["nosuid", "noexec", "nodev"]},
			{"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
			 "options": ["nosuid", "mode=755"]},
			{"destination": "/sys", "type": "sysfs", "source": "sysfs",
			 "options": ["nosuid", "noexec", "nodev", "ro"]},
			{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
			 "options": ["nosuid", "noexec", "nodev", "ro"]}
		],
		"linux": {
			"cgroupsPath": "$(json_escape "$config_cgroup")",
			"resources": $config_resources,
			"namespaces": $config_namespaces
		}
	}
	END
}

# ctr_run SHELL-COMMAND: runs it in a container; sets status and output like bats' run.
ctr_run() {
	bundle_config "$1"
	run "$CTR" run -b "$bundle" "$id" </dev/null
	# shellcheck disable=SC2154 # set by bats' run
	printf 'exit code %s, output:\n%s\n' "$status" "$output"
}
