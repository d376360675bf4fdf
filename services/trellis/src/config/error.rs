//! What is wrong with a configuration, in one line that names the key and no secret.

use std::{fmt, path::Path};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(String);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for ConfigError {}

impl ConfigError {
    pub(super) fn read(path: &Path, why: &std::io::Error) -> Self {
        Self(format!("{}: {why}", path.display()))
    }

    pub(super) fn key(key: &str, why: &str) -> Self {
        Self(format!("{key} {why}"))
    }

    pub(super) fn bare(why: &str) -> Self {
        Self(why.to_owned())
    }

    pub(super) fn of(self, path: &Path) -> Self {
        let between = if self.0.starts_with("line ") { " " } else { ": " };
        Self(format!("{}{between}{}", path.display(), self.0))
    }

    /// serde's message may quote a value, and a value may be a password: the messages that name
    /// keys are told whole, of the others the key.
    pub(super) fn toml(text: &str, error: &toml::de::Error) -> Self {
        let place = error.span().map(|span| Place::of(text, span.start));
        let said = error.message().lines().collect::<Vec<_>>().join(" ");
        let named = said.starts_with("unknown ")
            || said.starts_with("missing ")
            || said.starts_with("duplicate ");
        let line = place.as_ref().map(|p| format!("line {}: ", p.line)).unwrap_or_default();
        let key = place.and_then(|p| p.key);
        Self(match key {
            Some(key) if !named => {
                let why = said.split_once(", expected").map_or("does not parse", |(_, e)| e);
                match why {
                    "does not parse" => format!("{line}{key} does not parse"),
                    expected => format!("{line}{key} must be{expected}"),
                }
            }
            _ => format!("{line}{said}"),
        })
    }
}

struct Place {
    line: usize,
    key: Option<String>,
}

impl Place {
    fn of(text: &str, at: usize) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count();
        let key = text.lines().nth(line).and_then(|l| l.split_once('=')).map(|(key, _)| key.trim());
        let table = before
            .lines()
            .rev()
            .find_map(|l| l.trim().strip_prefix('[').map(|l| l.trim_matches(['[', ']'])));
        let key = key.map(|key| match table {
            Some(table) => format!("{table}.{key}"),
            None => key.to_owned(),
        });
        Self { line: line + 1, key }
    }
}
