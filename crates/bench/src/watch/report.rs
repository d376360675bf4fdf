//! The table of lags.

use std::{fmt, time::Duration};

use crate::run::report::table;

/// With so many who watch: from each reply to each event, in their order.
#[derive(Debug)]
pub struct Seen {
    pub watching: usize,
    pub lags: Vec<Duration>,
    pub writes: usize,
    pub took: Duration,
}

impl Seen {
    fn part(&self, percent: usize) -> f64 {
        let at = self.lags.len().saturating_sub(1) * percent / 100;
        self.lags.get(at).map_or(0.0, |lag| lag.as_secs_f64() * 1e3)
    }
}

#[derive(Debug)]
pub struct Report {
    pub seen: Vec<Seen>,
    pub rate: u32,
    pub smoke: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head =
            ["watching", "told", "p50 ms", "p99 ms", "p50 / alone", "p99 / alone", "writes/s"];
        let mut table = table(&head, 0);
        let alone = self.seen.first();
        for seen in &self.seen {
            let ratio = |percent| {
                let one = alone.map_or(0.0, |alone| alone.part(percent));
                format!("{:.1}", seen.part(percent) / one.max(0.001))
            };
            table.add_row([
                seen.watching.to_string(),
                seen.lags.len().to_string(),
                format!("{:.2}", seen.part(50)),
                format!("{:.2}", seen.part(99)),
                ratio(50),
                ratio(99),
                format!("{:.1}", seen.writes as f64 / seen.took.as_secs_f64()),
            ]);
        }
        writeln!(f, "{table}\n")?;
        if self.smoke {
            writeln!(f, "A smoke run: it shows that all works. Its figures say nothing.\n")?;
        }
        writeln!(
            f,
            "WatchReferrals: from the reply to CreateReferral to its event at each who watches, ten of each agency. \
             {} writes\na second are begun, to each agency in turn; the service has one core, and all else the others. \
             Each event is\ndecided on and on record for each of them before it is told.\n",
            self.rate,
        )
    }
}
