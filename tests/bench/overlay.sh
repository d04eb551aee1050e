# shellcheck shell=sh
# shellcheck disable=SC2154 # shared with run, which sources this
# The case run-overlay: one bundle, once without an overlay and with more and more layers.

overlay_layers() {
	i=0
	while [ "$i" -lt 120 ]; do
		i=$((i + 1))
		mkdir -p "$work/layers/$i"
		: >"$work/layers/$i/file-$i"
	done
}

# overlay_runner NAME LAYERS OPTION...: with LAYERS lower layers, of which one is the rootfs
overlay_runner() {
	echo "runner $1"
	count=$2
	shift 2
	set -- "$ctr" --root "$work/root-ctr" --data-root "$work/data" run "$@"
	while [ "$count" -gt 1 ]; do
		count=$((count - 1))
		set -- "$@" --layer "$work/layers/$count"
	done
	printf '%s\n' "$@" -b "$work/default" @ID@ | command_lines step
	printf '%s\n' "$ctr" --root "$work/root-ctr" delete --force @ID@ | command_lines fail
}

write_overlay() {
	[ -d "$work/layers" ] || overlay_layers
	write_floor default
	for runtime in $case_runtimes; do
		case $runtime in
		ctr=* | base=*) write_runtime "$runtime" default ;;
		esac
	done
	overlay_runner layers-1 1 --ephemeral
	overlay_runner layers-10 10 --ephemeral
	overlay_runner layers-120 120 --ephemeral
	overlay_runner new-on-disk 1 --overlay
	printf '%s\n' "$(command -v rm)" -rf "$work/data" | command_lines pre
	echo "note layers-N: an overlay with N lower layers, written to a tmpfs of its own"
	echo "note new-on-disk: the first run of an id, whose layer is made and synced on the benchmark's tmpfs"
}
