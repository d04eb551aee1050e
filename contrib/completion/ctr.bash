# bash completion of ctr; made by: ctr completion bash
_ctr() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verb='' i words=''
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--root | --log | --log-format) i=$((i + 1)) ;;
		-*) ;;
		*) verb=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $verb in
	run)
		words=' --bundle --detach --keep --pid-file --console-socket --preserve-fds --help'
		[[ $cur == -* ]] || words=''
		case $prev in --bundle | -b) words='' ;; esac
		case $prev in --pid-file) words='' ;; esac
		case $prev in --console-socket) words='' ;; esac
		case $prev in --preserve-fds) words='' ;; esac
		;;
	spec)
		words=' --bundle --rootless --help'
		[[ $cur == -* ]] || words=''
		case $prev in --bundle | -b) words='' ;; esac
		;;
	explain)
		words=' --format --help'
		[[ $cur == -* ]] || words=''
		case $prev in --format | -f) words='text json ' ;; esac
		;;
	state)
		words=' --help'
		[[ $cur == -* ]] || words=$(ctr list -q 2>/dev/null)
		;;
	list)
		words=' --format --quiet --help'
		[[ $cur == -* ]] || words=''
		case $prev in --format | -f) words='table json ' ;; esac
		;;
	kill)
		words=' --all --help'
		[[ $cur == -* ]] || words=$(ctr list -q 2>/dev/null)
		;;
	delete)
		words=' --force --help'
		[[ $cur == -* ]] || words=$(ctr list -q 2>/dev/null)
		;;
	completion)
		words=' --help'
		[[ $cur == -* ]] || words='bash zsh'
		;;
	*)
		words='run spec explain state list kill delete completion  --root --log --log-format --debug --version --help'
		case $prev in --root) words='' ;; esac
		case $prev in --log) words='' ;; esac
		case $prev in --log-format) words='text json ' ;; esac
		;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o default -F _ctr ctr
