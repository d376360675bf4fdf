//! Who the server runs as: ourselves, or somebody unprivileged when we are root, since the server
//! refuses to run as root.

use std::{
    fs,
    os::unix::{fs::MetadataExt as _, fs::PermissionsExt as _, process::CommandExt as _},
    path::Path,
    process::Command,
};

use nix::unistd::{Uid, User, chown, geteuid};

use super::EmbeddedError;

#[derive(Debug, Clone)]
pub struct ServerUser {
    pub name: String,
    uid: u32,
    gid: u32,
    /// We are root and have to become this user.
    drop_to: bool,
}

impl ServerUser {
    pub fn pick() -> Result<Self, EmbeddedError> {
        let me = geteuid();
        if !me.is_root() {
            let gid = nix::unistd::getegid().as_raw();
            return Ok(Self { name: me.to_string(), uid: me.as_raw(), gid, drop_to: false });
        }
        ["postgres", "nobody"]
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|u| Self { name: u.name, uid: u.uid.as_raw(), gid: u.gid.as_raw(), drop_to: true })
            .ok_or(EmbeddedError::NoUser)
    }

    /// A command that runs as this user, in a directory that it can enter.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir("/");
        // Nothing of the caller's environment steers the server (PGDATA, PGOPTIONS, …).
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("PG") {
                command.env_remove(key);
            }
        }
        command.env_remove("LC_ALL").env("LC_MESSAGES", "C");
        if self.drop_to {
            // std drops the supplementary groups with the user id.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    pub fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        if self.drop_to {
            chown(path, Some(Uid::from_raw(self.uid)), Some(self.gid.into()))
                .map_err(|e| EmbeddedError::io("handing a path to the server's user")(e.into()))?;
        }
        Ok(())
    }

    pub fn give_file(&self, file: &fs::File) -> std::io::Result<()> {
        match self.drop_to {
            true => std::os::unix::fs::fchown(file, Some(self.uid), Some(self.gid)),
            false => Ok(()),
        }
    }

    pub fn give_all(&self, path: &Path) -> Result<(), EmbeddedError> {
        self.give(path)?;
        if self.drop_to && path.is_dir() {
            for entry in fs::read_dir(path).map_err(EmbeddedError::io("reading a directory"))? {
                let entry = entry.map_err(EmbeddedError::io("reading a directory"))?;
                let kind = entry.file_type().map_err(EmbeddedError::io("reading a directory"))?;
                if !kind.is_symlink() {
                    self.give_all(&entry.path())?;
                }
            }
        }
        Ok(())
    }

    /// Whether the server's user can walk down to `path`.
    pub fn can_enter(&self, path: &Path) -> bool {
        path.ancestors().all(|dir| {
            let Ok(meta) = fs::metadata(dir) else { return false };
            let mode = meta.permissions().mode();
            mode & 0o001 != 0
                || (meta.uid() == self.uid && mode & 0o100 != 0)
                || (meta.gid() == self.gid && mode & 0o010 != 0)
        })
    }
}
