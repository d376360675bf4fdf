//! The report, and the counts of it that stand in the README.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::Path};

use anyhow::Context;
use comfy_table::{Table, presets::ASCII_MARKDOWN};

use super::{
    mutate::Fate,
    registry::{Family, Registry, Row},
    results::{Results, Went},
};
use crate::project::Project;

const BEGIN: &str = "<!-- counts of tests/walls.toml: cargo xtask walls --write -->";
/// What is measured, and by what.
const FIGURES: [(&str, &str); 4] = [
    ("floods.md", "cargo xtask test"),
    ("faults.md", "cargo xtask test, cargo xtask soak"),
    ("overload.md", "cargo xtask bench"),
    ("alike.md", "cargo xtask soak"),
];

const END: &str = "<!-- end of counts -->";

pub struct Report<'a> {
    pub registry: &'a Registry,
    pub results: &'a Results,
    /// In the order of the mutations; none where they were left out.
    pub fates: &'a [Fate],
}

impl Report<'_> {
    fn went(&self, row: &Row) -> &'static str {
        let went: Vec<_> = row.tests.iter().map(|test| self.results.of(test)).collect();
        if went.contains(&Went::Failed) {
            "FAIL"
        } else if went.is_empty() || went.contains(&Went::NotRun) {
            "NOT SHOWN"
        } else if row.gap.is_some() {
            "pass, in part"
        } else {
            "pass"
        }
    }

    pub fn holds(&self) -> bool {
        self.registry.rows.iter().all(|row| self.went(row).starts_with("pass"))
            && self.fates.iter().all(|fate| *fate == Fate::Killed)
    }

    pub fn text(&self, figures: &Path) -> anyhow::Result<String> {
        let mut text = String::from("# Walls\n");
        for family in &self.registry.families {
            let mut rows = table(["row", "what must hold", "tests", ""]);
            for row in self.registry.rows_of(&family.name) {
                let tests: Vec<_> = row.tests.iter().map(ToString::to_string).collect();
                let text = match &row.gap {
                    Some(gap) => format!("{} Not shown: {gap}", row.text),
                    None => row.text.clone(),
                };
                rows.add_row([&row.id, &text, &tests.join("; "), self.went(row)]);
            }
            write!(text, "\n## {}\n\n{rows}\n", family.title)?;
        }
        if !self.fates.is_empty() {
            let mut mutations = table(["family", "the defence that was taken out", "its tests"]);
            for (mutation, fate_of) in self.registry.mutations.iter().zip(self.fates) {
                mutations.add_row([&mutation.family, &mutation.what, &fate(fate_of)]);
            }
            write!(text, "\n## Defences taken out\n\n{mutations}\n")?;
        }
        for (file, from) in FIGURES {
            match fs::read_to_string(figures.join(file)) {
                Ok(figures) => write!(text, "\n{}\n", figures.trim_end())?,
                Err(_) => write!(text, "\nNo figures of {file} yet: {from}.\n")?,
            }
        }
        let passed =
            self.registry.rows.iter().filter(|row| self.went(row).starts_with("pass")).count();
        let killed = self.fates.iter().filter(|fate| **fate == Fate::Killed).count();
        let (rows, tests) = (self.registry.rows.len(), self.registry.tests().len());
        let part = self.registry.rows.iter().filter(|row| row.gap.is_some()).count();
        write!(text, "\n{passed} of {rows} rows hold ({part} shown in part), by {tests} tests")?;
        if !self.fates.is_empty() {
            write!(text, "; {killed} of {} defences were missed by their tests", self.fates.len())?;
        }
        text.push_str(".\n");
        Ok(text)
    }
}

pub fn fate(of: &Fate) -> String {
    match of {
        Fate::Killed => "fail, as they must".to_owned(),
        Fate::NotShown => "NOT SHOWN: it does not build, or a test was not run".to_owned(),
        Fate::Survived(tests) => {
            let tests: Vec<_> = tests.iter().map(ToString::to_string).collect();
            format!("PASS ALL THE SAME: {}", tests.join("; "))
        }
    }
}

fn table<const N: usize>(head: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(head);
    table
}

/// How many rows, tests and mutations each family has.
fn counts(registry: &Registry) -> String {
    let mut counts = table(["family", "rows", "of them in part", "tests", "defences taken out"]);
    let tests_of = |family: &Family| {
        registry.rows_of(&family.name).flat_map(|row| &row.tests).collect::<BTreeSet<_>>().len()
    };
    for family in &registry.families {
        let rows = registry.rows_of(&family.name);
        let part = registry.rows_of(&family.name).filter(|row| row.gap.is_some());
        let out = registry.mutations_of(&family.name);
        let figures = [rows.count(), part.count(), tests_of(family), out.count()];
        let figures = figures.map(|n| n.to_string());
        counts.add_row(std::iter::once(family.title.clone()).chain(figures));
    }
    let part = registry.rows.iter().filter(|row| row.gap.is_some()).count();
    let (rows, tests) = (registry.rows.len(), registry.tests().len());
    let figures = [rows, part, tests, registry.mutations.len()].map(|n| n.to_string());
    counts.add_row(std::iter::once("all".to_owned()).chain(figures));
    counts.to_string()
}

fn with_counts(readme: &str, registry: &Registry) -> anyhow::Result<String> {
    let (before, rest) =
        readme.split_once(BEGIN).context("README.md has no place for the counts")?;
    let (_, after) = rest.split_once(END).context("README.md has no end of the counts")?;
    Ok(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", counts(registry)))
}

pub fn write_counts(project: &Project, registry: &Registry) -> anyhow::Result<()> {
    let file = project.root.join("README.md");
    let readme = fs::read_to_string(&file)?;
    Ok(fs::write(&file, with_counts(&readme, registry)?)?)
}

pub fn counts_fault(project: &Project, registry: &Registry) -> anyhow::Result<Option<String>> {
    let readme = fs::read_to_string(project.root.join("README.md"))?;
    Ok((with_counts(&readme, registry)? != readme)
        .then(|| "the counts in README.md are others: cargo xtask walls --write".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_stand_between_their_marks_and_nowhere_else() {
        let registry = Registry::default();
        let readme = format!("before\n{BEGIN}\nold\n{END}\nafter\n");
        let once = with_counts(&readme, &registry).unwrap();
        assert!(once.starts_with("before\n") && once.ends_with("\nafter\n"), "{once}");
        assert!(!once.contains("old") && once.contains("| all"), "{once}");
        assert_eq!(with_counts(&once, &registry).unwrap(), once);
        assert!(with_counts("no marks", &registry).is_err());
    }

    #[test]
    fn a_row_without_a_result_is_not_shown_and_fails_the_report() {
        let registry: Registry = toml::from_str(
            "[[family]]\nname='a'\ntitle='A'\n[[row]]\nid='a.b'\nfamily='a'\ntext='t'\ntests=['p x']",
        )
        .unwrap();
        let report = Report { registry: &registry, results: &Results::default(), fates: &[] };
        assert!(!report.holds());
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("floods.md"), "## Floods\n").unwrap();
        let text = report.text(folder.path()).unwrap();
        assert!(text.contains("NOT SHOWN") && text.contains("## Floods"), "{text}");
        assert!(text.contains("No figures of overload.md yet: cargo xtask bench."), "{text}");
        assert!(text.contains("0 of 1 rows hold (0 shown in part), by 1 tests."), "{text}");
    }
}
