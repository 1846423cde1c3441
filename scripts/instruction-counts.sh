#!/usr/bin/env bash
# Counts the instructions of a few fixed runs with callgrind and compares them with those of benches/instructions.txt:
# a count that rose by more than 10 % is a failure, one that fell by as much is told. Counts and not times, so that a
# busy machine does not matter: two runs of the same program differ by less than a thousandth.
#
#   scripts/instruction-counts.sh            compare
#   scripts/instruction-counts.sh --renew    write the counts of today; commit them with the change that caused them
#
# What is run over: a made-up build of 70,000 events (examples/made_up_build.rs), the same bytes each time, and
# some sample captures. Needs valgrind. Another compiler than the one that the file names gives other counts: then 25 % are
# allowed, and that is said.
set -euo pipefail
cd "$(dirname "$0")/.."
file=benches/instructions.txt
renew=
case ${1:-} in
--renew) renew=yes ;;
'') ;;
*) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2 && exit 2 ;;
esac
command -v valgrind >/dev/null || { echo "valgrind is needed: apt-get install valgrind" >&2; exit 2; }

# without the recorder: it is not counted, and its crates take a third of the build
cargo build --locked --quiet --profile counts --no-default-features --bin sysreel --example made_up_build
built=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/counts
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sysreel=$built/sysreel
"$built/examples/made_up_build" 70000 "$scratch/build.reel"
"$sysreel" convert --no-summary "$scratch/build.reel" "$scratch/build.scap"
# by name: a sample that is added must not change the counts
samples=(sample-captures/{shell-in-nginx,httpd-modifies-passwd,package-management-in-nginx}.reel)

# NAME ARGUMENTS... -> "NAME COUNT"
count() {
	local name=$1 log=$scratch/$1.log found
	shift
	if ! valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file="$log" "$sysreel" "$@" >/dev/null 2>"$scratch/stderr"; then
		cat "$scratch/stderr" "$log" >&2
		return 1
	fi
	found=$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$log")
	[ -n "$found" ] || { cat "$log" >&2; return 1; }
	printf '%-24s %s\n' "$name" "$found"
}

compiler="$(rustc --version), $(cc --version | head -1)"
{
	count start replay -j 1 sample-captures/shell-in-nginx.reel
	count replay-reel replay -j 1 "$scratch/build.reel" "${samples[@]}"
	count replay-scap replay -j 1 "$scratch/build.scap"
	count events-one-type events -j 1 "$scratch/build.reel" 'evt.type = execve'
	count events-one-name events -j 1 "$scratch/build.reel" 'fd.name endswith .c and proc.name = cc1'
	count events-columns events -j 1 "$scratch/build.reel" --format evt.num,evt.type,proc.name,fd.name
	count events-json events -j 1 "$scratch/build.reel" -o json
	count convert-to-reel convert --no-summary "$scratch/build.scap" "$scratch/again.reel"
	count convert-to-scap convert --no-summary "$scratch/build.reel" "$scratch/again.scap"
} >"$scratch/counts"

if [ -n "$renew" ]; then
	{
		echo "# Instructions that callgrind counts; made and compared by scripts/instruction-counts.sh (--renew writes it)."
		echo "# compiler: $compiler"
		cat "$scratch/counts"
	} >"$file"
	echo "written: $file"
	cat "$scratch/counts"
	exit
fi

known=$(sed -n 's/^# compiler: //p' "$file")
limit=10
if [ "$known" != "$compiler" ]; then
	limit=25
	echo "NOTE: $file was made with other compilers, so that up to $limit % more is let pass:"
	echo "      there  $known"
	echo "      here   $compiler"
	echo "      scripts/instruction-counts.sh --renew, at a commit whose counts are right, makes it anew"
fi
awk -v limit="$limit" -v file="$file" '
	NR == FNR { if ($0 !~ /^#/) before[$1] = $2; next }
	{
		now[$1] = $2
		if (!($1 in before)) {
			printf "%-24s %14d  NEW: not in %s\n", $1, $2, file
			bad = 1
			next
		}
		change = 100 * ($2 / before[$1] - 1)
		verdict = ""
		if (change > limit) { verdict = "  ROSE by more than " limit " %"; bad = 1 }
		if (change < -limit) { verdict = "  fell: renew the file to hold it there"; fell = 1 }
		printf "%-24s %14d  %+6.1f %%%s\n", $1, $2, change, verdict
	}
	END {
		for (name in before) if (!(name in now)) { printf "%-24s is in %s and is not counted any more\n", name, file; bad = 1 }
		if (bad) print "FAILED. Where the rise is wanted: scripts/instruction-counts.sh --renew, and say why in the commit."
		exit bad
	}' "$file" "$scratch/counts"
