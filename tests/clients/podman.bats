#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# podman, configured as doc/podman.md says.

load lib

setup_file() {
	clients_begin podman conmon jq python3 ip
}

setup() {
	clients_setup
}

teardown() {
	clients_teardown
}

teardown_file() {
	clients_end
}

# A container named w that stays until it is told to end.
start() {
	podman run -d --name w --network none "$@" busy sh -c 'trap "exit 7" TERM; echo up; while :; do sleep 0.1; done'
	ok
	wait_until logged up
}

logged() {
	enter podman logs w 2>&1 | grep -q -e "$1"
}

# --- run ---

@test "run: output, exit code, the container is gone" {
	run busy sh -c 'echo out; echo err >&2; exit 3'
	same 3 "$status"
	same out "$output"
	same err "$stderr"
	podman ps -aq
	is ''
}

@test "inspect and info: the runtime is ctr" {
	podman create --name w --network none busy sleep 1
	ok
	podman inspect --format '{{.OCIRuntime}}' w
	is ctr
	podman info --format '{{.Host.OCIRuntime.Name}} {{.Host.OCIRuntime.Path}}'
	is "ctr $CTR"
}

@test "run --log-level debug: ctr's version is taken from its first line" {
	podman info --format '{{.Host.OCIRuntime.Version}}'
	ok
	has 'ctr version ' 'spec: 1.'
}

@test "exit codes: 127 not found, 126 not executable, 125 podman itself" {
	run busy nosuch
	fails 127 'nosuch'
	run busy /bin/not-executable
	fails 126 'ermission denied'
	run busy /etc
	fails 126 ''
	run --no-such-option busy true
	fails 125 ''
}

@test "exit codes: 137 by SIGKILL, 143 by SIGTERM" {
	run busy sh -c 'sh -c "kill -9 \$\$"; exit $?'
	same 137 "$status"
	podman run -d --name w --network none busy sleep 100
	podman kill w
	ok
	podman wait w
	is 137
	podman run -d --name v --network none --init busy sleep 100
	podman kill -s TERM v
	podman wait v
	is 143
}

@test "run -t: a terminal with its size, and the exit code" {
	terminal size=91x17 -- podman run --rm --network none -it busy sh -c 'tty; until stty size 2>/dev/null | grep "17 91"; do sleep 0.1; done; exit 4'
	has /dev/pts/0 '17 91' '[exit 4]' '[terminal as before]'
}

@test "run -it: input goes in, the window is resized" {
	terminal size=80x24 'send=echo one-$((1+1))\n' expect=one-2 size=100x30 \
		'send=until stty size 2>/dev/null | grep "30 100"; do sleep 0.1; done; exit 5\n' -- podman run --rm --network none -it busy
	has '30 100' '[exit 5]' '[terminal as before]'
}

@test "run -i: stdin is piped in" {
	client sh -c 'echo through | podman run -i --rm --network none busy cat'
	is through
}

@test "run: user, directory, environment, hostname" {
	run -u web -w /tmp -e A=b --hostname box busy sh -c 'id -un; pwd; echo $A; hostname'
	is $'web\n/tmp\nb\nbox'
}

@test "run --read-only: the root is, --tmpfs is not" {
	run --read-only --tmpfs /data:size=1m,mode=1700 busy sh -c \
		'touch /x 2>/dev/null || echo ro; touch /data/x && stat -c %a /data; touch /tmp/x && echo tmp'
	is $'ro\n1700\ntmp'
}

@test "run --cap-drop, --cap-add: the sets" {
	run --cap-drop all busy grep Cap /proc/self/status
	has $'CapPrm:\t0000000000000000' $'CapBnd:\t0000000000000000'
	run --cap-drop all --cap-add net_admin busy grep Cap /proc/self/status
	has $'CapPrm:\t0000000000001000' $'CapEff:\t0000000000001000' $'CapBnd:\t0000000000001000'
}

@test "run --cap-drop: chown is refused" {
	run --cap-drop chown busy chown 5 /etc/passwd
	fails 1 'not permitted'
}

@test "run --security-opt no-new-privileges, and seccomp is on" {
	run --security-opt no-new-privileges busy grep -e NoNewPrivs -e Seccomp: /proc/self/status
	is $'NoNewPrivs:\t1\nSeccomp:\t2'
	run --security-opt seccomp=unconfined busy grep -e NoNewPrivs -e Seccomp: /proc/self/status
	is $'NoNewPrivs:\t0\nSeccomp:\t0'
}

@test "run --security-opt seccomp=FILE: the file's rules" {
	echo '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [
		{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}' >"$T/seccomp"
	run --security-opt "seccomp=$T/seccomp" busy mkdir /x
	fails 1 'No space left'
}

@test "run --privileged: all capabilities, no filter" {
	run --privileged busy sh -c 'grep Seccomp: /proc/self/status; test -w /proc/sys/kernel/hostname && echo rw'
	is $'Seccomp:\t0\nrw'
}

@test "run --sysctl, --ulimit, --oom-score-adj" {
	run --sysctl net.ipv4.ip_forward=1 --ulimit nofile=100:200 --ulimit nproc=500:500 --oom-score-adj 500 busy sh -c \
		'cat /proc/sys/net/ipv4/ip_forward /proc/self/oom_score_adj; ulimit -n'
	is $'1\n500\n100'
}

@test "run --device: the node is there" {
	run --device /dev/zero:/dev/nought:r busy stat -c '%F %t,%T' /dev/nought
	is 'character special file 1,5'
}

@test "run --init: podman's init is pid 1" {
	command -v catatonit >/dev/null || need catatonit
	run --init busy cat /proc/1/comm
	is podman-init
}

@test "run --preserve-fds" {
	echo three >"$T/three"
	client sh -c "exec 3<$T/three; exec podman run --rm --network none --preserve-fds 1 busy sh -c 'cat <&3; ls /proc/self/fd'"
	ok
	same $'three\n0\n1\n2\n3\n4' "$output" # 4: ls' own
}

@test "run: LISTEN_FDS is passed on" {
	echo three >"$T/three"
	client env LISTEN_FDS=1 sh -c "exec 3<$T/three; LISTEN_PID=\$\$ exec podman run --rm --network none busy sh -c 'cat <&3; echo \$LISTEN_FDS \$LISTEN_PID'"
	is $'three\n1 1'
}

@test "run --rm with a bad mount: 126 or 127, a message of ctr, nothing stays" {
	run -v "$T/missing:/x" busy true
	fails 125 'no such file'
	run --mount "type=bind,src=/etc/passwd,dst=/tmp" busy true
	[ "$status" -ge 125 ]
	says 'directory'
}

# --- user namespaces ---

@test "run --uidmap, --gidmap: the maps, and files belong to root inside" {
	run --uidmap 0:200000:5000 --gidmap 0:300000:5000 busy sh -c \
		'cat /proc/self/uid_map /proc/self/gid_map; stat -c %u:%g /bin/busybox; touch /root/x && stat -c %u /root/x'
	ok
	same '0 200000 5000 0 300000 5000 0:0 0' "$(flat)"
}

@test "run --userns=auto: a range of /etc/subuid" {
	run --userns=auto:size=2000 busy cat /proc/self/uid_map
	ok
	same '0 200000 2000' "$(flat)"
}

@test "run --userns with a terminal" {
	terminal -- podman run --rm --network none --uidmap 0:200000:5000 -it busy sh -c 'tty; stat -c %u $(tty); id -u'
	has /dev/pts/0 '[exit 0]'
}

@test "run --userns, exec: the same maps" {
	start --uidmap 0:200000:5000
	podman exec w sh -c 'id -u; cat /proc/self/uid_map'
	ok
	same '0 0 200000 5000' "$(flat)"
}

# --- volumes ---

@test "run -v: rw, ro, z, a file" {
	mkdir "$T/v"
	echo text >"$T/v/file"
	run -v "$T/v:/v" busy sh -c 'cat /v/file; echo new >/v/new'
	is text
	same new "$(<"$T/v/new")"
	run -v "$T/v:/v:ro" busy touch /v/other
	fails 1 'Read-only'
	run -v "$T/v:/v:z" -v "$T/v/file:/f:ro,Z" busy sh -c 'touch /v/other && cat /f'
	is text
	[ -e "$T/v/other" ]
}

@test "run -v: named, noexec, propagation" {
	run -v data:/data:noexec,nodev,nosuid busy grep ' /data ' /proc/self/mountinfo
	ok
	has noexec nodev nosuid
	podman volume rm data
	ok
	mkdir "$T/v"
	run -v "$T/v:/v:rslave" busy true
	ok
}

@test "run -v :idmap, with a user namespace" {
	mkdir "$T/v"
	echo text >"$T/v/file"
	run --uidmap 0:200000:5000 -v "$T/v:/v" busy stat -c %u /v/file
	is 65534
	run --uidmap 0:200000:5000 --gidmap 0:200000:5000 -v "$T/v:/v:idmap" busy stat -c %u:%g /v/file
	is 0:0
}

@test "run --mount type=tmpfs, type=devpts, and --shm-size" {
	run --mount type=tmpfs,dst=/t,tmpfs-size=1m --shm-size 2m busy sh -c \
		'df -k /t | tail -n 1; df -k /dev/shm | tail -n 1'
	ok
	has ' 1024 ' ' 2048 '
}

# --- exec ---

@test "exec: output and exit codes" {
	start
	podman exec w sh -c 'echo out; echo err >&2; exit 9'
	same 9 "$status"
	same out "$output"
	same err "$stderr"
	podman exec w nosuch
	fails 127 nosuch
	podman exec w /bin/not-executable
	fails 126 'ermission denied'
	podman exec -w /nowhere w true
	fails 127 /nowhere
	podman exec w sh -c 'kill -9 $$'
	same 137 "$status"
}

@test "exec -u -e -w, --privileged" {
	start
	podman exec -u web -e A=b -w /tmp w sh -c 'id -un; echo $A; pwd'
	is $'web\nb\n/tmp'
	podman exec -u 1000:0 w id
	ok
	has 'uid=1000(web) gid=0(root)'
	podman exec --privileged w grep CapEff /proc/self/status
	ok
	[ "$output" != $'CapEff:\t00000000800405fb' ]
}

@test "exec -it: a terminal" {
	start
	terminal size=77x11 -- podman exec -it w sh -c 'tty; until stty size 2>/dev/null | grep "11 77"; do sleep 0.1; done; exit 6'
	has /dev/pts/ '11 77' '[exit 6]' '[terminal as before]'
}

@test "exec -i: stdin; exec -d: in the background" {
	start
	client sh -c 'echo through | podman exec -i w cat'
	is through
	podman exec -d w sh -c 'echo there >/tmp/x'
	ok
	wait_until enter podman exec w grep -q there /tmp/x
}

@test "exec --preserve-fds" {
	start
	echo three >"$T/three"
	client sh -c "exec 3<$T/three; exec podman exec --preserve-fds 1 w sh -c 'cat <&3'"
	is three
}

@test "exec in a stopped container fails" {
	podman create --name w --network none busy true
	podman exec w true
	fails 255 'state improper'
}

# --- the life of a container ---

@test "create, start -a, start again" {
	podman create --name w --network none busy sh -c 'echo hello; exit 2'
	ok
	podman start -a w
	same 2 "$status"
	same hello "$output"
	podman start -a w
	same 2 "$status"
}

@test "run -d, ps, top, logs, stop, wait, rm" {
	start
	podman ps --format '{{.Names}} {{.Image}}'
	is 'w localhost/busy:latest'
	podman top w pid comm
	ok
	has 'PID' 'sh'
	podman stop -t 5 w
	ok
	podman wait w
	is 7
	podman ps -a --format '{{.Names}} {{.Status}}'
	has 'w Exited (7)'
	podman rm w
	ok
}

@test "stop: SIGKILL after the time" {
	podman run -d --name w --network none busy sleep 100 # pid 1 does not hear SIGTERM
	podman stop -t 1 w
	ok
	podman wait w
	is 137
}

@test "kill with signals by name and number, kill of a stopped container" {
	podman run -d --name w --network none busy sh -c \
		'trap "echo hup" HUP; trap "echo rt" 37; echo up; while :; do sleep 0.1; done'
	wait_until logged up
	podman kill -s HUP w
	ok
	wait_until logged hup
	podman kill -s SIGRTMIN+3 w
	ok
	wait_until logged rt
	podman kill -s 9 w
	ok
	podman wait w
	is 137
	podman kill w
	fails 125 'running'
}

@test "restart, and a restart policy" {
	start
	podman restart -t 5 w
	ok
	podman ps --format '{{.Names}} {{.Status}}'
	has 'w Up'
	podman run -d --name v --network none --restart on-failure:2 busy sh -c 'echo run; exit 1'
	ok
	wait_until tried v
}

tried() {
	[ "$(enter podman logs "$1" | grep -c run)" -eq 3 ]
}

@test "rm -f of a running container" {
	start
	podman rm -f -t 0 w
	ok
	podman ps -aq
	is ''
}

@test "pause, unpause; exec while paused is refused" {
	start
	podman pause w
	ok
	podman ps -a --format '{{.Status}}'
	has Paused
	podman exec w true
	fails 255 'state improper'
	podman unpause w
	ok
	podman exec w echo again
	is again
}

@test "stop and rm -f of a paused container" {
	start
	podman pause w
	podman rm -f -t 0 w
	ok
}

@test "a healthcheck" {
	start --health-cmd 'test -e /tmp/healthy' --health-interval=disable --health-retries=1
	podman healthcheck run w
	same 1 "$status"
	podman exec w touch /tmp/healthy
	podman healthcheck run w
	ok
}

@test "commit, diff, cp, export of a container" {
	start
	podman exec w sh -c 'echo new >/new'
	podman diff w
	has 'A /new'
	podman cp w:/new "$T/new"
	ok
	same new "$(<"$T/new")"
	echo in >"$T/in"
	podman cp "$T/in" w:/tmp/in
	ok
	podman exec w cat /tmp/in
	is in
	podman commit -q w again
	ok
	run again cat /new
	is new
	podman rmi again
	ok
}

@test "checkpoint fails, and the container runs on" {
	start
	podman container checkpoint w
	[ "$status" -ne 0 ]
	says checkpoint
	podman exec w echo alive
	is alive
}

# --- namespaces shared with others ---

@test "--network none, host, container:" {
	run busy ip -o link
	ok
	same 1 "$(wc -l <<<"$output")"
	client readlink /proc/self/ns/net
	local net=$output
	podman run --rm --network host busy readlink /proc/self/ns/net
	is "$net"
	start
	podman exec w readlink /proc/self/ns/net
	net=$output
	podman run --rm --network container:w busy readlink /proc/self/ns/net
	is "$net"
}

@test "--pid container: and host, --ipc container:, --uts host" {
	start
	podman run --rm --network none --pid container:w busy ps
	ok
	has 'while :'
	run --pid host busy readlink /proc/self/ns/pid
	is "$(readlink /proc/self/ns/pid)"
	run --uts host busy readlink /proc/self/ns/uts
	is "$(readlink /proc/self/ns/uts)"
	podman exec w readlink /proc/self/ns/ipc
	local ipc=$output
	podman run --rm --network none --ipc container:w busy readlink /proc/self/ns/ipc
	is "$ipc"
}

@test "--cgroupns, --cgroup-parent" {
	run busy cat /proc/self/cgroup
	ok
	has 0::/
	run --cgroupns host --cgroup-parent /mine busy cat /proc/self/cgroup
	ok
	has '0::/mine/libpod-'
	wait_until removed /sys/fs/cgroup/mine/conmon
	wait_until removed /sys/fs/cgroup/mine
}

removed() {
	enter rmdir "$1" 2>/dev/null
}

@test "--cgroups=disabled: the container is in conmon's cgroup" {
	run --cgroups=disabled busy cat /proc/self/cgroup
	ok
	[[ $output != *libpod-* ]]
}

@test "a pod without infra" {
	podman pod create --name p --infra=false
	ok
	podman run -d --name a --pod p --network none busy sleep 100
	ok
	podman pod ps --format '{{.Name}} {{.Status}}'
	is 'p Running'
	podman pod stop -t 0 p
	ok
	podman pod rm p
	ok
}

# podman 4.3 without systemd forbids all devices in a pod's cgroup: no runtime gets past that, but
# containers can have cgroups elsewhere, or the pod's can be made again.
@test "a pod with infra: shared network, ipc and uts" {
	podman pod create --name p --share-parent=false --network none --hostname podbox
	ok
	podman run -d --name a --pod p busy sleep 100
	ok
	podman run --rm --pod p busy sh -c 'hostname; for n in net ipc uts; do readlink /proc/self/ns/$n; done'
	ok
	local seen=$output
	podman exec a sh -c 'hostname; for n in net ipc uts; do readlink /proc/self/ns/$n; done'
	is "$seen"
	has podbox
	podman pod pause p
	ok
	podman pod unpause p
	ok
	podman pod rm -f -t 0 p
	ok
}

@test "kube play and kube down" {
	cat >"$T/pod.yaml" <<-END
	apiVersion: v1
	kind: Pod
	metadata:
	  name: web
	spec:
	  restartPolicy: Never
	  containers:
	  - name: one
	    image: localhost/busy
	    command: [sh, -c, 'echo \$GREETING; id -u; touch /ro/x || echo refused; sleep 100']
	    env:
	    - {name: GREETING, value: hello}
	    securityContext: {runAsUser: 1000, capabilities: {drop: [ALL]}, allowPrivilegeEscalation: false}
	    volumeMounts:
	    - {name: ro, mountPath: /ro, readOnly: true}
	  volumes:
	  - name: ro
	    hostPath: {path: $T, type: Directory}
	END
	podman kube play --network none --start=false "$T/pod.yaml"
	ok
	podman pod inspect --format '{{.ID}}' web
	client rmdir "/sys/fs/cgroup/libpod_parent/$output"
	ok
	podman pod start web
	ok
	wait_until kube_logged refused
	podman logs web-one
	has $'hello\n1000'
	podman kube down "$T/pod.yaml"
	ok
	podman pod ps -q
	is ''
}

kube_logged() {
	enter podman logs web-one 2>&1 | grep -q -e "$1"
}
