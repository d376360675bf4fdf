//! Revocation and kill -9.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod dismissed;
mod killed;
mod narrowed;
mod recorded;
mod revocation;
mod stopped;
mod suspended;
mod watched;

use std::collections::BTreeSet;

use trellis_tests::Actor;
use wire::notes::v1::ListNotesRequest;

/// How many rounds: a smoke in `cargo xtask test`, all of them in `cargo xtask soak`.
fn rounds(smoke: usize) -> usize {
    number("TRELLIS_ROUNDS", smoke)
}

/// What the environment says, if it does.
fn number(name: &str, otherwise: usize) -> usize {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is a number")),
        Err(_) => otherwise,
    }
}

/// The names of all of a person's notes that this caller sees.
async fn everything(reader: &Actor, person: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut page_token = String::new();
    loop {
        let list = ListNotesRequest {
            page_size: 200,
            page_token,
            person: person.to_owned(),
            ..ListNotesRequest::default()
        };
        let page = trellis_tests::served!(reader.notes(), list_notes, list);
        for note in page.notes {
            assert!(names.insert(note.name), "a note is there twice");
        }
        if page.next_page_token.is_empty() {
            return names;
        }
        page_token = page.next_page_token;
    }
}
