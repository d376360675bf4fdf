//! A CSV file, row by row. One unclosed quotation mark costs one row.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail, ensure};
use directory::hsds::{Fault, MAX_FILE_BYTES, Record, Records};

use super::columns::{COLUMNS, NEEDED};

/// Why a row was refused. Never what a cell holds: it may be anything about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Empty: the row as a whole.
    pub column: String,
    pub reason: String,
}

impl Refused {
    pub fn new(column: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { column: column.into(), reason: reason.into() }
    }
}

/// What the cells of a row say, by column; nothing for an empty one.
pub type Cells = BTreeMap<&'static str, String>;

pub struct Row {
    /// The line on which it starts.
    pub line: u64,
    pub cells: Result<Cells, Vec<Refused>>,
}

/// An error where the file is not such a one at all.
pub fn read(file: &[u8]) -> anyhow::Result<Vec<Row>> {
    ensure!(file.len() <= MAX_FILE_BYTES, "is larger than {} MiB", MAX_FILE_BYTES >> 20);
    let mut records = Records::of(file);
    let header = header(&records.next().context("has no header")?)?;
    // Spreadsheets leave rows of nothing but commas.
    let filled = |r: &Record<'_>| r.cells.iter().any(|cell| !cell.trim_ascii().is_empty());
    let row = |r: Record<'_>| Row { line: r.line, cells: cells(&header, &r) };
    Ok(records.filter(filled).map(row).collect())
}

/// A column that is not known would be a condition that is lost, so it is none that can be left out.
fn header(record: &Record<'_>) -> anyhow::Result<Vec<&'static str>> {
    ensure!(record.fault.is_none(), "line {}: the header can't be read", record.line);
    let mut header = Vec::new();
    for cell in &record.cells {
        let text = String::from_utf8_lossy(cell);
        let known = COLUMNS.iter().find(|column| **column == text.trim());
        let Some(column) = known else {
            bail!("line {}: {:?} is no column of such a file", record.line, text.trim());
        };
        ensure!(!header.contains(column), "line {}: {column} stands twice", record.line);
        header.push(*column);
    }
    for column in NEEDED {
        ensure!(header.contains(column), "line {}: the column {column} is missing", record.line);
    }
    Ok(header)
}

fn cells(header: &[&'static str], record: &Record<'_>) -> Result<Cells, Vec<Refused>> {
    if let Some(fault) = record.fault {
        return Err(vec![shape(header, fault)]);
    }
    let (mut cells, mut refused) = (Cells::new(), Vec::new());
    for (column, cell) in header.iter().zip(&record.cells) {
        match std::str::from_utf8(cell).map(str::trim) {
            Ok("") => {}
            Ok(text) => drop(cells.insert(column, text.to_owned())),
            Err(_) => refused.push(Refused::new(*column, "must be UTF-8")),
        }
    }
    if refused.is_empty() { Ok(cells) } else { Err(refused) }
}

fn shape(header: &[&'static str], fault: Fault) -> Refused {
    let at = |cell: usize| header.get(cell).copied().unwrap_or_default();
    match fault {
        Fault::OpenQuote { cell } => Refused::new(at(cell), "a quotation mark is never closed"),
        Fault::StrayQuote { cell } => Refused::new(at(cell), "a quotation mark stands astray"),
        Fault::Width { cells, header } => {
            Refused::new("", format!("has {cells} cells, and the header has {header}"))
        }
        Fault::Length => Refused::new("", "is longer than 1 MiB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "person,type,recipients,disclosers,sign_time,image_sha256,witness\n";

    fn rows(text: &str) -> Vec<Row> {
        read(format!("{HEADER}{text}").as_bytes()).unwrap()
    }

    #[test]
    fn rows_are_read_by_their_columns_and_blank_ones_left_out() {
        let found = rows("people/1, TPO ,TPO,agencies/1,,,\n,,,,,,\n\"people/2\",,,,,,W\n");
        assert_eq!(found.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4]);
        let first = found[0].cells.clone().unwrap();
        assert_eq!(first.get("type").map(String::as_str), Some("TPO"));
        assert_eq!(first.get("witness"), None);
    }

    #[test]
    fn one_bad_row_is_named_and_costs_no_other() {
        let found = rows("people/1,\"TPO,,,,,\npeople/2,TPO\npeople/3,TPO,,,,,\n");
        let refused = |row: &Row| row.cells.clone().unwrap_err().remove(0);
        assert_eq!(refused(&found[0]).column, "type");
        assert_eq!(refused(&found[1]).reason, "has 2 cells, and the header has 7");
        assert_eq!((found[2].line, found[2].cells.is_ok()), (4, true));
    }

    #[test]
    fn a_file_with_a_column_that_is_not_known_or_one_too_few_is_another_file() {
        let said = |file: &str| read(file.as_bytes()).err().unwrap().to_string();
        assert_eq!(said(""), "has no header");
        assert_eq!(
            said(&HEADER.replace("witness", "purpose")),
            "line 1: \"purpose\" is no column of such a file"
        );
        assert_eq!(said("person,type\n"), "line 1: the column recipients is missing");
        assert_eq!(said(&HEADER.replace("type", "person")), "line 1: person stands twice");
    }
}
