//! Rows as their source gave them, cell by cell, and CSV of such rows: what reading keeps as typed
//! values is for queries, this is for giving a directory back.

use serde_json::{Number, Value};

use super::{link::Linked, schema::Table, value::Kind};

/// A row that is sound, with what its filled cells hold, character for character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    pub table: Table,
    /// As other rows name it.
    pub id: String,
    /// By the table's columns, in their order.
    pub cells: Vec<(&'static str, String)>,
}

impl Given {
    pub(super) fn of(linked: &Linked<'_>, at: (Table, usize)) -> Option<Self> {
        let row = linked.row(at)?;
        let cells = row.given().map(|(column, text)| (column, text.to_owned())).collect();
        Some(Self { table: at.0, id: row.own("id")?, cells })
    }
}

/// A table's first line: all of its columns, in the order of the standard.
pub fn header(table: Table) -> String {
    let names = table.columns().iter().map(|column| column.name);
    line(names.map(|name| Some(name.to_owned())))
}

/// A row's line, by what each column holds.
pub fn record<'a>(table: Table, cell: impl Fn(&str) -> Option<&'a str>) -> String {
    line(table.columns().iter().map(|column| cell(column.name).and_then(fit)))
}

/// A row as a JSON object, by what each column holds. What HSDS has as a number is one where it reads
/// back as the same text.
pub fn object<'a>(table: Table, cell: impl Fn(&str) -> Option<&'a str>) -> String {
    let cells = table.columns().iter().filter_map(|column| {
        let text = fit(cell(column.name)?)?;
        let number = matches!(
            column.kind,
            Kind::Latitude
                | Kind::Longitude
                | Kind::Age
                | Kind::Money
                | Kind::Count { .. }
                | Kind::Hours
        );
        let number = number.then(|| serde_json::from_str::<Number>(&text).ok()).flatten();
        let value = match number.filter(|number| number.to_string() == text) {
            Some(number) => Value::Number(number),
            None => Value::String(text),
        };
        Some(format!("\"{}\":{value}", column.name))
    });
    format!("{{{}}}", cells.collect::<Vec<_>>().join(","))
}

/// What an import would take. A row that was imported is so; what was written here may hold a
/// control character that HSDS has no place for.
fn fit(text: &str) -> Option<String> {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    let fit: String = text.chars().filter(|c| !odd(*c)).collect();
    (!fit.trim().is_empty()).then_some(fit)
}

/// RFC 4180: quoted where it must be.
pub(super) fn line(cells: impl Iterator<Item = Option<String>>) -> String {
    let mut line = String::new();
    for (n, cell) in cells.enumerate() {
        if n > 0 {
            line.push(',');
        }
        let cell = cell.unwrap_or_default();
        if cell.contains([',', '"', '\n', '\r']) || cell.trim().len() < cell.len() {
            line.push('"');
            line.push_str(&cell.replace('"', "\"\""));
            line.push('"');
        } else {
            line.push_str(&cell);
        }
    }
    line.push_str("\r\n");
    line
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{Records, rows},
        *,
    };

    #[test]
    fn a_control_character_that_no_import_takes_is_left_out() {
        let cell = |column: &str| match column {
            "id" => Some("o"),
            "name" => Some("a\u{85}b"),
            "description" => Some(" \u{85}"),
            _ => None,
        };
        assert_eq!(record(Table::Organizations, cell), "o,ab,,,,,,,,,,,\r\n");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_cell_by_cell(
            cells in prop::collection::vec("([a-z,\"\r\n\t é\u{FEFF}\u{202E}😀]{0,8}|)", 5)
        ) {
            let columns: Vec<_> = Table::Taxonomies.columns().iter().map(|c| c.name).collect();
            let file = header(Table::Taxonomies) + &record(Table::Taxonomies, |column| {
                let at = columns.iter().position(|c| *c == column)?;
                Some(cells[at].as_str()).filter(|c| !c.is_empty())
            });
            let records: Vec<_> = Records::of(file.as_bytes()).collect();
            prop_assert_eq!(records.len(), 2);
            for (cell, read) in cells.iter().zip(&records[1].cells) {
                let kept = if cell.trim().is_empty() { "" } else { cell };
                prop_assert_eq!(kept.as_bytes(), read.as_ref());
            }
        }

        #[test]
        fn a_row_is_given_back_as_it_was(name in "[A-Z]{1,3}[ \"\r\n,é]{0,4}", status in "(Active|active)") {
            let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let file = format!(
                "status,name,organization_id,id\r\n{status},{}, o ,s\r\n", quoted(&name));
            let loaded = rows::load(Table::Services, file.as_bytes()).unwrap();
            let given: Vec<_> = loaded.rows[0].given().collect();
            let expected = [("id", "s"), ("organization_id", " o "), ("name", &name), ("status", &status)];
            prop_assert_eq!(given, expected);
        }
    }
}
