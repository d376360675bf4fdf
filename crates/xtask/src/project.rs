//! Where things are, and what cargo knows of them.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context;
use cargo_metadata::{Metadata, MetadataCommand};

use crate::run;

const WRAPPER: &str = "RUSTC_WORKSPACE_WRAPPER";
/// What clippy's driver is told, each word with clippy's sign after it.
const LINTS: &str = "CLIPPY_ARGS";

/// The checkout and its target directory (`CARGO_TARGET_DIR` included).
#[derive(Debug)]
pub struct Project {
    pub root: PathBuf,
    pub target: PathBuf,
    metadata: Metadata,
}

impl Project {
    pub fn find() -> anyhow::Result<Self> {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = here.ancestors().nth(2).context("crates/xtask has moved")?;
        let metadata =
            MetadataCommand::new().manifest_path(root.join("Cargo.toml")).no_deps().exec()?;
        let target = metadata.target_directory.clone().into_std_path_buf();
        Ok(Self { root: root.to_owned(), target, metadata })
    }

    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// A cargo command at the root, with the profile and target directory that everything shares.
    pub fn cargo(&self, args: &[&str]) -> Command {
        let mut command = Command::new(cargo_program("CARGO", "cargo"));
        command.args(args).current_dir(&self.root).env("CARGO_TARGET_DIR", &self.target);
        command
    }

    /// A cargo command that lints what it compiles of ours, where a warning is an error. `cargo clippy`
    /// checks every library once more before a build compiles it: with clippy's driver in the place of the
    /// compiler one build is both, in two thirds of the time. What it compiles has no optimisations of MIR;
    /// what is shipped, and what `bench` measures, is compiled without it.
    pub fn linted(&self, args: &[&str]) -> anyhow::Result<Command> {
        let mut command = self.cargo(args);
        let (wrapper, lints) = ("clippy-driver", "-Dwarnings__CLIPPY_HACKERY__");
        command.env(WRAPPER, wrapper).env(LINTS, lints);
        // A test that compiles something itself does it without; one that asks for what this has built is told.
        let host = run::output(&mut self.command("rustc", &["--print", "host-tuple"]))?;
        let host = host.trim().to_uppercase().replace(['-', '.'], "_");
        let runner = format!(
            "env -u {WRAPPER} -u {LINTS} TRELLIS_{WRAPPER}={wrapper} TRELLIS_{LINTS}={lints}"
        );
        command.env(format!("CARGO_TARGET_{host}_RUNNER"), runner);
        Ok(command)
    }

    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.root);
        command
    }

    pub fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// Files that git knows or would add, from the root, with slashes.
    pub fn files(&self) -> anyhow::Result<Vec<String>> {
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
        let listed = run::output(&mut self.command("git", &list))?;
        let mut files: Vec<_> = listed
            .split('\0')
            .filter(|path| !path.is_empty() && self.root.join(path).is_file())
            .map(str::to_owned)
            .collect();
        files.sort();
        files.dedup();
        Ok(files)
    }

    /// The services that have migrations, by the name of their folder, which is their schema's.
    pub fn services_with_migrations(&self) -> anyhow::Result<Vec<(String, PathBuf)>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.root.join("services"))? {
            let entry = entry?;
            let migrations = entry.path().join("migrations");
            if migrations.is_dir() {
                found.push((entry.file_name().to_string_lossy().into_owned(), migrations));
            }
        }
        found.sort();
        Ok(found)
    }
}

/// The program that cargo says it is, so that a pinned toolchain stays the one in use.
fn cargo_program(variable: &str, otherwise: &str) -> std::ffi::OsString {
    std::env::var_os(variable).unwrap_or_else(|| otherwise.into())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A crate of its own that says this.
    fn saying(text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let manifest = "[package]\nname = \"saying\"\nedition = \"2024\"\n[workspace]\n\
            [lints.clippy]\nindexing_slicing = \"warn\"\n";
        fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
        fs::create_dir(folder.path().join("src")).unwrap();
        fs::write(folder.path().join("src/lib.rs"), text).unwrap();
        folder
    }

    fn linted(text: &str, args: &[&str]) -> std::process::Output {
        let folder = saying(text);
        let mut cargo = Project::find().unwrap().linted(args).unwrap();
        cargo.current_dir(folder.path()).env("CARGO_TARGET_DIR", folder.path().join("target"));
        cargo.output().unwrap()
    }

    #[test]
    fn a_warning_of_the_compiler_or_of_clippy_fails_the_build() {
        let build = ["build", "--offline", "--all-targets"];
        for (text, lint) in [
            ("pub fn f() { let x = 1; }", "unused-variables"),
            ("pub fn f(of: &[u8], at: usize) -> u8 { of[at] }", "clippy::indexing-slicing"),
        ] {
            let output = linted(text, &build);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && said.contains(lint), "{said}");
        }
        let output = linted("pub fn f() {}", &build);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    fn a_test_that_compiles_something_does_so_without_it() {
        let text = format!(
            "#[test] fn bare() {{ for name in [{WRAPPER:?}, {LINTS:?}] {{ \
                assert!(std::env::var_os(name).is_none()); }} }}"
        );
        let output = linted(&text, &["test", "--offline"]);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }
}
