# bash completion of ctr; made by: ctr completion bash
_ctr() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb='' i words='' option root=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--root | --data-root | --config-file | --log | --log-format | --log-level | --cgroup-manager | --rootless | --criu | --trace)
			option=${COMP_WORDS[i]}
			[[ ${COMP_WORDS[i + 1]} != '=' ]] || i=$((i + 1))
			i=$((i + 1))
			[[ $option != --root ]] || root=(--root "${COMP_WORDS[i]/#~\//$HOME/}")
			;;
		-*) ;;
		*) verb=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $verb in snapshot | network) ((i + 1 >= COMP_CWORD)) || verb+=" ${COMP_WORDS[i + 1]}" ;; esac
	[[ "$verb ${COMP_WORDS[i + 1]-}" != 'checkpoint inspect' ]] || ((i + 1 >= COMP_CWORD)) || verb='checkpoint inspect'
	case $verb in
	'run')
		words=' --bundle --config --pid-file --console-socket --pidfd-socket --preserve-fds --network --publish --isolate --dns --dns-search --net-rate --no-pivot --no-new-keyring --no-subreaper --strict --overlay --no-overlay --layer --ephemeral --size --ksm --detach --keep --help'
		[[ $cur == -* ]] || words=''
		case $prev in --bundle | -b) words='' ;; esac
		case $prev in --config | -f) words='' ;; esac
		case $prev in --pid-file) words='' ;; esac
		case $prev in --console-socket) words='' ;; esac
		case $prev in --pidfd-socket) words='' ;; esac
		case $prev in --preserve-fds) words='' ;; esac
		case $prev in --network) words='' ;; esac
		case $prev in --publish | -p) words='' ;; esac
		case $prev in --dns) words='' ;; esac
		case $prev in --dns-search) words='' ;; esac
		case $prev in --net-rate) words='' ;; esac
		case $prev in --layer) words='' ;; esac
		case $prev in --size) words='' ;; esac
		;;
	'create')
		words=' --bundle --config --pid-file --console-socket --pidfd-socket --preserve-fds --network --publish --isolate --dns --dns-search --net-rate --no-pivot --no-new-keyring --no-subreaper --strict --overlay --no-overlay --layer --ephemeral --size --ksm --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --bundle | -b) words='' ;; esac
		case $prev in --config | -f) words='' ;; esac
		case $prev in --pid-file) words='' ;; esac
		case $prev in --console-socket) words='' ;; esac
		case $prev in --pidfd-socket) words='' ;; esac
		case $prev in --preserve-fds) words='' ;; esac
		case $prev in --network) words='' ;; esac
		case $prev in --publish | -p) words='' ;; esac
		case $prev in --dns) words='' ;; esac
		case $prev in --dns-search) words='' ;; esac
		case $prev in --net-rate) words='' ;; esac
		case $prev in --layer) words='' ;; esac
		case $prev in --size) words='' ;; esac
		;;
	'start')
		words=' --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		;;
	'exec')
		words=' --process --detach --tty --user --additional-gids --env --cwd --cap --no-new-privs --cgroup --ignore-paused --apparmor --process-label --strict --pid-file --console-socket --pidfd-socket --preserve-fds --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --process | -p) words='' ;; esac
		case $prev in --user | -u) words='' ;; esac
		case $prev in --additional-gids | -g) words='' ;; esac
		case $prev in --env | -e) words='' ;; esac
		case $prev in --cwd) words='' ;; esac
		case $prev in --cap | -c) words='' ;; esac
		case $prev in --cgroup) words='' ;; esac
		case $prev in --apparmor) words='' ;; esac
		case $prev in --process-label) words='' ;; esac
		case $prev in --pid-file) words='' ;; esac
		case $prev in --console-socket) words='' ;; esac
		case $prev in --pidfd-socket) words='' ;; esac
		case $prev in --preserve-fds) words='' ;; esac
		;;
	'state')
		words=' --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		;;
	'list')
		words=' --format --quiet --help'
		[[ $cur == -* ]] || words=''
		case $prev in --format | -f) words='table json ' ;; esac
		;;
	'ps')
		words=' --format --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --format | -f) words='table json ' ;; esac
		;;
	'top')
		words=' --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		;;
	'stats')
		words=' --format --interval --no-stream --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --format | -f) words='table json ' ;; esac
		case $prev in --interval) words='' ;; esac
		;;
	'events')
		words=' --interval --stats --pressure --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --interval) words='' ;; esac
		case $prev in --pressure) words='' ;; esac
		;;
	'kill')
		words=' --all --regex --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		;;
	'pause')
		words=' --timeout --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --timeout) words='' ;; esac
		;;
	'resume')
		words=' --timeout --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --timeout) words='' ;; esac
		;;
	'update')
		words=' --resources --memory --memory-reservation --memory-swap --kernel-memory --kernel-memory-tcp --cpu-shares --cpu-share --cpu-period --cpu-quota --cpu-burst --cpu-idle --cpu-rt-period --cpu-rt-runtime --cpuset-cpus --cpuset-mems --pids-limit --blkio-weight --unified --l3-cache-schema --mem-bw-schema --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --resources | -r) words='' ;; esac
		case $prev in --memory) words='' ;; esac
		case $prev in --memory-reservation) words='' ;; esac
		case $prev in --memory-swap) words='' ;; esac
		case $prev in --kernel-memory) words='' ;; esac
		case $prev in --kernel-memory-tcp) words='' ;; esac
		case $prev in --cpu-shares) words='' ;; esac
		case $prev in --cpu-share) words='' ;; esac
		case $prev in --cpu-period) words='' ;; esac
		case $prev in --cpu-quota) words='' ;; esac
		case $prev in --cpu-burst) words='' ;; esac
		case $prev in --cpu-idle) words='' ;; esac
		case $prev in --cpu-rt-period) words='' ;; esac
		case $prev in --cpu-rt-runtime) words='' ;; esac
		case $prev in --cpuset-cpus) words='' ;; esac
		case $prev in --cpuset-mems) words='' ;; esac
		case $prev in --pids-limit) words='' ;; esac
		case $prev in --blkio-weight) words='' ;; esac
		case $prev in --unified) words='' ;; esac
		case $prev in --l3-cache-schema) words='' ;; esac
		case $prev in --mem-bw-schema) words='' ;; esac
		;;
	'delete')
		words=' --force --regex --keep-layers --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		;;
	'spec')
		words=' --bundle --config --rootless --system --userns --help'
		[[ $cur == -* ]] || words=''
		case $prev in --bundle | -b) words='' ;; esac
		case $prev in --config | -f) words='' ;; esac
		case $prev in --userns) words='' ;; esac
		;;
	'explain')
		words=' --format --overlay --no-overlay --layer --ephemeral --size --network --publish --isolate --dns --dns-search --net-rate --help'
		[[ $cur == -* ]] || words=''
		case $prev in --format | -f) words='text json ' ;; esac
		case $prev in --layer) words='' ;; esac
		case $prev in --size) words='' ;; esac
		case $prev in --network) words='' ;; esac
		case $prev in --publish | -p) words='' ;; esac
		case $prev in --dns) words='' ;; esac
		case $prev in --dns-search) words='' ;; esac
		case $prev in --net-rate) words='' ;; esac
		;;
	'validate')
		words=' --bundle --config --config-only --format --strict --help'
		[[ $cur == -* ]] || words=''
		case $prev in --bundle | -b) words='' ;; esac
		case $prev in --config | -f) words='' ;; esac
		case $prev in --format) words='text json ' ;; esac
		;;
	'wait')
		words=' --format --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --format | -f) words='text json ' ;; esac
		;;
	snapshot)
		words='create list rollback delete diff verify export import --help'
		;;
	'snapshot create')
		words=' --message --format --progress --with-memory --quiet --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --message | -m) words='' ;; esac
		case $prev in --format | -f) words='text json ' ;; esac
		case $prev in --progress) words='json none ' ;; esac
		;;
	'snapshot list')
		words=' --format --quiet --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --format | -f) words='table json ' ;; esac
		;;
	'snapshot rollback')
		words=' --keep-as --prune --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --keep-as) words='' ;; esac
		;;
	'snapshot delete')
		words=' --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		;;
	'snapshot diff')
		words=' --stat --patch --format --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --format | -f) words='text json ' ;; esac
		;;
	'snapshot verify')
		words=' --format --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --format | -f) words='text json ' ;; esac
		;;
	'snapshot export')
		words=' --output --format --compression --since --bundle --tag --progress --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --output | -o) words='' ;; esac
		case $prev in --format | -f) words='layer oci oci-archive backup ' ;; esac
		case $prev in --compression | -c) words='none gzip zstd ' ;; esac
		case $prev in --since) words='' ;; esac
		case $prev in --bundle | -b) words='' ;; esac
		case $prev in --tag) words='' ;; esac
		case $prev in --progress) words='json none ' ;; esac
		;;
	'snapshot import')
		words=' --format --name --on --message --bundle --tag --devices --progress --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --format | -f) words='layer oci oci-archive backup ' ;; esac
		case $prev in --name | -n) words='' ;; esac
		case $prev in --on) words='' ;; esac
		case $prev in --message | -m) words='' ;; esac
		case $prev in --bundle | -b) words='' ;; esac
		case $prev in --tag) words='' ;; esac
		case $prev in --progress) words='json none ' ;; esac
		;;
	'clone')
		words=' --quiet --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		;;
	'checkpoint')
		words=' --image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --lazy-pages --auto-dedup --manage-cgroups-mode --empty-ns --network-lock --export --compression --sign-key --token --dry-run --no-preflight --leave-running --pre-dump --parent-path --iterate --tcp-skip-in-flight --link-remap --page-server --status-fd --format --progress --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --image-path) words='' ;; esac
		case $prev in --work-path) words='' ;; esac
		case $prev in --manage-cgroups-mode) words='soft full strict ignore ' ;; esac
		case $prev in --empty-ns) words='network ' ;; esac
		case $prev in --network-lock) words='iptables nftables skip ' ;; esac
		case $prev in --export) words='' ;; esac
		case $prev in --compression) words='none gzip zstd ' ;; esac
		case $prev in --sign-key) words='' ;; esac
		case $prev in --token) words='' ;; esac
		case $prev in --parent-path) words='' ;; esac
		case $prev in --iterate) words='' ;; esac
		case $prev in --page-server) words='' ;; esac
		case $prev in --status-fd) words='' ;; esac
		case $prev in --format) words='text json ' ;; esac
		case $prev in --progress) words='json none ' ;; esac
		;;
	'checkpoint inspect')
		words=' --format --config --verify-key --bundle --help'
		[[ $cur == -* ]] || words=''
		case $prev in --format | -f) words='text json ' ;; esac
		case $prev in --verify-key) words='' ;; esac
		case $prev in --bundle | -b) words='' ;; esac
		;;
	'restore')
		words=' --bundle --config --pid-file --console-socket --pidfd-socket --preserve-fds --network --publish --isolate --dns --dns-search --net-rate --no-pivot --no-new-keyring --no-subreaper --strict --overlay --no-overlay --layer --ephemeral --size --image-path --work-path --tcp-established --ext-unix-sk --shell-job --file-locks --lazy-pages --auto-dedup --manage-cgroups-mode --empty-ns --network-lock --import --verify-key --allow-unsigned --token --allow-changed-config --detach --keep --snapshot --tcp-close --lsm-profile --lsm-mount-context --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --bundle | -b) words='' ;; esac
		case $prev in --config | -f) words='' ;; esac
		case $prev in --pid-file) words='' ;; esac
		case $prev in --console-socket) words='' ;; esac
		case $prev in --pidfd-socket) words='' ;; esac
		case $prev in --preserve-fds) words='' ;; esac
		case $prev in --network) words='' ;; esac
		case $prev in --publish | -p) words='' ;; esac
		case $prev in --dns) words='' ;; esac
		case $prev in --dns-search) words='' ;; esac
		case $prev in --net-rate) words='' ;; esac
		case $prev in --layer) words='' ;; esac
		case $prev in --size) words='' ;; esac
		case $prev in --image-path) words='' ;; esac
		case $prev in --work-path) words='' ;; esac
		case $prev in --manage-cgroups-mode) words='soft full strict ignore ' ;; esac
		case $prev in --empty-ns) words='network ' ;; esac
		case $prev in --network-lock) words='iptables nftables skip ' ;; esac
		case $prev in --import) words='' ;; esac
		case $prev in --verify-key) words='' ;; esac
		case $prev in --token) words='' ;; esac
		case $prev in --snapshot) words='' ;; esac
		case $prev in --lsm-profile) words='' ;; esac
		case $prev in --lsm-mount-context) words='' ;; esac
		;;
	'migrate')
		words=' --dry-run --max-downtime --max-rounds --post-copy --timeout --restore-timeout --resolve-timeout --recover --here --there --format --progress --no-preflight --remote-ctr --ssh --to-root --to-data-root --as --copy-rootfs --tcp-close --ext-unix-sk --shell-job --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --max-downtime) words='' ;; esac
		case $prev in --max-rounds) words='' ;; esac
		case $prev in --timeout) words='' ;; esac
		case $prev in --restore-timeout) words='' ;; esac
		case $prev in --resolve-timeout) words='' ;; esac
		case $prev in --format | -f) words='text json ' ;; esac
		case $prev in --progress) words='json none ' ;; esac
		case $prev in --remote-ctr) words='' ;; esac
		case $prev in --ssh) words='' ;; esac
		case $prev in --to-root) words='' ;; esac
		case $prev in --to-data-root) words='' ;; esac
		case $prev in --as) words='' ;; esac
		;;
	'receive')
		words=' --accept --bundle-root --log-dir --listen --keep-free --idle-timeout --progress-timeout --commit-timeout --help'
		[[ $cur == -* ]] || words=''
		case $prev in --accept) words='any present ' ;; esac
		case $prev in --bundle-root) words='' ;; esac
		case $prev in --log-dir) words='' ;; esac
		case $prev in --listen) words='' ;; esac
		case $prev in --keep-free) words='' ;; esac
		case $prev in --idle-timeout) words='' ;; esac
		case $prev in --progress-timeout) words='' ;; esac
		case $prev in --commit-timeout) words='' ;; esac
		;;
	'replicate')
		words=' --interval --keep --count --on-fenced --timeout --status --forget --format --no-preflight --remote-ctr --ssh --to-root --to-data-root --as --copy-rootfs --tcp-close --ext-unix-sk --shell-job --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --interval) words='' ;; esac
		case $prev in --keep) words='' ;; esac
		case $prev in --count) words='' ;; esac
		case $prev in --on-fenced) words='pause stop ignore ' ;; esac
		case $prev in --timeout) words='' ;; esac
		case $prev in --format | -f) words='text json ' ;; esac
		case $prev in --remote-ctr) words='' ;; esac
		case $prev in --ssh) words='' ;; esac
		case $prev in --to-root) words='' ;; esac
		case $prev in --to-data-root) words='' ;; esac
		case $prev in --as) words='' ;; esac
		;;
	'failover')
		words=' --list --generation --again --bundle --output --forget --format --help'
		[[ $cur == -* ]] || words=$(ctr "${root[@]}" list -q 2>/dev/null)
		case $prev in --generation) words='' ;; esac
		case $prev in --bundle | -b) words='' ;; esac
		case $prev in --output) words='' ;; esac
		case $prev in --format | -f) words='text json ' ;; esac
		;;
	'gc')
		words=' --dry-run --help'
		[[ $cur == -* ]] || words=''
		;;
	network)
		words='create list inspect delete --help'
		;;
	'network create')
		words=' --subnet --subnet6 --gateway --gateway6 --bridge --mtu --isolate --internal --help'
		[[ $cur == -* ]] || words=''
		case $prev in --subnet) words='' ;; esac
		case $prev in --subnet6) words='' ;; esac
		case $prev in --gateway) words='' ;; esac
		case $prev in --gateway6) words='' ;; esac
		case $prev in --bridge) words='' ;; esac
		case $prev in --mtu) words='' ;; esac
		;;
	'network list')
		words=' --format --quiet --help'
		[[ $cur == -* ]] || words=''
		case $prev in --format | -f) words='table json ' ;; esac
		;;
	'network inspect')
		words=' --help'
		[[ $cur == -* ]] || words=''
		;;
	'network delete')
		words=' --help'
		[[ $cur == -* ]] || words=''
		;;
	'features')
		words=' --help'
		[[ $cur == -* ]] || words=''
		;;
	'completion')
		words=' --help'
		[[ $cur == -* ]] || words='bash zsh'
		;;
	*)
		words='run create start exec state list ps top stats events kill pause resume update delete spec explain validate wait snapshot clone checkpoint restore migrate receive replicate failover gc network features completion  --root --data-root --config-file --log --log-format --log-level --cgroup-manager --systemd-cgroup --rootless --debug --criu --trace --version --help'
		case $prev in --root) words='' ;; esac
		case $prev in --data-root) words='' ;; esac
		case $prev in --config-file) words='' ;; esac
		case $prev in --log) words='' ;; esac
		case $prev in --log-format) words='text json ' ;; esac
		case $prev in --log-level) words='debug info warn warning error ' ;; esac
		case $prev in --cgroup-manager) words='cgroupfs systemd disabled ' ;; esac
		case $prev in --rootless) words='auto true false ' ;; esac
		case $prev in --criu) words='' ;; esac
		case $prev in --trace) words='' ;; esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _ctr ctr
