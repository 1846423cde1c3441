#!/usr/bin/env bash
# Records the captures in sample-captures/ anew: real containers and pods in throw-away guests, so that nothing of the
# machine at hand gets into them. What each shows is said in sample-captures/README.md.
#
#   scripts/record-samples.sh [SYSREEL] [SCENARIO...]      (default: target/release/sysreel, docker and pods)
#
# Needs root (debootstrap), debootstrap, busybox-static, a C compiler with its static library, apt-get (kubectl comes from
# its package), and what scripts/guest.sh needs. Trees are made once and kept.
set -euo pipefail
cd "$(dirname "$0")/.."
sysreel=$(realpath "${1:-target/release/sysreel}")
[ $# -eq 0 ] || shift
[ $# -gt 0 ] || set -- docker pods
cache=${SYSREEL_GUEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sysreel-guest}
mkdir -p "$cache"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A Debian tree without package lists, documentation and the address it was fetched from; prints where it is.
debian_tree() { # PACKAGES
	local tree
	tree=$cache/tree-$(printf %s "$1" | cksum | cut -d ' ' -f 1)
	if [ ! -d "$tree" ]; then
		rm -rf "$tree.new"
		debootstrap --variant=minbase --include="$1" bookworm "$tree.new" >"$tree.log"
		rm -rf "$tree.new"/var/cache/apt/{archives/*.deb,*.bin} "$tree.new"/var/lib/apt/lists/* \
			"$tree.new"/usr/share/{doc,man,locale,info,lintian} "$tree.new"/var/log/* \
			"$tree.new"/etc/{apt/sources.list,hostname,resolv.conf}
		mv "$tree.new" "$tree"
	fi
	echo "$tree"
}

# A folder with busybox and its applets.
busybox_tree() { # FOLDER
	mkdir -p "$1"/{bin,etc,root,tmp,proc,sys,dev,run,opt,var}
	cp /bin/busybox "$1/bin/"
	/bin/busybox --list | while read -r applet; do [ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"; done
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$1/etc/group"
	printf 'root:*:19000:0:99999:7:::\n' >"$1/etc/shadow"
	chmod 600 "$1/etc/shadow"
}

# Images of a plain Debian, of busybox, and of busybox with kubectl, under the names that the stories need.
make_images() {
	local library=docker.io/library
	scripts/image.sh "$(debian_tree sed)" "$work/debian.tar" $library/nginx:1.21 $library/httpd:2.4
	busybox_tree "$work/busybox"
	cc -O1 -static -s -o "$work/busybox/bin/amicontained" scripts/samples/amicontained.c
	mkdir "$work/busybox/opt/app"
	echo '<h1>Shop</h1>' >"$work/busybox/opt/app/index.html"
	cp scripts/samples/serve.sh "$work/busybox/opt/app/serve"
	chmod 755 "$work/busybox/opt/app/serve"
	scripts/image.sh "$work/busybox" "$work/busybox.tar" $library/busybox:1.36 registry.k8s.io/pause:3.9 \
		registry.example.com/tools/amicontained:0.4 registry.example.com/shop/web:4.2
	busybox_tree "$work/deployer"
	(cd "$work" && apt-get download -qq kubernetes-client 2>/dev/null && dpkg -x kubernetes-client_*.deb kubernetes)
	cp "$work/kubernetes/usr/bin/kubectl" "$work/deployer/bin/"
	scripts/image.sh "$work/deployer" "$work/deployer.tar" registry.example.com/ci/deployer:2.1
}

# Runs a scenario in a guest of its own, and takes the captures that it records.
record_scenario() { # NAME IMAGE...
	local name=$1 image options=()
	shift
	for image; do options+=(-f "$work/$image.tar"); done
	for capture in $(sed -n 's/^record \([a-z-]*\).*/\1/p' "scripts/samples/$name.sh"); do options+=(-o "$capture.reel"); done
	rm -rf "$work/run" && mkdir "$work/run"
	(cd "$work/run" && SYSREEL_GUEST_TIMEOUT=${SYSREEL_GUEST_TIMEOUT:-1800} "$OLDPWD/scripts/guest.sh" -m 6000 \
		-t "$(debian_tree docker.io,curl,kmod,iproute2,bsdutils,procps)" -M overlay -f "$sysreel" \
		-f "$OLDPWD/scripts/samples/recording.sh" -f "$OLDPWD/scripts/samples/prepare.sh" -f "$OLDPWD/scripts/cri.sh" "${options[@]}" \
		-f "$OLDPWD/scripts/samples/$name.sh" -- sh "/in/$name.sh")
	for capture in "$work"/run/guest-out/*.reel; do
		[ "$(stat -c %s "$capture")" -lt 204800 ] || { echo "$capture is larger than 200 KB" >&2; exit 1; }
		cp "$capture" sample-captures/
	done
}

make_images
for scenario; do
	case $scenario in
	docker) record_scenario docker debian ;;
	pods) record_scenario pods debian busybox deployer ;;
	*) echo "no scenario \`$scenario\`" >&2; exit 2 ;;
	esac
done
ls -l sample-captures/*.reel
