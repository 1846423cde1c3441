//! Puts the eBPF object where the crate embeds it from: the prebuilt one if it was made from these very sources, else
//! one compiled now.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Set to `write` by `bpf/build.sh`, which has just built the objects: note which sources they are from.
const HASH_VARIABLE: &str = "SYSREEL_BPF_HASH";
const PREBUILT: &str = "bpf/prebuilt";
const HASH_FILE: &str = "bpf/prebuilt/SOURCES.blake3";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed=bpf");
    println!("cargo::rerun-if-env-changed={HASH_VARIABLE}");
    println!("cargo::rerun-if-env-changed=CLANG");
    println!("cargo::rerun-if-env-changed=LLVM_STRIP");
    let records = env::var_os("CARGO_FEATURE_RECORD").is_some();
    if !records || env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return ExitCode::SUCCESS;
    }
    match place_object() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            for line in message.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn place_object() -> Result<(), String> {
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    if !["x86_64", "aarch64"].contains(&arch.as_str()) {
        return Err(format!(
            "live recording is for x86_64 and aarch64, not {arch}: build with --no-default-features for a tool that \
             replays and converts"
        ));
    }
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set: this is run by cargo")?);
    let target = out_dir.join("sysreel.bpf.o");
    let hash = hash_sources()?;
    if env::var(HASH_VARIABLE).as_deref() == Ok("write") {
        fs::write(HASH_FILE, format!("{hash}\n")).map_err(|error| format!("{HASH_FILE}: {error}"))?;
    }
    let prebuilt = Path::new(PREBUILT).join(format!("{arch}.bpf.o"));
    let is_current = fs::read_to_string(HASH_FILE).is_ok_and(|noted| noted.trim() == hash);
    let object = if is_current && prebuilt.exists() { prebuilt } else { compile(&out_dir, &arch)? };
    fs::copy(&object, &target).map_err(|error| format!("{}: {error}", object.display()))?;
    Ok(())
}

/// One hash over names and contents of all sources and of the script that holds the compiler's flags.
fn hash_sources() -> Result<String, String> {
    let entries = fs::read_dir("bpf").map_err(|error| format!("bpf: {error}"))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| {
        path.extension().is_some_and(|extension| ["h", "c", "sh"].iter().any(|known| extension == *known))
    });
    paths.sort();
    let mut hasher = blake3::Hasher::new();
    for path in &paths {
        let content = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        hasher.update(name.as_bytes()).update(b"\0");
        hasher.update(&(content.len() as u64).to_le_bytes()).update(&content);
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn compile(out_dir: &Path, arch: &str) -> Result<PathBuf, String> {
    let folder = out_dir.join("bpf");
    let output = Command::new("sh").arg("bpf/build.sh").arg(&folder).output();
    match output {
        Ok(output) if output.status.success() => Ok(folder.join(format!("{arch}.bpf.o"))),
        Ok(output) => Err(format!(
            "the sources in bpf/ are not those of the objects in {PREBUILT}, and compiling them failed.\n\
             Install clang-14 and llvm-14 (or name others in CLANG and LLVM_STRIP), or restore the sources.\n{}",
            String::from_utf8_lossy(&output.stderr)
        )),
        Err(error) => Err(format!("bpf/build.sh could not be run: {error}")),
    }
}
