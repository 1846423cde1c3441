//! Real containers, recorded: a file per runtime. Each needs root, eBPF and that runtime: with the variable that it
//! names set to 1 it runs and must pass, without it it says that it is skipped.
//!
//! Daemons are started for the test, with sockets and data of their own and no network.

mod burst;
mod busybox;
mod containerd;
mod cri;
mod daemon;
mod docker;
mod podman;
