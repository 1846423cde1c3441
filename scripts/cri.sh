#!/usr/bin/env bash
# Makes pods as a kubelet does, without one: speaks to the CRI socket of containerd (or CRI-O), for tests and samples.
#
#   scripts/cri.sh SOCKET run [OPTION]... POD IMAGE COMMAND...   a pod with one container: prints SANDBOX-ID CONTAINER-ID
#   scripts/cri.sh SOCKET exec CONTAINER-ID COMMAND...           runs a command in it and waits (without a terminal)
#   scripts/cri.sh SOCKET remove SANDBOX-ID                      ends the pod
#
# Options of run:
#   -n NAMESPACE   of the pod; default `default`
#   -u UID         of the pod; default made of the time
#   -l KEY=VALUE   a label of the pod
#   -c CGROUP      the parent of the pod's cgroup; default /kubepods/besteffort
#   -e KEY=VALUE   in the container's environment
#   -m HOST:PATH   a folder of the host, mounted in the container
#   -p             privileged
#
# The pod has the host's network, so it needs no network plugin, and its cgroup is named after its uid. The
# container's name is the image's, without its folder and tag. Images must be there (`ctr -n k8s.io images import`).
#
# Messages are protocol buffers (k8s.io/cri-api, runtime/v1/api.proto), written here as hexadecimal digits; numbers are
# those of its fields. A call is a message behind five bytes, an HTTP/2 request of curl's. Needs curl and od.
set -euo pipefail

# ---- Messages ----

varint() { # NUMBER
	local number=$1
	while [ "$number" -ge 128 ]; do
		printf %02x $((number % 128 + 128))
		number=$((number / 128))
	done
	printf %02x "$number"
}
message() { # FIELD HEX: a field with a message in it
	varint $(($1 * 8 + 2))
	varint $((${#2} / 2))
	printf %s "$2"
}
text() { # FIELD TEXT
	message "$1" "$(printf %s "$2" | od -An -v -tx1 | tr -d ' \n')"
}
number() { # FIELD NUMBER
	varint $(($1 * 8))
	varint "$2"
}
pair() { # FIELD KEY=VALUE: an entry of a map, or a variable
	message "$1" "$(text 1 "${2%%=*}")$(text 2 "${2#*=}")"
}

# ---- Calls ----

# METHOD HEX: prints the answer's bytes, or what the runtime says is wrong.
call() {
	local work status
	work=$(mktemp -d)
	printf "$(printf '00%08x%s' $((${#2} / 2)) "$2" | sed 's/../\\x&/g')" >"$work/request"
	status=0
	curl -sS --http2-prior-knowledge --unix-socket "$socket" -H 'content-type: application/grpc' -H 'te: trailers' \
		--data-binary "@$work/request" -D "$work/headers" -o "$work/answer" \
		"http://cri/runtime.v1.RuntimeService/$1" || status=$?
	if [ $status -eq 0 ] && ! grep -qi '^grpc-status: 0' "$work/headers"; then
		status=1
		echo "cri: $1: $(sed -n 's/^grpc-message: //Ip' "$work/headers" | tr -d '\r')" >&2
	fi
	[ ! -f "$work/answer" ] || tail -c +6 "$work/answer"
	rm -rf "$work"
	return $status
}

# The id that an answer consists of.
answered_id() { tr -cd 0-9a-f | tail -c 64; }

run() {
	local namespace=default parent=/kubepods/besteffort uid='' labels='' environment='' mounts='' privileged='' option
	local OPTIND=1
	while getopts n:u:l:c:e:m:p option; do
		case $option in
		n) namespace=$OPTARG ;;
		u) uid=$OPTARG ;;
		l) labels+=$(pair 6 "$OPTARG") ;;
		c) parent=$OPTARG ;;
		e) environment+=$(pair 6 "$OPTARG") ;;
		m) mounts+=$(message 7 "$(text 1 "${OPTARG#*:}")$(text 2 "${OPTARG%%:*}")") ;;
		p) privileged=1 ;;
		*) exit 2 ;;
		esac
	done
	shift $((OPTIND - 1))
	local pod=$1 image=$2 name argument pod_config container_config command='' sandbox container pod_labels
	shift 2
	uid=${uid:-$(date +%s%N | sed 's/^\(.\{8\}\)\(....\)\(....\).*/\1-\2-4\3-8000-000000000000/')}
	name=${image##*/}
	name=${name%%:*}
	for argument; do command+=$(text 3 "$argument"); done
	# what every kubelet adds
	pod_labels=("io.kubernetes.pod.name=$pod" "io.kubernetes.pod.namespace=$namespace" "io.kubernetes.pod.uid=$uid")

	# namespaces: 2 is the node's; the others are the pod's
	local network security
	network=$(message 3 "$(number 1 2)")
	security=$(message 1 "$(number 1 2)")${privileged:+$(number 6 1)}
	pod_config=$(message 1 "$(text 1 "$pod")$(text 2 "$uid")$(text 3 "$namespace")")
	for argument in "${pod_labels[@]}"; do pod_config+=$(pair 6 "$argument"); done
	pod_config+=$labels$(message 8 "$(text 1 "$parent/pod$uid")$(message 2 "$security")")
	sandbox=$(call RunPodSandbox "$(message 1 "$pod_config")" | answered_id)

	container_config=$(message 1 "$(text 1 "$name")")$(message 2 "$(text 1 "$image")")$command$environment$mounts
	for argument in "io.kubernetes.container.name=$name" "${pod_labels[@]}"; do
		container_config+=$(pair 9 "$argument")
	done
	# 1 is the container's own process namespace
	container_config+=$(message 15 "$(message 2 "${privileged:+$(number 2 1)}$(message 3 "$(number 1 2)$(number 2 1)")")")
	container=$(call CreateContainer "$(text 1 "$sandbox")$(message 2 "$container_config")$(message 3 "$pod_config")" |
		answered_id)
	call StartContainer "$(text 1 "$container")"
	echo "$sandbox $container"
}

execute() { # CONTAINER COMMAND...
	local request argument
	request=$(text 1 "$1")
	shift
	for argument; do request+=$(text 2 "$argument"); done
	call ExecSync "$request$(number 3 60)"
}

remove() { # SANDBOX
	call StopPodSandbox "$(text 1 "$1")"
	call RemovePodSandbox "$(text 1 "$1")"
}

[ $# -ge 3 ] || { sed -n '2,18s/^# \{0,1\}//p' "$0"; exit 2; }
socket=$1 action=$2
shift 2
case $action in
run) run "$@" ;;
exec) execute "$@" ;;
remove) remove "$@" ;;
*) echo "cri: no action \`$action\`" >&2; exit 2 ;;
esac
