# SPDX-License-Identifier: GPL-2.0-or-later
# The sweep itself: it chooses other points each day, and goes on where it was stopped.

load ../integration/lib
setup() {
	ctr_setup
	sweep=$CTR_SRCDIR/tests/faults/sweep
	log=$T/log
}
teardown() { ctr_teardown; }

points_of() {
	capture "$sweep" --list --sample 15 "$@" kill
	ok
	same 15 "$(wc -l <"$T/stdout")"
}

@test "sweep: the same seed chooses the same points, another one others, and the date is one" {
	local first today
	points_of --seed one
	first=$output
	points_of --seed one
	same "$first" "$output"
	points_of --seed two
	refute same "$first" "$output"
	first=$(date +%F)
	points_of
	today=$output
	points_of --seed "$first"
	if [ "$today" != "$output" ]; then
		points_of --seed "$(date +%F)" # midnight was in between
		same "$today" "$output"
	fi
}

# What was injected since the log had so many lines.
since() {
	tail -n "+$(($1 + 1))" "$log" | grep -v '^#' | grep .
}

@test "sweep: a log is continued behind what is done; what did not hold is done again" {
	local lines
	printf 'kill error ctr:%s\n' openat2#1:EMFILE openat2#2:EMFILE openat2#3:EMFILE >"$T/points"
	printf '%s\n' '# of a day' 'kill error ctr:openat2#1:EMFILE held' 'kill error ctr:openat2#2:EMFILE VIOLATED' \
		'#   it hung' 'kill error ctr:openat2#3:EMFILE he' | head -c -1 >"$log"
	lines=$(($(wc -l <"$log") + 1))
	capture "$sweep" --points "$T/points" --log "$log"
	ok
	has '2 injected: 2 held'
	grep -qx "# .*: ctr version .*, commit: .*" "$log"
	same "$(printf 'kill error ctr:openat2#%d:EMFILE held\n' 2 3)" "$(since "$lines" | sort)"
	lines=$(wc -l <"$log")
	capture "$sweep" --points "$T/points" --log "$log"
	ok
	refute since "$lines"
	capture "$sweep" --table "$log"
	has '| kill | error | 3 | 0 | 1 | 0 |'
}

@test "sweep: a command that hangs behind the fault is ended, and it is said which" {
	local real=$CTR
	printf '#!/bin/bash\n[[ " $* " != *" list "* ]] || exec -a "hangs %s" sleep 1000\nexec %q "$@"\n' "$T" "$real" >"$T/ctr"
	chmod 755 "$T/ctr"
	echo 'kill error ctr:openat2#1:EMFILE' >"$T/points"
	TMPDIR=$T CTR=$T/ctr capture "$sweep" --deadline 10000 --patience 5 --points "$T/points"
	same 1 "$status"
	has 'not even looking at it ends'
	has 'list fails'
	refute pgrep -f "^hangs $T"
}
