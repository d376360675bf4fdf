//! `cargo xtask sqlx`: the committed .sqlx is what every query said when it was last checked
//! against a real database with every service's migrations.

use std::{
    collections::BTreeMap,
    fs,
    hash::{BuildHasher, Hasher, RandomState},
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitCode, Stdio},
};

use anyhow::{Context, bail};

use crate::{project::Project, run};

#[derive(clap::Args)]
pub struct Args {
    /// Change nothing; fail where .sqlx differs from what it would be
    #[arg(long)]
    check: bool,
}

pub fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    let home = project.root.join(".sqlx");
    let fresh = prepare(project)?;
    if is_like(&home, &fresh)? {
        return Ok(ExitCode::SUCCESS);
    }
    if args.check {
        println!("{STALE}");
        return Ok(ExitCode::FAILURE);
    }
    replace(&home, &fresh)?;
    println!(".sqlx: {} queries written", fresh.len());
    Ok(ExitCode::SUCCESS)
}

pub const STALE: &str =
    ".sqlx is not up to date: run `cargo xtask sqlx` and commit what it changes";

/// Whether .sqlx is what it would be.
pub fn check(project: &Project) -> anyhow::Result<bool> {
    is_like(&project.root.join(".sqlx"), &prepare(project)?)
}

/// Names every difference.
fn is_like(home: &Path, fresh: &Queries) -> anyhow::Result<bool> {
    let differences = differences(&read(home)?, fresh);
    for difference in &differences {
        println!("{difference}");
    }
    if differences.is_empty() {
        println!(".sqlx: {} queries, up to date", fresh.len());
    }
    Ok(differences.is_empty())
}

type Queries = BTreeMap<String, Vec<u8>>;

/// Compiles everything that has queries against a database of its own.
fn prepare(project: &Project) -> anyhow::Result<Queries> {
    let packages = packages(project);
    if packages.is_empty() {
        return Ok(Queries::new());
    }
    let listening = Listening::start(project)?;
    // A macro speaks only when its crate is compiled. A wrapper that was never used before makes
    // cargo compile our crates again, and only ours, and leaves their other builds alone.
    let wrapper = listening.scratch.0.join("rustc");
    fs::write(&wrapper, "#!/bin/sh\nexec \"$@\"\n")?;
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755))?;
    let mut cargo = project.cargo(&["check", "--all-targets"]);
    for package in &packages {
        cargo.args(["--package", package]);
    }
    cargo.env("RUSTC_WORKSPACE_WRAPPER", &wrapper).env("CARGO_INCREMENTAL", "0");
    listening.set(&mut cargo);
    run::must(&mut cargo)?;
    read(&listening.found)
}

/// A database to check queries against, and the folder where what is said of each is heard.
pub struct Listening {
    database: Database,
    found: PathBuf,
    scratch: Scratch,
}

impl Listening {
    pub fn start(project: &Project) -> anyhow::Result<Self> {
        let scratch = Scratch::new()?;
        let database = Database::start(project, &scratch.0.join("pg"))?;
        let found = scratch.0.join("queries");
        fs::create_dir(&found)?;
        Ok(Self { database, found, scratch })
    }

    /// Has the macros of what this builds ask and speak here.
    pub fn set(&self, cargo: &mut Command) {
        cargo
            .env("SQLX_OFFLINE", "false")
            .env("SQLX_OFFLINE_DIR", &self.found)
            .env("DATABASE_URL", &self.database.url);
    }

    /// Whether what was heard is all of .sqlx, to the letter: then it is up to date. Otherwise nothing is
    /// known: a crate that was there already did not speak.
    pub fn heard_all(&self, project: &Project) -> anyhow::Result<bool> {
        let heard = read(&self.found)?;
        let all = heard == read(&project.root.join(".sqlx"))?;
        if all {
            println!(".sqlx: {} queries, up to date", heard.len());
        }
        Ok(all)
    }
}

/// Members that use sqlx themselves.
fn packages(project: &Project) -> Vec<String> {
    let members = project.metadata().workspace_packages().into_iter();
    let uses = |p: &&cargo_metadata::Package| p.dependencies.iter().any(|d| d.name == "sqlx");
    members.filter(uses).map(|p| p.name.to_string()).collect()
}

/// A private server with every service's schema; it goes when its input closes.
struct Database {
    url: String,
    server: Child,
}

impl Database {
    fn start(project: &Project, folder: &Path) -> anyhow::Result<Self> {
        // By itself it would have other features than in the workspace, and much of what it needs
        // would be built again.
        run::must(&mut project.cargo(&["build", "--quiet", "--workspace", "--example", "devdb"]))?;
        let program = project.target.join("debug").join("examples").join("devdb");
        let mut command = project.command(program, &["--dir"]);
        command.arg(folder);
        for (service, migrations) in project.services_with_migrations()? {
            command.arg(format!("{service}={}", migrations.display()));
        }
        let mut server = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| run::line(&command))?;
        let mut url = String::new();
        if let Some(stdout) = server.stdout.take() {
            BufReader::new(stdout).read_line(&mut url)?;
        }
        let database = Self { url: url.trim().to_owned(), server };
        if database.url.is_empty() {
            bail!("the database did not start, or a migration failed: see above");
        }
        Ok(database)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        drop(self.server.stdin.take());
        let _ = self.server.wait();
    }
}

/// A folder of our own, short enough for a socket's path, gone with us.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> anyhow::Result<Self> {
        // Never a name of before: cargo would take the wrapper for one that it knows.
        let name = format!("xtask-sqlx-{:016x}", RandomState::new().build_hasher().finish());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path)?;
        // The server may run as another user.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn is_query(name: &str) -> bool {
    name.starts_with("query-") && name.ends_with(".json")
}

fn read(folder: &Path) -> anyhow::Result<Queries> {
    let mut queries = Queries::new();
    if !folder.is_dir() {
        return Ok(queries);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if is_query(&name) {
            queries.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(queries)
}

fn differences(committed: &Queries, fresh: &Queries) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in fresh {
        match committed.get(name) {
            None => found.push(format!(".sqlx/{name}:1: missing: {}", first_words(text))),
            Some(old) if old != text => {
                found.push(format!(".sqlx/{name}:1: differs: {}", first_words(text)));
            }
            Some(_) => {}
        }
    }
    let stale = committed.iter().filter(|(name, _)| !fresh.contains_key(*name));
    found
        .extend(stale.map(|(name, text)| {
            format!(".sqlx/{name}:1: no query of ours: {}", first_words(text))
        }));
    found
}

/// The beginning of the SQL, so that a person knows which query it is.
fn first_words(text: &[u8]) -> String {
    let query = serde_json::from_slice::<serde_json::Value>(text).ok();
    let sql = query.as_ref().and_then(|q| q.get("query")?.as_str()).unwrap_or_default();
    sql.split_whitespace().take(8).collect::<Vec<_>>().join(" ")
}

fn replace(folder: &Path, fresh: &Queries) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    for name in read(folder)?.keys().filter(|name| !fresh.contains_key(*name)) {
        fs::remove_file(folder.join(name))?;
    }
    for (name, text) in fresh {
        fs::write(folder.join(name), text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queries(of: &[(&str, &str)]) -> Queries {
        let query = |(name, sql): &(&str, &str)| {
            (format!("query-{name}.json"), format!("{{\"query\":\"{sql}\"}}").into_bytes())
        };
        of.iter().map(query).collect()
    }

    #[test]
    fn a_missing_a_changed_and_a_stale_query_are_each_named() {
        let committed = queries(&[("a", "SELECT 1"), ("b", "SELECT 2"), ("c", "SELECT 3")]);
        let fresh = queries(&[("a", "SELECT 1"), ("b", "SELECT 2 AS two"), ("d", "SELECT 4")]);
        assert_eq!(differences(&committed, &committed), [] as [&str; 0]);
        assert_eq!(
            differences(&committed, &fresh),
            [
                ".sqlx/query-b.json:1: differs: SELECT 2 AS two",
                ".sqlx/query-d.json:1: missing: SELECT 4",
                ".sqlx/query-c.json:1: no query of ours: SELECT 3",
            ]
        );
    }

    #[test]
    fn replacing_leaves_exactly_the_fresh_queries() {
        let folder = std::env::temp_dir().join(format!("xtask-replace-{}", std::process::id()));
        replace(&folder, &queries(&[("a", "SELECT 1"), ("b", "SELECT 2")])).unwrap();
        let fresh = queries(&[("b", "SELECT 22")]);
        replace(&folder, &fresh).unwrap();
        assert_eq!(read(&folder).unwrap(), fresh);
        fs::remove_dir_all(&folder).unwrap();
    }
}
