//! What cargo-nextest says of each test, in the JUnit file that `.config/nextest.toml` asks for.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::registry::TestName;

/// Of each test that was run, whether it passed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Results(BTreeMap<(String, String), bool>);

/// How a test went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    Passed,
    Failed,
    NotRun,
}

impl Results {
    /// cargo-nextest puts it below the workspace's own `target`, wherever the target directory is.
    pub fn file(root: &Path) -> PathBuf {
        root.join("target/nextest/default/junit.xml")
    }

    pub fn read(file: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
        Self::parse(&text).with_context(|| file.display().to_string())
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let document = roxmltree::Document::parse(text)?;
        let mut found = BTreeMap::new();
        for suite in document.descendants().filter(|node| node.has_tag_name("testsuite")) {
            let binary = suite.attribute("name").context("a suite without a name")?;
            for case in suite.children().filter(|node| node.has_tag_name("testcase")) {
                let name = case.attribute("name").context("a test without a name")?;
                let failed = |node: roxmltree::Node<'_, '_>| {
                    node.has_tag_name("failure") || node.has_tag_name("error")
                };
                let passed = !case.children().any(failed);
                found.insert((binary.to_owned(), name.to_owned()), passed);
            }
        }
        Ok(Self(found))
    }

    pub fn of(&self, test: &TestName) -> Went {
        match self.0.get(&(test.binary.clone(), test.path.clone())) {
            Some(true) => Went::Passed,
            Some(false) => Went::Failed,
            None => Went::NotRun,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_has_passed_or_failed_or_was_not_run() {
        let text = r#"<?xml version="1.0"?><testsuites name="r" tests="2">
            <testsuite name="p::it"><testcase name="m::t" classname="p::it" time="0.1"/>
            <testcase name="m::u" classname="p::it"><failure type="test failure">x</failure>
            <system-out>failure</system-out></testcase></testsuite></testsuites>"#;
        let results = Results::parse(text).unwrap();
        let of = |path: &str| {
            results.of(&TestName { binary: "p::it".to_owned(), path: path.to_owned() })
        };
        assert_eq!(
            (of("m::t"), of("m::u"), of("m::v")),
            (Went::Passed, Went::Failed, Went::NotRun)
        );
        assert!(Results::parse("<testsuites><testsuite/></testsuites>").is_err());
        assert!(Results::parse("").is_err());
    }
}
