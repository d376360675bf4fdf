//! `cargo xtask fuzz`: the targets of crates/fuzz through libFuzzer, which sees what an input reaches. The pinned
//! toolchain does: what needs a nightly one is a sanitizer, and there is no unsafe code of ours to watch.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, bail, ensure};
use sha2::{Digest as _, Sha256};

use crate::{project::Project, run, wheels};

/// What all kept inputs of one target may come to, and how many they may be: each is a file of the repository.
const KEPT_BYTES: usize = 15 * 1024;
const KEPT_FILES: usize = 48;

#[derive(clap::Args)]
pub struct Args {
    /// Targets of crates/fuzz; none named: all of them, one after the other
    targets: Vec<String>,
    /// How long each is run
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Keep in crates/fuzz/corpus what reaches most, a few KiB of each target
    #[arg(long)]
    keep: bool,
}

pub fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let all = targets(project)?;
    for named in &args.targets {
        ensure!(all.iter().any(|(name, _)| name == named), "{named} is no target of crates/fuzz");
    }
    let program = build(project)?;
    let mut failed = Vec::new();
    for (name, longest) in all {
        if !args.targets.is_empty() && !args.targets.contains(&name) {
            continue;
        }
        println!("\n==> {name}");
        let target = Of { project, program: &program, name: &name, longest };
        if !target.run(args.seconds)? {
            failed.push(name.clone());
        } else if args.keep {
            target.keep()?;
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nnot held: {}; the inputs are in target/fuzz", failed.join(", "));
    Ok(ExitCode::FAILURE)
}

/// Names and the longest inputs, as the table in crates/fuzz has them.
fn targets(project: &Project) -> anyhow::Result<Vec<(String, usize)>> {
    let text = fs::read_to_string(project.root.join("crates/fuzz/src/lib.rs"))?;
    let found = read(&text);
    ensure!(!found.is_empty(), "crates/fuzz names no target");
    Ok(found)
}

fn read(text: &str) -> Vec<(String, usize)> {
    let one = |line: &str| {
        let (name, rest) = line.trim().strip_prefix("target_of(\"")?.split_once("\", ")?;
        let longest = rest.split(',').next()?.replace('_', "").parse().ok()?;
        Some((name.to_owned(), longest))
    };
    text.lines().filter_map(one).collect()
}

/// The one program of all targets, with libFuzzer's counters in it.
fn build(project: &Project) -> anyhow::Result<PathBuf> {
    let tool = wheels::FUZZ.fetched(project)?;
    // What is fuzzed is what ships: the same versions, and libFuzzer's own beside them.
    fs::copy(project.root.join("Cargo.lock"), project.root.join("fuzz/Cargo.lock"))?;
    let host = run::output(&mut project.command("rustc", &["--print", "host-tuple"]))?;
    let built = ["fuzz", "build", "--sanitizer", "none", "--codegen-units", "16", "any"];
    let mut command = project.command(tool, &built);
    run::must(command.env("CARGO_TARGET_DIR", &project.target)).with_context(
        || "libFuzzer is C++, and built by the machine's compiler: it needs g++ or clang",
    )?;
    let program = project.target.join(host.trim()).join("release/any");
    ensure!(program.is_file(), "cargo fuzz has built no {}", program.display());
    Ok(program)
}

struct Of<'a> {
    project: &'a Project,
    program: &'a Path,
    name: &'a str,
    longest: usize,
}

impl Of<'_> {
    fn folder(&self, what: &str) -> anyhow::Result<PathBuf> {
        let folder = self.project.target.join("fuzz").join(self.name).join(what);
        fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    fn kept(&self) -> PathBuf {
        self.project.root.join("crates/fuzz/corpus").join(self.name)
    }

    fn command(&self) -> Command {
        let mut command = self.project.command(self.program, &[]);
        command.env("TRELLIS_FUZZ_TARGET", self.name).env("RUST_BACKTRACE", "1");
        command
    }

    /// Whether all held for so long.
    fn run(&self, seconds: u32) -> anyhow::Result<bool> {
        let (reached, found) = (self.folder("reached")?, self.folder("found")?);
        let mut command = self.command();
        command
            .env("TRELLIS_FUZZ_SEEDS", &reached)
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={}", self.longest))
            // Of one input: ten seconds, and a gibibyte beside what the process has.
            .args(["-timeout=10", "-rss_limit_mb=1536", "-print_final_stats=1", "-verbosity=1"])
            .arg(format!("-artifact_prefix={}/", found.display()))
            .arg(&reached);
        if self.kept().is_dir() {
            command.arg(self.kept());
        }
        Ok(run::status(&mut command)?.success())
    }

    /// Of what was reached the least that reaches it, the shortest first.
    fn keep(&self) -> anyhow::Result<()> {
        let (reached, least) = (self.folder("reached")?, self.folder("least")?);
        for old in fs::read_dir(&least)? {
            fs::remove_file(old?.path())?;
        }
        let mut merge = self.command();
        merge.arg("-merge=1").arg(format!("-max_len={}", self.longest)).arg(&least);
        run::must(merge.arg(self.kept_or(&reached)).arg(&reached))?;
        let inputs = fs::read_dir(&least)?
            .map(|entry| Ok(fs::read(entry?.path())?))
            .collect::<anyhow::Result<Vec<_>>>()?;
        fs::create_dir_all(self.kept())?;
        // What was kept before was merged with the others; what once failed is kept by another name.
        for old in fs::read_dir(self.kept())? {
            let old = old?;
            if is_hashed(&old.file_name().to_string_lossy()) {
                fs::remove_file(old.path())?;
            }
        }
        for input in chosen(inputs) {
            let hash = hex::encode(Sha256::digest(&input));
            let Some(name) = hash.get(..16) else { bail!("a hash has 64 digits") };
            fs::write(self.kept().join(name), &input)?;
        }
        Ok(())
    }

    fn kept_or(&self, other: &Path) -> PathBuf {
        Some(self.kept()).filter(|kept| kept.is_dir()).unwrap_or_else(|| other.to_owned())
    }
}

fn is_hashed(name: &str) -> bool {
    name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Of the inputs some of every length, the shortest first.
fn chosen(mut inputs: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    inputs.sort_by(|one, other| (one.len(), one).cmp(&(other.len(), other)));
    let every = inputs.len().div_ceil(KEPT_FILES).max(1);
    let mut bytes = 0;
    let fits = |input: &Vec<u8>| {
        bytes += input.len();
        bytes <= KEPT_BYTES
    };
    inputs.into_iter().step_by(every).take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_inputs_of_every_length_are_kept() {
        let of = |lengths: std::ops::Range<usize>| lengths.map(|n| vec![0; n]).collect::<Vec<_>>();
        assert_eq!(chosen(of(0..0)).len(), 0);
        assert_eq!(chosen(of(0..48)), of(0..48));
        let some = chosen(of(0..200).into_iter().rev().collect());
        assert_eq!((some.len(), some[0].len(), some[39].len()), (40, 0, 195));
        let long = chosen(of(5_000..5_020));
        assert_eq!(long.len(), 3, "they come to no more than may be kept");
        assert!(is_hashed("0123456789abcdef") && !is_hashed("a-crash-of-today"));
    }

    #[test]
    fn the_table_of_targets_is_read() {
        let text = "pub const TARGETS: &[Target] = &[\n    target_of(\"hsds\", 16_384, files::hsds),\n];\n\
                    const fn target_of(name: &str) {}\n";
        assert_eq!(read(text), [("hsds".to_owned(), 16_384)]);
        assert!(targets(&Project::find().unwrap()).unwrap().len() > 10);
    }
}
