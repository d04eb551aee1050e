# SPDX-License-Identifier: GPL-2.0-or-later
#
# A17: files that ctr writes where others may: state, pid files, logs.

load lib
setup() { attack_setup; }
teardown() { attack_teardown; }

@test "A17: a state directory that is a link, a container's directory that is one" {
	mkdir -m 700 "$root" "$T/target"
	ln -s "$T/target" "$root/$tag"
	: >"$T/target/precious"
	args payload exit 0
	write_config
	ctr run -b "$bundle" "$tag"
	fails 'already exists'
	ctr delete -f "$tag"
	[ -e "$T/target/precious" ]
	rm "$root/$tag"
}

@test "A17: a pid file that is a link, a fifo, a directory, a device: replaced or refused, never followed" {
	args payload exit 0
	write_config
	ln -s "$outside/file0" "$T/pid.dangling"
	ln -s "$outside/null" "$T/pid.link"
	mkfifo "$T/pid.fifo"
	mkdir "$T/pid.directory"
	mknod "$T/pid.device" c 1 3
	for kind in dangling link fifo directory device; do
		soon run --pid-file "$T/pid.$kind" "$bundle"
		attempt_is_clean
		[ "$status" -ne 0 ] || [ -f "$T/pid.$kind" ]
		[ ! -L "$T/pid.$kind" ]
		host_is_untouched
	done
	# nor are directories on the way made, and none that others may write is a surprise
	soon run --pid-file "$T/none/pid" "$bundle"
	fails 'none/pid'
}

# As root, one --pid-file /dev/null would be the end of /dev/null.
@test "A17: a pid file where a device, a fifo or a socket is: refused, by run, create and exec, and it stays" {
	local kind before
	mknod "$T/pid.device" c 1 3
	mkfifo "$T/pid.fifo"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$T/pid.socket"
	start_payload sleep
	ok
	for kind in device fifo socket; do
		before=$(stat -c '%i %F %t:%T %a' "$T/pid.$kind")
		soon run -d --pid-file "$T/pid.$kind" -b "$bundle" "$tag-2"
		fails "write the pid file '$T/pid.$kind'" 'does not replace'
		soon create --pid-file "$T/pid.$kind" -b "$bundle" "$tag-2"
		fails "write the pid file '$T/pid.$kind'"
		soon exec -d --pid-file "$T/pid.$kind" "$tag" payload sleep
		[ "$status" -ne 0 ]
		# what fails for another reason takes no pid file back but its own
		soon run -d --pid-file "$T/pid.$kind" -b "$T" "$tag-2"
		[ "$status" -ne 0 ]
		same "$before" "$(stat -c '%i %F %t:%T %a' "$T/pid.$kind")"
	done
	delete_ctr
}

@test "A17: a log that is a link, a fifo, a directory, a device, a socket: the command goes on" {
	ln -s "$outside/file0" "$T/log.dangling"
	ln -s "$outside/null" "$T/log.link"
	mkfifo "$T/log.fifo"
	mkdir "$T/log.directory"
	python3 -c 'import socket, sys, os; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind("log.socket")' "$T"
	for kind in dangling link fifo directory socket; do
		soon --log "$T/log.$kind" state none
		fails 'does not exist'
		host_is_untouched
	done
	soon --log /dev/full state none
	fails 'does not exist'
}

@test "A17: a state root that others may write, or own, or that is a link, is not used" {
	args payload exit 0
	write_config
	for case in 'chmod 770' 'chmod 777' 'chmod 702' 'chown 1000' link; do
		rm -rf "$T/other" "$T/target"
		mkdir -m 700 "$T/target"
		if [ "$case" = link ]; then
			ln -s target "$T/other"
			chmod 777 "$T/target"
		else
			mv "$T/target" "$T/other"
			$case "$T/other"
		fi
		soon --root "$T/other" run "$bundle"
		[ "$status" -eq 1 ] || { echo "$case"; return 1; }
		[[ $stderr == 'ctr: '* ]]
		same '' "$(ls -A "$T/other/")"
	done
}

@test "A17: ids that are paths" {
	args payload exit 0
	write_config
	for id in . .. ../x x/y /etc '' ' ' $'x\ny' 'x y' "$(printf '%0200d' 0)" 'a*' 'é' 'x;y'; do
		for verb in "run -b $bundle --" "create -b $bundle --" 'state --' 'delete -f --' 'start --' 'kill --'; do
			# shellcheck disable=SC2086 # words
			soon $verb "$id"
			[ "$status" -ne 0 ] || { echo "$verb $id"; return 1; }
			[ -n "$stderr" ]
		done
	done
	same '' "$(find "$root" -mindepth 1 -not -path "$root/.cache*" 2>/dev/null)"
}
