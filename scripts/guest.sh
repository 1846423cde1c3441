#!/usr/bin/env bash
# Runs a command as root in a throw-away virtual machine with a Debian cloud kernel, for what must not be tried on the
# machine at hand: recording a whole host, and other kernel versions. Software emulation: it needs no KVM.
#
#   scripts/guest.sh [-k VERSION] [-f FILE]... [-o FILE]... [-m MIB] -- COMMAND
#
#   -k  start of a kernel version that the package archive has (6.1, 6.12); default 6.1
#   -f  program or file that the guest gets in /in (a program's shared libraries come along)
#   -o  file that the guest leaves in /out and that is wanted here, in ./guest-out/
#   -m  memory, default 2048
#   -t  folder that becomes the guest's root tree (default: busybox only)
#   -M  kernel module to load with what it depends on (overlay, ...)
#
# Needs: qemu-system-x86, busybox-static, cpio, apt-get and dpkg (no root). The exit status is the command's.
set -euo pipefail
kernel=6.1 files=() outs=() memory=2048 tree= modules=()
while getopts k:f:o:m:t:M: option; do
	case $option in
	k) kernel=$OPTARG ;;
	f) files+=("$OPTARG") ;;
	o) outs+=("$OPTARG") ;;
	m) memory=$OPTARG ;;
	t) tree=$OPTARG ;;
	M) modules+=("$OPTARG") ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 2; }

cache=${SYSREEL_GUEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sysreel-guest}
mkdir -p "$cache"
package=$(apt-cache pkgnames "linux-image-$kernel" | grep -E "^linux-image-${kernel//./\\.}(\.[.0-9+a-z]*)?(-[0-9]+)?-cloud-amd64$" | sort -V | tail -1)
[ -n "$package" ] || { echo "guest: no package linux-image-$kernel*-cloud-amd64 (apt-get update?)" >&2; exit 2; }
if [ ! -e "$cache/$package/boot" ]; then
	scratch=$(mktemp -d "$cache/fetch.XXXXXX")
	(cd "$scratch" && apt-get download -qq "$package" 2>/dev/null && dpkg -x ./*.deb tree && mkdir kept && mv tree/boot tree/lib kept/)
	rm -rf "${cache:?}/$package"
	mv "$scratch/kept" "$cache/$package"
	rm -rf "$scratch"
fi
image=$(ls "$cache/$package"/boot/vmlinuz-*)

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
[ -z "$tree" ] || cp -a "$tree/." "$root/"
mkdir -p "$root"/{bin,dev,etc,in,out,proc,root,run,sys,tmp,var/log,sbox,modules}
cp /bin/busybox "$root/sbox/"
/bin/busybox --list | while read -r applet; do [ "$applet" = busybox ] || ln -s busybox "$root/sbox/$applet"; done
if [ -z "$tree" ]; then
	ln -s /sbox/sh "$root/bin/sh"
	printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n' >"$root/etc/passwd"
	printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
fi
for module in "${modules[@]}"; do
	find "$cache/$package/lib" -name "$module.ko*" -exec cp {} "$root/modules/" \;
	[ -n "$(find "$root/modules" -name "$module.ko*")" ] || { echo "guest: $package has no module $module" >&2; exit 2; }
done
for file in "${files[@]}"; do
	cp -r "$file" "$root/in/"
	{ ldd "$file" 2>/dev/null | grep -o '/[^ ]*' || true; } | while read -r library; do
		mkdir -p "$root$(dirname "$library")"
		cp -nL "$library" "$root$library"
	done
done
printf '%s\n' "$*" >"$root/in/command"
cat >"$root/init" <<'INIT'
#!/sbox/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin:/sbox:/in HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup /sys/fs/cgroup
for module in /modules/*; do
	case $module in *.xz) unxz "$module" ;; esac
done
for module in /modules/*; do [ -e "$module" ] && insmod "$module"; done
mkdir -p /dev/pts && mount -t devpts pts /dev/pts
ip link set lo up
hostname guest
cd /out
echo '<<<guest:begin>>>'
sh /in/command </dev/null
echo "<<<guest:status $?>>>"
for file in /out/*; do
	[ -f "$file" ] || continue
	echo "<<<guest:file ${file##*/}>>>"
	base64 "$file"
	echo '<<<guest:end>>>'
done
sync
poweroff -f
INIT
chmod +x "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet) >"$root.initrd"
log=$root.log
timeout "${SYSREEL_GUEST_TIMEOUT:-300}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m "$memory" -nographic -no-reboot \
	-kernel "$image" -initrd "$root.initrd" -append 'console=ttyS0 quiet panic=-1 loglevel=3' \
	</dev/null 2>&1 | tr -d '\r' >"$log" || true
rm -f "$root.initrd"
sed -n '/<<<guest:begin>>>$/,/^<<<guest:status/p' "$log" | sed '1d;$d'
status=$(sed -n 's/^<<<guest:status \([0-9]*\)>>>$/\1/p' "$log" | tail -1)
if [ -z "$status" ]; then
	echo "guest: no status came back; the last lines were:" >&2
	tail -20 "$log" >&2
	rm -f "$log"
	exit 2
fi
for name in "${outs[@]}"; do
	mkdir -p guest-out
	sed -n "/^<<<guest:file ${name}>>>\$/,/^<<<guest:end>>>\$/p" "$log" | sed '1d;$d' | base64 -d >"guest-out/$name"
done
rm -f "$log"
exit "$status"
