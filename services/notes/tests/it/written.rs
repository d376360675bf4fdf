//! What was written is on record, and what is on record was written: whoever puts in or takes away one
//! without the other is found.

use ledger::verify::{Finding, Verifying, verify};
use notes::states::Verb;
use uuid::Uuid;
use wire::notes::v1 as pb;

use crate::{
    amendments,
    blocks::{block, lift},
    moves::go,
    own_words::said,
    questions,
    reading::acknowledge,
    reviews::{ask, decide, waiting},
    statements::state,
    world::{CLINIC, World},
};

async fn findings(world: &World) -> Vec<Finding> {
    let log = ledger::LogName::new("notes.example/notes").unwrap();
    let given = Verifying::new(log, Vec::new()).answered(wire::written_once());
    let mut conn = pg::reading(&world.stage.admin_url(), &world.stage.service).await.unwrap();
    verify(&mut conn, &given, None, |_, _, _| {}).await.unwrap().findings
}

async fn sql(world: &World, statement: &str) {
    let path = format!("SET search_path = {}", world.stage.service.schema);
    pg::tamper::run(&world.stage.admin_url(), &[&path, statement]).await.unwrap();
}

/// The number of the last record of an RPC.
async fn number(world: &World, rpc: &str) -> i64 {
    let all = world.stage.ledger.follow(0, 1_000).await.unwrap();
    let of = all.iter().filter(|r| r.event.as_ref().is_some_and(|e| e.rpc.ends_with(rpc)));
    of.map(|record| record.seq).max().unwrap()
}

#[tokio::test]
async fn every_write_has_its_record_and_every_record_of_one_its_write() {
    let world = World::new().await;
    let person = world.somebody();
    let clinician = world.clinician(CLINIC, "dr");
    for verb in [Verb::Append, Verb::MarkError] {
        go(&clinician, verb, &clinician.signed(person).await).await.unwrap();
    }
    let draft = go(&clinician, Verb::Update, &clinician.supervised(person).await).await.unwrap();
    let waits = go(&clinician, Verb::Sign, &draft).await.unwrap();
    go(&world.clinician(CLINIC, "other"), Verb::Cosign, &waits).await.unwrap();
    let note = clinician.signed(person).await;
    clinician.get(&note).await.unwrap();
    world.people.bind("jane", person, None);
    let jane = world.person("jane");
    jane.ask_review(ask(person)).await.unwrap();
    for outcome in [pb::BlockReviewOutcome::Upheld, pb::BlockReviewOutcome::Lifted] {
        clinician.block(block(&note, 1, "grounds", &world)).await.unwrap();
        jane.ask_review(ask(person)).await.unwrap();
        let reviewer = world.clinician(CLINIC, "other");
        let review = waiting(&reviewer).await.remove(0);
        reviewer.decide_review(decide(&review, outcome)).await.unwrap();
    }
    clinician.block(block(&note, 1, "grounds", &world)).await.unwrap();
    clinician.lift(lift(&note)).await.unwrap();
    for accepted in [true, false] {
        let asked = jane.request_amendment(amendments::ask(&note, "words")).await.unwrap();
        let asked = asked.amendment.unwrap();
        let decision = if accepted { amendments::accept } else { amendments::deny };
        clinician.decide_amendment(decision(&asked, "words")).await.unwrap();
        jane.add_statement(state(&note, "words")).await.unwrap();
    }
    for client in [&clinician, &jane] {
        client.acknowledge(acknowledge(&note, 1)).await.unwrap();
        let question = client.ask(questions::ask(&note, &[])).await.unwrap().question.unwrap();
        clinician.answer(questions::answer(&question)).await.unwrap();
    }
    // Somebody's who writes nothing else: an answer that is gone is missed where none of an RPC and person is left.
    world.people.bind("ann", world.somebody(), None);
    let own = said(&world.person("ann"), CLINIC, "canary-own").await;
    assert!(clinician.get_named(&format!("notes/{}", Uuid::new_v4())).await.is_err());
    assert_eq!(findings(&world).await, []);

    // A note that nobody wrote.
    let id = ledger::new_id(&world.clock);
    sql(
        &world,
        &format!(
            "CREATE TEMP TABLE copied AS SELECT * FROM note WHERE author <> 'person' LIMIT 1;
             UPDATE copied SET id = '{id}'; INSERT INTO note SELECT * FROM copied"
        ),
    )
    .await;
    assert_eq!(findings(&world).await, [Finding::Unnamed { record: id }]);
    sql(&world, &format!("DELETE FROM note WHERE id = '{id}'")).await;

    // A request that was answered and is on no record.
    let answered = "INSERT INTO request_log (fingerprint, request_id, method, payload_sha256,
            person_id, record_id, answer, at)
        SELECT fingerprint, '00000000-0000-4000-8000-000000000001', method, payload_sha256,
            person_id, record_id, answer, at
        FROM request_log WHERE method LIKE '%/SignNote' LIMIT 1";
    sql(&world, answered).await;
    let found = findings(&world).await;
    assert!(matches!(found[..], [Finding::Unrecorded { .. }]), "{found:?}");

    // Records of writes of which nothing is left.
    sql(&world, "DELETE FROM request_log WHERE method LIKE '%/SignNote'").await;
    let last = number(&world, "/SignNote").await;
    let found = findings(&world).await;
    assert_eq!((found.len(), found.last()), (4, Some(&Finding::Unwritten { seq: last })));
    let id = own.name.trim_start_matches("notes/");
    sql(&world, &format!("DELETE FROM request_log WHERE record_id = '{id}'")).await;
    let last = number(&world, "/AddStatement").await;
    let found = findings(&world).await;
    assert_eq!((found.len(), found.last()), (5, Some(&Finding::Unwritten { seq: last })));
    for event in world.stage.events().await {
        assert!(!event.leaf().unwrap().contains("canary"));
    }
}
