//! `tests/walls.toml`: every threat, the tests that show its defence, and changes that take a defence out.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Context;
use serde::Deserialize;

use crate::project::Project;

pub const FILE: &str = "tests/walls.toml";

/// What is defended, and how that is shown.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    #[serde(default, rename = "family")]
    pub families: Vec<Family>,
    #[serde(default, rename = "row")]
    pub rows: Vec<Row>,
    #[serde(default, rename = "mutation")]
    pub mutations: Vec<Mutation>,
}

/// Rows of one kind, defended in the same places.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Family {
    pub name: String,
    /// What it is about, as the report says it.
    pub title: String,
    /// Each row of this family has a mutation of its own, which names the row.
    #[serde(default)]
    pub mutation_each: bool,
}

/// One thing that must not happen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub id: String,
    pub family: String,
    pub text: String,
    pub tests: Vec<TestName>,
    /// What of it no test shows yet.
    pub gap: Option<String>,
}

/// A small change that takes a defence out. The tests named here must fail with it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mutation {
    pub family: String,
    /// The row whose defence it is, where a family has one for each.
    pub row: Option<String>,
    pub what: String,
    pub file: String,
    /// Stands in the file exactly once.
    pub old: String,
    pub new: String,
    pub tests: Vec<TestName>,
}

/// A test as cargo-nextest names it: `package::target module::name`, or `package module::name` for one that
/// stands beside the code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct TestName {
    pub binary: String,
    pub path: String,
}

impl TryFrom<String> for TestName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.split_once(' ') {
            Some((binary, path)) if !path.is_empty() && !path.contains(' ') => {
                Ok(Self { binary: binary.to_owned(), path: path.to_owned() })
            }
            _ => Err(format!("{text:?} is not `package::target module::name`")),
        }
    }
}

impl std::fmt::Display for TestName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.binary, self.path)
    }
}

impl TestName {
    pub fn package(&self) -> &str {
        self.binary.split_once("::").map_or(self.binary.as_str(), |(package, _)| package)
    }

    fn function(&self) -> &str {
        self.path.rsplit_once("::").map_or(self.path.as_str(), |(_, name)| name)
    }
}

impl Registry {
    pub fn read(root: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(root.join(FILE)).with_context(|| FILE.to_owned())?;
        toml::from_str(&text).with_context(|| FILE.to_owned())
    }

    /// Of one family only.
    pub fn only(mut self, family: &str) -> anyhow::Result<Self> {
        self.families.retain(|f| f.name == family);
        anyhow::ensure!(!self.families.is_empty(), "no family {family} in {FILE}");
        self.rows.retain(|row| row.family == family);
        self.mutations.retain(|mutation| mutation.family == family);
        Ok(self)
    }

    pub fn rows_of<'a>(&'a self, family: &'a str) -> impl Iterator<Item = &'a Row> {
        self.rows.iter().filter(move |row| row.family == family)
    }

    pub fn mutations_of<'a>(&'a self, family: &'a str) -> impl Iterator<Item = &'a Mutation> {
        self.mutations.iter().filter(move |mutation| mutation.family == family)
    }

    /// Each test once.
    pub fn tests(&self) -> BTreeSet<&TestName> {
        self.rows.iter().flat_map(|row| &row.tests).collect()
    }

    /// What is wrong with it, by itself.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut seen = BTreeSet::new();
        for row in &self.rows {
            if !seen.insert(&row.id) {
                faults.push(format!("row {}: twice", row.id));
            }
            if row.tests.is_empty() {
                faults.push(format!("row {}: no test", row.id));
            }
            if !self.families.iter().any(|f| f.name == row.family) {
                faults.push(format!("row {}: no family {}", row.id, row.family));
            }
        }
        for family in &self.families {
            let name = &family.name;
            if self.rows_of(name).next().is_none() {
                faults.push(format!("family {name}: no row"));
            }
            if self.mutations_of(name).next().is_none() {
                faults.push(format!("family {name}: no mutation"));
            }
            for row in self.rows_of(name).filter(|_| family.mutation_each) {
                if !self.mutations_of(name).any(|m| m.row.as_ref() == Some(&row.id)) {
                    faults.push(format!("row {}: no mutation of its own", row.id));
                }
            }
        }
        for mutation in &self.mutations {
            let what = &mutation.what;
            if mutation.tests.is_empty() {
                faults.push(format!("mutation {what:?}: no test that fails with it"));
            }
            if mutation.old == mutation.new {
                faults.push(format!("mutation {what:?}: changes nothing"));
            }
            if !self.families.iter().any(|f| f.name == mutation.family) {
                faults.push(format!("mutation {what:?}: no family {}", mutation.family));
            }
            for test in &mutation.tests {
                if !self.rows_of(&mutation.family).any(|row| row.tests.contains(test)) {
                    faults.push(format!("mutation {what:?}: {test} is of no row of its family"));
                }
            }
        }
        faults
    }

    /// What it names and the sources don't have: tests that are gone, places that have changed.
    pub fn stale(&self, project: &Project) -> anyhow::Result<Vec<String>> {
        let mut found = Vec::new();
        let files = project.files()?;
        for test in self.tests() {
            let Some(package) =
                project.metadata().packages.iter().find(|p| *p.name == *test.package())
            else {
                found.push(format!("{test}: no such package"));
                continue;
            };
            let folder = package.manifest_path.parent().context("a package has a folder")?;
            let folder = folder.strip_prefix(&project.root)?.as_str();
            let function = format!("fn {}(", test.function());
            let mut sources = files.iter().filter(|f| f.starts_with(folder) && f.ends_with(".rs"));
            let there = sources.any(|file| {
                fs::read_to_string(project.root.join(file)).is_ok_and(|t| t.contains(&function))
            });
            if !there {
                found.push(format!("{test}: no such test"));
            }
        }
        for mutation in &self.mutations {
            let text = fs::read_to_string(project.root.join(&mutation.file)).unwrap_or_default();
            match text.matches(&mutation.old).count() {
                1 => {}
                n => found.push(format!(
                    "mutation {:?}: {} has its place {n} times, not once",
                    mutation.what, mutation.file
                )),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Registry {
        toml::from_str(text).unwrap()
    }

    const WHOLE: &str = r#"
        [[family]]
        name = "a"
        title = "A"
        [[row]]
        id = "a.one"
        family = "a"
        text = "one"
        tests = ["p::it m::t"]
        [[mutation]]
        family = "a"
        what = "w"
        file = "f"
        old = "x"
        new = "y"
        tests = ["p::it m::t"]
    "#;

    #[test]
    fn a_whole_registry_has_no_fault() {
        assert_eq!(parsed(WHOLE).faults(), Vec::<String>::new());
    }

    #[test]
    fn each_thing_that_is_missing_is_a_fault() {
        for (old, new, fault) in [
            (r#"tests = ["p::it m::t"]"#, "tests = []", "row a.one: no test"),
            (r#"title = "A""#, "title = \"A\"\nmutation_each = true", "no mutation of its own"),
            (r#"new = "y""#, r#"new = "x""#, "changes nothing"),
            (r#"family = "a""#, r#"family = "b""#, "no family b"),
        ] {
            let faults = parsed(&WHOLE.replacen(old, new, 1)).faults();
            assert!(faults.iter().any(|f| f.contains(fault)), "{fault}: {faults:?}");
        }
        let (rows, _) = WHOLE.split_once("[[mutation]]").unwrap();
        assert_eq!(parsed(rows).faults(), ["family a: no mutation"]);
        let other = WHOLE.replace(
            "new = \"y\"\n        tests = [\"p::it m::t\"]",
            "new = \"y\"\ntests = [\"p::it m::u\"]",
        );
        assert!(parsed(&other).faults().iter().any(|f| f.contains("of no row of its family")));
    }

    #[test]
    fn a_test_is_named_by_its_binary_and_its_path() {
        for bad in ["", "p", "p ", "p::it a b"] {
            assert!(TestName::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
        let test = TestName::try_from("p::it m::t".to_owned()).unwrap();
        assert_eq!((test.package(), test.function()), ("p", "t"));
    }

    #[test]
    fn the_registry_of_this_project_is_whole_and_up_to_date() {
        let project = Project::find().unwrap();
        let registry = Registry::read(&project.root).unwrap();
        assert_eq!(registry.faults(), Vec::<String>::new());
        assert_eq!(registry.stale(&project).unwrap(), Vec::<String>::new());
    }
}
