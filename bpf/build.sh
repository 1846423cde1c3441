#!/bin/sh
# Compiles the eBPF objects: into the folder given, or else into bpf/prebuilt, noting the sources' hash beside them.
# The objects are the same from whichever folder they are built with the same clang; CI compares.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-}
if [ -n "$folder" ]; then
	mkdir -p "$folder"
	folder=$(cd "$folder" && pwd)
else
	folder=$here/bpf/prebuilt
	mkdir -p "$folder"
fi
cd "$here"
for target in x86_64:x86 aarch64:arm64; do
	object=$folder/${target%%:*}.bpf.o
	"${CLANG:-clang-14}" -target bpf -mcpu=v3 -O2 -g -std=gnu11 -Wall -Wextra -Werror -Wno-unused-parameter \
		-D__TARGET_ARCH_"${target##*:}" \
		-ffile-prefix-map="$here"=. -fdebug-compilation-dir=. \
		-c bpf/sysreel.bpf.c -o "$object"
	"${LLVM_STRIP:-llvm-strip-14}" -g "$object"
done
if [ -z "${1:-}" ]; then
	SYSREEL_BPF_HASH=write cargo check --quiet
fi
