//! `cargo xtask walls`: what must not get in or out, row by row: the tests that hold it, how they went, and
//! whether they fail when the defence is taken out. `tests/walls.toml` says which.

mod mutate;
mod registry;
mod report;
mod results;

use std::{fs, path::PathBuf, process::ExitCode};

use crate::{project::Project, run, test};

pub use registry::Registry;
pub use results::{Results, Went};

#[derive(clap::Args)]
pub struct Args {
    /// One family of rows only
    #[arg(long)]
    family: Option<String>,
    /// Leave out the tests: how they went in the last run of `cargo xtask test` counts
    #[arg(long)]
    no_tests: bool,
    /// Leave out the mutations: a minute each
    #[arg(long)]
    no_mutations: bool,
    /// Put the counts into README.md, and run nothing
    #[arg(long)]
    write: bool,
}

pub fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let mut registry = Registry::read(&project.root)?;
    if args.write {
        report::write_counts(project, &registry)?;
        return Ok(ExitCode::SUCCESS);
    }
    let faults = faults(project, &registry)?;
    for fault in &faults {
        println!("{}: {fault}", registry::FILE);
    }
    if let Some(family) = &args.family {
        registry = registry.only(family)?;
    }
    anyhow::ensure!(
        run::is_installed("cargo-nextest"),
        "cargo-nextest runs the tests: cargo install --locked cargo-nextest"
    );
    let results = Results::file(&project.root);
    if !args.no_tests {
        let _ = fs::remove_file(&results);
        let mut tests = test::nextest(project)?;
        tests.args(["--filterset", &mutate::filter(registry.tests())]);
        let _ = run::status(&mut tests)?;
    }
    let results = Results::read(&results)?;
    let mut fates = Vec::new();
    if !args.no_mutations {
        let copy = mutate::Copy::make(project)?;
        for mutation in &registry.mutations {
            println!("\n==> {}: {}", mutation.family, mutation.what);
            let fate = copy.with(project, mutation)?;
            println!("<== {}", report::fate(&fate));
            fates.push(fate);
        }
    }
    let report = report::Report { registry: &registry, results: &results, fates: &fates };
    let (text, whole) = (report.text(&figures(project)?)?, report.holds() && faults.is_empty());
    let file = project.target.join("walls").join("report.md");
    fs::write(&file, &text)?;
    println!("{text}\n{}", file.display());
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where whoever measures leaves what the report then shows: the last of each.
pub fn figures(project: &Project) -> anyhow::Result<PathBuf> {
    let folder = project.target.join("walls").join("figures");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// What is wrong with the registry: by itself, and against the sources and the README.
pub fn faults(project: &Project, registry: &Registry) -> anyhow::Result<Vec<String>> {
    let mut faults = registry.faults();
    faults.extend(registry.stale(project)?);
    faults.extend(report::counts_fault(project, registry)?);
    Ok(faults)
}

/// Of the rows, those whose tests did not all pass in a run that is over.
pub fn failing(registry: &Registry, results: &Results) -> Vec<String> {
    let of = |test: &registry::TestName| match results.of(test) {
        Went::Passed => None,
        Went::Failed => Some(format!("{test} failed")),
        Went::NotRun => Some(format!("{test} was not run")),
    };
    let bad = |row: &registry::Row| {
        row.tests.iter().filter_map(of).map(|why| format!("{}: {why}", row.id)).collect::<Vec<_>>()
    };
    registry.rows.iter().flat_map(bad).collect()
}
