//! The person asks that a note be amended: within 60 days it is, or they are told why not.

use kernel::{Action, Clock as _, Role};
use testkit::{fakes::whole, waits};
use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::{
    convert::timestamp,
    notes::v1::{
        self as pb, AmendmentDenialGround as Ground, AmendmentState as State,
        DecideAmendmentRequest, ExtendAmendmentRequest, ListAmendmentRequestsRequest,
        RequestAmendmentRequest,
    },
};

use crate::{
    bad_input::{fields, set},
    blocks::{block, lift},
    world::{
        CLINIC, Client, HOUSING, World, append, denied, list, mark_error, refusal, wrong_state,
    },
};

pub fn ask(note: &pb::Note, words: &str) -> RequestAmendmentRequest {
    RequestAmendmentRequest {
        request_id: Uuid::new_v4().to_string(),
        note: note.name.clone(),
        words: words.to_owned(),
    }
}

fn extend(of: &pb::Amendment) -> ExtendAmendmentRequest {
    ExtendAmendmentRequest {
        request_id: Uuid::new_v4().to_string(),
        name: of.name.clone(),
        reason: "The author is away.".to_owned(),
    }
}

pub fn accept(of: &pb::Amendment, words: &str) -> DecideAmendmentRequest {
    DecideAmendmentRequest {
        request_id: Uuid::new_v4().to_string(),
        name: of.name.clone(),
        outcome: State::Accepted.into(),
        words: words.to_owned(),
        title: "Amended".to_owned(),
        ..DecideAmendmentRequest::default()
    }
}

pub fn deny(of: &pb::Amendment, words: &str) -> DecideAmendmentRequest {
    DecideAmendmentRequest {
        outcome: State::Denied.into(),
        ground: Ground::AccurateAndComplete.into(),
        title: String::new(),
        ..accept(of, words)
    }
}

/// Every page, in order.
async fn all(client: &Client, person: Option<Uuid>) -> Vec<pb::Amendment> {
    let person = person.map(|person| format!("people/{person}")).unwrap_or_default();
    let mut message = ListAmendmentRequestsRequest { page_size: 2, person, ..Default::default() };
    let mut found = Vec::new();
    loop {
        let page = client.amendments(message.clone()).await.unwrap();
        found.extend(page.amendments);
        if page.next_page_token.is_empty() {
            return found;
        }
        message.page_token = page.next_page_token;
    }
}

/// A note of Jane's at the clinic, whose sign-in the clinic vouches for.
pub async fn jane(world: &World) -> (Client, Uuid, pb::Note) {
    let person = world.somebody();
    world.people.bind("jane", person, Some(&[CLINIC]));
    let note = world.clinician(CLINIC, "dr-c").signed(person).await;
    (world.person("jane"), person, note)
}

#[tokio::test]
async fn an_accepted_request_adds_to_the_note_and_says_which_version() {
    let world = World::new().await;
    let (jane, person, note) = jane(&world).await;
    let officer = world.of(CLINIC, "po", Role::PrivacyOfficer);
    let asking = ask(&note, "I came on Tuesdays, too.");
    let asked = jane.request_amendment(asking.clone()).await.unwrap();
    let amendment = asked.amendment.clone().unwrap();
    assert_eq!(amendment.state(), State::Requested);
    assert_eq!(amendment.words, "I came on Tuesdays, too.");
    let due = world.clock.now() + Duration::days(60);
    assert_eq!(amendment.due_time, Some(timestamp(due)));
    assert_eq!(jane.request_amendment(asking).await.unwrap().amendment, asked.amendment);
    // Others see what came of it, not that it is asked.
    assert_eq!(jane.get(&note).await.unwrap().note.unwrap(), note);
    let listed = [amendment.clone()];
    assert_eq!(all(&jane, Some(person)).await, listed);
    // Of many, on the beat: not while the clock stands.
    let other = async || drop(world.admin().await);
    assert_eq!(waits(std::time::Duration::ZERO, all(&officer, None), other).await, listed);
    assert_eq!(all(&officer, Some(person)).await, listed);

    let deciding = accept(&amendment, "Came on Tuesdays, too.");
    let decided = officer.decide_amendment(deciding.clone()).await.unwrap().amendment.unwrap();
    assert_eq!((decided.state(), decided.version), (State::Accepted, 2));
    let again = officer.decide_amendment(deciding).await.unwrap().amendment.unwrap();
    assert_eq!(again, decided);
    let read = jane.get(&note).await.unwrap().note.unwrap();
    assert_eq!((read.state(), read.version), (pb::NoteState::Appended, 2));
    assert_eq!(read.sections[..1], note.sections[..]);
    let added = &read.sections[1];
    assert_eq!((&*added.title, &*added.body), ("Amended", "Came on Tuesdays, too."));
    assert_eq!(added.author, format!("agencies/{CLINIC}/practitioners/po"));
    let [shown] = &read.amendments[..] else { panic!("{:?}", read.amendments) };
    assert_eq!((shown.state(), shown.version, &*shown.words), (State::Accepted, 2, ""));
    assert!(all(&officer, None).await.is_empty());
    assert_eq!(all(&jane, Some(person)).await, std::slice::from_ref(&decided));
    for done in [accept(&amendment, "more"), deny(&amendment, "no")] {
        assert_eq!(refusal(officer.decide_amendment(done).await), wrong_state());
    }
    let kept = officer.get(&note).await.unwrap().note.unwrap();
    assert_eq!(kept, read);
}

#[tokio::test]
async fn a_denied_request_is_shown_with_its_ground_to_whoever_reads_the_note() {
    let world = World::new().await;
    let (jane, person, note) = jane(&world).await;
    let counselor = world.of(CLINIC, "co", Role::Counselor);
    let asked = jane.request_amendment(ask(&note, "It was not so.")).await.unwrap();
    let amendment = asked.amendment.unwrap();
    let denial = deny(&amendment, "The log says so.");
    let bad = [
        (DecideAmendmentRequest { ground: 0, ..denial.clone() }, "ground"),
        (DecideAmendmentRequest { ground: 5, ..denial.clone() }, "ground"),
        (DecideAmendmentRequest { title: "T".to_owned(), ..denial.clone() }, "title"),
        (DecideAmendmentRequest { words: " ".to_owned(), ..denial.clone() }, "words"),
        (DecideAmendmentRequest { words: "x".repeat(4_001), ..denial.clone() }, "words"),
        (DecideAmendmentRequest { outcome: 1, ..denial.clone() }, "outcome"),
        (DecideAmendmentRequest { ground: 1, ..accept(&amendment, "yes") }, "ground"),
    ];
    for (request, field) in bad {
        let status = counselor.decide_amendment(request).await.unwrap_err();
        assert!(fields(&status).is_superset(&set(&[field])), "{status:?}");
    }
    let decided = counselor.decide_amendment(denial).await.unwrap().amendment.unwrap();
    assert_eq!((decided.state(), decided.ground()), (State::Denied, Ground::AccurateAndComplete));
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let housing = world.clinician(HOUSING, "ms-h");
    for client in [&jane, &counselor, &housing] {
        let read = client.get(&note).await.unwrap().note.unwrap();
        let [shown] = &read.amendments[..] else { panic!("{:?}", read.amendments) };
        assert_eq!((&*shown.words, &*shown.answer), ("It was not so.", "The log says so."));
        assert_eq!(shown.ground(), Ground::AccurateAndComplete);
        assert_eq!(client.list(list(person)).await.unwrap().notes, std::slice::from_ref(&read));
        // The words of the note are what they were.
        assert_eq!(pb::Note { amendments: Vec::new(), ..read }, note);
    }
    // And to who writes it, in the answer: its etag is what it was.
    let added = counselor.append(append(&note, "Rang.")).await.unwrap().note.unwrap();
    assert_eq!(counselor.get(&note).await.unwrap().note.unwrap(), added);
    assert_eq!(added.amendments.len(), 1);
}

#[tokio::test]
async fn the_clock_runs_sixty_days_and_once_thirty_more() {
    let world = World::new().await;
    let (jane, person, note) = jane(&world).await;
    let officer = world.of(CLINIC, "po", Role::PrivacyOfficer);
    let begun = world.clock.now();
    let mut asked = Vec::new();
    for n in 0..3 {
        let reply = jane.request_amendment(ask(&note, &format!("{n}"))).await.unwrap();
        asked.push(reply.amendment.unwrap());
        world.clock.advance(Duration::DAY);
    }
    let day = |days: i64| begun + Duration::days(days);
    let extending = extend(&asked[0]);
    let extended = officer.extend_amendment(extending.clone()).await.unwrap().amendment.unwrap();
    assert_eq!(extended.due_time, Some(timestamp(day(90))));
    assert_eq!(extended.extension_reason, "The author is away.");
    assert_eq!(officer.extend_amendment(extending).await.unwrap().amendment.unwrap(), extended);
    assert_eq!(refusal(officer.extend_amendment(extend(&asked[0])).await), wrong_state());
    // What is due first comes first.
    let order =
        |all: Vec<pb::Amendment>| all.into_iter().map(|a| (a.words, a.overdue)).collect::<Vec<_>>();
    let (zero, one, two) = ("0".to_owned(), "1".to_owned(), "2".to_owned());
    world.clock.set(day(61));
    let expected = [(one.clone(), false), (two.clone(), false), (zero.clone(), false)];
    assert_eq!(order(all(&officer, None).await), expected);
    assert_eq!(order(all(&jane, Some(person)).await), expected);
    world.clock.set(day(61) + Duration::MICROSECOND);
    let expected = [(one.clone(), true), (two.clone(), false), (zero.clone(), false)];
    assert_eq!(order(all(&officer, None).await), expected);
    // Too late for more time, and not for a decision.
    assert_eq!(refusal(officer.extend_amendment(extend(&asked[1])).await), wrong_state());
    world.clock.set(day(90) + Duration::MICROSECOND);
    assert_eq!(order(all(&officer, None).await), [(one, true), (two, true), (zero, true)]);
    for one in &asked {
        officer.decide_amendment(accept(one, "So.")).await.unwrap();
    }
    assert!(all(&jane, Some(person)).await.iter().all(|one| !one.overdue));
    assert_eq!(refusal(officer.extend_amendment(extend(&asked[2])).await), wrong_state());
}

#[tokio::test]
async fn nobody_asks_about_what_they_may_not_read_nor_decides_for_another_agency() {
    let world = World::new().await;
    let (jane, person, note) = jane(&world).await;
    let elsewhere = world.clinician(HOUSING, "ms-h").signed(person).await;
    let draft = world.clinician(CLINIC, "dr-c").draft(person).await;
    let never = pb::Note { name: format!("notes/{}", Uuid::new_v4()), ..note.clone() };
    let author = world.clinician(CLINIC, "dr-c");
    let held = author.signed(person).await;
    author.block(block(&held, 10, "grounds", &world)).await.unwrap();
    let unknown = jane.request_amendment(ask(&never, "words")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    for note in [&elsewhere, &draft, &held] {
        let refused = jane.request_amendment(ask(note, "words")).await.unwrap_err();
        assert_eq!(whole(&refused), whole(&unknown));
    }
    let role = denied("ROLE_NOT_ADMITTED");
    let ann = world.representative("ann");
    assert_eq!(refusal(ann.request_amendment(ask(&note, "words")).await), role);
    assert_eq!(refusal(author.request_amendment(ask(&note, "words")).await), role);

    let amendment = jane.request_amendment(ask(&note, "words")).await.unwrap();
    let amendment = amendment.amendment.unwrap();
    for other in [Role::CaseManager, Role::PeerSupporter, Role::Officer] {
        let client = world.of(CLINIC, "x", other);
        assert_eq!(refusal(client.decide_amendment(deny(&amendment, "no")).await), role);
        assert_eq!(refusal(client.extend_amendment(extend(&amendment)).await), role);
    }
    let housing = world.clinician(HOUSING, "ms-h");
    let odd = pb::Amendment { name: format!("amendments/{}", Uuid::new_v4()), ..amendment.clone() };
    let unknown = housing.decide_amendment(deny(&odd, "no")).await.unwrap_err();
    let theirs = housing.decide_amendment(deny(&amendment, "no")).await.unwrap_err();
    assert_eq!((unknown.code(), whole(&unknown)), (Code::NotFound, whole(&theirs)));
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    let theirs = denied("ACTION_NOT_PERMITTED");
    for deciding in [deny(&amendment, "no"), accept(&amendment, "yes")] {
        assert_eq!(refusal(housing.decide_amendment(deciding).await), theirs);
    }
    assert_eq!(refusal(housing.extend_amendment(extend(&amendment)).await), theirs);
    assert!(all(&housing, None).await.is_empty());
    assert!(all(&housing, Some(person)).await.is_empty());
    let empty = ListAmendmentRequestsRequest::default();
    let status = jane.amendments(empty).await.unwrap_err();
    assert_eq!(fields(&status), set(&["person"]));
    // Another person, and nobody known: an empty list.
    let stranger = world.somebody();
    world.people.bind("john", stranger, None);
    for of in [person, Uuid::new_v4()] {
        assert!(all(&world.person("john"), Some(of)).await.is_empty());
    }
    // Nor is anything told of a note that is withheld by now.
    author.block(block(&note, 1, "grounds", &world)).await.unwrap();
    assert!(all(&jane, Some(person)).await.is_empty());
    author.lift(lift(&note)).await.unwrap();
    assert_eq!(all(&jane, Some(person)).await.len(), 1);
}

#[tokio::test]
async fn a_note_has_at_most_five_open_requests_and_twenty_in_all() {
    let world = World::new().await;
    let (jane, _, note) = jane(&world).await;
    let officer = world.of(CLINIC, "po", Role::PrivacyOfficer);
    let full = (Code::ResourceExhausted, "LIMIT_EXCEEDED".to_owned());
    for _ in 0..4 {
        let mut asked = Vec::new();
        for _ in 0..5 {
            let reply = jane.request_amendment(ask(&note, "words")).await.unwrap();
            asked.push(reply.amendment.unwrap());
        }
        assert_eq!(refusal(jane.request_amendment(ask(&note, "words")).await), full);
        for one in &asked {
            officer.decide_amendment(deny(one, "no")).await.unwrap();
        }
    }
    assert_eq!(refusal(jane.request_amendment(ask(&note, "words")).await), full);
    assert_eq!(jane.get(&note).await.unwrap().note.unwrap().amendments.len(), 20);
    for words in ["", " \t", &"x".repeat(4_001), "a\u{0}"] {
        let status = jane.request_amendment(ask(&note, words)).await.unwrap_err();
        assert_eq!(fields(&status), set(&["words"]));
    }
}

#[tokio::test]
async fn what_was_a_mistake_is_not_added_to_and_a_request_about_it_is_denied() {
    let world = World::new().await;
    let (jane, _, note) = jane(&world).await;
    let author = world.clinician(CLINIC, "dr-c");
    let amendment = jane.request_amendment(ask(&note, "words")).await.unwrap().amendment.unwrap();
    author.mark_error(mark_error(&note, "Another's.")).await.unwrap();
    assert_eq!(refusal(jane.request_amendment(ask(&note, "words")).await), wrong_state());
    assert_eq!(refusal(author.decide_amendment(accept(&amendment, "yes")).await), wrong_state());
    author.decide_amendment(deny(&amendment, "It is struck.")).await.unwrap();
    let read = jane.get(&note).await.unwrap().note.unwrap();
    assert_eq!((read.version, read.amendments.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_decide_at_once_one_does() {
    let world = World::new().await;
    let (jane, _, note) = jane(&world).await;
    let officers = ["po", "pa", "pi"].map(|sub| world.of(CLINIC, sub, Role::PrivacyOfficer));
    for n in 1..5 {
        let asked = jane.request_amendment(ask(&note, "words")).await.unwrap();
        let amendment = asked.amendment.unwrap();
        let all = officers.iter().map(|po| po.decide_amendment(accept(&amendment, "So.")));
        let done = futures::future::join_all(all).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
        for refused in done.into_iter().filter(Result::is_err) {
            assert_eq!(refusal(refused), wrong_state());
        }
        assert_eq!(jane.get(&note).await.unwrap().note.unwrap().version, n + 1);
    }
}
