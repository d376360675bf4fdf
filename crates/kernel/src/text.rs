//! What a text holds that nobody sees: one list for names, tokens and imports.

/// Controls, marks of direction, ends of lines and what has no width or shows as nothing: two names that differ by
/// them look alike. Not what words are written with ([`is_within_words`]).
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || changes_direction(c)
        || matches!(
            c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
                | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}'
                | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
                | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
                | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E00FF}'
                | '\u{E01F0}'..='\u{E0FFF}'
        )
}

/// The joiners, with which Persian and Hindi are written, and the selectors of variants of a letter. What is compared
/// letter by letter has none.
pub const fn is_within_words(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}' | '\u{180B}'..='\u{180D}' | '\u{180F}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Whether nothing is there to read: spaces of any script, and what nobody sees.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_unseen(c) || is_within_words(c))
}

/// What makes a text show in another order than it reads: in no text at all.
pub const fn changes_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_reads_is_blank() {
        for text in ["", " \t", "\u{3000}", "\u{200B}", " \u{200D}\u{FE0F}", "\u{2800}\0"] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in [".", " a ", "\u{5D0}\u{200F}", "\u{1F600}", "\u{915}\u{94D}\u{200D}"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }

    #[test]
    fn what_words_are_written_with_is_seen() {
        for c in "aé ü\u{200C}\u{200D}\u{FE0F}\u{E0100}\u{E01EF}\u{3000}\u{1F600}".chars() {
            assert!(!is_unseen(c), "{c:?}");
        }
        for c in "\0\t\n\u{7F}\u{9F}\u{AD}\u{200B}\u{2029}\u{202E}\u{2069}\u{E007F}".chars() {
            assert!(is_unseen(c), "{c:?}");
        }
        let all = || '\0'..=char::MAX;
        assert_eq!(all().filter(|c| is_within_words(*c)).count(), 2 + 4 + 16 + 240);
        assert!(all().all(|c| !(is_within_words(c) && is_unseen(c))));
        assert!(all().all(|c| !changes_direction(c) || is_unseen(c)));
    }
}
