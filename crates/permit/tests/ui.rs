//! What the types forbid: each line of `tests/ui/*.rs` that ends with `//~ CODE words` is refused
//! by the compiler with that code and those words, and no other line is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

/// What the cases name beside `permit`.
const CRATES: [&str; 5] = ["permit", "kernel", "policy", "pg", "serde"];

/// The libraries that the workspace's build has made. Another selection of packages would have
/// other features, and everything beneath it would be compiled once more.
fn libraries() -> BTreeMap<String, PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--workspace", "--all-targets", "--message-format", "json"]);
    // As `cargo xtask test` has built it.
    for name in ["RUSTC_WORKSPACE_WRAPPER", "CLIPPY_ARGS"] {
        if let Some(value) = std::env::var_os(format!("TRELLIS_{name}")) {
            build.env(name, value);
        }
    }
    let built = build.output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let messages = std::str::from_utf8(&built.stdout).unwrap().lines();
    let mut found = BTreeMap::<String, (String, PathBuf)>::new();
    for message in messages.filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let name = message["target"]["name"].as_str().unwrap_or_default();
        let files = message["filenames"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let library = files.filter(|file| file.ends_with(".rmeta")).map(PathBuf::from).next();
        // What a build script needs is built for it apart, and is optimized less.
        let optimized = message["profile"]["opt_level"].as_str().unwrap_or_default().to_owned();
        if let (true, Some(library)) = (CRATES.contains(&name), library) {
            let built = found.entry(name.to_owned()).or_default();
            *built = (optimized, library).max(std::mem::take(built));
        }
    }
    assert_eq!(found.len(), CRATES.len(), "{found:?}");
    found.into_iter().map(|(name, (_, library))| (name, library)).collect()
}

fn compiled(case: &Path, libraries: &BTreeMap<String, PathBuf>) -> Output {
    let deps = libraries["permit"].parent().unwrap();
    let out = tempfile::tempdir().unwrap();
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.args(["--edition", "2024", "--emit", "metadata", "--error-format", "json"]);
    rustc.arg("-L").arg(format!("dependency={}", deps.display()));
    for (name, library) in libraries {
        rustc.arg("--extern").arg(format!("{name}={}", library.display()));
    }
    rustc.arg("--out-dir").arg(out.path()).arg(case).output().unwrap()
}

/// Line, code and message of each error.
fn errors(output: &Output) -> Vec<(u64, String, String)> {
    let stderr = std::str::from_utf8(&output.stderr).unwrap();
    let diagnostics = stderr.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
    let errors = diagnostics.filter(|d| d["level"] == "error").filter_map(|d| {
        let span = d["spans"].as_array()?.iter().find(|span| span["is_primary"] == true)?.clone();
        let code = d["code"]["code"].as_str().unwrap_or_default().to_owned();
        Some((span["line_start"].as_u64()?, code, d["message"].as_str()?.to_owned()))
    });
    errors.collect()
}

/// What the case says of itself.
fn forbidden(case: &Path) -> BTreeMap<u64, (String, String)> {
    let source = fs::read_to_string(case).unwrap();
    let marked = (1..).zip(source.lines()).filter_map(|(n, line)| {
        let (code, words) = line.split_once("//~ ")?.1.split_once(' ')?;
        Some((n, (code.to_owned(), words.to_owned())))
    });
    marked.collect()
}

#[test]
fn permits_and_sealed_records_cannot_be_made_opened_copied_or_passed_for_others() {
    let libraries = libraries();
    let mut cases: Vec<_> =
        fs::read_dir("tests/ui").unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 9, "{cases:?}");
    for case in cases {
        let name = case.display();
        let forbidden = forbidden(&case);
        assert!(!forbidden.is_empty(), "{name}: nothing is marked");
        let errors = errors(&compiled(&case, &libraries));
        for (line, code, message) in &errors {
            let said =
                forbidden.get(line).unwrap_or_else(|| panic!("{name}:{line} {code} {message}"));
            assert!(said.0 == *code && message.contains(&said.1), "{name}:{line} {code} {message}");
        }
        let refused: BTreeSet<_> = errors.iter().map(|error| error.0).collect();
        for line in forbidden.keys() {
            assert!(refused.contains(line), "{name}:{line} is compiled");
        }
    }
}
