//! Reads a directory of human services in HSDS 3 (Open Referral), as CSV tables or as JSON.
//!
//! Invariant: an organization is whole or it is not there. A bad row refuses the organization that
//! it hangs below, be it the organization's own row or a telephone number three tables away, and
//! every bad row is named with table, line, column and reason. Other organizations import.
//!
//! Columns come in any order; what a table does not fill may be empty or left out; what we don't
//! keep is ignored and counted. Text is UTF-8, with or without a byte order mark, with either line
//! end. A row that names no owner in a table where HSDS asks for none (a telephone number whose
//! contact was left out of the export) is `unattached`: it is reported, and refuses nothing. A
//! row that names an owner who isn't there is a rejection of its own.
//!
//! Every sound row is also kept as it was given, cell by cell: see [`Given`].
//!
//! Pure: bytes in, plain data out. Nothing here knows of a database or of the wire.

mod build;
mod category;
mod given;
mod json;
mod link;
mod reason;
mod rows;
mod schema;
mod split;
mod tree;
mod value;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use build::Builder;
use link::{Linked, Tables};

pub use category::{Meaning, NeedCategory, SupportKind, meaning};
pub use given::{Given, header, object, record};
pub use reason::{Reason, Rejection};
pub use rows::{MAX_FILE_BYTES, MAX_ROWS};
pub use schema::Table;
pub use split::{Fault, Record, Records};
pub use tree::{
    Accessibility, Address, Attribute, Capacity, Contact, CostOption, Identifier, Language,
    Location, OrganizationTree, Phone, PlaceType, Position, Program, RequiredDocument, Schedule,
    Service, ServiceArea, ServiceAtLocation, ServiceStatus, Term,
};
pub use value::{MAX_EMAIL, MAX_EXTENT, MAX_ID, MAX_NAME, MAX_PHONE, MAX_TEXT, MAX_URL, TimeOfDay};

/// So many organizations are named beside one bad row; `Import::refused` has them all.
pub const MAX_NAMED: usize = 10;

/// What became of a directory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Import {
    /// The organizations that are whole, in the order of their table.
    pub organizations: Vec<OrganizationTree>,
    /// The organizations that are not, in the order of their table.
    pub refused: Vec<Refused>,
    /// Every bad row, by table and line.
    pub rejected: Vec<Rejection>,
    /// Rows that name no owner where none is asked for: no fault of anyone's.
    pub unattached: Vec<Place>,
    /// The sound rows that belong to no organization: shared lists, and what is unattached.
    pub nobodys: Vec<Arc<Given>>,
    /// Columns that we don't keep.
    pub ignored_columns: Vec<(Table, String)>,
    /// Files that are none of our tables.
    pub ignored_files: Vec<String>,
}

/// An organization that does not import.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// Missing where its row has none.
    pub id: Option<String>,
    pub line: u64,
}

/// Where a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub table: Table,
    /// 1-based physical line on which the row starts.
    pub line: u64,
}

/// What an import holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub organizations: usize,
    pub services: usize,
    /// A location that several organizations use counts once.
    pub locations: usize,
}

impl Import {
    pub fn counts(&self) -> Counts {
        let locations = self.organizations.iter().flat_map(|o| &o.locations);
        Counts {
            organizations: self.organizations.len(),
            services: self.organizations.iter().map(|o| o.services.len()).sum(),
            locations: locations.map(|l| l.id.as_str()).collect::<BTreeSet<_>>().len(),
        }
    }
}

/// Reads a directory from its files, each with its name (`phones.csv`, `phones` or `phones.json`; a
/// line of what was JSON is that of the row in the table that it makes). A file that is none of the tables is
/// ignored; a table that can't be read at all refuses everything, since any organization may have
/// had rows in it.
pub fn parse<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Import {
    let mut import = Import::default();
    let mut tables = Tables::new();
    let mut unreadable = BTreeMap::new();
    let mut documents = json::Documents::default();
    let mut take = |table, bytes: &[u8]| {
        if tables.contains_key(&table) || unreadable.contains_key(&table) {
            unreadable.insert(table, "two files hold it");
            return;
        }
        match rows::load(table, bytes) {
            Ok(loaded) => drop(tables.insert(table, loaded)),
            Err(why) => drop(unreadable.insert(table, why)),
        }
    };
    let mut broken = Vec::new();
    for (name, bytes) in files {
        match table_of(name) {
            Some((table, Format::Csv)) => take(table, bytes),
            Some((table, Format::Json)) => {
                broken.extend(documents.read(table, bytes).err().map(|why| (table, why)));
            }
            None => import.ignored_files.push(name.to_owned()),
        }
    }
    import.ignored_columns.append(&mut documents.ignored());
    for (table, bytes) in documents.files() {
        take(table, &bytes);
    }
    unreadable.extend(broken);
    if !tables.contains_key(&Table::Organizations) {
        unreadable.entry(Table::Organizations).or_insert("the file is missing");
    }
    for (table, loaded) in &tables {
        import.ignored_columns.extend(loaded.ignored.iter().map(|name| (*table, name.clone())));
    }
    if unreadable.is_empty() {
        trees(&tables, &mut import);
    } else {
        let why = |(table, why)| Rejection {
            table,
            line: 1,
            column: "",
            reason: Reason::Unreadable(why),
            organizations: Vec::new(),
        };
        import.rejected = unreadable.into_iter().map(why).collect();
    }
    import
}

/// How the rows of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

/// By the name of a file, or of a table alone, as the contract has it.
fn table_of(file: &str) -> Option<(Table, Format)> {
    let name = file.rsplit(['/', '\\']).next()?;
    let (stem, format) = match name.rsplit_once('.') {
        None => (name, Format::Csv),
        Some((stem, csv)) if csv.eq_ignore_ascii_case("csv") => (stem, Format::Csv),
        Some((stem, json)) if json.eq_ignore_ascii_case("json") => (stem, Format::Json),
        Some(_) => return None,
    };
    Some((Table::of(stem)?, format))
}

/// Every sound row, to the organizations below which it hangs or to nobody.
fn give(linked: &Linked<'_>, import: &mut Import) {
    let mut trees: BTreeMap<String, &mut OrganizationTree> =
        import.organizations.iter_mut().map(|tree| (tree.id.clone(), tree)).collect();
    let id = |n: usize| linked.row((Table::Organizations, n))?.id();
    let faulty: BTreeSet<link::At> = linked.faults.iter().map(|fault| fault.at).collect();
    let all = Table::ALL.iter().flat_map(|t| (0..linked.rows(*t).len()).map(|n| (*t, n)));
    for at in all.filter(|at| !faulty.contains(at)) {
        let mut owners = linked.owners(at).peekable();
        let owned = owners.peek().is_some();
        let mut owners = owners.filter(|n| !linked.refused.contains(n)).peekable();
        if owned && owners.peek().is_none() {
            continue;
        }
        let Some(row) = Given::of(linked, at).map(Arc::new) else { continue };
        if !owned {
            import.nobodys.push(row);
            continue;
        }
        for owner in owners {
            if let Some(tree) = id(owner).and_then(|id| trees.get_mut(id)) {
                tree.rows.push(Arc::clone(&row));
            }
        }
    }
}

fn trees(tables: &Tables, import: &mut Import) {
    let linked = Linked::of(tables);
    let builder = Builder::of(&linked);
    let line = |at| linked.row(at).map_or(0, |row| row.line);
    for fault in &linked.faults {
        let owners = linked.owners(fault.at);
        import.rejected.push(Rejection {
            table: fault.at.0,
            line: line(fault.at),
            column: fault.column,
            reason: fault.reason.clone(),
            organizations: owners
                .filter_map(|n| linked.row((Table::Organizations, n))?.own("id"))
                .take(MAX_NAMED)
                .collect(),
        });
    }
    for (n, row) in linked.rows(Table::Organizations).iter().enumerate() {
        let refused = Refused { id: row.own("id"), line: row.line };
        if linked.refused.contains(&n) {
            import.refused.push(refused);
        } else if let Some(tree) = builder.organization(n) {
            import.organizations.push(tree);
        } else {
            // Sound rows always make a tree; if that is ever wrong, nothing half-made imports.
            import.rejected.push(Rejection {
                table: Table::Organizations,
                line: row.line,
                column: "",
                reason: Reason::Required,
                organizations: refused.id.iter().cloned().collect(),
            });
            import.refused.push(refused);
        }
    }
    give(&linked, import);
    let place = |at: &link::At| Place { table: at.0, line: line(*at) };
    import.unattached = linked.unattached.iter().map(place).collect();
    import.rejected.sort();
    import.rejected.dedup();
}
