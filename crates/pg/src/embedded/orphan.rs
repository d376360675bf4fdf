//! A server that outlived a killed parent for a moment, and the files it left.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use super::EmbeddedError;

/// Waits until no process uses the data directory. An orphan is being shut down by its watchdog,
/// so this is short. Then a left-over `postmaster.pid` is removed: its number may by now belong
/// to some other process of the same user, which PostgreSQL would take for a running server.
pub fn wait_until_free(data_dir: &Path, bound: Duration) -> Result<(), EmbeddedError> {
    let started = Instant::now();
    while in_use(data_dir) {
        if started.elapsed() > bound {
            return Err(EmbeddedError::InUse(data_dir.to_path_buf()));
        }
        thread::sleep(Duration::from_millis(20));
    }
    // Without /proc we know nothing, and leave the file to PostgreSQL's own check.
    if Path::new("/proc/self/cwd").exists() {
        match fs::remove_file(data_dir.join("postmaster.pid")) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                return Err(EmbeddedError::io("removing a left-over postmaster.pid")(e));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Every process of a server has the data directory as its working directory.
fn in_use(data_dir: &Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    processes
        .filter_map(Result::ok)
        .filter(|p| p.file_name().to_string_lossy().bytes().all(|b| b.is_ascii_digit()))
        .any(|p| fs::read_link(p.path().join("cwd")).is_ok_and(|cwd| is(&cwd, data_dir)))
}

fn is(cwd: &PathBuf, data_dir: &Path) -> bool {
    cwd == data_dir
}
