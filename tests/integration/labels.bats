# SPDX-License-Identifier: GPL-2.0-or-later
# apparmorProfile, selinuxLabel, mountLabel where the kernel has neither AppArmor nor SELinux, or only
# seems to. What they do where it has them: tests/vm/apparmor, tests/vm/selinux.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# as_if LSMS COMMAND...: ctr sees a host with exactly these security modules ("apparmor", "selinux").
# Only in a mount namespace of the command, of course: what the kernel itself has stays as it is.
as_if() {
	cat >"$T/as-if" <<-'END'
		lsms=$1 dir=$2
		shift 2
		cat /proc/filesystems >"$dir/true"
		grep -v selinuxfs "$dir/true" >"$dir/filesystems"
		case $lsms in *selinux*) printf 'nodev\tselinuxfs\n' >>"$dir/filesystems" ;; esac
		# not without need: the kernel allows a user namespace no proc next to one with covered files
		cmp -s "$dir/true" "$dir/filesystems" ||
			mount --bind "$dir/filesystems" /proc/filesystems || exit 99
		mount -t tmpfs tmpfs /sys/module || exit 99
		mkdir -p /sys/module/apparmor/parameters
		echo N >/sys/module/apparmor/parameters/enabled
		case $lsms in *apparmor*) echo Y >/sys/module/apparmor/parameters/enabled ;; esac
		exec "$@"
	END
	local lsms=$1
	shift
	capture unshare -m --propagation private sh "$T/as-if" "$lsms" "$T" "$@"
}

run_as_if() {
	write_config
	as_if "$1" "$CTR" --root "$root" run -b "$bundle" "$tag"
}

# A kernel that really has it would not say what these tests want to hear.
without_lsm() {
	[ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" != Y ] || need 'a kernel without AppArmor'
	refute grep -q selinuxfs /proc/filesystems || need 'a kernel without SELinux'
}

@test "labels: a profile without AppArmor is refused, before anything is made" {
	config '.process.apparmorProfile = "docker-default"'
	args payload exit 0
	run_as_if ''
	fails "AppArmor profile 'docker-default': AppArmor is not enabled on this host" \
		'(config.json /process/apparmorProfile)' 'apparmor=1'
	[ ! -e "$root/$tag" ]
	run_as_if selinux
	fails 'AppArmor is not enabled on this host'
}

@test "labels: without AppArmor everything is unconfined" {
	config '.process.apparmorProfile = "unconfined"'
	args payload exit 0
	run_as_if ''
	ok
	config '.process.apparmorProfile = "" | .process.selinuxLabel = "" | .linux.mountLabel = ""'
	run_as_if ''
	ok
}

@test "labels: selinuxLabel and mountLabel without SELinux are refused" {
	args payload exit 0
	config '.process.selinuxLabel = "system_u:system_r:container_t:s0"'
	run_as_if apparmor
	fails "SELinux label 'system_u:system_r:container_t:s0': SELinux is not enabled on this host" \
		'(config.json /process/selinuxLabel)' 'security=selinux'
	config 'del(.process.selinuxLabel)' '.linux.mountLabel = "system_u:object_r:container_file_t:s0"'
	run_as_if ''
	fails "SELinux label 'system_u:object_r:container_file_t:s0'" '(config.json /linux/mountLabel)'
}

@test "labels: exec --apparmor and --process-label without them" {
	start_payload sleep
	as_if '' "$CTR" --root "$root" exec --apparmor docker-default "$tag" payload exit 0
	same 255 "$status"
	same "ctr: exec in $tag: AppArmor profile 'docker-default': AppArmor is not enabled on this host: boot with apparmor=1 security=apparmor, or remove the profile" "$stderr"
	as_if '' "$CTR" --root "$root" exec --process-label a:b:c "$tag" payload exit 0
	same 255 "$status"
	[[ $stderr == *"SELinux label 'a:b:c': SELinux is not enabled on this host"* ]]
	jq -n '{cwd: "/", args: ["payload", "exit", "0"], apparmorProfile: "x"}' >"$T/process.json"
	as_if '' "$CTR" --root "$root" exec -p "$T/process.json" "$tag"
	same 255 "$status"
	[[ $stderr == *"AppArmor profile 'x'"*"($T/process.json /apparmorProfile)"* ]]
	as_if '' "$CTR" --root "$root" exec --apparmor unconfined "$tag" payload exit 0
	ok
	delete_ctr
}

@test "labels: a kernel that does not take the label ends the container" {
	without_lsm
	args payload exit 0
	config '.process.apparmorProfile = "docker-default"'
	run_as_if apparmor
	fails "run the program under the AppArmor profile 'docker-default': write to \`/proc/self/attr/exec\`: invalid" \
		'(config.json /process/apparmorProfile)'
	config 'del(.process.apparmorProfile)' '.process.selinuxLabel = "a:b:c"'
	run_as_if selinux
	fails "label new keys with the SELinux context 'a:b:c': write to \`/proc/self/attr/keycreate\`: invalid" \
		'(config.json /process/selinuxLabel)'
	write_config
	as_if selinux "$CTR" --root "$root" run --no-new-keyring -b "$bundle" "$tag"
	fails "run the program with the SELinux context 'a:b:c': write to \`/proc/self/attr/exec\`: invalid" \
		'(config.json /process/selinuxLabel)'
	config 'del(.process.selinuxLabel)' '.linux.mountLabel = "a:b:c"'
	run_as_if selinux
	fails "Unknown parameter 'context'" '(config.json /mounts/1)'
}

@test "labels: they are written in a user namespace as well, and without a /proc in the container" {
	without_lsm
	user_namespace
	config '.process.apparmorProfile = "docker-default"' 'del(.mounts[] | select(.destination | test("^/(proc|sys)")))' \
		'.linux.maskedPaths = [] | .linux.readonlyPaths = []'
	args payload exit 0
	run_as_if apparmor
	fails "run the program under the AppArmor profile 'docker-default'"
}

@test "labels: mount_context_type is one of four words" {
	config '.annotations["run.oci.mount_context_type"] = "context,ro"'
	run_payload exit 0
	fails "'context,ro' is none of context, fscontext, defcontext, rootcontext" \
		'/annotations/run.oci.mount_context_type'
}

@test "labels: validate tells all that the host lacks, and --config-only none of it" {
	config '.process.apparmorProfile = "x" | .process.selinuxLabel = "a:b:c" | .linux.mountLabel = "a:b:c"'
	args payload exit 0
	write_config
	as_if '' "$CTR" validate "$bundle"
	same 1 "$status"
	has "error: /process/apparmorProfile: AppArmor profile 'x': AppArmor is not enabled" \
		"error: /process/selinuxLabel: SELinux label 'a:b:c': SELinux is not enabled" \
		"error: /linux/mountLabel: SELinux label 'a:b:c': SELinux is not enabled" '3 errors'
	as_if '' "$CTR" validate --config-only "$bundle"
	same 0 "$status"
	config '.annotations["run.oci.mount_context_type"] = "x"'
	write_config
	as_if '' "$CTR" validate --config-only "$bundle"
	same 1 "$status"
	has 'error: /annotations/run.oci.mount_context_type' '1 error'
}
