//! Words by which people ask for help, English and Spanish, and what they mean in a directory: codes of
//! Open Eligibility, and the English words that services use who state no code.

mod needs;
mod tongues;

pub(crate) use needs::{NEEDS, Need};
pub(crate) use tongues::spoken;

/// Words that say only that somebody asks.
const FILLERS: &[&str] = &[
    "a",
    "al",
    "and",
    "any",
    "ayuda",
    "ayudar",
    "busco",
    "buscar",
    "cerca",
    "con",
    "de",
    "del",
    "donde",
    "el",
    "en",
    "find",
    "for",
    "getting",
    "help",
    "i",
    "la",
    "las",
    "los",
    "me",
    "mi",
    "my",
    "near",
    "necesito",
    "need",
    "of",
    "or",
    "o",
    "para",
    "please",
    "por",
    "quiero",
    "servicio",
    "servicios",
    "the",
    "to",
    "un",
    "una",
    "want",
    "where",
    "with",
    "y",
];
/// The longest phrase of the table, in words.
const PHRASE: usize = 4;

/// Small letters without accents; all that is no letter and no digit parts words.
pub(crate) fn fold(text: &str) -> Vec<String> {
    let plain: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            '\u{e0}'..='\u{e5}' => 'a',
            '\u{e8}'..='\u{eb}' => 'e',
            '\u{ec}'..='\u{ef}' => 'i',
            '\u{f2}'..='\u{f6}' => 'o',
            '\u{f9}'..='\u{fc}' => 'u',
            '\u{f1}' => 'n',
            '\u{e7}' => 'c',
            c if c.is_alphanumeric() => c,
            // An accent that stands apart from its letter.
            '\u{300}'..='\u{36f}' => '\u{0}',
            _ => ' ',
        })
        .filter(|c| *c != '\u{0}')
        .collect();
    plain.split_whitespace().map(str::to_owned).collect()
}

/// One thing that is asked for: a word, or a phrase of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unit {
    /// As it was asked, folded.
    pub said: String,
    /// The word that is looked for in its place, where it was misspelt.
    pub meant: Option<String>,
    pub need: Option<&'static Need>,
}

impl Unit {
    fn new(said: String, need: Option<&'static Need>) -> Self {
        Self { said, meant: None, need }
    }

    /// What is looked for.
    pub(crate) fn word(&self) -> &str {
        self.meant.as_deref().unwrap_or(&self.said)
    }

    /// Takes the nearest word of the table and of `alike` for one that is in neither.
    pub(crate) fn correct(&mut self, alike: &[String]) {
        if self.need.is_some() {
            return;
        }
        let table =
            NEEDS.iter().flat_map(|need| need.said.iter().map(move |word| (*word, Some(need))));
        let nearest = table
            .chain(alike.iter().map(|word| (word.as_str(), need_of(word))))
            .filter(|(word, _)| !word.contains(' '))
            .filter_map(|(word, need)| Some((slips(&self.said, word)?, word, need)))
            .min_by_key(|(slips, word, _)| (*slips, *word));
        if let Some((_, word, need)) = nearest {
            self.meant = Some(word.to_owned());
            self.need = need;
        }
    }
}

/// What a text asks for: phrases of the table first, the longest first, then words.
pub(crate) fn units(text: &str) -> Vec<Unit> {
    let words = fold(text);
    let mut units: Vec<Unit> = Vec::new();
    let mut rest = words.as_slice();
    while !rest.is_empty() {
        let longest = (1..=PHRASE.min(rest.len())).rev().find_map(|n| {
            let (phrase, after) = rest.split_at_checked(n)?;
            let phrase = phrase.join(" ");
            need_of(&phrase).map(|need| (Unit::new(phrase, Some(need)), after))
        });
        let (unit, after) = match (longest, rest.split_first()) {
            (Some((unit, after)), _) => (Some(unit), after),
            (None, Some((word, after))) => {
                (asks(word).then(|| Unit::new(word.clone(), None)), after)
            }
            (None, None) => (None, rest),
        };
        units.extend(unit.filter(|unit| !units.contains(unit)));
        rest = after;
    }
    if units.is_empty() {
        // Nothing but fillers: then they are what is meant.
        units.extend(words.into_iter().map(|word| Unit::new(word, None)));
    }
    units
}

fn asks(word: &str) -> bool {
    !FILLERS.contains(&word)
}

fn need_of(said: &str) -> Option<&'static Need> {
    NEEDS.iter().find(|need| need.said.contains(&said))
}

/// The need that a code of Open Eligibility is of: the one that names the longest code above it.
pub(crate) fn need_of_code(code: &str) -> Option<&'static Need> {
    let above =
        |one: &str| code.strip_prefix(one).is_some_and(|r| r.is_empty() || r.starts_with('-'));
    let all = NEEDS.iter().flat_map(|need| need.codes.iter().map(move |one| (*one, need)));
    all.filter(|(one, _)| above(one)).max_by_key(|(one, _)| one.len()).map(|(_, need)| need)
}

/// How many letters are wrong, missing, too many or swapped; none where it is more than a word of this
/// length may have: one of five letters, two of eight.
fn slips(said: &str, word: &str) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (said.chars().collect(), word.chars().collect());
    let most = match a.len().min(b.len()) {
        ..5 => return None,
        5..8 => 1,
        _ => 2,
    };
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    // Optimal string alignment, three rows at a time.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
            let mut least =
                (at(&last, j) + usize::from(x != y)).min(at(&last, j + 1) + 1).min(at(&row, j) + 1);
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            if swapped {
                least = least.min(at(&before, j - 1) + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().filter(|slips| *slips > 0 && *slips <= most)
}

#[cfg(test)]
mod tests;
