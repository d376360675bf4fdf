//! Running other programs.

use std::{
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context, bail};

/// What a person would type.
pub fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let program = program.file_name().unwrap_or(program.as_os_str());
    let words = std::iter::once(program).chain(command.get_args());
    let word = |word: &std::ffi::OsStr| {
        let word = word.to_string_lossy();
        let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=:@,+".contains(c));
        if plain && !word.is_empty() { word.into_owned() } else { format!("'{word}'") }
    };
    words.map(word).collect::<Vec<_>>().join(" ")
}

/// Runs it with our own input and output.
pub fn status(command: &mut Command) -> anyhow::Result<ExitStatus> {
    command.status().with_context(|| format!("can't run {}", line(command)))
}

/// Runs it, and is an error where it fails.
pub fn must(command: &mut Command) -> anyhow::Result<()> {
    let status = status(command)?;
    if !status.success() {
        bail!("{status}: {}", line(command));
    }
    Ok(())
}

/// What it prints; its errors go where ours go.
pub fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("can't run {}", line(command)))?;
    if !output.status.success() {
        bail!("{}: {}", output.status, line(command));
    }
    String::from_utf8(output.stdout).with_context(|| format!("{} prints no UTF-8", line(command)))
}

/// Where a program is, if it is there to be run.
pub fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Whether a program is there to be run.
pub fn is_installed(program: &str) -> bool {
    found(program).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_typed_again() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["clippy", "--", "-D", "warnings", "a b"]);
        assert_eq!(line(&command), "cargo clippy -- -D warnings 'a b'");
    }

    #[test]
    fn a_program_that_fails_is_an_error_that_names_it() {
        assert!(must(&mut Command::new("true")).is_ok());
        let error = must(&mut Command::new("false")).unwrap_err().to_string();
        assert!(error.contains("false"), "{error}");
        let error = must(&mut Command::new("no-such-program-here")).unwrap_err().to_string();
        assert!(error.contains("no-such-program-here"), "{error}");
    }
}
