# shellcheck shell=bash disable=SC2034,SC2154 # set for, and by, `one`
# SPDX-License-Identifier: GPL-2.0-or-later
#
# For the scenarios of layers and snapshots. Each works on a copy of one store: a container with a chain of
# snapshots a, b, c and something new above them, and a clone of a. What each state looks like is described
# in full (names, contents, owners, modes, times, attributes), and must be what it was before or what the
# finished command gives.
#
# A scenario defines `setup`, which calls take_store and sets verb, and, if it needs, change_store, which changes
# the store, program, which runs in the container, and normal, a filter for what is compared.

churns() {
	runs churn /t "$1" 40
}
with_devices='.root.readonly = false | .process.capabilities |= map_values(. + ["CAP_MKNOD", "CAP_CHOWN", "CAP_FOWNER"] | unique)'

change_store() { :; }
normal() { cat; }
program=(args hello)

# What the present state was written to just now has another time each time.
without_times_of_now() {
	awk '/^== / { now = /\(now\)/ } now { sub(/ [0-9]+\.[0-9]+/, " TIME") } 1'
}

prepare() {
	local name seed=10
	make_base || return 1
	for name in a b c now; do
		seed=$((seed + 1))
		jq "$(churns "$seed")" "$bundle/config.json" >"$bundle/config.new" &&
			mv "$bundle/config.new" "$bundle/config.json" &&
			ctr run --overlay -b "$bundle" store </dev/null || return 1
		[ "$name" = now ] || ctr snapshot create -q -m "as $name" store "$name" || return 1
	done
	ctr clone -q store@a store-2 || return 1
	[ "$(cd "$data" && records store | grep -c '^state')" = 5 ] && change_store && finish_base
}

make_base() {
	root=$base/state data=$base/data
	mkdir "$base/view"
	bundle "$with_devices" "$(runs args)" && mkdir "$bundle/rootfs/t" &&
		"$CTR_PAYLOAD" churn "$bundle/rootfs/t" 7 60
}

# Descriptions of what there is before, and after the command.
finish_base() {
	jq "$(runs "${program[@]}")" "$bundle/config.json" >"$bundle/config.new" &&
		mv "$bundle/config.new" "$bundle/config.json" || return 1
	views "$data" store >"$base/old" && prepare_new
}

# The same command without a fault, on a copy.
prepare_new() {
	id=store-1 dir=$base/once root=$base/once/state data=$base/once/data
	mkdir "$dir" && setup >"$dir/setup" 2>&1 && ctr "${verb[@]}" </dev/null >"$dir/stdout" || return 1
	[ -z "$(status_of)" ] || ctr delete -f --keep-layers "$id" || return 1
	ctr gc >/dev/null && views "$data" "$id" >"$base/new"
}

# The store of prepare, as that of $id and $id-2.
take_store() {
	cp -a "$base/data" "$data"
	[ ! -e "$data/store" ] || mv "$data/store" "$data/$id"
	[ ! -e "$data/store-2" ] || mv "$data/store-2" "$data/$id-2"
}

# views DATA ID: every state of all containers there, ID being called "it"
views() {
	(
		cd "$1" || exit 1
		records "$2" >"$1.records" || exit 1
		# each covers the one before, and all go with the namespace
		# shellcheck disable=SC2016 # of the other shell
		unshare -m bash -c 'while IFS="	" read -r kind what stack; do
				[ "$kind" = state ] || continue
				printf "== %s\n" "$what"
				mount -t overlay -o "ro,lowerdir=$stack" none "$2" && "$1" manifest "$2" || exit 1
			done' views "$CTR_PAYLOAD" "$base/view" <"$1.records" || exit 1
	) | normal
}

# In the present directory: what its records say, with the container of this name as "it".
records() {
	local records=(*/layers.json)
	[ ! -e "${records[0]}" ] || awk -v it="$1" -f "$here/records.awk" "${records[@]}"
}

# What is on the disk is what the records name, in $1.records. Behind gc.
judge_store() {
	local there kind of what path
	local -A layers=() upper=()
	while IFS='	' read -r kind of what; do
		case $kind in
		layer) layers[$what]=1 ;;
		upper) upper[${of%/layers.json}]=$what ;;
		esac
	done <"$1.records"
	for path in "$1"/.layers/*; do
		[[ ! -e $path || -n ${layers[${path##*/}]-} ]] || complain "$how: a layer that is not named: $path"
		unset "layers[${path##*/}]"
	done
	[ "${#layers[@]}" = 0 ] || complain "$how: layers that are named and not there: ${!layers[*]}"
	for path in "$1"/*; do
		[ ! -d "$path" ] || judge_container "$path" "${upper[${path##*/}]-}"
	done
}

# judge_container DIRECTORY LAYER: only this is there to write to.
judge_container() {
	local path there=()
	for path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
		[[ ! -e $path || $path == */user ]] || there+=("${path##*/}")
	done
	[ "${there[*]}" = 'layers layers.json' ] || complain "$how, and there is in $1: ${there[*]}"
	there=("$1"/layers/*)
	[ ! -e "$1/layers.json" ] || [ "${there[*]##*/}" = "$2" ] ||
		complain "$how, and to write to there is in $1: ${there[*]##*/}, not $2"
}

# gc leaves nothing; then all is as in one of these files.
judge_views() {
	local said file from=$1
	shift
	hear ctr_at "$from" gc || complain "gc fails: $said"
	hear ctr_at "$from" gc || complain "gc fails: $said"
	[ -z "$said" ] || complain "$how, and gc still finds: $said"
	views "$from" "$id" >"$dir/is" 2>"$dir/views" || complain "a state cannot be mounted: $(cat "$dir/views")"
	judge_store "$from"
	for file in "$@"; do
		[ ! -e "$file" ] || ! cmp -s "$file" "$dir/is" || return 0
	done
	complain "$how, and the states are neither those before nor those after:" \
		"$(diff "$1" "$dir/is" | head -n 20)"
}

# ctr_at DATA ARGUMENT...
ctr_at() {
	local data=$1
	shift
	ctr "$@"
}

# The same command on a copy of what the fault left, without gc before it.
judge_repeated() {
	local said
	cp -a "$data" "$dir/repeated"
	if ! said=$(ctr_at "$dir/repeated" "${verb[@]}" 2>&1 </dev/null); then
		had_been_done "$said" || complain "$how, and it cannot be repeated: $said"
	fi
	judge_views "$dir/repeated" "$base/new"
	rm -rf "$dir/repeated" "$dir/repeated.records"
}

# A name is taken, or not there any more.
had_been_done() {
	[[ $1 == *already* || $1 == *'there is no snapshot'* ]]
}

holds() {
	judge_repeated
	case $how in
	done) judge_views "$data" "$base/new" ;;
	*) judge_views "$data" "$base/old" "$base/new" ;;
	esac
}

teardown() {
	local other
	for other in "$data"/*/layers.json; do
		other=${other%/*}
		[ ! -d "$other" ] || ctr delete -f "${other##*/}"
	done
	ctr gc
}

# Behind `run --overlay`, which may have left a container.
judge_run() {
	local may=("$base/old" "$base/new")
	[ -z "$(status_of)" ] || ctr delete -f --keep-layers "$id" || complain 'delete -f --keep-layers fails'
	[[ $action != kill* ]] || may+=("$base/empty")
	[ "$how" != 'done' ] || may=("$base/new")
	judge_views "$data" "${may[@]}"
	ctr "${verb[@]}" >"$dir/repeated" 2>&1 </dev/null || complain "it cannot be repeated: $(cat "$dir/repeated")"
	judge_views "$data" "$base/new"
}
