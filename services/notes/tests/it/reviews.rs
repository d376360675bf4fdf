//! The person asks for a review of what is withheld, and is told nothing by it.

use futures::future::join_all;
use kernel::Role;
use testkit::fakes::whole;
use time::Duration;
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::RecordClass,
    notes::v1::{
        self as pb, BlockReviewOutcome, CreateNoteRequest, DecideBlockReviewRequest,
        ListBlockReviewsRequest, RequestBlockReviewRequest,
    },
};

use crate::{
    blocks::{block, lift},
    world::{
        CLINIC, Client, HOUSING, World, create, denied, not_found, refusal, sign, wrong_state,
    },
};

pub fn ask(person: Uuid) -> RequestBlockReviewRequest {
    RequestBlockReviewRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
    }
}

pub fn decide(review: &pb::BlockReview, outcome: BlockReviewOutcome) -> DecideBlockReviewRequest {
    DecideBlockReviewRequest {
        request_id: Uuid::new_v4().to_string(),
        name: review.name.clone(),
        outcome: outcome.into(),
        words: "As I read it.".to_owned(),
    }
}

/// Those that a caller sees waiting, page by page.
pub async fn waiting(client: &Client) -> Vec<pb::BlockReview> {
    let mut found = Vec::new();
    let mut message = ListBlockReviewsRequest { page_size: 2, ..Default::default() };
    loop {
        let page = client.reviews(message.clone()).await.unwrap();
        found.extend(page.reviews);
        if page.next_page_token.is_empty() {
            return found;
        }
        message.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn a_request_for_review_is_answered_alike_whether_or_not_anything_is_withheld() {
    let world = World::new().await;
    let author = world.clinician(CLINIC, "dr-c");
    let (jane, john) = (world.somebody(), world.somebody());
    world.people.bind("jane", jane, Some(&[CLINIC]));
    world.people.bind("john", john, Some(&[CLINIC]));
    let note = author.signed(jane).await;
    author.signed(john).await;
    author.block(block(&note, 10, "grounds", &world)).await.unwrap();
    let (to_jane, to_john) = (world.person("jane"), world.person("john"));
    let asking = ask(jane);
    let first = to_jane.ask_review(asking.clone()).await.unwrap();
    assert_eq!(first, to_john.ask_review(ask(john)).await.unwrap());
    assert_eq!(to_jane.ask_review(asking).await.unwrap(), first);
    // On record alike, too: the person sees their own record.
    let events = world.stage.events().await;
    let of = |person| {
        let of = |e: &&ledger::Event| e.person == Some(person) && e.rpc.ends_with("BlockReview");
        let shape = |e: &ledger::Event| (e.action, e.outcome, e.records.len(), e.bases.clone());
        events.iter().filter(of).map(shape).collect::<Vec<_>>()
    };
    assert_eq!(of(jane)[0], of(john)[0]);
    // Nobody asks for somebody else, and nobody for somebody unknown.
    let never = Uuid::new_v4();
    let refused = to_john.ask_review(ask(jane)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(whole(&refused), whole(&to_john.ask_review(ask(never)).await.unwrap_err()));
    let unbound = world.person("mary");
    assert_eq!(whole(&refused), whole(&unbound.ask_review(ask(jane)).await.unwrap_err()));
    let role = denied("ROLE_NOT_ADMITTED");
    assert_eq!(refusal(world.representative("ann").ask_review(ask(jane)).await), role);
    assert_eq!(refusal(author.ask_review(ask(jane)).await), role);
}

#[tokio::test]
async fn a_review_is_decided_by_a_licensed_colleague_who_never_blocked_the_note() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let second = world.of(CLINIC, "md", Role::Medical);
    let reviewer = world.clinician(CLINIC, "dr-d");
    let officer = world.of(CLINIC, "po", Role::PrivacyOfficer);
    world.people.bind("jane", person, None);
    let jane = world.person("jane");
    let note = author.signed(person).await;
    author.block(block(&note, 10, "first grounds", &world)).await.unwrap();
    second.block(block(&note, 10, "second grounds", &world)).await.unwrap();
    assert!(waiting(&officer).await.is_empty());
    jane.ask_review(ask(person)).await.unwrap();
    // Once a block, however often it is asked.
    jane.ask_review(ask(person)).await.unwrap();

    let all = waiting(&officer).await;
    let [review] = &all[..] else { panic!("{all:?}") };
    assert_eq!((&review.note, &review.person), (&note.name, &format!("people/{person}")));
    assert_eq!(review.block.as_ref().unwrap().grounds, "second grounds");
    assert!(review.block.as_ref().unwrap().under_review);
    for client in [&author, &second, &reviewer] {
        assert_eq!(waiting(client).await, all);
        assert!(client.get(&note).await.unwrap().note.unwrap().release_block.unwrap().under_review);
    }
    // Not another agency's to know of.
    let housing = world.clinician(HOUSING, "ms-h");
    assert!(waiting(&housing).await.is_empty());
    let upheld = BlockReviewOutcome::Upheld;
    let unknown =
        pb::BlockReview { name: format!("blockReviews/{}", Uuid::new_v4()), ..review.clone() };
    let theirs = housing.decide_review(decide(review, upheld)).await.unwrap_err();
    let never = housing.decide_review(decide(&unknown, upheld)).await.unwrap_err();
    assert_eq!((theirs.code(), whole(&theirs)), (Code::NotFound, whole(&never)));
    assert_eq!(refusal(reviewer.decide_review(decide(&unknown, upheld)).await), not_found());
    // A note is no review, though its id is one that is known.
    let id = note.name.trim_start_matches("notes/");
    let odd = pb::BlockReview { name: format!("blockReviews/{id}"), ..review.clone() };
    assert_eq!(refusal(reviewer.decide_review(decide(&odd, upheld)).await), not_found());

    // Nobody answers for themself, nor takes the review away by deciding anew.
    for client in [&author, &second] {
        assert_eq!(
            refusal(client.decide_review(decide(review, upheld)).await),
            denied("ACTION_NOT_PERMITTED")
        );
    }
    for client in [&author, &reviewer] {
        let anew = client.block(block(&note, 10, "grounds", &world)).await;
        assert_eq!(refusal(anew), wrong_state());
    }
    let role = denied("ROLE_NOT_ADMITTED");
    assert_eq!(refusal(officer.decide_review(decide(review, upheld)).await), role);

    let deciding = decide(review, upheld);
    let decided = reviewer.decide_review(deciding.clone()).await.unwrap().review.unwrap();
    assert_eq!((decided.outcome(), &*decided.words), (upheld, "As I read it."));
    assert_eq!(decided.reviewer, format!("agencies/{CLINIC}/practitioners/dr-d"));
    assert_eq!(reviewer.decide_review(deciding).await.unwrap().review.unwrap(), decided);
    assert_eq!(refusal(reviewer.decide_review(decide(review, upheld)).await), wrong_state());
    assert_eq!(refusal(jane.get(&note).await), not_found());
    assert!(waiting(&officer).await.is_empty());
    jane.ask_review(ask(person)).await.unwrap();
    assert!(waiting(&officer).await.is_empty(), "it was reviewed");

    // A new decision is reviewed anew; lifted, the person reads at once.
    author.block(block(&note, 20, "third grounds", &world)).await.unwrap();
    jane.ask_review(ask(person)).await.unwrap();
    let review = waiting(&reviewer).await.remove(0);
    let lifted = decide(&review, BlockReviewOutcome::Lifted);
    let decided = reviewer.decide_review(lifted).await.unwrap().review.unwrap();
    assert_eq!(decided.outcome(), BlockReviewOutcome::Lifted);
    assert_eq!(jane.get(&note).await.unwrap().note.unwrap(), note);
    let kinds = "SELECT kind FROM release_decision ORDER BY id";
    let kinds: Vec<i16> =
        sqlx::query_scalar(kinds).fetch_all(&mut world.admin().await).await.unwrap();
    assert_eq!(kinds.len(), 5);
    assert_eq!(kinds.iter().filter(|kind| **kind == 1).count(), 3);
}

#[tokio::test]
async fn what_has_ended_is_not_reviewed_and_the_longest_wait_comes_first() {
    let world = World::new().await;
    let author = world.clinician(CLINIC, "dr-c");
    let reviewer = world.clinician(CLINIC, "dr-d");
    let mut notes = Vec::new();
    for n in 0..5 {
        let person = world.somebody();
        world.people.bind(&format!("p{n}"), person, None);
        let note = author.signed(person).await;
        author.block(block(&note, 10 + n, "grounds", &world)).await.unwrap();
        world.person(&format!("p{n}")).ask_review(ask(person)).await.unwrap();
        world.clock.advance(Duration::MINUTE);
        notes.push(note);
    }
    let named = |reviews: Vec<pb::BlockReview>| {
        reviews.into_iter().map(|review| review.note).collect::<Vec<_>>()
    };
    let all: Vec<_> = notes.iter().map(|note| note.name.clone()).collect();
    assert_eq!(named(waiting(&reviewer).await), all);
    let reviews = waiting(&reviewer).await;
    author.lift(lift(&notes[1])).await.unwrap();
    world.clock.advance(Duration::days(10));
    assert_eq!(named(waiting(&reviewer).await), all[2..]);
    for over in &reviews[..2] {
        let done = reviewer.decide_review(decide(over, BlockReviewOutcome::Upheld)).await;
        assert_eq!(refusal(done), wrong_state());
    }
    // What ended under review may be decided anew.
    author.block(block(&notes[0], 1, "grounds", &world)).await.unwrap();
}

#[tokio::test]
async fn a_sign_in_asks_only_those_who_vouch_for_it_and_a_counselling_note_stays_where_it_is() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let counselling =
        CreateNoteRequest { record_class: RecordClass::CounselingNote.into(), ..create(person) };
    let draft = author.create(counselling).await.unwrap().note.unwrap();
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    author.block(block(&note, 10, "grounds", &world)).await.unwrap();
    let reviewer = world.clinician(CLINIC, "dr-d");
    world.people.bind("jane", person, Some(&[HOUSING]));
    world.person("jane").ask_review(ask(person)).await.unwrap();
    assert!(waiting(&reviewer).await.is_empty());
    world.people.bind("jane", person, Some(&[HOUSING, CLINIC]));
    let jane = world.person("jane");
    let asked = join_all((0..4).map(|_| jane.ask_review(ask(person)))).await;
    assert!(asked.iter().all(Result::is_ok));
    assert_eq!(waiting(&reviewer).await.len(), 1);
    for role in [Role::Medical, Role::PrivacyOfficer] {
        assert!(waiting(&world.of(CLINIC, "x", role)).await.is_empty(), "{role:?}");
    }
}

#[tokio::test]
async fn a_review_that_waits_goes_on_with_the_next_block() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let reviewer = world.clinician(CLINIC, "dr-d");
    world.people.bind("jane", person, None);
    let note = author.signed(person).await;
    author.block(block(&note, 10, "grounds", &world)).await.unwrap();
    world.person("jane").ask_review(ask(person)).await.unwrap();
    let first = waiting(&reviewer).await;
    author.lift(lift(&note)).await.unwrap();
    assert!(waiting(&reviewer).await.is_empty());
    let again = author.block(block(&note, 10, "other grounds", &world)).await.unwrap();
    assert!(again.block.unwrap().under_review);
    let all = waiting(&reviewer).await;
    let [review] = &all[..] else { panic!("{all:?}") };
    assert_eq!(review.request_time, first[0].request_time);
    assert_eq!(review.block.as_ref().unwrap().grounds, "other grounds");
    reviewer.decide_review(decide(review, BlockReviewOutcome::Lifted)).await.unwrap();
    // What was decided is no request that waits.
    let later = author.block(block(&note, 10, "grounds", &world)).await.unwrap();
    assert!(!later.block.unwrap().under_review);
    assert!(waiting(&reviewer).await.is_empty());
}

#[tokio::test]
async fn a_page_of_reviews_is_cut_among_those_that_its_reader_sees() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    world.people.bind("jane", person, None);
    for counselling in [true, true, false] {
        let record_class =
            if counselling { RecordClass::CounselingNote } else { RecordClass::General }.into();
        let draft =
            author.create(CreateNoteRequest { record_class, ..create(person) }).await.unwrap();
        let note = author.sign(sign(draft.note.as_ref().unwrap())).await.unwrap().note.unwrap();
        author.block(block(&note, 10, "grounds", &world)).await.unwrap();
    }
    world.person("jane").ask_review(ask(person)).await.unwrap();
    let one = ListBlockReviewsRequest { page_size: 1, ..Default::default() };
    let officer = world.of(CLINIC, "po", Role::PrivacyOfficer);
    let page = officer.reviews(one.clone()).await.unwrap();
    assert_eq!((page.reviews.len(), page.next_page_token.as_str()), (1, ""));
    assert_eq!(waiting(&author).await.len(), 3);
}

#[tokio::test]
async fn the_person_is_to_be_told_of_a_block_that_was_lifted_and_of_no_other_decision() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let reviewer = world.clinician(CLINIC, "dr-d");
    world.people.bind("jane", person, None);
    let jane = world.person("jane");
    let told = async || {
        let rows: Vec<(i64, Uuid, Vec<Uuid>)> =
            sqlx::query_as("SELECT seq, person_id, agencies FROM release_event ORDER BY seq")
                .fetch_all(&mut world.admin().await)
                .await
                .unwrap();
        rows
    };
    let first = author.signed(person).await;
    author.block(block(&first, 10, "grounds", &world)).await.unwrap();
    assert_eq!(told().await, []);
    author.lift(lift(&first)).await.unwrap();
    assert_eq!(told().await, [(1, person, vec![CLINIC])]);
    for (outcome, events) in [(BlockReviewOutcome::Upheld, 1), (BlockReviewOutcome::Lifted, 2)] {
        let note = author.signed(person).await;
        author.block(block(&note, 10, "grounds", &world)).await.unwrap();
        jane.ask_review(ask(person)).await.unwrap();
        let review = waiting(&reviewer).await.remove(0);
        reviewer.decide_review(decide(&review, outcome)).await.unwrap();
        assert_eq!(told().await.len(), events, "{outcome:?}");
    }
}
