//! An image with nothing but a static busybox in it.

use std::path::Path;
use std::process::Command;

use serde_json::json;

/// Programs that every image has.
const APPLETS: [&str; 11] = ["sh", "sleep", "mkdir", "cat", "id", "ls", "rm", "vi", "true", "touch", "ln"];

/// Packs an image for `docker load`, `podman load` and `ctr images import` into the folder `work`, which must be there:
/// the path of the archive. `tag` is its name with repository and tag; `more_programs` are further names of busybox in
/// /bin, those that it has no applet for included (such a program says so and fails). Besides root there is a user
/// alice, number 1000.
pub(crate) fn pack_image(work: &Path, tag: &str, more_programs: &[&str]) -> String {
    let folder = tempfile::Builder::new().prefix("image-").tempdir_in(work).unwrap();
    let tree = folder.path().join("tree");
    for folder in ["bin", "etc", "root", "tmp", "proc", "sys", "dev", "run"] {
        std::fs::create_dir_all(tree.join(folder)).unwrap();
    }
    std::fs::copy("/bin/busybox", tree.join("bin/busybox")).expect("busybox-static is installed");
    for program in APPLETS.iter().chain(more_programs) {
        std::os::unix::fs::symlink("busybox", tree.join("bin").join(program)).unwrap();
    }
    let users = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/:/bin/sh\n";
    for (file, text) in [("etc/passwd", users), ("etc/hosts", ""), ("etc/resolv.conf", "")] {
        std::fs::write(tree.join(file), text).unwrap();
    }

    let archive = folder.path().join("archive");
    std::fs::create_dir(&archive).unwrap();
    let layer = archive.join("layer.tar").to_str().unwrap().to_owned();
    output_of("tar", &["-C", tree.to_str().unwrap(), "-cf", &layer, "."]);
    let checksum = output_of("sha256sum", &[&layer]);
    let config = json!({
        "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }, "os": "linux",
        "config": { "Env": ["PATH=/bin"], "Cmd": ["/bin/sleep", "1000000"] },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", &checksum[..64])] } });
    std::fs::write(archive.join("config.json"), config.to_string()).unwrap();
    let manifest = json!([{ "Config": "config.json", "RepoTags": [tag], "Layers": ["layer.tar"] }]);
    std::fs::write(archive.join("manifest.json"), manifest.to_string()).unwrap();
    let image = folder.path().with_extension("tar").to_str().unwrap().to_owned();
    let members = ["config.json", "layer.tar", "manifest.json"];
    output_of("tar", &[&["-C", archive.to_str().unwrap(), "-cf", &image], &members[..]].concat());
    image
}

fn output_of(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}
