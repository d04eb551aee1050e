#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# buildah with ctr as its runtime, as doc/podman.md says.

load lib

setup_file() {
	clients_begin buildah podman skopeo
}

setup() {
	clients_setup
}

teardown() {
	[ -z "$T" ] || enter buildah rm -a >/dev/null
	clients_teardown
}

teardown_file() {
	clients_end
}

buildah() {
	client buildah "$@"
}

# The working container is named busy-working-container.
from_busy() {
	buildah from --pull-never "$@" localhost/busy
	ok
}

in_busy() {
	client buildah run --runtime "$CTR" "$@"
}

@test "from scratch, copy, config, run, commit" {
	buildah from scratch
	is working-container
	buildah copy working-container "$W/rootfs" /
	ok
	buildah config --env PATH=/bin --cmd '["cat", "/made"]' working-container
	ok
	in_busy working-container -- sh -c 'echo made >/made; id -u'
	is 0
	buildah commit -q working-container made
	ok
	podman run --rm --network none made
	is made
	podman rmi made
	ok
}

@test "run: exit codes" {
	from_busy
	in_busy busy-working-container -- sh -c 'exit 5'
	same 5 "$status"
	in_busy busy-working-container -- nosuch
	[ "$status" -ne 0 ]
	says nosuch
}

@test "run: user, directory, environment, volume" {
	from_busy
	mkdir "$T/v"
	echo text >"$T/v/file"
	in_busy --user web --workingdir /tmp --env A=b -v "$T/v:/v:ro" busy-working-container -- sh -c \
		'id -un; pwd; echo $A; cat /v/file; touch /v/x 2>/dev/null || echo ro'
	is $'web\n/tmp\nb\ntext\nro'
}

@test "run: a terminal" {
	from_busy
	terminal -- buildah run --runtime "$CTR" -t busy-working-container -- sh -c 'tty; exit 3'
	has /dev/ '[exit 3]'
}

@test "run: stdin" {
	from_busy
	client sh -c "echo through | buildah run --runtime $CTR busy-working-container -- cat"
	is through
}

@test "run: a user namespace" {
	from_busy --userns-uid-map 0:200000:5000 --userns-gid-map 0:200000:5000
	in_busy busy-working-container -- sh -c 'id -u; cat /proc/self/uid_map'
	ok
	same '0 0 200000 5000' "$(flat)"
}

@test "run: BUILDAH_RUNTIME and capabilities" {
	from_busy
	client env "BUILDAH_RUNTIME=$CTR" buildah run --cap-drop CAP_CHOWN --cap-add CAP_NET_ADMIN busy-working-container -- \
		grep CapPrm /proc/self/status
	ok
	# 0 is CHOWN, 12 NET_ADMIN
	[ $((16#${output#*:?} & 0x1001)) -eq $((0x1000)) ]
}

@test "bud: a Containerfile with RUN lines" {
	mkdir "$T/context"
	echo data >"$T/context/data"
	cat >"$T/context/Containerfile" <<-END
	FROM localhost/busy
	COPY data /data
	RUN sed -i s/data/changed/ /data && test "\$(id -u)" = 0
	USER web
	WORKDIR /tmp
	RUN id -un >who; mount | grep -q ' /proc '
	RUN ["/bin/sh", "-c", "pwd >where"]
	CMD ["/bin/sh", "-c", "cat /data who where"]
	END
	buildah bud --runtime "$CTR" --pull-never --network none -q -t built "$T/context"
	ok
	podman run --rm --network none built
	is $'changed\nweb\n/tmp'
	client skopeo copy -q containers-storage:localhost/built "dir:$T/out"
	ok
	podman rmi built
	ok
}

@test "bud: a RUN line that fails ends the build with its message" {
	mkdir "$T/context"
	printf 'FROM localhost/busy\nRUN echo it is said >&2; exit 9\n' >"$T/context/Containerfile"
	buildah bud --runtime "$CTR" --pull-never --network none "$T/context"
	[ "$status" -ne 0 ]
	says 'it is said' 'status 9'
}
