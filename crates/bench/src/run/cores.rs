//! One core for the server under measurement, the others for everything else.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail, ensure};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use tempfile::TempDir;

#[derive(Debug, Clone)]
pub struct Cores {
    pub server: usize,
    pub others: Vec<usize>,
}

impl Cores {
    /// Takes the first core that we may use for the server, and pins this process, and so all that
    /// it starts, to the others.
    pub fn share_out() -> anyhow::Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let mut cores = parse(allowed.context("no Cpus_allowed_list")?.trim())?;
        ensure!(cores.len() > 1, "needs two cores: one for the server, one for everything else");
        let cores = Self { server: cores.remove(0), others: cores };
        pin(std::process::id(), &cores.others)?;
        Ok(cores)
    }
}

/// Where the database and the consent service run while the server has a core of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Layout {
    /// Where the system puts them, the server's core included
    Anywhere,
    /// Away from the server's core, beside the load
    Apart,
}

impl Layout {
    pub fn name(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::Apart => "apart",
        }
    }
}

impl Cores {
    /// Moves helpers, all their threads, to where they run in this layout.
    pub fn place(&self, layout: Layout, pids: &[u32]) -> anyhow::Result<()> {
        let mut cores = self.others.clone();
        if layout == Layout::Anywhere {
            cores.push(self.server);
        }
        for pid in pids {
            pin(*pid, &cores)?;
        }
        Ok(())
    }
}

fn pin(pid: u32, cores: &[usize]) -> anyhow::Result<()> {
    let done = Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", &list(cores), &pid.to_string()])
        .stdout(Stdio::null())
        .status()
        .context("taskset comes with the package util-linux")?;
    ensure!(done.success(), "taskset could not pin a process");
    Ok(())
}

/// `0-2,5`
fn parse(text: &str) -> anyhow::Result<Vec<usize>> {
    let mut cores = Vec::new();
    for range in text.split(',') {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        cores.extend(from.parse::<usize>()?..=to.parse()?);
    }
    Ok(cores)
}

pub fn list(cores: &[usize]) -> String {
    let cores: Vec<String> = cores.iter().map(ToString::to_string).collect();
    cores.join(",")
}

/// A file system in memory waits for no disk.
fn refuse_memory_disk(folder: &Path) -> anyhow::Result<()> {
    let about = statfs(folder).with_context(|| folder.display().to_string())?;
    if about.filesystem_type() == TMPFS_MAGIC {
        bail!("{} is in memory: name a folder on a disk (--disk)", folder.display());
    }
    Ok(())
}

/// Folders of a run are named for its process.
const PREFIX: &str = "trellis-bench-";

/// Removes what runs that were killed have left.
fn remove_left(folder: &Path) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let of = name.to_str().and_then(|n| n.strip_prefix(PREFIX)).and_then(|n| n.split_once('-'));
        let Some(pid) = of.and_then(|(pid, _)| pid.parse::<u32>().ok()) else { continue };
        if !Path::new(&format!("/proc/{pid}")).exists() {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// A run's own folder on this disk. The database's user must be able to reach its own in it: it passes
/// through, and can list nothing.
pub fn home(disk: &Path) -> anyhow::Result<TempDir> {
    refuse_memory_disk(disk)?;
    remove_left(disk)?;
    let prefix = format!("{PREFIX}{}-", std::process::id());
    let home = tempfile::Builder::new().prefix(&prefix).tempdir_in(disk)?;
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o711))?;
    Ok(home)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_cores_reads_as_the_kernel_writes_it() {
        assert_eq!(parse("0-2,5").unwrap(), [0, 1, 2, 5]);
        assert_eq!(parse("3").unwrap(), [3]);
        assert!(parse("").is_err());
        assert_eq!(list(&[1, 3]), "1,3");
    }
}
