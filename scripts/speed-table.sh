#!/usr/bin/env bash
# The table of what replay is to reach, measured over a capture: command, best time, events per second, peak memory, the
# goal, and whether it was reached. Prints markdown.
#
#   scripts/speed-table.sh [-n RUNS] [-r FOLDER] [-b SYSREEL] CAPTURE
#
#   -n  runs of each command, of which the best counts; default 5
#   -r  folder with falco_rules.yaml, falco-incubating_rules.yaml and falco-sandbox_rules.yaml; by default `rules` in
#       SYSREEL_FALCO_DATA, or in shared/falco beside the project. Without them those rows are left out
#   -b  the binary; default target/release/sysreel
#
# CAPTURE is .reel or .scap (plain or compressed) and is converted into the other form in a temporary folder, so that
# both are measured; scripts/bench-workload.sh -k records one. Everything is read once before, so that it lies in the
# page cache. The goals are for two processors and 8 million events of a build. Needs GNU time and python3.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
usage() { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2; exit 2; }
runs=5 rules=${SYSREEL_FALCO_DATA:-$here/../shared/falco}/rules sysreel=$here/target/release/sysreel
while getopts n:r:b: option; do
	case $option in
	n) runs=$OPTARG ;;
	r) rules=$OPTARG ;;
	b) sysreel=$OPTARG ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage
capture=$(realpath "$1")
sysreel=$(realpath "$sysreel")
[ -x "$sysreel" ] || { echo "$sysreel is no program: cargo build --release, or -b" >&2; exit 2; }
[ -x /usr/bin/time ] || { echo "GNU time is needed: apt-get install time" >&2; exit 2; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# both forms, a plain .scap
case $capture in
*.reel)
	reel=$capture scap=$scratch/capture.scap
	"$sysreel" convert --no-summary "$reel" "$scap"
	;;
*)
	scap=$capture reel=$scratch/capture.reel
	"$sysreel" convert --no-summary "$scap" "$reel"
	;;
esac
cat "$reel" "$scap" >/dev/null

size=$(stat -c %s "$reel")
# how many events there are, and the kind whose share is nearest to a thousandth
"$sysreel" info -o json "$reel" >"$scratch/info.json"
read -r events rare < <(python3 - "$scratch/info.json" <<'PY'
import json, math, sys
info = json.load(open(sys.argv[1]))
total = info["events"]
print(total, min(info["kinds"], key=lambda kind: abs(math.log(info["kinds"][kind] * 1000 / total))))
PY
)

best_s=0 peak_mb=0 most_mb=0
# COMMAND... -> best_s, peak_mb of all runs
measure() {
	local run began ended
	best_s=
	peak_mb=0
	for ((run = 0; run < runs; run++)); do
		began=$EPOCHREALTIME
		/usr/bin/time -f '%M' -o "$scratch/memory" "$@" >/dev/null 2>"$scratch/stderr" || [ $? -eq 1 ] || {
			cat "$scratch/stderr" >&2
			echo "failed: $*" >&2
			exit 1
		}
		ended=$EPOCHREALTIME
		read -r best_s peak_mb < <(awk -v began="$began" -v ended="$ended" -v best="$best_s" -v peak="$peak_mb" '
			{ mb = $1 / 1024 }
			END {
				took = ended - began
				if (best == "" || took < best) best = took
				if (mb > peak) peak = mb
				printf "%.6f %.1f\n", best, peak
			}' "$scratch/memory")
	done
	most_mb=$(awk -v one="$most_mb" -v other="$peak_mb" 'BEGIN { print (one + 0 > other + 0) ? one : other }')
}

verdict() { # VALUE at-least|at-most GOAL
	awk -v value="$1" -v how="$2" -v goal="$3" 'BEGIN {
		reached = how == "at-least" ? value + 0 >= goal + 0 : value + 0 <= goal + 0
		print reached ? "yes" : "**no**"
	}'
}

# What is shown of a command: without folders.
shown() {
	local part words=()
	for part in "$@"; do
		case $part in
		*[\ \*]*) words+=("'$part'") ;;
		"$sysreel") words+=(sysreel) ;;
		/*) words+=("$(basename "$part")") ;;
		*) words+=("$part") ;;
		esac
	done
	echo "\`${words[*]}\`"
}

# WHAT GOAL-MILLIONS COMMAND...
row_of_events() {
	local what=$1 goal=$2 rate
	shift 2
	measure "$sysreel" "$@"
	rate=$(awk -v events="$events" -v took="$best_s" 'BEGIN { printf "%.1f", events / took / 1e6 }')
	printf '| %s | %s | %.3f s | %s M/s | %.0f MB | at least %s M/s | %s |\n' \
		"$what" "$(shown sysreel "$@")" "$best_s" "$rate" "$peak_mb" "$goal" "$(verdict "$rate" at-least "$goal")"
}

# WHAT UNIT VALUE at-least|at-most GOAL COMMAND
row_of_figure() {
	printf '| %s | %s | %s %s | | | %s %s %s | %s |\n' "$1" "$6" "$3" "$2" "${4/-/ }" "$5" "$2" "$(verdict "$3" "$4" "$5")"
}

# WHAT ARGUMENTS...: 1 thread against 2
row_of_threads() {
	local what=$1 one
	shift
	measure "$sysreel" "$@" -j 1
	one=$best_s
	measure "$sysreel" "$@" -j 2
	row_of_figure "$what" times "$(awk -v one="$one" -v two="$best_s" 'BEGIN { printf "%.2f", one / two }')" at-least 1.8 \
		"$(shown sysreel "$@") with \`-j 1\` and \`-j 2\`"
}

cat <<HEAD
$(awk -v events="$events" 'BEGIN { printf "%.2f", events / 1e6 }') million events, $(nproc) processors ($(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)), best of $runs, load $(cut -d' ' -f1 /proc/loadavg) at the start; $("$sysreel" --version).

| | command | time | events | peak memory | goal | reached |
| --- | --- | ---: | ---: | ---: | --- | --- |
HEAD
default=(-r "$rules/falco_rules.yaml")
all=("${default[@]}" -r "$rules/falco-incubating_rules.yaml" -r "$rules/falco-sandbox_rules.yaml" --enable '*')
have_rules=
if [ -r "$rules/falco_rules.yaml" ] && [ -r "$rules/falco-incubating_rules.yaml" ] && [ -r "$rules/falco-sandbox_rules.yaml" ]; then
	have_rules=yes
	row_of_events '`falco_rules.yaml`, from .reel' 100 replay "$reel" "${default[@]}"
	row_of_events 'three files, every rule on, from .reel' 90 replay "$reel" "${all[@]}"
	row_of_events '`falco_rules.yaml`, from .scap' 8 replay "$scap" "${default[@]}"
	row_of_events 'three files, every rule on, from .scap' 5 replay "$scap" "${all[@]}"
fi
row_of_events 'built-in rules, from .reel' 100 replay "$reel"
row_of_events 'one kind, about a thousandth of the events' 150 events "$reel" "evt.type = $rare"
row_of_events 'four columns of every event' 8 events "$reel" --format evt.num,evt.type,proc.name,fd.name
row_of_events 'JSON of every event' 2 events "$reel" -o json
row_of_events '.scap to .reel' 4 convert --no-summary --force "$scap" "$scratch/again.reel"
row_of_figure 'size of .reel' bytes/event "$(awk -v size="$size" -v events="$events" 'BEGIN { printf "%.2f", size / events }')" at-most 4 ''
if [ -n "$have_rules" ]; then
	small=$here/sample-captures/shell-in-nginx.reel
	measure "$sysreel" replay "$small" "${all[@]}"
	row_of_figure 'start to end, 257 events, three files' ms "$(awk -v took="$best_s" 'BEGIN { printf "%.1f", took * 1000 }')" at-most 20 \
		"$(shown sysreel replay "$small" "${all[@]}")"
	row_of_threads '2 threads against 1, `falco_rules.yaml`' replay "$reel" "${default[@]}"
	row_of_threads '2 threads against 1, three files' replay "$reel" "${all[@]}"
fi
row_of_threads '2 threads against 1, built-in rules' replay "$reel"
row_of_figure 'peak memory of any of these' MB "$(printf '%.0f' "$most_mb")" at-most 250 ''
[ -n "$have_rules" ] || echo "
Upstream rules: not measured, there are none in $rules (see -r)."
