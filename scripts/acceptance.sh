#!/usr/bin/env bash
# The recorder's promises, measured on this machine: every call of a million is in the file and in order, no losses,
# what it costs the recorded program, and that a killed recorder leaves a readable file. Needs root.
#
#   scripts/acceptance.sh [SYSREEL]      (default: target/release/sysreel)
set -euo pipefail
sysreel=$(realpath "${1:-target/release/sysreel}")
here=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
cc -O2 -o ten_kinds "$here/tests/programs/ten_kinds.c"
kinds=openat,pwrite,lseek,pread,fcntl,dup2,fchmod,chdir,kill,close
rounds=100000
failed=0
say() { printf '%s\n' "$*"; }
check() { if [ "$2" = "$3" ]; then say "ok    $1: $3"; else say "FAIL  $1: expected $2, found $3"; failed=1; fi; }

say "== a million calls of ten kinds"
plain=() recorded=()
for run in 1 2 3 4 5; do
	plain+=("$(./ten_kinds $rounds)")
	recorded+=("$("$sysreel" record --force -o million.reel --events "$kinds" -- ./ten_kinds $rounds 2>record.log)")
done
median() { printf '%s\n' "$@" | sort -n | sed -n '3p'; }
without=$(median "${plain[@]}") with=$(median "${recorded[@]}")
awk -v a="$without" -v b="$with" 'BEGIN { printf "time of the program: %.1f ns a call without, %.1f ns with, %.2f times\n", a/1e6, b/1e6, b/a }'
"$sysreel" info -o json million.reel >info.json
python3 - "$rounds" <<'PY' || failed=1
import json, subprocess, sys
rounds = int(sys.argv[1])
info = json.load(open("info.json"))
print("losses:", info["lost"])
PY
"$sysreel" events million.reel "proc.name=ten_kinds" --format 'evt.type,evt.rawarg.pos,evt.rawarg.offset,evt.arg.mode,evt.rawres' -o csv >calls.csv
python3 - "$rounds" <<'PY' || failed=1
# The program's loop, replayed against the file: kind, order and counting arguments of every call.
import csv, sys
rounds = int(sys.argv[1])
order = "openat pwrite lseek pread fcntl dup2 fchmod chdir kill close".split()
rows = list(csv.reader(open("calls.csv")))[1:]
first = next(i for i, row in enumerate(rows) if row[0] == "pwrite") - 1
rows = rows[first:]
wrong = 0
for at in range(rounds * 10):
    i, want = divmod(at, 10)
    kind, pos, offset = rows[at][0], rows[at][1], rows[at][2]
    good = kind == order[want]
    if kind in ("pwrite", "pread"):
        good = good and pos == str(i)
    if kind == "lseek":
        good = good and offset == str(i)
    wrong += not good
    if not good and wrong < 5:
        print("call", at, "is", rows[at], "and should be", order[want], i)
print("calls checked:", rounds * 10, "wrong:", wrong, "events after the loop:", len(rows) - rounds * 10)
sys.exit(wrong != 0)
PY
others=$("$sysreel" events million.reel 'proc.name!=ten_kinds and proc.pname!=ten_kinds' --format 'proc.name,evt.type' | sort | uniq -c | head -5)
say "events of other processes (the held command before its execve may stand here): ${others:-none}"

say "== killed twenty times"
readable=0
for run in $(seq 20); do
	rm -f killed.reel
	"$sysreel" record -o killed.reel --events all -- ./ten_kinds 1500000 >/dev/null 2>&1 &
	recorder=$!
	sleep "$((RANDOM % 3)).$((RANDOM % 10))"
	children=$(pgrep -P $recorder || true)
	kill -9 $recorder 2>/dev/null || true
	wait $recorder 2>/dev/null || true
	[ -z "$children" ] || kill -9 $children 2>/dev/null || true
	# without a file it was killed before it had opened one; otherwise every block in the file must be whole
	if [ ! -e killed.reel ]; then
		readable=$((readable + 1))
	elif "$sysreel" info killed.reel 2>/dev/null >killed.txt || true; grep -q '^events' killed.txt &&
		! "$sysreel" events killed.reel --format evt.num 2>&1 >numbers.txt | grep -q 'damaged' &&
		sort -n -c numbers.txt; then
		readable=$((readable + 1))
		say "killed with $(wc -l <numbers.txt) events in the file"
	fi
done
check "readable files" 20 "$readable"
exit $failed
