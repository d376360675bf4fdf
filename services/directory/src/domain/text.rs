//! Texts of others, made fit for the contract: no control characters, no overrides of direction, in names nothing
//! that is not seen, and no longer than the contract says.

fn overrides_direction(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// What is not seen: marks of direction, what has no width, and tags.
fn unseen(c: char) -> bool {
    let tag = ('\u{E0000}'..='\u{E007F}').contains(&c);
    let mark = matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}');
    tag || mark || matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}')
}

/// What the contract allows in no name.
pub(crate) fn has_control(text: &str) -> bool {
    text.chars().any(|c| c.is_control() || overrides_direction(c) || unseen(c))
}

/// One line of at most `most` characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let words: String = text
        .chars()
        .filter(|c| !unseen(*c))
        .map(|c| if c.is_control() || overrides_direction(c) { ' ' } else { c })
        .collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").chars().take(most).collect::<String>().trim_end().to_owned()
}

/// Lines of at most `most` characters in all.
pub(crate) fn lines(text: &str, most: usize) -> String {
    let fit =
        |c: &char| !overrides_direction(*c) && (!c.is_control() || matches!(c, '\n' | '\r' | '\t'));
    text.chars().filter(fit).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_and_not_too_long() {
        assert_eq!(line(" a\n b\u{202E}c ", 200), "a b c");
        assert_eq!(line("ééé", 2), "éé");
        assert_eq!(line("a\u{200B}b\u{FEFF} \u{200E}", 200), "ab");
        assert_eq!(line("\u{646}\u{200C}\u{647}", 200), "\u{646}\u{200C}\u{647}");
        assert!(has_control("a\u{0}") && has_control("\u{2066}") && !has_control("é ü"));
        assert!(has_control("a\u{E0041}") && !has_control("\u{646}\u{200C}\u{647}"));
    }

    #[test]
    fn a_text_keeps_its_lines() {
        assert_eq!(lines("a\n\tb\u{7}\u{202E}", 10), "a\n\tb");
        assert_eq!(lines("abc", 2), "ab");
    }
}
