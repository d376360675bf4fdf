//! Conformance cases: files that any change to the rules must keep, run through the very `decide`
//! and `capture::validate` that serve requests.

mod format;
mod run;

use std::fmt;

use format::{Body, File};

/// A file that can't be read as cases: not JSON, or with a key or value that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError(String);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for LoadError {}

/// One case that was run. Displayed as its line: `ok ID`, or `FAIL ID: what differed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseResult {
    pub id: String,
    /// What differed from what the case expects; nothing where it passed.
    pub differences: Vec<String>,
}

impl CaseResult {
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.passed() {
            write!(f, "ok {}", self.id)
        } else {
            write!(f, "FAIL {}: {}", self.id, self.differences.join("; "))
        }
    }
}

/// The results of one file. Displayed one line a case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    pub results: Vec<CaseResult>,
}

impl Report {
    pub fn passed(&self) -> usize {
        self.results.iter().filter(|result| result.passed()).count()
    }

    pub fn failed(&self) -> usize {
        self.results.len() - self.passed()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.results.iter().try_for_each(|result| writeln!(f, "{result}"))
    }
}

/// Runs every case of one file.
pub fn check_file(json: &[u8]) -> Result<Report, LoadError> {
    let file: File = serde_json::from_slice(json).map_err(|e| LoadError(e.to_string()))?;
    let cases = file.cases()?;
    let results = cases
        .into_iter()
        .map(|case| {
            let differences = match case.body {
                Body::Decision(decision) => run::decision(&decision, &case.facts, case.as_of),
                Body::Capture(capture) => run::capture(&capture, &case.facts, case.as_of),
            };
            CaseResult { id: case.id, differences }
        })
        .collect();
    Ok(Report { results })
}
