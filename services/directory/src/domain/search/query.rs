//! Words as the index has them: queries of PostgreSQL's text search, made of stems that it told.

use std::collections::BTreeMap;

use super::Search;
use crate::domain::words::{Need, Unit, need_of_code};

/// English stems by word or phrase; none for a word that says nothing.
pub(crate) type Stems = BTreeMap<String, Vec<String>>;

/// The texts of a search, as they are looked for.
#[derive(Debug, Default)]
pub(crate) struct Terms {
    /// Each unit by its own word alone; empty: it says nothing by itself.
    pub own: Vec<String>,
    /// Each unit, with what it means.
    pub units: Vec<String>,
    /// The need category as services state it.
    pub need: Option<String>,
    /// And as the words of those that state none say it.
    pub need_in_words: Option<String>,
    /// Stems of what places must offer, of a culture and of a faith. Where something was asked of which
    /// nothing is left, a stem that nothing has.
    pub access: Vec<String>,
    pub culture: Vec<String>,
    pub faith: Vec<String>,
}

impl Terms {
    /// What must be known of words before: see [`Stems`].
    pub(crate) fn wanted(search: &Search, units: &[Unit]) -> Vec<String> {
        let needs = units.iter().filter_map(|unit| unit.need).chain(named(search));
        let mut all: Vec<String> = units.iter().map(|unit| unit.word().to_owned()).collect();
        all.extend(needs.flat_map(|need| need.english).map(|word| (*word).to_owned()));
        let more = [&search.accessibility, &search.cultural_offering, &search.faith_offering];
        all.extend(more.into_iter().filter(|said| !said.is_empty()).cloned());
        all.sort();
        all.dedup();
        all
    }

    /// Units that say nothing are left out of `units`.
    pub(crate) fn of(search: &Search, units: &mut Vec<Unit>, stems: &Stems) -> Self {
        units.retain(|unit| unit.need.is_some() || has(stems, unit.word()));
        let own = |unit: &Unit| all_of(stems, unit.word(), unit.need.is_none()).unwrap_or_default();
        let whole = |unit: &Unit| {
            let coded = unit.need.map(|need| coded(need.codes.iter().copied()));
            let words = unit.need.map(|need| in_words(need, stems));
            any(coded.into_iter().chain(words).chain([own(unit)]))
        };
        let stated = search.need_category.as_deref();
        Self {
            own: units.iter().map(own).collect(),
            units: units.iter().map(whole).collect(),
            need: stated.map(|code| coded([code])),
            need_in_words: named(search)
                .map(|need| in_words(need, stems))
                .filter(|words| !words.is_empty())
                .map(|words| format!("'need:?' & ({words})")),
            access: all_stems(stems, &search.accessibility),
            culture: all_stems(stems, &search.cultural_offering),
            faith: all_stems(stems, &search.faith_offering),
        }
    }

    /// Everything of the text.
    pub(crate) fn text(&self) -> Option<String> {
        let all: Vec<String> = self.units.iter().map(|unit| format!("({unit})")).collect();
        (!all.is_empty()).then(|| all.join(" & "))
    }
}

fn named(search: &Search) -> Option<&'static Need> {
    search.need_category.as_deref().and_then(need_of_code)
}

fn has(stems: &Stems, word: &str) -> bool {
    stems.get(word).is_some_and(|stems| !stems.is_empty())
}

fn all_stems(stems: &Stems, said: &str) -> Vec<String> {
    match stems.get(said) {
        _ if said.is_empty() => Vec::new(),
        Some(stems) if !stems.is_empty() => stems.clone(),
        _ => vec![String::new()],
    }
}

fn quoted(lexeme: &str) -> String {
    format!("'{}'", lexeme.replace('\\', "\\\\").replace('\'', "''"))
}

fn any(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" | ")
}

fn coded<'a>(codes: impl IntoIterator<Item = &'a str>) -> String {
    any(codes.into_iter().map(|code| quoted(&format!("{CODE}{code}"))))
}

fn in_words(need: &Need, stems: &Stems) -> String {
    any(need.english.iter().filter_map(|phrase| all_of(stems, phrase, false)))
}

/// How codes of needs begin among the words of a service.
const CODE: &str = "need:";

/// All words of a phrase; with `begun` the last may be the beginning of a longer one: of four letters or more in
/// its plain form ("cars" is no beginning of "care"), and not that of every code.
fn all_of(stems: &Stems, phrase: &str, begun: bool) -> Option<String> {
    let stems = stems.get(phrase).filter(|stems| !stems.is_empty())?;
    let quoted: Vec<String> = stems.iter().map(|stem| quoted(stem)).collect();
    let says = |stem: &String| stem.chars().count() > 3 && !CODE.starts_with(stem.as_str());
    let end = if begun && stems.last().is_some_and(says) { ":*" } else { "" };
    Some(format!("({}{end})", quoted.join(" & ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::words;

    fn stems(words: &[(&str, &[&str])]) -> Stems {
        let own = |stems: &[&str]| stems.iter().map(|s| (*s).to_owned()).collect();
        words.iter().map(|(word, stems)| ((*word).to_owned(), own(stems))).collect()
    }

    #[test]
    fn a_word_of_the_table_is_looked_for_by_code_or_in_english() {
        let search = Search { text: "desintoxicaci\u{f3}n".into(), ..Search::default() };
        let mut units = search.units();
        let wanted = Terms::wanted(&search, &units);
        assert_eq!(wanted, ["desintoxicacion", "detox", "detoxification", "withdrawal"]);
        let known = stems(&[("desintoxicacion", &["desintoxicacion"]), ("detox", &["detox"])]);
        let terms = Terms::of(&search, &mut units, &known);
        assert_eq!(terms.units, ["'need:106-01-02' | ('detox') | ('desintoxicacion')"]);
        assert_eq!(terms.own, ["('desintoxicacion')"]);
    }

    #[test]
    fn what_is_no_word_of_the_table_is_looked_for_as_it_is_and_nothing_escapes_its_quotes() {
        let search = Search { text: "o'neil the".into(), ..Search::default() };
        let mut units = vec![
            words::Unit { said: "o'neil".into(), meant: None, need: None },
            words::Unit { said: "the".into(), meant: None, need: None },
        ];
        let known = stems(&[("o'neil", &["o'neil\\"]), ("the", &[])]);
        let terms = Terms::of(&search, &mut units, &known);
        assert_eq!(terms.text().as_deref(), Some("(('o''neil\\\\':*))"));
        assert_eq!(units.len(), 1);
    }

    #[test]
    fn the_beginning_of_a_longer_word_has_four_letters_and_is_not_that_of_every_code() {
        let known = stems(&[
            ("needs", &["need"]),
            ("cars", &["car"]),
            ("aged", &["age"]),
            ("shelters", &["shelter"]),
        ]);
        let begun = |word| all_of(&known, word, true).unwrap();
        assert_eq!(begun("needs"), "('need')");
        assert_eq!((begun("cars"), begun("aged")), ("('car')".into(), "('age')".into()));
        assert_eq!(begun("shelters"), "('shelter':*)");
    }

    #[test]
    fn a_need_is_stated_or_in_the_words_of_what_states_none() {
        let search = Search { need_category: Some("106-01-02".into()), ..Search::default() };
        let terms = Terms::of(&search, &mut Vec::new(), &stems(&[("detox", &["detox"])]));
        assert_eq!(terms.need.as_deref(), Some("'need:106-01-02'"));
        assert_eq!(terms.need_in_words.as_deref(), Some("'need:?' & (('detox'))"));
        assert_eq!(terms.text(), None);
    }
}
