//! What is fetched is known by its hash: every requirement of pip, and every package of npm.

use serde_json::Value;

use super::Breach;

/// The files of a project that say what is fetched, by the ends of their names.
pub(super) fn is_one(path: &str) -> bool {
    path.ends_with("requirements.txt") || path.ends_with("package-lock.json")
}

pub(super) fn check(path: &str, text: &str) -> Vec<Breach> {
    if path.ends_with(".json") { of_npm(path, text) } else { of_pip(path, text) }
}

/// Each requirement of one version, with hashes on its own line or on those that it goes on to.
fn of_pip(path: &str, text: &str) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((n, line)) = lines.next() {
        let mut whole = line.trim().to_owned();
        while whole.ends_with('\\') {
            whole.pop();
            whole.push_str(lines.next().map_or("", |(_, line)| line.trim()));
        }
        if whole.is_empty() || whole.starts_with('#') {
            continue;
        }
        let name = whole.split(['=', ' ', '<', '>', '~']).next().unwrap_or_default();
        if !whole.contains("==") || !whole.contains("--hash=sha256:") {
            let rule = format!("{name} is not pinned by version and hash");
            found.push(Breach::new(path, n + 1, rule));
        }
    }
    found
}

/// Every package that comes from a registry has its hash in the lock.
fn of_npm(path: &str, text: &str) -> Vec<Breach> {
    let lock: Value = match serde_json::from_str(text) {
        Ok(lock) => lock,
        Err(error) => return vec![Breach::new(path, error.line(), "is no JSON")],
    };
    let Some(packages) = lock.get("packages").and_then(Value::as_object) else {
        return vec![Breach::new(path, 1, "locks no packages")];
    };
    let hashed = |package: &Value| {
        let hash = package.get("integrity").and_then(Value::as_str);
        hash.is_some_and(|hash| hash.starts_with("sha512-"))
    };
    let ours = |name: &str, package: &Value| {
        name.is_empty() || package.get("link").and_then(Value::as_bool) == Some(true)
    };
    packages
        .iter()
        .filter(|(name, package)| !ours(name, package) && !hashed(package))
        .map(|(name, _)| Breach::new(path, 1, format!("{name} is not pinned by hash")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(usize, String)> {
        assert!(is_one(path));
        check(path, text).into_iter().map(|breach| (breach.line, breach.rule)).collect()
    }

    #[test]
    fn a_requirement_without_its_hash_is_a_breach() {
        let text = "# two\na==1 \\\n    --hash=sha256:00 \\\n    --hash=sha256:01\nb==2\n\nc>=3\n";
        let found = rules("tests/python/requirements.txt", text);
        assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [5, 7]);
        assert!(found[0].1.starts_with("b is not pinned"));
    }

    #[test]
    fn a_package_without_its_hash_is_a_breach() {
        let path = "tests/oidc/package-lock.json";
        let text = r#"{"packages":{"":{},"node_modules/a":{"integrity":"sha512-x"},
            "node_modules/b":{"resolved":"https://registry.npmjs.org/b"},"c":{"link":true}}}"#;
        assert_eq!(rules(path, text), [(1, "node_modules/b is not pinned by hash".to_owned())]);
        assert_eq!(rules(path, "{}").len(), 1);
    }
}
