//! House rules as a test (the idea is rust-analyzer's): each breach one line, `file:line: rule`.
//!
//! What cargo knows (who depends on whom, what else is pulled in) is checked in `direction` and
//! `bans`; what stands in the files in `text` and `paths`. Every exception is in a table, with its
//! reason.

mod bans;
mod direction;
mod manifest;
mod paths;
mod pins;
mod text;

use std::{fmt, fs, process::ExitCode};

use crate::project::Project;

/// One rule broken at one place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    pub path: String,
    pub line: usize,
    pub rule: String,
}

impl Breach {
    fn new(path: impl Into<String>, line: usize, rule: impl Into<String>) -> Self {
        Self { path: path.into(), line, rule: rule.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.rule)
    }
}

/// A text file of the project.
#[derive(Debug)]
struct Source {
    /// From the root, with slashes.
    path: String,
    text: String,
}

impl Source {
    fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(n, line)| (n + 1, line))
    }

    fn is(&self, extension: &str) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, e)| e == extension)
    }

    /// A test beside the code it tests doesn't make its file one of these.
    fn is_test(&self) -> bool {
        let folders = ["tests/", "benches/", "fuzz/"];
        folders.iter().any(|f| self.path.starts_with(f) || self.path.contains(&format!("/{f}")))
            || self.path.ends_with("/tests.rs")
    }
}

pub fn run(project: &Project) -> anyhow::Result<ExitCode> {
    let breaches = breaches(project)?;
    for breach in &breaches {
        println!("{breach}");
    }
    if breaches.is_empty() {
        println!("tidy");
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

pub fn breaches(project: &Project) -> anyhow::Result<Vec<Breach>> {
    let sources = sources(project)?;
    let packages = direction::packages(project)?;
    let mut found = direction::check(&packages);
    found.extend(bans::check(&bans::resolved(project)?));
    found.extend(bans::check(&bans::locked(&fs::read_to_string(project.root.join("Cargo.lock"))?)));
    for source in &sources {
        found.extend(text::check(source));
        if source.is("rs") {
            found.extend(paths::check(source));
        }
        if source.path.ends_with("Cargo.toml") {
            found.extend(manifest::check(source));
        }
    }
    for path in project.files()?.into_iter().filter(|path| pins::is_one(path)) {
        found.extend(pins::check(&path, &fs::read_to_string(project.root.join(&path))?));
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// What others wrote and we carry: not ours to tidy.
const VENDORED: &[&str] = &["proto/buf/validate/", "services/directory/tests/data/"];

/// Files that people write.
const WRITTEN: &[&str] = &["rs", "md", "proto", "toml", "py", "sh", "sql", "yaml", "yml"];

fn sources(project: &Project) -> anyhow::Result<Vec<Source>> {
    let mut sources = Vec::new();
    for path in project.files()? {
        let written = path.rsplit_once('.').is_some_and(|(_, e)| WRITTEN.contains(&e));
        if VENDORED.iter().any(|folder| path.starts_with(folder)) || !(written || path == ".ci/run")
        {
            continue;
        }
        // Named, though it should be text, as no rule can be checked in it.
        let text = fs::read_to_string(project.root.join(&path))
            .map_err(|error| anyhow::anyhow!("{path}:1: {error}"))?;
        sources.push(Source { path, text });
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breach_reads_as_a_place_and_a_rule() {
        let breach = Breach::new("crates/pg/src/lib.rs", 3, "no");
        assert_eq!(breach.to_string(), "crates/pg/src/lib.rs:3: no");
    }

    #[test]
    fn tests_are_known_by_their_folder_or_name() {
        let is_test = |path: &str| Source { path: path.into(), text: String::new() }.is_test();
        assert!(is_test("tests/access/matrix.rs") && is_test("crates/pg/tests/tx.rs"));
        assert!(is_test("crates/pg/src/tests.rs"));
        assert!(!is_test("crates/pg/src/tx.rs") && !is_test("crates/xtask/src/test.rs"));
    }
}
