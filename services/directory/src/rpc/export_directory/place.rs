use crate::hsds::Table;

/// Where an export stands: what comes before has been sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::rpc) struct Place {
    pub json: bool,
    /// Of [`Table::ALL`]; none: the end.
    pub table: usize,
    /// The last row of it; empty: its header; none: not even that.
    pub row: Option<String>,
}

impl Place {
    /// By the table's name, which later versions know too.
    pub fn to_bytes(&self) -> Vec<u8> {
        let format = if self.json { "json" } else { "csv" };
        let table = Table::ALL.get(self.table).map_or("", |table| table.name());
        let row = self.row.as_ref().map(|row| format!("\n{row}")).unwrap_or_default();
        format!("{format}\n{table}{row}").into_bytes()
    }

    pub fn at_the_beginning(&self) -> bool {
        self.table == 0 && self.row.is_none()
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut parts = std::str::from_utf8(bytes).ok()?.splitn(3, '\n');
        let json = parts.next()? == "json";
        let table = match parts.next()? {
            "" => Table::ALL.len(),
            table => Table::ALL.iter().position(|known| known.name() == table)?,
        };
        Some(Self { json, table, row: parts.next().map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_goes_through_a_cursor_and_an_odd_one_is_none() {
        let place =
            |table, row: Option<&str>| Place { json: true, table, row: row.map(Into::into) };
        let end = Table::ALL.len();
        for place in
            [place(0, None), place(3, Some("")), place(3, Some("a\u{e9}")), place(end, None)]
        {
            assert_eq!(Place::from_bytes(&place.to_bytes()), Some(place));
        }
        for odd in [&b"csv"[..], b"csv\npeople\nx", b"\xff\n", b""] {
            assert_eq!(Place::from_bytes(odd), None);
        }
    }
}
