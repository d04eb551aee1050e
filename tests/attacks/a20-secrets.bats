# SPDX-License-Identifier: GPL-2.0-or-later
#
# A20: what nobody else may read: values of the environment, data of mounts, the state.

load lib
setup() {
	attack_setup
	secret=hunter2-$tag
}
teardown() { attack_teardown; }

# A command that failed said something, and nothing of the secret: on stderr, in both kinds of log, with --debug.
keeps_it() {
	local format
	for format in text json; do
		rm -f "$T/log"
		ctr --debug --log "$T/log" --log-format "$format" "$@"
		[ "$status" -ne 0 ]
		[ -s "$T/log" ]
		refute grep -F "$secret" "$T/stdout" "$T/stderr" "$T/log"
	done
}

@test "A20: errors do not say values of the environment, of annotations, of mount data" {
	config ".process.env += [\"PASSWORD=$secret\"]" ".annotations = {\"key\": \"$secret\"}" '.process.args = ["/none"]'
	write_config
	keeps_it run "$bundle"
	# not even what looks like a variable and is none: the value may be all that is left of it
	fresh_config ".process.env += [\"$secret\"]"
	write_config
	keeps_it run "$bundle"
	fresh_config ".process.env += [\"PASSWORD=$secret\"]" '.process.env += ["x" * 3000000]'
	write_config
	keeps_it run "$bundle"
	fresh_config
	mount_entry /mnt cifs //server/share "password=$secret" username=x
	write_config
	keeps_it run "$bundle"
}

# A socket may say that others can read it: only who can write can connect, and its directory is ours.
nobody_else_can() {
	same '' "$(find "$root" ! -type s -perm /077 ! -type l -printf '%m %p\n')"
	same '' "$(find "$root" -type s -perm /022 -printf '%m %p\n')"
}

@test "A20: state, config, sockets and cache are for their owner alone, with any umask" {
	umask 0
	args payload sleep
	config '.process.env += ["PASSWORD=x"]'
	write_config
	"$CTR" --root "$root" create -b "$bundle" "$tag" >/dev/null 2>&1 </dev/null
	nobody_else_can
	ctr start "$tag"
	ok
	umask 022
	nobody_else_can
	delete_ctr
}

@test "A20: another user reads nothing of ctr's processes, nor of what they hold, while they work" {
	# a hook that lasts: ctr and ctr-init wait for it
	cat >"$T/look" <<-SH
		#!/bin/sh
		pid=\$(sed 's/.*"pid": *\\([0-9]*\\).*/\\1/')
		ctr=\$(sed -n 's/^PPid:\t//p' /proc/\$\$/status)
		for p in \$pid \$ctr; do
			for f in environ mem maps fd/0 exe cwd root auxv stack; do
				setpriv --reuid 65534 --regid 65534 --clear-groups head -c 1 /proc/\$p/\$f >/dev/null 2>&1 &&
					echo "\$p \$f" >>"$T/read"
			done
		done
		exit 0
	SH
	chmod 755 "$T/look"
	config ".hooks.createRuntime = [{\"path\": \"$T/look\", \"env\": [\"PATH=/usr/bin:/bin\"]}]"
	run_payload exit 0
	ok
	refute cat "$T/read"
}
