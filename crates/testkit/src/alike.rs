//! Whether times tell things apart.

use std::{fmt, ops::RangeInclusive};

/// Within this, times do not tell two things apart.
pub const ALIKE: RangeInclusive<f64> = 0.45..=0.55;
/// Two-sided, of the normal distribution.
const Z95: f64 = 1.959_964;

/// The chance that one of the first takes longer than one of the second (Mann-Whitney): half where they are alike.
/// A tie counts half.
pub fn auc(first: &[f64], second: &[f64]) -> f64 {
    let mut second = second.to_vec();
    second.sort_by(f64::total_cmp);
    let wins = first.iter().map(|taken| {
        let below = second.partition_point(|other| other < taken);
        let not_above = second.partition_point(|other| other <= taken);
        (below + not_above) as f64 / 2.0
    });
    wins.sum::<f64>() / (first.len() as f64 * second.len() as f64)
}

/// The same with its 95 % interval, by the standard error of Hanley and McNeil (Radiology 143, 1982): with
/// Q1 = A / (2 - A) and Q2 = 2 A² / (1 + A), over m and n samples,
/// SE² = (A (1 - A) + (m - 1) (Q1 - A²) + (n - 1) (Q2 - A²)) / (m n). At 0.5 that is (m + n + 1) / (12 m n), the
/// variance where nothing differs; ties make it too wide and never too narrow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auc {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Auc {
    pub fn of(first: &[f64], second: &[f64]) -> Self {
        let value = auc(first, second);
        let half = Z95 * standard_error(value, first.len() as f64, second.len() as f64);
        Self { value, low: (value - half).max(0.0), high: (value + half).min(1.0) }
    }

    /// Whether the value lies in the band.
    pub fn lies_in(&self, band: &RangeInclusive<f64>) -> bool {
        band.contains(&self.value)
    }

    /// Whether the interval reaches the band: the samples do not show that the value lies outside.
    pub fn reaches(&self, band: &RangeInclusive<f64>) -> bool {
        self.low <= *band.end() && self.high >= *band.start()
    }
}

impl fmt::Display for Auc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ({:.3} to {:.3})", self.value, self.low, self.high)
    }
}

fn standard_error(value: f64, m: f64, n: f64) -> f64 {
    let squared = value * value;
    let q1 = value / (2.0 - value);
    let q2 = 2.0 * squared / (1.0 + value);
    let variance = value * (1.0 - value) + (m - 1.0) * (q1 - squared) + (n - 1.0) * (q2 - squared);
    (variance.max(0.0) / (m * n)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_measure_tells_apart_what_differs_and_not_what_does_not() {
        let same: Vec<f64> = (0..1000).map(|i| f64::from(i % 97)).collect();
        assert!((auc(&same, &same) - 0.5).abs() < 1e-9);
        let later: Vec<f64> = same.iter().map(|t| t + 20.0).collect();
        assert!(auc(&later, &same) > 0.6);
        assert!(auc(&same, &later) < 0.4);
        assert!(Auc::of(&same, &same).reaches(&ALIKE));
        assert!(!Auc::of(&later, &same).reaches(&ALIKE));
        assert!(!Auc::of(&same, &later).reaches(&ALIKE));
    }

    #[test]
    fn a_tie_counts_half() {
        // Of six pairs one is won, two are ties.
        assert!((auc(&[2.0, 1.0], &[1.0, 2.0, 3.0]) - 2.0 / 6.0).abs() < 1e-12);
        assert!((auc(&[1.0, 1.0], &[1.0]) - 0.5).abs() < 1e-12);
    }

    /// The readings of 109 scans that the paper's method is shown by: 0.893 with a standard error of 0.032.
    #[test]
    fn the_interval_is_that_of_the_published_case() {
        let readings = |many: [usize; 5]| -> Vec<f64> {
            let each = many.into_iter().enumerate();
            each.flat_map(|(grade, many)| std::iter::repeat_n(grade as f64, many)).collect()
        };
        let (abnormal, normal) = (readings([3, 2, 2, 11, 33]), readings([33, 6, 6, 11, 2]));
        assert_eq!((abnormal.len(), normal.len()), (51, 58));
        let told = Auc::of(&abnormal, &normal);
        assert!((told.value - 0.893).abs() < 0.000_5, "{told}");
        let error = (told.high - told.value) / Z95;
        assert!((error - 0.032).abs() < 0.001, "{error}");
        assert!((told.value - told.low - (told.high - told.value)).abs() < 1e-12, "{told}");
    }

    #[test]
    fn where_nothing_differs_the_interval_is_that_of_the_ranks() {
        let same: Vec<f64> = (0..400).map(f64::from).collect();
        let told = Auc::of(&same, &same);
        let error = (801.0_f64 / (12.0 * 160_000.0)).sqrt();
        assert!((told.high - 0.5 - Z95 * error).abs() < 1e-12, "{told}");
        let (first, last) = (Auc::of(&[1.0], &[2.0]), Auc::of(&[2.0], &[1.0]));
        assert_eq!((first.low, last.high), (0.0, 1.0));
    }
}
