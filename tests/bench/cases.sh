# shellcheck shell=sh
# shellcheck disable=SC2154,SC2086 # shared with run, which sources this; lists of words
# What is measured, as data; and what each kind of case runs. A group is what lives beside the case (see herd):
# nothing (-), so many containers of each program, or one with a network.

case_table() {
	cat <<END
# name              group  kind       bundle
run-default         -      plain      default
run-seccomp         -      plain      seccomp
run-seccomp-cold    -      uncached   seccomp
run-userns          -      plain      userns
run-limits          -      plain      limits
run-overlay         -      overlay    default
run-cold            -      cold       default
lifecycle           -      lifecycle  stay
run-network         net    network    default
exec                1      exec       stay
state               1      state      stay
kill                1      kill       stay
list                1      list       stay
run-100             100    plain      default
lifecycle-100       100    lifecycle  stay
exec-100            100    exec       stay
state-100           100    state      stay
list-100            100    list       stay
run-500             500    plain      default
lifecycle-500       500    lifecycle  stay
exec-500            500    exec       stay
state-500           500    state      stay
list-500            500    list       stay
client-podman       -      podman     default
END
}

# What is not a time: counted or read before the cases.
value_cases="syscalls memory density"

case_names() {
	case_table | sed -n 's/^\([a-z][^ ]*\).*/\1/p'
	printf '%s\n' $value_cases
}

# case_row NAME: sets $group, $kind, $bundle.
case_row() {
	# shellcheck disable=SC2046 # words
	set -- $(case_table | grep "^$1 ")
	group=$2 kind=$3 bundle=$4
}

command_lines() {
	echo "$1"
	sed 's/^/arg /'
}

# --- runners of a container of its own ---

write_runtime() { # NAME=PATH BUNDLE
	echo "runner ${1%%=*}"
	runtime_args "${1%%=*}" "${1#*=}" "$2" | command_lines step
	write_removal "$1"
}

write_removal() {
	{
		global_args "${1%%=*}" "${1#*=}"
		printf '%s\n' delete --force @ID@
	} | command_lines fail
}

write_floor() { # BUNDLE
	echo "runner floor"
	floor_args "$floor" "$1" | command_lines step
}

write_plain() {
	if [ "$1" = default ] && [ "$group" = - ]; then
		echo "runner payload"
		echo "$bin/true" | command_lines step
	fi
	write_floor "$1"
	for runtime in $case_runtimes; do
		write_runtime "$runtime" "$1"
	done
	case $1 in
	seccomp) echo "note floor loads a filter compiled before (tree form); ctr's cache is warm" ;;
	esac
}

write_uncached() {
	write_floor "$1"
	for runtime in $case_runtimes; do
		name=${runtime%%=*}
		case $name in
		ctr | base) ;;
		*) continue ;;
		esac
		write_runtime "$runtime" "$1"
		printf '%s\n' "$(command -v rm)" -rf "${CTR_CACHE:-$work/root-$name/.cache}" | command_lines pre
	done
	echo "note ctr's cache is removed before each run; for its peers see run-seccomp"
}

# The page cache is dropped for the whole machine: fewer rounds, and whoever else works here pays as well.
write_cold() {
	few=$(((rounds + 5) / 6))
	echo "rounds $few"
	write_floor "$1"
	for runtime in $case_runtimes; do
		write_runtime "$runtime" "$1"
		printf '%s\n' "$(command -v sh)" -c 'echo 1 >/proc/sys/vm/drop_caches' | command_lines pre
	done
	echo "note programs and libraries come from the disk; the bundle is on a tmpfs, and stays in memory"
}

write_lifecycle() {
	echo "runner floor"
	{
		printf '%s\n' "$floor" --gates "$work/gates"
		floor_args "$floor" "$1" /bin/stay | sed 1d
	} | command_lines 'step create'
	printf '%s\n' "$floor" start "$work/gates" @ID@ | command_lines 'step start'
	printf '%s\n' "$floor" delete "$work/gates" @ID@ | command_lines 'step delete'
	mkdir -p "$work/gates"
	for runtime in $case_runtimes; do
		name=${runtime%%=*}
		echo "runner $name"
		{
			global_args "$name" "${runtime#*=}"
			printf '%s\n' create -b "$(bundle_of "$name" "$1")" @ID@
		} | command_lines 'step create'
		{
			global_args "$name" "${runtime#*=}"
			printf '%s\n' start @ID@
		} | command_lines 'step start'
		{
			global_args "$name" "${runtime#*=}"
			printf '%s\n' delete --force @ID@
		} | command_lines 'step delete'
		write_removal "$runtime"
	done
}

# --- runners on containers that live ---

# living NAME: the id of the one that commands are given
living() {
	echo "$id-live-$1-1"
}

# write_verb FLOOR-WORDS -- RUNTIME-WORDS; @LIVE@ is the container's id
write_verb() {
	words=''
	while [ "$1" != -- ]; do
		words="$words $1"
		shift
	done
	shift
	echo "runner floor"
	printf '%s\n' "$floor" $words | sed "s|@LIVE@|$(living floor)|" | command_lines step
	for runtime in $case_runtimes; do
		name=${runtime%%=*}
		case $without_cgroup in
		*" $name "*)
			echo "note $name has no containers that live here without its cgroups: left out"
			continue
			;;
		esac
		echo "runner $name"
		printf '%s\n' "${runtime#*=}" --root "$work/live-$group-$name" "$@" | sed "s|@LIVE@|$(living "$name")|" |
			command_lines step
	done
}

write_exec() { write_verb exec "$work/live-$group-floor" @LIVE@ /bin/true -- exec @LIVE@ /bin/true; }
write_state() { write_verb state "$work/live-$group-floor" @LIVE@ -- state @LIVE@; }
write_list() { write_verb list "$work/live-$group-floor" -- list; }

# A signal that the payload ignores.
write_kill() { write_verb kill "$work/live-$group-floor" @LIVE@ -- kill @LIVE@ WINCH; }

# --- the rest ---

write_network() {
	for runtime in $case_runtimes; do
		name=${runtime%%=*}
		[ "$name" = ctr ] || continue
		echo "runner $name"
		printf '%s\n' "${runtime#*=}" --root "$work/root-$name" --data-root "$work/data-$name" run --network bridge \
			-b "$work/$1" @ID@ | command_lines step
		write_removal "$runtime"
		echo "runner without"
		printf '%s\n' "${runtime#*=}" --root "$work/root-$name" run -b "$work/$1" @ID@ | command_lines step
	done
	echo "note beside another container of the same bridge; next to bare netlink: tests/bench/network"
}

write_group() {
	[ "$group" != - ] || { [ -z "$in_group" ] || echo "group -"; in_group=''; return 0; }
	[ "$group" != "$in_group" ] || return 0
	in_group=$group
	echo "group $group"
	for action in make end; do
		case $action in
		make) echo begin ;;
		end) echo end ;;
		esac
		printf 'arg %s\n' "$here/herd" $action "$group" "$work" "$id" "floor=$floor"
		for runtime in $runtimes; do
			case $without_cgroup in
			*" ${runtime%%=*} "*) ;;
			*) printf 'arg %s\n' "$runtime" ;;
			esac
		done
	done
	floor_args "$floor" stay /bin/stay >"$work/stay.args"
}

# write_case NAME: nothing when it cannot run here, with a notice.
in_group=''
write_case() {
	case_row "$1"
	if [ ! -e "$work/$bundle/config.json" ]; then
		case $bundle in
		seccomp) notice "$1: left out without libseccomp's headers" ;;
		*) notice "$1: left out, the cgroup v2 tree has no controllers for memory, pids and cpu here" ;;
		esac
		return 0
	fi
	case_runtimes=$(those_that_run "$bundle")
	write_group
	echo "case $1"
	"write_$kind" "$bundle"
	write_notes
}

# those_that_run BUNDLE: the runtimes that can run it. A peer that cannot is left out, ctr's failure is one.
those_that_run() {
	for runtime in $runtimes; do
		name=${runtime%%=*}
		case $1-$name in
		default-* | stay-* | *-ctr | *-base) echo "$runtime"; continue ;;
		esac
		case $without_cgroup in
		*" $name "*) echo "$runtime"; continue ;;
		esac
		if (try "$name" "${runtime#*=}" "$1"); then
			echo "$runtime"
		else
			notice "'$name' does not run the bundle '$1', and is left out: $(head -n 1 "$work/stderr")"
		fi
	done
}

write_notes() {
	if [ -n "$without_devices" ]; then
		echo "note no device rules in the config ($without_devices)"
	fi
	for name in $without_cgroup; do
		echo "note $name refuses this host's cgroups and runs without any: less work than the others"
	done
}

# --- values ---

# write_values NAME: lines "value ..." of what is counted.
write_values() {
	# shellcheck disable=SC2046 # words
	set -- "$1" $(printf '%s\n' $runtimes | sed -n 's/^base=/--base base=/p')
	case $1 in
	syscalls)
		if ! command -v strace >/dev/null; then
			notice "$1: left out without strace"
			return 0
		fi
		shift
		RUNS=1 "$here/syscalls.sh" --values "$ctr" "$floor" ${2:+"$2"}
		;;
	memory) write_memory ;;
	density) "$here/density" --values --containers "$containers" "$ctr" ;;
	esac
}

# The process that waits for `start`, which is what a created container costs.
write_memory() {
	for runtime in $runtimes; do
		name=${runtime%%=*}
		case $without_cgroup in
		*" $name "*) continue ;;
		esac
		set -- "${runtime#*=}" --root "$work/root-$name"
		"$@" create --pid-file "$work/pid" -b "$work/stay" "$id-init" </dev/null >/dev/null
		sed -n "s/^VmHWM:[^0-9]*\([0-9]*\).*/value memory $name init_rss_kib \1/p" "/proc/$(cat "$work/pid")/status"
		"$@" delete --force "$id-init"
	done
	echo "value memory ctr ctr_bytes $(wc -c <"$ctr")"
}
