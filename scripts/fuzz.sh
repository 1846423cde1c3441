#!/usr/bin/env bash
# Fuzzes one target for some seconds, starting from seeds made out of the project's own rules, tests and captures:
#
#   scripts/fuzz.sh rules 600        also condition, output, reel, scap, import, audit
#
# Needs cargo-fuzz (`cargo install cargo-fuzz --locked`), a nightly toolchain and a C++ compiler. What is found lies in
# fuzz/artifacts/TARGET; what gave new coverage stays in fuzz/corpus/TARGET.
set -eu
cd "$(dirname "$0")/../fuzz"

target=${1:?which target: $(cargo fuzz list | tr '\n' ' ')}
seconds=${2:-60}

cargo run --quiet --example seeds
options=(-max_total_time="$seconds" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1)
# threads that read ahead may still be freeing what they held when an input is done
case $target in import | audit) options+=(-detect_leaks=0) ;; esac
if [ -f "words/$target.dict" ]; then
	options+=(-dict="words/$target.dict")
fi
# the project pins no toolchain; the sanitizers of cargo-fuzz are nightly's
exec nice -n 19 cargo +nightly fuzz run "$target" -- "${options[@]}"
