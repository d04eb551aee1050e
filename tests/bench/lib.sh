# shellcheck shell=sh
# shellcheck disable=SC2034,SC2154 # shared with the scripts that source this
# shellcheck disable=SC2086 # options are words
# Shared by the programs of the benchmark: where the benchmarks run and what they run. Sourced, not run.
# Expects: here (directory of this file), me (name for messages).

bin=${BENCH_BUILD:-$(cd "$here/../.." && pwd)/build/bench}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

die() {
	echo "$me: $*" >&2
	exit 1
}

notice() {
	echo "$me: $*" >&2
}

absolute() {
	case $1 in
	/*) echo "$1" ;;
	*/*) echo "$PWD/$1" ;;
	*) command -v "$1" || die "'$1': not found" ;;
	esac
}

# enter_namespace PROGRAM ARG...: starts PROGRAM again in mount and network namespaces of its own, where it
# gets $BENCH_WORK, an empty tmpfs, and a cgroup v2 tree at /sys/fs/cgroup whatever the host has
# there. Returns in the new namespace only. The tmpfs ends with the namespace.
enter_namespace() {
	if [ -z "${BENCH_WORK:-}" ]; then
		[ "$(id -u)" = 0 ] || die "needs root"
		BENCH_WORK=$(mktemp -d /run/ctr-bench.XXXXXX)
		export BENCH_WORK
		exec unshare -m -n --propagation private "$@"
	fi
	work=$BENCH_WORK
	unset BENCH_WORK
	mount -t tmpfs -o mode=711 ctr-bench "$work"
	host_cgroups=unified
	if [ "$(stat -f -c %t /sys/fs/cgroup)" != 63677270 ]; then
		host_cgroups="not unified, a cgroup2 mount in a private mount namespace"
		umount -l /sys/fs/cgroup
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
	fi
	id=ctr-bench-$$
	controllers=$(cat /sys/fs/cgroup/cgroup.subtree_control)
	trap leave_namespace EXIT
}

# On the way out nothing of ours may stay: neither cgroups (all have $id in their names) nor
# controllers that a runtime switched on for everybody, unless somebody has cgroups there.
leave_namespace() {
	end_cgroups "*$id-*"
	left=$(our_cgroups)
	if [ -n "$left" ]; then
		# shellcheck disable=SC2086 # one line, please
		notice "left behind by a runtime, removed:" $left
		our_cgroups -depth | xargs rmdir || :
	fi
	if [ -z "$(find /sys/fs/cgroup -mindepth 1 -maxdepth 1 -type d)" ]; then
		# shellcheck disable=SC2013 # words are meant
		for name in $(cat /sys/fs/cgroup/cgroup.subtree_control); do
			case " $controllers " in
			*" $name "*) ;;
			*) echo "-$name" >/sys/fs/cgroup/cgroup.subtree_control || : ;;
			esac
		done
	fi
	cd /
	umount -l "$work"
	rmdir "$work"
}

our_cgroups() {
	find /sys/fs/cgroup -mindepth 1 "$@" -type d -name "*$id-*" 2>/dev/null || :
}

# end_cgroups PATTERN: kills what is in the cgroups whose names match, and waits until they are empty.
end_cgroups() {
	find /sys/fs/cgroup -mindepth 1 -type d -name "$1" 2>/dev/null >"$work/cgroups" || :
	while read -r dir; do
		echo 1 >"$dir/cgroup.kill" || :
	done <"$work/cgroups"
	while read -r dir; do
		tries=0
		while grep -qs 'populated 1' "$dir/cgroup.events" && [ $tries -lt 600 ]; do
			tries=$((tries + 1))
			sleep 0.1
		done
	done <"$work/cgroups"
}

build_tools() {
	"$here/build" "$bin" || die "cannot build the tools"
}

bundle_options=''
# make_bundle NAME [OPTION...]: $work/NAME and $work/NAME-no-cgroup
make_bundle() {
	bundle=$1
	shift
	"$here/make-bundle" $bundle_options "$@" --true "$bin/true" "$work/$bundle"
	"$here/make-bundle" "$@" --no-cgroup --true "$bin/true" "$work/$bundle-no-cgroup"
}

# make_bundles [OPTION...]: the bundles of all cases and $work/profile.blob. Without libseccomp's
# headers there is no blob and no seccomp bundle; without controllers there are no limits.
make_bundles() {
	bundle_options=$*
	make_bundle default
	make_bundle stay --stay "$bin/stay"
	make_bundle userns --userns
	if has_controllers; then
		make_bundle limits --limits
	fi
	[ -x "$bin/seccomp-blob" ] || return 0
	"$here/make-profile" >"$work/profile.json"
	"$here/make-profile" --list | "$bin/seccomp-blob" --tree >"$work/profile.blob"
	make_bundle seccomp --more-paths --seccomp "$work/profile.json"
}

# Whether limits of memory, processes and CPU time can be set here: the controllers are then on for all
# children of the root cgroup, as they are on a host with a service manager.
has_controllers() {
	for controller in memory pids cpu; do
		grep -qw $controller /sys/fs/cgroup/cgroup.controllers || return 1
	done
	echo '+memory +pids +cpu' >/sys/fs/cgroup/cgroup.subtree_control
}

# The path of a peer: $CRUN or $RUNC, else what PATH has; nothing when it is not installed.
peer_path() {
	case $1 in
	crun) command -v "${CRUN:-crun}" || : ;;
	runc) command -v "${RUNC:-runc}" || : ;;
	esac
}

# try NAME PATH BUNDLE [OPTION...]: whether the runtime runs this bundle, with global options.
try() {
	name=$1 path=$2 bundle=$work/$3
	shift 3
	mkdir -p "$work/root-$name"
	if "$path" --root "$work/root-$name" "$@" run -b "$bundle" "$id-try" \
		</dev/null >/dev/null 2>"$work/stderr"; then
		return 0
	fi
	"$path" --root "$work/root-$name" "$@" delete --force "$id-try" >/dev/null 2>&1 || :
	our_cgroups -depth | xargs -r rmdir || :
	return 1
}

# probe NAME PATH: ends the program when the runtime does not work here. For a crun, which wants
# more from a host than the others, all bundles lose their device rules if that helps it (it raises
# RLIMIT_MEMLOCK for them, which takes CAP_SYS_RESOURCE); else it runs without any cgroups.
without_cgroup='' without_devices=''
probe() {
	try "$1" "$2" default && return 0
	cp "$work/stderr" "$work/first"
	case $1 in
	crun*)
		if [ -z "$without_devices" ]; then
			make_bundles --no-devices
			if try "$1" "$2" default; then
				without_devices="$1: $(head -n 1 "$work/first")"
				return 0
			fi
			make_bundles
		fi
		if try "$1" "$2" default-no-cgroup --cgroup-manager=disabled; then
			without_cgroup="$without_cgroup $1 "
			return 0
		fi
		;;
	esac
	notice "'$2' does not run the default bundle; its stderr:"
	cat "$work/first" >&2
	exit 1
}

# find_runtimes CTR [NAME=PATH...]: sets $runtimes to NAME=PATH words of everything to compare with
# the floor, ctr first, and checks that each works. BENCH_NO_PEERS: without crun and runc.
find_runtimes() {
	runtimes="ctr=$1"
	shift
	for peer in crun runc; do
		[ -z "${BENCH_NO_PEERS:-}" ] || continue
		path=$(peer_path $peer)
		if [ -n "$path" ]; then
			runtimes="$runtimes $peer=$path"
		else
			notice "$peer is not installed: left out"
		fi
	done
	runtimes="$runtimes $*"
	for runtime in $runtimes; do
		probe "${runtime%%=*}" "${runtime#*=}"
	done
}

# global_args NAME PATH: the words, one per line, that any command of this runtime begins with.
global_args() {
	printf '%s\n' "$2" --root "$work/root-$1"
	case $without_cgroup in
	*" $1 "*) echo --cgroup-manager=disabled ;;
	esac
}

# bundle_of NAME BUNDLE
bundle_of() {
	case $without_cgroup in
	*" $1 "*) echo "$work/$2-no-cgroup" ;;
	*) echo "$work/$2" ;;
	esac
}

# runtime_args NAME PATH BUNDLE: the words, one per line, of "run this bundle". @ID@: the id.
runtime_args() {
	global_args "$1" "$2"
	printf '%s\n' run -b "$(bundle_of "$1" "$3")" @ID@
}

# floor_args PATH BUNDLE [PAYLOAD]: the words of the floor program that does the same. @ID@: the id.
floor_args() {
	printf '%s\n' "$1" --cgroup @ID@
	cat "$work/$2/floor.args"
	if [ "$2" = seccomp ]; then
		printf '%s\n' --seccomp "$work/profile.blob"
	fi
	printf '%s\n' "$work/$2/rootfs" "${3:-/bin/true}"
}
