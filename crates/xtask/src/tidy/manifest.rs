//! What every Cargo.toml has: the workspace's lints, and the workspace's versions.

use toml::{Table, Value};

use super::{Breach, Source};

const DEPENDENCIES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

/// Features that nothing that ships has, and who alone may ask for them.
const ALONE: &[(&str, &str, &str)] = &[
    ("unrecorded", "crates/bench/", "without its records is for the benchmark alone"),
    ("fuzzing", "crates/fuzz/", "with its doors open is for the fuzz targets alone"),
];
const UNSAFE: &str = "forbids no unsafe code: [workspace.lints.rust] unsafe_code = \"forbid\"";

pub(super) fn check(source: &Source) -> Vec<Breach> {
    let manifest = match source.text.parse::<Table>() {
        Ok(manifest) => manifest,
        Err(error) => return vec![Breach::new(&source.path, 1, error.message())],
    };
    // The root is where versions and lints are; a fuzz target has a workspace of its own.
    if let Some(workspace) = manifest.get("workspace") {
        // Nothing can allow what is forbidden.
        let lint = workspace.get("lints").and_then(|l| l.get("rust")?.get("unsafe_code")?.as_str());
        let root = source.path == "Cargo.toml" && lint != Some("forbid");
        return root.then(|| Breach::new(&source.path, 1, UNSAFE)).into_iter().collect();
    }
    let mut found = Vec::new();
    let inherits =
        |of: Option<&Value>| of.and_then(|v| v.get("workspace")?.as_bool()) == Some(true);
    if !inherits(manifest.get("lints")) {
        found.push(Breach::new(&source.path, 1, "inherits no lints: [lints] workspace = true"));
    }
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flatten();
    let tables = targets.filter_map(|(_, target)| target.as_table()).chain([&manifest]);
    for table in tables {
        for kind in DEPENDENCIES {
            let dependencies = table.get(*kind).and_then(Value::as_table).into_iter().flatten();
            for (name, dependency) in dependencies {
                for (feature, place, rule) in ALONE {
                    if has(dependency, feature) && !source.path.starts_with(place) {
                        let line = line_of(source, name);
                        found.push(Breach::new(&source.path, line, format!("{name} {rule}")));
                    }
                }
                if !inherits(Some(dependency)) {
                    let line = line_of(source, name);
                    let rule = format!("{name} has its version in the root: workspace = true");
                    found.push(Breach::new(&source.path, line, rule));
                }
            }
        }
    }
    found
}

fn has(dependency: &Value, feature: &str) -> bool {
    let features = dependency.get("features").and_then(Value::as_array);
    features.into_iter().flatten().any(|one| one.as_str() == Some(feature))
}

fn line_of(source: &Source, name: &str) -> usize {
    let starts = |line: &str| {
        let rest = line.trim_start().strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([' ', '=', '.']))
    };
    source.lines().find(|(_, line)| starts(line)).map_or(1, |(n, _)| n)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<(usize, String)> {
        let source = Source { path: "crates/x/Cargo.toml".into(), text: text.into() };
        check(&source).into_iter().map(|b| (b.line, b.rule)).collect()
    }

    #[test]
    fn a_manifest_that_inherits_all_is_tidy() {
        let text = "[dependencies]\nserde.workspace = true\nx = { workspace = true, optional = true }\n\
                    [lints]\nworkspace = true\n";
        assert_eq!(rules(text), []);
        assert_eq!(rules("[workspace]\nmembers = []\n"), []);
    }

    #[test]
    fn the_root_forbids_unsafe_code() {
        let root = |text: &str| check(&Source { path: "Cargo.toml".into(), text: text.into() });
        assert_eq!(root("[workspace.lints.rust]\nunsafe_code = \"forbid\"\n").len(), 0);
        assert_eq!(root("[workspace.lints.rust]\nunsafe_code = \"deny\"\n").len(), 1);
        assert_eq!(root("[workspace]\n").len(), 1);
    }

    #[test]
    fn a_version_outside_the_root_is_a_breach_on_its_line() {
        let text = "[lints]\nworkspace = true\n[dev-dependencies]\nserde = \"1\"\n";
        let found = rules(text);
        assert_eq!(found[0].0, 4);
        assert!(found[0].1.starts_with("serde has its version"));
        let text = "[lints]\nworkspace = true\n[target.'cfg(unix)'.dependencies]\nnix = { version = \"1\" }\n";
        assert_eq!(rules(text).len(), 1);
    }

    #[test]
    fn a_ledger_that_forgets_is_for_the_benchmark_alone() {
        let text = "[lints]\nworkspace = true\n[dependencies]\n\
                    ledger = { workspace = true, features = [\"unrecorded\"] }\n";
        assert_eq!(rules(text)[0].0, 4);
        let source = Source { path: "crates/bench/Cargo.toml".into(), text: text.into() };
        assert_eq!(check(&source).len(), 0);
        let text = text.replace("unrecorded", "fuzzing");
        assert_eq!(rules(&text)[0].0, 4);
        let source = Source { path: "crates/fuzz/Cargo.toml".into(), text };
        assert_eq!(check(&source).len(), 0);
    }

    #[test]
    fn a_crate_without_the_workspaces_lints_is_a_breach() {
        assert_eq!(rules("[package]\nname = \"x\"\n")[0].0, 1);
        assert_eq!(rules("[lints]\nworkspace = false\n").len(), 1);
    }

    #[test]
    fn a_manifest_that_does_not_parse_is_a_breach() {
        assert_eq!(rules("[").len(), 1);
    }
}
