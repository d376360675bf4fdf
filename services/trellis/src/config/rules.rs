//! Rule packs: files of rules where law differs by state. What a pack leaves out is as in the default.

use std::{collections::BTreeSet, fs, io::Read as _, path::Path};

use consent::Rules;
use kernel::{CodeSet, Sensitivity};
use policy::{
    ConsentType,
    capture::{AgeRule, RulePack},
};
use serde::Deserialize;

use super::{Config, ConfigError};

/// The reviewed default, with its sources: the same rules as `consent::Rules::default()`.
pub const DEFAULT_RULES: &str = include_str!("../../../consent/rules/default.toml");

const MAX_DAYS: u16 = 90;
/// Majority by the default: a pack may lower it, and an adult signs alone.
const MAX_AGE: u8 = 18;
/// Packs, and rules of one kind in a pack.
pub(super) const MOST: usize = 16;
const MOST_BYTES: usize = 64 * 1024;

/// A pack as read: its id, its name and its rules.
pub struct Pack {
    id: String,
    name: String,
    rules: RulePack,
}

/// The name of a pack of this text.
#[cfg(feature = "fuzzing")]
pub(crate) fn parse_rules(text: &str) -> Result<String, ConfigError> {
    Pack::parse(text).map(|pack| pack.name)
}

impl Pack {
    /// Reads and checks a file.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let mut text = String::new();
        let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
        fs::File::open(path)
            .and_then(|file| file.take(most).read_to_string(&mut text))
            .map_err(|why| ConfigError::read(path, &why))?;
        Self::parse(&text).map_err(|error| error.of(path))
    }

    pub(super) fn parse(text: &str) -> Result<Self, ConfigError> {
        if text.len() > MOST_BYTES {
            return Err(ConfigError::bare("is larger than 64 KiB"));
        }
        let file: File = toml::from_str(text).map_err(|error| ConfigError::toml(text, &error))?;
        file.pack()
    }

    /// Its id and version.
    pub fn name(&self) -> &str {
        &self.name
    }

    #[cfg(test)]
    pub(super) fn rules(&self) -> &RulePack {
        &self.rules
    }
}

impl Config {
    /// The default and the packs that `[consent]` names.
    pub fn rules(&self) -> Result<Rules, ConfigError> {
        let (mut rules, mut ids) = (Rules::default(), BTreeSet::from(["default".to_owned()]));
        for path in &self.consent.rule_packs {
            let pack = Pack::load(path)?;
            if !ids.insert(pack.id) {
                return Err(ConfigError::key("id", "is another pack's, or the default's").of(path));
            }
            rules = rules.with(&pack.name, pack.rules);
        }
        Ok(rules)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    id: String,
    version: String,
    victim_release: Option<Release>,
    #[serde(default)]
    minors: Minors,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    max_days: i64,
    source: String,
    effect: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Minors {
    majority: Option<Majority>,
    alone: Option<Vec<Rule>>,
    both: Option<Vec<Rule>>,
    parent: Option<Vec<Rule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Majority {
    age: i64,
    source: String,
    effect: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    sensitivities: Option<Vec<Sensitivity>>,
    types: Option<Vec<ConsentType>>,
    from: Option<i64>,
    until: Option<i64>,
    source: String,
    effect: String,
}

/// Whether a rule of this kind has a first age, and an age at which it ends.
#[derive(Clone, Copy)]
struct Has {
    from: bool,
    until: bool,
}

impl File {
    fn pack(self) -> Result<Pack, ConfigError> {
        word("id", &self.id, 40)?;
        word("version", &self.version, 20)?;
        let mut rules =
            RulePack { minor_signs: Vec::new(), parent_signs: Vec::new(), ..RulePack::default() };
        let Minors { majority, alone, both, parent } = self.minors;
        if let Some(release) = &self.victim_release {
            said("victim_release", &release.source, &release.effect)?;
            let days = u16::try_from(release.max_days).ok().filter(|d| (1..=MAX_DAYS).contains(d));
            rules.max_victim_release_days =
                days.ok_or_else(|| ConfigError::key("victim_release.max_days", "must be 1 to 90"))?;
        }
        if let Some(majority) = &majority {
            said("minors.majority", &majority.source, &majority.effect)?;
            rules.age_of_majority = age("minors.majority.age", majority.age)?;
        }
        let none = self.victim_release.is_none() && majority.is_none();
        if none && alone.is_none() && both.is_none() && parent.is_none() {
            return Err(ConfigError::bare("holds no rule"));
        }
        let adult = rules.age_of_majority;
        let kind = |name, given, has| age_rules(name, given, has, adult);
        rules.minor_signs = kind("alone", alone, Has { from: true, until: false })?;
        rules.parent_signs = kind("parent", parent, Has { from: false, until: true })?;
        let both = kind("both", both, Has { from: true, until: true })?;
        rules.minor_signs.extend(&both);
        rules.parent_signs.extend(both);
        let name = format!("{}-{}", self.id, self.version);
        Ok(Pack { id: self.id, name, rules })
    }
}

fn age_rules(
    kind: &str,
    given: Option<Vec<Rule>>,
    has: Has,
    adult: u8,
) -> Result<Vec<AgeRule>, ConfigError> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let path = format!("minors.{kind}");
    if given.is_empty() || given.len() > MOST {
        return Err(ConfigError::key(&path, "must hold 1 to 16 rules, or be left out"));
    }
    let rules = given.iter().enumerate();
    rules.map(|(place, rule)| rule.read(&format!("{path}[{place}]"), has, adult)).collect()
}

impl Rule {
    fn read(&self, path: &str, has: Has, adult: u8) -> Result<AgeRule, ConfigError> {
        said(path, &self.source, &self.effect)?;
        let bound = |key: &str, given, wanted, unless| {
            let path = format!("{path}.{key}");
            match (given, wanted) {
                (Some(years), true) => age(&path, years),
                (None, false) => Ok(unless),
                (Some(_), false) => {
                    Err(ConfigError::key(&path, "has no place in a rule of this kind"))
                }
                (None, true) => Err(ConfigError::key(&path, "is missing")),
            }
        };
        let from = bound("from", self.from, has.from, 0)?;
        let until = bound("until", self.until, has.until, adult)?;
        if until > adult {
            let path = format!("{path}.until");
            return Err(ConfigError::key(&path, "must not be above minors.majority.age"));
        }
        if from >= until {
            let what = if has.until { "until" } else { "minors.majority.age" };
            return Err(ConfigError::key(
                &format!("{path}.from"),
                &format!("must be below {what}"),
            ));
        }
        let sensitivities = codes(&format!("{path}.sensitivities"), self.sensitivities.as_deref())?;
        let types = codes(&format!("{path}.types"), self.types.as_deref())?;
        if sensitivities.is_empty() && types.is_empty() {
            return Err(ConfigError::key(path, "needs sensitivities, types or both"));
        }
        Ok(AgeRule { sensitivities, types, from, until })
    }
}

fn codes<C: kernel::Code>(path: &str, given: Option<&[C]>) -> Result<CodeSet<C>, ConfigError> {
    match given {
        Some([]) => Err(ConfigError::key(path, "must not be empty: leave it out, or name codes")),
        given => Ok(given.unwrap_or_default().iter().copied().collect()),
    }
}

fn age(path: &str, years: i64) -> Result<u8, ConfigError> {
    let years = u8::try_from(years).ok().filter(|years| *years <= MAX_AGE);
    years.ok_or_else(|| ConfigError::key(path, "must be 0 to 18"))
}

/// Whoever reads a pack must find where each rule is from and what it does.
fn said(path: &str, source: &str, effect: &str) -> Result<(), ConfigError> {
    for (key, text) in [("source", source), ("effect", effect)] {
        if text.trim().is_empty() || text.chars().count() > 500 {
            return Err(ConfigError::key(&format!("{path}.{key}"), "must be 1 to 500 characters"));
        }
    }
    Ok(())
}

/// It stands in names that are kept with consents.
fn word(key: &str, text: &str, most: usize) -> Result<(), ConfigError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    if !text.is_empty() && text.len() <= most && text.chars().all(plain) {
        return Ok(());
    }
    let wanted = format!("must be 1 to {most} of a to z, 0 to 9, '-' and '.'");
    Err(ConfigError::key(key, &wanted))
}

#[cfg(test)]
mod tests;
