#!/usr/bin/env bash
# Records some million events of a build-like workload (compiler, tar, find, git, grep, python, shells), all kinds with
# the data of reads and writes, and times replay over them, so that numbers can be compared over time.
#
#   scripts/bench-workload.sh [-n ROUNDS] [-k CAPTURE] [SYSREEL]
#
#   -n  rounds of the workload; default 12, about five million events
#   -k  keep the capture under this name; if it exists, it is replayed and nothing is recorded
#
# The workload runs in a folder of its own and only it is recorded. Needs root for recording, gcc, git, python3, GNU
# time; SYSREEL is target/release/sysreel unless given.
set -euo pipefail
rounds=12 kept=
while getopts n:k: option; do
	case $option in
	n) rounds=$OPTARG ;;
	k) kept=$(realpath -m "$OPTARG") ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
sysreel=$(realpath "${1:-target/release/sysreel}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
capture=${kept:-$scratch/workload.reel}

cat >workload.sh <<'WORKLOAD'
set -e
for round in $(seq "$1"); do
	mkdir -p src out
	for file in $(seq 40); do
		printf '#include <stdio.h>\n#include <stdlib.h>\nint f%s(int x) { printf("%%d", x); return abs(x) * %s; }\n' $file $file >src/f$file.c
		gcc -O1 -c src/f$file.c -o out/f$file.o
	done
	ar rcs out/all.a out/*.o
	tar -cf out/include.tar /usr/include
	mkdir -p out/tree && tar -xf out/include.tar -C out/tree
	find out/tree -type f -name '*.h' -newer src/f1.c >found.txt || true
	grep -rl stdio out/tree >>found.txt || true
	find /usr/lib /usr/share -type f >/dev/null 2>&1 || true
	rm -rf repo && git init -q repo && cp -r src out/tree/usr/include/linux repo/
	git -C repo add -A && git -C repo -c user.name=nobody -c user.email=nobody@example.org commit -qm all
	python3 -c 'import json, os, re, subprocess
for i in range(300):
    open("t.json", "w").write(json.dumps({"i": i}))
    json.load(open("t.json")); os.stat("t.json"); os.listdir("src")
for i in range(20):
    subprocess.run(["sh", "-c", "true"])'
	for i in $(seq 200); do cat src/f1.c >copy.c; test -e copy.c; mv copy.c moved.c; done
	rm -rf src out
done
WORKLOAD

if [ ! -e "$capture" ]; then
	"$sysreel" record -o "$capture" --events all -- sh workload.sh "$rounds"
fi
"$sysreel" info -o json "$capture" >info.json
python3 - <<'PY'
import json
info = json.load(open("info.json"))
events, size = info["events"], info["bytes"]
print(f"events              {events:,}")
print(f"lost                {info['lost']:,}")
print(f"bytes per event     {size / events:.2f}")
PY
events=$(python3 -c 'import json; print(json.load(open("info.json"))["events"])')
cat "$capture" >/dev/null
# the best of five, with the peak memory of that run
measure() { # NAME ARGUMENTS...
	local name=$1 run
	shift
	for run in 1 2 3 4 5; do
		/usr/bin/time -f '%e %M' -o time.txt "$sysreel" "$@" >/dev/null 2>&1 || true
		tail -1 time.txt
	done | sort -n | head -1 | awk -v name="$name" -v events="$events" \
		'{ printf "%-44s %6.2f s  %7.1f million events/s  %4d MB\n", name, $1, events / ($1 > 0 ? $1 : 0.005) / 1e6, $2 / 1024 }'
}
measure 'replay, built-in rules, 2 threads' replay -j 2 "$capture"
measure 'replay, built-in rules, 1 thread' replay -j 1 "$capture"
[ -z "${SYSREEL_RULES:-}" ] || measure "replay, $(basename "$SYSREEL_RULES"), 2 threads" replay -j 2 -r "$SYSREEL_RULES" "$capture"
measure 'events, one type, 2 threads' events -j 2 "$capture" 'evt.type=mkdir'
measure 'events, four columns of every event' events -j 2 "$capture" --format evt.num,evt.type,proc.name,fd.name
measure 'events, every event as JSON' events -j 2 "$capture" -o json
