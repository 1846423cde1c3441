#!/usr/bin/env bash
# Records the sample captures anew: three containers of ours, each doing what its capture is named after.
#
#   scripts/record-samples.sh [SYSREEL]      needs root, Docker's daemon, debootstrap (and its Debian mirror), script(1)
#
# Only the containers' processes are recorded. Of the machine itself nothing may end up in a sample: the daemon gets an
# empty environment, the recorder sees a neutral host name, and all processes but the daemon's are hidden from it (a
# container's ancestors go into the capture, and so would the first process of this machine).
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
# shellcheck source=scripts/private-docker.sh
. scripts/private-docker.sh

if [ "${1:-}" != --isolated ]; then
	sysreel=$(realpath "${1:-target/release/sysreel}")
	[ -x "$sysreel" ] || { echo "$sysreel is missing: cargo build --release" >&2; exit 2; }
	exec unshare --mount --uts --propagation private "$0" --isolated "$sysreel"
fi
sysreel=$2
hostname sample-host

work=/run/sysreel-samples
tree=${SYSREEL_SAMPLE_TREE:-/var/tmp/sysreel-sample-tree}
rm -rf "$work"
mkdir -p "$work"
trap 'stop_docker; rm -rf "$work"' EXIT

[ -e "$tree/etc/debian_version" ] || debootstrap --variant=minbase bookworm "$tree"
start_docker "$work/docker"

# the images: a plain Debian base under the names of the stories
tar -C "$tree" --exclude=./var/cache/apt --exclude=./var/lib/apt/lists --exclude=./usr/share/doc \
	--exclude=./usr/share/locale --exclude=./dev -c . | docker_ import - nginx:1.21 >/dev/null
docker_ tag nginx:1.21 httpd:2.4

# the first process is every shim's parent: hide it from the recorder's snapshot
mount -t tmpfs -o ro,size=4k none /proc/1

run_container() { # NAME IMAGE
	docker_ run -d --name "$1" --network none --hostname "$1" "$2" sleep infinity >/dev/null
}

# record NAME CONTAINER: starts the recorder and waits until it records
record() {
	local file=$root/sample-captures/$1.reel
	DOCKER_HOST="unix://$docker_dir/docker.sock" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		DOCKER_ROOT="$docker_dir/data" "$sysreel" record -o "$file" --force --container "$2" 2>"$work/recorder" &
	recorder=$!
	local tries=100
	until [ -s "$file" ]; do
		tries=$((tries - 1))
		if [ $tries -eq 0 ] || ! kill -0 "$recorder" 2>/dev/null; then
			cat "$work/recorder" >&2
			exit 1
		fi
		sleep 0.1
	done
	sleep 0.5
}

finish() {
	sleep 0.5
	kill -INT "$recorder"
	wait "$recorder"
	cat "$work/recorder"
}

run_container web nginx:1.21
record shell-in-nginx web
# a terminal of its own, as with docker exec -it from a terminal
script -qec "docker -H unix://$docker_dir/docker.sock exec -it web bash -c 'cd /root; mkdir falco; ls -l; exec bash -i'" \
	/dev/null <<<'exit' >/dev/null
finish

run_container httpd httpd:2.4
record httpd-writes-passwd httpd
docker_ exec httpd sh -c 'echo "backup:x:0:0::/root:/bin/sh" >>/etc/passwd; tail -n 1 /etc/passwd' >/dev/null
finish

# a package to install: one file, no dependencies
mkdir -p "$work/hello/DEBIAN" "$work/hello/usr/local/bin"
printf '#!/bin/sh\necho hello\n' >"$work/hello/usr/local/bin/hello-sample"
chmod 755 "$work/hello/usr/local/bin/hello-sample"
cat >"$work/hello/DEBIAN/control" <<'CONTROL'
Package: hello-sample
Version: 1.0
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: one small program
CONTROL
dpkg-deb --root-owner-group -b "$work/hello" "$work/hello-sample.deb" >/dev/null
docker_ cp "$work/hello-sample.deb" web:/root/hello-sample.deb
record packages-in-nginx web
docker_ exec web sh -c 'dpkg -i /root/hello-sample.deb && hello-sample && apt-get remove -y hello-sample' >/dev/null 2>&1
finish

for name in shell-in-nginx httpd-writes-passwd packages-in-nginx; do
	size=$(stat -c %s "sample-captures/$name.reel")
	echo "$name.reel: $size bytes"
	[ "$size" -lt 200000 ] || { echo "too large for a sample" >&2; exit 1; }
	"$sysreel" replay "sample-captures/$name.reel" >"sample-captures/$name.alerts.txt"
done
