//! The table.

use std::{fmt, time::Duration};

use comfy_table::{CellAlignment, Table, presets::ASCII_MARKDOWN};

use super::{
    cores::{Cores, Layout, list},
    verified::Verified,
};
use crate::{
    serving::{Kind, Runtime},
    world::TOKENS,
};

/// One run.
#[derive(Debug, Clone, Copy)]
pub struct Cell {
    pub kind: Kind,
    pub layout: Layout,
    pub clients: usize,
    pub throughput: f64,
    pub p50: Duration,
    pub p99: Duration,
    /// CPU microseconds a request: the server under measurement, and who helped it.
    pub server: f64,
    pub consent: f64,
    pub postgres: f64,
}

#[derive(Debug)]
pub struct Runtimes {
    pub chosen: Runtime,
    /// CPU microseconds a request at 64 clients.
    pub measured: Vec<(Runtime, Kind, f64)>,
}

#[derive(Debug)]
pub struct Report {
    pub cells: Vec<Cell>,
    pub runtimes: Runtimes,
    pub verified: Verified,
    pub cores: Cores,
    pub database: String,
    pub notes: usize,
    pub runs: usize,
    pub seconds: Duration,
    pub smoke: bool,
}

pub fn short(kind: Kind) -> &'static str {
    match kind {
        Kind::A => "a",
        Kind::B => "b",
        Kind::C => "c",
        Kind::D => "d",
        Kind::Consent => "consent",
        Kind::Referrals => "referrals",
    }
}

fn long(kind: Kind) -> &'static str {
    match kind {
        Kind::A => "(a) bare echo",
        Kind::B => "(b) unprotected read, one SELECT",
        Kind::C => "(c) GetNote: token, consent, durable audit",
        Kind::D => "(d) GetNote: token, consent, no record",
        Kind::Consent => "consent",
        Kind::Referrals => "referrals",
    }
}

pub fn micros_each(cpu: Duration, requests: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / (requests.max(1) as f64)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
    if values.len().is_multiple_of(2) {
        (at(middle.wrapping_sub(1)) + at(middle)) / 2.0
    } else {
        at(middle)
    }
}

impl Report {
    fn of(&self, at: (Layout, usize), kind: Kind, value: impl Fn(&Cell) -> f64) -> f64 {
        let cells = self.cells.iter().filter(|c| (c.layout, c.clients) == at && c.kind == kind);
        median(cells.map(value).collect())
    }

    /// The layouts and numbers of clients that were measured, in order.
    fn places(&self) -> Vec<(Layout, usize)> {
        let mut clients: Vec<usize> = self.cells.iter().map(|c| c.clients).collect();
        clients.sort_unstable();
        clients.dedup();
        let layouts = [Layout::Anywhere, Layout::Apart].into_iter();
        let layouts = layouts.filter(|layout| self.cells.iter().any(|c| c.layout == *layout));
        layouts.flat_map(|layout| clients.iter().map(move |clients| (layout, *clients))).collect()
    }

    fn measured(&self) -> Table {
        let head = [
            "helpers",
            "clients",
            "server",
            "requests/s",
            "p50 us",
            "p99 us",
            "server CPU us/request",
            "consent CPU us/request",
            "PostgreSQL CPU us/request",
        ];
        let mut table = table(&head, 3);
        for at in self.places() {
            for kind in [Kind::A, Kind::B, Kind::C, Kind::D] {
                if !self.cells.iter().any(|c| c.kind == kind) {
                    continue;
                }
                let micros = |of: fn(&Cell) -> Duration| {
                    format!("{:.0}", self.of(at, kind, |c| of(c).as_secs_f64() * 1e6))
                };
                let cpu = |of: fn(&Cell) -> f64| format!("{:.1}", self.of(at, kind, of));
                table.add_row([
                    at.0.name().to_owned(),
                    at.1.to_string(),
                    long(kind).to_owned(),
                    format!("{:.0}", self.of(at, kind, |c| c.throughput)),
                    micros(|c| c.p50),
                    micros(|c| c.p99),
                    cpu(|c| c.server),
                    cpu(|c| c.consent),
                    cpu(|c| c.postgres),
                ]);
            }
        }
        table
    }

    fn ratios(&self) -> Table {
        let head = [
            "helpers",
            "clients",
            "throughput c/a",
            "throughput c/b",
            "p50 c/a",
            "p50 c/b",
            "p99 c/a",
            "p99 c/b",
            "server CPU c/a",
            "server CPU c/b",
        ];
        let mut table = table(&head, 1);
        for at in self.places() {
            let mut row = vec![at.0.name().to_owned(), at.1.to_string()];
            let values: [fn(&Cell) -> f64; 4] =
                [|c| c.throughput, |c| c.p50.as_secs_f64(), |c| c.p99.as_secs_f64(), |c| c.server];
            for value in values {
                for to in [Kind::A, Kind::B] {
                    let ratio = self.of(at, Kind::C, value) / self.of(at, to, value);
                    row.push(format!("{ratio:.2}"));
                }
            }
            table.add_row(row);
        }
        table
    }

    /// What the record of a read costs.
    fn recorded(&self) -> Option<Table> {
        let both = [Kind::C, Kind::D];
        if !both.iter().all(|kind| self.cells.iter().any(|c| c.kind == *kind)) {
            return None;
        }
        let head = [
            "helpers",
            "clients",
            "throughput c/d",
            "p50 added us",
            "p50 c/d",
            "p99 c/d",
            "server CPU c/d",
        ];
        let mut table = table(&head, 1);
        for at in self.places() {
            let [c, d] = both;
            let ratio = |value: fn(&Cell) -> f64| {
                format!("{:.2}", self.of(at, c, value) / self.of(at, d, value))
            };
            let p50 = |kind| self.of(at, kind, |c| c.p50.as_secs_f64() * 1e6);
            table.add_row([
                at.0.name().to_owned(),
                at.1.to_string(),
                ratio(|c| c.throughput),
                format!("{:.0}", p50(c) - p50(d)),
                ratio(|c| c.p50.as_secs_f64()),
                ratio(|c| c.p99.as_secs_f64()),
                ratio(|c| c.server),
            ]);
        }
        Some(table)
    }

    /// At the most clients, in each layout.
    fn verdicts(&self) -> Vec<String> {
        let places = self.places();
        let most = places.iter().map(|(_, clients)| *clients).max();
        let at_most = places.into_iter().filter(|(_, clients)| Some(*clients) == most);
        let verdict = |at: (Layout, usize)| {
            let throughput = |kind| self.of(at, kind, |c| c.throughput);
            let ratio = throughput(Kind::C) / throughput(Kind::B);
            let word = match ratio {
                r if r.is_nan() => return None,
                r if r >= 1.0 => "at least as fast as",
                _ => "slower than",
            };
            Some(format!(
                "At {} clients, helpers {}: the checked and recorded read is {word} the unprotected \
                 one: {ratio:.2} of its throughput.",
                at.1,
                at.0.name()
            ))
        };
        at_most.filter_map(verdict).collect()
    }
}

pub fn table(head: &[&str], words: usize) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN).set_header(head.iter().copied());
    for (place, column) in table.column_iter_mut().enumerate() {
        if place >= words || place == 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n\n{}\n", self.measured(), self.ratios())?;
        if let Some(recorded) = self.recorded() {
            writeln!(f, "What the durable record of a read costs:\n\n{recorded}\n")?;
        }
        writeln!(f, "{}\n", self.verified)?;
        for verdict in self.verdicts() {
            writeln!(f, "{verdict}\n")?;
        }
        if self.smoke {
            writeln!(f, "A smoke run: it shows that all works. Its figures say nothing.\n")?;
        }
        writeln!(
            f,
            "The median of {} runs of {:.1} s each, each after a run that is not counted, and all after every \
             server has\nread the notes once. h2load has N connections with one request each at a \
             time (-c N -m 1). The server is pinned to core {}, \
             h2load to {}; its helpers, PostgreSQL and the\nconsent service, run where the system \
             puts them (anywhere), or beside h2load (apart). {}.\nThe same \
             listener with all its limits, pool settings and tables for all; (b) as a role without \
             row-level security.",
            self.runs,
            self.seconds.as_secs_f64(),
            self.cores.server,
            list(&self.cores.others),
            self.database,
        )?;
        writeln!(
            f,
            "{} notes of as many people, {TOKENS} tokens; half of the reads are by the custodian's \
             staff, half by another\nagency under the person's signed consent. h2load varies the \
             path only: before all three servers the same\nlayer turns /n/<k> into the call with \
             note k's body and token, prepared in memory, and counts how calls end\nby their \
             gRPC status. Server CPU: user and system time of its process over requests answered.",
            self.notes,
        )?;
        write!(f, "tokio runtime: {}", self.runtimes.chosen.name())?;
        for (runtime, kind, cost) in &self.runtimes.measured {
            write!(f, "; ({}) at 64 clients on {}: {cost:.1} us", short(*kind), runtime.name())?;
        }
        writeln!(f, ".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn the_report_compares_medians_at_each_number_of_clients() {
        let cell = |kind, throughput| Cell {
            kind,
            layout: Layout::Apart,
            clients: 64,
            throughput,
            p50: Duration::from_micros(100),
            p99: Duration::from_micros(200),
            server: 20.0,
            consent: 1.0,
            postgres: 30.0,
        };
        let cells = [(Kind::B, 100.0), (Kind::B, 300.0), (Kind::B, 200.0), (Kind::C, 250.0)];
        let report = Report {
            cells: cells.map(|(kind, throughput)| cell(kind, throughput)).to_vec(),
            runtimes: Runtimes { chosen: Runtime::Current, measured: Vec::new() },
            verified: Verified::default(),
            cores: Cores { server: 0, others: vec![1] },
            database: String::new(),
            notes: 1,
            runs: 3,
            seconds: Duration::from_secs(1),
            smoke: false,
        };
        assert!(report.verdicts()[0].contains("at least as fast as"));
        assert!(report.to_string().contains("1.25"));
    }
}
