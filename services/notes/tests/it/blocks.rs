//! A lawful block keeps a note from the person, and nobody else, for its time.

use kernel::{Action, Clock as _, Instant, Role};
use permit::Appointment;
use policy::Relationship;
use testkit::fakes::whole;
use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::{
    convert::timestamp,
    notes::v1::{self as pb, BlockReleaseRequest, LiftBlockRequest, ReleaseException},
};

use crate::world::{
    CLINIC, Client, HOUSING, World, append, denied, list, mark_error, not_found, reason, refusal,
    wrong_state,
};

/// So many days from now.
pub fn block(note: &pb::Note, days: i64, grounds: &str, world: &World) -> BlockReleaseRequest {
    until(note, world.clock.now() + Duration::days(days), grounds)
}

fn until(note: &pb::Note, until: Instant, grounds: &str) -> BlockReleaseRequest {
    BlockReleaseRequest {
        request_id: Uuid::new_v4().to_string(),
        name: note.name.clone(),
        etag: note.etag.clone(),
        exception: ReleaseException::Endangers.into(),
        grounds: grounds.to_owned(),
        until_time: Some(timestamp(until)),
    }
}

pub fn lift(note: &pb::Note) -> LiftBlockRequest {
    LiftBlockRequest { request_id: Uuid::new_v4().to_string(), name: note.name.clone() }
}

/// Jane, and Ann who acts for her, whom everybody vouches for.
fn principals(world: &World, person: Uuid) -> [Client; 2] {
    world.people.bind("jane", person, None);
    world.people.appoint(
        "ann",
        Appointment {
            id: Uuid::new_v4(),
            person: person.into(),
            relationship: Relationship::Guardian,
            authority: true,
            from: None,
            until: None,
            excluded_sensitivities: kernel::CodeSet::EMPTY,
            confirmed_by: None,
        },
    );
    [world.person("jane"), world.representative("ann")]
}

#[tokio::test]
async fn a_block_keeps_a_note_from_the_person_and_who_acts_for_them_until_its_end() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let principals = principals(&world, person);
    let note = author.signed(person).await;
    world.clock.advance(Duration::MINUTE);
    let other = author.signed(person).await;
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let housing = world.clinician(HOUSING, "ms-h");
    for client in &principals {
        assert_eq!(client.get(&note).await.unwrap().note.unwrap(), note);
    }
    let blocked = author.block(block(&note, 10, "Names who told us.", &world)).await.unwrap();
    let told = blocked.block.unwrap();
    assert_eq!(told.exception(), ReleaseException::Endangers);
    assert_eq!(told.decider, format!("agencies/{CLINIC}/practitioners/dr-c"));
    assert!(!told.under_review);

    let held = world.clock.now() + Duration::days(10);
    for at in [world.clock.now(), held - Duration::MICROSECOND] {
        world.clock.set(at);
        // As if it had never been.
        let never = pb::Note { name: format!("notes/{}", Uuid::new_v4()), ..note.clone() };
        for client in &principals {
            let refused = client.get(&note).await.unwrap_err();
            assert_eq!(whole(&refused), whole(&client.get(&never).await.unwrap_err()));
            assert_eq!(refusal(client.version(&note, 1).await), not_found());
            assert_eq!(refusal(client.versions(&note).await), not_found());
            let notes = client.list(list(person)).await.unwrap().notes;
            assert_eq!(notes, std::slice::from_ref(&other));
        }
        // Others read on; why is for those of the custodian who read it.
        let theirs = housing.get(&note).await.unwrap().note.unwrap();
        assert_eq!(theirs, note);
        assert_eq!(housing.list(list(person)).await.unwrap().notes[1], note);
        let colleague = world.of(CLINIC, "cm", Role::CaseManager);
        let shown = colleague.get(&note).await.unwrap().note.unwrap();
        assert_eq!(shown.release_block, Some(told.clone()));
        assert_eq!(colleague.list(list(person)).await.unwrap().notes[1], shown);
    }
    world.clock.set(held);
    for client in &principals {
        assert_eq!(client.get(&note).await.unwrap().note.unwrap(), note);
        assert_eq!(client.list(list(person)).await.unwrap().notes.len(), 2);
    }
    assert_eq!(author.get(&note).await.unwrap().note.unwrap().release_block, None);
    let events = world.stage.events().await;
    let event = events.iter().find(|e| e.rpc.ends_with("/BlockRelease")).unwrap();
    assert_eq!((event.action, event.person), (Action::Write, Some(person)));
    assert_eq!(event.records, [note.name.trim_start_matches("notes/").parse::<Uuid>().unwrap()]);
}

#[tokio::test]
async fn whoever_is_not_licensed_or_not_of_the_custodian_blocks_and_lifts_nothing() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let note = author.signed(person).await;
    let role = denied("ROLE_NOT_ADMITTED");
    for other in [
        Role::Counselor,
        Role::CaseManager,
        Role::PeerSupporter,
        Role::Officer,
        Role::PrivacyOfficer,
        Role::AgencyAdmin,
    ] {
        let client = world.of(CLINIC, "x", other);
        let done = client.block(block(&note, 1, "grounds", &world)).await;
        assert_eq!(refusal(done), role, "{other:?}");
        if other != Role::PrivacyOfficer {
            assert_eq!(refusal(client.lift(lift(&note)).await), role, "{other:?}");
        }
    }
    world.people.bind("jane", person, None);
    let jane = world.person("jane");
    assert_eq!(refusal(jane.block(block(&note, 1, "grounds", &world)).await), role);
    assert_eq!(refusal(jane.lift(lift(&note)).await), role);
    // Of another agency: not even where a consent lets it write.
    let housing = world.clinician(HOUSING, "ms-h");
    assert_eq!(refusal(housing.block(block(&note, 1, "grounds", &world)).await), not_found());
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    assert_eq!(
        refusal(housing.block(block(&note, 1, "grounds", &world)).await),
        denied("ACTION_NOT_PERMITTED")
    );
    assert!(jane.get(&note).await.is_ok());

    // Those who are end each other's at once.
    let doctor = world.of(CLINIC, "md", Role::Medical);
    let officer = world.of(CLINIC, "po", Role::PrivacyOfficer);
    for lifter in [&doctor, &officer, &author] {
        doctor.block(block(&note, 1, "grounds", &world)).await.unwrap();
        assert_eq!(refusal(jane.get(&note).await), not_found());
        assert_eq!(refusal(housing.lift(lift(&note)).await), denied("ACTION_NOT_PERMITTED"));
        lifter.lift(lift(&note)).await.unwrap();
        assert_eq!(jane.get(&note).await.unwrap().note.unwrap(), note);
    }
    assert_eq!(refusal(officer.lift(lift(&note)).await), wrong_state());
    // One that has ended by itself is none.
    doctor.block(block(&note, 1, "grounds", &world)).await.unwrap();
    world.clock.advance(Duration::days(1));
    assert_eq!(refusal(doctor.lift(lift(&note)).await), wrong_state());
}

#[tokio::test]
async fn what_is_not_final_has_nothing_to_block_and_what_was_a_mistake_may_still_harm() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let (draft, waits) = (author.draft(person).await, author.awaiting(person).await);
    let supervisor = world.clinician(CLINIC, "dr-d");
    let wanted = |note: &pb::Note| block(note, 1, "grounds", &world);
    assert_eq!(refusal(author.block(wanted(&draft)).await), wrong_state());
    assert_eq!(refusal(supervisor.block(wanted(&draft)).await), not_found());
    for client in [&author, &supervisor] {
        assert_eq!(refusal(client.block(wanted(&waits)).await), wrong_state());
    }
    world.people.bind("jane", person, None);
    let note = author.signed(person).await;
    let marked = author.mark_error(mark_error(&note, "Another's.")).await.unwrap().note.unwrap();
    assert!(world.person("jane").get(&marked).await.is_ok());
    author.block(wanted(&marked)).await.unwrap();
    assert_eq!(refusal(world.person("jane").get(&marked).await), not_found());
}

#[tokio::test]
async fn a_block_has_a_named_ground_words_and_an_end_within_ninety_days() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let note = author.signed(person).await;
    let now = world.clock.now();
    let good = block(&note, 90, "grounds", &world);
    let at = |at: Instant| Some(timestamp(at));
    let longest = now + Duration::days(90);
    let bad = [
        ("exception", BlockReleaseRequest { exception: 0, ..good.clone() }),
        ("exception", BlockReleaseRequest { exception: 4, ..good.clone() }),
        ("grounds", BlockReleaseRequest { grounds: String::new(), ..good.clone() }),
        ("grounds", BlockReleaseRequest { grounds: " \n".to_owned(), ..good.clone() }),
        ("grounds", BlockReleaseRequest { grounds: "x".repeat(4_001), ..good.clone() }),
        ("until_time", BlockReleaseRequest { until_time: None, ..good.clone() }),
        ("until_time", BlockReleaseRequest { until_time: at(now), ..good.clone() }),
        (
            "until_time",
            BlockReleaseRequest { until_time: at(longest + Duration::MICROSECOND), ..good.clone() },
        ),
    ];
    for (field, request) in bad {
        let status = author.block(request).await.unwrap_err();
        assert_eq!(crate::bad_input::fields(&status), crate::bad_input::set(&[field]));
    }
    assert_eq!(author.get(&note).await.unwrap().note.unwrap(), note);
    let longest = BlockReleaseRequest { grounds: "\u{1F54A}".repeat(4_000), ..good };
    author.block(longest).await.unwrap();
}

#[tokio::test]
async fn a_block_is_decided_once_on_the_words_that_were_read_and_renewed_by_a_new_decision() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let first = author.signed(person).await;
    let note = author.append(append(&first, "Came late.")).await.unwrap().note.unwrap();
    let stale = author.block(block(&first, 1, "grounds", &world)).await.unwrap_err();
    assert_eq!(reason(&stale), "ETAG_MISMATCH");
    let blocking = block(&note, 1, "grounds", &world);
    let blocked = author.block(blocking.clone()).await.unwrap();
    // However late it is repeated.
    world.clock.advance(Duration::days(2));
    assert_eq!(author.block(blocking.clone()).await.unwrap().block, blocked.block);
    let other = BlockReleaseRequest { grounds: "others".to_owned(), ..blocking };
    let reused = (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned());
    assert_eq!(refusal(author.block(other).await), reused);

    let until = |note: pb::Note| note.release_block.unwrap().until_time.unwrap().seconds;
    let days = [2, 30, 5].map(|days| (days, world.clock.now() + Duration::days(days)));
    for (days, end) in days {
        author.block(block(&note, days, "grounds", &world)).await.unwrap();
        let shown = author.get(&note).await.unwrap().note.unwrap();
        assert_eq!((shown.etag.clone(), until(shown)), (note.etag.clone(), end.unix_timestamp()));
    }
    // Words that are added beside it tell of the block as a read does.
    let added = author.append(append(&note, "Rang.")).await.unwrap().note.unwrap();
    assert_eq!(author.get(&note).await.unwrap().note.unwrap(), added);
    let history = "SELECT kind FROM release_decision ORDER BY at, id";
    let kinds: Vec<i16> =
        sqlx::query_scalar(history).fetch_all(&mut world.admin().await).await.unwrap();
    assert_eq!(kinds, [1, 1, 1, 1]);
    let lifting = lift(&note);
    author.lift(lifting.clone()).await.unwrap();
    author.lift(lifting).await.unwrap();
    assert_eq!(author.get(&note).await.unwrap().note.unwrap().release_block, None);
}
