//! Cells as values, and what is wrong with them.

use kernel::{Code, Instant};
use time::format_description::well_known::Rfc3339;

use super::sheet::{Cells, Refused};

/// Reads the cells of one row, and gathers what is wrong with any.
pub struct Reader {
    cells: Cells,
    refused: Vec<Refused>,
}

impl Reader {
    pub fn of(cells: Cells) -> Self {
        Self { cells, refused: Vec::new() }
    }

    /// What was wrong, once all was read.
    pub fn done<T>(self, read: T) -> Result<T, Vec<Refused>> {
        if self.refused.is_empty() { Ok(read) } else { Err(self.refused) }
    }

    pub fn refuse(&mut self, column: &str, reason: impl Into<String>) {
        self.refused.push(Refused::new(column, reason));
    }

    pub fn text(&self, column: &str) -> String {
        self.cells.get(column).cloned().unwrap_or_default()
    }

    pub fn list(&self, column: &str) -> Vec<String> {
        let text = self.text(column);
        text.split(';').map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect()
    }

    /// The code's number in the contract; of an empty cell `unless` is.
    pub fn code<C: Code>(&mut self, column: &str, unless: Option<C>) -> i32 {
        let text = self.text(column);
        match C::parse(&text).or(unless.filter(|_| text.is_empty())) {
            Some(code) => wire::convert::to_wire(code),
            None => {
                let needed = if text.is_empty() { "must be given; " } else { "" };
                self.refuse(column, format!("{needed}known are {}", known::<C>()));
                0
            }
        }
    }

    pub fn codes<C: Code>(&mut self, column: &str) -> Vec<i32> {
        let texts = self.list(column);
        let codes: Vec<C> = texts.iter().filter_map(|text| C::parse(text)).collect();
        if codes.len() < texts.len() {
            self.refuse(column, format!("holds what is no code; known are {}", known::<C>()));
        }
        codes.into_iter().map(wire::convert::to_wire).collect()
    }

    pub fn time(&mut self, column: &str) -> Option<Instant> {
        let text = self.text(column);
        let read = Instant::parse(&text, &Rfc3339).ok();
        if read.is_none() && !text.is_empty() {
            self.refuse(column, "must be a time in RFC 3339, such as 2026-03-01T09:00:00-05:00");
        }
        read
    }

    pub fn yes(&mut self, column: &str) -> bool {
        match self.text(column).as_str() {
            "YES" => true,
            "" | "NO" => false,
            _ => {
                self.refuse(column, "must be YES or NO");
                false
            }
        }
    }
}

fn known<C: Code>() -> String {
    let known: Vec<&str> = C::ALL.iter().map(|code| code.code()).collect();
    known.join(", ")
}
