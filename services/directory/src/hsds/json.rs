//! HSDS 3 as JSON: objects of one table, with what hangs below them nested in them or apart, turned
//! into the rows of the tables that they stand for.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

use serde::{
    Deserializer as _,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{
    given::{header, line},
    rows::MAX_FILE_BYTES,
    schema::Table,
    value::Kind,
};

type Cells = BTreeMap<&'static str, String>;

/// The tables that documents hold.
#[derive(Debug, Default)]
pub(super) struct Documents {
    rows: BTreeMap<Table, Vec<Cells>>,
    /// Where the row of an id is.
    at: HashMap<(Table, String), usize>,
    /// Fields that are none of the table's columns and no table either.
    ignored: BTreeSet<(Table, String)>,
}

impl Documents {
    /// An array of objects of a table, or one of them, or a page of them in `contents`.
    pub(super) fn read(&mut self, table: Table, file: &[u8]) -> Result<(), &'static str> {
        if file.len() > MAX_FILE_BYTES {
            return Err("the file is larger than 64 MiB");
        }
        self.rows.entry(table).or_default();
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let mut json = serde_json::Deserializer::from_slice(file);
        let read = json.deserialize_any(Document { documents: self, table });
        read.and_then(|()| json.end()).map_err(|_| "it is not JSON objects of that table")
    }

    pub fn ignored(&mut self) -> Vec<(Table, String)> {
        std::mem::take(&mut self.ignored).into_iter().collect()
    }

    /// As files of CSV, for the same reading as any.
    pub(super) fn files(self) -> impl Iterator<Item = (Table, Vec<u8>)> {
        self.rows.into_iter().map(|(table, rows)| {
            let mut file = header(table);
            for mut row in rows {
                file += &line(table.columns().iter().map(|column| row.remove(column.name)));
            }
            (table, file.into_bytes())
        })
    }

    /// `above`: the object in which this one is nested. Returns its id.
    fn object(
        &mut self,
        table: Table,
        object: &Map<String, Value>,
        above: Option<(Table, &str)>,
    ) -> Result<Option<String>, &'static str> {
        let mut cells = Cells::new();
        for column in table.columns() {
            if let Some(text) = object.get(column.name).and_then(scalar) {
                cells.insert(column.name, text);
            }
        }
        if let Some((owner, id)) = above {
            below(table, &mut cells, owner, id);
        }
        let id = cells.get("id").cloned();
        for (field, value) in object {
            let nested =
                |table: Option<Table>| table.filter(|_| value.is_array() || value.is_object());
            let Some(other) = nested(table_of(field)) else {
                if table.column(field).is_none() {
                    self.ignored.insert((table, field.clone()));
                }
                continue;
            };
            let above = id.as_deref().map(|id| (table, id));
            match value {
                Value::Array(all) => {
                    for one in all {
                        let one = one.as_object().ok_or("an object is missing")?;
                        self.object(other, one, above)?;
                    }
                }
                Value::Object(one) => {
                    let names = table.columns().iter().find(|c| {
                        matches!(c.kind, Kind::Refers(named) | Kind::Owner(named) if named == other)
                    });
                    // A program hangs below the organization of its service.
                    let organization = cells.get("organization_id").map(String::as_str);
                    let above = organization.filter(|_| other == Table::Programs);
                    let above = above.map(|id| (Table::Organizations, id));
                    let named = self.object(other, one, above)?;
                    if let (Some(column), Some(named)) = (names, named) {
                        cells.entry(column.name).or_insert(named);
                    }
                }
                _ => {}
            }
        }
        self.add(table, cells);
        Ok(id)
    }

    /// An object may stand in several others: it is one row, if they say the same of it. Else it
    /// is two rows of one id, which are refused as such.
    fn add(&mut self, table: Table, cells: Cells) {
        let rows = self.rows.entry(table).or_default();
        if let Some(id) = cells.get("id") {
            let at = *self.at.entry((table, id.clone())).or_insert(rows.len());
            if let Some(row) = rows.get_mut(at)
                && cells.iter().all(|(name, text)| row.get(name).is_none_or(|t| t == text))
            {
                row.extend(cells);
                return;
            }
        }
        rows.push(cells);
    }
}

/// What names the row above, where the object does not say.
fn below(table: Table, cells: &mut Cells, owner: Table, id: &str) {
    if table == Table::Attributes {
        cells.entry("link_id").or_insert_with(|| id.to_owned());
        let named = cells.get("link_entity").and_then(|entity| Table::of(entity));
        if named != Some(owner) {
            cells.insert("link_entity", owner.name().to_owned());
        }
    }
    let names = table.columns().iter().find(|c| c.kind == Kind::Owner(owner));
    if let Some(column) = names {
        cells.entry(column.name).or_insert_with(|| id.to_owned());
    }
}

/// The table that a field holds objects of.
fn table_of(field: &str) -> Option<Table> {
    match field {
        "additional_urls" | "additional_websites" => Some(Table::Urls),
        "capacities" => Some(Table::ServiceCapacities),
        "taxonomy_detail" => Some(Table::Taxonomies),
        field => Table::of(field),
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
    .filter(|text| !text.trim().is_empty())
}

/// One object at a time: a whole file of them would be many times its size.
struct Document<'a> {
    documents: &'a mut Documents,
    table: Table,
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
        while let Some(one) = all.next_element::<Map<String, Value>>()? {
            self.documents.object(self.table, &one, None).map_err(A::Error::custom)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut object = Map::new();
        while let Some((name, value)) = fields.next_entry()? {
            object.insert(name, value);
        }
        let all = match object.get("contents") {
            Some(Value::Array(all)) => all.iter().map(Value::as_object).collect(),
            _ => Some(vec![&object]),
        };
        for one in all.ok_or_else(|| A::Error::custom("an object is missing"))? {
            self.documents.object(self.table, one, None).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
