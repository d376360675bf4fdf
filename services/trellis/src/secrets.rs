//! Secrets in files of their own: 32 random bytes in hexadecimal, readable by the owner alone.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use ledger::{SigningKey, VerifyingKey};
use secrecy::SecretString;

/// Reads one.
pub fn read(path: &Path) -> anyhow::Result<[u8; 32]> {
    let text = closed(path)?;
    let mut secret = [0; 32];
    if hex::decode_to_slice(text.trim(), &mut secret).is_err() {
        let name = path.display();
        bail!("{name}: not 32 bytes in hexadecimal (trellis keys makes such a file)");
    }
    Ok(secret)
}

/// Reads one that others gave: a line of text.
pub fn given(path: &Path) -> anyhow::Result<SecretString> {
    Ok(closed(path)?.trim_end_matches(['\r', '\n']).into())
}

/// The URL of a database, which may hold a password.
pub fn url(path: &Path) -> anyhow::Result<SecretString> {
    Ok(closed(path)?.trim().into())
}

/// What is in a file that not everybody may read.
fn closed(path: &Path) -> anyhow::Result<String> {
    let name = || path.display().to_string();
    let mode = fs::metadata(path).with_context(name)?.permissions().mode();
    ensure!(mode & 0o007 == 0, "{}: everybody may read it: chmod o-rwx", name());
    fs::read_to_string(path).with_context(name)
}

/// Reads one, and makes it first where there is none.
pub fn read_or_make(path: &Path) -> anyhow::Result<[u8; 32]> {
    if !path.exists() {
        make(path).with_context(|| path.display().to_string())?;
    }
    read(path)
}

/// The key that signs the heads of ledgers, made first where there is none; its public half goes beside it.
pub fn ledger_key(path: &Path) -> anyhow::Result<SigningKey> {
    let seed = read_or_make(path)?;
    let key = SigningKey::from_seed(&seed).context("no seed of Ed25519")?;
    let public = key.verifying().context("no seed of Ed25519")?;
    let beside = path.with_extension("pub");
    fs::write(&beside, format!("{public}\n")).with_context(|| beside.display().to_string())?;
    Ok(key)
}

/// Public keys, as [`ledger_key`] writes them.
pub fn public_keys<'a>(
    files: impl IntoIterator<Item = &'a PathBuf>,
) -> anyhow::Result<Vec<VerifyingKey>> {
    let key = |path: &'a PathBuf| {
        let at = || path.display().to_string();
        let text = fs::read_to_string(path).with_context(at)?;
        let key = VerifyingKey::parse(&text);
        key.with_context(|| format!("{}: is no Ed25519 public key in base64", at()))
    };
    files.into_iter().map(key).collect()
}

fn make(path: &Path) -> anyhow::Result<()> {
    let mut secret = [0; 32];
    SystemRandom::new().fill(&mut secret).map_err(|_| anyhow::anyhow!("no random numbers"))?;
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    put(path, &format!("{}\n", hex::encode(secret)), 0o600)
}

/// Whole or not at all: written beside it, then moved.
pub(crate) fn put(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(fs::rename(&beside, path)?)
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_secret_is_made_once_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/secret");
        let made = read_or_make(&path).unwrap();
        assert_ne!(made, [0; 32]);
        assert_eq!(read_or_make(&path).unwrap(), made);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o604)).unwrap();
        assert!(read(&path).is_err());
    }

    #[test]
    fn what_others_gave_is_for_its_owner_alone_too() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("database-url");
        fs::write(&path, "postgres://me:hunter2@localhost/x \n").unwrap();
        let chmod = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for open in [0o644, 0o604, 0o602] {
            chmod(open);
            for refused in [given(&path), url(&path)] {
                let error = format!("{:#}", refused.unwrap_err());
                assert!(error.contains("database-url") && !error.contains("hunter2"), "{error}");
            }
        }
        // As Kubernetes gives it: the pod's group may read it.
        chmod(0o440);
        assert_eq!(given(&path).unwrap().expose_secret(), "postgres://me:hunter2@localhost/x ");
        assert_eq!(url(&path).unwrap().expose_secret(), "postgres://me:hunter2@localhost/x");
    }

    #[test]
    fn what_is_no_secret_is_refused_without_being_shown() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, "hunter2").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let error = format!("{:#}", read(&path).unwrap_err());
        assert!(!error.contains("hunter2") && error.contains("32 bytes"), "{error}");
    }
}
