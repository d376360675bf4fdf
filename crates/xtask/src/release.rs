//! `cargo xtask release`: the program as it ships, the same bytes from the same checkout wherever that lies; and
//! `cargo xtask repro`, which builds it in two places and compares.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, ensure};
use sha2::{Digest as _, Sha256};

use crate::{project::Project, run, sbom};

pub fn run(project: &Project) -> anyhow::Result<ExitCode> {
    let program = build(&project.root, &project.target, &epoch(project))?;
    println!("{}  {}", hash(&program)?, program.display());
    println!("{}", sbom::write(project)?.display());
    Ok(ExitCode::SUCCESS)
}

/// Two copies of what git knows, each with a target directory of its own.
pub fn repro(project: &Project) -> anyhow::Result<ExitCode> {
    let scratch = project.target.join("repro");
    let mut hashes = Vec::new();
    for place in ["here", "a/longer/way/there"] {
        let checkout = scratch.join(place).join("checkout");
        let _ = fs::remove_dir_all(&checkout);
        for file in project.files()? {
            let to = checkout.join(&file);
            fs::create_dir_all(to.parent().context("a file is in a folder")?)?;
            fs::copy(project.root.join(&file), &to)?;
        }
        let program = build(&checkout, &scratch.join(place).join("target"), &epoch(project))?;
        println!("{}  {}", hash(&program)?, program.display());
        hashes.push(hash(&program)?);
    }
    let same = hashes.windows(2).all(|pair| pair.first() == pair.last());
    println!("{}", if same { "the same bytes" } else { "NOT the same bytes" });
    Ok(if same { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// When what is built was written: the last commit, and nothing of the machine's clock.
fn epoch(project: &Project) -> String {
    let last = ["log", "-1", "--format=%ct"];
    let asked = run::output(&mut project.command("git", &last)).unwrap_or_default();
    // The beginning of what archives can say: a copy without its history.
    if asked.trim().is_empty() { "315532800".to_owned() } else { asked.trim().to_owned() }
}

/// Without anything of the place where it is built: no paths, no time, no files of an earlier build.
fn build(root: &Path, target: &Path, epoch: &str) -> anyhow::Result<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let home = home.context("neither CARGO_HOME nor HOME is set")?;
    let places = [(root, "/trellis"), (target, "/target"), (home.as_path(), "/cargo")];
    let of = |flag: &str| {
        let one = |(from, to): &(&Path, &str)| format!("{flag}={}={to}", from.display());
        places.iter().map(one).collect::<Vec<_>>()
    };
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--locked", "--release", "--package", "trellis"])
        .current_dir(root)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_INCREMENTAL", "0")
        .env("CARGO_ENCODED_RUSTFLAGS", of("--remap-path-prefix").join("\u{1f}"))
        // What is C: the cryptography and the allocator.
        .env("CFLAGS", of("-ffile-prefix-map").join(" "))
        .env("SOURCE_DATE_EPOCH", epoch)
        .env("ZERO_AR_DATE", "1");
    run::must(&mut cargo)?;
    let program = target.join("release/trellis");
    ensure!(program.is_file(), "cargo has built no {}", program.display());
    Ok(program)
}

fn hash(file: &Path) -> anyhow::Result<String> {
    Ok(hex::encode(Sha256::digest(fs::read(file)?)))
}
