//! Texts of others, made fit for the contract: no control characters, no overrides of direction, in names nothing
//! that is not seen, and no longer than the contract says.

use kernel::{changes_direction, is_unseen};

/// What the contract allows in no name.
pub(crate) fn has_control(text: &str) -> bool {
    text.chars().any(is_unseen)
}

/// One line of at most `most` characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    let parts = |c: char| c.is_control() || c.is_whitespace() || changes_direction(c);
    let words: String =
        text.chars().map(|c| if parts(c) { ' ' } else { c }).filter(|c| !is_unseen(*c)).collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").chars().take(most).collect::<String>().trim_end().to_owned()
}

/// Lines of at most `most` characters in all.
pub(crate) fn lines(text: &str, most: usize) -> String {
    let fit =
        |c: &char| !changes_direction(*c) && (!c.is_control() || matches!(c, '\n' | '\r' | '\t'));
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
        assert_eq!(line("a\u{2028}b\u{AD}c\u{3000}\u{FFF9}d", 200), "a bc d");
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
