//! Values as they are compared. Each function, applied to what it gave, gives the same again.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Words that a street's name is written by, and the short form that stands for them.
const STREET_WORDS: [(&str, &str); 21] = [
    ("street", "st"),
    ("avenue", "ave"),
    ("av", "ave"),
    ("boulevard", "blvd"),
    ("road", "rd"),
    ("drive", "dr"),
    ("lane", "ln"),
    ("court", "ct"),
    ("place", "pl"),
    ("terrace", "ter"),
    ("circle", "cir"),
    ("highway", "hwy"),
    ("parkway", "pkwy"),
    ("north", "n"),
    ("south", "s"),
    ("east", "e"),
    ("west", "w"),
    ("apartment", "apt"),
    ("unit", "apt"),
    ("suite", "apt"),
    ("floor", "fl"),
];

/// What a family name may end in without being another.
const SUFFIXES: [&str; 5] = ["jr", "sr", "ii", "iii", "iv"];

/// A name: lower-case letters without marks, in words of one space between. Apostrophes vanish
/// (O'Brien is obrien); hyphens, dots and the like part words.
pub fn name(text: &str) -> String {
    words(text, |c| c.is_alphabetic()).join(" ")
}

/// A family name: a name without the suffix of a generation, which agencies record as they please.
pub fn family_name(text: &str) -> String {
    let mut words = words(text, |c| c.is_alphabetic());
    while words.len() > 1 && words.last().is_some_and(|last| SUFFIXES.contains(&last.as_str())) {
        words.pop();
    }
    words.join(" ")
}

/// A telephone number: its last 10 digits. None where it has fewer than 7, or one digit throughout:
/// that is a form filled in, no number.
pub fn phone(text: &str) -> Option<String> {
    let digits: Vec<char> = text.nfkd().filter(char::is_ascii_digit).collect();
    let number: String = digits.iter().skip(digits.len().saturating_sub(10)).collect();
    (number.len() >= 7 && !of_one(&number)).then_some(number)
}

/// A postal code: its first 5 letters or digits.
pub fn postal_code(text: &str) -> Option<String> {
    let code: String = plain(text).filter(char::is_ascii_alphanumeric).take(5).collect();
    (code.len() >= 3 && !of_one(&code)).then_some(code)
}

/// A street line: words of letters and digits, the usual ones short. None without a letter.
pub fn street(text: &str) -> Option<String> {
    let short = |word: String| {
        STREET_WORDS.iter().find(|(long, _)| *long == word).map_or(word, |(_, s)| (*s).to_owned())
    };
    let line = words(text, |c| c.is_alphanumeric()).into_iter().map(short);
    let line = line.collect::<Vec<_>>().join(" ");
    line.chars().any(char::is_alphabetic).then_some(line)
}

/// An identifier's value: its letters and digits. None where it is one character throughout.
pub fn identifier(text: &str) -> Option<String> {
    let value: String = plain(text).filter(|c| c.is_alphanumeric()).collect();
    (!value.is_empty() && !of_one(&value)).then_some(value)
}

fn of_one(text: &str) -> bool {
    let first = text.chars().next();
    text.chars().all(|c| Some(c) == first)
}

fn words(text: &str, kept: impl Fn(char) -> bool) -> Vec<String> {
    let text: String = text.chars().filter(|c| !is_apostrophe(*c)).collect();
    let plain: String = plain(&text).filter(|c| !is_apostrophe(*c)).collect();
    plain.split(|c| !kept(c)).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn is_apostrophe(c: char) -> bool {
    matches!(
        c,
        '\'' | '`' | '\u{b4}' | '\u{2018}' | '\u{2019}' | '\u{2bc}' | '\u{2bb}' | '\u{ff07}'
    )
}

/// Lower case without marks. Upper case first: one small letter may be several capitals.
fn plain(text: &str) -> impl Iterator<Item = char> {
    let upper: String = text.nfkd().collect::<String>().to_uppercase();
    let lower: String = upper.nfkd().flat_map(char::to_lowercase).collect();
    let folded: String = lower.chars().map(folded).collect();
    folded.nfkd().filter(|c| !is_combining_mark(*c)).collect::<Vec<_>>().into_iter()
}

/// Letters that are not taken apart by the normal form, but are written without their stroke.
fn folded(c: char) -> char {
    match c {
        'ø' => 'o',
        'ł' => 'l',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ı' => 'i',
        'æ' => 'e',
        'œ' => 'o',
        'ς' => 'σ',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case_marks_apostrophes_and_spacing() {
        for (text, plain) in [
            ("  José-María ", "jose maria"),
            ("O\u{2019}Brien", "obrien"),
            ("D`Angelo", "dangelo"),
            ("Nuñez  Groß", "nunez gross"),
            ("NU\u{301}N\u{303}EZ", "nunez"),
            ("Łukasz Sørensen", "lukasz sorensen"),
            ("J. R.", "j r"),
            ("李 小龍", "李 小龍"),
            (" - ", ""),
        ] {
            assert_eq!(name(text), plain, "{text}");
        }
    }

    #[test]
    fn a_generations_suffix_is_no_part_of_a_family_name_unless_it_is_all_of_it() {
        assert_eq!(family_name("Smith, Jr."), "smith");
        assert_eq!(family_name("Smith III"), "smith");
        assert_eq!(family_name("Jr"), "jr");
        assert_eq!(family_name("Iii Jr"), "iii");
    }

    #[test]
    fn a_phone_is_its_last_ten_digits_and_a_form_filled_in_is_none() {
        assert_eq!(phone("+1 (555) 201-3344").as_deref(), Some("5552013344"));
        assert_eq!(phone("201 3344").as_deref(), Some("2013344"));
        for none in ["", "911", "000-000-0000", "9999999999", "unknown"] {
            assert_eq!(phone(none), None, "{none}");
        }
    }

    #[test]
    fn a_postal_code_is_its_first_five() {
        assert_eq!(postal_code("97201-1234").as_deref(), Some("97201"));
        assert_eq!(postal_code("k1a 0b1").as_deref(), Some("k1a0b"));
        assert_eq!(postal_code("00000"), None);
        assert_eq!(postal_code("-"), None);
    }

    #[test]
    fn streets_are_compared_by_their_usual_short_words() {
        assert_eq!(street("12 North Main Street, Apt. 3"), street("12 n. main st unit 3"));
        assert_eq!(street("12"), None);
        assert_eq!(street(" "), None);
    }

    #[test]
    fn an_identifier_is_its_letters_and_digits() {
        assert_eq!(identifier("ab 12-3").as_deref(), Some("ab123"));
        assert_eq!(identifier("000-00-0000"), None);
        assert_eq!(identifier("-"), None);
    }
}
