//! What each level weighs, and the thresholds. A deployment may state its own (by `em`, on its own
//! registrations).
//!
//! The weight of a level is log2(m/u): m, how often it is seen between two registrations of one person,
//! over u, how often between those of two (I. P. Fellegi and A. B. Sunter, "A Theory for Record
//! Linkage", Journal of the American Statistical Association 64 (1969), 1183-1210). Levels between
//! exact and different, and rarer names weighing more: W. E. Winkler, "String Comparator Metrics and
//! Enhanced Decision Rules in the Fellegi-Sunter Model of Record Linkage", Proceedings of the Section
//! on Survey Research Methods, American Statistical Association (1990), 354-359.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Field, Level};

/// How often a level is seen between two registrations of one person, and of two.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Odds {
    /// Among those of one person: above 0, at most 1.
    pub m: f64,
    /// Among those of two: above 0, at most 1.
    pub u: f64,
}

impl Odds {
    /// In bits.
    pub fn weight(self) -> f64 {
        (self.m / self.u).log2()
    }

    fn stand(self) -> bool {
        [self.m, self.u].into_iter().all(|p| (1e-9..=1.0).contains(&p))
    }
}

/// The rule's numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Weights {
    /// Of every level that a field may have; `Missing` has none.
    pub odds: BTreeMap<Field, BTreeMap<Level, Odds>>,
    /// From this sum on two registrations are linked, if no guard stands against it.
    pub link: f64,
    /// From this sum on they are in doubt. Below `link`.
    pub doubt: f64,
    /// More namesakes of one birth date than this, as expected by chance in the whole table of names,
    /// and a name is common. 0: every name is.
    pub common: f64,
    /// The most by which a name's frequency moves the weight of its agreement, in bits, either way.
    pub rarity: f64,
    /// The systems in which a person may have several identifiers at once. All others are
    /// single-valued.
    pub many_valued: BTreeSet<String>,
}

/// What is wrong with weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    #[error("the odds of {0} must be stated for each of its levels, and for no other")]
    Levels(Field),
    #[error("the odds of {0} must be above 0 and at most 1")]
    Odds(Field),
    #[error("{0} must weigh 0 or more where it agrees, 0 or less where it differs")]
    Sense(Field),
    #[error("link must be above doubt")]
    Thresholds,
    #[error("common and rarity must be 0 or more")]
    Range,
}

impl Weights {
    /// Whether a rule can be made of them.
    pub fn check(&self) -> Result<(), Wrong> {
        for field in Field::ALL {
            self.check_odds(field)?;
        }
        if !(self.link.is_finite() && self.doubt.is_finite() && self.link > self.doubt) {
            return Err(Wrong::Thresholds);
        }
        let in_range = |number: f64| number.is_finite() && number >= 0.0;
        if in_range(self.common) && in_range(self.rarity) { Ok(()) } else { Err(Wrong::Range) }
    }

    /// What a level weighs, before the frequency of names.
    pub fn weight(&self, field: Field, level: Level) -> f64 {
        let odds = self.odds.get(&field).and_then(|levels| levels.get(&level));
        odds.map_or(0.0, |odds| odds.weight())
    }

    fn check_odds(&self, field: Field) -> Result<(), Wrong> {
        let odds = self.odds.get(&field).ok_or(Wrong::Levels(field))?;
        let all = field.levels().iter().all(|level| odds.contains_key(level));
        if !all || odds.len() != field.levels().len() {
            return Err(Wrong::Levels(field));
        }
        if !odds.values().all(|odds| odds.stand()) {
            return Err(Wrong::Odds(field));
        }
        let senseless =
            self.weight(field, Level::Exact) < 0.0 || self.weight(field, Level::Different) > 0.0;
        if senseless { Err(Wrong::Sense(field)) } else { Ok(()) }
    }
}

impl Default for Weights {
    /// Estimated on a generated population of another seed than any test's, and rounded
    /// (docs/matching.md).
    fn default() -> Self {
        use Level::{
            Different, Exact, Initial, Near, Nickname, Part, Similar, Swapped, Unsure, Year,
        };
        let of = |levels: &[(Level, f64, f64)]| {
            levels.iter().map(|&(level, m, u)| (level, Odds { m, u })).collect::<BTreeMap<_, _>>()
        };
        let given = [
            (Exact, 0.79, 2e-3),
            (Nickname, 0.06, 8e-4),
            (Part, 0.015, 8e-4),
            (Near, 0.064, 2e-4),
            (Initial, 0.011, 7.5e-4),
            (Similar, 0.016, 1.3e-3),
            (Swapped, 0.025, 2e-3),
            (Different, 0.015, 0.994),
        ];
        let family = [
            (Exact, 0.835, 3e-3),
            (Part, 0.024, 1e-3),
            (Near, 0.064, 2e-4),
            (Similar, 0.001, 5e-4),
            (Swapped, 1.0, 3e-3),
            (Different, 0.048, 0.995),
        ];
        let birth = [
            (Exact, 0.95, 3e-5),
            (Near, 0.023, 1e-3),
            (Swapped, 0.011, 1.3e-5),
            (Unsure, 0.01, 2e-4),
            (Year, 0.004, 0.012),
            (Different, 0.001, 0.987),
        ];
        let sex = [(Exact, 0.99, 0.5), (Different, 0.01, 0.5)];
        let phone = [(Exact, 0.73, 1e-5), (Near, 0.03, 1e-5), (Different, 0.24, 0.999)];
        let postal = [(Exact, 0.67, 0.02), (Near, 0.1, 0.27), (Different, 0.23, 0.71)];
        let street = [(Exact, 0.61, 1e-5), (Near, 0.02, 1e-5), (Different, 0.37, 0.999)];
        let identifier = [(Exact, 0.96, 1e-5), (Near, 0.015, 1e-5), (Different, 0.025, 0.999)];
        let odds = [
            (Field::GivenName, of(&given)),
            (Field::FamilyName, of(&family)),
            (Field::BirthDate, of(&birth)),
            (Field::Sex, of(&sex)),
            (Field::Phone, of(&phone)),
            (Field::PostalCode, of(&postal)),
            (Field::Street, of(&street)),
            (Field::Identifier, of(&identifier)),
        ];
        Self {
            odds: odds.into_iter().collect(),
            link: 24.0,
            doubt: 14.0,
            common: 5e-4,
            rarity: 5.0,
            many_valued: BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(change: impl Fn(&mut Weights)) -> Option<Wrong> {
        let mut weights = Weights::default();
        change(&mut weights);
        weights.check().err()
    }

    #[test]
    fn the_defaults_stand() {
        assert_eq!(Weights::default().check(), Ok(()));
    }

    #[test]
    fn a_level_left_out_or_out_of_place_is_wrong() {
        let of = Field::Sex;
        assert_eq!(wrong(|w| w.odds.retain(|field, _| *field != of)), Some(Wrong::Levels(of)));
        let near = Odds { m: 0.5, u: 0.5 };
        let add = |w: &mut Weights| {
            w.odds.entry(of).or_default().insert(Level::Near, near);
        };
        assert_eq!(wrong(add), Some(Wrong::Levels(of)));
    }

    #[test]
    fn odds_are_chances_and_agreement_never_counts_against() {
        let exact = |m, u| {
            wrong(move |w| {
                w.odds.entry(Field::Sex).or_default().insert(Level::Exact, Odds { m, u });
            })
        };
        for (m, u) in [(0.0, 0.5), (0.5, 0.0), (1.5, 0.5), (f64::NAN, 0.5)] {
            assert_eq!(exact(m, u), Some(Wrong::Odds(Field::Sex)), "{m} {u}");
        }
        assert_eq!(exact(0.4, 0.5), Some(Wrong::Sense(Field::Sex)));
    }

    #[test]
    fn link_is_above_doubt() {
        assert_eq!(wrong(|w| w.link = w.doubt), Some(Wrong::Thresholds));
        assert_eq!(wrong(|w| w.link = f64::INFINITY), Some(Wrong::Thresholds));
        assert_eq!(wrong(|w| w.doubt = f64::NAN), Some(Wrong::Thresholds));
        assert_eq!(wrong(|w| w.rarity = -1.0), Some(Wrong::Range));
    }

    #[test]
    fn weights_are_read_as_they_are_written_and_what_is_left_out_is_the_default() {
        let text = serde_json::to_string(&Weights::default()).unwrap();
        assert_eq!(serde_json::from_str::<Weights>(&text).unwrap(), Weights::default());
        let stated: Weights = serde_json::from_str(r#"{"link": 30}"#).unwrap();
        assert_eq!(stated, Weights { link: 30.0, ..Weights::default() });
        assert!(serde_json::from_str::<Weights>(r#"{"lnik": 30}"#).is_err());
    }
}
