//! Who may depend on whom.

use std::path::Path;

use cargo_metadata::DependencyKind;

use super::Breach;
use crate::project::Project;

/// What each crate may depend on, by the names of their folders: kernel <- policy <- permit <-
/// services; kernel <- identity <- permit; permit, wire <- facts <- services; wire <- client;
/// kernel <- pg <- ledger <- permit; all of these <- rpc <- services. A crate that isn't here is a
/// breach until someone says where it stands.
const MAY_DEPEND_ON: &[(&str, &[Group])] = &[
    ("kernel", &[]),
    ("matching", &[]),
    ("policy", &[&["kernel"]]),
    ("wire", &[&["kernel", "policy"]]),
    ("identity", &[&["kernel"]]),
    ("pg", &[&["kernel"]]),
    ("ledger", &[&["kernel", "pg"]]),
    ("permit", &[&["kernel", "policy", "identity", "ledger", "pg"]]),
    ("telemetry", &[]),
    ("serve", &[&["kernel", "telemetry"]]),
    ("facts", &[PERMIT_AND_BELOW, &["wire", "telemetry", "serve"]]),
    ("client", &[&["wire"]]),
    ("rpc", &[PERMIT_AND_BELOW, &["wire", "telemetry", "serve", "facts"]]),
    ("webhook", &[&["kernel"]]),
    ("directory", &[BELOW_SERVICES]),
    ("people", &[BELOW_SERVICES, &["matching", "webhook"]]),
    ("consent", &[BELOW_SERVICES]),
    ("referrals", &[BELOW_SERVICES, &["webhook"]]),
    ("notes", &[BELOW_SERVICES]),
    ("recovery", &[BELOW_SERVICES]),
    ("audit", &[BELOW_SERVICES]),
    // It alone knows all services.
    ("trellis", &[BELOW_SERVICES, EDGES, SERVICES]),
    ("testkit", &[BELOW_SERVICES, EDGES]),
    // Nothing ships from it, so that it may have the test kit even among its own.
    ("tests", &[BELOW_SERVICES, EDGES, SERVICES, &["trellis", "testkit"]]),
    // Measures a service as the binary would run it; nothing ships from it either.
    ("bench", &[BELOW_SERVICES, EDGES, SERVICES]),
    // Its targets reach every parser; nothing ships from it.
    ("fuzz", &[BELOW_SERVICES, EDGES, SERVICES, &["trellis", "webhook", "testkit"]]),
    ("xtask", &[]),
];

type Group = &'static [&'static str];

const PERMIT_AND_BELOW: Group = &["kernel", "policy", "identity", "permit", "ledger", "pg"];
const BELOW_SERVICES: Group = &[
    "kernel",
    "policy",
    "wire",
    "identity",
    "permit",
    "facts",
    "ledger",
    "pg",
    "telemetry",
    "rpc",
];
/// Where calls come in, and go out from an integrator.
const EDGES: Group = &["serve", "client"];
const SERVICES: Group =
    &["directory", "people", "consent", "referrals", "notes", "recovery", "audit"];

/// Tests may use these besides, but never a service that is not their own.
const FOR_TESTS: &[Group] = &[&["testkit", "matching"], BELOW_SERVICES, EDGES];

/// Libraries of others that have their place.
const PLACES: &[(&str, &[Group], &str)] = &[
    (
        "sqlx",
        &[&["pg", "ledger", "bench", "tests"], SERVICES],
        "SQL is in pg, ledger and the stores of services",
    ),
    (
        "tonic",
        &[
            &["wire", "identity", "serve", "facts", "client", "rpc"],
            SERVICES,
            &["trellis", "testkit", "tests", "bench", "fuzz"],
        ],
        "gRPC is in wire, identity, serve, facts, client, rpc, the services and the binary",
    ),
    ("cedar-policy", &[&["bench"]], "another engine is there to measure beside ours"),
];

/// Crates that do no I/O and wait for nothing, and what would make them.
const NEVER_ASYNC: &[&str] = &["kernel", "policy"];
const ASYNC: &[&str] = &["tokio", "futures", "async-trait", "tower", "hyper", "reqwest"];

#[derive(Debug)]
pub(super) struct Package {
    /// The name of its folder.
    name: String,
    manifest: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug)]
struct Dependency {
    /// The folder's name where it is ours, else the package's.
    name: String,
    ours: bool,
    for_tests: bool,
    features: Vec<String>,
}

pub(super) fn packages(project: &Project) -> anyhow::Result<Vec<Package>> {
    let mut packages = Vec::new();
    for package in project.metadata().workspace_packages() {
        let path = package.manifest_path.as_std_path();
        let manifest = path.strip_prefix(&project.root).unwrap_or(path);
        let dependencies = package.dependencies.iter().map(|dependency| {
            let ours = dependency.path.as_ref().and_then(|path| path.file_name());
            Dependency {
                name: ours.unwrap_or(&dependency.name).to_owned(),
                ours: ours.is_some(),
                for_tests: dependency.kind == DependencyKind::Development,
                features: dependency.features.clone(),
            }
        });
        packages.push(Package {
            name: folder(path),
            manifest: manifest.to_string_lossy().into_owned(),
            dependencies: dependencies.collect(),
        });
    }
    Ok(packages)
}

fn folder(manifest: &Path) -> String {
    let name = manifest.parent().and_then(Path::file_name).unwrap_or_default();
    name.to_string_lossy().into_owned()
}

pub(super) fn check(packages: &[Package]) -> Vec<Breach> {
    packages
        .iter()
        .flat_map(|package| {
            package.dependencies.iter().filter_map(|dependency| {
                let rule = breach(package, dependency)?;
                Some(Breach::new(&package.manifest, 1, rule))
            })
        })
        .chain(packages.iter().filter(|p| allowed(&p.name).is_none()).map(|package| {
            let rule = format!("{} is not in the table of who may depend on whom", package.name);
            Breach::new(&package.manifest, 1, rule)
        }))
        .collect()
}

fn is_in(groups: &[Group], name: &str) -> bool {
    groups.iter().any(|group| group.contains(&name))
}

fn allowed(name: &str) -> Option<&'static [Group]> {
    MAY_DEPEND_ON.iter().find(|(of, _)| *of == name).map(|(_, allowed)| *allowed)
}

fn breach(package: &Package, dependency: &Dependency) -> Option<String> {
    let (from, to) = (package.name.as_str(), dependency.name.as_str());
    if !dependency.ours {
        return place(from, dependency);
    }
    if from == "client" && to == "wire" && dependency.features.iter().any(|f| f == "domain") {
        return Some(
            "client takes wire without its domain feature: nothing of ours besides".into(),
        );
    }
    let allowed = allowed(from)?;
    if is_in(allowed, to) {
        return None;
    }
    if !dependency.for_tests {
        return Some(if to == "testkit" {
            format!("{from} has testkit in [dependencies]: tests only")
        } else {
            format!("{from} may not depend on {to}")
        });
    }
    // Itself, with features that its users don't need.
    (to != from && !is_in(FOR_TESTS, to))
        .then(|| format!("the tests of {from} may not depend on {to}"))
}

fn place(from: &str, dependency: &Dependency) -> Option<String> {
    if dependency.for_tests {
        return None;
    }
    let name = dependency.name.as_str();
    if NEVER_ASYNC.contains(&from) && ASYNC.contains(&name) {
        return Some(format!("{from} is never async, and {name} is"));
    }
    let (_, crates, reason) = PLACES.iter().find(|(library, ..)| {
        name == *library || name.strip_prefix(library).is_some_and(|rest| rest.starts_with('-'))
    })?;
    (!is_in(crates, from)).then(|| format!("{from} may not depend on {name}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, bool, bool)]) -> Package {
        let dependency = |&(name, ours, for_tests): &(&str, bool, bool)| Dependency {
            name: name.into(),
            ours,
            for_tests,
            features: Vec::new(),
        };
        Package {
            name: name.into(),
            manifest: format!("crates/{name}/Cargo.toml"),
            dependencies: dependencies.iter().map(dependency).collect(),
        }
    }

    fn rules(name: &str, dependency: (&str, bool, bool)) -> Vec<String> {
        check(&[package(name, &[dependency])]).into_iter().map(|b| b.rule).collect()
    }

    const OURS: bool = true;
    const TESTS: bool = true;

    #[test]
    fn an_edge_of_the_table_is_no_breach() {
        assert_eq!(rules("policy", ("kernel", OURS, !TESTS)), [] as [&str; 0]);
        assert_eq!(rules("trellis", ("notes", OURS, !TESTS)), [] as [&str; 0]);
        assert_eq!(rules("notes", ("testkit", OURS, TESTS)), [] as [&str; 0]);
        assert_eq!(rules("tests", ("testkit", OURS, !TESTS)), [] as [&str; 0]);
        assert_eq!(rules("notes", ("sqlx", !OURS, !TESTS)), [] as [&str; 0]);
    }

    #[test]
    fn an_edge_against_the_direction_is_a_breach() {
        assert_eq!(rules("kernel", ("policy", OURS, !TESTS)), ["kernel may not depend on policy"]);
        assert_eq!(rules("notes", ("consent", OURS, !TESTS)), ["notes may not depend on consent"]);
        assert_eq!(rules("client", ("kernel", OURS, !TESTS)), ["client may not depend on kernel"]);
        assert_eq!(rules("permit", ("wire", OURS, !TESTS)), ["permit may not depend on wire"]);
        assert_eq!(rules("xtask", ("kernel", OURS, !TESTS)), ["xtask may not depend on kernel"]);
    }

    #[test]
    fn the_test_kit_is_for_tests_and_tests_know_no_other_service() {
        let kit = "notes has testkit in [dependencies]: tests only";
        assert_eq!(rules("notes", ("testkit", OURS, !TESTS)), [kit]);
        assert_eq!(rules("trellis", ("testkit", OURS, !TESTS)).len(), 1);
        assert!(rules("matching", ("matching", OURS, TESTS)).is_empty());
        let other = "the tests of notes may not depend on consent";
        assert_eq!(rules("notes", ("consent", OURS, TESTS)), [other]);
    }

    #[test]
    fn libraries_stay_in_their_places() {
        assert_eq!(rules("permit", ("sqlx", !OURS, !TESTS)).len(), 1);
        assert_eq!(rules("trellis", ("sqlx", !OURS, !TESTS)).len(), 1);
        assert_eq!(rules("permit", ("tonic-types", !OURS, !TESTS)).len(), 1);
        assert_eq!(
            rules("policy", ("tokio", !OURS, !TESTS)),
            ["policy is never async, and tokio is"]
        );
        assert_eq!(rules("policy", ("tonic", !OURS, TESTS)), [] as [&str; 0]);
    }

    #[test]
    fn a_crate_that_nobody_placed_is_a_breach() {
        assert_eq!(rules("gossip", ("kernel", OURS, !TESTS)).len(), 1);
    }

    #[test]
    fn the_client_takes_the_wire_bare() {
        let mut client = package("client", &[("wire", OURS, !TESTS)]);
        assert!(check(std::slice::from_ref(&client)).is_empty());
        client.dependencies[0].features.push("domain".into());
        assert_eq!(check(&[client]).len(), 1);
    }

    #[test]
    fn the_table_has_no_circle() {
        fn reaches(from: &str, to: &str) -> bool {
            let below = allowed(from).unwrap().iter().copied().flatten();
            below.clone().any(|next| *next == to) || below.into_iter().any(|next| reaches(next, to))
        }
        for (name, _) in MAY_DEPEND_ON {
            assert!(!reaches(name, name), "{name}");
        }
    }
}
