#!/usr/bin/env bash
# Runs the kernel tests in guests with other kernels, and says per kernel what passed: the programs of tests/programs with
# every call compared, and the tests of loading, scopes, losses and limits.
#
#   scripts/kernel-matrix.sh [-m MIB] [-t FILTER] [KERNEL...]
#
#   KERNEL  start of a version of Debian's cloud kernels, as scripts/guest.sh takes it; default 6.1 6.12
#   -t      only tests whose name contains this; default kernel (all kernel tests)
#   -m      the guests' memory, default 3072
#
# Needs what scripts/guest.sh needs, a C compiler with its static library, and no root. A kernel takes ten minutes: the
# guests are emulated. The exit status is 0 if everything passed on every kernel.
set -euo pipefail
memory=3072 filter=kernel
while getopts m:t: option; do
	case $option in
	m) memory=$OPTARG ;;
	t) filter=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || set -- 6.1 6.12
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/programs"
for program in tests/programs/*; do
	name=$(basename "${program%.c}")
	if [ -d "$program" ]; then set -- "$@" -- "$program"/*.c; else set -- "$@" -- "$program"; fi
	kernels=()
	while [ "$1" != -- ]; do kernels+=("$1"); shift; done
	shift
	cc -O1 -static -o "$work/programs/$name" "$@"
	set -- "${kernels[@]}"
done
cargo build
mapfile -t tests < <(cargo test --no-run --lib --test main 2>&1 | sed -n 's/.*Executable .*(\(.*\))$/\1/p')
[ ${#tests[@]} -eq 2 ] || { echo "kernel-matrix: the tests could not be built (cargo test --no-run)" >&2; exit 2; }
strip -g -o "$work/sysreel" target/debug/sysreel
strip -g -o "$work/library-tests" "${tests[0]}"
strip -g -o "$work/program-tests" "${tests[1]}"

# Busybox stands for every tool but the shell, since its own runs tools under another name than theirs; sleep is a
# program of its own, because a test asks for its path.
shell=$(readlink -f /bin/sh)
command="cp /sbox/busybox /bin/sleep
ln -sf /in/$(basename "$shell") /bin/sh
export SYSREEL_KERNEL_TESTS=1 SYSREEL_TEST_BINARY=/in/sysreel SYSREEL_TEST_PROGRAMS=/in/programs SYSREEL_TEST_PATIENCE=180
echo 'guest: Linux '\$(uname -r)
status=0
/in/library-tests $filter || status=1
/in/program-tests $filter || status=1
exit \$status"

verdict=0
for kernel; do
	echo "=== $kernel"
	started=$SECONDS
	status=0
	SYSREEL_GUEST_TIMEOUT=${SYSREEL_GUEST_TIMEOUT:-1800} scripts/guest.sh -k "$kernel" -m "$memory" \
		-f "$work/sysreel" -f "$work/library-tests" -f "$work/program-tests" -f "$work/programs" -f "$shell" \
		-- "$command" >"$work/log" 2>&1 || status=$?
	grep -E '^(guest: |skipped: |test result: |test .* FAILED|----|thread .* panicked|guest:)' "$work/log" || true
	if [ $status -ne 0 ]; then
		verdict=1
		sed -n '/^failures:/,/^test result/p' "$work/log"
		[ -n "$(grep '^test result' "$work/log")" ] || cat "$work/log"
	fi
	echo "=== $kernel: $([ $status -eq 0 ] && echo passed || echo FAILED) in $((SECONDS - started)) s"
done
exit $verdict
