//! The only door to the project's commands: `cargo xtask <command>`.
//!
//! One command a file. This crate knows the others by name only and depends on none of them, so
//! that it builds in seconds and runs when they don't.

mod bench;
mod demo;
mod fuzz;
mod project;
mod release;
mod run;
mod sbom;
mod soak;
mod sqlx;
mod test;
mod tidy;
mod tools;
mod walls;
mod wheels;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's commands", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play the story of the README against a network of its own
    Demo(demo::Args),
    /// Everything CI checks, in order, stopping at the first failure
    Test(test::Args),
    /// Measure what a checked and recorded read costs, beside an echo and an unprotected read
    Bench(bench::Args),
    /// The long runs: 10,000 rounds of revocation, the rest of the lifecycle tests, faults, times of what is hidden
    Soak(soak::Args),
    /// The fuzz targets of every decoder and parser through libFuzzer; `test` has some seconds of each
    Fuzz(fuzz::Args),
    /// The program as it ships, its hash, and what it is made of
    Release,
    /// Builds the program in two places, and compares the bytes; takes two whole release builds
    Repro,
    /// What the program is made of, as CycloneDX, in target/sbom
    Sbom,
    /// Check the house rules: who may depend on whom, what may stand where
    Tidy,
    /// Regenerate .sqlx from the migrations and the queries; --check says whether it is up to date
    Sqlx(sqlx::Args),
    /// Every threat with its tests, how they went, and whether they fail when its defence is taken out
    Walls(walls::Args),
    /// Install the pinned tools below the target directory
    Tools(tools::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = project::Project::find().and_then(|project| match cli.command {
        Command::Demo(args) => demo::run(&project, &args),
        Command::Test(args) => test::run(&project, &args),
        Command::Bench(args) => bench::run(&project, &args),
        Command::Soak(args) => soak::run(&project, &args),
        Command::Fuzz(args) => fuzz::run(&project, &args),
        Command::Release => release::run(&project),
        Command::Repro => release::repro(&project),
        Command::Sbom => sbom::run(&project),
        Command::Tidy => tidy::run(&project),
        Command::Sqlx(args) => sqlx::run(&project, &args),
        Command::Walls(args) => walls::run(&project, &args),
        Command::Tools(args) => tools::run(&project, &args),
    });
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(2)
        }
    }
}
