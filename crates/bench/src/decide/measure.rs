//! Each call timed by itself.

use std::{hint::black_box, time::Instant};

use anyhow::{Context as _, ensure};

/// What one engine took, in nanoseconds.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    pub median: u64,
    pub p99: u64,
}

/// Calls that are made in one turn.
const TURN: usize = 200;

/// Times `calls` calls of each, in turns, so that a slower moment of the machine meets both. What a
/// reading of the clock takes is taken off. Every call must say yes.
pub fn by_turns(
    calls: usize,
    mut engines: [&mut dyn FnMut() -> bool; 2],
) -> anyhow::Result<[Taken; 2]> {
    // The first calls find cold caches; a tenth is not counted.
    for engine in &mut engines {
        (0..calls / 10).for_each(|_| _ = black_box(engine()));
    }
    let clock = clock();
    let mut taken = [Vec::with_capacity(calls), Vec::with_capacity(calls)];
    while taken.iter().any(|taken| taken.len() < calls) {
        for (engine, taken) in engines.iter_mut().zip(&mut taken) {
            for _ in 0..TURN {
                let start = Instant::now();
                let yes = black_box(engine());
                let nanos = u64::try_from(start.elapsed().as_nanos())?;
                ensure!(yes, "an engine that said yes says no");
                taken.push(nanos.saturating_sub(clock));
            }
        }
    }
    let [ours, theirs] = taken;
    Ok([quantiles(ours)?, quantiles(theirs)?])
}

/// What two readings of the clock take, at the median.
fn clock() -> u64 {
    let read = || u64::try_from(Instant::now().elapsed().as_nanos()).unwrap_or(u64::MAX);
    let mut readings: Vec<u64> = (0..10_001).map(|_| black_box(read())).collect();
    readings.sort_unstable();
    readings.get(readings.len() / 2).copied().unwrap_or_default()
}

fn quantiles(mut nanos: Vec<u64>) -> anyhow::Result<Taken> {
    nanos.sort_unstable();
    let at =
        |percent: usize| nanos.get((nanos.len() * percent / 100).min(nanos.len() - 1)).copied();
    let taken = at(50).zip(at(99)).context("nothing was timed")?;
    Ok(Taken { median: taken.0, p99: taken.1 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_sorted_times() {
        let taken = quantiles((0..1_000).rev().collect()).unwrap();
        assert_eq!((taken.median, taken.p99), (500, 990));
    }

    #[test]
    fn an_engine_that_changes_its_mind_is_an_error() {
        assert!(by_turns(10, [&mut || true, &mut || false]).is_err());
        assert!(by_turns(10, [&mut || true, &mut || true]).is_ok());
    }
}
