#!/usr/bin/env bash
# Makes an image out of a folder, as a file that `ctr images import`, `podman load` and `docker load` take. Its program
# sleeps, so that it does for a pod's sandbox too.
#
#   scripts/image.sh FOLDER FILE NAME:TAG...
set -euo pipefail
[ $# -ge 3 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 2; }
folder=$1 file=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
case $(uname -m) in aarch64) architecture=arm64 ;; *) architecture=amd64 ;; esac
tar -C "$folder" --owner=0 --group=0 --numeric-owner -cf "$work/layer.tar" .
layer=$(sha256sum "$work/layer.tar" | cut -c -64)
printf '{"architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
"Cmd":["/bin/sleep","1000000"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' "$architecture" "$layer" >"$work/config.json"
names=$(printf ',"%s"' "$@")
printf '[{"Config":"config.json","RepoTags":[%s],"Layers":["layer.tar"]}]' "${names#,}" >"$work/manifest.json"
tar -C "$work" -cf "$file" config.json layer.tar manifest.json
