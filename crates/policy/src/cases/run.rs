//! Running one case: ask the engine, compare with what is expected.

use std::{collections::BTreeSet, fmt};

use kernel::{Code, CodeSet, Instant};

use super::format::{CaptureCase, CaseFacts, DecisionCase};
use crate::{
    Facts, Visibility,
    capture::{self, RulePack},
    decide,
};

pub(super) fn decision(case: &DecisionCase, facts: &CaseFacts, as_of: Instant) -> Vec<String> {
    let expect = &case.expect;
    let facts = Facts::new(&facts.agencies, &facts.persons);
    let got = decide(&case.request, &case.records, &facts, as_of);
    let mut differ = Differences::default();
    if let Some(expected) = expect.decision {
        differ.compare("decision", &expected, &got.outcome);
    }
    if let Some(expected) = &expect.visible {
        let visible = got.visible.iter().map(|visible| &visible.record);
        differ.compare("visible", &set(expected), &set(visible));
    }
    if let Some(expected) = expect.reason {
        differ.compare("reason", &code_of(expected), &code_of(got.reason));
    }
    if let Some(expected) = &expect.basis {
        differ.compare("basis", &set(expected), &set(&got.basis));
    }
    if let Some(expected) = expect.bases {
        differ.compare("bases", &expected, &got.bases);
    }
    if let Some(expected) = expect.obligations
        && !expected.is_subset(got.obligations)
    {
        differ.compare("obligations", &expected, &got.obligations);
    }
    if let Some(expected) = expect.redisclosure {
        differ.compare("redisclosure", &expected, &got.redisclosure);
    }
    // Lists must not differ from decisions, on these cases either.
    let listed = Visibility::of(&case.request, &facts, as_of);
    let listed = places(case.records.iter().map(|record| listed.admits(record)));
    let shown = got.visible.iter().map(|visible| visible.index).collect();
    differ.compare("a list", &shown, &listed);
    differ.0
}

fn places(admitted: impl Iterator<Item = bool>) -> BTreeSet<usize> {
    admitted.enumerate().filter(|(_, admitted)| *admitted).map(|(place, _)| place).collect()
}

pub(super) fn capture(case: &CaptureCase, facts: &CaseFacts, as_of: Instant) -> Vec<String> {
    let context = capture::Context {
        agencies: &facts.agencies,
        on_file: &facts.consents,
        as_of,
        rules: &RulePack::default(),
        // A case states no birth date.
        age: None,
    };
    let got = capture::validate(&case.offered, &context);
    let mut differ = Differences::default();
    differ.compare("rejected", &set(&case.rejected), &set(&got));
    differ.0
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + fmt::Debug>(&mut self, what: &str, expected: &T, got: &T) {
        if expected != got {
            self.0.push(format!("{what} expected {expected:?}, got {got:?}"));
        }
    }
}

fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    items.into_iter().collect()
}

fn code_of<T: Code>(code: Option<T>) -> CodeSet<T> {
    code.into_iter().collect()
}
