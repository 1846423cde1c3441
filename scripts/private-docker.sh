# A Docker daemon of our own for a script: its own socket, data and containerd, no network set up, gone at the end.
# To be sourced by a bash script; `start_docker FOLDER`, then `docker_ ...`, then `stop_docker`.

docker_() { docker -H "unix://$docker_dir/docker.sock" "$@"; }

start_docker() {
	docker_dir=$1
	mkdir -p "$docker_dir/data" "$docker_dir/exec"
	# an empty environment: what the daemon hands on can end up in a capture
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin dockerd \
		--host "unix://$docker_dir/docker.sock" --data-root "$docker_dir/data" --exec-root "$docker_dir/exec" \
		--pidfile "$docker_dir/pid" --bridge=none --iptables=false --ip6tables=false --ip-forward=false \
		>"$docker_dir/log" 2>&1 &
	docker_pid=$!
	local tries=100
	until docker_ version >/dev/null 2>&1; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ] || ! kill -0 "$docker_pid" 2>/dev/null; then
			echo "dockerd did not start:" >&2
			tail -n 20 "$docker_dir/log" >&2
			return 1
		fi
		sleep 0.1
	done
}

stop_docker() {
	[ -n "${docker_pid:-}" ] || return 0
	local left
	left=$(docker_ ps -aq 2>/dev/null)
	# shellcheck disable=SC2086 # one word per container
	[ -z "$left" ] || docker_ rm -f $left >/dev/null 2>&1
	kill "$docker_pid" 2>/dev/null
	wait "$docker_pid" 2>/dev/null
	docker_pid=
	# overlay mounts of containers are gone with them; what is left is plain files
	rm -rf "$docker_dir"
}
