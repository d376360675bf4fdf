//! All that there is of a person. The other services are away here: what is theirs is named, and what is the person's
//! own is all there.

use prost::Message as _;
use testkit::fakes::bearer;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::recovery::v1::{
    self as pb, PartOutcome as Outcome, RecordPart as Part, WithheldKind as Kind,
};

use crate::{
    tasks::asking,
    world::{CLINIC, Client, HOUSING, World, is_absent, items, making, toolbox, writing},
};

/// What other services keep.
const THEIRS: [Part; 13] = [
    Part::Profile,
    Part::Representatives,
    Part::Notices,
    Part::Consents,
    Part::Restrictions,
    Part::Emergencies,
    Part::CourtOrders,
    Part::Referrals,
    Part::Notes,
    Part::Amendments,
    Part::Recipients,
    Part::Disclosures,
    Part::NoticeDeliveries,
];

type Exporting = tonic::Streaming<pb::ExportMyRecordResponse>;

impl Client {
    async fn record(
        &self,
        person: Uuid,
    ) -> Result<(Vec<pb::GetMyRecordResponse>, pb::RecordEnd), Status> {
        let asks = pb::GetMyRecordRequest { person: format!("people/{person}") };
        let stream = self.recovery().get_my_record(bearer(&(self.mint)(), asks)).await?;
        let mut stream = stream.into_inner();
        let mut pages = Vec::new();
        while let Some(message) = stream.message().await? {
            if let Some(end) = message.end {
                return Ok((pages, end));
            }
            pages.push(message);
        }
        panic!("no end");
    }

    async fn export(&self, person: Uuid) -> Result<Exporting, Status> {
        let asks = pb::ExportMyRecordRequest { person: format!("people/{person}") };
        let stream = self.recovery().export_my_record(bearer(&(self.mint)(), asks)).await?;
        Ok(stream.into_inner())
    }
}

fn outcomes(end: &pb::RecordEnd) -> Vec<(Part, Outcome)> {
    end.unread.iter().map(|one| (one.part(), one.outcome())).collect()
}

#[tokio::test]
async fn what_is_away_is_named_and_what_is_there_is_there_whole_however_long() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    jane.update(writing(person, toolbox("canary-words"))).await.unwrap();
    // More than one message may hold: it comes in several.
    let long = "x".repeat(1_000);
    let strengths = items(&[&*long; 50]);
    for n in 0..70 {
        world.clock.advance(time::Duration::seconds(1));
        let mut goal = making(person, &format!("goal {n}"));
        goal.content.as_mut().unwrap().strengths.clone_from(&strengths);
        goal.content.as_mut().unwrap().steps = strengths
            .iter()
            .take(14)
            .map(|step| pb::GoalStep { step: Some(step.clone()), done: false })
            .collect();
        jane.make_goal(goal).await.unwrap();
    }
    let (pages, end) = jane.record(person).await.unwrap();
    assert!(!end.whole);
    assert_eq!(outcomes(&end), THEIRS.map(|part| (part, Outcome::NotRead)));
    let named = end.withheld.iter().filter(|one| one.kind() == Kind::PartNotRead);
    assert_eq!(named.map(pb::Withheld::part).collect::<Vec<_>>(), THEIRS);
    assert!(
        !end.withheld.iter().any(|one| one.kind() == Kind::OtherAgencies),
        "it stands everywhere"
    );

    let goals: Vec<_> = pages.iter().filter_map(|page| page.goals.as_ref()).collect();
    assert!(pages.iter().all(|page| page.encoded_len() <= 3 * 1024 * 1024));
    let listed = goals.iter().flat_map(|list| &list.goals);
    let words: Vec<_> = listed.map(|g| g.content.clone().unwrap().goal.unwrap().words).collect();
    let all: Vec<_> = (0..70).rev().map(|n| format!("goal {n}")).collect();
    assert_eq!(words, all);
    assert!(goals.len() > 1 && goals.iter().all(|list| list.next_page_token.is_empty()));
    let ends: Vec<_> = pages.iter().filter_map(|page| page.part_end.as_ref()).collect();
    assert_eq!(ends.iter().map(|end| end.part).collect::<Vec<_>>(), (1..=25).collect::<Vec<_>>());
    let counted = ends.iter().find(|end| end.part() == Part::Goals).unwrap();
    assert_eq!((counted.outcome(), counted.records), (Outcome::Whole, 70));

    // In the archive, too; and neither the token nor a word is in what is logged.
    let token = (jane.mint)();
    let asks = pb::ExportMyRecordRequest { person: format!("people/{person}") };
    let stream = jane.recovery().export_my_record(bearer(&token, asks)).await.unwrap();
    let mut stream = stream.into_inner();
    let (mut bytes, mut last) = (0, None);
    while let Some(message) = stream.message().await.unwrap() {
        assert!(message.data.len() <= 256 * 1024);
        (bytes, last) = (bytes + message.data.len(), message.end);
    }
    assert_eq!(outcomes(&last.unwrap()), outcomes(&end));
    assert!(bytes > 1_000);
    let logged = world.logs.text();
    assert!(!logged.contains(&token) && !logged.contains("canary-words"));
}

#[tokio::test]
async fn it_is_the_persons_own_alone() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (_, lee) = world.somebody();
    let nobody = world.individual("nobody-knows-me", kernel::Role::Person);
    jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    for other in [&lee, &nobody] {
        is_absent(&other.record(person).await.unwrap_err());
        is_absent(&other.export(person).await.unwrap_err());
    }
    is_absent(&jane.record(Uuid::new_v4()).await.unwrap_err());
    let staff = world.clinician(CLINIC, "dr-c");
    assert_eq!(staff.record(person).await.unwrap_err().code(), Code::PermissionDenied);
    assert_eq!(staff.export(person).await.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn what_another_sign_in_has_written_is_named_as_that() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    jane.update(writing(person, toolbox("a walk"))).await.unwrap();
    let other = world.signed_in(person, Some(&[HOUSING]));
    let (pages, end) = other.record(person).await.unwrap();
    assert!(pages.iter().all(|page| page.part_end.is_some()), "it is shown nothing");
    let mut own = outcomes(&end);
    own.retain(|(part, _)| !THEIRS.contains(part));
    assert_eq!(own.len(), 12);
    assert!(own.iter().all(|(_, outcome)| *outcome == Outcome::SignInNotConfirmed), "{own:?}");
    let limited = end.withheld.iter().find(|one| one.kind() == Kind::OtherAgencies).unwrap();
    assert!(!limited.certain && !limited.review.is_empty());
}

#[tokio::test]
async fn there_is_room_for_one_export_of_a_person_and_then_again() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let mut one = jane.export(person).await.unwrap();
    let refused = jane.export(person).await.unwrap_err();
    assert_eq!(crate::world::told(&refused), (Code::ResourceExhausted, "OVERLOADED".to_owned()));
    // Nobody else waits for it.
    let (other, lee) = world.somebody();
    drop(lee.export(other).await.unwrap());
    while one.message().await.unwrap().is_some() {}
    let again = async {
        while jane.export(person).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), again).await.unwrap();
}

/// Somebody with goals so long that nothing after them is read ahead of who takes them, packed into an archive, too,
/// and with a task, which comes later. Under this name they sign in.
async fn with_much(world: &World, sub: &str) -> (Uuid, Client) {
    let (person, _) = world.somebody();
    world.people.bind(sub, person, None);
    let jane = world.individual(sub, kernel::Role::Person);
    for n in 0..40 {
        let words: Vec<_> = (0..50).map(|_| unlike(31)).collect();
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let mut goal = making(person, &format!("goal {n}"));
        goal.content.as_mut().unwrap().strengths = items(&words);
        jane.make_goal(goal).await.unwrap();
    }
    jane.make_task(asking(world, person, "canary-task", None)).await.unwrap();
    (person, jane)
}

/// Text that no archive makes much smaller.
fn unlike(times: usize) -> String {
    (0..times).map(|_| Uuid::new_v4().simple().to_string()).collect()
}

/// The record and the archive, begun over a connection that takes little of them before they are read.
async fn begun(
    slow: &Client,
    person: Uuid,
) -> (tonic::Streaming<pb::GetMyRecordResponse>, Exporting) {
    // The one before may not have gone yet.
    let export = async {
        loop {
            match slow.export(person).await {
                Ok(export) => return export,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    };
    let export = tokio::time::timeout(std::time::Duration::from_secs(10), export).await.unwrap();
    let asks = pb::GetMyRecordRequest { person: format!("people/{person}") };
    let record = slow.recovery().get_my_record(bearer(&(slow.mint)(), asks)).await.unwrap();
    (record.into_inner(), export)
}

/// Whether a task is told, and the end of it, or why it broke off.
async fn told_of_tasks(
    mut record: tonic::Streaming<pb::GetMyRecordResponse>,
) -> (bool, Result<pb::RecordEnd, Status>) {
    let mut told = false;
    loop {
        match record.message().await {
            Ok(Some(pb::GetMyRecordResponse { end: Some(end), .. })) => return (told, Ok(end)),
            Ok(Some(page)) => told |= page.tasks.is_some(),
            Ok(None) => panic!("no end"),
            Err(status) => return (told, Err(status)),
        }
    }
}

async fn end_of(mut export: Exporting) -> Result<pb::RecordEnd, Status> {
    while let Some(message) = export.message().await? {
        if let Some(end) = message.end {
            return Ok(end);
        }
    }
    panic!("no end");
}

#[tokio::test]
async fn a_record_under_way_ends_with_its_sign_in_and_tells_nothing_more() {
    let world = World::new().await;
    let (person, jane) = with_much(&world, "jane-reads").await;
    let slow = world.slow(&jane).await;
    let (record, export) = begun(&slow, person).await;
    let (told, whole) = told_of_tasks(record).await;
    assert!(told && whole.is_ok(), "it is there");
    end_of(export).await.unwrap();

    let (record, export) = begun(&slow, person).await;
    world.people.unbind("jane-reads");
    let (told, ended) = told_of_tasks(record).await;
    assert!(!told);
    is_absent(&ended.unwrap_err());
    is_absent(&end_of(export).await.unwrap_err());
}

#[tokio::test]
async fn a_record_under_way_breaks_off_with_its_token() {
    let world = World::new().await;
    let (person, jane) = with_much(&world, "jane-waits").await;
    let (record, export) = begun(&world.slow(&jane).await, person).await;
    world.clock.advance(time::Duration::hours(2));
    let (told, ended) = told_of_tasks(record).await;
    assert_eq!((told, ended.unwrap_err().code()), (false, Code::Unauthenticated));
    assert_eq!(end_of(export).await.unwrap_err().code(), Code::Unauthenticated);
}
