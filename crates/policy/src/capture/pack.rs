//! Rules about capture where law differs by state, as data. They are read elsewhere; here they are
//! joined, and the more protective wins: a pack adds refusals and takes none away.

use kernel::{CodeSet, Sensitivity};

use crate::codes::ConsentType;

/// What the law of a state, or a network, adds to the capture table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulePack {
    /// The longest a VICTIM_SERVICES_RELEASE may last.
    pub max_victim_release_days: u16,
    /// From this age on nobody signs for the person merely as their parent.
    pub age_of_majority: u8,
    /// Where the minor's own signature is needed: nobody signs for them without it.
    pub minor_signs: Vec<AgeRule>,
    /// Where somebody who acts for the minor must sign: a minor's signature alone is not enough.
    pub parent_signs: Vec<AgeRule>,
}

/// At which ages, for which services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgeRule {
    /// Whatever may open a record with any of these, or with what stands below them.
    pub sensitivities: CodeSet<Sensitivity>,
    /// Whatever opens by a consent of these types.
    pub types: CodeSet<ConsentType>,
    /// In whole years.
    pub from: u8,
    /// In whole years; this age itself is outside.
    pub until: u8,
}

/// The ages that a person may be of when a consent is signed, in whole years, both ends included.
/// What a rule refuses at any of them is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ages {
    pub youngest: u8,
    pub oldest: u8,
}

/// The reviewed default: the federal floor, and 12 where a state must say.
impl Default for RulePack {
    fn default() -> Self {
        let own = |sensitivities, types| AgeRule { sensitivities, types, from: 12, until: 18 };
        Self {
            max_victim_release_days: 90,
            age_of_majority: 18,
            minor_signs: vec![
                own([Sensitivity::Sud].into(), CodeSet::EMPTY),
                own(CodeSet::EMPTY, [ConsentType::VictimServicesRelease].into()),
            ],
            parent_signs: Vec::new(),
        }
    }
}

impl RulePack {
    /// What is refused by either is refused.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.max_victim_release_days =
            self.max_victim_release_days.min(other.max_victim_release_days);
        self.age_of_majority = self.age_of_majority.min(other.age_of_majority);
        for (ours, theirs) in [
            (&mut self.minor_signs, other.minor_signs),
            (&mut self.parent_signs, other.parent_signs),
        ] {
            for rule in theirs {
                if !ours.contains(&rule) {
                    ours.push(rule);
                }
            }
        }
        self
    }
}

impl Ages {
    /// Nothing is known: they may be of any age.
    pub const ANY: Self = Self { youngest: 0, oldest: u8::MAX };

    /// Every age that either says, and what lies between.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { youngest: self.youngest.min(other.youngest), oldest: self.oldest.max(other.oldest) }
    }

    pub(super) fn meet(self, rule: &AgeRule) -> bool {
        self.oldest >= rule.from && self.youngest < rule.until
    }
}
