#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # what is in single quotes is for a shell inside
#
# ctr below Docker, as its default runtime and as one of several; see doc/docker.md.

load docker-lib

setup_file() {
	docker_up
}

teardown_file() { world_end; }

setup() { client_setup; }

teardown() { docker_clean; }

# --- the runtime ---

@test "info: ctr is the default runtime, and its commit is shown" {
	docker info -f '{{json .}}'
	same ctr "$(jq -r .DefaultRuntime <<<"$output")"
	same "$CTR" "$(jq -r .Runtimes.ctr.path <<<"$output")"
	commit=$("$CTR" --version | sed -n 's/^commit: //p')
	same "$commit" "$(jq -r .RuncCommit.ID <<<"$output")"
}

@test "inspect: the runtime of a container" {
	start_box -- sleep 1000
	fact_is '{{.HostConfig.Runtime}}' ctr
	name=${tag}b start_box --runtime ctr-debug -- sleep 1000
	same ctr-debug "$(fact '{{.HostConfig.Runtime}}' "${tag}b")"
}

@test "--runtime ctr-debug: with arguments of the runtime, by docker's wrapper script" {
	run_box --runtime ctr-debug -- echo hello
	code 0
	same hello "$output"
}

# --- run ---

@test "run: the output, and exit code 0" {
	run_box -- sh -c 'echo out; echo err >&2'
	code 0
	same out "$output"
	same err "$stderr"
}

@test "run: the program's exit codes" {
	run_box -- sh -c 'exit 7'
	code 7
	run_box -- sh -c 'sh -c "kill -KILL \$\$"; exit $?'
	code 137
}

@test "run -i: standard input to its end" {
	printf 'one\ntwo\n' >"$T/in"
	same 2 "$(world_run "$DOCKER" run --rm -i "$image" wc -l <"$T/in")"
}

@test "run: eight at a time" {
	local i
	local pids=()
	for i in 1 2 3 4 5 6 7 8; do
		world_run "$DOCKER" run --rm "$image" echo "$i" >"$T/$i" 3>&- &
		pids+=($!)
	done
	wait "${pids[@]}"
	for i in 1 2 3 4 5 6 7 8; do
		same "$i" "$(cat "$T/$i")"
	done
}

@test "run -d: it runs; logs; stop with its exit code" {
	start_box -- sh -c "$(obedient 21)"
	fact_is '{{.State.Running}}' true
	wait_until log_has ready
	docker stop -t 10 "$tag"
	code 0
	fact_is '{{.State.ExitCode}} {{.State.Status}}' '21 exited'
	docker logs "$tag"
	same ready "$output"
}

@test "stop: a program that does not listen is killed" {
	start_box -- sleep 1000
	docker stop -t 1 "$tag"
	code 0
	fact_is '{{.State.ExitCode}}' 137
}

@test "stop: the image's or user's signal" {
	start_box --stop-signal SIGRTMIN+3 -- sh -c 'trap "exit 37" 37; echo ready; while :; do sleep 0.05; done'
	wait_until log_has ready
	docker stop -t 10 "$tag"
	fact_is '{{.State.ExitCode}}' 37
}

@test "kill, wait, start again, restart" {
	start_box -- sleep 1000
	docker kill "$tag"
	code 0
	docker wait "$tag"
	same 137 "$output"
	docker start "$tag"
	code 0
	fact_is '{{.State.Running}}' true
	docker restart -t 0 "$tag"
	code 0
	fact_is '{{.State.Running}}' true
}

@test "kill: a signal that the program handles" {
	start_box -- sh -c 'trap "echo got it" USR1; echo ready; while :; do sleep 0.05; done'
	wait_until log_has ready
	docker kill -s USR1 "$tag"
	code 0
	wait_until log_has 'got it'
	fact_is '{{.State.Running}}' true
}

@test "create, start -a" {
	docker create --name "$tag" "$image" sh -c 'echo started; exit 3'
	code 0
	docker start -a "$tag"
	code 3
	same started "$output"
}

@test "--restart on-failure" {
	start_box --restart on-failure:2 -- sh -c 'echo tried; exit 1'
	wait_until fact_is '{{.State.Status}} {{.RestartCount}}' 'exited 2'
	docker logs "$tag"
	same 3 "$(grep -c tried <<<"$output")"
}

# --- terminals ---

@test "run -it: a terminal, its size, a resize" {
	capture timeout "$limit" "$pty" size=90x30 expect=go 'send=\n' expect='30 90' size=70x20 'send=\n' expect='20 70' -- \
		nsenter -t "$WORLD_PID" -m -n -p -C "$DOCKER" run --rm -it --name "$tag" "$image" \
		sh -c 'echo go; read x; until stty size 2>/dev/null | grep "30 90"; do sleep 0.1; done; read x; until stty size 2>/dev/null | grep "20 70"; do sleep 0.1; done; exit 6'
	has '[exit 6]' '[terminal as before]'
}

@test "run -it: the interrupt character" {
	capture timeout "$limit" "$pty" expect=ready 'send=\x03' -- \
		nsenter -t "$WORLD_PID" -m -n -p -C "$DOCKER" run --rm -it --name "$tag" "$image" \
		sh -c 'trap "exit 9" INT; echo ready; while :; do sleep 0.05; done'
	has '[exit 9]'
}

@test "exec -it: a terminal" {
	start_box -- sleep 1000
	capture timeout "$limit" "$pty" size=101x33 -- nsenter -t "$WORLD_PID" -m -n -p -C \
		"$DOCKER" exec -it "$tag" sh -c 'until stty size 2>/dev/null | grep "33 101"; do sleep 0.1; done; exit 4'
	has '33 101' '[exit 4]' '[terminal as before]'
}

# --- exec ---

@test "exec: output, exit code, environment, directory, user" {
	start_box -- sleep 1000
	docker exec "$tag" sh -c 'echo out; echo err >&2; exit 5'
	code 5
	same out "$output"
	same err "$stderr"
	docker exec -e ONE=1 -w /etc -u alice "$tag" sh -c 'echo "$ONE $PWD $(id -u) $(id -G)"'
	code 0
	same '1 /etc 1000 1000 2000' "$output"
}

@test "exec: --privileged, and in the background" {
	start_box -- sleep 1000
	docker exec "$tag" grep CapEff /proc/self/status
	has 00000000a80425fb
	docker exec --privileged "$tag" grep CapEff /proc/self/status
	has_not 00000000a80425fb
	docker exec -d "$tag" touch /tmp/done
	code 0
	wait_until world_run "$DOCKER" exec "$tag" test -e /tmp/done
}

@test "exec: failures" {
	start_box -- sleep 1000
	docker exec "$tag" nosuch
	[ "$status" -eq 126 ] || [ "$status" -eq 127 ]
	has "'nosuch': executable file not found in \$PATH"
	docker exec "$tag" /etc/plain
	code 126
	has 'permission denied'
}

@test "healthcheck" {
	start_box --health-cmd 'test -e /tmp/well' --health-interval 200ms --health-retries 1 -- sleep 1000
	wait_until fact_is '{{.State.Health.Status}}' unhealthy
	docker exec "$tag" touch /tmp/well
	wait_until fact_is '{{.State.Health.Status}}' healthy
}

# --- exit codes that docker takes from ctr's words ---

@test "exit code 127: no such program" {
	run_box -- nosuch
	code 127
	says "'nosuch': executable file not found in \$PATH"
	run_box -- /bin/nosuch
	code 127
	says "'/bin/nosuch': no such file or directory"
}

@test "exit code 127: an interpreter that is not there" {
	local i
	# found out at start only; nothing may be left of it however soon docker comes to clean up
	for i in 1 2 3 4 5; do
		run_box -- /bin/no-interpreter
		code 127
		says 'no such file or directory'
	done
}

@test "exit code 126: a file that is no program, a directory" {
	run_box -- /etc/plain
	code 126
	says 'permission denied'
	run_box -- /etc
	code 126
	says 'is a directory'
}

@test "exit code 125 or 127: a file mounted on a directory" {
	run_box -v "$W/daemon.json:/etc" -- true
	[ "$status" -eq 125 ] || [ "$status" -eq 127 ]
	says 'not a directory' 'Are you trying to mount a directory onto a file'
}

@test "a container that failed to start can be started when the cause is gone" {
	docker create --name "$tag" -v "$T:/host" "$image" /host/program
	docker start -a "$tag"
	[ "$status" -ne 0 ]
	cp "$W/image/rootfs/bin/busybox" "$T/busybox"
	printf '#!/host/busybox sh\necho now\n' >"$T/program"
	chmod 755 "$T/program"
	docker start -a "$tag"
	code 0
	same now "$output"
}

# --- what a container may do ---

@test "--read-only, --tmpfs" {
	run_box --read-only --tmpfs /scratch:size=64k,mode=700 -- \
		sh -c 'touch /file && echo written; touch /scratch/file && echo scratch; grep /scratch /proc/mounts'
	has scratch 'size=64k' 'mode=700'
	has_not written
}

@test "-v, --mount: bind, read-only, volume, propagation" {
	mkdir -p "$T/host"
	echo data >"$T/host/file"
	run_box -v "$T/host:/a:ro" -v "$T/host:/b" --mount "type=bind,src=$T/host/file,dst=/c,readonly" \
		-v "$tag:/d" -v "$T/host:/e:rslave" -- \
		sh -c 'cat /a/file /c; touch /a/new || echo read-only; touch /b/new && touch /d/new && echo writable
			grep " /e " /proc/self/mountinfo'
	code 0
	has data read-only writable 'master:'
	docker volume rm "$tag"
	code 0
}

@test "--cap-drop, --cap-add" {
	run_box --cap-drop ALL --cap-add CHOWN -- grep -e CapEff -e CapBnd /proc/self/status
	has 'CapEff:	0000000000000001' 'CapBnd:	0000000000000001'
}

@test "--security-opt no-new-privileges" {
	run_box --security-opt no-new-privileges -- grep NoNewPrivs /proc/self/status
	has 1
}

@test "--security-opt seccomp: the default, none, a file" {
	run_box -- sh -c 'grep Seccomp: /proc/self/status; unshare -U true || echo refused'
	has 2 refused
	run_box --security-opt seccomp=unconfined -- grep Seccomp: /proc/self/status
	has 0
	jq -n '{defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO"}]}' >"$T/profile.json"
	run_box --security-opt "seccomp=$T/profile.json" -- sh -c 'mkdir /tmp/a || echo refused'
	has refused
}

@test "--user: by name, by number, with more groups" {
	run_box --user alice -- sh -c 'id -u; id -g; id -G; echo $HOME'
	same $'1000\n1000\n1000 2000\n/home/alice' "$output"
	run_box --user 1234:2345 --group-add 77 -- id
	has uid=1234 gid=2345 77
}

@test "--privileged" {
	run_box --privileged -- sh -c 'mount -t tmpfs none /tmp && echo mounted; ls /dev/full; cat /proc/self/status'
	has mounted /dev/full 'Seccomp:	0'
}

@test "--device, and no other device" {
	run_box --device /dev/loop-control:/dev/mine:r -- sh -c 'ls -l /dev/mine; mknod /tmp/m b 8 0; cat /tmp/m'
	has '10, 237'
	says 'not permitted'
}

@test "--init: docker-init is the first process" {
	[ -x "$(command -v docker-init)" ] || need docker-init
	run_box --init -- sh -c 'cat /proc/1/comm; echo $$'
	has docker-init
	has_not $'\n1\n'
}

@test "--hostname, --dns, --add-host, --workdir, --env" {
	run_box --hostname box1 --add-host other:1.2.3.4 --dns 9.9.9.9 -w /var -e ONE=1 -- \
		sh -c 'hostname; cat /etc/hosts /etc/resolv.conf; echo "$PWD $ONE $FROM_IMAGE"'
	has box1 '1.2.3.4' 9.9.9.9 '/var 1 yes'
}

@test "--sysctl, --ulimit, --shm-size, --oom-score-adj" {
	run_box --sysctl net.ipv4.ip_unprivileged_port_start=80 --ulimit nofile=100:200 --shm-size 1m \
		--oom-score-adj 500 -- sh -c 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start
			ulimit -n; ulimit -Hn; grep /dev/shm /proc/mounts; cat /proc/self/oom_score_adj'
	same $'80\n100\n200' "$(head -n 3 <<<"$output")"
	has size=1024k 500
}

@test "namespaces of the host, and of another container" {
	run_box --pid host --ipc host --uts host --network host --cgroupns host -- \
		sh -c 'for i in pid ipc uts net cgroup; do readlink /proc/self/ns/$i; done'
	code 0
	same "$(world_run sh -c 'for i in pid ipc uts net cgroup; do readlink /proc/self/ns/$i; done')" "$output"
	start_box --ipc shareable -- sleep 1000
	docker exec "$tag" sh -c 'for i in pid ipc net; do readlink /proc/1/ns/$i; done'
	local first=$output
	docker run --rm --pid "container:$tag" --ipc "container:$tag" --network "container:$tag" "$image" \
		sh -c 'for i in pid ipc net; do readlink /proc/self/ns/$i; done'
	code 0
	same "$first" "$output"
}

@test "masked and read-only paths" {
	run_box -- sh -c 'wc -c </proc/keys; echo x >/proc/sys/kernel/domainname || echo read-only; ls /sys/firmware | wc -l'
	has read-only
	same 0 "$(head -n 1 <<<"$output")"
}

# --- looking at it ---

@test "top" {
	start_box -- sh -c 'sleep 1000 & wait'
	docker top "$tag"
	code 0
	has 'sleep 1000'
	docker top "$tag" -o pid,args
	code 0
	has PID 'sleep 1000'
}

@test "pause, unpause" {
	start_box -- sleep 1000
	docker pause "$tag"
	code 0
	fact_is '{{.State.Status}}' paused
	docker exec "$tag" true
	[ "$status" -ne 0 ]
	docker unpause "$tag"
	code 0
	docker exec "$tag" true
	code 0
}

@test "stats" {
	start_box -- sleep 1000
	docker stats --no-stream "$tag"
	code 0
	has "$tag"
}

@test "cp, diff, commit" {
	start_box -- sh -c 'touch /changed; sleep 1000'
	wait_until world_run "$DOCKER" exec "$tag" test -e /changed
	docker diff "$tag"
	has 'A /changed'
	echo copied >"$T/file"
	docker cp "$T/file" "$tag:/copy"
	code 0
	docker exec "$tag" cat /copy
	same copied "$output"
	docker commit "$tag" "$tag-image"
	code 0
	docker run --rm "$tag-image" cat /copy
	same copied "$output"
	docker rmi -f "$tag-image"
}

@test "checkpoint needs the daemon's experimental mode; the message says so" {
	start_box -- sleep 1000
	docker checkpoint create "$tag" one
	[ "$status" -ne 0 ]
	says checkpoint
	fact_is '{{.State.Running}}' true
}

# --- networks ---

@test "a network of the user's: two containers, names, a published port" {
	docker network create "$tag-net"
	code 0
	start_box --network "$tag-net" -p 8123:80 -- sh -c 'mkdir /www; echo page >/www/index.html; httpd -f -p 80 -h /www'
	wait_until world_run busybox wget -qO- http://127.0.0.1:8123/
	docker run --rm --network "$tag-net" "$image" wget -qO- "http://$tag/"
	code 0
	same page "$output"
	docker rm -f "$tag"
	docker network rm "$tag-net"
	code 0
}

@test "the default bridge: addresses, and one container reaches another" {
	local address
	start_box -- sh -c 'mkdir /www; echo page >/www/index.html; echo ready; httpd -f -p 80 -h /www'
	wait_until log_has ready
	address=$(fact '{{.NetworkSettings.IPAddress}}')
	docker run --rm "$image" sh -c "sleep 0.5; wget -qO- http://$address/"
	code 0
	same page "$output"
}

@test "--network none; a network connected later" {
	run_box --network none -- ls /sys/class/net
	same lo "$output"
	docker network create "$tag-net"
	start_box -- sleep 1000
	docker network connect "$tag-net" "$tag"
	code 0
	docker exec "$tag" ls /sys/class/net
	has eth0 eth1
	docker network disconnect "$tag-net" "$tag"
	code 0
	docker network rm "$tag-net"
	code 0
}

# --- images ---

@test "build: the classic builder" {
	dockerfile
	capture world_run env DOCKER_BUILDKIT=0 "$DOCKER" build -t "$tag-image" "$T/context"
	code 0
	docker run --rm "$tag-image"
	code 0
	same $'built by 0\n1000' "$output"
	docker rmi "$tag-image"
}

@test "build: a step that fails" {
	dockerfile
	echo 'RUN exit 5' >>"$T/context/Dockerfile"
	capture world_run env DOCKER_BUILDKIT=0 "$DOCKER" build -t "$tag-image" "$T/context"
	[ "$status" -ne 0 ]
	says 'returned a non-zero code: 5'
}

@test "build: BuildKit" {
	dockerfile
	capture world_run env DOCKER_BUILDKIT=1 "$DOCKER" build -t "$tag-image" "$T/context"
	[[ $stderr != *'buildx component'* ]] || skip "this docker needs its plugin buildx"
	code 0
	grep -q -e ' run .*--bundle' "$W/log/runc"
	docker run --rm "$tag-image"
	code 0
	same $'built by 0\n1000' "$output"
	docker rmi "$tag-image"
}

dockerfile() {
	mkdir -p "$T/context"
	printf '%s\n' "FROM $image" 'RUN echo "built by $(id -u)" >/note' 'USER alice' \
		'CMD ["sh", "-c", "cat /note; id -u"]' >"$T/context/Dockerfile"
}

# --- the daemon ---

@test "import: an image without a configuration" {
	docker import "$W/image/layer.tar" "$tag-image"
	code 0
	docker run --rm "$tag-image" /bin/echo imported
	same imported "$output"
	docker rmi "$tag-image"
}

@test "the daemon ends and comes back: --restart always" {
	start_box --restart always -- sh -c "$(obedient 0)"
	wait_until log_has ready
	world_signal TERM dockerd
	docker_start
	wait_until fact_is '{{.State.Running}}' true
}

@test "swarm: a service with two replicas, on its own network and on the host's" {
	docker swarm init --advertise-addr 127.0.0.1
	code 0
	docker service create --detach --stop-grace-period 1s --name "$tag" --replicas 2 "$image" sleep 1000
	code 0
	docker service create --detach --stop-grace-period 1s --name "$tag-host" --network host --replicas 2 "$image" sleep 1000
	code 0
	wait_until service_runs "$tag" 2
	wait_until service_runs "$tag-host" 2
	docker service scale --detach "$tag=3"
	wait_until service_runs "$tag" 3
	docker service rm "$tag" "$tag-host"
	code 0
	wait_until nothing_runs
	docker swarm leave --force
	code 0
	docker network rm docker_gwbridge
}

service_runs() {
	[ "$(world_run "$DOCKER" ps -q --filter "name=^$1\\." | wc -l)" -eq "$2" ]
}

nothing_runs() {
	[ -z "$(world_run "$DOCKER" ps -aq)" ]
}
