//! What a process holds in memory, looked at all the while.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

pub const MIB: u64 = 1 << 20;
const PAGE: u64 = 4096;
const LOOK: Duration = Duration::from_millis(2);

pub struct Memory {
    pid: u32,
    peak: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Memory {
    pub fn of(pid: u32) -> Self {
        let (peak, over) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (seen, ended) = (Arc::clone(&peak), Arc::clone(&over));
        thread::spawn(move || {
            while !ended.load(Relaxed) {
                seen.fetch_max(resident(pid), Relaxed);
                thread::sleep(LOOK);
            }
        });
        Self { pid, peak, over }
    }

    /// Forgets the peak.
    pub fn begin(&self) {
        self.peak.store(resident(self.pid), Relaxed);
    }

    /// In bytes, since `begin`.
    pub fn peak(&self) -> u64 {
        self.peak.fetch_max(resident(self.pid), Relaxed);
        self.peak.load(Relaxed)
    }

    /// The highest ever, as the system counted it.
    pub fn high_water(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
    }
}

fn resident(pid: u32) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    pages.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0_u64) * PAGE
}
