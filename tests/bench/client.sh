# shellcheck shell=sh
# shellcheck disable=SC2154 # shared with run, which sources this
# The case client-podman: podman run of a local image, with each runtime below it. Only when asked for.

# podman_words RUNTIME-PATH: the words, one per line, of podman with storage of its own in $work.
podman_words() {
	printf '%s\n' "$(command -v env)" "CONTAINERS_CONF=$work/containers.conf" "$(command -v podman)" --root "$work/podman" --runroot "$work/podman-run" --tmpdir "$work/podman-tmp" \
		--storage-driver vfs --cgroup-manager cgroupfs --events-backend none --runtime "$1"
}

podman_run() {
	podman_words "$1"
	printf '%s\n' run --rm --pull never --network none localhost/bench /bin/true
}

in_words() { # FILE: runs the words in it
	tr '\n' '\0' <"$1" | xargs -0 env >/dev/null 2>"$work/stderr"
}

# From the files of a bundle: nothing is fetched. The configuration is what a host without CAP_SYS_RESOURCE and free
# controllers can do.
podman_image() {
	cat >"$work/containers.conf" <<-END
	[containers]
	pids_limit = 0
	default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
	END
	tar -C "$work/default/rootfs" -cf "$work/image.tar" .
	{
		podman_words "$ctr"
		printf '%s\n' import -q "$work/image.tar" localhost/bench
	} >"$work/words"
	in_words "$work/words"
}

write_podman() {
	if ! command -v podman >/dev/null || ! command -v conmon >/dev/null; then
		echo "note podman or conmon is not installed"
		return 0
	fi
	if ! podman_image; then
		echo "note podman cannot import an image here: $(tail -n 1 "$work/stderr")"
		return 0
	fi
	for runtime in $runtimes; do
		podman_run "${runtime#*=}" >"$work/words"
		if ! in_words "$work/words"; then
			echo "note left out, podman does not run ${runtime%%=*} here: $(tail -n 1 "$work/stderr")"
			continue
		fi
		echo "runner ${runtime%%=*}"
		podman_run "${runtime#*=}" | command_lines step
	done
	echo "note of the client's own time conmon's is a part; what it does after it has answered does not count"
}
