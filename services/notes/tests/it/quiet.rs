//! Words of a person's record reach nobody but the reader.

use kernel::Action;
use uuid::Uuid;
use wire::notes::v1::{self as pb, CreateNoteRequest, ListNotesRequest};

use crate::{
    amendments::{accept, ask, deny},
    blocks::{block, lift},
    own_words::{said, say},
    statements::state,
    world::{
        CLINIC, HOUSING, World, amend, append, create, list, mark_error, section, sign, update,
    },
};

#[tokio::test]
async fn no_log_and_no_error_holds_a_word_of_a_note_or_of_a_request() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "canary-sub"), world.somebody());
    let housing = world.clinician(HOUSING, "canary-reader");
    let words = |body: &str| vec![section("canary-title", body)];
    let creating = CreateNoteRequest { sections: words("canary-body"), ..create(person) };
    let note = author.create(creating.clone()).await.unwrap().note.unwrap();
    author.create(creating.clone()).await.unwrap();
    let note = author.update(update(&note, "canary-updated")).await.unwrap().note.unwrap();
    let note = author.sign(sign(&note)).await.unwrap().note.unwrap();
    let note = author.append(append(&note, "canary-appended")).await.unwrap().note.unwrap();
    let note = author.amend(amend(&note, "canary-amended")).await.unwrap().note.unwrap();
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    housing.get(&note).await.unwrap();
    housing.list(list(person)).await.unwrap();

    author.block(block(&note, 1, "canary-grounds", &world)).await.unwrap();
    author.get(&note).await.unwrap();

    author.lift(lift(&note)).await.unwrap();
    world.people.bind("jane", person, None);
    let jane = world.person("jane");
    let asked = jane.request_amendment(ask(&note, "canary-asked")).await.unwrap();
    let asked = asked.amendment.unwrap();
    author.decide_amendment(deny(&asked, "canary-answer")).await.unwrap();
    jane.add_statement(state(&note, "canary-statement")).await.unwrap();
    let own = said(&jane, CLINIC, "canary-own").await;
    author.get(&own).await.unwrap();
    author.get(&note).await.unwrap();

    let mut errors = Vec::new();
    errors.push(author.decide_amendment(accept(&asked, "canary-late")).await.unwrap_err());
    errors.push(jane.add_statement(state(&note, "canary-\u{0}")).await.unwrap_err());
    errors.push(jane.add_statement(say(Uuid::new_v4(), "canary-nowhere")).await.unwrap_err());
    errors.push(jane.add_statement(say(CLINIC, "canary-\u{0}")).await.unwrap_err());
    let unknown = pb::BlockReleaseRequest { exception: 9, ..block(&note, 1, "canary-no", &world) };
    errors.push(author.block(unknown).await.unwrap_err());
    errors.push(housing.block(block(&note, 1, "canary-theirs", &world)).await.unwrap_err());
    errors.push(housing.amend(amend(&note, "canary-denied")).await.unwrap_err());
    errors.push(author.sign(sign(&note)).await.unwrap_err());
    errors.push(author.update(update(&note, "canary-late")).await.unwrap_err());
    errors.push(housing.mark_error(mark_error(&note, "canary-why")).await.unwrap_err());
    errors.push(author.mark_error(mark_error(&note, "canary-why\u{0}")).await.unwrap_err());
    let error = author.signed(person).await;
    let error = author.mark_error(mark_error(&error, "canary-error")).await.unwrap().note.unwrap();
    errors.push(author.append(append(&error, "canary-more")).await.unwrap_err());
    let reused = CreateNoteRequest { sections: words("canary-reused"), ..creating };
    errors.push(author.create(reused).await.unwrap_err());
    let bad = CreateNoteRequest {
        request_id: "canary-id".into(),
        person: "canary-person".into(),
        episode: "canary-episode".into(),
        sections: words("canary-bad\u{0}"),
        ..create(person)
    };
    errors.push(author.create(bad).await.unwrap_err());
    errors.push(author.get_named("notes/canary-name").await.unwrap_err());
    let page = ListNotesRequest { page_token: "canary-token".into(), ..list(person) };
    errors.push(author.list(page).await.unwrap_err());
    let id = note.name.trim_start_matches("notes/");
    sqlx::query("UPDATE note_version SET body = $1 WHERE note_id = $2::uuid")
        .bind(b"\x01canary-broken".as_slice())
        .bind(id)
        .execute(&mut world.admin().await)
        .await
        .unwrap();
    errors.push(author.get(&note).await.unwrap_err());

    for error in &errors {
        let details = String::from_utf8_lossy(error.details()).into_owned();
        assert!(!format!("{error:?} {details}").contains("canary"), "{error:?}");
    }
    let logs = world.logs.text();
    assert!(logs.contains("alarm=\"bad row\""), "something is logged");
    let told: Vec<&str> = logs.lines().filter(|line| line.contains("canary")).collect();
    assert!(told.is_empty(), "{told:#?}");
    // The ledger names who and which, and holds no words; a subject is who.
    for event in world.stage.events().await {
        let leaf = event.leaf().unwrap();
        for word in [
            "canary-title",
            "canary-body",
            "canary-updated",
            "canary-appended",
            "canary-amended",
            "canary-denied",
            "canary-error",
            "canary-grounds",
            "canary-asked",
            "canary-answer",
            "canary-statement",
            "canary-own",
            "canary-nowhere",
        ] {
            assert!(!leaf.contains(word), "{leaf}");
        }
    }
}
