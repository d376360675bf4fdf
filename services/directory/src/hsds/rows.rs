//! One table: its header, its rows, and what is wrong with them cell by cell.

use std::collections::HashSet;

use super::{
    given::record,
    reason::Reason,
    schema::{Column, Table},
    split::{Fault, MAX_RECORD_BYTES, Record, Records},
    value::{self, Kind, TimeOfDay, Value},
};

/// Limits of one file.
pub const MAX_FILE_BYTES: usize = 64 << 20;
pub const MAX_ROWS: usize = 1_000_000;

/// Of an ignored column's name, so many characters are reported.
const MAX_REPORTED: usize = 100;

/// A row with what could be read of it, in the order of the table's columns.
#[derive(Debug)]
pub(super) struct Row {
    pub table: Table,
    pub line: u64,
    /// Not as many cells as the header, or a stray quotation mark: what names other rows is kept
    /// to find its organization, and is proof of nothing.
    pub misshapen: bool,
    values: Vec<Option<Value>>,
    /// Cells whose text is not that of their value, by their columns: with spaces around it, in
    /// other letters, or no text at all.
    given: Vec<(usize, Box<str>)>,
}

impl Row {
    pub(super) fn value(&self, at: usize) -> Option<&Value> {
        self.values.get(at)?.as_ref()
    }

    fn get(&self, column: &str) -> Option<&Value> {
        let found = self.table.column(column);
        debug_assert!(found.is_some(), "{} has no column {column}", self.table);
        self.value(found?.0)
    }

    /// What the filled cells hold, character for character, by the table's columns.
    pub(super) fn given(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let columns = self.table.columns().iter().zip(&self.values).enumerate();
        columns.filter_map(|(place, (column, value))| {
            let given = self.given.binary_search_by_key(&place, |(at, _)| *at);
            let given = given.ok().and_then(|at| self.given.get(at));
            let text = match (given, value.as_ref()?) {
                (Some((_, text)), _) => text,
                (None, value) => value.as_text()?,
            };
            Some((column.name, text))
        })
    }

    pub(super) fn id(&self) -> Option<&str> {
        self.text("id")
    }

    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.get(column)?.as_text()
    }

    pub(super) fn own(&self, column: &str) -> Option<String> {
        self.text(column).map(str::to_owned)
    }

    pub(super) fn number(&self, column: &str) -> Option<f64> {
        match self.get(column)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn whole(&self, column: &str) -> Option<i64> {
        match self.get(column)? {
            Value::Whole(number) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn date(&self, column: &str) -> Option<time::Date> {
        match self.get(column)? {
            Value::Date(date) => Some(*date),
            _ => None,
        }
    }

    pub(super) fn time(&self, column: &str) -> Option<TimeOfDay> {
        match self.get(column)? {
            Value::Time(time) => Some(*time),
            _ => None,
        }
    }

    pub(super) fn instant(&self, column: &str) -> Option<time::OffsetDateTime> {
        match self.get(column)? {
            Value::Instant(instant) => Some(*instant),
            _ => None,
        }
    }
}

/// What is wrong with a row of one table.
#[derive(Debug)]
pub(super) struct RowFault {
    pub row: usize,
    pub column: &'static str,
    pub reason: Reason,
}

#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub rows: Vec<Row>,
    pub faults: Vec<RowFault>,
    /// Columns that the header has and we don't keep.
    pub ignored: Vec<String>,
}

/// `Err` where the table can't be read at all.
pub(super) fn load(table: Table, file: &[u8]) -> Result<Loaded, &'static str> {
    if file.len() > MAX_FILE_BYTES {
        return Err("the file is larger than 64 MiB");
    }
    if file.starts_with(b"\xff\xfe") || file.starts_with(b"\xfe\xff") {
        return Err("it is UTF-16, and must be UTF-8");
    }
    let mut records = Records::of(file);
    let header = records.next().ok_or("it has no header")?;
    let mut loaded = Loaded::default();
    let order = order(table, &header, &mut loaded.ignored)?;
    for record in records {
        // Spreadsheets leave rows of nothing but commas.
        if record.cells.iter().all(|cell| cell.trim_ascii().is_empty()) {
            continue;
        }
        if loaded.rows.len() == MAX_ROWS {
            return Err("it has more than 1000000 rows");
        }
        row(table, &order, &record, &mut loaded);
    }
    Ok(loaded)
}

/// For each column of the table, where it stands in this file.
fn order(
    table: Table,
    header: &Record<'_>,
    ignored: &mut Vec<String>,
) -> Result<Vec<Option<usize>>, &'static str> {
    if header.fault.is_some() {
        return Err("its header has a stray or unclosed quotation mark");
    }
    let mut seen = HashSet::new();
    let mut order = vec![None; table.columns().len()];
    for (at, cell) in header.cells.iter().enumerate() {
        let name = std::str::from_utf8(cell).map_err(|_| "its header is not UTF-8")?;
        let name = name.trim().to_ascii_lowercase();
        if !name.is_empty() && !seen.insert(name.clone()) {
            return Err("its header has the same column twice");
        }
        match table.column(&name) {
            Some((column, _)) => {
                if let Some(place) = order.get_mut(column) {
                    *place = Some(at);
                }
            }
            None => ignored.push(name.chars().take(MAX_REPORTED).collect()),
        }
    }
    if order.iter().all(Option::is_none) {
        return Err("its header has none of the table's columns");
    }
    Ok(order)
}

fn row(table: Table, order: &[Option<usize>], record: &Record<'_>, loaded: &mut Loaded) {
    let row = loaded.rows.len();
    let mut fault = |column, reason| loaded.faults.push(RowFault { row, column, reason });
    let misshapen = record.fault.is_some();
    if let Some(shape) = record.fault {
        let (column, reason) = shape_reason(table, order, shape);
        fault(column, reason);
    }
    let read = |(column, at): (&Column, &Option<usize>)| {
        let cell = at.and_then(|at| record.cells.get(at)).map_or(&[][..], |cell| cell.as_ref());
        if misshapen {
            let names = column.kind == Kind::Id || column.kind.names_a_row();
            return if names { value::read(column.kind, cell).ok().flatten() } else { None };
        }
        match value::read(column.kind, cell) {
            Ok(None) if column.required => {
                fault(column.name, Reason::Required);
                None
            }
            Ok(value) => value,
            Err(reason) => {
                fault(column.name, reason);
                None
            }
        }
    };
    let values: Vec<_> = table.columns().iter().zip(order).map(read).collect();
    let given = values.iter().zip(order).enumerate().filter_map(|(place, (value, at))| {
        let text = std::str::from_utf8(record.cells.get((*at)?)?).ok()?;
        (value.as_ref()?.as_text() != Some(text)).then(|| (place, text.into()))
    });
    let given = given.collect();
    let read = Row { table, line: record.line, misshapen, values, given };
    let faulty = loaded.faults.last().is_some_and(|fault| fault.row == row);
    if !faulty && let Some((column, reason)) = across(&read) {
        loaded.faults.push(RowFault { row, column, reason });
    }
    loaded.rows.push(read);
}

fn shape_reason(table: Table, order: &[Option<usize>], fault: Fault) -> (&'static str, Reason) {
    let column = |cell| {
        let at = order.iter().position(|place| *place == Some(cell));
        at.and_then(|at| table.columns().get(at)).map_or("", |column| column.name)
    };
    match fault {
        Fault::OpenQuote { cell } => (column(cell), Reason::OpenQuote),
        Fault::StrayQuote { cell } => (column(cell), Reason::StrayQuote),
        Fault::Width { cells, header } => ("", Reason::Width { cells, header }),
        Fault::Length => ("", Reason::RecordTooLong),
    }
}

/// What one cell can't tell alone, in a row whose cells are all right.
fn across(row: &Row) -> Option<(&'static str, Reason)> {
    match row.table {
        Table::Locations => match (row.number("latitude"), row.number("longitude")) {
            (Some(_), None) => Some(("longitude", Reason::Form("given together with latitude"))),
            (None, Some(_)) => Some(("latitude", Reason::Form("given together with longitude"))),
            _ => None,
        },
        Table::Services => row
            .number("minimum_age")
            .zip(row.number("maximum_age"))
            .filter(|(least, most)| least > most)
            .map(|_| ("maximum_age", Reason::Form("at least minimum_age"))),
        Table::Schedules | Table::CostOptions => row
            .date("valid_from")
            .zip(row.date("valid_to"))
            .filter(|(from, to)| from > to)
            .map(|_| ("valid_to", Reason::Form("no earlier than valid_from"))),
        Table::Languages => (row.text("name").is_none() && row.text("code").is_none())
            .then_some(("name", Reason::Form("given where code is not"))),
        _ => None,
    }
    .or_else(|| too_long(row))
}

/// A row must fit a record, and a message, when it is given back with every column of its table.
fn too_long(row: &Row) -> Option<(&'static str, Reason)> {
    let cells: usize = row.given().map(|(_, text)| text.len()).sum();
    // Quotation marks are doubled at the worst.
    if cells < MAX_RECORD_BYTES / 4 {
        return None;
    }
    let line = record(row.table, |column| Some(row.given().find(|(name, _)| *name == column)?.1));
    (line.len() > MAX_RECORD_BYTES).then_some(("", Reason::RecordTooLong))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(table: Table, file: &str) -> Vec<(u64, &'static str, Reason)> {
        let loaded = load(table, file.as_bytes()).unwrap();
        let line = |row: usize| loaded.rows[row].line;
        loaded.faults.iter().map(|f| (line(f.row), f.column, f.reason.clone())).collect()
    }

    #[test]
    fn columns_come_in_any_order_and_unknown_ones_are_counted() {
        let file = "Shoe Size, NAME ,id\n44,Acme,o1\n";
        let loaded = load(Table::Organizations, file.as_bytes()).unwrap();
        assert_eq!(loaded.rows[0].id(), Some("o1"));
        assert_eq!(loaded.rows[0].text("name"), Some("Acme"));
        assert_eq!(loaded.ignored, ["shoe size"]);
        assert!(loaded.faults.is_empty());
    }

    #[test]
    fn every_bad_cell_of_a_row_is_named() {
        assert_eq!(
            faults(Table::Organizations, "id,name,email\no1,,nobody\n"),
            [(2, "name", Reason::Required), (2, "email", Reason::Form("an e-mail address")),]
        );
    }

    #[test]
    fn a_row_of_the_wrong_width_is_one_fault_and_keeps_what_names_rows() {
        let loaded = load(Table::Services, b"id,organization_id,name\ns1,o1\n").unwrap();
        assert_eq!(loaded.faults[0].reason, Reason::Width { cells: 2, header: 3 });
        assert_eq!(loaded.rows[0].text("organization_id"), Some("o1"));
    }

    #[test]
    fn a_stray_quotation_mark_is_named_with_its_column() {
        let file = "name,id\n5\" pipe,o1\n\"open,o2\n";
        assert_eq!(
            faults(Table::Organizations, file),
            [(2, "name", Reason::StrayQuote), (3, "name", Reason::OpenQuote)]
        );
    }

    #[test]
    fn latitude_needs_longitude_and_ranges_their_order() {
        let location = "id,location_type,latitude,longitude\nl,physical,1,\n";
        assert_eq!(faults(Table::Locations, location)[0].1, "longitude");
        let service = "id,organization_id,name,status,minimum_age,maximum_age\ns,o,n,active,9,8\n";
        assert_eq!(faults(Table::Services, service)[0].1, "maximum_age");
        let schedule = "id,valid_from,valid_to\nx,2026-02-01,2026-01-01\n";
        assert_eq!(faults(Table::Schedules, schedule)[0].1, "valid_to");
        assert_eq!(faults(Table::Languages, "id,name\nx,\n")[0].1, "name");
    }

    #[test]
    fn a_table_that_cannot_be_read_says_why() {
        let why = |file: &[u8]| load(Table::Organizations, file).unwrap_err();
        assert_eq!(why(b""), "it has no header");
        assert_eq!(why(b"id,id\n"), "its header has the same column twice");
        assert_eq!(why(b"a,b\n"), "its header has none of the table's columns");
        assert_eq!(why(b"id,\"name\n"), "its header has a stray or unclosed quotation mark");
        assert_eq!(why(b"\xff\xfei\0d\0"), "it is UTF-16, and must be UTF-8");
        assert_eq!(why(b"id,\xff\n"), "its header is not UTF-8");
    }
}
