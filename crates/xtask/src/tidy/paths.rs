//! Where a source file may name gRPC, SQL, or wait.

use super::{Breach, Source};

/// A library, and the files that may name it: a folder or file, from the root, `*` for any
/// service; with the reason where it is an exception.
struct Rule {
    library: &'static str,
    places: &'static [(&'static str, &'static str)],
    /// What the library is for.
    what: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        library: "sqlx",
        places: &[
            ("crates/pg/", "owns the pool and the migrations"),
            ("crates/ledger/", "owns the audit tables"),
            ("services/*/src/store", "the stores"),
            ("crates/xtask/", "names it in its rules and a command, and depends on neither"),
            ("crates/bench/src/store", "the unprotected read, and the rows to measure with"),
            ("services/*/tests/", "store tests ask the database what is there"),
            ("tests/src/store", "asks the database what has happened"),
            ("crates/permit/tests/", "the guard's tests commit through a real store"),
            (
                "crates/bench/src/store",
                "fills the tables that it measures, and reads one unprotected",
            ),
        ],
        what: "SQL stays in pg, ledger and services/*/src/store",
    },
    Rule {
        library: "tonic",
        places: &[
            ("crates/wire/", "the generated code"),
            ("crates/identity/", "reads the metadata of a request"),
            ("crates/serve/", "the listener"),
            ("crates/facts/", "asks the consent service"),
            ("crates/client/", "the client"),
            ("crates/rpc/", "what the handlers of all services share"),
            ("crates/testkit/", "calls services in tests"),
            ("services/*/src/rpc", "the handlers"),
            ("services/*/src/error.rs", "exception: the one From<Error> for Status"),
            ("services/*/src/lib.rs", "exception: hands its server to the binary to register"),
            ("services/*/src/startup.rs", "exception: makes that server"),
            ("services/*/tests/", "RPC tests go through the socket"),
            ("services/trellis/", "the binary"),
            ("crates/bench/", "measures servers through the socket"),
            ("crates/fuzz/", "reads refusals as callers do"),
            ("crates/xtask/", "names it in its rules, and depends on neither"),
            ("tests/", "tests go through the socket"),
            ("crates/bench/", "serves and calls what it measures"),
        ],
        what: "gRPC stays in wire, identity, serve, facts, client, rpc, services/*/src/rpc and the binary",
    },
];

/// Pure crates: nothing in them waits.
const NEVER_ASYNC: &[&str] = &["crates/kernel/src/", "crates/policy/src/"];

pub(super) fn check(source: &Source) -> Vec<Breach> {
    let mut found = Vec::new();
    let pure = NEVER_ASYNC.iter().any(|folder| source.path.starts_with(folder));
    let barred: Vec<_> = RULES
        .iter()
        .filter(|r| !r.places.iter().any(|(place, _)| is_in(&source.path, place)))
        .collect();
    for (n, line) in source.lines() {
        let code = line.trim_start();
        if code.starts_with("//") {
            continue;
        }
        for rule in &barred {
            if names(code, rule.library) {
                found.push(Breach::new(&source.path, n, rule.what));
            }
        }
        if pure && words(code).any(|word| word == concat!("as", "ync")) {
            found.push(Breach::new(&source.path, n, "kernel and policy are never async"));
        }
    }
    found
}

fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|c: char| !c.is_alphanumeric() && c != '_')
}

/// `tonic::`, `tonic_types::`, `use tonic;`: the library or one of its family, as a path.
fn names(code: &str, library: &str) -> bool {
    code.match_indices(library).any(|(at, _)| {
        let before = code.get(..at).and_then(|b| b.chars().next_back());
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '"' | '-')) {
            return false;
        }
        let rest = code.get(at + library.len()..).unwrap_or_default();
        let family = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (suffix, after) = rest.split_at_checked(family).unwrap_or((rest, ""));
        let used = code.starts_with("use ") && after.starts_with([';', ' ']);
        (suffix.is_empty() || suffix.starts_with('_')) && (after.starts_with("::") || used)
    })
}

fn is_in(path: &str, place: &str) -> bool {
    match place.split_once('*') {
        None => path.starts_with(place),
        Some((before, after)) => path.strip_prefix(before).is_some_and(|rest| {
            rest.split_once('/').is_some_and(|(_, rest)| {
                rest.strip_prefix(after.trim_start_matches('/')).is_some_and(|end| {
                    after.ends_with('/') || after.ends_with(".rs") || end.starts_with(['/', '.'])
                })
            })
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(usize, String)> {
        let source = Source { path: path.into(), text: text.into() };
        check(&source).into_iter().map(|b| (b.line, b.rule)).collect()
    }

    #[test]
    fn sql_outside_a_store_is_a_breach_on_its_line() {
        let text = "mod a;\nsqlx::query!(\"SELECT 1\");\n";
        assert_eq!(rules("services/notes/src/domain/note.rs", text)[0].0, 2);
        assert_eq!(rules("services/notes/src/store.rs", text), []);
        assert_eq!(rules("services/notes/src/store/notes.rs", text), []);
        assert_eq!(rules("services/notes/src/storehouse.rs", text).len(), 1);
        assert_eq!(rules("crates/pg/src/tx.rs", text), []);
        assert_eq!(rules("crates/permit/src/lib.rs", text).len(), 1);
    }

    #[test]
    fn grpc_outside_its_places_is_a_breach() {
        let text = "use tonic::Status;\n";
        assert_eq!(rules("crates/permit/src/guard.rs", text).len(), 1);
        assert_eq!(rules("services/notes/src/store/notes.rs", text).len(), 1);
        assert_eq!(
            rules("services/notes/src/domain/note.rs", "fn f() -> tonic_types::X {}").len(),
            1
        );
        for place in [
            "services/notes/src/rpc.rs",
            "services/notes/src/rpc/get_note.rs",
            "services/notes/src/error.rs",
            "services/trellis/src/serve.rs",
            "tests/access/matrix.rs",
        ] {
            assert_eq!(rules(place, text), [], "{place}");
        }
    }

    #[test]
    fn a_word_that_only_looks_like_a_library_is_none() {
        let text = "// sqlx::query is in the store\nlet isotonic = 1;\nnotsqlx::x();\nlet n = \"tonic\";\n";
        assert_eq!(rules("crates/permit/src/lib.rs", text), []);
        assert_eq!(rules("crates/permit/src/lib.rs", "use sqlx;\n").len(), 1);
        assert_eq!(rules("crates/permit/src/lib.rs", "use sqlx as db;\n").len(), 1);
    }

    #[test]
    fn nothing_in_kernel_and_policy_waits() {
        let text = concat!("pub as", "ync fn decide() {}\n");
        assert_eq!(
            rules("crates/policy/src/decide.rs", text),
            [(1, "kernel and policy are never async".into())]
        );
        assert_eq!(rules("crates/pg/src/tx.rs", text), []);
    }
}
