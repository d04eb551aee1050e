# SPDX-License-Identifier: GPL-2.0-or-later
# ctr is killed at any moment of a life with a network: `ctr delete -f` leaves no link, lease, rule or bridge,
# and the network goes on. CTR_TESTS_STEP=1 tries every system call, and takes minutes.

load lib
load network
setup() { net_setup; step=${CTR_TESTS_STEP:-31}; }
teardown() { net_teardown; }

# What was there is gone, and the network can still be used.
clean_up_and_look() {
	net_ctr delete -f "$tag"
	[ "$status" -eq 0 ] || { [[ $stderr == *'does not exist'* ]] || { printf '%s\n' "$stderr"; return 1; }; }
	[ ! -e "$root/$tag" ]
	same '' "$(links_left)"
	same '' "$(find "$data/.networks" -path '*/leases/*' 2>/dev/null)"
	same '' "$(on_host_run nft list ruleset)"
}
ports=(--isolate -p 8001:80 -p 127.0.0.1:5000-5003:53-56/udp)

# killed AT VERB...: false once it comes to its end
killed() {
	local at=$1
	shift
	capture nsenter --net="/run/netns/$host" "$payload" kill-at "$at" "$CTR" --root "$root" --data-root "$data" "$@"
	case $output in
	*'end exit '*) return 1 ;;
	*'killed signal 9'*) return 0 ;;
	*) printf 'at %d: %s%s\n' "$at" "$output" "$stderr" >&2; exit 1 ;;
	esac
}

@test "network crash: a run is killed at its system calls" {
	args payload sleep
	write_config
	for ((at = 2; at < 5000; at += step)); do
		killed "$at" run -d --network bridge --network bridge:default,name=two "${ports[@]}" \
			-b "$bundle" "$tag" || break
		clean_up_and_look || { printf 'at system call %d\n' "$at"; return 1; }
	done
	[ "$at" -gt 300 ]
	clean_up_and_look
	net_start "$tag" --network bridge
	ok
}

@test "network crash: delete is killed at its system calls, and said again" {
	args payload sleep
	write_config
	for ((at = 3; at < 5000; at += step)); do
		net_ctr run -d --network bridge "${ports[@]}" -b "$bundle" "$tag"
		[ "$status" -eq 0 ] || { printf '%s\n' "$stderr"; return 1; }
		killed "$at" delete -f "$tag" || break
		clean_up_and_look || { printf 'at system call %d\n' "$at"; return 1; }
	done
	[ "$at" -gt 100 ]
}

@test "network crash: making and deleting a definition is killed at its system calls" {
	for ((at = 5; at < 2000; at += step / 2 + 1)); do
		killed "$at" network create "$tag" --subnet 10.77.0.0/24 || break
		net_ctr network list
		ok
		net_ctr network delete "$tag"
		[ "$status" -eq 0 ] || fails "network '$tag' does not exist"
	done
	[ "$at" -gt 20 ]
	for ((at = 5; at < 2000; at += step / 2 + 1)); do
		net_ctr network create "$tag" --subnet 10.77.0.0/24
		[ "$status" -eq 0 ] || fails 'already exists'
		killed "$at" network delete "$tag" || break
		net_ctr network list
		ok
	done
	net_ctr network list -q
	is ''
}

@test "network crash: leases of a killed create are taken over, by hand they are collected" {
	net_ctr network create "$tag" --subnet 10.77.0.0/29
	args payload sleep
	net_start "$tag-1" --network "bridge:$tag,ip=10.77.0.2"
	# the state is lost, the container lives: its address must not be given away
	mv "$root/$tag-1" "$T/lost"
	net_start "$tag-2" --network "bridge:$tag"
	state_is "$tag-2" '.network[0].ip' 10.77.0.3/29
	net_ctr run -d --network "bridge:$tag,ip=10.77.0.2" -b "$bundle" "$tag-3"
	fails "container '$tag-1' has it"
	mv "$T/lost" "$root/$tag-1"
	net_ctr delete -f "$tag-1"
	ok
	# a lease without a container and without a link is stale
	printf 'ctr:00112233445566778899aabbccddeeff\n%s\n%s\n%s\n' "$(cat /proc/sys/kernel/random/boot_id)" \
		"$tag-9" "$root" >"$data/.networks/$tag/leases/10.77.0.4"
	net_start "$tag-4" --network "bridge:$tag,ip=10.77.0.4"
	ok
}

@test "network crash: after a reboot the state is empty, the links are gone, and the leases are void" {
	net_ctr network create "$tag" --subnet 10.77.0.0/30
	args payload sleep
	net_start "$tag" --network "bridge:$tag"
	ok
	net_ctr delete -f "$tag"
	printf 'ctr:00112233445566778899aabbccddeeff\n%s\n%s\n%s\n' 11111111-2222-3333-4444-555555555555 \
		"$tag" "$root" >"$data/.networks/$tag/leases/10.77.0.2"
	net_ctr network inspect "$tag"
	same "$tag" "$(jq -r '.leases[0].container' <<<"$output")"
	net_start "$tag" --network "bridge:$tag"
	ok
	state_is "$tag" '.network[0].ip' 10.77.0.2/30
}

@test "network crash: a definition that is damaged hurts no other, and can be deleted" {
	net_ctr network create good --subnet 10.77.0.0/24
	net_ctr network create bad --subnet 10.78.0.0/24
	printf '{' >"$data/.networks/bad/network.json"
	net_ctr network list -f json
	same good "$(jq -r '.[].name' <<<"$output")"
	args payload sleep
	write_config
	net_ctr run --network bridge:bad -b "$bundle" "$tag"
	fails "the definition of network 'bad' is damaged"
	net_start "$tag" --network bridge:good --publish 8001:80
	ok
	net_ctr gc
	fails "the definition of network 'bad' is damaged"
	net_ctr network delete bad
	ok
	net_ctr gc
	ok
	net_ctr network list -q
	is good
}

@test "network crash: many at once, and each has an address of its own" {
	local n pids=()
	args payload sleep
	write_config
	for n in 1 2 3 4 5 6 7 8; do
		containers+=("$tag-$n")
		on_host_run "$CTR" --root "$root" --data-root "$data" run -d --network bridge -b "$bundle" "$tag-$n" \
			>"$T/out$n" 2>&1 </dev/null &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n"
	done
	net_ctr network inspect default
	same 16 "$(jq '[.leases[].address] | unique | length' <<<"$output")"
	same 8 "$(jq '[.leases[].container] | unique | length' <<<"$output")"
	pids=()
	for n in 1 2 3 4 5 6 7 8; do
		on_host_run "$CTR" --root "$root" --data-root "$data" delete -f "$tag-$n" &
		pids+=($!)
	done
	for n in "${pids[@]}"; do
		wait "$n"
	done
	containers=()
}

@test "network crash: gc collects what no container has any more" {
	args payload sleep
	net_start "$tag-1" --network bridge
	net_start "$tag-2" --network bridge
	net_ctr gc
	is ''
	# the state of one is lost, and somebody keeps its namespace
	keep_namespace "$pid"
	mv "$root/$tag-2" "$T/lost"
	kill -KILL "$pid"
	net_ctr gc --dry-run
	has "would remove address 10.88.0.3 of network 'default' (container '$tag-2')"
	net_ctr gc
	has "removed address 10.88.0.3 of network 'default' (container '$tag-2')"
	has_not "$tag-1" bridge
	same 1 "$(ip -n "$host" -o link show type veth | wc -l)"
	same 1 "$(grep -c "^10.88.0.2[[:space:]]$tag-1[[:space:]]" "$data/.networks/default/hosts")"
	same 0 "$(grep -c '^10.88.0.3' "$data/.networks/default/hosts")"
	kill "$keeper"
	mv "$root/$tag-1" "$T/lost1"
	net_ctr gc
	has "container '$tag-1'" "removed bridge 'ctr0' of network 'default'"
	same '' "$(links_left)"
	mv "$T/lost" "$root/$tag-2"
	mv "$T/lost1" "$root/$tag-1"
}

@test "network crash: hosts files that cannot be written keep no container from being deleted" {
	args payload sleep
	net_start "$tag" --network bridge
	ok
	rm "$data/.networks/default/hosts"
	mkdir "$data/.networks/default/hosts"
	net_ctr delete -f "$tag"
	ok
	rmdir "$data/.networks/default/hosts"
}
