//! The person's own statement: a note that the person writes.

use kernel::{Action, Purpose, Role};
use testkit::fakes::{bearer, consent, permitting, whole};
use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::{
    convert::timestamp,
    notes::v1::{
        self as pb, AddStatementRequest, CreateNoteRequest, ListNotesRequest, ListUnreadRequest,
        NoteState, NoteType, SearchNotesRequest, UnreadReason, UpdateDraftRequest,
    },
};

use crate::{
    amendments::ask,
    bad_input::{fields, set},
    blocks::block,
    reading::without_hiv,
    sections::{HIV, NORMAL, labels},
    statements::state,
    world::{
        CLINIC, COURT, Client, HOUSING, World, amend, append, cosign, create, denied, list,
        mark_error, not_found, refusal, section, sign, update, wrong_state,
    },
};

pub fn say(agency: Uuid, words: &str) -> AddStatementRequest {
    AddStatementRequest {
        request_id: Uuid::new_v4().to_string(),
        agency: format!("agencies/{agency}"),
        words: words.to_owned(),
        ..AddStatementRequest::default()
    }
}

pub async fn said(jane: &Client, agency: Uuid, words: &str) -> pb::Note {
    let reply = jane.add_statement(say(agency, words)).await.unwrap();
    assert!(reply.statement.is_none() && reply.disclosure.is_some());
    reply.note.unwrap()
}

/// Somebody whose sign-in stands everywhere.
pub fn jane(world: &World) -> (Client, Uuid) {
    let person = world.somebody();
    world.people.bind("jane", person, None);
    (world.person("jane"), person)
}

pub async fn hits(client: &Client, person: Uuid, query: &str) -> Vec<pb::NoteHit> {
    let message = SearchNotesRequest {
        people: vec![format!("people/{person}")],
        query: query.to_owned(),
        ..SearchNotesRequest::default()
    };
    client.search(message).await.unwrap().hits
}

pub async fn unread(client: &Client, person: Uuid) -> Vec<(String, UnreadReason)> {
    let message = ListUnreadRequest {
        people: vec![format!("people/{person}")],
        ..ListUnreadRequest::default()
    };
    let reply = client.notes().list_unread(bearer(&(client.mint)(), message)).await.unwrap();
    reply.into_inner().notes.into_iter().map(|n| (n.name.clone(), n.reason())).collect()
}

#[tokio::test]
async fn it_is_a_note_of_the_persons_that_others_read_by_consent() {
    let world = World::new().await;
    let (jane, person) = jane(&world);
    let (staff, housing) = (world.clinician(CLINIC, "dr-c"), world.clinician(HOUSING, "ms-h"));
    let mut watching = staff.watch(&[person]).await;
    let note = said(&jane, CLINIC, "I have a garden.\nJane").await;
    let themself = format!("people/{person}");
    assert_eq!((&note.person, &note.author), (&themself, &themself));
    assert_eq!(note.custodian, format!("agencies/{CLINIC}"));
    assert_eq!((note.r#type(), note.state()), (NoteType::PersonStatement, NoteState::Final));
    assert_eq!((note.version, &*note.etag), (1, "1"));
    assert_eq!(note.record_class(), wire::common::v1::RecordClass::General);
    assert_eq!(note.sections, [section("", "I have a garden.\nJane")]);
    assert_eq!(note.labels, Some(labels(0, &[])));
    let now = Some(timestamp(kernel::Clock::now(&world.clock)));
    assert_eq!((note.authored_time, note.signed_time), (now, now));

    watching.is_told(&note, NoteState::Final, 1).await;
    for client in [&jane, &staff] {
        assert_eq!(client.get(&note).await.unwrap().note.unwrap(), note);
        assert_eq!(client.all(person, 10).await, std::slice::from_ref(&note));
        let kind = NoteType::PersonStatement.into();
        let of_kind = ListNotesRequest { r#type: kind, ..list(person) };
        assert_eq!(client.list(of_kind).await.unwrap().notes.len(), 1);
        let versions = client.versions(&note).await.unwrap();
        assert_eq!((versions.len(), &versions[0].author), (1, &themself));
        let found = hits(client, person, "gardens").await;
        assert_eq!((found.len(), &found[0].author), (1, &themself));
        assert_eq!(found[0].name, note.name);
    }
    // It is not theirs who reads it, and for its author nothing new.
    assert_eq!(unread(&staff, person).await, [(note.name.clone(), UnreadReason::Unread)]);
    assert_eq!(unread(&jane, person).await, []);

    assert_eq!(refusal(housing.get(&note).await), not_found());
    assert!(hits(&housing, person, "garden").await.is_empty());
    // A consent for what somebody has written does not reach what nobody of an agency has.
    let mut rule = permitting(CLINIC, HOUSING, [Purpose::Treat], [Action::Read]);
    rule.authors = Some(vec![
        format!("{CLINIC}/dr-c").as_str().into(),
        format!("people/{person}").as_str().into(),
    ]);
    world.consents.give(consent(person, Uuid::new_v4(), rule));
    assert_eq!(refusal(housing.get(&note).await), not_found());
    assert!(housing.all(person, 10).await.is_empty());
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    assert_eq!(housing.get(&note).await.unwrap().note.unwrap(), note);
    assert_eq!(housing.all(person, 10).await, std::slice::from_ref(&note));
    assert_eq!(hits(&housing, person, "garden").await.len(), 1);
    assert_eq!(unread(&housing, person).await.len(), 1);
    world.revoke(person);
    assert_eq!(refusal(housing.get(&note).await), not_found());
    assert!(unread(&housing, person).await.is_empty());

    let events = world.stage.events().await;
    let id = Uuid::parse_str(note.name.trim_start_matches("notes/")).unwrap();
    let written =
        |e: &&ledger::Event| e.rpc.ends_with("/AddStatement") && e.action == Action::Write;
    let written: Vec<_> = events.iter().filter(written).collect();
    assert_eq!(written.len(), 1);
    assert_eq!((written[0].person, &written[0].records[..]), (Some(person), &[id][..]));
}

#[tokio::test]
async fn its_labels_are_those_that_the_person_states() {
    let world = World::new().await;
    let (jane, person) = jane(&world);
    let clinic = world.clinician(CLINIC, "dr-c");
    world.consent(person, HOUSING, CLINIC, [Action::Read]);
    without_hiv(&world, person);
    let mut notes = Vec::new();
    for own in [Some(labels(NORMAL, &[])), Some(labels(NORMAL, &[HIV])), None] {
        let saying = AddStatementRequest { labels: own.clone(), ..say(HOUSING, "words") };
        let note = jane.add_statement(saying).await.unwrap().note.unwrap();
        assert_eq!(note.labels, Some(own.unwrap_or_default()));
        assert_eq!(jane.get(&note).await.unwrap().note.unwrap(), note);
        notes.push(note);
    }
    assert_eq!(clinic.get(&notes[0]).await.unwrap().note.unwrap(), notes[0]);
    for hidden in &notes[1..] {
        assert_eq!(refusal(clinic.get(hidden).await), not_found());
    }
}

#[tokio::test]
async fn it_stands_where_the_person_is_known_and_the_sign_in_counts() {
    let world = World::new().await;
    let (jane, _) = jane(&world);
    let never = pb::Note { name: format!("notes/{}", Uuid::new_v4()), ..pb::Note::default() };
    let unknown = jane.add_statement(state(&never, "words")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    let apart = Uuid::new_v4();
    world.people.register(apart, CLINIC);
    for (sub, person, vouched) in [
        ("ann", apart, None),
        ("ben", world.somebody(), Some(&[CLINIC][..])),
        ("cid", world.somebody(), Some(&[][..])),
    ] {
        world.people.bind(sub, person, vouched);
    }
    let (ann, ben) = (world.person("ann"), world.person("ben"));
    said(&ann, CLINIC, "words").await;
    said(&ben, CLINIC, "words").await;
    let refused = [
        (&ann, HOUSING),
        (&jane, Uuid::new_v4()),
        (&ben, HOUSING),
        (&world.person("cid"), CLINIC),
        (&world.person("unbound"), CLINIC),
    ];
    for (client, agency) in refused {
        let refused = client.add_statement(say(agency, "words")).await.unwrap_err();
        assert_eq!(whole(&refused), whole(&unknown));
    }
    assert_eq!(ann.all(apart, 10).await.len(), 1);
    let role = denied("ROLE_NOT_ADMITTED");
    for client in [&world.clinician(CLINIC, "dr-c"), &world.representative("rep")] {
        assert_eq!(refusal(client.add_statement(say(CLINIC, "words")).await), role);
    }
    // A repeat is authorized again.
    let saying = say(CLINIC, "again");
    let note = ben.add_statement(saying.clone()).await.unwrap().note.unwrap();
    assert_eq!(ben.add_statement(saying.clone()).await.unwrap().note.unwrap(), note);
    let person = Uuid::parse_str(note.person.trim_start_matches("people/")).unwrap();
    world.people.bind("ben", person, Some(&[HOUSING]));
    assert_eq!(whole(&ben.add_statement(saying).await.unwrap_err()), whole(&unknown));
}

#[tokio::test]
async fn nobody_moves_it_and_no_staff_write_one() {
    let world = World::new().await;
    let (jane, person) = jane(&world);
    let note = said(&jane, CLINIC, "My words.").await;
    // A clinician keeps the records of their agency, and a privacy officer does.
    let staff = world.clinician(CLINIC, "dr-c");
    let officer = world.of(CLINIC, "po", Role::PrivacyOfficer);
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    let housing = world.clinician(HOUSING, "ms-h");
    for client in [&staff, &housing] {
        assert_eq!(refusal(client.append(append(&note, "more")).await), wrong_state());
        assert_eq!(refusal(client.amend(amend(&note, "other")).await), wrong_state());
    }
    for client in [&staff, &officer] {
        assert_eq!(refusal(client.mark_error(mark_error(&note, "why")).await), wrong_state());
    }
    assert_eq!(refusal(staff.block(block(&note, 1, "grounds", &world)).await), wrong_state());
    assert_eq!(refusal(jane.request_amendment(ask(&note, "other")).await), wrong_state());
    let theirs = denied("ACTION_NOT_PERMITTED");
    assert_eq!(refusal(staff.sign(sign(&note)).await), theirs);
    let as_progress = pb::Note { r#type: NoteType::Progress.into(), ..note.clone() };
    assert_eq!(refusal(staff.update(update(&as_progress, "other")).await), theirs);
    assert_eq!(refusal(staff.cosign(cosign(&note)).await), wrong_state());
    assert_eq!(refusal(housing.mark_error(mark_error(&note, "why")).await), theirs);
    assert_eq!(staff.get(&note).await.unwrap().note.unwrap(), note);
    assert_eq!(jane.get(&note).await.unwrap().note.unwrap(), note);

    let of_person = NoteType::PersonStatement.into();
    let creating = CreateNoteRequest { r#type: of_person, ..create(person) };
    assert_eq!(fields(&staff.create(creating).await.unwrap_err()), set(&["type"]));
    let draft = staff.draft(person).await;
    let updating = UpdateDraftRequest { r#type: of_person, ..update(&draft, "words") };
    assert_eq!(fields(&staff.update(updating).await.unwrap_err()), set(&["type"]));
    // The database refuses what a service would do wrongly.
    let id = note.name.trim_start_matches("notes/");
    for change in [
        "class = 1",
        "state = 3",
        "version = 2",
        "author = 'a/b'",
        "release_block_until = now()",
        "note_type = 1",
    ] {
        let sql = format!("UPDATE note SET {change} WHERE id = $1::uuid");
        let done = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id);
        let refused = done.execute(&mut world.admin().await).await.unwrap_err().to_string();
        assert!(refused.contains("\"note_person_statement_check\""), "{change}: {refused}");
    }
}

#[tokio::test]
async fn it_is_written_once_and_twenty_times_in_thirty_days_at_most() {
    let world = World::new().await;
    let (jane, person) = jane(&world);
    let saying = say(CLINIC, "words");
    let first = jane.add_statement(saying.clone()).await.unwrap().note.unwrap();
    world.clock.advance(Duration::MINUTE);
    assert_eq!(jane.add_statement(saying.clone()).await.unwrap().note.unwrap(), first);
    assert_eq!(jane.all(person, 10).await, std::slice::from_ref(&first));
    let reused = (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned());
    let others = [
        AddStatementRequest { words: "others".to_owned(), ..saying.clone() },
        AddStatementRequest { agency: format!("agencies/{COURT}"), ..saying },
    ];
    for other in others {
        assert_eq!(refusal(jane.add_statement(other).await), reused);
    }
    // Many at once are no more.
    let all = (0..24).map(|_| jane.add_statement(say(CLINIC, "at once")));
    let done = futures::future::join_all(all).await;
    let full = (Code::ResourceExhausted, "LIMIT_EXCEEDED".to_owned());
    let (written, refused): (Vec<_>, Vec<_>) = done.into_iter().partition(Result::is_ok);
    assert_eq!((written.len(), refused.len()), (19, 5));
    assert!(refused.into_iter().all(|refused| refusal(refused) == full));
    assert_eq!(jane.all(person, 50).await.len(), 20);
    said(&jane, HOUSING, "elsewhere").await;
    // What was refused, and so was never there, is nothing that anybody has read or written.
    let there: Vec<_> = jane.all(person, 50).await.into_iter().map(|note| note.name).collect();
    let events = world.stage.events().await.into_iter();
    let stating = events.filter(|event| event.rpc.ends_with("/AddStatement"));
    let named: Vec<_> = stating.flat_map(|event| event.records).collect();
    assert!(named.iter().all(|id| there.contains(&format!("notes/{id}"))), "{named:?}");
    // One each, and one of the repeat.
    assert_eq!((there.len(), named.len()), (21, 22));
    // The first was written a minute before the others. Each counts for 30 days, to the second.
    world.clock.advance(Duration::days(30) - Duration::MINUTE - Duration::SECOND);
    assert_eq!(refusal(jane.add_statement(say(CLINIC, "too early")).await), full);
    world.clock.advance(Duration::SECOND);
    said(&jane, CLINIC, "instead of the first").await;
    assert_eq!(refusal(jane.add_statement(say(CLINIC, "one more")).await), full);
    world.clock.advance(Duration::MINUTE);
    for _ in 0..19 {
        said(&jane, CLINIC, "instead of the others").await;
    }
    assert_eq!(refusal(jane.add_statement(say(CLINIC, "one more")).await), full);
    assert_eq!(jane.all(person, 50).await.len(), 41);
}

#[tokio::test]
async fn a_refused_one_is_on_record_alike_whichever_is_missing() {
    let world = World::new().await;
    let person = world.somebody();
    world.people.bind("ben", person, Some(&[CLINIC]));
    let ben = world.person("ben");
    let of_nobody = Uuid::new_v4();
    // Known and not vouched for, vouched for and not known, and neither.
    let apart = Uuid::new_v4();
    world.people.register(apart, HOUSING);
    world.people.bind("ann", apart, Some(&[CLINIC]));
    let ann = world.person("ann");
    for (client, agency) in [(&ben, HOUSING), (&ann, HOUSING), (&ann, CLINIC), (&ben, of_nobody)] {
        let refused = client.add_statement(say(agency, "words")).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
    }
    let events = world.stage.events().await;
    let stating: Vec<_> = events.iter().filter(|e| e.rpc.ends_with("/AddStatement")).collect();
    assert_eq!(stating.len(), 4);
    // The same but for what names the call itself.
    let alike = |event: &ledger::Event| ledger::Event {
        event_id: Uuid::nil(),
        decision_id: Uuid::nil(),
        records: Vec::new(),
        caller: stating[0].caller.clone(),
        trace_id: None,
        ..event.clone()
    };
    for event in &stating {
        assert_eq!((event.outcome, event.person), (ledger::Outcome::Deny, None));
        assert_eq!(event.reason.as_deref(), Some("ABSENT"));
        assert_eq!((event.records.len(), event.custodians.len()), (1, 0));
        assert_eq!(alike(event), alike(stating[0]));
    }
    assert!(ben.all(person, 10).await.is_empty() && ann.all(apart, 10).await.is_empty());
}

#[tokio::test]
async fn it_is_beside_a_note_or_one_of_its_own_and_nothing_of_it_is_told() {
    let world = World::new().await;
    let (jane, person) = jane(&world);
    let beside = world.clinician(CLINIC, "dr-c").signed(person).await;
    let own = || say(CLINIC, "canary-words");
    let beside = || state(&beside, "canary-words");
    let text = String::from;
    let wrong = [
        ("note", AddStatementRequest { agency: String::new(), ..own() }),
        ("agency", AddStatementRequest { agency: own().agency, ..beside() }),
        ("agency", AddStatementRequest { agency: text("agencies/canary"), ..own() }),
        ("agency", say(Uuid::nil(), "canary-words")),
        (
            "amendment",
            AddStatementRequest { amendment: format!("amendments/{}", Uuid::new_v4()), ..own() },
        ),
        ("labels", AddStatementRequest { labels: Some(labels(NORMAL, &[])), ..beside() }),
        ("words", say(CLINIC, " \n")),
        ("words", say(CLINIC, &"x".repeat(4_001))),
        ("words", say(CLINIC, "canary\u{202e}")),
    ];
    for (field, message) in wrong {
        let status = jane.add_statement(message).await.unwrap_err();
        assert_eq!(fields(&status), set(&[field]));
        let details = String::from_utf8_lossy(status.details()).into_owned();
        assert!(!format!("{status:?} {details}").contains("canary"), "{status:?}");
    }
    let mislabelled = AddStatementRequest { labels: Some(labels(99, &[])), ..own() };
    assert_eq!(jane.add_statement(mislabelled).await.unwrap_err().code(), Code::InvalidArgument);
    let reply = jane.add_statement(beside()).await.unwrap();
    assert!(reply.note.is_none() && reply.statement.is_some());
    let note = said(&jane, CLINIC, "canary-words").await;
    said(&jane, CLINIC, &"\u{1F54A}".repeat(4_000)).await;
    world.clinician(CLINIC, "dr-c").get(&note).await.unwrap();
    assert_eq!(
        jane.add_statement(say(Uuid::new_v4(), "canary-no")).await.unwrap_err().code(),
        Code::NotFound
    );
    let logs = world.logs.text();
    assert!(!logs.contains("canary"));
    for event in world.stage.events().await {
        assert!(!event.leaf().unwrap().contains("canary"));
    }
}
