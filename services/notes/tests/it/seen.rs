use kernel::{Action, Purpose, Role};
use ledger::Outcome;
use testkit::fakes::{Staff, whole};
use uuid::Uuid;
use wire::{
    common::v1::{BasisKind, Obligation, RecordClass, Redisclosure},
    notes::v1::CreateNoteRequest,
};

use crate::world::{CLINIC, HOUSING, World, amend, create, list, not_found, refusal, sign};

#[tokio::test]
async fn a_draft_is_its_authors_alone() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    world.people.bind("jane", person, Some(&[CLINIC]));
    let draft = author.draft(person).await;
    let others = [
        world.clinician(CLINIC, "dr-d"),
        world.clinician(HOUSING, "ms-h"),
        // The same name in another agency is somebody else.
        world.clinician(HOUSING, "dr-c"),
        world.person("jane"),
    ];
    for other in &others {
        assert_eq!(refusal(other.get(&draft).await), not_found());
        assert!(other.list(list(person)).await.unwrap().notes.is_empty());
    }
    for other in &others[..3] {
        assert_eq!(refusal(other.sign(sign(&draft)).await), not_found());
        assert_eq!(refusal(other.amend(amend(&draft, "words")).await), not_found());
    }
    assert_eq!(author.list(list(person)).await.unwrap().notes, std::slice::from_ref(&draft));
    let signed = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    for other in &others {
        // The author's name does not travel with the token: "dr-c" of housing reads by consent.
        assert_eq!(other.get(&draft).await.unwrap().note.unwrap(), signed);
        assert_eq!(other.list(list(person)).await.unwrap().notes, std::slice::from_ref(&signed));
    }
}

#[tokio::test]
async fn a_counselling_note_is_for_its_author_counselors_and_clinicians_of_its_unit() {
    let world = World::new().await;
    let person = world.somebody();
    let manager = |sub: &str| Staff::of(CLINIC, sub).roles([Role::CaseManager]);
    let author = world.client(&manager("cm-author"));
    let message =
        CreateNoteRequest { record_class: RecordClass::CounselingNote.into(), ..create(person) };
    let note = author.create(message).await.unwrap().note.unwrap();
    let note = author.sign(sign(&note)).await.unwrap().note.unwrap();
    for (staff, sees) in [
        (manager("cm-author"), true),
        (manager("cm-other"), false),
        (manager("po").roles([Role::PrivacyOfficer]), false),
        (manager("co").roles([Role::Counselor]), true),
        (Staff::of(CLINIC, "dr-d"), true),
        // Treatment alone (policy: TREAT and ETREAT).
        (Staff::of(CLINIC, "dr-d").purposes([Purpose::CoordinationOfCare]), false),
        (Staff::of(HOUSING, "co-h").roles([Role::Counselor]), false),
    ] {
        let client = world.client(&staff);
        let got = client.get(&note).await;
        assert_eq!(got.is_ok(), sees, "{staff:?}");
        if !sees {
            assert_eq!(refusal(got), not_found());
        }
        let listed = client.list(list(person)).await.unwrap().notes.len();
        assert_eq!(listed, usize::from(sees), "{staff:?}");
    }
    // An ordinary consent opens it to nobody else.
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    assert_eq!(refusal(world.clinician(HOUSING, "ms-h").get(&note).await), not_found());
}

#[tokio::test]
async fn refused_and_unknown_are_the_same_answer_byte_for_byte() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let note = author.signed(person).await;
    let draft = author.draft(person).await;
    let housing = world.clinician(HOUSING, "ms-h");
    let mut never = note.clone();
    never.name = format!("notes/{}", Uuid::new_v4());
    let mut answers = Vec::new();
    for note in [&note, &draft, &never] {
        answers.push(whole(&housing.get(note).await.unwrap_err()));
        answers.push(whole(&housing.sign(sign(note)).await.unwrap_err()));
        answers.push(whole(&housing.amend(amend(note, "words")).await.unwrap_err()));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // Two people, of whom one is unknown: alike, too.
    let known = housing.list(list(person)).await.unwrap();
    let unknown = housing.list(list(Uuid::new_v4())).await.unwrap();
    let told = |mut reply: wire::notes::v1::ListNotesResponse| {
        reply.disclosure.as_mut().unwrap().decision_id.clear();
        reply
    };
    assert_eq!(told(known), told(unknown));
}

#[tokio::test]
async fn with_consent_a_note_comes_with_the_notice_and_the_consents_scope() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let note = author.signed(person).await;
    let consent = world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let housing = world.clinician(HOUSING, "ms-h");
    let reply = housing.get(&note).await.unwrap();
    assert_eq!(reply.note.unwrap(), note);
    let listed = housing.list(list(person)).await.unwrap();
    assert_eq!(listed.notes, std::slice::from_ref(&note));
    for disclosure in [reply.disclosure.clone().unwrap(), listed.disclosure.unwrap()] {
        assert_eq!(disclosure.bases, [i32::from(BasisKind::Consent)]);
        assert_eq!(disclosure.basis, [format!("consents/{consent}")]);
        let obligations = [Obligation::Part2Notice, Obligation::ConsentCopy].map(i32::from);
        assert_eq!(disclosure.obligations, obligations);
        assert_eq!(disclosure.redisclosure(), Redisclosure::Prohibited);
        let notice = disclosure.notice.unwrap();
        assert!(notice.text.starts_with("This record which has been disclosed to you"));
        assert!(notice.text.contains("42 CFR part 2"));
        let scope = &disclosure.consents[0];
        assert_eq!(scope.consent, format!("consents/{consent}"));
        assert_eq!(scope.description, "what the person signed");
        assert_eq!(scope.disclosers, [format!("agencies/{CLINIC}")]);
        assert_eq!(scope.recipients, [format!("agencies/{HOUSING}")]);
        assert_eq!(scope.purposes, [i32::from(wire::common::v1::Purpose::Treat)]);
    }
    let events = world.stage.events().await;
    let decision = reply.disclosure.unwrap().decision_id;
    let event = events.iter().find(|e| e.decision_id.to_string() == decision).unwrap();
    assert_eq!((event.outcome, event.person), (Outcome::Permit, Some(person)));
    assert_eq!(event.consents, [(consent, 1)]);

    // To its own unit, it comes without.
    let own = author.get(&note).await.unwrap().disclosure.unwrap();
    assert_eq!(own.bases, [i32::from(BasisKind::Custodian)]);
    assert!(own.notice.is_none() && own.consents.is_empty() && own.obligations.is_empty());
    assert_eq!(own.redisclosure(), Redisclosure::PermittedByLaw);

    world.revoke(person);
    assert_eq!(refusal(housing.get(&note).await), not_found());
    assert!(housing.list(list(person)).await.unwrap().notes.is_empty());
}

#[tokio::test]
async fn the_person_reads_their_own_where_their_sign_in_is_confirmed() {
    let world = World::new().await;
    let (jane, other) = (world.somebody(), world.somebody());
    let note = world.clinician(CLINIC, "dr-c").signed(jane).await;
    let elsewhere = world.clinician(HOUSING, "ms-h").signed(jane).await;
    let strangers = world.clinician(CLINIC, "dr-c").signed(other).await;
    world.people.bind("jane", jane, Some(&[CLINIC]));
    let client = world.person("jane");
    assert_eq!(client.get(&note).await.unwrap().note.unwrap(), note);
    assert_eq!(refusal(client.get(&elsewhere).await), not_found());
    assert_eq!(refusal(client.get(&strangers).await), not_found());
    assert_eq!(client.list(list(jane)).await.unwrap().notes, std::slice::from_ref(&note));
    assert!(client.list(list(other)).await.unwrap().notes.is_empty());
    let unbound = world.person("mary");
    assert_eq!(refusal(unbound.get(&note).await), not_found());
    assert!(unbound.list(list(jane)).await.unwrap().notes.is_empty());
}

#[tokio::test]
async fn a_large_note_is_read_whole_and_only_by_who_may_read_it() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let signed = author.large(person).await;
    let housing = world.clinician(HOUSING, "ms-h");
    assert_eq!(refusal(housing.get(&signed).await), not_found());
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let read = housing.get(&signed).await.unwrap().note.unwrap();
    assert_eq!(read, signed);
    // The version that is read is the present one.
    let shorter = author.amend(amend(&signed, "Short.")).await.unwrap().note.unwrap();
    assert_eq!(housing.get(&signed).await.unwrap().note.unwrap(), shorter);
}
