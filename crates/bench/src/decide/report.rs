//! The table of decisions.

use std::fmt;

use comfy_table::CellAlignment;

use super::measure::Taken;
use crate::run::report::table;

/// What a decision may take, in nanoseconds.
const MOST: Taken = Taken { median: 2_000, p99: 5_000 };

#[derive(Debug)]
pub struct Report {
    pub ours: Taken,
    pub theirs: Taken,
    pub consents: usize,
    pub rules: usize,
    pub calls: usize,
    pub smoke: bool,
}

impl Report {
    fn within(&self) -> bool {
        self.ours.median < MOST.median && self.ours.p99 < MOST.p99
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |nanos: u64| format!("{:.2}", nanos as f64 / 1e3);
        let ratio = |one: u64, other: u64| format!("{:.1}", other as f64 / one.max(1) as f64);
        let mut table = table(&["engine", "median us", "p99 us"], 1);
        if let Some(names) = table.column_mut(0) {
            names.set_cell_alignment(CellAlignment::Left);
        }
        let mut row = |name: &str, values: [String; 2]| {
            table.add_row(std::iter::once(name.to_owned()).chain(values));
        };
        let (ours, theirs) = (self.ours, self.theirs);
        row("policy::decide", [micros(ours.median), micros(ours.p99)]);
        row("Cedar is_authorized", [micros(theirs.median), micros(theirs.p99)]);
        row("Cedar / policy", [ratio(ours.median, theirs.median), ratio(ours.p99, theirs.p99)]);
        writeln!(f, "{table}\n")?;
        if self.smoke {
            writeln!(f, "A smoke run: it shows that all works. Its figures say nothing.\n")?;
        } else {
            let word = if self.within() { "within" } else { "over" };
            writeln!(
                f,
                "A decision is {word} its bounds of {} us at the median and {} us at p99.\n",
                micros(MOST.median),
                micros(MOST.p99),
            )?;
        }
        writeln!(
            f,
            "{} consents, {} rules with their exceptions, in force and for this request; the last \
             alone covers the record.\nEach of {} calls of either engine is timed by itself, by \
             turns on one thread; what reading the clock takes is\ntaken off. policy::decide \
             starts from the stored facts at every call. Cedar has its policies parsed, its \
             entities\nand its request made beforehand.\n",
            self.consents, self.rules, self.calls,
        )
    }
}
