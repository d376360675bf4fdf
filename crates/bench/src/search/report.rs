//! The table of searches.

use std::fmt;

use anyhow::Context as _;
use comfy_table::CellAlignment;

use super::queries::QUERIES;
use crate::run::report::table;

/// What a search of the larger directory may take at p99, in nanoseconds.
const MOST: u64 = 100_000_000;

/// In nanoseconds.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    pub median: u64,
    pub p99: u64,
}

impl Taken {
    pub fn of(mut nanos: Vec<u64>) -> anyhow::Result<Self> {
        nanos.sort_unstable();
        let at = |percent: usize| {
            nanos.get((nanos.len() * percent / 100).min(nanos.len().saturating_sub(1))).copied()
        };
        let (median, p99) = at(50).zip(at(99)).context("nothing was timed")?;
        Ok(Self { median, p99 })
    }
}

#[derive(Debug)]
pub struct Report {
    pub services: usize,
    pub calls: usize,
    /// Of each query, of a tenth of the services.
    pub small: Vec<Taken>,
    pub large: Vec<Taken>,
    /// Of the larger, as a scan.
    pub before: Vec<Option<Taken>>,
    pub smoke: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |nanos: u64| format!("{:.1}", nanos as f64 / 1e6);
        let ratio = |one: u64, other: u64| format!("{:.1}", other as f64 / one.max(1) as f64);
        let columns = [
            "search",
            "p50 ms",
            "p99 ms",
            "p50 ms",
            "p99 ms",
            "p99 grows",
            "scan p50",
            "scan / search",
        ];
        let mut table = table(&columns, 1);
        if let Some(names) = table.column_mut(0) {
            names.set_cell_alignment(CellAlignment::Left);
        }
        for (((query, small), large), before) in
            QUERIES.iter().zip(&self.small).zip(&self.large).zip(&self.before)
        {
            let scan = |of: fn(Taken, Taken) -> (u64, u64)| before.map(|taken| of(taken, *large));
            table.add_row([
                query.name.to_owned(),
                ms(small.median),
                ms(small.p99),
                ms(large.median),
                ms(large.p99),
                ratio(small.p99, large.p99),
                scan(|taken, _| (taken.median, 0)).map_or_else(|| "-".into(), |(scan, _)| ms(scan)),
                scan(|taken, large| (large.median, taken.median))
                    .map_or_else(|| "-".into(), |(search, scan)| ratio(search, scan)),
            ]);
        }
        writeln!(f, "{table}\n")?;
        if self.smoke {
            writeln!(f, "A smoke run: it shows that all works. Its figures say nothing.\n")?;
        } else {
            let worst = self.large.iter().map(|taken| taken.p99).max().unwrap_or_default();
            let word = if worst < MOST { "within" } else { "over" };
            writeln!(f, "The slowest p99 is {word} its bound of {} ms.\n", ms(MOST))?;
        }
        writeln!(
            f,
            "The left pair is of {} services, the right one of {}, of agencies with fifty each; {} calls \
             of each search,\none after the other, over a socket, with a token, 50 results a page. The \
             scan is the statement by which the\nsame was found before (ILIKE, no index), in the same \
             database, without RPC; it knows no Spanish, no misspelt\nword and no rank.\n",
            self.services / 10,
            self.services,
            self.calls,
        )
    }
}
