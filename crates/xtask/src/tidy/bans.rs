//! Crates of others that may not come in, by whatever way, and those that may come in once.

use std::collections::{BTreeMap, BTreeSet};

use super::Breach;
use crate::{project::Project, run};

const BANNED: &[(&str, &str)] = &[
    ("rsa", "its timing leaks keys (the Marvin attack), and no version is patched"),
    ("openssl", "one TLS, rustls"),
    ("openssl-sys", "one TLS, rustls"),
    ("native-tls", "one TLS, rustls"),
    ("ring", "one crypto provider, aws-lc-rs"),
];

/// Two versions of these don't know each other's types, or share no state.
const ONCE: &[&str] = &[
    "tonic",
    "tonic-prost",
    "prost",
    "prost-types",
    "hyper",
    "h2",
    "http",
    "rustls",
    "rustls-webpki",
    "opentelemetry",
    "opentelemetry_sdk",
    "sqlx-core",
    "tokio",
];

/// An option of crates that we have without it: it stands in the lock, and in no build.
const NOT_TAKEN: &str = "ring";

/// Versions below which a known hole is open.
const AT_LEAST: &[(&str, [u64; 3])] = &[("h2", [0, 4, 16]), ("rustls-webpki", [0, 103, 13])];

/// Every package that a build of ours has on this machine: its name and versions.
pub(super) type Resolved = BTreeMap<String, BTreeSet<String>>;

/// From `cargo tree`, which tells what is built: the resolve of `cargo metadata` also counts what
/// only another platform's features would bring.
pub(super) fn resolved(project: &Project) -> anyhow::Result<Resolved> {
    let edges = ["--edges", "normal,build,dev", "--prefix", "none", "--format", "{p}"];
    let tree = run::output(project.cargo(&["tree", "--quiet", "--workspace"]).args(edges))?;
    let resolved = read(&tree);
    anyhow::ensure!(!resolved.is_empty(), "cargo tree names nothing");
    Ok(resolved)
}

/// Lines of `name v1.2.3 (...)`.
fn read(tree: &str) -> Resolved {
    let mut resolved = Resolved::new();
    for line in tree.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next()) {
            let version = version.trim_start_matches('v').to_owned();
            resolved.entry(name.to_owned()).or_default().insert(version);
        }
    }
    resolved
}

/// From Cargo.lock: what any platform and any feature would bring.
pub(super) fn locked(lock: &str) -> Resolved {
    let mut locked = Resolved::new();
    let mut name = "";
    for line in lock.lines() {
        if let Some(value) = line.strip_prefix("name = ") {
            name = value.trim_matches('"');
        }
        // The lock has a version of its own, before the first name.
        if let Some(version) = line.strip_prefix("version = ").filter(|_| !name.is_empty()) {
            let version = version.trim_matches('"').to_owned();
            locked.entry(name.to_owned()).or_default().insert(version);
        }
    }
    locked.remove(NOT_TAKEN);
    locked
}

pub(super) fn check(resolved: &Resolved) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut breach = |rule: String| found.push(Breach::new("Cargo.lock", 1, rule));
    for (name, why) in BANNED {
        if resolved.contains_key(*name) {
            breach(format!("{name} is banned: {why} (cargo tree -i {name})"));
        }
    }
    for name in ONCE {
        let versions: Vec<_> = resolved.get(*name).into_iter().flatten().cloned().collect();
        if versions.len() > 1 {
            let versions = versions.join(", ");
            breach(format!("{name} stands more than once: {versions} (cargo tree -d)"));
        }
    }
    for (name, least) in AT_LEAST {
        for version in resolved.get(*name).into_iter().flatten() {
            if numbers(version) < *least {
                let [major, minor, patch] = least;
                breach(format!("{name} {version} is below {major}.{minor}.{patch}"));
            }
        }
    }
    found
}

fn numbers(version: &str) -> [u64; 3] {
    let mut parts = version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(of: &[(&str, &str)]) -> Vec<String> {
        let lines = of.iter().map(|(name, version)| format!("{name} v{version} (*)\n"));
        let resolved = read(&lines.collect::<String>());
        check(&resolved).into_iter().map(|breach| breach.rule).collect()
    }

    #[test]
    fn one_of_each_is_tidy() {
        assert_eq!(
            rules(&[("tonic", "0.14.9"), ("h2", "0.4.16"), ("serde", "1.0.0")]),
            [] as [&str; 0]
        );
    }

    #[test]
    fn a_banned_crate_is_a_breach() {
        assert!(rules(&[("rsa", "0.9.6")])[0].starts_with("rsa is banned"));
        assert!(rules(&[("ring", "0.17.14")])[0].contains("aws-lc-rs"));
    }

    #[test]
    fn two_versions_of_one_that_must_be_one_are_a_breach() {
        let rule = &rules(&[("tonic", "0.13.1"), ("tonic", "0.14.9")])[0];
        assert_eq!(rule, "tonic stands more than once: 0.13.1, 0.14.9 (cargo tree -d)");
    }

    #[test]
    fn what_another_platform_or_feature_would_bring_is_a_breach() {
        let of =
            [("native-tls", "0.2.14"), ("ring", "0.17.14"), ("h2", "0.4.20"), ("h2", "0.3.27")];
        let packages = of.map(|(name, version)| {
            format!("\n[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n")
        });
        let found = check(&locked(&format!("version = 4\n{}", packages.concat())));
        let rules: Vec<_> = found.into_iter().map(|breach| breach.rule).collect();
        let begins = ["native-tls is banned", "h2 stands more than once", "h2 0.3.27 is below"];
        assert_eq!(rules.len(), begins.len(), "{rules:?}");
        assert!(rules.iter().zip(begins).all(|(rule, begin)| rule.starts_with(begin)), "{rules:?}");
    }

    #[test]
    fn a_version_with_a_known_hole_is_a_breach() {
        assert_eq!(rules(&[("h2", "0.4.9")]), ["h2 0.4.9 is below 0.4.16"]);
    }
}
