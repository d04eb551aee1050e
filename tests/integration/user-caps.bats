# SPDX-License-Identifier: GPL-2.0-or-later
# Ids, groups, umask and the five capability sets.

load lib
setup() { ctr_setup; }
teardown() { ctr_teardown; }

# Bits: KILL 5, NET_BIND_SERVICE 10, NET_RAW 13, AUDIT_WRITE 29
default=0000000020000420
none=0000000000000000

sets_are() {
	ok
	has "CapInh $1" "CapPrm $2" "CapEff $3" "CapBnd $4" "CapAmb $5"
}

@test "user: root without groups" {
	run_payload ids
	is 'uid=0,0,0 gid=0,0,0 groups= umask=0022'
}

@test "user: uid, gid, additional groups, umask" {
	config '.process.user = {"uid": 1000, "gid": 2000, "additionalGids": [30, 20, 4294967290], "umask": 7}'
	run_payload ids
	is 'uid=1000,1000,1000 gid=2000,2000,2000 groups=20,30,4294967290 umask=0007'
}

@test "user: the caller's groups are dropped" {
	args payload ids
	write_config
	capture setpriv --groups 4,5,6 "$CTR" --root "$root" run "$bundle"
	is 'uid=0,0,0 gid=0,0,0 groups= umask=0022'
}

@test "user: the caller's umask does not matter" {
	args payload ids
	write_config
	umask 077
	ctr run "$bundle"
	umask 022
	is 'uid=0,0,0 gid=0,0,0 groups= umask=0022'
}

@test "user: umask 0" {
	config '.process.user.umask = 0'
	run_payload ids
	is 'uid=0,0,0 gid=0,0,0 groups= umask=0000'
}

@test "user: a umask that is too large, an id that is none" {
	config '.process.user.umask = 512'
	run_bundle
	fails '/process/user/umask'
	filter='.process.terminal = false | .process.user.uid = 4294967295'
	run_bundle
	fails '/process/user/uid'
	filter='.process.terminal = false | .process.user.gid = -1'
	run_bundle
	fails '/process/user/gid'
}

@test "user: a pipe belongs to the user, so that /dev/stdout can be opened" {
	config '.process.user = {"uid": 1000, "gid": 1000}'
	args sh -c 'echo again >/dev/stdout; echo wrong >/dev/stderr'
	write_config
	output=$("$CTR" --root "$root" run "$bundle" 2>&1 | cat)
	same $'again\nwrong' "$output"
}

@test "user: with a state directory and a rootfs that only root can reach" {
	chmod 700 "$T" "$bundle"
	config '.process.user = {"uid": 1000, "gid": 1000}'
	run_payload ids
	is 'uid=1000,1000,1000 gid=1000,1000,1000 groups= umask=0022'
}

@test "user: a program that the user may not execute" {
	cp "$payload" "$rootfs/bin/private"
	chmod 700 "$rootfs/bin/private"
	config '.process.user = {"uid": 1000, "gid": 1000}'
	args private ids
	run_bundle
	fails 'private' 'permission denied'
	args /bin/private ids
	run_bundle
	fails '/bin/private' 'permission denied'
}

@test "caps: those of the default config" {
	run_payload caps
	sets_are "$none" "$default" "$default" "$default" "$none"
}

@test "caps: no object: none at all" {
	config 'del(.process.capabilities)'
	run_payload caps
	sets_are "$none" "$none" "$none" "$none" "$none"
}

@test "caps: an empty object: none at all" {
	config '.process.capabilities = {}'
	run_payload caps
	sets_are "$none" "$none" "$none" "$none" "$none"
}

@test "caps: each set on its own" {
	config '.process.capabilities = {
		"bounding": ["CAP_KILL", "CAP_NET_RAW", "CAP_AUDIT_WRITE"],
		"permitted": ["CAP_KILL", "CAP_NET_RAW"],
		"effective": ["CAP_KILL"],
		"inheritable": ["CAP_NET_RAW"],
		"ambient": []}' '.process.user = {"uid": 1000, "gid": 1000}'
	# execve of a plain file by a plain user leaves inheritable and bounding
	run_payload caps
	sets_are 0000000000002000 "$none" "$none" 0000000020002020 "$none"
}

@test "caps: root's program gets what bounding and inheritable allow" {
	config '.process.capabilities = {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"],
		"effective": [], "inheritable": [], "ambient": []}'
	run_payload caps
	sets_are "$none" 0000000000000020 0000000000000020 0000000000000020 "$none"
}

@test "caps: ambient ones reach a user's program" {
	config '.process.capabilities = (reduce ("bounding", "permitted", "effective", "inheritable", "ambient")
		as $s ({}; .[$s] = ["CAP_NET_RAW"]))' '.process.user = {"uid": 1000, "gid": 1000}'
	run_payload caps
	sets_are 0000000000002000 0000000000002000 0000000000002000 0000000000002000 0000000000002000
}

@test "caps: the caller's inheritable and ambient ones do not come along" {
	args payload caps
	write_config
	capture setpriv --inh-caps +net_raw,+kill --ambient-caps +net_raw "$CTR" --root "$root" run "$bundle"
	sets_are "$none" "$default" "$default" "$default" "$none"
}

@test "caps: ambient that is not permitted or not inheritable is an error or left out, never more" {
	config '.process.capabilities.ambient = ["CAP_NET_RAW"]'
	run_payload caps
	[ "$status" -ne 0 ] || has "CapAmb $none"
}

@test "caps: one that ctr itself does not have is a warning, and not granted" {
	capability CAP_NET_RAW
	args payload caps
	write_config
	capture setpriv --bounding-set -net_raw "$CTR" --root "$root" run "$bundle"
	sets_are "$none" "$default" "$default" "$default" "$none"
	capture setpriv --bounding-set -net_raw "$CTR" --root "$root" --debug run "$bundle"
	[[ $stderr == *warning*CAP_NET_RAW* ]]
}

@test "caps: names need not be in capitals nor with CAP_: refused or taken, but said" {
	config '.process.capabilities = {"bounding": ["net_raw"]}'
	run_payload caps
	if [ "$status" -eq 0 ]; then
		ctr --debug run "$bundle"
		[[ $stderr == *warning*net_raw* ]]
	else
		fails '/process/capabilities'
	fi
}

@test "caps: what they are for works or does not" {
	run_payload mknod /dev/x 1 3 , syscall mount 0 0 0
	same $'/dev/x: EPERM\nsyscall: EPERM' "$output"
	capability CAP_MKNOD
	run_payload mknod /dev/x 1 3
	is '/dev/x: ok'
}

# --- --strict: a warning about the config is an error ---

@test "strict: an unknown capability" {
	config '.process.capabilities.bounding += ["CAP_TELEPORT"]'
	run_payload exit 0
	ok
	ctr --debug run "$bundle"
	same "ctr: warning: config.json /process/capabilities: unknown capability 'CAP_TELEPORT' is ignored" "$stderr"
	ctr run --strict "$bundle"
	fails "unknown capability 'CAP_TELEPORT' is ignored (config.json /process/capabilities)" 'do without --strict'
	ctr create --strict -b "$bundle" "$tag"
	fails "unknown capability 'CAP_TELEPORT' is ignored (config.json /process/capabilities)"
	[ ! -e "$root/$tag" ]
}

@test "strict: a capability that cannot be granted" {
	capability CAP_NET_RAW
	args payload caps
	write_config
	capture setpriv --bounding-set -net_raw "$CTR" --root "$root" run --strict "$bundle"
	fails "CAP_NET_RAW cannot be granted (config.json /process/capabilities/bounding)"
	# an effective one that is not permitted, an ambient one that is not inheritable
	filter='.process.terminal = false | .process.capabilities = {"bounding": ["CAP_KILL"], "effective": ["CAP_KILL"]}'
	run_bundle --strict
	fails 'CAP_KILL cannot be granted (config.json /process/capabilities/effective)'
	filter='.process.terminal = false | .process.capabilities = {"bounding": ["CAP_KILL"], "permitted": ["CAP_KILL"],
		"ambient": ["CAP_KILL"]}'
	run_bundle --strict
	fails 'CAP_KILL cannot be granted (config.json /process/capabilities/ambient)'
}

@test "strict: other warnings: a mount without its option, a relative destination" {
	mkdir "$T/data"
	config ".mounts += [{\"destination\": \"/data\", \"type\": \"bind\", \"source\": \"$T/data\"}]"
	run_bundle --strict
	fails "type 'bind' without the option bind or rbind: taken as bind (config.json /mounts/7)"
	filter='.process.terminal = false'
	mount_entry data bind "$T/data" bind
	run_bundle --strict
	fails "'data' is relative, taken as '/data' (config.json /mounts/7/destination)"
	run_payload exit 0
	ok
}

@test "strict: nothing to warn about: runs" {
	args payload exit 7
	write_config
	ctr run --strict "$bundle"
	same 7 "$status"
	same '' "$stderr"
}

@test "strict: exec" {
	start_payload sleep
	jq '.process | .args = ["payload", "exit", "6"] | .capabilities.bounding += ["CAP_TELEPORT"]' \
		"$bundle/config.json" >"$T/process.json"
	ctr exec -p "$T/process.json" "$tag"
	same 6 "$status"
	same '' "$stderr"
	ctr --debug exec -p "$T/process.json" "$tag"
	same 6 "$status"
	same "ctr: warning: $T/process.json /capabilities: unknown capability 'CAP_TELEPORT' is ignored" "$stderr"
	ctr exec --strict -p "$T/process.json" "$tag"
	same 255 "$status"
	[[ $stderr == "ctr: exec in $tag: unknown capability 'CAP_TELEPORT' is ignored ($T/process.json /capabilities): "* ]]
	ctr exec --strict "$tag" payload exit 5
	same 5 "$status"
	delete_ctr
}

# lied_to CALL WORDS...: under a kernel that only pretends to do CALL the program does not run.
lied_to() {
	local call=$1
	shift
	write_config
	capture "$BATS_TEST_DIRNAME/liar" "$call" "$CTR" --root "$root" run "$bundle"
	[ "$status" -ne 77 ] || need 'the numbers of this machine'
	fails "$@"
}

@test "verify: ids, groups and capabilities that were not set are noticed, with and without a filter" {
	local before
	args sh -c 'echo ran'
	config '.process.user = {"uid": 1000, "gid": 1000, "additionalGids": [30, 20]}'
	for privileges in true false; do
		config ".process.noNewPrivileges = $privileges"
		for seccomp in null '{"defaultAction": "SCMP_ACT_ALLOW",
			"syscalls": [{"names": ["personality"], "action": "SCMP_ACT_ERRNO"}]}'; do
			before=$filter
			config ".linux.seccomp = $seccomp"
			lied_to setresuid 'verify uid 1000 and gid 1000' 'other ids' '/process/user'
			lied_to setresgid 'verify uid 1000 and gid 1000' 'other ids'
			lied_to setgroups 'verify groups [30, 20]' 'other groups' '/process/user/additionalGids'
			config '.process.user = {"uid": 0, "gid": 0}'
			lied_to capset 'verify all other capability sets' 'capabilities'
			run_bundle
			is ran
			filter=$before
		done
	done
	# a filter under which the kernel cannot be asked: all but the last sets were verified before it
	config '.process.noNewPrivileges = false' '.linux.seccomp = {"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["capget", "getgroups", "getresuid", "getresgid"], "action": "SCMP_ACT_KILL"}]}'
	lied_to setgroups 'other groups'
	run_bundle
	is ran
}

@test "verify: groups in another order, repeated, and as many as there can be" {
	local gids
	gids=$(jq -cn '[range(1024) | 5000 - .]')
	config ".process.user.additionalGids = $gids"
	args sh -c 'id -G | wc -w'
	run_bundle
	is 1025
	config '.process.user.additionalGids = [7, 7, 3]'
	run_bundle
	ok
}
