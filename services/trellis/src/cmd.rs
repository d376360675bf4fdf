//! The commands, one a file.

pub mod audit;
pub mod demo;
pub mod import;
pub mod keys;
pub mod migrate;
pub mod pki;
pub mod policy;
mod report;
pub mod serve;
pub mod token;
pub mod up;

use std::{io::Write as _, path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use trellis::Service;

/// Runs to the end of `work` on as many threads as were asked for.
pub fn block_on(
    threads: Option<u16>,
    work: impl Future<Output = anyhow::Result<ExitCode>>,
) -> anyhow::Result<ExitCode> {
    let mut builder = match threads {
        Some(1) => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    if let Some(threads) = threads.filter(|n| *n > 1) {
        builder.worker_threads(threads.into());
    }
    let runtime = builder.enable_all().build().context("starting the runtime")?;
    let done = runtime.block_on(work);
    // Nothing of ours is left to wait for; a blocking read of a dead disk would be waited for.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

/// An error as one line, causes included.
pub fn one_line(error: &anyhow::Error) -> String {
    let mut said: Vec<String> = Vec::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        let lines: Vec<&str> = cause.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let cause = lines.join("; ");
        // A wrapper that repeats its cause says it once.
        if !said.last().is_some_and(|last| last.ends_with(&cause)) {
            said.push(cause);
        }
    }
    said.join(": ")
}

/// Where development data is, unless the command line says otherwise. Root's home can't be
/// entered by the unprivileged user that the database runs as.
pub fn data_dir(chosen: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(dir) = chosen {
        return std::path::absolute(&dir).with_context(|| dir.display().to_string());
    }
    if nix::unistd::geteuid().is_root() {
        return Ok(PathBuf::from("/var/lib/trellis"));
    }
    let var = |name| std::env::var_os(name).map(PathBuf::from).filter(|dir| dir.is_absolute());
    var("XDG_DATA_HOME")
        .or_else(|| var("HOME").map(|home| home.join(".local/share")))
        .map(|base| base.join("trellis"))
        .context("neither HOME nor --data says where to keep data")
}

/// Names of services as they are typed; `all` is all of them.
pub fn services(names: &[String]) -> Vec<Service> {
    if names.iter().any(|name| name == "all") {
        return Service::ALL.to_vec();
    }
    names.iter().filter_map(|name| Service::parse(name)).collect()
}

pub fn service_names() -> clap::builder::PossibleValuesParser {
    std::iter::once("all").chain(Service::ALL.map(Service::name)).collect::<Vec<_>>().into()
}

/// The database URL of a role that may create roles and schemas. Not on the command line, where
/// everybody on the machine could read it, unless somebody puts it there.
#[derive(Debug, clap::Args)]
pub struct Admin {
    /// Who may create roles and schemas: postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL", env = "TRELLIS_ADMIN_URL", hide_env_values = true)]
    admin_url: Option<String>,
    /// A file that holds that URL
    #[arg(long, value_name = "FILE", conflicts_with = "admin_url")]
    admin_url_file: Option<PathBuf>,
}

impl Admin {
    pub fn url(&self) -> anyhow::Result<SecretString> {
        if let Some(url) = &self.admin_url {
            return Ok(url.as_str().into());
        }
        let path = self.admin_url_file.as_ref();
        let path = path.context("--admin-url-file, --admin-url or TRELLIS_ADMIN_URL is missing")?;
        trellis::secrets::url(path)
    }
}

/// For programs that start this one: it ends with them, however they end.
#[derive(Debug, clap::Args)]
pub struct Lifeline {
    /// Drain when standard input closes, as at SIGTERM
    #[arg(long)]
    while_stdin_is_open: bool,
}

impl Lifeline {
    /// Cancelled at the first SIGTERM or SIGINT, and when the lifeline parts. In a runtime.
    pub fn stop(&self) -> anyhow::Result<CancellationToken> {
        let stop = ::serve::signals()?;
        if self.while_stdin_is_open {
            let cut = stop.clone();
            // On a thread of its own: nothing else ends a read of standard input.
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                cut.cancel();
            });
        }
        Ok(stop)
    }
}

/// Prints a line for whoever waits for it. A closed pipe is no reason to end.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_whatever_its_causes_say() {
        let error = anyhow::anyhow!("no such\n  file\n\n").context("reading").context("starting");
        assert_eq!(one_line(&error), "starting: reading: no such; file");
    }

    #[test]
    fn all_is_every_service() {
        let names =
            |names: &[&str]| services(&names.iter().map(|n| (*n).into()).collect::<Vec<_>>());
        assert_eq!(names(&["all", "notes"]), Service::ALL);
        assert_eq!(names(&["notes", "audit"]), [Service::Notes, Service::Audit]);
    }
}
