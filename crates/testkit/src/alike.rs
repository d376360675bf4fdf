//! Whether times tell things apart.

/// The chance that one of the first takes longer than one of the second (Mann-Whitney): half where they are alike.
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

#[cfg(test)]
mod tests {
    use super::auc;

    #[test]
    fn the_measure_tells_apart_what_differs_and_not_what_does_not() {
        let same: Vec<f64> = (0..1000).map(|i| f64::from(i % 97)).collect();
        assert!((auc(&same, &same) - 0.5).abs() < 1e-9);
        let later: Vec<f64> = same.iter().map(|t| t + 20.0).collect();
        assert!(auc(&later, &same) > 0.6);
        assert!(auc(&same, &later) < 0.4);
    }
}
