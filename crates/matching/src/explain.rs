//! A judgement in words, for the data steward who decides what is in doubt. No content: the words say
//! how values agree and not what they are.

use std::fmt;

use crate::{Field, Finding, Judgement, Level, Verdict};

impl Finding {
    /// How the field agrees.
    pub fn words(&self) -> &'static str {
        match (self.level, self.field) {
            (Level::Exact, _) => "the same",
            (Level::Nickname, _) => "a short form or another spelling",
            (Level::Part, _) => "one is a part of the other",
            (Level::Near, Field::BirthDate) => "a digit apart",
            (Level::Near, _) => "a slip apart",
            (Level::Initial, _) => "one is the other's first letter",
            (Level::Similar, _) => "alike, but two names that people have",
            (Level::Swapped, Field::BirthDate) => "day and month exchanged",
            (Level::Swapped, _) => "given and family name exchanged",
            (Level::Unsure, _) => {
                "the same year, and a 1 January, which often stands for an unknown day"
            }
            (Level::Year, _) => "the same year only",
            (Level::Different, _) => "different",
            (Level::Missing, _) => "not stated by both",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({:+.1})", self.field, self.words(), self.weight)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Link => "one person",
            Self::Doubtful => "in doubt",
            Self::Distinct => "two people",
        })
    }
}

impl Judgement {
    /// The verdict, each finding, and what stands against linking: a line each.
    pub fn explain(&self) -> Vec<String> {
        let verdict = format!("{} (sum {:.1})", self.verdict, self.weight);
        let findings = self.findings.iter().map(Finding::to_string);
        let guards = self.guards.iter().map(|guard| format!("not by itself: {guard}"));
        std::iter::once(verdict).chain(findings).chain(guards).collect()
    }
}
