//! The tables of a folder.

use std::{fs, path::Path};

use anyhow::{Context as _, ensure};
use directory::hsds::Table;

/// Tables by name, read whole: the contract takes 64 MiB at most.
pub struct Files {
    tables: Vec<(String, Vec<u8>)>,
    pub left_out: Vec<String>,
    /// As many rows as the table of organizations has lines.
    pub organizations: usize,
}

impl Files {
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let at = || folder.display().to_string();
        let mut files = Self { tables: Vec::new(), left_out: Vec::new(), organizations: 0 };
        for entry in fs::read_dir(folder).with_context(at)? {
            let path = entry.with_context(at)?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some(table) = name.strip_suffix(".csv") else { continue };
            let Some(known) = Table::of(table) else {
                files.left_out.push(name);
                continue;
            };
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            if known == Table::Organizations {
                let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
                files.organizations = lines.saturating_sub(1);
            }
            files.tables.push((known.name().to_owned(), bytes));
        }
        ensure!(
            !files.tables.is_empty(),
            "{}: holds no table of HSDS (organizations.csv, …)",
            at()
        );
        files.tables.sort();
        files.left_out.sort();
        Ok(files)
    }

    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|(_, bytes)| bytes.len() as u64).sum()
    }

    /// Pieces of at most `size`, each with its table's name. An empty table is a piece too.
    pub fn chunks(self, size: usize) -> impl Iterator<Item = (String, Vec<u8>)> + Send + 'static {
        self.tables.into_iter().flat_map(move |(table, bytes)| {
            let mut pieces: Vec<_> = bytes.chunks(size).map(<[u8]>::to_vec).collect();
            if pieces.is_empty() {
                pieces.push(Vec::new());
            }
            pieces.into_iter().map(move |piece| (table.clone(), piece))
        })
    }
}
