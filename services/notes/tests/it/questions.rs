//! Questions about notes: who may ask, who answers, and who is told of them.

use kernel::{Action, Clock as _, Role};
use testkit::fakes::{bearer, whole};
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    common::v1::Role as Wire,
    convert::timestamp,
    notes::v1::{self as pb, AnswerQuestionRequest, AskQuestionRequest, ListQuestionsRequest},
};

use crate::{
    bad_input::{fields, set},
    blocks::block,
    reading::{in_parts, without_hiv},
    world::{
        CLINIC, COURT, Client, HOUSING, World, denied, mark_error, not_found, refusal, wrong_state,
    },
};

impl Client {
    pub async fn ask(
        &self,
        message: AskQuestionRequest,
    ) -> Result<pb::AskQuestionResponse, Status> {
        Ok(self.notes().ask_question(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    pub async fn answer(
        &self,
        message: AnswerQuestionRequest,
    ) -> Result<pb::AnswerQuestionResponse, Status> {
        Ok(self.notes().answer_question(bearer(&(self.mint)(), message)).await?.into_inner())
    }

    async fn questions(
        &self,
        message: ListQuestionsRequest,
    ) -> Result<pb::ListQuestionsResponse, Status> {
        Ok(self.notes().list_questions(bearer(&(self.mint)(), message)).await?.into_inner())
    }
}

pub fn ask(note: &pb::Note, roles: &[Wire]) -> AskQuestionRequest {
    AskQuestionRequest {
        request_id: Uuid::new_v4().to_string(),
        note: note.name.clone(),
        words: "canary-question: which dose?".to_owned(),
        roles: roles.iter().map(|role| (*role).into()).collect(),
    }
}

pub fn answer(question: &pb::Question) -> AnswerQuestionRequest {
    AnswerQuestionRequest {
        request_id: Uuid::new_v4().to_string(),
        name: question.name.clone(),
        words: "canary-answer: the lower one.".to_owned(),
    }
}

/// In an instant of its own.
pub async fn asked(
    world: &World,
    client: &Client,
    note: &pb::Note,
    roles: &[Wire],
) -> pb::Question {
    world.clock.advance(time::Duration::SECOND);
    client.ask(ask(note, roles)).await.unwrap().question.unwrap()
}

/// Every page, newest first.
async fn questions(client: &Client, note: &pb::Note) -> Result<Vec<pb::Question>, Status> {
    let mut message =
        ListQuestionsRequest { note: note.name.clone(), page_size: 2, page_token: String::new() };
    let mut found = Vec::new();
    loop {
        let page = client.questions(message.clone()).await?;
        found.extend(page.questions);
        if page.next_page_token.is_empty() {
            return Ok(found);
        }
        assert_eq!(found.len() % 2, 0, "a full page");
        message.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn a_question_is_answered_once_and_stays_beside_the_note() {
    let world = World::new().await;
    let person = world.somebody();
    world.people.bind("jane", person, Some(&[HOUSING]));
    let author = world.clinician(HOUSING, "ms-h");
    let note = author.signed(person).await;
    let jane = world.person("jane");
    let asking = ask(&note, &[]);
    let first = jane.ask(asking.clone()).await.unwrap().question.unwrap();
    assert_eq!((&first.note, &*first.words), (&note.name, "canary-question: which dose?"));
    assert_eq!((&first.asker, &*first.answer), (&format!("people/{person}"), ""));
    assert_eq!(jane.ask(asking.clone()).await.unwrap().question, Some(first.clone()));
    let other = AskQuestionRequest { words: "others".to_owned(), ..asking };
    let reused = (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned());
    assert_eq!(refusal(jane.ask(other).await), reused);
    let manager = world.of(HOUSING, "cm-h", Role::CaseManager);
    let second = asked(&world, &manager, &note, &[Wire::Medical, Wire::Counselor]).await;
    assert_eq!(second.asker, format!("agencies/{HOUSING}/practitioners/cm-h"));
    assert_eq!(second.roles, [Wire::Medical, Wire::Counselor].map(i32::from));
    let third = asked(&world, &manager, &note, &[]).await;

    world.clock.advance(time::Duration::MINUTE);
    let answering = answer(&first);
    let answered = author.answer(answering.clone()).await.unwrap().question.unwrap();
    assert_eq!(answered.answerer, format!("agencies/{HOUSING}/practitioners/ms-h"));
    assert_eq!(answered.answer, "canary-answer: the lower one.");
    assert_eq!(answered.answer_time, Some(timestamp(world.clock.now())));
    assert_eq!(author.answer(answering).await.unwrap().question, Some(answered.clone()));
    assert_eq!(refusal(author.answer(answer(&first)).await), wrong_state());
    for client in [&jane, &author, &manager] {
        let all = [third.clone(), second.clone(), answered.clone()];
        assert_eq!(questions(client, &note).await.unwrap(), all);
        // The note is what it was.
        assert_eq!(client.get(&note).await.unwrap().note.unwrap(), note);
    }
    let written = |rpc: &'static str, events: &[ledger::Event]| {
        let of = |e: &&ledger::Event| {
            e.rpc.ends_with(rpc) && e.action == Action::Write && e.person == Some(person)
        };
        events.iter().filter(of).count()
    };
    let events = world.stage.events().await;
    assert_eq!((written("/AskQuestion", &events), written("/AnswerQuestion", &events)), (3, 1));
    assert!(!world.logs.text().contains("canary"));
    let nil = "00000000-0000-0000-0000-000000000000";
    let odd = AskQuestionRequest {
        note: format!("notes/{nil}"),
        words: " ".to_owned(),
        ..ask(&note, &[])
    };
    assert_eq!(fields(&jane.ask(odd).await.unwrap_err()), set(&["note", "words"]));
    let odd = AskQuestionRequest { roles: vec![1, 2, 3, 4, 5, 6], ..ask(&note, &[]) };
    assert_eq!(fields(&jane.ask(odd).await.unwrap_err()), set(&["roles"]));
    for role in [0, 8, 12, 14, 17, -1] {
        let odd = AskQuestionRequest { roles: vec![role], ..ask(&note, &[]) };
        assert_eq!(fields(&jane.ask(odd).await.unwrap_err()), set(&["roles[0]"]), "{role}");
    }
    let odd = AskQuestionRequest { roles: vec![1, 1], ..ask(&note, &[]) };
    assert_eq!(fields(&jane.ask(odd).await.unwrap_err()), set(&["roles"]));
    let odd = AnswerQuestionRequest {
        name: format!("questions/{nil}"),
        words: "x".repeat(4_001),
        ..answer(&first)
    };
    assert_eq!(fields(&author.answer(odd).await.unwrap_err()), set(&["name", "words"]));
}

#[tokio::test]
async fn who_may_write_to_a_note_asks_and_another_agency_is_told_of_its_own() {
    let world = World::new().await;
    world.told(|_, _| {});
    let person = world.somebody();
    world.people.bind("jane", person, Some(&[HOUSING]));
    let note = world.clinician(HOUSING, "ms-h").signed(person).await;
    let never = pb::Note { name: format!("notes/{}", Uuid::new_v4()), ..note.clone() };
    world.consent(person, HOUSING, CLINIC, [Action::Read, Action::Write]);
    let (clinic, court) = (world.clinician(CLINIC, "dr-c"), world.clinician(COURT, "of-c"));
    // To the court it is not there.
    let unknown = court.ask(ask(&never, &[])).await.unwrap_err();
    assert_eq!(whole(&court.ask(ask(&note, &[])).await.unwrap_err()), whole(&unknown));
    let unknown = questions(&court, &never).await.unwrap_err();
    assert_eq!(whole(&questions(&court, &note).await.unwrap_err()), whole(&unknown));
    // Who may read it only says nothing that becomes part of it.
    world.consent(person, HOUSING, COURT, [Action::Read]);
    let refused = denied("ACTION_NOT_PERMITTED");
    assert_eq!(refusal(court.ask(ask(&note, &[])).await), refused);
    assert_eq!(questions(&court, &note).await.unwrap(), []);

    let officer = world.of(HOUSING, "po-h", Role::PrivacyOfficer);
    let jane = world.person("jane");
    let theirs = asked(&world, &clinic, &note, &[Wire::CaseManager]).await;
    let own = asked(&world, &officer, &note, &[]).await;
    let hers = asked(&world, &jane, &note, &[]).await;
    let all = [hers.clone(), own.clone(), theirs.clone()];
    for client in [&jane, &officer, &world.of(HOUSING, "cm-h", Role::CaseManager)] {
        assert_eq!(questions(client, &note).await.unwrap(), all);
    }
    for client in [&clinic, &world.of(CLINIC, "po-c", Role::PrivacyOfficer)] {
        assert_eq!(questions(client, &note).await.unwrap(), std::slice::from_ref(&theirs));
    }
    assert_eq!(questions(&court, &note).await.unwrap(), []);
    // To another agency what others ask is not there; and what it asked is not its own to answer.
    let no = pb::Question { name: format!("questions/{}", Uuid::new_v4()), ..own.clone() };
    let unknown = clinic.answer(answer(&no)).await.unwrap_err();
    for question in [&own, &hers] {
        let hidden = clinic.answer(answer(question)).await.unwrap_err();
        assert_eq!(whole(&hidden), whole(&unknown));
    }
    assert_eq!(refusal(clinic.answer(answer(&theirs)).await), refused);
    assert_eq!(refusal(court.answer(answer(&theirs)).await), refused);

    // Who stands in for the person does not ask, and a person only about their own.
    let rep = world.representative("rep");
    assert_eq!(refusal(rep.ask(ask(&note, &[])).await).0, Code::PermissionDenied);
    assert_eq!(refusal(questions(&rep, &note).await).0, Code::PermissionDenied);
    world.people.bind("joe", world.somebody(), None);
    assert_eq!(refusal(world.person("joe").ask(ask(&note, &[])).await), not_found());
    world.revoke(person);
    assert_eq!(refusal(questions(&clinic, &note).await), not_found());
    assert_eq!(refusal(clinic.ask(ask(&note, &[])).await), not_found());
    assert_eq!(refusal(clinic.answer(answer(&theirs)).await), not_found());
    // What is kept from the person is not there for them, its questions neither.
    let author = world.clinician(HOUSING, "ms-h");
    author.block(block(&note, 1, "grounds", &world)).await.unwrap();
    assert_eq!(refusal(questions(&jane, &note).await), not_found());
    assert_eq!(refusal(jane.ask(ask(&note, &[])).await), not_found());
    assert_eq!(questions(&author, &note).await.unwrap(), all);
}

#[tokio::test]
async fn a_page_token_of_before_a_revocation_opens_no_question_after_it() {
    let world = World::new().await;
    world.told(|_, _| {});
    let person = world.somebody();
    let note = world.clinician(HOUSING, "ms-h").signed(person).await;
    world.consent(person, HOUSING, CLINIC, [Action::Read, Action::Write]);
    let clinic = world.clinician(CLINIC, "dr-c");
    let first = asked(&world, &clinic, &note, &[]).await;
    let second = asked(&world, &clinic, &note, &[]).await;
    let page =
        ListQuestionsRequest { note: note.name, page_size: 1, ..ListQuestionsRequest::default() };
    let newest = clinic.questions(page.clone()).await.unwrap();
    assert_eq!(newest.questions, [second]);
    let next = ListQuestionsRequest { page_token: newest.next_page_token, ..page };
    assert_eq!(clinic.questions(next.clone()).await.unwrap().questions, [first]);
    world.revoke(person);
    assert_eq!(refusal(clinic.questions(next).await), not_found());
}

#[tokio::test]
async fn who_is_shown_a_part_of_a_note_neither_asks_nor_is_told_of_questions() {
    let world = World::new().await;
    world.told(|_, _| {});
    let bodies = [("An open word.", false), ("canary-hiv", true)];
    let (person, note) = in_parts(&world, &bodies).await;
    let clinic = world.clinician(CLINIC, "dr-c");
    let theirs = asked(&world, &clinic, &note, &[]).await;
    assert_eq!(questions(&clinic, &note).await.unwrap(), std::slice::from_ref(&theirs));
    without_hiv(&world, person);
    assert_eq!(clinic.get(&note).await.unwrap().note.unwrap().sections.len(), 2);
    assert_eq!(refusal(clinic.ask(ask(&note, &[])).await), denied("ACTION_NOT_PERMITTED"));
    assert_eq!(questions(&clinic, &note).await.unwrap(), []);
    let author = world.clinician(HOUSING, "ms-h");
    assert_eq!(questions(&author, &note).await.unwrap(), [theirs]);
}

#[tokio::test]
async fn the_author_answers_and_whoever_has_a_role_that_is_mentioned() {
    let world = World::new().await;
    let person = world.somebody();
    let author = world.of(HOUSING, "cm-h", Role::CaseManager);
    let note = author.signed(person).await;
    let other = world.clinician(HOUSING, "dr-h");
    let medic = world.of(HOUSING, "md-h", Role::Medical);
    let peer = world.of(HOUSING, "ps-h", Role::PeerSupporter);
    let refused = denied("ACTION_NOT_PERMITTED");
    let officer = world.of(HOUSING, "po-h", Role::PrivacyOfficer);
    assert_eq!(refusal(officer.answer(answer(&pb::Question::default())).await).0, refused.0);
    let cases: [(&[Wire], [bool; 4]); 4] = [
        // Author, clinician, medic, peer supporter.
        (&[], [true, true, true, false]),
        (&[Wire::PeerSupporter], [true, false, false, true]),
        (&[Wire::Medical, Wire::PeerSupporter], [true, false, true, true]),
        (&[Wire::Officer], [true, false, false, false]),
    ];
    for (roles, may) in cases {
        for (client, may) in [&author, &other, &medic, &peer].into_iter().zip(may) {
            let question = asked(&world, &other, &note, roles).await;
            let done = client.answer(answer(&question)).await;
            if may {
                assert_eq!(done.unwrap().question.unwrap().name, question.name);
                continue;
            }
            assert_eq!(refusal(done), refused);
            author.answer(answer(&question)).await.unwrap();
        }
    }
}

#[tokio::test]
async fn questions_are_asked_about_what_is_final_and_so_many_wait_at_once() {
    let world = World::new().await;
    let person = world.somebody();
    let author = world.clinician(HOUSING, "ms-h");
    let supervisor = world.clinician(HOUSING, "dr-h");
    let draft = author.draft(person).await;
    assert_eq!(refusal(author.ask(ask(&draft, &[])).await), wrong_state());
    assert_eq!(refusal(supervisor.ask(ask(&draft, &[])).await), not_found());
    let awaiting = author.awaiting(person).await;
    for client in [&author, &supervisor] {
        assert_eq!(refusal(client.ask(ask(&awaiting, &[])).await), wrong_state());
    }
    let note = author.signed(person).await;
    let mut all = Vec::new();
    for _ in 0..20 {
        all.push(asked(&world, &supervisor, &note, &[]).await);
    }
    let full = (Code::ResourceExhausted, "LIMIT_EXCEEDED".to_owned());
    assert_eq!(refusal(supervisor.ask(ask(&note, &[])).await), full);
    author.answer(answer(&all[7])).await.unwrap();
    asked(&world, &supervisor, &note, &[]).await;
    assert_eq!(refusal(supervisor.ask(ask(&note, &[])).await), full);
    assert_eq!(questions(&author, &note).await.unwrap().len(), 21);

    let note = author.signed(person).await;
    let question = asked(&world, &supervisor, &note, &[]).await;
    let note = author.mark_error(mark_error(&note, "Another person's.")).await.unwrap();
    let note = note.note.unwrap();
    assert_eq!(refusal(supervisor.ask(ask(&note, &[])).await), wrong_state());
    // It can still be said what the question was worth.
    author.answer(answer(&question)).await.unwrap();
}

#[tokio::test]
async fn a_question_does_not_tell_that_a_programme_or_a_refuge_knows_the_person() {
    let world = World::new().await;
    let person = world.somebody();
    let note = world.clinician(HOUSING, "ms-h").signed(person).await;
    let own = world.clinician(CLINIC, "dr-c").signed(person).await;
    for from in [HOUSING, CLINIC] {
        world.consent(person, from, COURT, [Action::Read, Action::Write]);
        world.consent(person, HOUSING, CLINIC, [Action::Read, Action::Write]);
    }
    let (clinic, court) = (world.clinician(CLINIC, "dr-c"), world.clinician(COURT, "of-c"));
    let refused = denied("ACTION_NOT_PERMITTED");
    assert_eq!(refusal(clinic.ask(ask(&note, &[])).await), refused, "of Part 2");
    clinic.ask(ask(&own, &[])).await.unwrap();
    court.ask(ask(&note, &[])).await.unwrap();
    world.flagged(COURT, |agency| agency.victim_service_provider = true);
    assert_eq!(refusal(court.ask(ask(&note, &[])).await), refused, "a victim service");
    // Each agency and the person have room of their own.
    let author = world.clinician(HOUSING, "ms-h");
    for _ in 0..20 {
        author.ask(ask(&note, &[])).await.unwrap();
    }
    assert!(author.ask(ask(&note, &[])).await.is_err());
    world.people.bind("jane", person, Some(&[HOUSING]));
    world.person("jane").ask(ask(&note, &[])).await.unwrap();
}
