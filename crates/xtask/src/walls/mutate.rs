//! Takes one defence out of a copy of the project at a time, and looks whether its tests fail.

use std::{collections::BTreeSet, fs, path::PathBuf};

use anyhow::Context;

use super::{
    registry::{Mutation, TestName},
    results::{Results, Went},
};
use crate::{project::Project, run};

/// What became of a mutation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Every test named for it failed.
    Killed,
    /// These passed as if nothing had happened.
    Survived(Vec<TestName>),
    /// Nothing is shown by what does not build, or by tests that don't run.
    NotShown,
}

/// A copy of the project's files, to be broken on purpose. The artifacts of others' crates are shared with
/// the project; ours are built for the copy.
pub struct Copy {
    root: PathBuf,
}

impl Copy {
    pub fn make(project: &Project) -> anyhow::Result<Self> {
        let root = project.target.join("walls").join("copy");
        let files = project.files()?;
        for file in &files {
            let (from, to) = (project.root.join(file), root.join(file));
            let text = fs::read(&from).with_context(|| file.clone())?;
            // What is as it was keeps its time, so that it is not built anew.
            if fs::read(&to).is_ok_and(|old| old == text) {
                continue;
            }
            fs::create_dir_all(to.parent().context("a file has a folder")?)?;
            fs::write(&to, text).with_context(|| file.clone())?;
            fs::set_permissions(&to, fs::metadata(&from)?.permissions())?;
        }
        let copy = Self { root };
        copy.forget(&files)?;
        Ok(copy)
    }

    /// A file that is gone from the project is gone from the copy: tests and .sqlx are found by looking.
    fn forget(&self, files: &[String]) -> anyhow::Result<()> {
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder)? {
                let path = entry?.path();
                let name = path.strip_prefix(&self.root)?.to_string_lossy().into_owned();
                if path.is_dir() {
                    folders.push(path);
                } else if name != "Cargo.lock" && files.binary_search(&name).is_err() {
                    fs::remove_file(&path)?;
                }
            }
        }
        Ok(())
    }

    pub fn with(&self, project: &Project, mutation: &Mutation) -> anyhow::Result<Fate> {
        let file = self.root.join(&mutation.file);
        let whole = fs::read_to_string(&file).with_context(|| mutation.file.clone())?;
        fs::write(&file, whole.replacen(&mutation.old, &mutation.new, 1))?;
        let fate = self.tested(project, mutation);
        fs::write(&file, whole)?;
        fate
    }

    fn tested(&self, project: &Project, mutation: &Mutation) -> anyhow::Result<Fate> {
        let results = Results::file(&self.root);
        let _ = fs::remove_file(&results);
        // By themselves some crates have tests behind a feature that the workspace turns on.
        let mut command = project.cargo(&["nextest", "run", "--no-fail-fast", "--all-features"]);
        command.current_dir(&self.root).args(["--filterset", &filter(&mutation.tests)]);
        let packages: BTreeSet<_> = mutation.tests.iter().map(TestName::package).collect();
        for package in packages {
            command.args(["--package", package]);
        }
        let _ = run::status(&mut command)?;
        // It does not build: nothing was run.
        let Ok(results) = Results::read(&results) else { return Ok(Fate::NotShown) };
        Ok(fate(&mutation.tests, |test| results.of(test)))
    }
}

fn fate(tests: &[TestName], went: impl Fn(&TestName) -> Went) -> Fate {
    if tests.iter().any(|test| went(test) == Went::NotRun) {
        return Fate::NotShown;
    }
    let passed: Vec<_> = tests.iter().filter(|test| went(test) == Went::Passed).cloned().collect();
    if passed.is_empty() { Fate::Killed } else { Fate::Survived(passed) }
}

/// The filter of cargo-nextest for these tests.
pub fn filter<'a>(tests: impl IntoIterator<Item = &'a TestName>) -> String {
    let each = |test: &TestName| format!("(binary_id(={}) & test(={}))", test.binary, test.path);
    tests.into_iter().map(each).collect::<Vec<_>>().join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutation_is_killed_only_where_every_test_named_for_it_fails() {
        let test = |path: &str| TestName { binary: "p::it".to_owned(), path: path.to_owned() };
        let tests = [test("a"), test("b")];
        let fate = |a: Went, b: Went| fate(&tests, |t| if t.path == "a" { a } else { b });
        assert_eq!(fate(Went::Failed, Went::Failed), Fate::Killed);
        assert_eq!(fate(Went::Failed, Went::Passed), Fate::Survived(vec![test("b")]));
        assert_eq!(fate(Went::Failed, Went::NotRun), Fate::NotShown);
    }
}
