//! The binary that processes run.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
    time::SystemTime,
};

use anyhow::{Context as _, anyhow, ensure};

/// `trellis`, from `TRELLIS_BIN`, or from beside this test's own program; built when it is missing
/// or older than the test, since a test that runs yesterday's binary proves nothing.
pub fn binary() -> anyhow::Result<&'static Path> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| find().map_err(|error| format!("{error:#}")));
    found.as_deref().map_err(|why| anyhow!("{why}"))
}

fn find() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("TRELLIS_BIN") {
        return Ok(path.into());
    }
    let me = env::current_exe()?;
    // target/PROFILE/deps/test-0123, and examples beside deps.
    let folder = me.parent().and_then(Path::parent).context("no target folder")?;
    let path = folder.join("trellis");
    if changed(&path).is_none_or(|built| Some(built) < changed(&me)) {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "trellis", "--bin", "trellis"]);
        if folder.file_name().is_some_and(|name| name == "release") {
            build.arg("--release");
        }
        if let Some(target) = folder.parent() {
            build.arg("--target-dir").arg(target);
        }
        let status = build.status().context("cargo build --package trellis")?;
        ensure!(status.success(), "cargo build --package trellis: {status}");
    }
    ensure!(path.is_file(), "{} was not built", path.display());
    Ok(path)
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|meta| meta.modified()).ok()
}
