//! The table of searches of notes.

use std::fmt;

use comfy_table::CellAlignment;

use super::QUERIES;
use crate::{run::report::table, search::Taken};

/// How much slower ten times as many notes may make the slower p99s.
const GROWTH: f64 = 2.0;
/// Between these, times are not told apart.
const ALIKE: std::ops::RangeInclusive<f64> = 0.45..=0.55;

/// How often one of the first takes longer than one of the second: half of the time where they are alike.
pub fn auc(first: &[u64], second: &[u64]) -> f64 {
    let mut second = second.to_vec();
    second.sort_unstable();
    let wins = first.iter().map(|taken| {
        let (below, not_above) =
            (second.partition_point(|t| t < taken), second.partition_point(|t| t <= taken));
        (below + not_above) as f64 / 2.0
    });
    wins.sum::<f64>() / (first.len() * second.len()).max(1) as f64
}

#[derive(Debug)]
pub struct Report {
    pub notes: usize,
    pub calls: usize,
    pub pairs: usize,
    /// Of each query, of a tenth of the notes.
    pub small: Vec<Taken>,
    pub large: Vec<Taken>,
    /// How well time tells a hidden hit from none.
    pub told: f64,
    pub smoke: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |nanos: u64| format!("{:.1}", nanos as f64 / 1e6);
        let grows = |small: &Taken, large: &Taken| large.p99 as f64 / small.p99.max(1) as f64;
        let mut table =
            table(&["search of notes", "p50 ms", "p99 ms", "p50 ms", "p99 ms", "p99 grows"], 1);
        if let Some(names) = table.column_mut(0) {
            names.set_cell_alignment(CellAlignment::Left);
        }
        for ((query, small), large) in QUERIES.iter().zip(&self.small).zip(&self.large) {
            table.add_row([
                query.name.to_owned(),
                ms(small.median),
                ms(small.p99),
                ms(large.median),
                ms(large.p99),
                format!("{:.1}", grows(small, large)),
            ]);
        }
        writeln!(f, "{table}\n")?;
        if self.smoke {
            writeln!(f, "A smoke run: it shows that all works. Its figures say nothing.\n")?;
        } else {
            let pairs = self.small.iter().zip(&self.large);
            let worst = pairs.map(|(small, large)| grows(small, large)).fold(0.0, f64::max);
            let word = if worst <= GROWTH { "within" } else { "over" };
            writeln!(
                f,
                "The largest growth of a p99 is {worst:.2}, {word} its bound of {GROWTH:.1}."
            )?;
            let word = if ALIKE.contains(&self.told) { "not told" } else { "TOLD" };
            writeln!(
                f,
                "A search that hits only what is hidden is {word} by its time from one that hits nothing: AUC {:.3} \
                 over {} pairs.\n",
                self.told, self.pairs
            )?;
        }
        writeln!(
            f,
            "The left pair is of {} notes, the right one of {}, fifty of each person, a hundred words each, a third \
             with a section\nthat is hidden from the caller, who is of another agency and reads by each person's \
             consent; {} calls of each search,\none after the other, over a socket, with a token, 20 hits a page.\nWhat finds nothing or names \
             several people leaves on a beat of 10 ms.\n",
            self.notes / 10,
            self.notes,
            self.calls,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::auc;

    #[test]
    fn an_auc_tells_times_apart() {
        assert!((auc(&[1, 2, 3], &[1, 2, 3]) - 0.5).abs() < 1e-9);
        assert!((auc(&[4, 5], &[1, 2, 3]) - 1.0).abs() < 1e-9);
        assert!(auc(&[1, 2], &[1, 3]) < 0.5);
    }
}
