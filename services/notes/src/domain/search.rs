//! Looking for words.

use unicode_normalization::UnicodeNormalization as _;

/// A text in lower case and without accents, character for character: what is found in it is at the same place in
/// the text.
pub fn folded(text: &str) -> String {
    text.chars().map(plain).collect()
}

fn plain(letter: char) -> char {
    let base = std::iter::once(letter).nfd().next().unwrap_or(letter);
    let mut lower = base.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        _ => base,
    }
}

/// What is looked for. A minus would ask for what is not there: it is no sign here.
pub fn query(said: &str) -> String {
    said.chars().map(|c| if c == '-' { ' ' } else { c }).collect()
}

/// Signs around what was found, which no text has in it.
pub const MARKS: (char, char) = ('\u{2}', '\u{3}');

/// A piece of a text with the places of what was found in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    pub ranges: Vec<(usize, usize)>,
}

/// A piece that was marked in the folded text, as it is written; none: nothing is marked in it.
pub fn piece(text: &str, marked: &str) -> Option<Piece> {
    let (mut plain, mut ranges, mut from) = (String::new(), Vec::new(), None);
    let mut count = 0;
    for letter in marked.chars() {
        if letter == MARKS.0 {
            from = Some(count);
        } else if letter == MARKS.1 {
            ranges.extend(from.take().map(|from| (from, count)));
        } else {
            plain.push(letter);
            count += 1;
        }
    }
    if ranges.is_empty() {
        return None;
    }
    let folded = folded(text);
    // What was marked in the text as it is written is found as that.
    let place = text
        .find(&plain)
        .map(|at| text.get(..at))
        .or_else(|| folded.find(&plain).map(|at| folded.get(..at)));
    let before = place.flatten().map(|before| before.chars().count());
    let written = before.map(|before| text.chars().skip(before).take(count).collect());
    Some(Piece { text: written.unwrap_or(plain), ranges })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fold_keeps_every_character_in_its_place() {
        let text = "ÁRBOL niño Straße İ ﬁ 東京 e\u{301}";
        assert_eq!(folded(text).chars().count(), text.chars().count());
        assert!(folded(text).starts_with("arbol nino straße"));
    }

    #[test]
    fn a_piece_is_as_it_was_written_with_places_in_it() {
        let text = "Toma la Medicación cada mañana.";
        let marked = "la \u{2}medicacion\u{3} cada";
        let found = piece(text, marked).unwrap();
        assert_eq!(found, Piece { text: "la Medicación cada".to_owned(), ranges: vec![(3, 13)] });
        assert_eq!(piece(text, "la medicacion"), None);
        let as_written = piece(text, "\u{2}Medicación\u{3}").unwrap();
        assert_eq!((&*as_written.text, &*as_written.ranges), ("Medicación", &[(0, 10)][..]));
        // What can't be found again is told as it was marked.
        assert_eq!(piece(text, "\u{2}otra\u{3}").unwrap().text, "otra");
    }

    #[test]
    fn a_query_asks_for_what_is_there() {
        assert_eq!(query("-hiv \"sleeps well\" or x-ray"), " hiv \"sleeps well\" or x ray");
    }
}
