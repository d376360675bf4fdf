//! What may not be written, and how long things may be.

use super::{Breach, Source};

const LONGEST_FILE: usize = 600;
const LONGEST_HANDLER: usize = 150;
const LONGEST_README: usize = 200;

/// Written apart, so that this file does not break its own rules.
const UNDONE: &[&str] = &[concat!("TO", "DO"), concat!("FIX", "ME")];
/// No code of ours does what the compiler can't check. `fuzz/` is apart: libFuzzer is C++.
const UNCHECKED: &[&str] = &[
    concat!("uns", "afe {"),
    concat!("uns", "afe fn"),
    concat!("uns", "afe impl"),
    concat!("uns", "afe extern"),
    concat!("uns", "afe("),
    concat!("allow(uns", "afe_code)"),
];
const UNDONE_CODE: &[&str] = &[concat!("to", "do!"), concat!("unimple", "mented!")];
const SKIPPED_TEST: &str = concat!("#[ig", "nore");
/// The project stands alone: what lies beside a checkout is not part of it.
const OUTSIDE: &str = concat!("../", "shared");
/// Words for people, or for what happens to them, that the field does not use any more (NIDA, Words Matter; APA,
/// bias-free language), in the singular.
const UNKIND: &[&str] = &[
    concat!("addi", "ct"),
    concat!("abu", "ser"),
    concat!("jun", "kie"),
    concat!("alco", "holic"),
    concat!("substance abu", "se"),
    concat!("drug abu", "se"),
    concat!("alcohol abu", "se"),
    concat!("drug hab", "it"),
    concat!("schizo", "phrenic"),
    concat!("psy", "cho"),
    concat!("luna", "tic"),
    concat!("cra", "zy"),
    concat!("mentally i", "ll"),
    concat!("suffers fr", "om"),
    concat!("committed sui", "cide"),
    concat!("the home", "less"),
    concat!("the disab", "led"),
    concat!("con", "vict"),
    concat!("fel", "on"),
    concat!("offe", "nder"),
    concat!("inma", "te"),
    concat!("non-compli", "ant"),
    concat!("dirty uri", "ne"),
    concat!("clean uri", "ne"),
];
/// Where the words are not ours: titles of ICD-10-CM, and what people look for in a directory.
const QUOTED: &[&str] =
    &["services/notes/src/domain/suggest.rs", "services/directory/src/domain/words/needs.rs"];
/// The one standard term that has such a word (v3 RoleCode and its relatives).
const STANDARD_TERM: &str = concat!("alleged abu", "ser");
/// Where a server of the contract's is made. By itself it sends messages of any size.
const SERVER: &str = concat!("Service", "Server::new(");
/// In how far it is bounded, to the end of the function that makes it.
const BOUNDS: [&str; 2] = [".max_decoding_message_size(", ".max_encoding_message_size("];
const EM_DASH: char = '\u{2014}';

pub(super) fn check(source: &Source) -> Vec<Breach> {
    let mut found = Vec::new();
    let mut breach = |line, rule: String| found.push(Breach::new(&source.path, line, rule));
    let dashes = ["md", "rs", "proto", "toml"].iter().any(|e| source.is(e));
    for (n, line) in source.lines() {
        if dashes && line.contains(EM_DASH) {
            breach(n, "an em dash: use a colon, a comma or two sentences".into());
        }
        for word in UNDONE {
            if words(line).any(|w| w == *word) {
                breach(n, format!("{word}: do it, or file an issue"));
            }
        }
        for call in UNDONE_CODE {
            if source.is("rs") && line.contains(call) {
                breach(n, format!("{call}: do it, or file an issue"));
            }
        }
        let unchecked = UNCHECKED.iter().find(|word| line.contains(**word));
        if let Some(word) = unchecked.filter(|_| source.is("rs")) {
            breach(n, format!("{word}: nothing of ours is out of the compiler's sight"));
        }
        if source.is("rs") && line.trim_start().starts_with(SKIPPED_TEST) {
            breach(n, "a test that is skipped proves nothing: fix it or delete it".into());
        }
        if line.contains(OUTSIDE) {
            breach(n, "names what lies outside the project".into());
        }
        if let Some(word) = unkind(line).filter(|_| !QUOTED.contains(&&*source.path)) {
            breach(n, format!("\"{word}\": write of the person first"));
        }
    }
    if source.is("rs") && !source.is_test() {
        for n in boundless(&source.text) {
            breach(n, "a server without a largest message to read, or to send".into());
        }
    }
    if let Some((longest, what)) = limit(source) {
        let lines = source.text.lines().count();
        if lines > longest {
            breach(longest + 1, format!("{what} has {lines} lines, and at most {longest}"));
        }
    }
    found
}

fn limit(source: &Source) -> Option<(usize, &'static str)> {
    if source.path == "README.md" {
        return Some((LONGEST_README, "the README"));
    }
    if !source.is("rs") || source.is_test() {
        return None;
    }
    if source.path.starts_with("services/") && source.path.contains("/src/rpc/") {
        return Some((LONGEST_HANDLER, "a handler"));
    }
    Some((LONGEST_FILE, "a file"))
}

/// The lines in which a server is made that is not told how large messages may be.
fn boundless(text: &str) -> impl Iterator<Item = usize> {
    text.match_indices(SERVER).filter_map(move |(at, _)| {
        let (before, rest) = text.split_at_checked(at)?;
        let made = rest.split_once('}').map_or(rest, |(made, _)| made);
        // Another one that is made with it has its own.
        let made = made.split(SERVER).nth(1).unwrap_or_default();
        let bounded = BOUNDS.iter().all(|bound| made.contains(bound));
        (!bounded).then(|| before.matches('\n').count() + 1)
    })
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
}

fn unkind(line: &str) -> Option<&'static str> {
    let lower = line.to_lowercase();
    let lower = lower.replace(STANDARD_TERM, "").replace(&format!("{STANDARD_TERM}s"), "");
    let said: Vec<&str> = words(&lower).filter(|word| !word.is_empty()).collect();
    let one = |said: &str, word: &str| said == word || said.strip_suffix('s') == Some(word);
    let is = |term: &str| {
        let term: Vec<&str> = words(term).collect();
        said.windows(term.len()).any(|said| said.iter().zip(&term).all(|(s, w)| one(s, w)))
    };
    UNKIND.iter().copied().find(|term| is(term))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<(usize, String)> {
        let source = Source { path: path.into(), text: text.into() };
        check(&source).into_iter().map(|b| (b.line, b.rule)).collect()
    }

    #[test]
    fn plain_text_is_tidy() {
        assert_eq!(rules("a.rs", "fn main() {}\n// a method, an addiction service\n"), []);
    }

    #[test]
    fn an_em_dash_is_a_breach_on_its_line() {
        assert_eq!(rules("a.md", "one\ntwo \u{2014} three\n")[0].0, 2);
        assert_eq!(rules("a.py", "# \u{2014}\n"), []);
    }

    #[test]
    fn what_the_compiler_does_not_check_is_a_breach() {
        for line in [
            concat!("#![allow(uns", "afe_code)]"),
            concat!("    uns", "afe { f() }"),
            concat!("pub uns", "afe fn f() {}"),
            concat!("#[uns", "afe(no_mangle)]"),
        ] {
            assert_eq!(rules("a.rs", line).len(), 1, "{line}");
        }
        assert_eq!(rules("a.rs", "unsafe_durability: bool, // unsafe for data"), []);
    }

    #[test]
    fn work_left_undone_is_a_breach() {
        for line in [
            concat!("// TO", "DO later"),
            concat!("// FIX", "ME"),
            concat!("to", "do!()"),
            concat!("    #[ig", "nore]"),
            concat!("#[ig", "nore = \"slow\"]"),
        ] {
            assert_eq!(rules("a.rs", line).len(), 1, "{line}");
        }
        assert_eq!(rules("a.rs", "let mastodon = todos;"), []);
    }

    #[test]
    fn a_server_that_sends_or_reads_messages_of_any_size_is_a_breach() {
        let [read, sent] = BOUNDS.map(|bound| format!("\n        {bound}SIZE)"));
        let made = |bounds: &str| format!("fn server() {{\n    Notes{SERVER}Rpc){bounds}\n}}\n");
        let whole = made(&format!("{read}{sent}"));
        assert_eq!(rules("services/a/src/lib.rs", &whole), []);
        let two =
            whole.replace("fn server() {\n", &format!("fn server() {{\n    Other{SERVER}Rpc);\n"));
        assert_eq!(rules("services/a/src/lib.rs", &two).len(), 1);
        for bounds in [String::new(), read, sent] {
            // What the next one is told is not told to this one.
            let text = format!("{}{whole}", made(&bounds));
            let found = rules("services/a/src/lib.rs", &text);
            assert_eq!(found.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [2], "{bounds}");
            assert_eq!(rules("services/a/tests/it/main.rs", &text), []);
        }
    }

    #[test]
    fn what_lies_outside_may_not_be_named() {
        assert_eq!(rules("docs/a.md", concat!("see ../", "shared/x")).len(), 1);
    }

    #[test]
    fn people_are_not_named_by_what_happened_to_them() {
        assert_eq!(rules("a.md", concat!("an addi", "ct")).len(), 1);
        assert_eq!(rules("a.md", concat!("Abu", "sers")).len(), 1);
        assert_eq!(rules("a.md", concat!("an alleged abu", "ser")), []);
        assert_eq!(rules("a.rs", concat!("ALLEGED_ABU", "SER = 3")), []);
        assert_eq!(rules("a.json", concat!("the Home", "less of a county")).len(), 1);
        assert_eq!(rules("a.md", concat!("Drug-abu", "se, as it was called")).len(), 1);
        assert_eq!(rules("a.md", concat!("seen as non-compli", "ant")).len(), 1);
        assert_eq!(rules("a.md", "people without homes, people in prison, psychosis, offers"), []);
        // Each of them is found.
        for term in UNKIND {
            assert_eq!(rules("a.proto", &format!("// {term}s of")).len(), 1, "{term}");
            assert_eq!(rules(QUOTED[0], &format!("// {term}")), []);
        }
    }

    #[test]
    fn files_handlers_and_the_readme_have_their_length() {
        let lines = |n: usize| "//\n".repeat(n);
        assert_eq!(rules("crates/pg/src/a.rs", &lines(600)), []);
        assert_eq!(rules("crates/pg/src/a.rs", &lines(601))[0].0, 601);
        assert_eq!(rules("crates/pg/tests/a.rs", &lines(601)), []);
        assert_eq!(rules("services/notes/src/rpc/get_note.rs", &lines(151)).len(), 1);
        assert_eq!(rules("services/notes/src/rpc.rs", &lines(151)), []);
        assert_eq!(rules("README.md", &lines(201)).len(), 1);
    }
}
