//! Where the binary under test is.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// The project's folder.
pub fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project holds its tests")
}

/// The binary `trellis` of the same build as this test, brought up to date first: cargo builds
/// another package's binary for nobody. `TRELLIS_BIN` names another one.
pub fn trellis() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        if let Some(named) = std::env::var_os("TRELLIS_BIN") {
            return named.into();
        }
        let profile = built();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--package", "trellis", "--bin", "trellis"]);
        if profile.ends_with("release") {
            build.arg("--release");
        }
        build.arg("--target-dir").arg(profile.parent().unwrap()).current_dir(project());
        assert!(build.status().unwrap().success(), "the binary does not build");
        let binary = profile.join("trellis");
        assert!(binary.exists(), "{} is missing", binary.display());
        binary
    })
}

/// A tool that `cargo xtask test` finds or fetches, and names in this variable. A test that finds
/// nothing fails: it must never pass for want of its tool.
pub fn tool(variable: &str) -> PathBuf {
    let named = std::env::var_os(variable);
    named.map(PathBuf::from).unwrap_or_else(|| {
        panic!("{variable} is not set: `cargo xtask tools` prints it, `cargo xtask test` sets it")
    })
}

/// A service that a fault meets. Cargo builds it with the tests, being of their package.
pub fn faulted() -> PathBuf {
    built().join("trellis-faulted")
}

/// target/debug/deps/access-0123 -> target/debug
fn built() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.parent().and_then(Path::parent).unwrap().to_owned()
}
