#!/usr/bin/env bash
# Records the captures in sample-captures/ anew: real containers in a throw-away guest, so that nothing of the machine
# at hand gets into them. What each shows is said in sample-captures/README.md.
#
#   scripts/record-samples.sh [SYSREEL]      (default: target/release/sysreel)
#
# Needs root (debootstrap), debootstrap, and what scripts/guest.sh needs. The trees are made once and kept.
set -euo pipefail
cd "$(dirname "$0")/.."
sysreel=$(realpath "${1:-target/release/sysreel}")
cache=${SYSREEL_GUEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sysreel-guest}
mkdir -p "$cache"

# A Debian tree without package lists, documentation and the address it was fetched from.
make_tree() { # NAME PACKAGES
	[ -d "$cache/$1" ] && return
	debootstrap --variant=minbase --include="$2" bookworm "$cache/$1.new" >"$cache/$1.log"
	rm -rf "$cache/$1.new"/var/cache/apt/{archives/*.deb,*.bin} "$cache/$1.new"/var/lib/apt/lists/* \
		"$cache/$1.new"/usr/share/{doc,man,locale,info,lintian} "$cache/$1.new"/var/log/* \
		"$cache/$1.new"/etc/{apt/sources.list,hostname,resolv.conf}
	mv "$cache/$1.new" "$cache/$1"
}
make_tree node docker.io,kmod,iproute2,bsdutils,procps
make_tree image sed

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$cache/image" -cf "$work/image.tar" .

cat >"$work/scenario.sh" <<'GUEST'
set -e
hostname node-1
mkdir -p /var/lib/docker
mount -t tmpfs tmpfs /var/lib/docker
export DOCKER_RAMDISK=true # the guest's root is an initramfs, which pivot_root refuses
dockerd --iptables=false --ip6tables=false --bridge=none >/tmp/dockerd.log 2>&1 &
for attempt in $(seq 120); do docker info >/dev/null 2>&1 && break; sleep 1; done
docker import /in/image.tar nginx:1.21 >/dev/null
docker tag nginx:1.21 httpd:2.4
docker run -d --name nginx nginx:1.21 sleep 3600 >/dev/null
docker run -d --name httpd httpd:2.4 sleep 3600 >/dev/null

# record NAME CONTAINER, then the action on standard input, typed by somebody
record() {
	/in/sysreel record -o "/out/$1.reel" --container "$2" 2>"/tmp/$1.log" &
	recorder=$!
	for attempt in $(seq 60); do [ -s "/out/$1.reel" ] && break; sleep 0.5; done
	sleep 2
	sh -e
	sleep 3
	kill -INT $recorder
	wait $recorder || { cat "/tmp/$1.log"; exit 1; }
	cat "/tmp/$1.log"
}

record shell-in-nginx nginx <<'ACTION'
{ sleep 2; echo 'mkdir falco'; sleep 1; echo exit; } | script -qec 'docker exec -it nginx sh' /dev/null
ACTION

record httpd-modifies-passwd httpd <<'ACTION'
docker exec httpd sh -c 'echo "guest:x:1001:1001::/home/guest:/bin/sh" >> /etc/passwd'
docker exec httpd sed -i 's/^guest:.*/guest:x:0:0::\/root:\/bin\/sh/' /etc/passwd
ACTION

docker exec -i nginx sh -e <<'PREPARE'
mkdir -p /root/tool/DEBIAN /root/tool/usr/local/bin
printf 'Package: tool\nVersion: 1.0\nArchitecture: all\nMaintainer: nobody <nobody@example.org>\nDescription: a tool\n' >/root/tool/DEBIAN/control
printf '#!/bin/sh\necho tool\n' >/root/tool/usr/local/bin/tool
chmod 755 /root/tool/usr/local/bin/tool
dpkg-deb --build /root/tool /root/tool.deb >/dev/null
PREPARE
record package-management-in-nginx nginx <<'ACTION'
docker exec nginx apt-get install -y /root/tool.deb >/dev/null 2>&1
docker exec nginx tool
ACTION
GUEST

rm -rf "$work/run" && mkdir "$work/run"
(cd "$work/run" && SYSREEL_GUEST_TIMEOUT=900 "$OLDPWD/scripts/guest.sh" -m 6000 -t "$cache/node" -M overlay \
	-f "$sysreel" -f "$work/image.tar" -f "$work/scenario.sh" \
	-o shell-in-nginx.reel -o httpd-modifies-passwd.reel -o package-management-in-nginx.reel -- sh /in/scenario.sh)
for capture in "$work"/run/guest-out/*.reel; do
	[ "$(stat -c %s "$capture")" -lt 204800 ] || { echo "$capture is larger than 200 KB" >&2; exit 1; }
	cp "$capture" sample-captures/
done
ls -l sample-captures/*.reel
