//! A culture's names.

use super::{
    family,
    given::{self, Given},
    random::Random,
};
use crate::{Sex, nickname};

/// Where a family's names are from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Culture {
    English,
    Spanish,
    Asian,
    Other,
}

impl Culture {
    pub fn any(random: &mut Random) -> Self {
        match random.below(100) {
            0..50 => Self::English,
            50..80 => Self::Spanish,
            80..90 => Self::Asian,
            _ => Self::Other,
        }
    }

    fn given(self) -> Given {
        match self {
            Self::English => given::ENGLISH,
            Self::Spanish => given::SPANISH,
            Self::Asian => given::ASIAN,
            Self::Other => given::OTHER,
        }
    }

    fn families(self) -> &'static [&'static str] {
        match self {
            Self::English => family::ENGLISH,
            Self::Spanish => family::SPANISH,
            Self::Asian => family::ASIAN,
            Self::Other => family::OTHER,
        }
    }

    /// One given name.
    fn simple(self, sex: Sex, random: &mut Random) -> String {
        // Some parents make up a name, or spell one as nobody did.
        if random.chance(0.03) {
            return made_up(random);
        }
        let names = self.names(sex);
        names.get(random.ranked(names.len())).copied().unwrap_or("Ana").to_owned()
    }

    /// A given name; some are two.
    pub fn given_name(self, sex: Sex, random: &mut Random) -> String {
        let first = self.simple(sex, random);
        let two = if self == Self::Spanish { 0.15 } else { 0.04 };
        if !random.chance(two) {
            return first;
        }
        let second = self.simple(sex, random);
        if second == first { first } else { format!("{first} {second}") }
    }

    /// Another given name that is like this one: a slip apart, or of the same first letter. Parents
    /// name twins so.
    pub fn alike(self, name: &str, sex: Sex, random: &mut Random) -> Option<String> {
        let close: Vec<&str> = self
            .names(sex)
            .iter()
            .copied()
            .filter(|other| *other != name && strsim::osa_distance(other, name) <= 2)
            .collect();
        let letter = |other: &&str| *other != name && other.chars().next() == name.chars().next();
        let same: Vec<&str> = self.names(sex).iter().copied().filter(letter).collect();
        let among = if close.is_empty() || random.chance(0.5) { same } else { close };
        among.get(random.below(among.len())).map(|name| (*name).to_owned())
    }

    /// A family name; of Spanish ones many are two.
    pub fn family_name(self, random: &mut Random) -> String {
        let mut one = || {
            let names = self.families();
            names.get(random.ranked(names.len())).copied().unwrap_or("Smith")
        };
        let (first, second) = (one(), one());
        let two = if self == Self::Spanish { 0.3 } else { 0.03 };
        if first != second && random.chance(two) {
            let between = if self == Self::Spanish { ' ' } else { '-' };
            format!("{first}{between}{second}")
        } else {
            first.to_owned()
        }
    }

    fn names(self, sex: Sex) -> &'static [&'static str] {
        let given = self.given();
        if sex == Sex::Male { given.male } else { given.female }
    }
}

/// A name of syllables.
fn made_up(random: &mut Random) -> String {
    const BEGIN: [&str; 14] =
        ["Ja", "Sha", "Ke", "Ty", "La", "De", "Ma", "Za", "Ka", "Bre", "Tre", "Quin", "Ra", "Aly"];
    const MIDDLE: [&str; 9] = ["ri", "li", "ni", "vo", "mi", "que", "sha", "ly", "da"];
    const END: [&str; 10] = ["ah", "on", "a", "us", "elle", "yn", "an", "isha", "en", "o"];
    let (begin, end) = (random.pick(&BEGIN, "Ja"), random.pick(&END, "on"));
    format!("{begin}{}{end}", random.pick(&MIDDLE, "ri"))
}

/// A short form of the first of a person's given names, or another spelling of it.
pub fn nickname_of(given: &str, random: &mut Random) -> Option<String> {
    let first = crate::normal::name(given).split(' ').next()?.to_owned();
    let forms: Vec<&str> = nickname::LINES
        .iter()
        .filter(|line| line.split(' ').next() == Some(&first))
        .flat_map(|line| line.split(' ').skip(1))
        .collect();
    // Nobody's list has them all.
    if !forms.is_empty() && random.chance(0.15) {
        let begin: String = first.chars().take(3 + random.below(2)).collect();
        return Some(format!("{begin}{}", random.pick(&["y", "ie", "ito", "o"], "y")));
    }
    forms.get(random.below(forms.len())).map(|form| (*form).to_owned())
}
