//! Bad input against the real listener: frames and bytes that no library would send. Each has an
//! outcome that is known, costs nobody else anything, and takes no more memory than is set for it.
//!
//! `TRELLIS_FLOODS=20` makes the floods twenty times as long. The figures are printed as a table
//! (`--nocapture`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bytes;
mod floods;
mod frames;
mod ground;
mod memory;
mod neighbour;
mod slow;

use std::time::{Duration, Instant};

use comfy_table::{Table, presets::NOTHING};
use futures::future::BoxFuture;

use ground::Ground;
use memory::{MIB, Memory};
use neighbour::Neighbour;

/// How long anything of the list may take, at the usual length.
const BOUND: Duration = Duration::from_secs(30);

/// One entry of the list.
#[derive(Clone, Copy)]
pub struct Row {
    name: &'static str,
    /// What may become of it: outcomes as they print, and nothing else.
    want: &'static [&'static str],
    play: for<'a> fn(&'a Ground) -> BoxFuture<'a, Vec<String>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_has_its_outcome_costs_nobody_a_call_and_takes_bounded_memory() {
    let (ground, house) = Ground::new().await;
    let memory = Memory::of(ground.pid);
    let neighbour = Neighbour::moves_in(&ground).await;
    ground.warm_up().await;
    let idle = memory.peak();
    let most = 2 * idle + 256 * MIB;
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header([
        "what comes",
        "what becomes of it",
        "took",
        "peak",
        "of idle",
        "good",
        "failed",
    ]);
    let mut failures = Vec::new();
    let rows = [bytes::ROWS, frames::ROWS, floods::ROWS, slow::ROWS].concat();
    for row in rows {
        memory.begin();
        let (begun, before) = (Instant::now(), neighbour.count());
        let bound = BOUND * ground.length();
        let outcomes = tokio::time::timeout(bound, (row.play)(&ground)).await;
        let mut outcomes = outcomes.unwrap_or_else(|_| vec![format!("nothing within {bound:?}")]);
        let took = begun.elapsed();
        if let Some(odd) = ground.next_good_request().await {
            failures.push(format!("{}: the next good request: {odd}", row.name));
        }
        let after = neighbour.count();
        let peak = memory.peak();
        outcomes.sort();
        outcomes.dedup();
        for outcome in outcomes.iter().filter(|outcome| !row.want.contains(&outcome.as_str())) {
            failures.push(format!("{}: {outcome}, and not {:?}", row.name, row.want));
        }
        if outcomes.is_empty() {
            failures.push(format!("{}: nothing came of it", row.name));
        }
        if peak > most {
            failures.push(format!("{}: {} MiB, and not {}", row.name, peak / MIB, most / MIB));
        }
        if after.failed > before.failed || after.made == before.made {
            let made = after.made - before.made;
            failures.push(format!("{}: of {made} calls of another: {}", row.name, after.said));
        }
        table.add_row([
            row.name.to_owned(),
            outcomes.join(", "),
            format!("{:.1} s", took.as_secs_f64()),
            format!("{} MiB", peak / MIB),
            format!("{:.2}", peak as f64 / idle as f64),
            (after.made - before.made).to_string(),
            (after.failed - before.failed).to_string(),
        ]);
    }
    let all = neighbour.moves_out().await;
    println!("\n{table}\n");
    println!(
        "idle peak {} MiB, peak {} MiB of at most {} MiB (VmHWM), {} good calls of another client, \
         {} failed, the longest took {:?}",
        idle / MIB,
        memory.high_water() / MIB,
        most / MIB,
        all.made,
        all.failed,
        all.longest,
    );
    if memory.high_water() > most {
        failures.push(format!("{} MiB at the highest", memory.high_water() / MIB));
    }
    failures.extend(house.panics());
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
}
