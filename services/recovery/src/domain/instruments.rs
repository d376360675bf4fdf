//! What can be asked in a check-in: instruments, as files, and what their answers come to.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::Deserialize;
use wire::Violation;

/// As the contract has it.
const MOST_ANSWERS: usize = 100;

/// Texts by the language's primary subtag; English always.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Texts<T = String>(BTreeMap<String, T>);

impl<T: Default + Clone> Texts<T> {
    /// In this language, or else in English.
    pub fn in_language(&self, language: &str) -> T {
        let text = self.0.get(language).or_else(|| self.0.get("en"));
        text.cloned().unwrap_or_default()
    }
}

/// Whom the answers are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    Person,
    Caregiver,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    pub min: i32,
    pub max: i32,
    pub min_label: Texts,
    pub max_label: Texts,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    pub code: String,
    pub text: Texts,
}

/// A total from which on it means something.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    pub total: i32,
    pub meaning: Texts,
}

/// What to look for in the directory from this total on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relief {
    pub total: i32,
    pub searches: Texts<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrument {
    pub code: String,
    pub subject: Subject,
    pub title: Texts,
    pub source: String,
    pub license: String,
    pub instructions: Texts,
    pub scale: Scale,
    pub items: Vec<Item>,
    /// Whether answers are summed.
    pub totalled: bool,
    pub marks: Vec<Mark>,
    pub relief: Option<Relief>,
}

/// An answer: the item's code, and a value, or that it was skipped.
pub type Answer = (String, Option<i32>);

impl Instrument {
    /// The language of the texts when this one is asked for.
    pub fn language(&self, asked: &str) -> String {
        let primary = asked.split('-').next().unwrap_or_default().to_ascii_lowercase();
        if self.title.0.contains_key(&primary) { primary } else { "en".to_owned() }
    }

    /// What is wrong with these answers.
    pub fn violations(&self, answers: &[Answer]) -> Vec<Violation> {
        let (min, max) = (self.scale.min, self.scale.max);
        let (mut wrong, mut answered) = (Vec::new(), BTreeSet::new());
        // More is the annotation's to refuse: there may be as many as a message is long.
        for (at, (code, value)) in answers.iter().enumerate().take(MOST_ANSWERS) {
            if !self.items.iter().any(|item| item.code == *code) {
                let why = "must be an item of the instrument";
                wrong.push(Violation::new(format!("answers[{at}].item"), why));
            } else if !answered.insert(code) {
                let why = "must be answered once";
                wrong.push(Violation::new(format!("answers[{at}].item"), why));
            }
            if value.is_some_and(|value| !(min..=max).contains(&value)) {
                let why = format!("must be {min} to {max}");
                wrong.push(Violation::new(format!("answers[{at}].value"), why));
            }
        }
        wrong
    }

    /// One answer an item, in the instrument's order.
    pub fn ordered(&self, answers: &[Answer]) -> Vec<Answer> {
        let given = |item: &Item| answers.iter().find(|(code, _)| *code == item.code);
        let all = self.items.iter();
        all.map(|item| (item.code.clone(), given(item).and_then(|(_, value)| *value))).collect()
    }

    /// The sum, where there is one and nothing was skipped: a sum of some says nothing of the whole.
    pub fn total(&self, ordered: &[Answer]) -> Option<i32> {
        if !self.totalled || ordered.len() != self.items.len() {
            return None;
        }
        ordered.iter().map(|(_, value)| *value).sum()
    }

    /// What to look for in the directory.
    pub fn searches(&self, total: Option<i32>, language: &str) -> Vec<String> {
        let relief = self.relief.as_ref();
        let due = relief.filter(|relief| total.is_some_and(|total| total >= relief.total));
        due.map(|relief| relief.searches.in_language(language)).unwrap_or_default()
    }

    /// The least and the most that a total can be.
    pub fn range(&self) -> (i32, i32) {
        let items = i32::try_from(self.items.len()).unwrap_or(i32::MAX);
        (self.scale.min.saturating_mul(items), self.scale.max.saturating_mul(items))
    }

    fn problem(&self) -> Option<&'static str> {
        let english = |texts: &Texts| texts.0.get("en").is_some_and(|text| !text.trim().is_empty());
        let codes: BTreeSet<_> = self.items.iter().map(|item| &item.code).collect();
        let (least, most) = self.range();
        let can_be = |total: i32| (least..=most).contains(&total);
        let texts = [&self.title, &self.instructions, &self.scale.min_label, &self.scale.max_label];
        let texts = texts.into_iter().chain(self.items.iter().map(|item| &item.text));
        let mut texts = texts.chain(self.marks.iter().map(|mark| &mark.meaning));
        let marks = self.marks.iter().map(|mark| mark.total);
        let mut totals = marks.chain(self.relief.iter().map(|relief| relief.total));
        [
            (
                !is_code(&self.code) || !self.items.iter().all(|item| is_code(&item.code)),
                "a code is 1 to 64 of a to z, 0 to 9 and single hyphens between them",
            ),
            (self.items.is_empty() || self.items.len() > 100, "it has 1 to 100 items"),
            (codes.len() != self.items.len(), "two items have one code"),
            (self.scale.min >= self.scale.max, "the scale has no range"),
            (self.scale.min < -1000 || self.scale.max > 1000, "the scale is within -1000 and 1000"),
            (!texts.all(english), "a text is not there in English"),
            (
                self.source.is_empty() || self.license.is_empty(),
                "it says where it comes from and by what right it is used",
            ),
            (
                !self.totalled && (!self.marks.is_empty() || self.relief.is_some()),
                "only a total means something",
            ),
            (!totals.all(can_be), "a mark is no total that there can be"),
        ]
        .into_iter()
        .find_map(|(wrong, why)| wrong.then_some(why))
    }
}

fn is_code(code: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    code.len() <= 64 && code.split('-').all(word)
}

/// Why there are no instruments.
#[derive(Debug, thiserror::Error)]
pub enum InstrumentError {
    #[error("instrument {0}: {1}")]
    Json(String, serde_json::Error),
    #[error("instrument {0}: {1}")]
    Wrong(String, &'static str),
    #[error("two instruments have the code {0}")]
    Twice(String),
    #[error("instruments in {0}: {1}")]
    Io(String, std::io::Error),
}

/// What can be asked here.
#[derive(Debug, Clone, Default)]
pub struct Instruments(BTreeMap<String, Instrument>);

const OURS: &[(&str, &str)] = &[
    ("barc-10.json", include_str!("../../instruments/barc-10.json")),
    ("caregiver-strain.json", include_str!("../../instruments/caregiver-strain.json")),
    ("outcomes.json", include_str!("../../instruments/outcomes.json")),
];

impl Instruments {
    /// Those that come with the service, and those of a folder, each a file that ends in `.json`.
    pub fn open(more: Option<&Path>) -> Result<Self, InstrumentError> {
        let mut all = Self::default();
        for (file, text) in OURS {
            all.add(file, text)?;
        }
        let Some(folder) = more else { return Ok(all) };
        let bad = |error| InstrumentError::Io(folder.display().to_string(), error);
        for entry in std::fs::read_dir(folder).map_err(bad)? {
            let path = entry.map_err(bad)?.path();
            if path.extension().is_some_and(|ending| ending == "json") {
                let text = std::fs::read_to_string(&path).map_err(bad)?;
                all.add(&path.display().to_string(), &text)?;
            }
        }
        Ok(all)
    }

    fn add(&mut self, file: &str, text: &str) -> Result<(), InstrumentError> {
        let new: Instrument = serde_json::from_str(text)
            .map_err(|error| InstrumentError::Json(file.to_owned(), error))?;
        if let Some(problem) = new.problem() {
            return Err(InstrumentError::Wrong(file.to_owned(), problem));
        }
        match self.0.insert(new.code.clone(), new) {
            None => Ok(()),
            Some(before) => Err(InstrumentError::Twice(before.code)),
        }
    }

    pub fn get(&self, code: &str) -> Option<&Instrument> {
        self.0.get(code)
    }

    /// In the order of their codes.
    pub fn all(&self) -> impl Iterator<Item = &Instrument> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests;
