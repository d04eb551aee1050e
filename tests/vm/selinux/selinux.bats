# SPDX-License-Identifier: GPL-2.0-or-later
# process.selinuxLabel, linux.mountLabel, exec --process-label: first without a policy, where the kernel
# knows one label only, then with the small one beside this file. The kernel is permissive: nothing here is
# about access, and a policy that enforces is not tested. The order of the tests matters: what was
# loaded stays.

load ../lib/bundle
load ../lib/labels

current='cat /proc/self/attr/current; echo'
label=user_u:base_r:box_t:s0:c1,c2
file_label=user_u:object_r:box_file_t:s0:c1,c2

setup_file() {
	command -v checkpolicy >/dev/null || need_fail checkpolicy
	grep -q selinuxfs /proc/filesystems || need_fail SELinux
	mountpoint -q /sys/fs/selinux || mount -t selinuxfs selinuxfs /sys/fs/selinux
}

setup() {
	bundle_setup
	config_filters=.
}

teardown() {
	"$CTR" delete -f "$id" 2>/dev/null || true
	bundle_teardown
}

load_policy() {
	[ "$(cat /sys/fs/selinux/policyvers)" -ge 31 ]
	checkpolicy -M -U allow -c 31 -o "$BATS_TEST_TMPDIR/policy" "$BATS_TEST_DIRNAME/policy.conf"
	# one write(2), as the kernel wants it
	dd if="$BATS_TEST_TMPDIR/policy" of=/sys/fs/selinux/load bs=1M 2>&1
	[ "$(cat /sys/fs/selinux/enforce)" = 0 ]
}

attribute() {
	python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "security.selinux").decode().rstrip("\0"))' "$1"
}

pid_of() {
	"$CTR" state "$id" | jq .pid
}

@test "selinux: without a policy only the kernel's own label can be had" {
	configure '.process.selinuxLabel = "kernel"'
	box_run "$current"
	[ "$output" = kernel ]
	configure ".process.selinuxLabel = \"$label\""
	box_run "$current"
	[ "$status" -eq 1 ]
	# what was written is not what is read back
	[[ $output == *"label new keys with the SELinux context '$label': found 'kernel': invalid argument (config.json /process/selinuxLabel)"* ]]
	configure 'del(.process.selinuxLabel)' ".linux.mountLabel = \"$file_label\""
	box_run true
	[ "$status" -eq 1 ]
	[[ $output == *"option 'context=...'"*'(config.json /mounts/1)'* ]]
}

@test "selinux: a policy is loaded" {
	load_policy
	[ "$(tr -d '\0' </proc/self/attr/current)" = user_u:base_r:base_t:s0 ]
	# all mounts say now that they have labels: nothing that was left behind
	"$bundle_lib/leaks" list "$id" >"$BATS_TEST_TMPDIR/before"
}

@test "selinux: the program has the label, with and without no_new_privs, as a user" {
	configure ".process.selinuxLabel = \"$label\""
	box_run "$current"
	[ "$output" = "$label" ]
	configure '.process.noNewPrivileges = false' '.process.user = {"uid": 1000, "gid": 1000}'
	box_run "$current"
	[ "$output" = "$label" ]
	configure 'del(.process.selinuxLabel)'
	box_run "$current"
	[ "$output" = user_u:base_r:base_t:s0 ]
}

@test "selinux: a label that the policy does not know, or writes in another way, is an error" {
	configure '.process.selinuxLabel = "user_u:base_r:nobody_t:s0"'
	box_run true
	[ "$status" -eq 1 ]
	[[ $output == *"the SELinux context 'user_u:base_r:nobody_t:s0': write to \`/proc/self/attr/keycreate\`: invalid argument (config.json /process/selinuxLabel)"* ]]
	configure '.process.selinuxLabel = "user_u:base_r:box_t:s0:c2,c1"'
	box_run true
	[ "$status" -eq 1 ]
	[[ $output == *"found '$label'"*'the order of categories'* ]]
}

@test "selinux: exec has the container's label, or its own" {
	configure ".process.selinuxLabel = \"$label\""
	box_start :
	[ "$(tr -d '\0' <"/proc/$(pid_of)/attr/current")" = "$label" ]
	box_exec "$id" sh -c "$current"
	[ "$output" = "$label" ]
	box_exec --process-label user_u:base_r:box_t:s0 "$id" sh -c "$current"
	[ "$output" = user_u:base_r:box_t:s0 ]
	jq -n --arg c "$current" '{cwd: "/", args: ["/bin/sh", "-c", $c]}' >"$BATS_TEST_TMPDIR/process"
	box_exec -p "$BATS_TEST_TMPDIR/process" "$id"
	[ "$output" = "$label" ]
	box_exec --process-label user_u:base_r:nobody_t:s0 "$id" true
	[ "$status" -eq 255 ]
	box_delete
}

@test "selinux: mountLabel is on filesystems that take one, and on the root of mqueue" {
	configure ".linux.mountLabel = \"$file_label\"" '.linux.maskedPaths = ["/proc/timer_list"]' \
		'.mounts += [
		{"destination": "/dev/pts", "type": "devpts", "source": "devpts", "options": ["newinstance"]},
		{"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue"},
		{"destination": "/tmp", "type": "tmpfs", "source": "tmpfs",
		 "options": ["context=\"user_u:object_r:base_t:s0:c0,c2\""]}]'
	box_start :
	inside=/proc/$(pid_of)/root
	[ "$(attribute "$inside/dev")" = "$file_label" ]
	[ "$(attribute "$inside/dev/pts")" = "$file_label" ]
	[ "$(attribute "$inside/dev/mqueue")" = "$file_label" ]
	[ "$(attribute "$inside/proc/timer_list")" = "$file_label" ]
	[ "$(attribute "$inside/tmp")" = user_u:object_r:base_t:s0:c0,c2 ]
	[ "$(attribute "$inside/proc")" = user_u:base_r:base_t:s0 ]
	[ "$(attribute "$inside/sys")" = user_u:base_r:base_t:s0 ]
	box_delete
}

@test "selinux: run.oci.mount_context_type chooses the option" {
	configure ".linux.mountLabel = \"$file_label\"" \
		'.annotations = {"run.oci.mount_context_type": "rootcontext"}'
	box_start :
	inside=/proc/$(pid_of)/root
	grep -q "rootcontext=\"*$file_label" "/proc/$(pid_of)/mounts"
	[ "$(attribute "$inside/dev")" = "$file_label" ]
	# only the root: what is made in it gets the label that the policy has for it
	[ "$(attribute "$inside/dev/null")" != "$file_label" ]
	box_delete
}
