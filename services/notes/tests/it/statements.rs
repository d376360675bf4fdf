//! The person's own words in the record: beside a note, and against a denial.

use kernel::{Action, Role};
use testkit::fakes::whole;
use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::notes::v1::{self as pb, AddStatementRequest, CreateNoteRequest};

use crate::{
    amendments::{accept, ask, deny, jane},
    bad_input::{fields, set},
    blocks::block,
    world::{CLINIC, HOUSING, World, append, create, denied, list, refusal, section, sign},
};

pub fn state(note: &pb::Note, words: &str) -> AddStatementRequest {
    AddStatementRequest {
        request_id: Uuid::new_v4().to_string(),
        note: note.name.clone(),
        words: words.to_owned(),
        ..AddStatementRequest::default()
    }
}

#[tokio::test]
async fn a_statement_is_read_by_whoever_reads_the_note_and_stays() {
    let world = World::new().await;
    let (jane, person, note) = jane(&world).await;
    let author = world.clinician(CLINIC, "dr-c");
    let stating = state(&note, "I see it otherwise.\nJane");
    let first = jane.add_statement(stating.clone()).await.unwrap().statement.unwrap();
    assert_eq!(jane.add_statement(stating.clone()).await.unwrap().statement.unwrap(), first);
    world.clock.advance(Duration::MINUTE);
    let second = jane.add_statement(state(&note, "And more.")).await.unwrap().statement.unwrap();
    let other = AddStatementRequest { words: "others".to_owned(), ..stating };
    let reused = (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned());
    assert_eq!(refusal(jane.add_statement(other).await), reused);

    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let housing = world.clinician(HOUSING, "ms-h");
    let both = [first, second];
    for client in [&jane, &author, &housing] {
        let read = client.get(&note).await.unwrap().note.unwrap();
        assert_eq!(read.statements, both);
        assert_eq!(client.list(list(person)).await.unwrap().notes, std::slice::from_ref(&read));
        assert_eq!(pb::Note { statements: Vec::new(), ..read }, note);
    }
    // Whatever becomes of the note, and of the version that is read.
    let added = author.append(append(&note, "Rang.")).await.unwrap().note.unwrap();
    assert_eq!(added.statements, both);
    assert_eq!(jane.version(&note, 1).await.unwrap().statements, both);
    assert_eq!(jane.get(&note).await.unwrap().note.unwrap(), added);
    let events = world.stage.events().await;
    let written = events.iter().find(|e| {
        e.rpc.ends_with("/AddStatement") && !e.records.is_empty() && e.action == Action::Write
    });
    assert_eq!(written.unwrap().person, Some(person));
}

#[tokio::test]
async fn a_statement_of_disagreement_is_linked_to_the_denial() {
    let world = World::new().await;
    let (jane, person, note) = jane(&world).await;
    let officer = world.of(CLINIC, "po", Role::PrivacyOfficer);
    let other = world.clinician(CLINIC, "dr-c").signed(person).await;
    let mut asked = Vec::new();
    for note in [&note, &note, &note, &other] {
        let reply = jane.request_amendment(ask(note, "It was not so.")).await.unwrap();
        asked.push(reply.amendment.unwrap());
    }
    officer.decide_amendment(deny(&asked[0], "It was.")).await.unwrap();
    world.clock.advance(Duration::MINUTE);
    officer.decide_amendment(accept(&asked[1], "It was not.")).await.unwrap();
    officer.decide_amendment(deny(&asked[3], "It was.")).await.unwrap();
    let against = |of: &pb::Amendment| AddStatementRequest {
        amendment: of.name.clone(),
        ..state(&note, "I disagree.")
    };
    let never =
        pb::Amendment { name: format!("amendments/{}", Uuid::new_v4()), ..asked[0].clone() };
    for wrong in [&asked[1], &asked[2], &asked[3], &never] {
        let status = jane.add_statement(against(wrong)).await.unwrap_err();
        assert_eq!(fields(&status), set(&["amendment"]));
    }
    let statement = jane.add_statement(against(&asked[0])).await.unwrap().statement.unwrap();
    assert_eq!(statement.amendment, asked[0].name);
    let read = officer.get(&note).await.unwrap().note.unwrap();
    assert_eq!(read.statements, [statement]);
    let decided: Vec<_> = read.amendments.iter().map(|a| (&a.name, a.state())).collect();
    let states = [pb::AmendmentState::Denied, pb::AmendmentState::Accepted];
    assert_eq!(decided, [(&asked[0].name, states[0]), (&asked[1].name, states[1])]);
}

#[tokio::test]
async fn nobody_writes_in_the_persons_name_nor_about_what_they_may_not_read() {
    let world = World::new().await;
    let (jane, person, note) = jane(&world).await;
    let author = world.clinician(CLINIC, "dr-c");
    let held = author.signed(person).await;
    author.block(block(&held, 10, "grounds", &world)).await.unwrap();
    let elsewhere = world.clinician(HOUSING, "ms-h").signed(person).await;
    let strangers = author.signed(world.somebody()).await;
    let never = pb::Note { name: format!("notes/{}", Uuid::new_v4()), ..note.clone() };
    let unknown = jane.add_statement(state(&never, "words")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
    for note in [&held, &elsewhere, &strangers] {
        let refused = jane.add_statement(state(note, "words")).await.unwrap_err();
        assert_eq!(whole(&refused), whole(&unknown));
    }
    let role = denied("ROLE_NOT_ADMITTED");
    for client in [&author, &world.representative("ann")] {
        assert_eq!(refusal(client.add_statement(state(&note, "words")).await), role);
    }
    for words in ["", " \n", &"x".repeat(4_001), "a\u{202e}b"] {
        let status = jane.add_statement(state(&note, words)).await.unwrap_err();
        assert_eq!(fields(&status), set(&["words"]));
    }
    // A repeat is authorized again.
    let stating = state(&note, "words");
    jane.add_statement(stating.clone()).await.unwrap();
    author.block(block(&note, 1, "grounds", &world)).await.unwrap();
    assert_eq!(whole(&jane.add_statement(stating).await.unwrap_err()), whole(&unknown));
}

#[tokio::test]
async fn the_largest_note_with_all_that_may_stand_beside_it_is_read_and_listed() {
    let world = World::new().await;
    let (jane, person, small) = jane(&world).await;
    let author = world.clinician(CLINIC, "dr-c");
    let officer = world.of(CLINIC, "po", Role::PrivacyOfficer);
    let longest = "\u{1F54A}".repeat(4_000);
    let mut sections = vec![section("", &"x".repeat(100_000)); 10];
    sections.push(section("", &"x".repeat(48_576)));
    let message = CreateNoteRequest { sections, ..create(person) };
    world.clock.advance(Duration::MINUTE);
    let draft = author.create(message).await.unwrap().note.unwrap();
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    for note in [&small, &note] {
        for _ in 0..20 {
            let asked = jane.request_amendment(ask(note, &longest)).await.unwrap();
            let asked = asked.amendment.unwrap();
            officer.decide_amendment(deny(&asked, &longest)).await.unwrap();
            jane.add_statement(state(note, &longest)).await.unwrap();
            world.clock.advance(Duration::SECOND);
        }
    }
    let full = (Code::ResourceExhausted, "LIMIT_EXCEEDED".to_owned());
    assert_eq!(refusal(jane.add_statement(state(&note, "one more")).await), full);
    let read = author.get(&note).await.unwrap().note.unwrap();
    assert_eq!((read.statements.len(), read.amendments.len()), (20, 20));
    assert_eq!(read.statements[19].words, longest);
    let third = author.signed(person).await;
    for client in [&author, &jane] {
        // A page holds as much as a reply may, and the rest follows.
        let all = client.all(person, 200).await;
        let names: Vec<_> = all.iter().map(|note| &note.name).collect();
        assert_eq!(names, [&third.name, &note.name, &small.name]);
        assert!(all[1..].iter().all(|note| note.statements.len() == 20));
    }
}
