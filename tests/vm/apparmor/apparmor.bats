# SPDX-License-Identifier: GPL-2.0-or-later
# process.apparmorProfile and exec --apparmor under a kernel with AppArmor.

load ../lib/bundle
load ../lib/labels

current='cat /proc/self/attr/current'

setup_file() {
	command -v apparmor_parser >/dev/null || need_fail 'apparmor_parser (Debian: apparmor)'
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] || need_fail AppArmor
	mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
	cat >"$BATS_FILE_TMPDIR/profiles" <<-'END'
		profile ctr-vm-box flags=(attach_disconnected) {
			file,
			capability,
			network,
			signal,
			ptrace,
			mount,
			deny /tmp/secret r,
		}
		profile ctr-vm-other flags=(attach_disconnected,complain) {
			file,
			capability,
			signal,
		}
	END
	apparmor_parser -r -K "$BATS_FILE_TMPDIR/profiles"
}

teardown_file() {
	apparmor_parser -R -K "$BATS_FILE_TMPDIR/profiles" || true
}

setup() {
	bundle_setup
	config_filters=.
	configure '.mounts += [{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}]'
}

teardown() {
	"$CTR" delete -f "$id" 2>/dev/null || true
	bundle_teardown
}

profile() {
	configure ".process.apparmorProfile = \"$1\""
}

@test "apparmor: the program runs under the profile, which is enforced" {
	profile ctr-vm-box
	box_run "$current; echo hidden >/tmp/secret; cat /tmp/secret"
	[ "$status" -ne 0 ]
	[ "${lines[0]}" = 'ctr-vm-box (enforce)' ]
	[[ ${lines[1]} == *'Permission denied' ]]
	# the same without it
	configure 'del(.process.apparmorProfile)'
	box_run "$current; echo hidden >/tmp/secret; cat /tmp/secret"
	[ "$output" = $'unconfined\nhidden' ]
}

@test "apparmor: with and without no_new_privs, as a user, in a user namespace, in complain mode" {
	profile ctr-vm-box
	configure '.process.noNewPrivileges = false'
	box_run "$current"
	[ "$output" = 'ctr-vm-box (enforce)' ]
	configure '.process.user = {"uid": 1000, "gid": 1000}' '.process.capabilities = {}'
	box_run "$current"
	[ "$output" = 'ctr-vm-box (enforce)' ]
	configure '.linux.namespaces += [{"type": "user"}]' \
		'.linux.uidMappings = [{"containerID": 0, "hostID": 100000, "size": 65536}]' \
		'.linux.gidMappings = .linux.uidMappings' 'del(.mounts[] | select(.type == "cgroup"))'
	chmod 711 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR"/* "$BATS_TEST_TMPDIR" "$bundle"
	box_run "$current"
	[ "$output" = 'ctr-vm-box (enforce)' ]
	profile ctr-vm-other
	box_run "$current"
	[ "$output" = 'ctr-vm-other (complain)' ]
}

@test "apparmor: an unknown profile is an error, and nothing is left" {
	profile ctr-vm-nobody
	box_run true
	[ "$status" -eq 1 ]
	[[ $output == *"run the program under the AppArmor profile 'ctr-vm-nobody': write to \`/proc/self/attr/apparmor/exec\`: no such file or directory (config.json /process/apparmorProfile): the kernel has no such profile"* ]]
	run "$CTR" state "$id"
	[ "$status" -ne 0 ]
}

@test "apparmor: unconfined" {
	profile unconfined
	box_run "$current"
	[ "$output" = unconfined ]
}

@test "apparmor: a stack of profiles" {
	profile 'ctr-vm-box//&ctr-vm-other'
	box_run "$current"
	[ "$output" = 'ctr-vm-box//&ctr-vm-other (mixed)' ]
}

@test "apparmor: exec has the container's profile, or its own" {
	profile ctr-vm-box
	box_start :
	box_exec "$id" sh -c "$current"
	[ "$output" = 'ctr-vm-box (enforce)' ]
	box_exec --apparmor ctr-vm-other "$id" sh -c "$current"
	[ "$output" = 'ctr-vm-other (complain)' ]
	box_exec --apparmor unconfined "$id" sh -c "$current"
	[ "$output" = unconfined ]
	box_exec --apparmor ctr-vm-nobody "$id" true
	[ "$status" -eq 255 ]
	[[ $output == *"the AppArmor profile 'ctr-vm-nobody': write to \`/proc/self/attr/apparmor/exec\`: no such file or directory: the kernel has no such profile"* ]]
	# a document without a profile does not lead out of the container's
	jq -n '{cwd: "/", args: ["/bin/cat", "/proc/self/attr/current"]}' >"$BATS_TEST_TMPDIR/process"
	box_exec -p "$BATS_TEST_TMPDIR/process" "$id"
	[ "$output" = 'ctr-vm-box (enforce)' ]
	jq '.apparmorProfile = "ctr-vm-other"' "$BATS_TEST_TMPDIR/process" >"$BATS_TEST_TMPDIR/process2"
	box_exec -p "$BATS_TEST_TMPDIR/process2" "$id"
	[ "$output" = 'ctr-vm-other (complain)' ]
	box_delete
}

@test "apparmor: a container that replaced its /proc does not get out of the profile (CVE-2019-16884)" {
	profile ctr-vm-box
	configure '(.process.capabilities | .bounding, .effective, .permitted) = ["CAP_SYS_ADMIN"]' \
		'.process.noNewPrivileges = false' \
		'.mounts += [{"destination": "/run", "type": "tmpfs", "source": "tmpfs"}]'
	box_start 'mkdir /run/proc; mount -t proc proc /run/proc; mount -t tmpfs tmpfs /proc;
		mkdir -p /proc/self/attr/apparmor; : >/proc/self/attr/exec; : >/proc/self/attr/apparmor/exec; : >/run/ready'
	for _ in $(seq 100); do
		[ ! -e "/proc/$("$CTR" state "$id" | jq .pid)/root/run/ready" ] || break
		sleep 0.1
	done
	box_exec "$id" sh -c 'cat /proc/self/attr/exec /proc/self/attr/apparmor/exec /run/proc/self/attr/current'
	[ "$output" = 'ctr-vm-box (enforce)' ]
	box_delete
}

@test "apparmor: startContainer hooks run under the profile, hooks of the host do not" {
	profile ctr-vm-box
	configure ".hooks.createRuntime = [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"cat /proc/self/attr/current >$BATS_TEST_TMPDIR/host\"]}]" \
		'.hooks.startContainer = [{"path": "/bin/sh", "args": ["sh", "-c", "cat /proc/self/attr/current >/tmp/inside"]}]'
	box_run 'cat /tmp/inside'
	[ "$output" = 'ctr-vm-box (enforce)' ]
	[ "$(cat "$BATS_TEST_TMPDIR/host")" = unconfined ]
}
