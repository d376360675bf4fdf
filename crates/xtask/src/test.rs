//! `cargo xtask test`: everything CI checks, in order, each step timed, stopping at the first that
//! fails.

use std::{
    cell::Cell,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use comfy_table::{Table, presets::NOTHING};

use crate::{bench, project::Project, run, sbom, sqlx::Listening, tidy, tools, walls, wheels};

/// Where RustSec keeps its list.
const ADVISORIES: &str = "https://github.com/RustSec/advisory-db";

#[derive(clap::Args)]
pub struct Args {
    /// Only the steps whose names contain one of these words
    only: Vec<String>,
    /// Leave out the steps whose names contain this word
    #[arg(long)]
    without: Vec<String>,
}

impl Args {
    fn takes(&self, step: &str) -> bool {
        let named = |words: &[String]| words.iter().any(|word| step.contains(word.as_str()));
        (self.only.is_empty() || named(&self.only)) && !named(&self.without)
    }
}

enum Outcome {
    Passed,
    Failed(String),
    Skipped(&'static str),
}

type Work<'a> = Box<dyn FnOnce() -> anyhow::Result<Outcome> + 'a>;

struct Step<'a> {
    name: &'static str,
    work: Work<'a>,
}

pub fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let mut done: Vec<(&str, Duration, Outcome)> = Vec::new();
    let mut failed = false;
    let heard = Cell::new(false);
    for step in steps(project, &heard).into_iter().filter(|step| args.takes(step.name)) {
        println!("\n==> {}", step.name);
        let start = Instant::now();
        let outcome = (step.work)().unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        let took = start.elapsed();
        match &outcome {
            Outcome::Passed => println!("<== {}: ok, {}", step.name, seconds(took)),
            Outcome::Skipped(why) => println!("<== {}: skipped, {why}", step.name),
            Outcome::Failed(why) => {
                println!("<== {}: FAILED, {}: {why}", step.name, seconds(took));
                failed = true;
            }
        }
        done.push((step.name, took, outcome));
        if failed {
            break;
        }
    }
    println!("\n{}", summary(&done));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// `heard`: whether the build has shown already that .sqlx is up to date.
fn steps<'a>(project: &'a Project, heard: &'a Cell<bool>) -> Vec<Step<'a>> {
    let cargo = |name, args: &'static [&'static str]| Step {
        name,
        work: Box::new(move || outcome(&mut project.cargo(args))),
    };
    let linted = |name, args: &'static [&'static str]| Step {
        name,
        work: Box::new(move || outcome(&mut project.linted(args)?)),
    };
    vec![
        cargo("fmt", &["fmt", "--all", "--check", "--", "-l"]),
        Step { name: "tidy", work: Box::new(move || tidy_step(project)) },
        Step { name: "buf lint", work: Box::new(move || buf(project, &["lint"])) },
        Step { name: "buf breaking", work: Box::new(move || buf_breaking(project)) },
        Step { name: "clippy and build", work: Box::new(move || build(project, heard)) },
        Step { name: "tests", work: Box::new(move || tests(project)) },
        Step { name: "walls", work: Box::new(move || walls_step(project)) },
        Step { name: "policy check", work: Box::new(move || policy_check(project)) },
        Step { name: "bench smoke", work: Box::new(move || bench_smoke(project)) },
        linted("doc tests", &["test", "--quiet", "--workspace", "--doc"]),
        Step { name: "sqlx", work: Box::new(move || sqlx(project, heard)) },
        Step {
            name: "sbom",
            work: Box::new(move || sbom::check(project).map(|_| Outcome::Passed)),
        },
        Step { name: "deny", work: Box::new(move || deny(project)) },
        Step { name: "advisories", work: Box::new(move || advisories(project)) },
    ]
}

fn outcome(command: &mut Command) -> anyhow::Result<Outcome> {
    let status = run::status(command)?;
    Ok(if status.success() {
        Outcome::Passed
    } else {
        Outcome::Failed(format!("{status}: {}", run::line(command)))
    })
}

fn tidy_step(project: &Project) -> anyhow::Result<Outcome> {
    let breaches = tidy::breaches(project)?;
    for breach in &breaches {
        println!("{breach}");
    }
    Ok(match breaches.len() {
        0 => Outcome::Passed,
        n => Outcome::Failed(format!("{n} breaches of the house rules: cargo xtask tidy")),
    })
}

fn buf(project: &Project, args: &[&str]) -> anyhow::Result<Outcome> {
    let program = tools::buf(project)?;
    outcome(&mut project.command(program, args))
}

/// Against the last release: before the first there is no one to break.
fn buf_breaking(project: &Project) -> anyhow::Result<Outcome> {
    let tags = ["tag", "--list", "--sort=-creatordate", "--merged", "HEAD"];
    let tags = run::output(&mut project.command("git", &tags)).unwrap_or_default();
    match tags.lines().next() {
        Some(tag) => buf(project, &["breaking", "--against", &format!(".git#tag={tag}")]),
        None => Ok(Outcome::Skipped("no release is tagged yet")),
    }
}

fn tests(project: &Project) -> anyhow::Result<Outcome> {
    let mut command = match run::is_installed("cargo-nextest") {
        true => nextest(project)?,
        false => with_tools(project, project.linted(&["test", "--workspace", "--all-targets"])?)?,
    };
    outcome(&mut command)
}

/// The tests, by cargo-nextest: a process each.
pub fn nextest(project: &Project) -> anyhow::Result<Command> {
    with_tools(project, project.linted(&["nextest", "run", "--workspace"])?)
}

fn with_tools(project: &Project, mut command: Command) -> anyhow::Result<Command> {
    command.env("TRELLIS_BUF", tools::buf(project)?);
    command.env("TRELLIS_FIGURES", walls::figures(project)?);
    // Built in the step before: no test waits for a build.
    command.env("TRELLIS_BIN", project.target.join("debug").join("trellis"));
    if let Some(python) = tools::python(project)? {
        command.env("TRELLIS_PYTHON", python);
    }
    command.env("TRELLIS_OIDC_PROVIDER", tools::oidc_provider(project)?);
    command.env("TRELLIS_CHROMIUM", tools::chromium()?);
    Ok(command)
}

/// That every row of `tests/walls.toml` has its tests, and that they were among those that passed.
fn walls_step(project: &Project) -> anyhow::Result<Outcome> {
    let registry = walls::Registry::read(&project.root)?;
    let mut faults = walls::faults(project, &registry)?;
    if run::is_installed("cargo-nextest") {
        let results = walls::Results::read(&walls::Results::file(&project.root))?;
        faults.extend(walls::failing(&registry, &results));
    }
    for fault in &faults {
        println!("{fault}");
    }
    Ok(match faults.len() {
        0 => Outcome::Passed,
        n => Outcome::Failed(format!("{n} faults of tests/walls.toml")),
    })
}

/// The conformance cases, as an operator would check them.
fn policy_check(project: &Project) -> anyhow::Result<Outcome> {
    let folder = "crates/policy/tests/cases/";
    let mut cases = project.files()?;
    cases.retain(|path| path.starts_with(folder) && path.ends_with(".json"));
    anyhow::ensure!(!cases.is_empty(), "no cases in {folder}");
    let binary = project.target.join("debug").join("trellis");
    outcome(project.command(binary, &["policy", "check"]).args(cases))
}

/// That the benchmark runs and its replies are right; not how fast.
fn bench_smoke(project: &Project) -> anyhow::Result<Outcome> {
    let program = bench::build(project, true)?;
    run::must(&mut bench::decide(project, &program, true))?;
    run::must(&mut bench::search(project, &program, true))?;
    run::must(&mut bench::notes(project, &program, true))?;
    if tools::h2load().is_err() {
        return Ok(Outcome::Skipped("h2load is missing and could not be installed"));
    }
    if std::thread::available_parallelism().map_or(1, usize::from) < 2 {
        return Ok(Outcome::Skipped("the benchmark needs two cores"));
    }
    run::must(&mut bench::watch(project, &program, true))?;
    run::must(&mut bench::overload(project, &program, true)?)?;
    outcome(&mut bench::measure(project, &program, true))
}

/// Lints and builds everything once. What is built anew asks a database of its own, not .sqlx.
fn build(project: &Project, heard: &Cell<bool>) -> anyhow::Result<Outcome> {
    let listening = Listening::start(project)?;
    let mut cargo = project.linted(&["build", "--workspace", "--all-targets"])?;
    listening.set(&mut cargo);
    let built = outcome(&mut cargo)?;
    if matches!(built, Outcome::Passed) {
        heard.set(listening.heard_all(project)?);
    }
    Ok(built)
}

/// In this process: the build step may have replaced the program that runs it.
fn sqlx(project: &Project, heard: &Cell<bool>) -> anyhow::Result<Outcome> {
    Ok(match heard.get() || crate::sqlx::check(project)? {
        true => Outcome::Passed,
        false => Outcome::Failed(crate::sqlx::STALE.to_owned()),
    })
}

/// What may come in from others: banned crates, licences and sources.
fn deny(project: &Project) -> anyhow::Result<Outcome> {
    // A build fetches the crates of its own platform; this looks at those of all.
    run::must(&mut project.cargo(&["fetch", "--quiet", "--locked"]))?;
    let mut deny = project.command(wheels::DENY.fetched(project)?, &["--offline", "check"]);
    outcome(deny.args(["bans", "licenses", "sources"]))
}

/// Known holes in what comes in from others, by RustSec's list, which is where the network reaches it.
fn advisories(project: &Project) -> anyhow::Result<Outcome> {
    let mut asked =
        project.command("timeout", &["20", "git", "ls-remote", "--exit-code", ADVISORIES]);
    asked.arg("HEAD").env("GIT_TERMINAL_PROMPT", "0").stdout(Stdio::null()).stderr(Stdio::null());
    if !run::status(&mut asked)?.success() {
        let why = "the advisory database can't be reached; the floors of tidy and deny.toml hold";
        return Ok(Outcome::Skipped(why));
    }
    outcome(&mut project.command(wheels::DENY.fetched(project)?, &["check", "advisories"]))
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn summary(done: &[(&str, Duration, Outcome)]) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING);
    for (name, took, outcome) in done {
        let (said, why) = match outcome {
            Outcome::Passed => ("ok", ""),
            Outcome::Skipped(why) => ("skipped", *why),
            Outcome::Failed(why) => ("FAILED", why.as_str()),
        };
        table.add_row([(*name).to_owned(), said.to_owned(), seconds(*took), why.to_owned()]);
    }
    table.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_chosen_by_their_words() {
        let args = |only: &[&str], without: &[&str]| Args {
            only: only.iter().map(|w| (*w).to_owned()).collect(),
            without: without.iter().map(|w| (*w).to_owned()).collect(),
        };
        assert!(args(&[], &[]).takes("buf lint"));
        assert!(args(&["buf"], &[]).takes("buf lint"));
        assert!(!args(&["fmt"], &[]).takes("buf lint"));
        assert!(!args(&[], &["lint"]).takes("buf lint"));
    }

    #[test]
    fn the_summary_names_each_step_and_why_it_failed() {
        let text = summary(&[
            ("fmt", Duration::from_millis(1_500), Outcome::Passed),
            ("tidy", Duration::ZERO, Outcome::Failed("2 breaches".into())),
            ("deny", Duration::ZERO, Outcome::Skipped("absent")),
        ]);
        assert!(text.contains("1.5 s") && text.contains("2 breaches") && text.contains("absent"));
    }

    #[test]
    fn a_failing_command_is_named_as_it_can_be_typed() {
        let Outcome::Failed(why) = outcome(&mut Command::new("false")).unwrap() else {
            unreachable!("false fails");
        };
        assert!(why.ends_with("false"), "{why}");
    }
}
