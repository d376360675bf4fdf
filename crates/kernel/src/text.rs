//! What a text holds that nobody sees: one list for names, tokens and imports.

/// Controls, marks of direction, ends of lines and what has no width or shows as nothing: two names that differ by
/// them look alike. Not the joiners ([`is_joiner`]) nor the selectors of variants, which words are written with.
pub fn is_unseen(c: char) -> bool {
    c.is_control()
        || changes_direction(c)
        || matches!(
            c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180E}' | '\u{200B}'
                | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206F}'
                | '\u{2800}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

/// U+200C and U+200D: Persian and Hindi are written with them. What is compared letter by letter has none.
pub const fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// What makes a text show in another order than it reads: in no text at all.
pub const fn changes_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_words_are_written_with_is_seen() {
        for c in "aé ü\u{200C}\u{200D}\u{FE0F}\u{E0100}\u{E01EF}\u{3000}\u{1F600}".chars() {
            assert!(!is_unseen(c), "{c:?}");
        }
        for c in "\0\t\n\u{7F}\u{9F}\u{AD}\u{200B}\u{2029}\u{202E}\u{2069}\u{E007F}".chars() {
            assert!(is_unseen(c), "{c:?}");
        }
        let joiners = ('\0'..=char::MAX).filter(|c| is_joiner(*c));
        assert_eq!(joiners.collect::<String>(), "\u{200C}\u{200D}");
        assert!(('\0'..=char::MAX).all(|c| !changes_direction(c) || is_unseen(c)));
    }
}
