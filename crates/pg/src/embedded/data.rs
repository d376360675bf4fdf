//! Data directories: made, handed over, initialised.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use super::{ADMIN, EmbeddedError, user::ServerUser};

/// A directory of the caller's choice, private to the server's user.
pub fn own_dir(dir: &Path, user: &ServerUser) -> Result<PathBuf, EmbeddedError> {
    let wrap = || EmbeddedError::io("making a directory");
    if !dir.is_dir() {
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent).map_err(wrap())?;
        }
        fs::DirBuilder::new().mode(0o700).create(dir).map_err(wrap())?;
    }
    user.give(dir)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(wrap())?;
    let dir = dir.canonicalize().map_err(wrap())?;
    match user.can_enter(&dir) {
        true => Ok(dir),
        false => Err(EmbeddedError::Unreachable { path: dir, user: user.name.clone() }),
    }
}

/// A directory that is thrown away. Short: a socket's path has to fit into 108 bytes.
pub fn temp_dir(
    keep: &mut Vec<tempfile::TempDir>,
    user: &ServerUser,
) -> Result<PathBuf, EmbeddedError> {
    let chosen = std::env::temp_dir();
    let fits = chosen.as_os_str().len() <= 60 && user.can_enter(&chosen);
    let base = if fits { chosen.as_path() } else { Path::new("/tmp") };
    let dir = tempfile::Builder::new()
        .prefix("trellis-pg-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(base)
        .map_err(EmbeddedError::io("making a temporary directory"))?;
    let path = own_dir(dir.path(), user)?;
    keep.push(dir);
    Ok(path)
}

/// Fills an empty data directory.
pub fn init(
    bin: &Path,
    data_dir: &Path,
    user: &ServerUser,
    fast: bool,
) -> Result<(), EmbeddedError> {
    if data_dir.join("PG_VERSION").is_file() {
        return Ok(());
    }
    if !fast {
        return initdb(bin, data_dir, user, false);
    }
    let Some(template) = template(bin, user)? else { return initdb(bin, data_dir, user, true) };
    copy_tree(&template, data_dir).map_err(EmbeddedError::io("copying the template"))?;
    user.give_all(data_dir)
}

/// Initialising takes most of a second, copying what it made a tenth of that.
/// None where somebody else has taken the name.
fn template(bin: &Path, user: &ServerUser) -> Result<Option<PathBuf>, EmbeddedError> {
    let version = super::binaries::usable(bin).unwrap_or_default();
    let me = nix::unistd::geteuid();
    let home = std::env::temp_dir().join(format!("trellis-pg-template-{version}-{me}"));
    if is_ours(&home) {
        return Ok(Some(home));
    }
    let mut made = Vec::new();
    let dir = temp_dir(&mut made, user)?;
    initdb(bin, &dir, user, true)?;
    // Ours from here on: nobody else's data is ever copied into a server.
    let staged = tempfile::Builder::new()
        .prefix("trellis-pg-staged-")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(std::env::temp_dir())
        .map_err(EmbeddedError::io("staging the template"))?;
    copy_tree(&dir, staged.path()).map_err(EmbeddedError::io("staging the template"))?;
    if fs::rename(staged.path(), &home).is_ok() {
        let _ = staged.keep();
    }
    // Where the rename failed, somebody was first, us or another.
    Ok(is_ours(&home).then_some(home))
}

/// A real directory, owned by us, that nobody else can enter.
fn is_ours(dir: &Path) -> bool {
    fs::symlink_metadata(dir).is_ok_and(|m| {
        m.is_dir()
            && m.uid() == nix::unistd::geteuid().as_raw()
            && m.permissions().mode() & 0o077 == 0
    }) && dir.join("PG_VERSION").is_file()
}

fn initdb(bin: &Path, data_dir: &Path, user: &ServerUser, fast: bool) -> Result<(), EmbeddedError> {
    // Not every system has C.UTF-8; C sorts the same way and knows fewer letters.
    let mut last = String::new();
    for locale in ["C.UTF-8", "C"] {
        let mut command = user.command(bin.join("initdb"));
        command
            .arg("--pgdata")
            .arg(data_dir)
            .args(["--username", ADMIN, "--encoding", "UTF8", "--locale", locale])
            .args(["--auth-local", "trust", "--auth-host", "reject", "--data-checksums"]);
        if fast {
            command.arg("--no-sync");
        }
        let done = command.output().map_err(EmbeddedError::io("running initdb"))?;
        if done.status.success() {
            return Ok(());
        }
        last = String::from_utf8_lossy(&done.stderr).into_owned();
    }
    Err(EmbeddedError::Failed { program: "initdb", output: last })
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::DirBuilder::new().mode(0o700).create(&target)?;
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
