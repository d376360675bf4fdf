//! How much schooling a text asks for. Words, sentences and syllables are counted the same way in
//! every language; what a syllable is, and the measure, are the language's.

use super::{Language, Voice};

/// The highest grade that is told: more than four years of college.
const HIGHEST: f64 = 20.0;

/// What a measure is made from.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Counted {
    pub sentences: f64,
    pub words: f64,
    pub syllables: f64,
}

/// The US school grade of a text, 0 to 20, to one decimal. A line ends a sentence, so each line of a
/// list is one. What has a digit in it (dates, ids, sections of law) is not counted as a word.
pub fn grade(language: Language, text: &str) -> f32 {
    let counted = count(language, text);
    if counted.words == 0.0 {
        return 0.0;
    }
    // The measure is the same in whoever's words.
    let grade = language.catalogue(Voice::Own).grade(counted).clamp(0.0, HIGHEST);
    ((grade * 10.0).round() / 10.0) as f32
}

fn count(language: Language, text: &str) -> Counted {
    let mut all = Counted::default();
    for line in text.lines() {
        let mut open = false;
        for token in line.split_whitespace() {
            for word in token.split(['-', '/']).filter_map(letters) {
                all.words += 1.0;
                all.syllables += f64::from(language.catalogue(Voice::Own).syllables(&word));
                open = true;
            }
            if open && ends_sentence(token) {
                all.sentences += 1.0;
                open = false;
            }
        }
        all.sentences += f64::from(u8::from(open));
    }
    all
}

/// The letters of a word; none where it is no word.
fn letters(token: &str) -> Option<String> {
    let word: String = token.chars().filter(|c| c.is_alphabetic()).collect();
    (!word.is_empty() && !token.contains(|c: char| c.is_numeric())).then_some(word)
}

fn ends_sentence(token: &str) -> bool {
    token.trim_end_matches(['"', '\'', ')', '\u{bb}', '\u{201d}']).ends_with(['.', '!', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_is_graded_by_flesch_and_kincaid() {
        // 3 sentences, 12 words, 15 syllables (a-gen-cy, re-ceive):
        // 0.39 * 12/3 + 11.8 * 15/12 - 15.59 = 1.56 + 14.75 - 15.59 = 0.72.
        let text = "I may share my notes.\n- Who may receive: the agency\nI sign.\n";
        let counted = Counted { sentences: 3.0, words: 12.0, syllables: 15.0 };
        assert_eq!(count(Language::English, text), counted);
        assert_eq!(grade(Language::English, text), 0.7);
    }

    #[test]
    fn spanish_is_graded_by_crawford() {
        // 2 sentences, 8 words, 19 syllables: 25 sentences and 237.5 syllables in 100 words.
        // -0.205 * 25 + 0.049 * 237.5 - 3.407 = -5.125 + 11.6375 - 3.407 = 3.1055.
        let text = "Permito compartir mis expedientes. La agencia puede leer.";
        let counted = Counted { sentences: 2.0, words: 8.0, syllables: 19.0 };
        assert_eq!(count(Language::Spanish, text), counted);
        assert_eq!(grade(Language::Spanish, text), 3.1);
    }

    #[test]
    fn numbers_and_marks_are_no_words_and_end_no_sentence() {
        let text =
            "1. It ends (42 CFR 2.35) on May 1, 2026.\n\n- \n\"So be it!\" I said third-party.\n";
        let counted = count(Language::English, text);
        assert_eq!((counted.sentences, counted.words), (3.0, 12.0));
    }

    #[test]
    fn a_grade_is_between_0_and_20() {
        assert_eq!(grade(Language::English, "1. 2.\n"), 0.0);
        assert_eq!(grade(Language::Spanish, "Sí. No. Ya.\n"), 0.0);
        assert_eq!(grade(Language::English, &"incomprehensibility ".repeat(90)), 20.0);
    }
}
