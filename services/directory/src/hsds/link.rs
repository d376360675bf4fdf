//! Which row hangs below which organization, and so which organizations a bad row refuses.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

use super::{
    reason::Reason,
    rows::{Loaded, Row},
    schema::Table,
    value::{Kind, Value},
};

/// A location that more organizations use than this is an error of the source, and a way to make a
/// small file cost much.
const MAX_SHARING: usize = 1_000;

/// Entities of HSDS that we don't keep: an attribute of one belongs to nothing here.
const NOT_KEPT: &[&str] = &["metadata", "meta_table_description"];

pub(super) type Tables = BTreeMap<Table, Loaded>;
pub(super) type At = (Table, usize);

/// Rows of `organizations`. Shared, since all that hangs below one row has the same.
type Owners = Rc<BTreeSet<usize>>;

/// What is wrong with a row.
#[derive(Debug)]
pub(super) struct Fault {
    pub at: At,
    pub column: &'static str,
    pub reason: Reason,
}

/// The tables, linked.
#[derive(Debug)]
pub(super) struct Linked<'a> {
    tables: &'a Tables,
    ids: HashMap<(Table, &'a str), Vec<usize>>,
    /// Rows of `organizations` that a row hangs below.
    owners: HashMap<At, Owners>,
    children: HashMap<At, Vec<At>>,
    /// Rows that name no owner. Nothing refers to them and nothing is lost without them.
    pub unattached: BTreeSet<At>,
    pub faults: Vec<Fault>,
    /// Rows of `organizations` that are refused.
    pub refused: BTreeSet<usize>,
}

impl<'a> Linked<'a> {
    pub(super) fn of(tables: &'a Tables) -> Self {
        let mut linked = Self {
            tables,
            ids: HashMap::new(),
            owners: HashMap::new(),
            children: HashMap::new(),
            unattached: BTreeSet::new(),
            faults: Vec::new(),
            refused: BTreeSet::new(),
        };
        for (table, loaded) in tables {
            let fault = |f: &super::rows::RowFault| Fault {
                at: (*table, f.row),
                column: f.column,
                reason: f.reason.clone(),
            };
            linked.faults.extend(loaded.faults.iter().map(fault));
        }
        linked.index();
        let mut bad: BTreeSet<At> = linked.faults.iter().map(|f| f.at).collect();
        let mut at_location = HashMap::<usize, BTreeSet<usize>>::new();
        for table in Table::ALL {
            for (n, row) in linked.rows(*table).iter().enumerate() {
                let before = linked.faults.len();
                linked.link(n, row, &bad, &mut at_location);
                if linked.faults.len() > before {
                    bad.insert((*table, n));
                }
            }
        }
        linked.cycles();
        linked.refuse();
        linked
    }

    pub(super) fn rows(&self, table: Table) -> &'a [Row] {
        self.tables.get(&table).map_or(&[], |loaded| &loaded.rows)
    }

    pub(super) fn row(&self, at: At) -> Option<&'a Row> {
        self.rows(at.0).get(at.1)
    }

    pub(super) fn owners(&self, at: At) -> impl Iterator<Item = usize> {
        self.owners.get(&at).into_iter().flat_map(|owners| owners.iter().copied())
    }

    /// The rows of `table` that hang below a row.
    pub(super) fn children(&self, of: At, table: Table) -> impl Iterator<Item = (usize, &'a Row)> {
        let below = self.children.get(&of).map_or(&[][..], Vec::as_slice);
        let rows = self.rows(table);
        below.iter().filter(move |at| at.0 == table).filter_map(|at| Some((at.1, rows.get(at.1)?)))
    }

    /// The row that a column of a sound row names.
    pub(super) fn named(&self, table: Table, id: &str) -> Option<(usize, &'a Row)> {
        let at = *self.ids.get(&(table, id))?.first()?;
        Some((at, self.rows(table).get(at)?))
    }

    fn fault(&mut self, at: At, column: &'static str, reason: Reason) {
        self.faults.push(Fault { at, column, reason });
    }

    fn index(&mut self) {
        for table in Table::ALL {
            for (n, row) in self.rows(*table).iter().enumerate() {
                if let Some(id) = row.id() {
                    self.ids.entry((*table, id)).or_default().push(n);
                }
            }
        }
        let mut twice = Vec::new();
        for ((table, _), rows) in &self.ids {
            let [first, second, ..] = rows.as_slice() else { continue };
            for n in rows {
                let other = if n == first { *second } else { *first };
                let other_line = self.row((*table, other)).map_or(0, |row| row.line);
                twice.push(((*table, *n), Reason::Duplicate { other_line }));
            }
        }
        for (at, reason) in twice {
            self.fault(at, "id", reason);
        }
    }

    fn link(
        &mut self,
        n: usize,
        row: &'a Row,
        bad: &BTreeSet<At>,
        at_location: &mut HashMap<usize, BTreeSet<usize>>,
    ) {
        let table = row.table;
        let at = (table, n);
        let mut owners = Owners::default();
        let mut above = Vec::new();
        let mut unowned = Vec::new();
        let mut names_an_owner = table == Table::Organizations;
        if table == Table::Organizations {
            owners = Rc::new([n].into());
        }
        for (place, column) in table.columns().iter().enumerate() {
            let Some(Value::Text(id)) = row.value(place) else { continue };
            let named = match column.kind {
                Kind::Owner(named) | Kind::Refers(named) => named,
                Kind::Link => match self.entity(at, row) {
                    Some(named) => named,
                    None => continue,
                },
                _ => continue,
            };
            let owns = !matches!(column.kind, Kind::Refers(_));
            names_an_owner |= owns;
            // Of several rows with one id the first will do: each of them is refused.
            let Some((target, _)) = self.named(named, id) else {
                // In a misshapen row any cell may stand in this one's place.
                if !row.misshapen {
                    self.fault(at, column.name, Reason::Dangling(named));
                }
                continue;
            };
            let target = (named, target);
            if !owns {
                self.check_reference(at, row, column.name, target, bad);
                continue;
            }
            above.push(target);
            let found = self.owners.get(&target).cloned().unwrap_or_default();
            if found.is_empty() {
                unowned.push((column.name, target));
            }
            merge(&mut owners, &found);
        }
        match table {
            Table::ServiceAtLocation => {
                let location =
                    row.text("location_id").and_then(|id| self.named(Table::Locations, id));
                if let Some((location, row)) = location {
                    if owners.is_empty() {
                        // Its service is unknown: the keeper of the location has lost something.
                        let keeper = row.text("organization_id");
                        let keeper = keeper.and_then(|id| self.named(Table::Organizations, id));
                        owners = Rc::new(keeper.map(|(keeper, _)| keeper).into_iter().collect());
                    }
                    at_location.entry(location).or_default().extend(owners.iter());
                }
            }
            Table::Locations => {
                // Whoever offers a service there needs it whole.
                merge(&mut owners, &Rc::new(at_location.remove(&n).unwrap_or_default()));
                above = owners.iter().map(|owner| (Table::Organizations, *owner)).collect();
                if owners.len() > MAX_SHARING {
                    self.fault(at, "id", Reason::Form("a location of at most 1000 organizations"));
                }
            }
            _ => {}
        }
        self.settle(at, &owners, names_an_owner, unowned, bad);
        for parent in above {
            self.children.entry(parent).or_default().push(at);
        }
        self.owners.insert(at, owners);
    }

    /// The table that an attribute stands on; none, too, where it is one that we don't keep.
    fn entity(&mut self, at: At, row: &Row) -> Option<Table> {
        let word = row.text("link_entity")?;
        match Table::of(word) {
            Some(named) if named.is_owned() && named != Table::Attributes => Some(named),
            None if NOT_KEPT.iter().any(|entity| entity.eq_ignore_ascii_case(word)) => None,
            _ => {
                self.fault(at, "link_entity", Reason::Form("a table of HSDS"));
                None
            }
        }
    }

    /// A row below one that belongs to nobody: unattached like it, or lost with it.
    fn settle(
        &mut self,
        at: At,
        owners: &Owners,
        names_an_owner: bool,
        unowned: Vec<(&'static str, At)>,
        bad: &BTreeSet<At>,
    ) {
        let faulty = bad.contains(&at) || self.faults.last().is_some_and(|fault| fault.at == at);
        if owners.is_empty() && !names_an_owner && !faulty && at.0.is_owned() {
            self.unattached.insert(at);
        }
        for (column, named) in unowned {
            if !self.unattached.contains(&named) {
                let line = self.row(named).map_or(0, |row| row.line);
                self.fault(at, column, Reason::NamesUnowned { table: named.0, line });
            } else if owners.is_empty() && !faulty {
                self.unattached.insert(at);
            }
        }
    }

    /// What a row needs besides its owners: sound, and of the same organization.
    fn check_reference(
        &mut self,
        at: At,
        row: &Row,
        column: &'static str,
        named: At,
        bad: &BTreeSet<At>,
    ) {
        let (table, n) = named;
        if !table.is_owned() && table != at.0 && bad.contains(&named) {
            let line = self.row((table, n)).map_or(0, |row| row.line);
            self.fault(at, column, Reason::NamesRefused { table, line });
        }
        if table == Table::Programs {
            let program = self.row(named).and_then(|program| program.text("organization_id"));
            if program.is_some() && program != row.text("organization_id") {
                self.fault(at, column, Reason::OtherOrganization(table));
            }
        }
    }

    fn parent(&self, organization: usize) -> Option<usize> {
        let row = self.row((Table::Organizations, organization))?;
        self.named(Table::Organizations, row.text("parent_organization_id")?).map(|(n, _)| n)
    }

    fn cycles(&mut self) {
        let count = self.rows(Table::Organizations).len();
        // 0: not seen; else the walk that saw it first.
        let mut seen = vec![0_usize; count];
        let mut in_cycle = Vec::new();
        for start in 0..count {
            let mut next = Some(start);
            while let Some(here) = next {
                match seen.get_mut(here) {
                    Some(mark) if *mark == 0 => *mark = start + 1,
                    Some(mark) if *mark == start + 1 => {
                        in_cycle.push(here);
                        // Round once more, to name every member.
                        let mut member = self.parent(here);
                        while let Some(m) = member.filter(|m| *m != here) {
                            in_cycle.push(m);
                            member = self.parent(m);
                        }
                        break;
                    }
                    _ => break,
                }
                next = self.parent(here);
            }
        }
        for n in in_cycle {
            self.fault((Table::Organizations, n), "parent_organization_id", Reason::ParentCycle);
        }
    }

    fn refuse(&mut self) {
        let faulty: BTreeSet<At> = self.faults.iter().map(|fault| fault.at).collect();
        self.refused = faulty.iter().flat_map(|at| self.owners(*at)).collect();
        let mut queue: Vec<_> = self.refused.iter().copied().collect();
        let mut units = HashMap::<usize, Vec<usize>>::new();
        for n in 0..self.rows(Table::Organizations).len() {
            if let Some(parent) = self.parent(n) {
                units.entry(parent).or_default().push(n);
            }
        }
        // A unit does not import without the organization that it is part of.
        while let Some(n) = queue.pop() {
            for unit in units.remove(&n).unwrap_or_default() {
                if self.refused.insert(unit) {
                    let table = Table::Organizations;
                    let line = self.row((table, n)).map_or(0, |row| row.line);
                    let reason = Reason::NamesRefused { table, line };
                    self.fault((table, unit), "parent_organization_id", reason);
                    queue.push(unit);
                }
            }
        }
    }
}

fn merge(owners: &mut Owners, more: &Owners) {
    if owners.is_empty() {
        *owners = Rc::clone(more);
    } else if !Rc::ptr_eq(owners, more) && !more.is_subset(owners) {
        Rc::make_mut(owners).extend(more.iter());
    }
}
