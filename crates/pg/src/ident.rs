//! SQL identifiers: checked, then quoted. The only text that enters SQL at run time.

/// A name that is safe between double quotes and is spelled one way only.
pub fn quoted(name: &str) -> Option<String> {
    let mut bytes = name.bytes();
    let first = bytes.next()?;
    let ok = (first.is_ascii_lowercase() || first == b'_')
        && name.len() <= 50
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    ok.then(|| format!("\"{name}\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn only_plain_names_pass() {
        assert_eq!(quoted("notes_2").as_deref(), Some("\"notes_2\""));
        for bad in ["", "Notes", "a\"b", "a;b", "2a", "a b", "ä", &"a".repeat(51)] {
            assert_eq!(quoted(bad), None, "{bad}");
        }
    }
}
