#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# What a command may cost, counted and not timed: system calls, programs, processes, mounts, bytes. A limit stands some 16 above what was
# measured when it was set: polls and the length of paths differ. Whoever needs more asks first whether one of the
# others can go, then raises it; whoever needs less lowers it. What differs between machines is left out: the dynamic linker's calls, and one call for each
# capability that is dropped.

load lib

setup() {
	ctr_setup
	needs_plain_build 'ASan and its allocator make system calls of their own'
	command -v strace >/dev/null || need strace
	# of the default lists every kernel has others
	config '.linux.maskedPaths = ["/proc/interrupts", "/sys/kernel"]' \
		'.linux.readonlyPaths = ["/proc/sys", "/proc/irq"]'
}

teardown() { ctr_teardown; }

# traced FILE COMMAND...: ctr under strace, with what strace says in $T/trace-FILE; with -f as the first word also its children, with -y the paths of descriptors
traced() {
	local file=$1 options=()
	shift
	while [[ $1 == -[fy] ]]; do
		options+=("$1")
		shift
	done
	capture strace "${options[@]}" -qq -o "$T/trace-$file" "$CTR" --root "$root" "$@"
	ok
}

# within NAME LIMIT COUNT
within() {
	[ "$3" -le "$2" ] || { echo "$1: $3 system calls, at most $2 were expected"; false; }
}

# Calls in standard input: no second halves of interrupted ones, no signals and exits.
count() {
	grep -vcE '^([0-9]+ +)?(<\.\.\. .* resumed>|\+\+\+|---)'
}

# main_calls FILE [PID]: ctr's own calls. Without what depends on where the bundle is, and where a hybrid host has its tree.
main_calls() {
	grep "^${2:+$2 }" "$T/trace-$1" | sed 's/^[0-9]* *//' | sed -n '/^umask(/,$p' | grep -v '^readlink(.*EINVAL' |
		if [ -d /sys/fs/cgroup/unified ]; then sed '/"\/sys\/fs\/cgroup", /,/^close/d'; else cat; fi
}

@test "budget: system calls of one run, in ctr and in ctr-init; one program each" {
	local main init
	args payload exit 0
	write_config
	ctr run -b "$bundle" "$tag-warm"
	ok
	traced run -f run -b "$bundle" "$tag"
	main=$(head -n 1 "$T/trace-run" | cut -d ' ' -f 1)
	init=$(sed -n 's/^\([0-9]*\) .*execveat(.*/\1/p' "$T/trace-run")
	[ "$(grep -c 'execve\(at\)\?(' "$T/trace-run")" = 3 ]
	[ "$(grep -cE '(clone3?|v?fork)\(' "$T/trace-run")" = 1 ]
	within ctr-init 195 "$(grep "^$init " "$T/trace-run" | sed '/execve("/,$d' | grep -v PR_CAPBSET_DROP | count)"
	within ctr 180 "$(main_calls run "$main" | count)"
}

@test "budget: system calls of create, start, exec, state, kill and delete" {
	args payload exit 0
	write_config
	ctr run -b "$bundle" "$tag-warm"
	ok
	args payload sleep 60
	write_config
	traced create create -b "$bundle" "$tag"
	traced start start "$tag"
	traced exec exec "$tag" /bin/payload exit 0
	traced state state "$tag"
	traced kill kill "$tag" KILL
	wait_until is_stopped
	traced delete delete "$tag"
	within create 147 "$(main_calls create | count)"
	within start 84 "$(main_calls start | count)"
	within exec 164 "$(main_calls exec | count)"
	within state 75 "$(main_calls state | count)"
	within kill 69 "$(main_calls kill | count)"
	within delete 71 "$(main_calls delete | count)"
}

# programs FILE, children FILE: what a trace has of them. The first program is ctr itself.
programs() {
	grep -cE 'execve(at)?\(.*( = 0$|<unfinished)' "$T/trace-$1"
}
children() {
	grep -cE '^([0-9]+ +)?(clone3?|v?fork)\(' "$T/trace-$1" || true
}

@test "budget: programs and processes of create, start, exec, state, kill and delete" {
	args payload sleep 60
	write_config
	ctr run -d -b "$bundle" "$tag-warm" # the first one of a host learns what its kernel has
	ctr delete -f "$tag-warm"
	# strace would wait for what lives on: only ctr's own here
	traced create create -b "$bundle" "$tag"
	traced start start "$tag"
	traced exec -f exec "$tag" /bin/payload exit 0
	traced state -f state "$tag"
	traced kill -f kill "$tag" KILL
	wait_until is_stopped
	traced delete -f delete "$tag"
	same '1 1' "$(programs create) $(children create)"
	same '1 0' "$(programs start) $(children start)"
	same '3 2' "$(programs exec) $(children exec)" # ctr-init, which goes on as a child in the namespaces, and the program
	same '1 0' "$(programs state) $(children state)"
	same '1 0' "$(programs kill) $(children kill)"
	same '1 0' "$(programs delete) $(children delete)"
}

# Whatever ctr has in its containers' cgroups or runs as a program; the payloads are not ours.
residents() {
	local process exe
	for process in /proc/[0-9]*; do
		exe=$(readlink "$process/exe") || continue
		case $exe in
		"$(realpath "$CTR")") ! tr '\0' '\n' <"$process/cmdline" | grep -qxF -- "$root" || echo "${process##*/} $exe" ;;
		*/payload) ;;
		*) ! grep -q "/$tag" "$process/cgroup" || echo "${process##*/} $exe" ;;
		esac
	done 2>/dev/null
}

@test "budget: containers that run leave no mount on the host and no process of ctr" {
	local before n
	args payload sleep 60
	write_config
	before=$(sort /proc/self/mountinfo)
	for n in 1 2 3; do
		ctr run -d -b "$bundle" "$tag-$n"
		ok
	done
	# those of others come and go: ours would have a name of ours
	same '' "$(comm -13 <(echo "$before") <(sort /proc/self/mountinfo) | grep -F -e "$tag" -e "$root")"
	same '' "$(residents)"
	for n in 1 2 3; do
		ctr delete -f "$tag-$n"
		ok
	done
}

@test "budget: bytes of ctr-init, and its memory while it waits for start" {
	local pid
	args payload sleep 60
	write_config
	ctr create --pid-file "$T/pid" -b "$bundle" "$tag"
	ok
	pid=$(<"$T/pid")
	within 'bytes of ctr-init' 131072 "$(stat -L -c %s "/proc/$pid/exe")"
	within 'KiB of memory' 300 "$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")"
	within 'threads' 1 "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)"
	ctr delete -f "$tag"
	ok
}

# Before it is deleted: to wait for processes takes calls, too, now and then.
ends() {
	"$CTR" --root "$root" kill "$1" KILL
	wait_until is_stopped "$1"
}

@test "budget: commands do not read more, the more containers there are" {
	local n
	args payload sleep 60
	write_config
	for n in 1 2; do
		ctr run -d -b "$bundle" "$tag-$n"
		ok
	done
	traced list-2 -y list
	ends "$tag-2"
	traced delete-2 -y delete "$tag-2"
	# what only looks like containers is enough to be read
	for ((n = 10; n < 30; n++)); do
		cp -a "$root/$tag-1" "$root/$tag-$n"
	done
	ctr run -d -b "$bundle" "$tag-2"
	ok
	traced run -y run -b "$bundle" "$tag-3" --pid-file "$T/pid" -d
	traced state -y state "$tag-2"
	traced exec -y exec "$tag-2" /bin/payload exit 0
	traced kill -y kill "$tag-2" WINCH
	ends "$tag-2"
	traced delete -y delete "$tag-2"
	traced list -y list
	# nobody but list, which has more to tell, reads the directory of all, or opens another one
	for n in run state exec kill delete; do
		same '' "$(grep -E -e "\"$tag-(1|[12][0-9])\"" -e "getdents64\([0-9]+<$root>" "$T/trace-$n")"
	done
	within 'calls of delete' "$(main_calls delete-2 | count)" "$(main_calls delete | count)"
	same 1 "$(grep -c '"/etc/passwd"' "$T/trace-list")"
	grep -qE "getdents64\([0-9]+<$root>" "$T/trace-list"
	within 'calls of list for each more' $((27 * 21)) "$(($(main_calls list | count) - $(main_calls list-2 | count)))"
	rm -rf "$root/$tag"-[12]?
	ctr delete -f "$tag-1"
	ctr delete -f "$tag-3"
}
