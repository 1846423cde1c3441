# lists the recipes
default:
    @just --list --unsorted

# everything CI runs, exactly as it runs it
check:
    .ci/run

# what is wanted before a commit: format, lint, tests
quick:
    .ci/run format lint test

# formats the sources
format:
    cargo fmt

# tests; kernel and container tests must run (needs root)
test-all:
    SYSREEL_KERNEL_TESTS=1 SYSREEL_DOCKER_TESTS=1 SYSREEL_CONTAINERD_TESTS=1 cargo test

# builds the eBPF object again and compares it with the one that is committed
bpf:
    .ci/run bpf

# benchmarks of encoding, decoding and rule evaluation
bench:
    cargo bench

# instruction counts of fixed runs against those of benches/instructions.txt (--renew writes them)
counts *ARGS:
    scripts/instruction-counts.sh {{ARGS}}

# the table of replay's goals, measured over a capture, as markdown
speed-table *ARGS:
    scripts/speed-table.sh {{ARGS}}

# records a build-like workload of a few million events (needs root), then times replay
bench-workload *ARGS:
    scripts/bench-workload.sh {{ARGS}}

# measures what the recorder promises: completeness, cost, files after kill -9 (needs root)
acceptance *ARGS:
    scripts/acceptance.sh {{ARGS}}

# records many containers that end at once, and says how many have their names (needs root and the runtimes)
burst COUNT="200":
    SYSREEL_BURST={{COUNT}} SYSREEL_DOCKER_TESTS=1 SYSREEL_CONTAINERD_TESTS=1 SYSREEL_PODMAN_TESTS=1 \
        cargo test --test main -- burst --nocapture --test-threads=1

# runs the kernel tests in emulated guests with other kernels (default: Debian's 6.1 and 6.12)
kernel-matrix *ARGS:
    scripts/kernel-matrix.sh {{ARGS}}

# records the sample captures anew, in a throw-away virtual machine (needs root)
samples:
    scripts/record-samples.sh

# fuzzes one of rules, condition, output, reel, scap (needs cargo-fuzz, a nightly toolchain and a C++ compiler)
fuzz TARGET SECONDS="60":
    scripts/fuzz.sh {{TARGET}} {{SECONDS}}
