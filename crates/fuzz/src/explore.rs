//! Runs a target on kept inputs and on changed ones, within bounds of time and memory.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};

use crate::{Target, mutate::Mutator, seeds};

/// Of one input, in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(5);
/// What a target may take beyond what the process had, over all of its inputs.
const MOST_KIB: u64 = 256 * 1024;

/// What was run.
#[derive(Debug)]
pub struct Explored {
    pub kept: usize,
    pub changed: u64,
    pub slowest: Duration,
    /// None: the machine does not tell.
    pub memory_kib: Option<u64>,
}

/// The inputs that are kept for a target.
pub fn corpus(target: &Target) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut all: Vec<_> = entries
        .filter_map(|entry| fs::read(entry.path()).ok().map(|bytes| (entry.path(), bytes)))
        .collect();
    all.sort();
    all
}

/// The kept inputs and the seeds, and then changes of them for so long. Err: what does not hold, and for which input.
pub fn explore(target: &Target, seed: u64, long: Duration) -> Result<Explored, String> {
    let mut pool: Vec<Vec<u8>> = corpus(target).into_iter().map(|(_, bytes)| bytes).collect();
    pool.extend(seeds(target.name));
    let before = peak();
    let mut slowest = Duration::ZERO;
    for input in &pool {
        slowest = slowest.max(run(target, input)?);
    }
    let kept = pool.len();
    pool.retain(|input| input.len() <= target.longest);
    let (mut mutator, begun, mut changed) = (Mutator::new(seed), Instant::now(), 0);
    while begun.elapsed() < long {
        slowest = slowest.max(run(target, &mutator.next(&pool, target.longest))?);
        changed += 1;
    }
    let memory_kib = before.zip(peak()).map(|(before, after)| after.saturating_sub(before));
    if memory_kib.is_some_and(|kib| kib > MOST_KIB) {
        return Err(format!("{}: {memory_kib:?} KiB of memory, at most {MOST_KIB}", target.name));
    }
    Ok(Explored { kept, changed, slowest, memory_kib })
}

fn run(target: &Target, input: &[u8]) -> Result<Duration, String> {
    let begun = Instant::now();
    let held = catch_unwind(AssertUnwindSafe(|| (target.run)(input)));
    let took = begun.elapsed();
    let why = match held {
        Ok(()) if took <= LONGEST => return Ok(took),
        Ok(()) => format!("took {took:?}"),
        Err(_) => "does not hold what it must; see above".to_owned(),
    };
    let hash = hex::encode(Sha256::digest(input));
    let file =
        std::env::temp_dir().join(format!("{}-{}", target.name, hash.get(..16).unwrap_or(&hash)));
    let kept =
        fs::write(&file, input).map_or("nowhere".to_owned(), |()| file.display().to_string());
    Err(format!("{}: {why}; the input of {} bytes is in {kept}", target.name, input.len()))
}

/// The most memory that this process ever had.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
